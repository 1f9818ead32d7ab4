package cases

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"regain/problem"
	"regain/rules"
)

// Case reads one case for somebody who may see it. Error: case_not_found, the
// same for absent cases and for those that are not the actor's.
func (s *Service) Case(ctx context.Context, actor Actor, id string) (*Case, error) {
	c := new(Case)
	err := s.db.From(ctx).NewSelect().Model(c).Where("c.id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNotFound()
	}
	if err != nil {
		return nil, fmt.Errorf("read case: %w", err)
	}
	if actor.Kind == Partner {
		_, err = s.activeInvitation(ctx, s.db.From(ctx), actor.ID, id)
	} else {
		err = actor.mayRead(c)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// ByReference finds a case for staff, who are told its reference on the phone.
// Error: case_not_found.
func (s *Service) ByReference(ctx context.Context, actor Actor, reference string) (*Case, error) {
	if actor.Kind != Staff {
		return nil, errNotFound()
	}
	c, err := s.byReference(ctx, NormalizeReference(reference))
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, errNotFound()
	}
	if err := actor.mayRead(c); err != nil {
		return nil, err
	}
	return c, nil
}

// Details are a case with all that a page or an API view shows of it. What a
// given reader may see of them is decided by View methods of the API.
type Details struct {
	Case        *Case
	Policy      *rules.Policy
	Decision    rules.Decision
	Items       []*Item // live ones, in the policy's order
	Documents   []*Document
	ItemDecided map[string]*ItemDecision // the newest decision of each item
	Decisions   []*CaseDecision
	Invitations []*Invitation
	// Ahead is how many cases are due for review before this one; -1 when it
	// does not wait for review.
	Ahead int
}

// Details reads a case whole, for its customer and for staff; partners have
// Owed. Errors: case_not_found.
func (s *Service) Details(ctx context.Context, actor Actor, id string) (*Details, error) {
	if actor.Kind == Partner {
		return nil, errNotFound()
	}
	return s.details(ctx, actor, id)
}

func (s *Service) details(ctx context.Context, actor Actor, id string) (*Details, error) {
	c, err := s.Case(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	d := &Details{Case: c, Ahead: -1, ItemDecided: map[string]*ItemDecision{}}
	if d.Policy, err = s.policies.Pinned(ctx, c.PolicyHash); err != nil {
		return nil, err
	}
	if d.Decision, err = decide(d.Policy, c.Answers.V); err != nil {
		return nil, err
	}
	db := s.db.From(ctx)
	items, err := s.loadItems(ctx, db, id)
	if err != nil {
		return nil, err
	}
	d.Items = inPolicyOrder(items, &d.Decision)
	if d.Documents, err = s.loadDocuments(ctx, db, id); err != nil {
		return nil, err
	}
	if err := s.loadDecisions(ctx, d); err != nil {
		return nil, err
	}
	if c.State == Submitted && c.ReviewDue != nil {
		d.Ahead, err = s.ahead(ctx, c)
	}
	return d, err
}

func (s *Service) loadDecisions(ctx context.Context, d *Details) error {
	db, id := s.db.From(ctx), d.Case.ID
	judged := []*ItemDecision{}
	if err := db.NewSelect().Model(&judged).Where("idec.case_id = ?", id).Order("idec.decided_at", "idec.id").Scan(ctx); err != nil {
		return fmt.Errorf("read item decisions: %w", err)
	}
	for _, j := range judged {
		d.ItemDecided[j.ItemID] = j
	}
	d.Decisions = []*CaseDecision{}
	if err := db.NewSelect().Model(&d.Decisions).Where("cdec.case_id = ?", id).Order("cdec.decided_at", "cdec.id").Scan(ctx); err != nil {
		return fmt.Errorf("read decisions: %w", err)
	}
	d.Invitations = []*Invitation{}
	if err := db.NewSelect().Model(&d.Invitations).Where("inv.case_id = ?", id).Order("inv.id").Scan(ctx); err != nil {
		return fmt.Errorf("read invitations: %w", err)
	}
	return nil
}

// ahead counts the waiting cases that are due before this one. Cases held back
// count as if they were not, so that the number tells nothing of them.
func (s *Service) ahead(ctx context.Context, c *Case) (int, error) {
	n, err := s.db.From(ctx).NewSelect().Model((*Case)(nil)).
		Where("c.state = ?", Submitted).Where("c.held = ?", false).
		Where("(c.review_due, c.id) < (?, ?)", *c.ReviewDue, c.ID).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count cases ahead: %w", err)
	}
	return int(n), nil
}

// inPolicyOrder lists live items as the policy lists them, then what reviewers
// asked beyond it.
func inPolicyOrder(items []*Item, d *rules.Decision) []*Item {
	out := make([]*Item, 0, len(items))
	for _, r := range rules.Items(d.Requirements) {
		for n := 1; n <= r.Slots(); n++ {
			for _, i := range items {
				if !i.Retired && i.Requirement == r.ID && i.Slot == n {
					out = append(out, i)
				}
			}
		}
	}
	for _, i := range items {
		if !i.Retired && i.Origin == FromReviewer {
			out = append(out, i)
		}
	}
	return out
}

// Requirement is the item's requirement under the pinned policy; nil for what a
// reviewer asked for.
func (d *Details) Requirement(i *Item) *rules.Requirement { return requirementOf(&d.Decision, i) }

// Current is the item's current document, or nil.
func (d *Details) Current(i *Item) *Document { return currentDocument(d.Documents, i.ID) }

// Owed is all that a reseller or partner sees of a case: what they owe to it.
type Owed struct {
	Invitation *Invitation
	Case       *Case // for reference, account and deadline alone
	Policy     *rules.Policy
	Decision   rules.Decision
	Items      []*Item
	Documents  []*Document // those that they supplied
	// Decided are the newest decisions about the items.
	Decided map[string]*ItemDecision
}

// Requirement is the item's requirement under the pinned policy; nil for what a
// reviewer asked for.
func (o *Owed) Requirement(i *Item) *rules.Requirement { return requirementOf(&o.Decision, i) }

// Owed reads what the partner owes. Error: case_not_found when the invitation
// does not stand any more.
func (s *Service) Owed(ctx context.Context, actor Actor) (*Owed, error) {
	if actor.Kind != Partner {
		return nil, errNotFound()
	}
	inv, err := s.activeInvitation(ctx, s.db.From(ctx), actor.ID, "")
	if err != nil {
		return nil, err
	}
	d, err := s.details(ctx, actor, inv.CaseID)
	if err != nil {
		return nil, err
	}
	out := &Owed{Invitation: inv, Case: d.Case, Policy: d.Policy, Decision: d.Decision, Decided: d.ItemDecided}
	for _, i := range d.Items {
		if i.SuppliedBy(inv.Supplier) {
			out.Items = append(out.Items, i)
		}
	}
	for _, doc := range d.Documents {
		if doc.ActorKind == Partner && doc.ActorID == actor.ID {
			out.Documents = append(out.Documents, doc)
		}
	}
	return out, nil
}

// Events lists the case's chain, oldest first, from after the sequence number.
// For staff; customers see the state and the messages.
func (s *Service) Events(ctx context.Context, actor Actor, caseID string, after int64, limit int) ([]*Event, error) {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return nil, problem.New(problem.Forbidden, "role_required", "The timeline is for those who review or audit cases.")
	}
	if _, err := s.Case(ctx, actor, caseID); err != nil {
		return nil, err
	}
	out := []*Event{}
	err := s.db.From(ctx).NewSelect().Model(&out).Where("e.case_id = ?", caseID).Where("e.seq > ?", after).
		Order("e.seq").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return out, nil
}
