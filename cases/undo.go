package cases

import (
	"context"
	"fmt"
	"slices"

	"regain/database"
	"regain/problem"
	"regain/rules"
)

// Undo takes back the newest decision about an item, by whoever made it, as long as
// the case has not been handed in anew since and nothing came of it: the item stands as
// before. Nothing is erased; taking back is a decision like any other, and approvals that
// fell with the one taken back stay fallen. Errors: nothing_to_undo, not_claimed,
// wrong_state.
func (s *Service) Undo(ctx context.Context, actor Actor, caseID, itemID string, version int64) (*Case, error) {
	return s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		if _, err := ch.permit(actUndo); err != nil {
			return err
		}
		i, err := ch.item(itemID)
		if err != nil {
			return err
		}
		judged, documents, err := ch.judgements()
		if err != nil {
			return err
		}
		last := undoable(ch.Case, i, judged, documents, actor)
		if last == nil {
			return problem.New(problem.Conflict, "nothing_to_undo", "There is no decision of yours about this item that could still be taken back.")
		}
		if last.Verdict != Waived { // who lets an item go does not hold the case
			if err := holdsClaim(ch); err != nil {
				return err
			}
		}
		dec := ch.takingBack(last, judged)
		if err := ch.saveItemDecision(dec); err != nil {
			return err
		}
		if settled(i) && dec.Verdict != Accepted && dec.Verdict != Waived {
			if err := ch.voidApprovals(); err != nil {
				return err
			}
		}
		i.Review = dec.Verdict
		if err := ch.saveItem(i); err != nil {
			return err
		}
		return ch.do(actUndo, Facts{"item": i.ID, "decision": dec.ID, "undoes": last.ID, "verdict": dec.Verdict})
	})
}

// judgements reads, in one round trip, what was decided about the case's items, oldest
// first, and every version of its documents.
func (ch *change) judgements() (judged []*ItemDecision, documents []*Document, err error) {
	err = ch.s.db.ReadTogether(ch.ctx, ch.tx,
		database.ListOf(&documents, "d.case_id = ?", ch.Case.ID),
		database.ListOf(&judged, "idec.case_id = ?", ch.Case.ID))
	if err != nil {
		return nil, nil, fmt.Errorf("read decisions about items: %w", err)
	}
	byTime(judged)
	return judged, documents, nil
}

// takingBack is the decision that restores what stood before another one: with its
// reasons, checks and values, where that was decided on, too.
func (ch *change) takingBack(last *ItemDecision, judged []*ItemDecision) *ItemDecision {
	dec := &ItemDecision{
		ID: ch.s.opt.IDs(), CaseID: last.CaseID, ItemID: last.ItemID, DocumentID: last.DocumentID, Round: last.Round,
		Verdict: last.Former, Former: last.Verdict, Undoes: last.ID, StaffID: ch.actor.ID, DecidedAt: ch.now,
	}
	dec.Checks.V = []string{}
	for _, earlier := range slices.Backward(judged) {
		if earlier.ItemID == last.ItemID && earlier.ID != last.ID && earlier.Verdict == dec.Verdict && dec.Verdict != Pending {
			dec.ReasonCode, dec.WordsCustomer, dec.WordsStaff = earlier.ReasonCode, earlier.WordsCustomer, earlier.WordsStaff
			dec.Checks, dec.FallbackReason, dec.ReadOff = earlier.Checks, earlier.FallbackReason, earlier.ReadOff
			break
		}
	}
	return dec
}

// undoable is the newest decision about an item when the actor can take it back; nil
// otherwise. It still stands, about what is there now.
func undoable(c *Case, i *Item, judged []*ItemDecision, documents []*Document, actor Actor) *ItemDecision {
	var last *ItemDecision
	for _, j := range judged {
		if j.ItemID == i.ID {
			last = j
		}
	}
	switch doc := currentDocument(documents, i.ID); {
	case last == nil, last.Former == "", last.Undoes != "", last.StaffID != actor.ID,
		last.Round != c.Round, last.Verdict != i.Review,
		c.SubmittedAt != nil && last.DecidedAt.Before(*c.SubmittedAt),
		i.Kind == rules.Document && last.DocumentID != "" && (doc == nil || doc.ID != last.DocumentID):
		return nil
	}
	return last
}

// Undoable is the decision about an item that the reader can take back; nil when there is
// none.
func (d *Details) Undoable(i *Item, reader Actor) *ItemDecision {
	dec := undoable(d.Case, i, d.Judged, d.Documents, reader)
	atReview := d.Case.State == Submitted || d.Case.State == InReview
	if dec == nil || !reader.Reviews() || !atReview || d.Case.Held || dec.Verdict != Waived && d.Case.ClaimedBy != reader.ID {
		return nil
	}
	return dec
}

// undone are the ids of the decisions that were taken back.
func undone(judged []*ItemDecision) map[string]bool {
	ids := map[string]bool{}
	for _, j := range judged {
		if j.Undoes != "" {
			ids[j.Undoes] = true
		}
	}
	return ids
}
