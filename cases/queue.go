package cases

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"regain/problem"
)

// View is one of the lists that reviewers work through.
type View string

// The views of the queue, each sorted by when the review is due.
const (
	ViewMine           View = "mine"            // claimed by the reader
	ViewUnassigned     View = "unassigned"      // waiting, claimed by nobody
	ViewDueSoon        View = "due_soon"        // waiting or in review, due within a day, or late
	ViewOverdue        View = "overdue"         // waiting or in review, late
	ViewWaiting        View = "waiting"         // with the customer
	ViewSecondApproval View = "second_approval" // waiting for another approval
	ViewAppeals        View = "appeals"
	ViewHeld           View = "held" // competing claims that wait for another case to end
	ViewEnded          View = "ended"
	ViewAll            View = "all"
)

// Views are all of them, in the order in which a reader meets them.
func Views() []View {
	return []View{ViewMine, ViewUnassigned, ViewDueSoon, ViewOverdue, ViewSecondApproval, ViewAppeals, ViewWaiting, ViewHeld, ViewEnded, ViewAll}
}

// counted are the views of work to be done, which are worth a number.
func counted() []View { return slices.DeleteFunc(Views(), View.record) }

// record says that a view is of what was rather than of what is to do.
func (v View) record() bool { return v == ViewEnded || v == ViewAll }

// QueueQuery asks for a page of a view.
type QueueQuery struct {
	View View
	// After is where the previous page ended: its last case's key. Zero starts.
	After QueueKey
	// Before is where the next page began, for the page before it; then After is zero.
	Before QueueKey
	Limit  int // 1 to 100
}

// QueueKey is a case's place in a view.
type QueueKey struct {
	At time.Time `json:"at"`
	ID string    `json:"id"`
}

// errQueueRole keeps those out who neither review nor audit.
func errQueueRole() error {
	return problem.New(problem.Forbidden, "role_required", "The queue is for those who review or audit cases.")
}

// Queue lists cases for staff, by keyset: a page costs the same wherever it
// lies, because each view has an index with its conditions (migration 0005). Held claims are shown in their own view, and in that of all cases.
// Errors: role_required, invalid_fields for an unknown view.
func (s *Service) Queue(ctx context.Context, actor Actor, in QueueQuery) ([]*Case, error) {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return nil, errQueueRole()
	}
	if in.View == "" {
		in.View = ViewUnassigned
	}
	if !slices.Contains(Views(), in.View) {
		return nil, problem.InvalidFields([]problem.Field{{Pointer: "/view", Code: "not_a_choice", Message: "There is no such view."}})
	}
	out := []*Case{}
	column := in.View.column()
	q := s.inView(s.db.From(ctx).NewSelect().Model(&out), in.View, actor).Limit(int64(min(max(in.Limit, 1), 100)))
	switch {
	case in.Before.ID != "":
		q = q.Where("(c."+column+", c.id) < (?, ?)", in.Before.At, in.Before.ID).Order("c."+column+" DESC", "c.id DESC")
	case in.After.ID != "":
		q = q.Where("(c."+column+", c.id) > (?, ?)", in.After.At, in.After.ID).Order("c."+column, "c.id")
	default:
		q = q.Order("c."+column, "c.id")
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("read queue: %w", err)
	}
	if in.Before.ID != "" {
		slices.Reverse(out)
	}
	return out, nil
}

