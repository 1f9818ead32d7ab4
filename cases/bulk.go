package cases

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
)

// BulkKind is what was done with several cases at one go.
type BulkKind string

// The kinds of what is done with several cases.
const (
	BulkAssign BulkKind = "assign"
	BulkTag    BulkKind = "tag"
	BulkReply  BulkKind = "reply"
)

const (
	// mostAtOnce is how many cases something is done with at one go.
	mostAtOnce = 50
	// undoWithin is how long that can be undone.
	undoWithin = time.Hour
)

// BulkAct is what one person did with several cases at one go. The events of the cases
// are the record; this is to tell what became of each, and for undoing.
type BulkAct struct {
	bun.BaseModel `bun:"table:bulk_acts,alias:ba"`

	ID        string                    `bun:"id,pk"`
	StaffID   string                    `bun:"staff_id"`
	Kind      BulkKind                  `bun:"kind"`
	Steps     database.JSON[[]BulkStep] `bun:"steps"`
	CreatedAt time.Time                 `bun:"created_at"`
	UndoneAt  *time.Time                `bun:"undone_at"`
}

// BulkStep is one case of an act.
type BulkStep struct {
	CaseID string `json:"case"`
	// Added and Removed are the ids of tags that came and went.
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
	// Message is the id of what was sent.
	Message string `json:"message,omitempty"`
	// Version is the case's after it was given to To, or back to the queue, where To is
	// nobody. Holder held it before, until Expires.
	Version int64      `json:"version,omitempty"`
	To      string     `json:"to,omitempty"`
	Holder  string     `json:"holder,omitempty"`
	Expires *time.Time `json:"expires,omitempty"`
	// Refused is the code of the problem for which the case was left as it is.
	Refused string `json:"refused,omitempty"`
}

func (s BulkStep) changed() bool {
	return len(s.Added)+len(s.Removed) > 0 || s.Message != "" || s.Version > 0
}

// Changed are the steps that changed a case, Refused those that were refused. Others
// had nothing to change.
func (a *BulkAct) Changed() []BulkStep { return a.steps(BulkStep.changed) }

// Refused is described at Changed.
func (a *BulkAct) Refused() []BulkStep {
	return a.steps(func(s BulkStep) bool { return s.Refused != "" })
}

// Unchanged are the cases that were so already.
func (a *BulkAct) Unchanged() []BulkStep {
	return a.steps(func(s BulkStep) bool { return s.Refused == "" && !s.changed() })
}

func (a *BulkAct) steps(wanted func(BulkStep) bool) []BulkStep {
	return slices.DeleteFunc(slices.Clone(a.Steps.V), func(s BulkStep) bool { return !wanted(s) })
}

// UndoUntil is when it can no longer be undone; zero for what was sent and stays sent.
func (a *BulkAct) UndoUntil() time.Time {
	if a.Kind == BulkReply {
		return time.Time{}
	}
	return a.CreatedAt.Add(undoWithin)
}

func (s *Service) newBulkAct(actor Actor, kind BulkKind) *BulkAct {
	return &BulkAct{ID: s.opt.IDs(), StaffID: actor.ID, Kind: kind, CreatedAt: s.now()}
}

// bulkCases are the cases of an act in one order, so that two at once do not wait for
// each other.
func bulkCases(ids []string) ([]string, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if n := len(ids); n == 0 || n > mostAtOnce {
		return nil, problem.InvalidFields([]problem.Field{{Pointer: "/cases", Code: "wrong_number", Message: fmt.Sprintf("Name 1 to %d cases.", mostAtOnce)}})
	}
	return ids, nil
}

// took adds the outcome of a step; errors that are nobody's fault are given back.
func (a *BulkAct) took(step BulkStep, err error) error {
	if refused, ok := problem.As(err); ok {
		step = BulkStep{CaseID: step.CaseID, Refused: refused.Code}
	} else if err != nil {
		return err
	}
	a.Steps.V = append(a.Steps.V, step)
	return nil
}

// do takes one step for each of the cases, which are changes of their own, and keeps what
// became of them.
func (a *BulkAct) do(ctx context.Context, tx bun.IDB, caseIDs []string, take func(*BulkStep) error) error {
	for _, id := range caseIDs {
		step := BulkStep{CaseID: id}
		err := take(&step)
		if err := a.took(step, err); err != nil {
			return err
		}
	}
	if _, err := tx.NewInsert().Model(a).Exec(ctx); err != nil {
		return fmt.Errorf("keep what was done with several cases: %w", err)
	}
	return nil
}

// undo marks an act of the actor's own as undone, once; back takes its steps back and adds
// to undone what became of them. Errors: bulk_act_not_found, undo_too_late, already_undone.
func (s *Service) undo(ctx context.Context, actor Actor, kind BulkKind, id string, back func(ctx context.Context, act, undone *BulkAct) error) (*BulkAct, error) {
	var undone *BulkAct
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		act, err := s.BulkAct(ctx, actor, kind, id)
		if err != nil {
			return err
		}
		if err := s.markUndone(ctx, tx, act); err != nil {
			return err
		}
		undone = &BulkAct{ID: act.ID, Kind: act.Kind, StaffID: act.StaffID, CreatedAt: act.CreatedAt}
		return back(ctx, act, undone)
	})
	return undone, err
}

// BulkAct is an act of the actor's own. Error: bulk_act_not_found.
func (s *Service) BulkAct(ctx context.Context, actor Actor, kind BulkKind, id string) (*BulkAct, error) {
	a := new(BulkAct)
	err := s.db.From(ctx).NewSelect().Model(a).Where("ba.id = ?", id).Where("ba.staff_id = ?", actor.ID).Where("ba.kind = ?", kind).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, problem.New(problem.NotFound, "bulk_act_not_found", "Nothing of yours with several cases has this id, or it is too long ago.")
	}
	if err != nil {
		return nil, fmt.Errorf("read what was done with several cases: %w", err)
	}
	return a, nil
}

// markUndone marks an act as undone, for one caller only. Errors: undo_too_late,
// already_undone.
func (s *Service) markUndone(ctx context.Context, tx bun.IDB, a *BulkAct) error {
	if s.now().After(a.CreatedAt.Add(undoWithin)) {
		return problem.New(problem.Conflict, "undo_too_late", "This can no longer be undone.")
	}
	n, err := affected(tx.NewUpdate().Model(a).Set("undone_at = ?", s.now()).WherePK().Where("undone_at IS NULL").Exec(ctx))
	if err != nil {
		return fmt.Errorf("mark as undone: %w", err)
	}
	if n == 0 {
		return problem.New(problem.Conflict, "already_undone", "This was undone already.")
	}
	return nil
}
