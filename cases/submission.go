package cases

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
	"regain/rules"
)

// Submit hands the case in: first from a draft, later when what was asked for
// has been added. Errors: invalid_fields naming each gap, outcome_not_collect,
// wrong_state, case_changed, filing_refused.
func (s *Service) Submit(ctx context.Context, actor Actor, caseID string, version int64) (*Case, error) {
	refused := false
	c, err := s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		if _, err := ch.permit(actSubmit); err != nil {
			return err
		}
		blocks, err := ch.blocked()
		if err != nil {
			return err
		}
		first := ch.Case.FiledAt == nil
		if refused = first && slices.ContainsFunc(blocks, func(b *Block) bool { return b.Refuse }); refused {
			return ch.refuse(blocks)
		}
		d, err := ch.Decision()
		if err != nil {
			return err
		}
		if err := ch.closeItems(); err != nil {
			return err
		}
		if err := ch.startReviewClock(d); err != nil {
			return err
		}
		if first {
			now := ch.now
			ch.Case.FiledAt = &now
		}
		if err := ch.takeAccount(); err != nil {
			return err
		}
		sum, err := ch.suppliedDigests()
		if err != nil {
			return err
		}
		facts := Facts{"first": first, "supplied": sum}
		if len(blocks) > 0 {
			facts["blocks"] = blockIDs(blocks)
		}
		if err := ch.do(actSubmit, facts); err != nil {
			return err
		}
		ch.tell("case_submitted", map[string]string{"review_by": ch.policy.Calendar().Day(*ch.Case.ReviewDue)})
		return nil
	})
	if err == nil && refused {
		return nil, errRefused()
	}
	return c, err
}

// refuse records that the case was not taken, and by which blocks. Nothing else of it
// changes, and its customer is told nothing of why.
func (ch *change) refuse(blocks []*Block) error {
	ch.quiet = true
	return ch.do(actRefuse, Facts{"blocks": blockIDs(blocks)})
}

func blockIDs(blocks []*Block) []string {
	ids := make([]string, len(blocks))
	for n, b := range blocks {
		ids[n] = b.ID
	}
	return ids
}

// everythingSupplied guards submission: every requirement is provided, or said
// to be out of reach, and nothing provided is known to be invalid. Of a choice
// it is enough to provide what the choice wants; whoever can't, says so of each.
func everythingSupplied(ch *change) error {
	items, err := ch.Items()
	if err != nil {
		return err
	}
	d, err := ch.Decision()
	if err != nil {
		return err
	}
	owed := map[string]bool{}
	_, unmet := rules.Met(d.Requirements, countSlots(items, handedIn))
	for _, r := range append(rules.Items(unmet), passedOver(d.Requirements, items)...) {
		owed[r.ID] = true
	}
	var bad []problem.Field
	for _, i := range items {
		wanted := i.Origin == FromReviewer || owed[i.Requirement]
		if wanted && !i.Retired && !i.Optional && !handedIn(i) && i.Supply != Unavailable {
			bad = append(bad, gap(i))
		}
	}
	if err := problem.InvalidFields(bad); err != nil {
		return err
	}
	return ch.nothingInvalid(d, items)
}

// handedIn reports whether an item holds something to review. What was rejected
// and may be changed does not count until it was.
func handedIn(i *Item) bool {
	return i.Supply == Provided && !(i.Review == Rejected && i.Open)
}

// passedOver lists what the policy prefers to something that was provided in its
// place: a lower choice takes a reason why the higher ones can't be had.
func passedOver(reqs []rules.Requirement, items []*Item) []rules.Requirement {
	var out []rules.Requirement
	for _, r := range reqs {
		if r.Kind != rules.Prefer {
			out = append(out, passedOver(r.Children, items)...)
			continue
		}
		for n, c := range r.Children {
			if met, _ := rules.Met([]rules.Requirement{c}, countSlots(items, handedIn)); met {
				out = append(out, rules.Items(r.Children[:n])...)
				break
			}
		}
	}
	return out
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

func gap(i *Item) problem.Field {
	f := problem.Field{Pointer: "/items/" + i.ID, Code: "missing", Message: "Supply this, or say why you can't."}
	if i.Supply == Provided {
		f.Code, f.Message = "rejected", "This was not accepted. Supply it anew, or say that you can't."
	}
	return f
}

// nothingInvalid checks what the customer can still change against the policy's
// expectations; what is unknown passes here and is for the reviewer to settle.
func (ch *change) nothingInvalid(d *rules.Decision, items []*Item) error {
	docs, err := ch.s.loadDocuments(ch.ctx, ch.tx, ch.Case.ID)
	if err != nil {
		return err
	}
	var bad []problem.Field
	for _, i := range items {
		r := requirementOf(d, i)
		if i.Retired || !i.Open || i.Supply != Provided || r == nil {
			continue
		}
		validity, why, err := ch.validity(r, i, readOffOf(currentDocument(docs, i.ID)))
		if err != nil {
			return err
		}
		if validity == rules.Invalid {
			p, _ := problem.As(notValid(why, ch.Case.Locale, nil))
			bad = append(bad, problem.Field{Pointer: "/items/" + i.ID, Code: "not_valid", Message: p.Detail})
		}
	}
	return problem.InvalidFields(bad)
}

// readOffOf are the values that the supplier read off a document, if there is one.
func readOffOf(doc *Document) map[string]any {
	if doc == nil {
		return nil
	}
	return doc.ReadOff.V
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
func (ch *change) startReviewClock(d *rules.Decision) error {
	p, err := ch.Policy()
	if err != nil {
		return err
	}
	calendar, within := p.Calendar(), reviewTime(d)
	due := calendar.After(ch.now, within)
	if left := ch.Case.ReviewLeft; left > 0 {
		due = calendar.Extend(ch.now, left, within.Unit)
	}
	due = due.Truncate(time.Microsecond)
	ch.Case.ReviewDue, ch.Case.ReviewLeft = &due, 0
	ch.Case.CustomerDue, ch.Case.Reminders = nil, 0
	at := ch.now
	ch.Case.SubmittedAt = &at
	return nil
}

// takeAccount makes the case the open one of its account; if another is, this
// one is held back, without a word of it to anybody outside.
func (ch *change) takeAccount() error {
	if ch.Case.Open {
		return nil
	}
	for {
		taken, err := ch.tryAccount()
		if err != nil {
			return err
		}
		if taken {
			ch.Case.Open, ch.Case.Held = true, false
			return nil
		}
		// The case that has the account may be ending this very moment, and must
		// not overlook this one then: wait for it, and look again.
		holders := []string{}
		q := ch.tx.NewSelect().Model((*Case)(nil)).Column("id").Where("c.account_key = ?", ch.Case.AccountKey).Where("c.open = ?", true)
		if err := ch.s.db.ForUpdate(q).Scan(ch.ctx, &holders); err != nil {
			return fmt.Errorf("wait for the open case: %w", err)
		}
		if len(holders) > 0 {
			ch.Case.Open, ch.Case.Held = false, true
			return nil
		}
	}
}

// tryAccount asks the unique index for the account. The savepoint keeps its
// refusal from spoiling the transaction.
func (ch *change) tryAccount() (bool, error) {
	err := ch.s.db.InTx(ch.ctx, func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.NewUpdate().Model((*Case)(nil)).Set("open = ?", true).Where("id = ?", ch.Case.ID).Exec(ctx)
		return err
	})
	if errors.Is(database.Classify(err), database.ErrUnique) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("take account: %w", err)
	}
	return true, nil
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
