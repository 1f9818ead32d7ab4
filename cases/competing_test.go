package cases_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"regain/cases"
	"regain/database/databasetest"
)

// Two claims on one account, typed differently: the second waits unseen, until
// the first has ended.
func TestCompetingClaims(t *testing.T) {
	for _, spelling := range []struct{ first, second string }{
		{"ana@mail.example", " ANA@Mail.Example "},
		{"Grand Café", "ｇｒａｎｄ cafe\u0301"},
		{"hw 123 456", "HW123\u200b456"},
		{"+55 11 91234-5678", "+5511912345678"},
	} {
		t.Run(spelling.second, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				first := w.filed(spelling.first, withCard(0))
				second := w.filed(spelling.second, withCard(0))
				third := w.filed(spelling.second, withCard(0))
				if a, b := first.wantState(cases.Submitted), second.wantState(cases.Submitted); !a.Open || b.Open || !b.Held {
					t.Fatalf("first open %v, second open %v held %v", a.Open, b.Open, b.Held)
				}
				// What the customers hear is the same.
				w.wantLetters(first.email, "case_started", "case_submitted")
				w.wantLetters(second.email, "case_started", "case_submitted")
				if a, b := first.read(), second.read(); !a.ReviewDue.Equal(*b.ReviewDue) || a.Version != b.Version {
					t.Fatalf("due %v and %v, versions %d and %d", a.ReviewDue, b.ReviewDue, a.Version, b.Version)
				}
				ben := reviewer("ben")
				_, err := w.Claim(w.ctx, ben, second.id, 0)
				wantCode(t, err, "held")
				_, err = w.Waive(w.ctx, ben, second.id, second.details().Items[0].ID, 0, "It is not needed.")
				wantCode(t, err, "held")
				w.wantQueue(ben, cases.ViewUnassigned, first)
				w.wantQueue(ben, cases.ViewHeld, second, third)

				first.claim(ben)
				_, err = w.Deny(w.ctx, ben, first.id, 0, cases.Denial{ReasonCode: "not_proven", WordsCustomer: "Not enough."})
				must(t, err)
				if b := second.wantState(cases.Submitted); !b.Open || b.Held {
					t.Fatalf("the second's turn has come: %+v", b)
				}
				if !third.read().Held {
					t.Fatal("one at a time")
				}
				w.wantLetters(second.email, "case_started", "case_submitted")
				w.wantQueue(ben, cases.ViewUnassigned, second)

				// The appeal of the first waits in its turn.
				_, err = w.Appeal(w.ctx, first.actor, first.id, 0, "The name is my maiden name.")
				must(t, err)
				if a := first.wantState(cases.Submitted); a.Open || !a.Held {
					t.Fatalf("the appeal waits: %+v", a)
				}
				_, err = w.Withdraw(w.ctx, third.actor, third.id, 0) // while it waits
				must(t, err)
				_, err = w.Withdraw(w.ctx, second.actor, second.id, 0)
				must(t, err)
				if a := first.read(); !a.Open || a.Held {
					t.Fatalf("the appeal's turn has come: %+v", a)
				}
				w.wantSound()
			})
		})
	}
}

func (w *world) wantQueue(who cases.Actor, view cases.View, want ...*claimant) {
	w.t.Helper()
	got, err := w.Queue(w.ctx, who, cases.QueueQuery{View: view, Limit: 50})
	must(w.t, err)
	var gotIDs, wantIDs []string
	for _, c := range got {
		gotIDs = append(gotIDs, c.ID)
	}
	for _, c := range want {
		wantIDs = append(wantIDs, c.id)
	}
	wantSame(w.t, "queue "+string(view), gotIDs, wantIDs)
}

