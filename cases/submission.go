package cases

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
	"regain/rules"
)

// Submit hands the case in: first from a draft, later when what was asked for
// has been added. Errors: invalid_fields naming each gap, outcome_not_collect,
// wrong_state, case_changed.
func (s *Service) Submit(ctx context.Context, actor Actor, caseID string, version int64) (*Case, error) {
	return s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		if _, err := ch.permit(actSubmit); err != nil {
			return err
		}
		d, err := ch.Decision()
		if err != nil {
			return err
		}
		if err := ch.closeItems(); err != nil {
			return err
		}
		ch.startReviewClock(d)
		first := ch.Case.FiledAt == nil
		if first {
			now := ch.now
			ch.Case.FiledAt = &now
		}
		at := ch.now
		ch.Case.SubmittedAt = &at
		if err := ch.takeAccount(); err != nil {
			return err
		}
		sum, err := ch.suppliedDigests()
		if err != nil {
			return err
		}
		if err := ch.do(actSubmit, Facts{"first": first, "supplied": sum}); err != nil {
			return err
		}
		ch.tell("case_submitted", map[string]string{"review_by": ch.Case.ReviewDue.Format(time.DateOnly)})
		return nil
	})
}

// everythingSupplied guards submission: every requirement is provided, or said
// to be out of reach, and nothing provided is known to be invalid.
func everythingSupplied(ch *change) error {
	items, err := ch.Items()
	if err != nil {
		return err
	}
	d, err := ch.Decision()
	if err != nil {
		return err
	}
	var bad []problem.Field
	filled := func(i *Item) bool { return i.Supply == Provided || i.Supply == Unavailable }
	if met, unmet := rules.Met(d.Requirements, countSlots(items, filled)); !met {
		bad = append(bad, gaps(items, unmet, filled)...)
	}
	for _, i := range items {
		if i.Origin == FromReviewer && !i.Retired && !i.Optional && !filled(i) {
			bad = append(bad, gap(i))
		}
		if i.Open && !i.Retired && i.Review == Rejected {
			bad = append(bad, problem.Field{Pointer: "/items/" + i.ID, Code: "rejected", Message: "This was not accepted. Supply it anew, or say that you can't."})
		}
	}
	if err := problem.InvalidFields(bad); err != nil {
		return err
	}
	return ch.nothingInvalid(d, items)
}

// countSlots adapts items to the policy's group logic.
func countSlots(items []*Item, counts func(*Item) bool) func(rules.Requirement) int {
	return func(r rules.Requirement) int {
		n := 0
		for _, i := range items {
			if !i.Retired && i.Requirement == r.ID && counts(i) {
				n++
			}
		}
		return n
	}
}

// gaps names the empty items below the unmet requirements.
func gaps(items []*Item, unmet []rules.Requirement, filled func(*Item) bool) []problem.Field {
	var bad []problem.Field
	for _, r := range rules.Items(unmet) {
		for _, i := range items {
			if !i.Retired && i.Requirement == r.ID && !i.Optional && !filled(i) {
				bad = append(bad, gap(i))
			}
		}
	}
	return bad
}

func gap(i *Item) problem.Field {
	return problem.Field{Pointer: "/items/" + i.ID, Code: "missing", Message: "Supply this, or say why you can't."}
}

// nothingInvalid checks every provided document's validity; unknown passes here
// and is for the reviewer to settle.
func (ch *change) nothingInvalid(d *rules.Decision, items []*Item) error {
	docs, err := ch.s.loadDocuments(ch.ctx, ch.tx, ch.Case.ID)
	if err != nil {
		return err
	}
	var bad []problem.Field
	for _, i := range items {
		r := requirementOf(d, i)
		if i.Retired || i.Supply != Provided || r == nil {
			continue
		}
		validity, why, err := ch.validity(r, i, currentDocument(docs, i.ID), nil)
		if err != nil {
			return err
		}
		if validity == rules.Invalid {
			p, _ := problem.As(notValid(why, ch.Case.Locale))
			bad = append(bad, problem.Field{Pointer: "/items/" + i.ID, Code: "not_valid", Message: p.Detail})
		}
	}
	return problem.InvalidFields(bad)
}

// validity judges one item's document with the values read off by its supplier
// and, over them, those of a reviewer.
func (ch *change) validity(r *rules.Requirement, i *Item, doc *Document, byReviewer map[string]any) (rules.Validity, []rules.Text, error) {
	p, err := ch.Policy()
	if err != nil {
		return rules.Unknown, nil, err
	}
	values := map[string]any{}
	if doc != nil {
		for k, v := range doc.ReadOff.V {
			values[k] = v
		}
	}
	for k, v := range byReviewer {
		values[k] = v
	}
	validity, why := p.Validity(*r, ch.validityEnv(i, values))
	return validity, why, nil
}

func currentDocument(docs []*Document, itemID string) *Document {
	for _, d := range docs {
		if d.ItemID == itemID && d.State == Current {
			return d
		}
	}
	return nil
}

// closeItems ends the supplier's turn: what is submitted stands until asked again.
func (ch *change) closeItems() error {
	_, err := ch.tx.NewUpdate().Model((*Item)(nil)).Set("open = ?", false).
		Where("case_id = ?", ch.Case.ID).Where("open = ?", true).Exec(ch.ctx)
	if err != nil {
		return fmt.Errorf("close items: %w", err)
	}
	for _, i := range ch.items {
		i.Open = false
	}
	return nil
}

// startReviewClock starts, or goes on with, the reviewers' time.
func (ch *change) startReviewClock(d *rules.Decision) {
	left := ch.Case.ReviewLeft
	var due time.Time
	if left > 0 {
		due = ch.now.Add(left)
	} else {
		due = reviewDue(ch.now, d.Handling.ReviewWithin)
	}
	ch.Case.ReviewDue, ch.Case.ReviewLeft = &due, 0
	ch.Case.CustomerDue, ch.Case.Reminders = nil, 0
}

// takeAccount makes the case the open one of its account; if another is, this
// one is held back, without a word of it to anybody outside.
func (ch *change) takeAccount() error {
	if ch.Case.Open {
		return nil
	}
	// The savepoint keeps the refusal of the unique index from spoiling the
	// transaction.
	err := ch.s.db.InTx(ch.ctx, func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.NewUpdate().Model((*Case)(nil)).Set("open = ?", true).Set("held = ?", false).
			Where("id = ?", ch.Case.ID).Exec(ctx)
		return err
	})
	switch {
	case err == nil:
		ch.Case.Open, ch.Case.Held = true, false
	case errors.Is(database.Classify(err), database.ErrUnique):
		ch.Case.Open, ch.Case.Held = false, true
	default:
		return fmt.Errorf("take account: %w", err)
	}
	return nil
}

// suppliedDigests lists what was submitted, by item: the documents' hashes and
// the statements' keyed digests.
func (ch *change) suppliedDigests() (map[string]string, error) {
	docs, err := ch.s.loadDocuments(ch.ctx, ch.tx, ch.Case.ID)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, i := range ch.items {
		if i.Retired || i.Supply != Provided {
			continue
		}
		if doc := currentDocument(docs, i.ID); doc != nil {
			out[i.ID] = doc.SHA256
			continue
		}
		sum, err := ch.s.statementDigest(i)
		if err != nil {
			return nil, err
		}
		out[i.ID] = sum
	}
	return out, nil
}
