package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"regain/problem"
)

func toText(value any) string { return fmt.Sprint(value) }

func TestTakeCountsWindows(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		limit := Limit{Name: "test", Key: "ana@example.com", N: 3, Per: time.Minute}
		for range 3 {
			ok(t, b.Take(t.Context(), limit))
			b.clock.Advance(10 * time.Second)
		}
		p := refusal(t, b.Take(t.Context(), limit), "too_many_requests")
		if p.Kind != problem.TooMany || p.RetryAfter != 30*time.Second {
			t.Errorf("kind %s, wait %v", p.Kind, p.RetryAfter)
		}
		other := limit
		other.Key = "eva@example.com"
		ok(t, b.Take(t.Context(), other))
		other.Key, other.Name = limit.Key, "another"
		ok(t, b.Take(t.Context(), other))
		b.clock.Advance(30 * time.Second)
		for range 3 {
			ok(t, b.Take(t.Context(), limit))
		}
		refused(t, b.Take(t.Context(), limit), "too_many_requests")
	})
}

// Whoever comes too early must not use up the wider limits by it.
func TestRefusedTakeCountsNowhere(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		narrow := Limit{Name: "resend", Key: "k", N: 1, Per: time.Minute}
		wide := Limit{Name: "hour", Key: "k", N: 3, Per: time.Hour}
		for round := range 3 {
			ok(t, b.Take(t.Context(), narrow, wide))
			for range 5 {
				p := refusal(t, b.Take(t.Context(), narrow, wide), "too_many_requests")
				if round < 2 && p.RetryAfter != time.Minute {
					t.Errorf("wait %v", p.RetryAfter)
				}
			}
			b.clock.Advance(time.Minute)
		}
		p := refusal(t, b.Take(t.Context(), narrow, wide), "too_many_requests")
		if p.RetryAfter != 57*time.Minute {
			t.Errorf("the longest wait counts, got %v", p.RetryAfter)
		}
	})
}

func TestTakeIsAtomic(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		limits := []Limit{{Name: "a", N: 10, Per: time.Hour}, {Name: "b", N: 1000, Per: time.Hour}, {Name: "c", N: 1000, Per: time.Hour}}
		var taken atomic.Int32
		var callers sync.WaitGroup
		for i := range 40 {
			callers.Go(func() {
				// In any order: the rows are locked in one order all the same.
				err := b.Take(t.Context(), limits[i%3], limits[(i+1)%3], limits[(i+2)%3])
				if err == nil {
					taken.Add(1)
				} else if !problem.Is(err, "too_many_requests") {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		if taken.Load() != 10 {
			t.Errorf("%d were let through", taken.Load())
		}
	})
}

// A count outlives the refusal that follows it within a unit of work.
func TestCountSurvivesARefusal(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		limit := Limit{Name: "test", N: 1, Per: time.Hour}
		ctx, unit := b.db.WithUnit(t.Context(), func(context.Context, bun.IDB) error { return nil })
		ok(t, b.Take(ctx, limit))
		err := b.db.InTx(ctx, func(context.Context, bun.IDB) error { return errors.New("refused for another reason") })
		if err == nil {
			t.Fatal("no refusal")
		}
		ok(t, unit.Commit(t.Context()))
		refused(t, b.Take(t.Context(), limit), "too_many_requests")
	})
}

func TestLimitsAndCodesStoreNoContacts(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ok(t, b.Issue(t.Context(), nil, contactCode("case-1")))
		_, _, err := b.SignIn(t.Context(), "lead@example.com", "secret words here", "192.0.2.77")
		refused(t, err, "sign_in_failed")
		code := codeIn(t, b.letters(t, "ana@example.com")[0].TextBody)
		for _, table := range []string{"limits", "codes"} {
			content := dump(t, t.Context(), b.db, table)
			if content == "" {
				t.Fatalf("%s is empty", table)
			}
			for _, private := range []string{"ana@", "example.com", "192.0.2", "lead", "case-1", code} {
				if strings.Contains(content, private) {
					t.Errorf("%s holds %q:\n%s", table, private, content)
				}
			}
		}
	})
}

func TestPurge(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ok(t, b.Issue(t.Context(), nil, contactCode("case-1")))
		_, err := b.OpenSession(t.Context(), Customer, "case-1", time.Minute)
		ok(t, err)
		keep, err := b.OpenSession(t.Context(), StaffMember, newStaff(t, b, "keep@example.com").ID, 0)
		ok(t, err)
		ok(t, b.Take(t.Context(), Limit{Name: "long", N: 1, Per: 48 * time.Hour}))
		b.clock.Advance(time.Minute)
		ok(t, b.Purge(t.Context()))
		if dump(t, t.Context(), b.db, "codes") == "" {
			t.Error("a live code was purged")
		}
		_, err = b.Authenticate(t.Context(), keep)
		ok(t, err)
		b.clock.Advance(25 * time.Hour)
		ok(t, b.Purge(t.Context()))
		for table, want := range map[string]int{"codes": 0, "sessions": 0, "limits": 1} {
			n, err := b.db.NewSelect().TableExpr(table).Count(t.Context())
			if err != nil || int(n) != want {
				t.Errorf("%s: %d rows left, %v", table, n, err)
			}
		}
	})
}

func TestIPPrefix(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.77": "192.0.2.77/32", "::ffff:192.0.2.77": "192.0.2.77/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "": "unknown", "192.0.2.77:80": "unknown", "x": "unknown",
	} {
		if got := IPPrefix(ip); got != want {
			t.Errorf("%q: %s, want %s", ip, got, want)
		}
	}
}
