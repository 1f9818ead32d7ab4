package cases_test

import (
	"slices"
	"testing"
	"time"

	"regain/cases"
)

// A decision is taken back by another one: the item stands as before, with the reasons
// that it stood for, and both stay on record.
func TestUndo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(1))
		ben := reviewer("ben")
		c.claim(ben)
		front := c.item("card_front/1")
		undo := func(who cases.Actor) error {
			_, err := w.Undo(w.ctx, who, c.id, front.ID, 0)
			return err
		}
		wantReview := func(want cases.Review) {
			t.Helper()
			wantSame(t, "review", c.item("card_front/1").Review, want)
		}
		wantCode(t, undo(ben), "nothing_to_undo")
		_, err := w.Judge(w.ctx, ben, c.id, front.ID, 0, bad())
		must(t, err)
		wantCode(t, undo(reviewer("eva")), "nothing_to_undo")
		must(t, undo(ben))
		wantReview(cases.Pending)
		wantCode(t, undo(ben), "nothing_to_undo") // what was taken back is decided anew, not by another undo

		_, err = w.Judge(w.ctx, ben, c.id, front.ID, 0, bad())
		must(t, err)
		_, err = w.Judge(w.ctx, ben, c.id, front.ID, 0, c.good(front))
		must(t, err)
		must(t, undo(ben))
		wantReview(cases.Rejected)
		d := c.details()
		newest, verdicts := d.ItemDecided[front.ID], []cases.Review{}
		for _, j := range d.Judged {
			verdicts = append(verdicts, j.Verdict)
		}
		if want := []cases.Review{cases.Rejected, cases.Pending, cases.Rejected, cases.Accepted, cases.Rejected}; !slices.Equal(verdicts, want) {
			t.Errorf("decisions %v, want %v", verdicts, want)
		}
		if newest.WordsCustomer != bad().WordsCustomer || newest.ReasonCode != bad().ReasonCode || newest.Undoes != d.Judged[3].ID {
			t.Errorf("restored: %+v", newest)
		}
		if got := c.events(); got[len(got)-1] != "undo_decision" {
			t.Errorf("events %v", got)
		}
		w.wantSound()
	})
}

// What came of a decision ends the time to take it back; and a rejection that was taken
// back does not keep the same file out.
func TestUndoIsInTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(1))
		ben, eva := reviewer("ben"), reviewer("eva")
		c.claim(ben)
		front, bill := c.item("card_front/1"), c.item("consumption_proof/1")
		for _, i := range []*cases.Item{front, bill} {
			_, err := w.Judge(w.ctx, ben, c.id, i.ID, 0, bad())
			must(t, err)
		}
		w.clock.move(time.Minute)
		_, err := w.RequestMaterials(w.ctx, ben, c.id, 0, cases.RequestInput{Asks: []cases.Ask{{Item: front.ID}}, Words: "Please send it again."})
		must(t, err)
		_, err = w.Undo(w.ctx, ben, c.id, bill.ID, 0)
		wantCode(t, err, "wrong_state")
		w.clock.move(time.Minute)
		c.supplies().submit()
		c.claim(ben)
		for _, i := range []*cases.Item{front, bill} {
			_, err = w.Undo(w.ctx, ben, c.id, i.ID, 0)
			wantCode(t, err, "nothing_to_undo")
		}
		_, err = w.Judge(w.ctx, ben, c.id, front.ID, 0, bad())
		must(t, err)
		_, err = w.Release(w.ctx, ben, c.id, 0)
		must(t, err)
		_, err = w.Undo(w.ctx, ben, c.id, front.ID, 0)
		wantCode(t, err, "not_claimed")
		c.claim(ben)
		_, err = w.Undo(w.ctx, ben, c.id, front.ID, 0)
		must(t, err)

		// The same file may come again: it is not a rejected one.
		same := w.pdf()
		asks := func() {
			_, err = w.RequestMaterials(w.ctx, ben, c.id, 0, cases.RequestInput{Asks: []cases.Ask{{Item: front.ID}}, Words: "Once more."})
			must(t, err)
		}
		sends := func() {
			_, err = w.upload(c.actor, c.id, front.ID, "a.pdf", same, nil)
			must(t, err)
			c.supplies().submit()
			c.claim(ben)
		}
		asks()
		sends()
		_, err = w.Judge(w.ctx, ben, c.id, front.ID, 0, bad())
		must(t, err)
		_, err = w.Undo(w.ctx, ben, c.id, front.ID, 0)
		must(t, err)
		asks()
		sends()
		_ = eva
		w.wantSound()
	})
}

// Who lets an item go takes that back without holding the case; the holder who decided
// about a waived item and took that back does not become the one who waived it.
func TestUndoOfWaiver(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(1))
		ben, eva := reviewer("ben"), reviewer("eva")
		c.claim(ben)
		front := c.item("card_front/1")
		waive := func() {
			_, err := w.Waive(w.ctx, eva, c.id, front.ID, 0, "The bank's letter shows it.")
			must(t, err)
		}
		waive()
		_, err := w.Undo(w.ctx, eva, c.id, front.ID, 0)
		must(t, err)
		wantSame(t, "review", c.item("card_front/1").Review, cases.Pending)
		waive()
		_, err = w.Judge(w.ctx, ben, c.id, front.ID, 0, bad())
		must(t, err)
		_, err = w.Undo(w.ctx, ben, c.id, front.ID, 0)
		must(t, err)
		wantSame(t, "review", c.item("card_front/1").Review, cases.Waived)
		c.accepts(ben)
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		must(t, err)
		c.wantState(cases.Approved)
		w.wantSound()
	})
}