// inView keeps the cases of a view, in the words of its index.
func (s *Service) inView(q *bun.SelectQuery, view View, actor Actor) *bun.SelectQuery {
	unheld := func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("c.held = ?", false) }
	active := func() *bun.SelectQuery { return unheld(q.Where("c.state IN (?, ?)", Submitted, InReview)) }
	switch view {
	case ViewMine:
		return q.Where("c.claimed_by = ?", actor.ID).Where("c.claimed_by <> ''").Where("c.state = ?", InReview)
	case ViewUnassigned:
		return unheld(q.Where("c.state = ?", Submitted))
	case ViewDueSoon:
		return active().Where("c.review_due <= ?", s.now().Add(24*time.Hour))
	case ViewOverdue:
		return active().Where("c.review_due <= ?", s.now())
	case ViewWaiting:
		return q.Where("c.state = ?", MaterialsRequested)
	case ViewSecondApproval:
		return unheld(q.Where("c.state = ?", Submitted)).
			Where("EXISTS (SELECT 1 FROM decisions a WHERE a.case_id = c.id AND a.round = c.round AND a.verdict = ? AND a.void = ?)", Approved, false)
	case ViewAppeals:
		return active().Where("c.round > 1")
	case ViewHeld:
		return q.Where("c.held = ?", true)
	case ViewEnded:
		return q.Where("c.state IN (?, ?, ?, ?)", Approved, Denied, Withdrawn, Expired).Where("c.filed_at IS NOT NULL")
	}
	return q.Where("c.filed_at IS NOT NULL")
}

// column is what a view is sorted by.
func (v View) column() string {
	switch v {
	case ViewWaiting:
		return "customer_due"
	case ViewEnded:
		return "ended_at"
	case ViewAll:
		return "created_at"
	}
	return "review_due"
}

// Key is the case's place in the view, to ask for the page after it.
func (v View) Key(c *Case) QueueKey {
	at := &c.CreatedAt
	switch v.column() {
	case "customer_due":
		at = c.CustomerDue
	case "ended_at":
		at = c.EndedAt
	case "review_due":
		at = c.ReviewDue
	}
	if at == nil {
		return QueueKey{ID: c.ID}
	}
	return QueueKey{At: *at, ID: c.ID}
}

// MostCounted is as far as QueueCounts counts: nobody works through more, and counting
// on would take longer the more there are.
const MostCounted = 1000

// QueueCounts says how many cases are in each view of work to be done, MostCounted at
// most. Error: role_required.
func (s *Service) QueueCounts(ctx context.Context, actor Actor) (map[View]int, error) {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return nil, errQueueRole()
	}
	db := s.db.From(ctx)
	q := db.NewSelect()
	counts := make([]int, len(counted()))
	into := make([]any, len(counts))
	for n, view := range counted() {
		listed := s.inView(db.NewSelect().Model((*Case)(nil)).ColumnExpr("1"), view, actor).Limit(MostCounted)
		q = q.ColumnExpr("(SELECT count(*) FROM (?) AS listed)", listed)
		into[n] = &counts[n]
	}
	if err := q.Scan(ctx, into...); err != nil {
		return nil, fmt.Errorf("count the queue: %w", err)
	}
	out := make(map[View]int, len(counts))
	for n, view := range counted() {
		out[view] = counts[n]
	}
	return out, nil
}

// nextBatch is how many waiting cases ClaimNext looks at, a batch at a time;
// mostPassed is how many it passes over before it gives up.
const (
	nextBatch  = 20
	mostPassed = 200
)

// ClaimNext claims the waiting case that is due first and that the actor may work on:
// one that others were faster to claim, or that the actor has a part in, is passed
// over. Errors: role_required, queue_empty.
func (s *Service) ClaimNext(ctx context.Context, actor Actor) (*Case, error) {
	if !actor.Reviews() {
		return nil, problem.New(problem.Forbidden, "role_required", "This takes the role of a reviewer or a lead.")
	}
	query := QueueQuery{View: ViewUnassigned, Limit: nextBatch}
	for passed := 0; passed < mostPassed; passed += nextBatch {
		waiting, err := s.Queue(ctx, actor, query)
		if err != nil {
			return nil, err
		}
		for _, c := range waiting {
			claimed, err := s.Claim(ctx, actor, c.ID, 0)
			if _, refused := problem.As(err); refused {
				continue
			}
			return claimed, err
		}
		if len(waiting) < nextBatch {
			break
		}
		query.After = query.View.Key(waiting[len(waiting)-1])
	}
	return nil, problem.New(problem.NotFound, "queue_empty", "No case waits that you could take.")
}