// Submitted at the same moment, one is open and the other waits; ended and
// submitted at the same moment, nobody is forgotten.
func TestSubmissionsAtOnce(t *testing.T) {
	w := newWorld(t, databasetest.Postgres(t))
	for round := range 12 {
		account := "ana-" + string(rune('a'+round))
		a := w.begin(account, withCard(0)).prove().supplies()
		b := w.begin(account, withCard(0)).prove().supplies()
		both(t,
			func() error { _, err := w.Submit(w.ctx, a.actor, a.id, 0); return err },
			func() error { _, err := w.Submit(w.ctx, b.actor, b.id, 0); return err })
		if x, y := a.read(), b.read(); x.Open == y.Open || x.Held == y.Held || x.Open == x.Held {
			t.Fatalf("open %v and %v, held %v and %v", x.Open, y.Open, x.Held, y.Held)
		}
		first, second := a, b
		if b.read().Open {
			first, second = b, a
		}
		c := w.begin(account, withCard(0)).prove().supplies()
		both(t,
			func() error { _, err := w.Withdraw(w.ctx, first.actor, first.id, 0); return err },
			func() error { _, err := w.Submit(w.ctx, c.actor, c.id, 0); return err })
		if !second.read().Open || !c.read().Held {
			t.Fatalf("second open %v, third held %v", second.read().Open, c.read().Held)
		}
		// The last one out, while another comes in: it must not wait for nobody.
		_, err := w.Withdraw(w.ctx, c.actor, c.id, 0)
		must(t, err)
		d := w.begin(account, withCard(0)).prove().supplies()
		both(t,
			func() error { _, err := w.Withdraw(w.ctx, second.actor, second.id, 0); return err },
			func() error { _, err := w.Submit(w.ctx, d.actor, d.id, 0); return err })
		if !d.read().Open || d.read().Held {
			t.Fatalf("the fourth waits for nobody: %+v", d.read())
		}
	}
	w.wantSound()
}

// both runs two things at once; both have to work.
func both(t *testing.T, a, b func() error) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for n, f := range []func() error{a, b} {
		wg.Go(func() { errs[n] = f() })
	}
	wg.Wait()
	for _, err := range errs {
		must(t, err)
	}
}

// Two reviewers who act on what they read at the same time: one wins, the other
// is told, and nothing is overwritten.
func TestReviewersAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(1))
		ben := reviewer("ben")
		c.claim(ben)
		for range 5 {
			version := c.read().Version
			front, proof := c.item("card_front/1"), c.item("consumption_proof/1")
			good, errs := c.good(front), make([]error, 2)
			var wg sync.WaitGroup
			wg.Go(func() { _, errs[0] = w.Judge(w.ctx, ben, c.id, front.ID, version, good) })
			wg.Go(func() { _, errs[1] = w.Judge(w.ctx, ben, c.id, proof.ID, version, bad()) })
			wg.Wait()
			won, lost := 0, 1
			if errs[0] != nil {
				won, lost = 1, 0
			}
			must(t, errs[won])
			wantCode(t, errs[lost], "case_changed")
			if got := c.read().Version; got != version+1 {
				t.Fatalf("version %d after %d", got, version)
			}
		}
		errs := make([]error, 2)
		_, err := w.Release(w.ctx, ben, c.id, 0)
		must(t, err)
		var wg sync.WaitGroup
		for n, who := range []cases.Actor{ben, reviewer("eva")} {
			wg.Go(func() { _, errs[n] = w.Claim(w.ctx, who, c.id, 0) })
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("one of two gets the case: %v, %v", errs[0], errs[1])
		}
		w.wantSound()
	})
}

// Nobody but staff can tell a claim that waits from one that is open: nothing that
// customers read differs but what is their own.
func TestHeldClaimReadsLikeAnOpenOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, second := w.filed("ana-2019", withCard(0)), w.filed("ana-2019", withCard(0))
		shown := func(c *claimant) string {
			d := c.details()
			b, err := json.Marshal([]any{d.Case.State, d.Case.ReviewDue, d.Case.Version, d.Case.Round, d.Case.EndedAt, len(d.Items), len(d.Documents)})
			must(t, err)
			return string(b)
		}
		wantSame(t, "what is shown", shown(second), shown(first))
	})
}

// A claim that is being submitted while the open case ends is not overlooked: the
// end waits for it.
func TestEndWaitsForSubmission(t *testing.T) {
	w := newWorld(t, databasetest.Postgres(t))
	first := w.filed("ana-2019", withCard(0))
	second := w.begin("ana-2019", withCard(0)).prove().supplies()
	ended := make(chan error, 1)
	err := w.db.InTx(w.ctx, func(ctx context.Context, _ bun.IDB) error {
		if _, err := w.Submit(ctx, second.actor, second.id, 0); err != nil {
			return err
		}
		go func() {
			_, err := w.Withdraw(w.ctx, first.actor, first.id, 0)
			ended <- err
		}()
		time.Sleep(200 * time.Millisecond)
		if len(ended) > 0 {
			t.Error("the open case ended past a claim that was not committed yet")
		}
		return nil
	})
	must(t, err)
	must(t, <-ended)
	if got := second.read(); !got.Open || got.Held {
		t.Fatalf("the second claim waits for nobody: %+v", got)
	}
	w.wantSound()
}
