package cases

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
	"regain/rules"
)

// ReasonCode says why something was not accepted, for statistics and for the
// customer's language.
type ReasonCode string

// ReasonCodes lists the reasons that a reviewer may give, in the order in which
// a form should show them.
func ReasonCodes() []ReasonCode {
	return []ReasonCode{
		"unreadable", "incomplete", "wrong_document", "does_not_match", "out_of_date",
		"not_sealed_or_signed", "not_masked", "altered", "not_proven", "other",
	}
}

// ItemDecision is what a reviewer decided about one item. It is never changed.
type ItemDecision struct {
	bun.BaseModel `bun:"table:item_decisions,alias:idec"`

	ID         string `bun:"id,pk"`
	CaseID     string `bun:"case_id"`
	ItemID     string `bun:"item_id"`
	DocumentID string `bun:"document_id"` // empty for a statement
	Round      int    `bun:"round"`
	Verdict    Review `bun:"verdict"`

	ReasonCode    ReasonCode `bun:"reason_code"`
	WordsCustomer string     `bun:"words_customer"`
	WordsStaff    string     `bun:"words_staff"`
	// Checks are the ids that were ticked; FallbackReason says why a lower
	// preference among them was good enough.
	Checks         database.JSON[[]string]       `bun:"checks"`
	FallbackReason string                        `bun:"fallback_reason"`
	ReadOff        database.JSON[map[string]any] `bun:"read_off"`
	StaffID        string                        `bun:"staff_id"`
	DecidedAt      time.Time                     `bun:"decided_at"`
	// Former is how the item stood before; empty in decisions from before that was kept.
	Former Review `bun:"former"`
	// Undoes is the decision that this one takes back.
	Undoes string `bun:"undoes"`
}

// Judgement is a reviewer's decision on an item.
type Judgement struct {
	Accept         bool
	ReasonCode     ReasonCode // needed to reject, and to waive
	WordsCustomer  string     // needed to reject: what to do, in the customer's language
	WordsStaff     string
	Checks         []string // the ids of the checks that are fulfilled
	FallbackReason string
	ReadOff        map[string]any
}

// Judge accepts or rejects an item of the case that the reviewer holds. Errors:
// not_claimed, nothing_supplied, invalid_fields (a missing check, reason or
// value), not_valid.
func (s *Service) Judge(ctx context.Context, actor Actor, caseID, itemID string, version int64, in Judgement) (*Case, error) {
	in, bad := in.clean()
	if err := problem.InvalidFields(bad); err != nil {
		return nil, err
	}
	return s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		if _, err := ch.permit(actJudge); err != nil {
			return err
		}
		i, err := ch.item(itemID)
		if err != nil {
			return err
		}
		if i.Supply != Provided {
			return problem.New(problem.Conflict, "nothing_supplied", "There is nothing to decide on: ask for it, or have it waived.")
		}
		dec, err := ch.judge(i, in)
		if err != nil {
			return err
		}
		return ch.do(actJudge, Facts{"item": i.ID, "document": dec.DocumentID, "decision": dec.ID, "verdict": dec.Verdict, "reason": dec.ReasonCode})
	})
}

// judge writes the decision and its effect on the item.
func (ch *change) judge(i *Item, in Judgement) (*ItemDecision, error) {
	docs, err := ch.s.loadDocuments(ch.ctx, ch.tx, ch.Case.ID)
	if err != nil {
		return nil, err
	}
	doc := currentDocument(docs, i.ID)
	dec := &ItemDecision{
		ID: ch.s.opt.IDs(), CaseID: ch.Case.ID, ItemID: i.ID, Round: ch.Case.Round, Verdict: Rejected, Former: i.Review,
		ReasonCode: in.ReasonCode, WordsCustomer: in.WordsCustomer, WordsStaff: in.WordsStaff,
		FallbackReason: in.FallbackReason, StaffID: ch.actor.ID, DecidedAt: ch.now,
	}
	dec.Checks.V = distinct(in.Checks)
	if doc != nil {
		dec.DocumentID = doc.ID
	}
	if in.Accept {
		dec.Verdict = Accepted
	}
	if dec.ReadOff.V, err = ch.examine(i, doc, in); err != nil {
		return nil, err
	}
	if err := ch.saveItemDecision(dec); err != nil {
		return nil, err
	}
	if settled(i) && dec.Verdict == Rejected {
		if err := ch.voidApprovals(); err != nil {
			return nil, err
		}
	}
	i.Review = dec.Verdict
	return dec, ch.saveItem(i)
}

