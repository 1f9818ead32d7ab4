package cases

import (
	"context"
	"fmt"
	"slices"

	"regain/rules"
)

// verifyItems computes anew what the pinned policy makes of the answers, and
// compares: the items, what was decided about them, and an approval.
func (s *Service) verifyItems(ctx context.Context, a *auditRows) ([]AuditFinding, error) {
	a.findings = nil
	p, err := s.policies.Pinned(ctx, a.Case.PolicyHash)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		a.found("policy_unreadable", "%v", err)
		return a.findings, nil
	}
	d, err := decide(p, a.Case.Answers.V)
	if err != nil {
		a.found("answers_refused", "the pinned policy does not take the case's answers")
		return a.findings, nil //nolint:nilerr // it is a finding
	}
	a.verifyOutcome(&d)
	a.verifySlots(&d)
	a.verifyReviews()
	if a.Case.State == Approved {
		a.verifyApproved(&d)
	}
	return a.findings, nil
}

// verifyOutcome compares what the case's row copies of the decision.
func (a *auditRows) verifyOutcome(d *rules.Decision) {
	fresh := Case{}
	(&change{Case: &fresh}).followDecision(d)
	c := a.Case
	if c.Scenario != fresh.Scenario || c.Outcome != fresh.Outcome || c.ApprovalsNeeded != fresh.ApprovalsNeeded {
		a.found("wrong_outcome", "the row says %q, %q and %d approvals, the policy %q, %q and %d",
			c.Scenario, c.Outcome, c.ApprovalsNeeded, fresh.Scenario, fresh.Outcome, fresh.ApprovalsNeeded)
	}
}

// verifySlots wants one live item for each slot that the policy asks for, and no
// others but those that reviewers asked for.
func (a *auditRows) verifySlots(d *rules.Decision) {
	wanted := map[string]slot{}
	for _, w := range wantedSlots(d) {
		wanted[slotName(w.requirement.ID, w.number)] = w
	}
	for _, i := range a.items {
		if i.Retired || i.Origin != FromPolicy {
			continue
		}
		name := slotName(i.Requirement, i.Slot)
		w, ok := wanted[name]
		delete(wanted, name)
		switch {
		case !ok:
			a.found("item_not_asked", "the policy does not ask for %s", name)
		case !w.holds(i) || i.Optional != w.optional() || !slices.Equal(i.Suppliers.V, suppliers(w.requirement)):
			a.found("item_differs", "the item %s is not as the policy asks for it", name)
		}
	}
	for name := range wanted {
		a.found("item_missing", "the policy asks for %s, for which there is no item", name)
	}
}

func slotName(requirement string, number int) string {
	return fmt.Sprintf("%s %d", requirement, number)
}

// verifyReviews wants the newest decision about an item to be what the item says,
// and an accepted document to be the very one that was accepted.
func (a *auditRows) verifyReviews() {
	newest := map[string]*ItemDecision{}
	for _, d := range a.itemDecisions {
		newest[d.ItemID] = d
	}
	for _, i := range a.items {
		if i.Review == Pending {
			continue
		}
		switch d, doc := newest[i.ID], currentDocument(a.documents, i.ID); {
		case d == nil || d.Verdict != i.Review:
			a.found("review_without_decision", "the item %s is %s, which nobody decided last", i.ID, i.Review)
		case i.Review == Accepted && i.Supply != Provided:
			a.found("accepted_nothing", "the item %s is accepted and holds nothing", i.ID)
		case i.Review == Accepted && i.Kind == rules.Document && (doc == nil || doc.ID != d.DocumentID):
			a.found("accepted_another", "the item %s holds another document than the one that was accepted", i.ID)
		}
	}
}

// verifyApproved wants everything that the policy and the reviewers asked for to be
// settled, and as many approvals as were needed, each by another person.
func (a *auditRows) verifyApproved(d *rules.Decision) {
	if met, unmet := rules.Met(d.Requirements, countSlots(a.items, settled)); !met {
		for _, r := range rules.Items(unmet) {
			a.found("approved_unsettled", "the case is approved, and %s is neither accepted nor waived", r.ID)
		}
	}
	for _, i := range a.items {
		if i.Origin == FromReviewer && !i.Retired && !i.Optional && !settled(i) {
			a.found("approved_unsettled", "the case is approved, and the item %s is neither accepted nor waived", i.ID)
		}
	}
	approvers := map[string]bool{}
	for _, dec := range a.decisions {
		if dec.Verdict == Approved && dec.Round == a.Case.Round && !dec.Void {
			approvers[dec.StaffID] = true
		}
	}
	if len(approvers) < a.Case.ApprovalsNeeded {
		a.found("approvals_missing", "%d people approved the case, which needs %d", len(approvers), a.Case.ApprovalsNeeded)
	}
}
