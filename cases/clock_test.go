package cases_test

import (
	"testing"
	"time"

	"regain/cases"
	"regain/problem"
)

// A clock that is a day off, ahead or behind, between any two steps: what depends on
// time is refused in words or done again, and the record stays sound.
func TestClockADayOff(t *testing.T) {
	for _, off := range []time.Duration{24 * time.Hour, -24 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				ben := reviewer("ben")
				c := w.filed("clock "+off.String(), withCard(0)) // its events are at the right time
				tick := func() {
					if _, err := w.Tick(w.ctx); err != nil {
						t.Fatalf("tick: %v", err)
					}
				}
				c.claim(ben)
				w.clock.move(off)
				tick()
				_, err := w.Deny(w.ctx, ben, c.id, 0, cases.Denial{ReasonCode: "not_proven", WordsCustomer: "Not enough."})
				if off > 0 { // the claim has run out, and is claimed anew
					if p, ok := problem.As(err); !ok || p.Kind != problem.Conflict {
						t.Fatalf("want a conflict, got %v", err)
					}
					c.claim(ben)
					_, err = w.Deny(w.ctx, ben, c.id, 0, cases.Denial{ReasonCode: "not_proven", WordsCustomer: "Not enough."})
				}
				must(t, err)
				w.clock.move(-off) // put right
				tick()
				_, err = w.Appeal(w.ctx, c.actor, c.id, 0, "Please look at the certificate again.")
				must(t, err)
				c.wantState(cases.Submitted)
				fresh := w.begin("later "+off.String(), withCard(0))
				w.clock.move(off)
				fresh.prove() // a code made and used under the wrong clock
				w.clock.move(-off)
				tick()
				if state := fresh.read().State; state != cases.Draft {
					t.Fatalf("a draft of a day is %s", state)
				}
				w.wantSound()
			})
		})
	}
}
