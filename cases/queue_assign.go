package cases

import (
	"context"

	"github.com/uptrace/bun"
)

// AssignMany gives several cases to one reviewer, or back to the queue when to is
// nobody. Each is a change of its own: one that is refused is told of and keeps none
// of the others back. Errors: invalid_fields.
func (s *Service) AssignMany(ctx context.Context, actor Actor, caseIDs []string, to Actor) (*BulkAct, error) {
	caseIDs, err := bulkCases(caseIDs)
	if err != nil {
		return nil, err
	}
	act := s.newBulkAct(actor, BulkAssign)
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		return act.do(ctx, tx, caseIDs, func(step *BulkStep) error {
			c, err := s.change(ctx, actor, target{id: step.CaseID}, func(ch *change) error {
				step.To, step.Holder, step.Expires = to.ID, ch.Case.ClaimedBy, ch.Case.ClaimExpires
				if to.ID == "" {
					return ch.giveBack(nil)
				}
				return ch.assign(to, nil)
			})
			if err == nil {
				step.Version = c.Version
			}
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return act, nil
}

// giveBack releases the case to the queue.
func (ch *change) giveBack(why Facts) error {
	facts := Facts{"holder": ch.Case.ClaimedBy}
	for k, v := range why {
		facts[k] = v
	}
	if err := ch.do(actRelease, facts); err != nil {
		return err
	}
	ch.dropClaim()
	return nil
}

// UndoAssignment puts the cases of an assignment back to where they were; those that
// anybody has changed since stay as they are and are told of. It is for whoever made
// it, once. Errors: bulk_act_not_found, undo_too_late, already_undone.
func (s *Service) UndoAssignment(ctx context.Context, actor Actor, id string) (*BulkAct, error) {
	return s.undo(ctx, actor, BulkAssign, id, func(ctx context.Context, act, undone *BulkAct) error {
		for _, step := range act.Changed() {
			back := BulkStep{CaseID: step.CaseID}
			c, err := s.change(ctx, actor, target{id: step.CaseID, version: step.Version}, func(ch *change) error {
				ch.undoes = true
				return ch.putBack(step, Facts{"undoes": act.ID})
			})
			if err == nil {
				back.Version = c.Version
			}
			if err := undone.took(back, err); err != nil {
				return err
			}
		}
		return nil
	})
}

// putBack gives the case to who held it before the step, if their time is not over and
// they are not away, or else to the queue.
func (ch *change) putBack(step BulkStep, why Facts) error {
	if step.To != "" {
		if err := ch.takeNoticeBack(step.To); err != nil {
			return err
		}
	}
	had := step.Holder != "" && step.Expires != nil && ch.now.Before(*step.Expires)
	if had {
		away, err := ch.s.away(ch.ctx, step.Holder)
		if err != nil {
			return err
		}
		had = away[step.Holder] == ""
	}
	if !had && ch.Case.State == Submitted {
		return nil // it was given back, and was nobody's any more
	}
	if !had {
		return ch.giveBack(why)
	}
	if err := ch.assign(Actor{Kind: Staff, ID: step.Holder}, why); err != nil {
		return err
	}
	// Who had put it away had it for as long as that; back among the others it is theirs no
	// longer than what anybody is given.
	if ch.Case.SnoozedUntil != nil || step.Expires.Before(*ch.Case.ClaimExpires) {
		ch.Case.ClaimExpires = step.Expires
	}
	return nil
}
