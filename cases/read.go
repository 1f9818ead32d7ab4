package cases

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"regain/database"
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
	if err := s.admitReader(ctx, actor, c); err != nil {
		return nil, err
	}
	return c, nil
}

// admitReader lets those through who may see the case.
func (s *Service) admitReader(ctx context.Context, actor Actor, c *Case) error {
	if actor.Kind == Partner {
		_, err := s.activeInvitation(ctx, s.db.From(ctx), actor.ID, c.ID)
		return err
	}
	return actor.mayRead(c)
}

// PolicyOf is the policy that the case is pinned to.
func (s *Service) PolicyOf(ctx context.Context, c *Case) (*rules.Policy, error) {
	return s.policies.Pinned(ctx, c.PolicyHash)
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
	Judged      []*ItemDecision          // all decisions about items, oldest first
	Decisions   []*CaseDecision
	Invitations []*Invitation
	// Ahead is how many cases are due for review before this one, MostAhead at most;
	// -1 when it does not wait for review.
	Ahead int
	// Signals are for staff: what the case has in common with others, and what is blocked.
	Signals []Signal
	// Tags are for staff, too: as they are called today, by name.
	Tags []*Tag
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
	d, err := s.readWhole(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.admitReader(ctx, actor, d.Case); err != nil {
		return nil, err
	}
	if d.Policy, err = s.policies.Pinned(ctx, d.Case.PolicyHash); err != nil {
		return nil, err
	}
	if d.Decision, err = decide(d.Policy, d.Case.Answers.V); err != nil {
		return nil, err
	}
	d.Items = inPolicyOrder(d.Items, &d.Decision)
	if actor.Kind == Staff {
		if d.Signals, err = s.signals(ctx, d); err != nil {
			return nil, err
		}
		tags, err := s.TagsOf(ctx, d.Case)
		if err != nil {
			return nil, err
		}
		d.Tags = tags[d.Case.ID]
	}
	if d.Case.State == Submitted && d.Case.ReviewDue != nil {
		d.Ahead, err = s.ahead(ctx, d.Case)
	}
	return d, err
}

// whole is a case with all that hangs on it, as it is read.
type whole struct {
	id       string
	found    []*Case
	rest     Details
	foreseen *database.Foreseen
}

func (w *whole) lists() []database.List {
	return []database.List{
		database.ListOf(&w.found, "c.id = ?", w.id),
		database.ListOf(&w.rest.Items, "i.case_id = ?", w.id),
		database.ListOf(&w.rest.Documents, "d.case_id = ?", w.id),
		database.ListOf(&w.rest.Judged, "idec.case_id = ?", w.id),
		database.ListOf(&w.rest.Decisions, "cdec.case_id = ?", w.id),
		database.ListOf(&w.rest.Invitations, "inv.case_id = ?", w.id),
	}
}

type foreseenKey struct{}

// Foresee lets the case with the id be read by the query that finds out who calls: for
// calls that then read it whole, once, unless the caller is refused.
func (s *Service) Foresee(ctx context.Context, id string) context.Context {
	w := &whole{id: id}
	ctx, w.foreseen = database.Foresee(ctx, w.lists()...)
	return context.WithValue(ctx, foreseenKey{}, w)
}

// readWhole reads the case and all that hangs on it in one round trip, oldest first, or
// in none when that was foreseen. Error: case_not_found.
func (s *Service) readWhole(ctx context.Context, id string) (*Details, error) {
	w, _ := ctx.Value(foreseenKey{}).(*whole)
	if w == nil || w.id != id || !w.foreseen.Take() {
		w = &whole{id: id}
		if err := s.db.ReadTogether(ctx, s.db.From(ctx), w.lists()...); err != nil {
			return nil, fmt.Errorf("read case: %w", err)
		}
	}
	if len(w.found) == 0 {
		return nil, errNotFound()
	}
	d := &w.rest
	d.Case, d.Ahead = w.found[0], -1
	oldestFirst(d.Items, func(i *Item) (time.Time, string) { return i.CreatedAt, i.ID })
	oldestFirst(d.Documents, func(d *Document) (time.Time, string) { return d.CreatedAt, d.ID })
	byTime(d.Judged)
	oldestFirst(d.Decisions, func(v *CaseDecision) (time.Time, string) { return v.DecidedAt, v.ID })
	oldestFirst(d.Invitations, func(i *Invitation) (time.Time, string) { return time.Time{}, i.ID })
	d.ItemDecided = make(map[string]*ItemDecision, len(d.Judged))
	for _, j := range d.Judged {
		d.ItemDecided[j.ItemID] = j
	}
	return d, nil
}

// byTime sorts decisions about items, oldest first.
func byTime(judged []*ItemDecision) {
	oldestFirst(judged, func(j *ItemDecision) (time.Time, string) { return j.DecidedAt, j.ID })
}

func oldestFirst[T any](list []*T, key func(*T) (time.Time, string)) {
	slices.SortFunc(list, func(a, b *T) int {
		at, id := key(a)
		otherAt, otherID := key(b)
		return cmp.Or(at.Compare(otherAt), strings.Compare(id, otherID))
	})
}

// MostAhead is as far as Details count the cases before one: whoever waits behind so
// many needs no exact number, and counting on would take longer the more there are.
const MostAhead = 200

// ahead counts the waiting cases that are due before this one, up to MostAhead. Cases
// held back count as if they were not, so that the number tells nothing of them.
func (s *Service) ahead(ctx context.Context, c *Case) (int, error) {
	before := s.db.From(ctx).NewSelect().Model((*Case)(nil)).ColumnExpr("1").
		Where("c.lane = ?", laneReview).Where("c.claimed_by = ''").Where("c.snoozed_until IS NULL").
		Where("(c.queue_at, c.id) < (?, ?)", *c.ReviewDue, c.ID).Limit(MostAhead)
	var n int
	if err := s.db.From(ctx).NewSelect().ColumnExpr("count(*)").TableExpr("(?) AS before", before).Scan(ctx, &n); err != nil {
		return 0, fmt.Errorf("count cases ahead: %w", err)
	}
	return n, nil
}

// inPolicyOrder lists live items as the policy lists them, then what reviewers
// asked beyond it.
func inPolicyOrder(items []*Item, d *rules.Decision) []*Item {
	out := make([]*Item, 0, len(items))
	rules.EachItem(d.Requirements, func(r *rules.Requirement) {
		for n := 1; n <= r.Slots(); n++ {
			for _, i := range items {
				if !i.Retired && i.Requirement == r.ID && i.Slot == n {
					out = append(out, i)
				}
			}
		}
	})
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

// Unsettled are the items that stand in the way of an approval: asked for, and neither
// accepted nor waived.
func (d *Details) Unsettled() []*Item {
	open, _ := unsettled(d.Items, &d.Decision)
	return open
}

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
	if err := s.mayReadEvents(ctx, actor, caseID); err != nil {
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

// Empty says whether there is no case at all.
func (s *Service) Empty(ctx context.Context) (bool, error) {
	found, err := s.db.From(ctx).NewSelect().Model((*Case)(nil)).Limit(1).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for a case: %w", err)
	}
	return !found, nil
}

func (s *Service) mayReadEvents(ctx context.Context, actor Actor, caseID string) error {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return problem.New(problem.Forbidden, "role_required", "The timeline is for those who review or audit cases.")
	}
	_, err := s.Case(ctx, actor, caseID)
	return err
}
