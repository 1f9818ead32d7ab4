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
// restarts. Of generous limits a process takes several hits at once and hands them out by
// itself: together all allow N at most, and fewer by what others have taken and not
// used (see atOnce). It is safe for concurrent use.
type Limits struct {
	db      *database.DB
	options *Options
	leases  leases
}

// limitRow is a window.
type limitRow struct {
	bun.BaseModel `bun:"table:limits,alias:limits"`

	ID     string `bun:",pk"`
	Hits   int64
	EndsAt time.Time

	allowed int
}

// granted is how many of the hits that were added to the window it allows.
func (r limitRow) granted(counted limitRow) int64 {
	return r.Hits - max(0, counted.Hits-int64(r.allowed))
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
// What is taken in a transaction of the caller's, who may take it back, is counted singly.
func (l *Limits) takeTogether(ctx context.Context, limits []Limit) (wait time.Duration, err error) {
	ctx = database.Forgettable(ctx) // a crash of the database gives everybody some calls more
	now := l.options.now()
	rows := l.rows(limits, now)
	if l.db.Joins(ctx) {
		return l.countTogether(ctx, rows, now)
	}
	counted, leased := l.leases.use(rows, now)
	for n := range counted {
		counted[n].Hits = atOnce(counted[n].allowed)
	}
	wait, err = l.countTogether(ctx, counted, now)
	if err != nil || wait > 0 {
		l.leases.giveBack(leased)
		return wait, err
	}
	return 0, nil
}

func (l *Limits) countTogether(ctx context.Context, rows []limitRow, now time.Time) (wait time.Duration, err error) {
	switch len(rows) {
	case 0:
		return 0, nil
	case 1:
		return l.take(ctx, l.db.From(ctx), rows, now)
	}
	err = l.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		wait, err = l.take(ctx, tx, rows, now)
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
func (l *Limits) take(ctx context.Context, tx bun.IDB, rows []limitRow, now time.Time) (time.Duration, error) {
	counted, err := l.count(ctx, tx, rows, now)
	if err != nil {
		return 0, err
	}
	var wait time.Duration
	for _, row := range rows {
		for _, c := range counted {
			if c.ID == row.ID && row.granted(c) < 1 {
				wait = max(wait, c.EndsAt.Sub(now), time.Microsecond)
			}
		}
	}
	if wait == 0 {
		l.leases.keep(rows, counted, now)
		return 0, nil
	}
	for _, row := range rows {
		_, err := tx.NewUpdate().Model((*limitRow)(nil)).Set("hits = hits - ?", row.Hits).Where("id = ?", row.ID).Exec(ctx)
		if err != nil {
			return wait, err
		}
	}
	return wait, nil
}

// countOne counts hits of one limit, which is what most calls do.
var countOne = database.NewShape("INSERT INTO limits (id, hits, ends_at) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET " +
	"hits = CASE WHEN limits.ends_at <= ? THEN excluded.hits ELSE limits.hits + excluded.hits END, " +
	"ends_at = CASE WHEN limits.ends_at <= ? THEN excluded.ends_at ELSE limits.ends_at END RETURNING id, hits, ends_at")

// count adds to each window, or begins it.
func (l *Limits) count(ctx context.Context, tx bun.IDB, rows []limitRow, now time.Time) ([]limitRow, error) {
	var counted []limitRow
	if len(rows) == 1 {
		r := rows[0]
		err := l.db.ReadShape(ctx, tx, countOne, &counted, r.ID, r.Hits, r.EndsAt, now, now)
		return counted, err
	}
	_, err := tx.NewInsert().Model(&rows).
		On("CONFLICT (id) DO UPDATE").
		Set("hits = CASE WHEN limits.ends_at <= ? THEN excluded.hits ELSE limits.hits + excluded.hits END", now).
		Set("ends_at = CASE WHEN limits.ends_at <= ? THEN excluded.ends_at ELSE limits.ends_at END", now).
		Returning("*").Exec(ctx, &counted)
	return counted, err
}

// rows are the limits as rows, sorted, so that two calls lock them in one order.
func (l *Limits) rows(limits []Limit, now time.Time) []limitRow {
	rows := make([]limitRow, 0, len(limits))
	for _, limit := range limits {
		id := keyed(l.options.Secrets.limits, limit.Name, limit.Per.String(), limit.Key)
		if slices.ContainsFunc(rows, func(r limitRow) bool { return r.ID == id }) {
			continue
		}
		rows = append(rows, limitRow{ID: id, Hits: 1, EndsAt: now.Add(limit.Per).Truncate(time.Microsecond), allowed: limit.N})
	}
	slices.SortFunc(rows, func(a, b limitRow) int { return strings.Compare(a.ID, b.ID) })
	return rows
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
