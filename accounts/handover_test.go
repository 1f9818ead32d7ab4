package accounts

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"regain/problem"
)

// TestHandover: a token opens one session, for five minutes, and only the newest one does;
// it is no session itself.
func TestHandover(t *testing.T) {
	each(t, func(t *testing.T, w *bench) {
		first, expires, err := w.HandOver(t.Context(), "case-1")
		if err != nil || !expires.Equal(w.clock.Now().Add(5*time.Minute)) {
			t.Fatalf("expires %v, %v", expires, err)
		}
		second, _, err := w.HandOver(t.Context(), "case-1")
		if err != nil {
			t.Fatal(err)
		}
		other, _, err := w.HandOver(t.Context(), "case-2")
		if err != nil {
			t.Fatal(err)
		}
		turnedAway := func(token, why string) {
			t.Helper()
			if id, err := w.TakeOver(t.Context(), token); !problem.Is(err, "unauthenticated") || id != "" {
				t.Errorf("%s: %q, %v", why, id, err)
			}
		}
		turnedAway(first, "one before the newest")
		turnedAway("nonsense", "no token")
		if _, err := w.Authenticate(t.Context(), second); !problem.Is(err, "unauthenticated") {
			t.Errorf("the token is a session: %v", err)
		}
		if id, err := w.TakeOver(t.Context(), second); err != nil || id != "case-1" {
			t.Errorf("%q, %v", id, err)
		}
		turnedAway(second, "used before")
		session, err := w.OpenSession(t.Context(), Customer, "case-2", 0)
		if err != nil {
			t.Fatal(err)
		}
		turnedAway(session, "a session")
		turnedAway(strings.Replace(session, tokenPrefix, handoverPrefix, 1), "a session in disguise")
		w.clock.Advance(5 * time.Minute)
		turnedAway(other, "expired")
	})
}

// TestHandoverOnce: of several that use a token at once, one gets the session.
func TestHandoverOnce(t *testing.T) {
	each(t, func(t *testing.T, w *bench) {
		token, _, err := w.HandOver(t.Context(), "case-1")
		if err != nil {
			t.Fatal(err)
		}
		var got atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				switch id, err := w.TakeOver(t.Context(), token); {
				case err == nil && id == "case-1":
					got.Add(1)
				case !problem.Is(err, "unauthenticated"):
					t.Errorf("%q, %v", id, err)
				}
			})
		}
		all.Wait()
		if got.Load() != 1 {
			t.Errorf("%d got in", got.Load())
		}
	})
}
