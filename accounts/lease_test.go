package accounts

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"regain/problem"
)

// let counts how many calls are let through until one is refused.
func let(t *testing.T, takers ...func() error) (n int) {
	t.Helper()
	for ; ; n++ {
		err := takers[n%len(takers)]()
		if problem.Is(err, "too_many_requests") {
			return n
		}
		ok(t, err)
	}
}

func TestGenerousLimit(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		limit := Limit{Name: "uploads", Key: "k", N: 300, Per: time.Hour}
		take := func() error { return b.Take(t.Context(), limit) }
		if n := let(t, take); n != limit.N {
			t.Errorf("one process lets %d through, want all %d", n, limit.N)
		}
		p := refusal(t, take(), "too_many_requests")
		if p.RetryAfter != time.Hour {
			t.Errorf("wait %v", p.RetryAfter)
		}
		b.clock.Advance(time.Hour)
		ok(t, take())
		var row limitRow
		ok(t, b.db.NewSelect().Model(&row).Scan(t.Context()))
		if row.Hits != 15 {
			t.Errorf("%d hits were counted for the first call of a window, want 15", row.Hits)
		}
		b.clock.Advance(time.Hour) // what is left of a window ends with it
		if n := let(t, take); n != limit.N {
			t.Errorf("%d were let through in the next window", n)
		}
	})
}

// Together, processes allow no more than the limit, and what another one holds is all
// that a caller can lose.
func TestGenerousLimitOfTwoProcesses(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		limit := Limit{Name: "uploads", Key: "k", N: 300, Per: time.Hour}
		other := &Limits{db: b.db, options: b.options}
		n := let(t, func() error { return b.Take(t.Context(), limit) }, func() error { return other.Take(t.Context(), limit) })
		if n > limit.N || n < limit.N-15 {
			t.Errorf("%d of %d were let through", n, limit.N)
		}
	})
}

// What refuses a call has the others count nothing, whoever counts them.
func TestRefusedTakeUsesNoLease(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		wide := Limit{Name: "wide", Key: "k", N: 100, Per: time.Hour}
		narrow := Limit{Name: "narrow", Key: "k", N: 2, Per: time.Minute}
		for range 2 {
			ok(t, b.Take(t.Context(), wide, narrow))
		}
		for range 200 {
			refused(t, b.Take(t.Context(), wide, narrow), "too_many_requests")
		}
		if n := let(t, func() error { return b.Take(t.Context(), wide) }); n != wide.N-2 {
			t.Errorf("%d are left, want %d", n, wide.N-2)
		}
	})
}

// A count that its caller takes back leaves nothing behind.
func TestTakenBackTakeGivesNoLease(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		limit := Limit{Name: "uploads", Key: "k", N: 100, Per: time.Hour}
		err := b.db.InTx(t.Context(), func(ctx context.Context, _ bun.IDB) error {
			ok(t, b.Take(ctx, limit))
			return errors.New("taken back")
		})
		if err == nil {
			t.Fatal("committed")
		}
		other := Limit{Name: "other", Key: "k", N: 100, Per: time.Hour}
		ctx, unit := b.db.WithUnit(t.Context(), nil)
		ok(t, b.Take(ctx, limit, other)) // which begins the unit's transaction
		ok(t, unit.Rollback())
		if n := let(t, func() error { return b.Take(t.Context(), other) }); n != other.N {
			t.Errorf("%d of the other were let through, want %d", n, other.N)
		}
		if n := let(t, func() error { return b.Take(t.Context(), limit) }); n != limit.N {
			t.Errorf("%d were let through, want %d", n, limit.N)
		}
	})
}

func TestLeasesAreBounded(t *testing.T) {
	var l leases
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	for n := range 2 * mostLeases {
		row := limitRow{ID: fmt.Sprint(n), Hits: 9, allowed: 300}
		l.keep([]limitRow{row}, []limitRow{{ID: row.ID, Hits: 9, EndsAt: now.Add(time.Hour)}}, now)
		if len(l.has) > mostLeases {
			t.Fatalf("%d leases are kept", len(l.has))
		}
		if counted, leased := l.use([]limitRow{row}, now); len(counted) != 0 || len(leased) != 1 {
			t.Fatalf("the newest is gone: %v", counted)
		}
	}
}
