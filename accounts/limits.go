package accounts

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
)

// Limit allows N hits of one key in each window of Per. A window begins with its
// first hit.
type Limit struct {
	// Name says what is limited ("code_destination").
	Name string
	// Key says for whom: an address, a session, or "" for all together. It is
	// stored as a keyed hash only.
	Key string
	N   int
	Per time.Duration
}

// Limits count in the database, so that they hold over all processes and
// restarts. It is safe for concurrent use.
type Limits struct {
	db      *database.DB
	options *Options
}

// limitRow is a window.
type limitRow struct {
	bun.BaseModel `bun:"table:limits,alias:limits"`

	ID     string `bun:",pk"`
	Hits   int64
	EndsAt time.Time
}

// Take counts one hit against each limit, or refuses with too_many_requests and
// how long to wait. A refused call counts against none of them: whoever repeats
// too early does not use up the wider limits. What is counted stays counted when
// the caller then refuses for another reason, unless the caller itself rolls back
// the transaction that this joined.
func (l *Limits) Take(ctx context.Context, limits ...Limit) error {
	wait, err := l.takeTogether(ctx, limits)
	if err != nil {
		return fmt.Errorf("count against limits: %w", err)
	}
	if wait > 0 {
		return tooMany(wait)
	}
	return nil
}

// takeTogether counts one hit by the one statement that it takes: should taking it back
// fail, a limit that is used up anyway counts one more. Several are counted together.
func (l *Limits) takeTogether(ctx context.Context, limits []Limit) (wait time.Duration, err error) {
	ctx = database.Forgettable(ctx) // a crash of the database gives everybody some calls more
	if len(limits) == 1 {
		return l.take(ctx, l.db.From(ctx), limits)
	}
	err = l.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		wait, err = l.take(ctx, tx, limits)
		return err
	})
	return wait, err
}

func tooMany(wait time.Duration) error {
	return problem.New(problem.TooMany, "too_many_requests", "That was too often. Please wait and then try again.").
		After(max(wait, time.Second))
}

// take counts in one statement. It returns the longest wait among the limits that
// are used up, after taking the count back.
func (l *Limits) take(ctx context.Context, tx bun.IDB, limits []Limit) (time.Duration, error) {
	if len(limits) == 0 {
		return 0, nil
	}
	now := l.options.now()
	rows, allowed := l.rows(limits, now)
	counted, err := l.count(ctx, tx, rows, now)
	if err != nil {
		return 0, err
	}
	var wait time.Duration
	for _, c := range counted {
		if c.Hits > int64(allowed[c.ID]) {
			wait = max(wait, c.EndsAt.Sub(now), time.Microsecond)
		}
	}
	if wait == 0 {
		return 0, nil
	}
	ids := make([]string, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	_, err = tx.NewUpdate().Model((*limitRow)(nil)).Set("hits = hits - 1").Where("id IN (?)", bun.List(ids)).Exec(ctx)
	return wait, err
}

// countOne counts a hit of one limit, which is what most calls do.
var countOne = database.NewShape("INSERT INTO limits (id, hits, ends_at) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET " +
	"hits = CASE WHEN limits.ends_at <= ? THEN 1 ELSE limits.hits + 1 END, " +
	"ends_at = CASE WHEN limits.ends_at <= ? THEN excluded.ends_at ELSE limits.ends_at END RETURNING id, hits, ends_at")

// count adds one to each window, or begins it.
func (l *Limits) count(ctx context.Context, tx bun.IDB, rows []limitRow, now time.Time) ([]limitRow, error) {
	var counted []limitRow
	if len(rows) == 1 {
		r := rows[0]
		err := l.db.ReadShape(ctx, tx, countOne, &counted, r.ID, r.Hits, r.EndsAt, now, now)
		return counted, err
	}
	_, err := tx.NewInsert().Model(&rows).
		On("CONFLICT (id) DO UPDATE").
		Set("hits = CASE WHEN limits.ends_at <= ? THEN 1 ELSE limits.hits + 1 END", now).
		Set("ends_at = CASE WHEN limits.ends_at <= ? THEN excluded.ends_at ELSE limits.ends_at END", now).
		Returning("*").Exec(ctx, &counted)
	return counted, err
}

// rows are the limits as rows, sorted, so that two calls lock them in one order.
func (l *Limits) rows(limits []Limit, now time.Time) ([]limitRow, map[string]int) {
	allowed := make(map[string]int, len(limits))
	rows := make([]limitRow, 0, len(limits))
	for _, limit := range limits {
		id := keyed(l.options.Secrets.limits, limit.Name, limit.Per.String(), limit.Key)
		if _, twice := allowed[id]; twice {
			continue
		}
		allowed[id] = limit.N
		rows = append(rows, limitRow{ID: id, Hits: 1, EndsAt: now.Add(limit.Per).Truncate(time.Microsecond)})
	}
	slices.SortFunc(rows, func(a, b limitRow) int { return strings.Compare(a.ID, b.ID) })
	return rows, allowed
}

// IPPrefix is the part of an IP address that one person or household has: the
// whole of an IPv4 address, the first 64 bits of an IPv6 one. What is no address
// counts as one and the same.
func IPPrefix(ip string) string {
	address, err := netip.ParseAddr(strings.TrimSpace(ip))
	if err != nil {
		return "unknown"
	}
	address = address.Unmap().WithZone("")
	bits := 64
	if address.Is4() {
		bits = 32
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}
