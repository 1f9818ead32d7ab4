package cases

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
)

const (
	// mostAssigned is how many cases are given at one go.
	mostAssigned = 50
	// undoWithin is how long that can be undone.
	undoWithin = time.Hour
)

// Assignment is what one person did with several cases at one go.
type Assignment struct {
	bun.BaseModel `bun:"table:assignments,alias:asg"`

	ID        string                      `bun:"id,pk"`
	StaffID   string                      `bun:"staff_id"`
	Steps     database.JSON[[]AssignStep] `bun:"steps"`
	CreatedAt time.Time                   `bun:"created_at"`
	UndoneAt  *time.Time                  `bun:"undone_at"`
}

// AssignStep is one case of an assignment, and how it was before.
type AssignStep struct {
	CaseID string `json:"case"`
	// Version is the case's after the step.
	Version int64 `json:"version"`
	// Holder held it before, until Expires.
	Holder  string     `json:"holder,omitempty"`
	Expires *time.Time `json:"expires,omitempty"`
	// To is who was given it; empty when it was given back.
	To string `json:"to,omitempty"`
	// Refused is the code of the problem for which the case was left as it is.
	Refused string `json:"refused,omitempty"`
}

// Done are the steps that changed a case.
func (a *Assignment) Done() []AssignStep {
	return a.steps(func(s AssignStep) bool { return s.Refused == "" })
}

// Refused are the cases that were left as they are.
func (a *Assignment) Refused() []AssignStep {
	return a.steps(func(s AssignStep) bool { return s.Refused != "" })
}

func (a *Assignment) steps(wanted func(AssignStep) bool) []AssignStep {
	var out []AssignStep
	for _, s := range a.Steps.V {
		if wanted(s) {
			out = append(out, s)
		}
	}
	return out
}

// UndoUntil is when it can no longer be undone.
func (a *Assignment) UndoUntil() time.Time { return a.CreatedAt.Add(undoWithin) }

// AssignMany gives several cases to one reviewer, or back to the queue when to is
// nobody. Each is a change of its own: one that is refused is told of and keeps none
// of the others back. Errors: invalid_fields.
func (s *Service) AssignMany(ctx context.Context, actor Actor, caseIDs []string, to Actor) (*Assignment, error) {
	caseIDs, err := bulkCases(caseIDs)
	if err != nil {
		return nil, err
	}
	a := &Assignment{ID: s.opt.IDs(), StaffID: actor.ID, CreatedAt: s.now()}
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		for _, id := range caseIDs {
			step := AssignStep{CaseID: id, To: to.ID}
			c, err := s.change(ctx, actor, target{id: id}, func(ch *change) error {
				step.Holder, step.Expires = ch.Case.ClaimedBy, ch.Case.ClaimExpires
				if to.ID == "" {
					return ch.giveBack(nil)
				}
				return ch.assign(to, nil)
			})
			if err := a.took(step, c, err); err != nil {
				return err
			}
		}
		return a.write(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// took adds the outcome of a step; errors that are nobody's fault are given back.
func (a *Assignment) took(step AssignStep, c *Case, err error) error {
	if refused, ok := problem.As(err); ok {
		a.Steps.V = append(a.Steps.V, AssignStep{CaseID: step.CaseID, Refused: refused.Code})
		return nil
	}
	if err != nil {
		return err
	}
	step.Version = c.Version
	a.Steps.V = append(a.Steps.V, step)
	return nil
}

func (a *Assignment) write(ctx context.Context, tx bun.IDB) error {
	if _, err := tx.NewInsert().Model(a).Exec(ctx); err != nil {
		return fmt.Errorf("keep an assignment: %w", err)
	}
	return nil
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

// Assigned is an assignment of the actor's own. Error: assignment_not_found.
func (s *Service) Assigned(ctx context.Context, actor Actor, id string) (*Assignment, error) {
	a := new(Assignment)
	err := s.db.From(ctx).NewSelect().Model(a).Where("asg.id = ?", id).Where("asg.staff_id = ?", actor.ID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, problem.New(problem.NotFound, "assignment_not_found", "There is no such assignment, or it is not yours.")
	}
	if err != nil {
		return nil, fmt.Errorf("read an assignment: %w", err)
	}
	return a, nil
}

// UndoAssignment puts the cases of an assignment back to where they were; those that
// anybody has changed since stay as they are and are told of. It is for whoever made
// it, once. Errors: assignment_not_found, undo_too_late, already_undone.
func (s *Service) UndoAssignment(ctx context.Context, actor Actor, id string) (*Assignment, error) {
	var undone *Assignment
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		a, err := s.takeUndo(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		undone = &Assignment{ID: a.ID, StaffID: a.StaffID, CreatedAt: a.CreatedAt}
		for _, step := range a.Done() {
			c, err := s.change(ctx, actor, target{id: step.CaseID, version: step.Version}, func(ch *change) error {
				ch.undoes = true
				return ch.putBack(step, Facts{"undoes": a.ID})
			})
			if err := undone.took(step, c, err); err != nil {
				return err
			}
		}
		return nil
	})
	return undone, err
}

// takeUndo marks an assignment as undone, for one caller only.
func (s *Service) takeUndo(ctx context.Context, tx bun.IDB, actor Actor, id string) (*Assignment, error) {
	a, err := s.Assigned(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	return a, s.markUndone(ctx, tx, a, a.CreatedAt)
}

// putBack gives the case to who held it before the step, if their time is not over and
// they are not away, or else to the queue.
func (ch *change) putBack(step AssignStep, why Facts) error {
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