func (ch *change) saveItemDecision(dec *ItemDecision) error {
	if _, err := ch.tx.NewInsert().Model(dec).Exec(ch.ctx); err != nil {
		return fmt.Errorf("write item decision: %w", err)
	}
	return nil
}

// distinct are the ids sorted, each once; never nil.
func distinct(ids []string) []string {
	sorted := slices.Sorted(slices.Values(ids))
	return append([]string{}, slices.Compact(sorted)...)
}

// examine checks the judgement against what the policy wants of it, and returns
// the values that the reviewer read off. To accept, all has to be confirmed that
// the policy wants confirmed, and the item known to be valid.
func (ch *change) examine(i *Item, doc *Document, in Judgement) (map[string]any, error) {
	r, err := ch.requirement(i)
	if err != nil {
		return nil, err
	}
	if r == nil {
		r = &rules.Requirement{} // asked in free text: nothing to check it by
	}
	p, err := ch.Policy()
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	maps.Copy(values, readOffOf(doc))
	maps.Copy(values, in.ReadOff)
	values, bad := p.ParseReadOff(*r, values)
	if in.Accept {
		bad = append(bad, notReadOff(r.ReadOff, values)...)
	}
	if err := problem.InvalidFields(problem.At("/read_off", bad)); err != nil {
		return nil, err
	}
	if err := checksConfirmed(r.Checks, in); err != nil {
		return nil, err
	}
	if !in.Accept {
		return values, nil
	}
	validity, why, err := ch.validity(r, i, values)
	switch {
	case err != nil:
		return nil, err
	case validity == rules.Invalid:
		var base *string
		if i.Kind == rules.Document { // a statement's fields are not the reviewer's
			base = new("/read_off")
		}
		return nil, notValid(why, ch.Case.Locale, base)
	case validity == rules.Unknown:
		return nil, problem.New(problem.Conflict, "validity_unknown",
			"The policy judges this by something that is not known here, such as the account's data. Somebody else can waive it.")
	}
	return values, nil
}

// notReadOff names the values that a document has to show and nobody read off.
func notReadOff(wanted []rules.ReadOff, values map[string]any) []problem.Field {
	var bad []problem.Field
	for _, v := range wanted {
		if _, there := values[v.ID]; !there && !v.Optional {
			bad = append(bad, problem.Field{Pointer: "/" + v.ID, Code: "required", Message: "Read this off the document, or reject it."})
		}
	}
	return bad
}

// checksConfirmed refuses checks that the item does not have. To accept, it names
// each that is not ticked, and wants a reason where only a lower preference is met.
func checksConfirmed(nodes []rules.CheckNode, in Judgement) error {
	ticked := map[string]bool{}
	for _, id := range in.Checks {
		ticked[id] = true
	}
	known := map[string]bool{}
	for _, c := range rules.Leaves(nodes) {
		known[c.ID] = true
	}
	var bad []problem.Field
	for n, id := range in.Checks {
		if !known[id] {
			bad = append(bad, problem.Field{Pointer: fmt.Sprintf("/checks/%d", n), Code: "unknown_check", Message: "This item has no such check."})
		}
	}
	if !in.Accept {
		return problem.InvalidFields(bad)
	}
	ok, fallback, missing := rules.Satisfied(nodes, ticked)
	if !ok {
		for _, id := range missing {
			bad = append(bad, problem.Field{Pointer: "/checks", Code: "check_missing", Message: "Confirm this check, or reject the item: " + id})
		}
	}
	if ok && fallback && in.FallbackReason == "" {
		bad = append(bad, problem.Field{Pointer: "/fallback_reason", Code: "required", Message: "Only a lower preference of the checks is met. Say why that is good enough."})
	}
	return problem.InvalidFields(bad)
}

// clean trims the judgement and checks what does not depend on the case.
func (j Judgement) clean() (Judgement, []problem.Field) {
	var bad []problem.Field
	j.WordsCustomer = strings.TrimSpace(j.WordsCustomer)
	j.WordsStaff = strings.TrimSpace(j.WordsStaff)
	j.FallbackReason = strings.TrimSpace(j.FallbackReason)
	need := 0
	if j.Accept {
		j.ReasonCode = "" // a reason not to accept
	} else {
		need = 3
		bad = append(bad, checkReason("/reason_code", j.ReasonCode)...)
	}
	for _, t := range []struct {
		pointer, text string
		low           int
	}{
		{"/words_customer", j.WordsCustomer, need}, {"/words_staff", j.WordsStaff, 0}, {"/fallback_reason", j.FallbackReason, 0},
	} {
		if f := problem.CheckText(t.pointer, t.text, t.low, maxWords, problem.ManyLines); f != nil {
			bad = append(bad, *f)
		}
	}
	return j, bad
}

