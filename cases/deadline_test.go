package cases_test

import (
	"context"
	"testing"
	"time"

	"regain/cases"
	"regain/problem"
)

const day = 24 * time.Hour

func (w *world) tick(want int) {
	w.t.Helper()
	n, err := w.Tick(w.ctx)
	must(w.t, err)
	if n != want {
		w.t.Fatalf("a tick changed %d cases, want %d", n, want)
	}
}

// A draft is reminded of twice, then it expires.
func TestDraftRemindedThenExpired(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", withCard(0)).prove()
		silent := w.begin("nobody", withCard(0)) // no proved contact: nobody to write to
		version := c.read().Version
		w.clock.move(7*day - time.Second)
		w.tick(0)
		w.clock.move(time.Second)
		w.tick(2)
		w.tick(0)
		w.clock.move(5 * day)
		w.tick(2)
		w.tick(0)
		if got := c.read().Version; got != version {
			t.Fatalf("a reminder moved the version from %d to %d: the customer's next change would be refused", version, got)
		}
		w.clock.move(2*day - time.Second)
		w.tick(0)
		w.clock.move(time.Second)
		w.tick(2)
		w.tick(0)
		c.wantState(cases.Expired)
		silent.wantState(cases.Expired)
		w.wantLetters(c.email, "case_started", "item_reminder", "item_reminder", "case_expired")
		w.wantLetters(silent.email)
		_, err := w.upload(c.actor, c.id, c.item("card_front/1").ID, "a.pdf", w.pdf(), nil)
		wantCode(t, err, "wrong_state")
		w.wantSound()
	})
}

// A server that was down for long sends one reminder, not all of them.
func TestRemindersMissedAreNotMadeUp(t *testing.T) {
	each(t, func(_ *testing.T, w *world) {
		c := w.begin("ana-2019", withCard(0)).prove()
		w.clock.move(13 * day)
		w.tick(1)
		w.wantLetters(c.email, "case_started", "item_reminder")
		w.clock.move(2 * day)
		w.tick(1)
		c.wantState(cases.Expired)
	})
}

// Time that runs out for a request of materials ends the case and frees the account.
func TestRequestExpires(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(0))
		second := w.filed("ana-2019", withCard(0))
		ben := reviewer("ben")
		c.claim(ben)
		_, err := w.RequestMaterials(w.ctx, ben, c.id, 0, cases.RequestInput{Words: "More.", Asks: []cases.Ask{{Text: "A letter"}}})
		must(t, err)
		w.clock.move(14 * day)
		w.tick(2) // the claim that waited is late already
		c.wantState(cases.Expired)
		if got := second.wantState(cases.Submitted); !got.Open || got.Held {
			t.Fatalf("the claim that waited is open now: %+v", got)
		}
		w.wantSound()
	})
}

// A claim ends when its holder stops working, and is prolonged by whatever the
// holder does, changes of the case or not.
func TestClaimExpires(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(0))
		ben, eva := reviewer("ben"), reviewer("eva")
		c.claim(ben)
		for name, act := range map[string]func() error{
			"a note": func() error { _, err := w.WriteNote(w.ctx, ben, c.id, "Looks odd."); return err },
			"a message": func() error {
				_, err := w.Write(w.ctx, ben, c.id, "Which card is it?")
				return err
			},
			"a look": func() error {
				doc := c.details().Current(c.item("card_front/1"))
				_, r, err := w.Open(w.ctx, ben, c.id, doc.ID)
				if err == nil {
					err = r.Close()
				}
				return err
			},
			"a judgement": func() error {
				i := c.item("card_front/1")
				_, err := w.Judge(w.ctx, ben, c.id, i.ID, 0, c.good(i))
				return err
			},
		} {
			w.clock.move(29 * time.Minute)
			must(t, act())
			if got := *c.read().ClaimExpires; !got.Equal(w.clock.now().Add(30 * time.Minute)) {
				t.Fatalf("%s did not prolong the claim: it ends in %s", name, got.Sub(w.clock.now()))
			}
		}
		_, err := w.Claim(w.ctx, eva, c.id, 0)
		if p := wantCode(t, err, "already_claimed"); p.RetryAfter != 30*time.Minute {
			t.Fatalf("retry after %s", p.RetryAfter)
		}
		// Somebody else's note prolongs nothing.
		w.clock.move(29 * time.Minute)
		_, err = w.WriteNote(w.ctx, eva, c.id, "Still waiting.")
		must(t, err)
		w.tick(0)
		w.clock.move(time.Minute)
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		wantCode(t, err, "not_claimed") // also before the tick
		w.tick(1)
		if got := c.wantState(cases.Submitted); got.ClaimedBy != "" || got.ClaimExpires != nil {
			t.Fatalf("a released case: %+v", got)
		}
		c.claim(eva)
		w.clock.move(31 * time.Minute)
		c.claim(ben) // a claim that ran out can be taken over at once
		w.tick(0)
		w.wantSound()
	})
}

// Only the holder or a lead releases a case.
func TestRelease(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(0))
		c.claim(reviewer("ben"))
		_, err := w.Release(w.ctx, reviewer("eva"), c.id, 0)
		wantCode(t, err, "not_holder")
		_, err = w.Release(w.ctx, lead("mia"), c.id, 0)
		must(t, err)
		c.wantState(cases.Submitted)
		_, err = w.Release(w.ctx, lead("mia"), c.id, 0)
		wantCode(t, err, "wrong_state")
	})
}

// Review times in business days pass over the weekend.
func TestReviewDueInBusinessDays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, test := range []struct{ filed, due string }{
			{"2026-03-02T09:00:00Z", "2026-03-04T09:00:00Z"}, // Monday
			{"2026-03-05T09:00:00Z", "2026-03-09T09:00:00Z"}, // Thursday
			{"2026-03-06T18:30:00Z", "2026-03-10T18:30:00Z"}, // Friday
			{"2026-03-07T09:00:00Z", "2026-03-11T00:00:00Z"}, // Saturday: Monday and Tuesday, whole
			{"2026-03-08T09:00:00Z", "2026-03-11T00:00:00Z"}, // Sunday
		} {
			at, err := time.Parse(time.RFC3339, test.filed)
			must(t, err)
			w.clock.move(at.Sub(w.clock.now()))
			c := w.filed("at "+test.filed, withCard(0))
			wantSame(t, "filed "+test.filed+", due", c.read().ReviewDue.Format(time.RFC3339), test.due)
		}
	})
}

// One case that can't be handled does not stop the others.
func TestTickGoesOnAfterAFault(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		broken := w.begin("broken", withCard(0)).prove()
		c := w.begin("ana-2019", withCard(0)).prove()
		_, err := w.db.NewUpdate().Model((*cases.Case)(nil)).Set("event_seq = 1").Where("id = ?", broken.id).Exec(w.ctx)
		must(t, err)
		w.clock.move(14 * day)
		w.tick(1)
		c.wantState(cases.Expired)
	})
}

func TestTickEndsWithItsContext(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(w.ctx)
		cancel()
		if _, err := w.Tick(ctx); err == nil {
			t.Fatal("no error from an ended context")
		} else if _, isProblem := problem.As(err); isProblem {
			t.Fatalf("an ended context is no problem of a caller: %v", err)
		}
	})
}