func checkReason(pointer string, code ReasonCode) []problem.Field {
	if slices.Contains(ReasonCodes(), code) {
		return nil
	}
	var names []string
	for _, known := range ReasonCodes() {
		names = append(names, string(known))
	}
	return []problem.Field{{Pointer: pointer, Code: "not_a_choice", Message: "Choose one of the reasons: " + strings.Join(names, ", ") + "."}}
}

// everythingAccepted guards approval: every requirement is accepted, or waived
// by a person other than the one who approves.
func everythingAccepted(ch *change) error {
	items, err := ch.Items()
	if err != nil {
		return err
	}
	d, err := ch.Decision()
	if err != nil {
		return err
	}
	open, met := unsettled(items, d)
	var bad []problem.Field
	for _, i := range open {
		bad = append(bad, problem.Field{Pointer: "/items/" + i.ID, Code: "not_accepted", Message: "This item is neither accepted nor waived."})
	}
	if err := problem.InvalidFields(bad); err != nil {
		return err
	}
	if !met {
		return problem.New(problem.Conflict, "not_accepted", "Something that the policy asks for is neither accepted nor waived.")
	}
	return ch.waivedByOthers(items)
}

// unsettled are the items that stand in the way of an approval, and whether all that
// the policy asks for is met.
func unsettled(items []*Item, d *rules.Decision) (open []*Item, met bool) {
	owed := map[string]bool{}
	met, unmet := rules.Met(d.Requirements, countSlots(items, settled))
	for _, r := range rules.Items(unmet) {
		owed[r.ID] = true
	}
	for _, i := range items {
		wanted := i.Origin == FromReviewer || owed[i.Requirement]
		if wanted && !i.Retired && !i.Optional && !settled(i) {
			open = append(open, i)
		}
	}
	return open, met
}

// settled reports whether nothing is left to decide about an item.
func settled(i *Item) bool { return i.Review == Accepted || i.Review == Waived }

// Waive lets an item go that the customer can't provide, or that the reviewers
// can do without: recorded with a reason by a person who does not hold the case
// and will not approve it. Errors: second_person_required, item_accepted,
// item_waived, invalid_fields.
func (s *Service) Waive(ctx context.Context, actor Actor, caseID, itemID string, version int64, reason string) (*Case, error) {
	reason = strings.TrimSpace(reason)
	if f := problem.CheckText("/reason", reason, 3, maxWords, problem.ManyLines); f != nil {
		return nil, problem.InvalidFields([]problem.Field{*f})
	}
	return s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		if _, err := ch.permit(actWaive); err != nil {
			return err
		}
		i, err := ch.item(itemID)
		if err != nil {
			return err
		}
		switch i.Review {
		case Accepted:
			return problem.New(problem.Conflict, "item_accepted", "This item is accepted; there is nothing to waive.")
		case Waived:
			return problem.New(problem.Conflict, "item_waived", "This item is waived already.")
		}
		dec := &ItemDecision{
			ID: s.opt.IDs(), CaseID: ch.Case.ID, ItemID: i.ID, Round: ch.Case.Round, Verdict: Waived, Former: i.Review,
			WordsStaff: reason, StaffID: actor.ID, DecidedAt: ch.now,
		}
		dec.Checks.V = []string{}
		if err := ch.saveItemDecision(dec); err != nil {
			return err
		}
		i.Review = Waived
		if err := ch.saveItem(i); err != nil {
			return err
		}
		return ch.do(actWaive, Facts{"item": i.ID, "decision": dec.ID})
	})
}

// waivedByOthers wants every waiver to be somebody else's than the approver's.
func (ch *change) waivedByOthers(items []*Item) error {
	var waived []string
	for _, i := range items {
		if !i.Retired && i.Review == Waived {
			waived = append(waived, i.ID)
		}
	}
	if len(waived) == 0 {
		return nil
	}
	n, err := ch.tx.NewSelect().Model((*ItemDecision)(nil)).
		Where("idec.item_id IN (?)", bun.List(waived)).Where("idec.verdict = ?", Waived).
		Where("idec.undoes = ''").Where("idec.staff_id = ?", ch.actor.ID).Count(ch.ctx)
	if err != nil {
		return fmt.Errorf("read waivers: %w", err)
	}
	if n > 0 {
		return problem.New(problem.Conflict, "second_person_required", "You waived an item of this case. Somebody else has to approve it.")
	}
	return nil
}
