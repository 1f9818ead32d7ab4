package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/problem"
)

// View is one of the lists that reviewers work through.
type View string

// The views of the queue.
const (
	ViewMine           View = "mine"            // claimed by the reader, and not put away
	ViewUnassigned     View = "unassigned"      // waiting, claimed by nobody, and not put away
	ViewDueSoon        View = "due_soon"        // waiting or in review, due within a day, or late
	ViewOverdue        View = "overdue"         // waiting or in review, late
	ViewSecondApproval View = "second_approval" // waiting for another approval
	ViewAppeals        View = "appeals"
	ViewSnoozed        View = "snoozed"  // put away until a time
	ViewWaiting        View = "waiting"  // with the customer
	ViewHeld           View = "held"     // competing claims that wait for another case to end
	ViewFollowed       View = "followed" // under way, followed by the reader
	ViewEnded          View = "ended"
	ViewAll            View = "all" // with the reviewers, with customers, held, ended
)

// Views are all of them, in the order in which a reader meets them.
func Views() []View {
	return []View{ViewMine, ViewFollowed, ViewUnassigned, ViewDueSoon, ViewOverdue, ViewSecondApproval, ViewAppeals, ViewSnoozed, ViewWaiting, ViewHeld, ViewEnded, ViewAll}
}

// counted are the views of work to be done, which are worth a number.
func counted() []View {
	return slices.DeleteFunc(Views(), func(v View) bool { return v == ViewEnded || v == ViewAll })
}

// lane is where a case stands in the queue. Lanes are numbered in the order in which
// a list of all cases has them.
type lane int

const (
	laneUnfiled  lane = iota // a draft, or a draft that ended
	laneReview               // waiting or in review
	laneCustomer             // with its customer
	laneHeld                 // waiting for another case on the account
	laneEnded
)

// Place writes down where the case stands in the queue, and by when it is sorted there.
func (c *Case) Place() {
	at := c.ReviewDue
	switch {
	case c.FiledAt == nil:
		c.Lane, c.QueueAt = laneUnfiled, nil
		return
	case c.Held:
		c.Lane = laneHeld
	case c.State == MaterialsRequested:
		c.Lane, at = laneCustomer, c.CustomerDue
	case c.State.Ended():
		c.Lane, at = laneEnded, c.EndedAt
	default:
		c.Lane = laneReview
	}
	if at == nil {
		at = &c.UpdatedAt
	}
	c.QueueAt = at
}

// QueueOrder is the direction of a list.
type QueueOrder string

// The orders. Each view has one of its own: that which is due first comes first, and
// what has ended latest.
const (
	OrderOwn   QueueOrder = ""
	OrderFirst QueueOrder = "first" // due first, ended first
	OrderLast  QueueOrder = "last"  // due last, ended last
)

// QueueQuery asks for a page of a view.
type QueueQuery struct {
	View   View // unassigned when empty
	Filter QueueFilter
	Order  QueueOrder
	// After is where the previous page ended: its last case's key. Zero starts.
	After QueueKey
	// Before is where the next page began, for the page before it; then After is zero.
	Before QueueKey
	Limit  int // 1 to 100
}

// QueueKey is a case's place in a list.
type QueueKey struct {
	Lane int       `json:"lane"`
	At   time.Time `json:"at"`
	ID   string    `json:"id"`
}

// Key is the case's place in any list, to ask for the page after it or before it.
func (c *Case) Key() QueueKey {
	key := QueueKey{Lane: int(c.Lane), ID: c.ID}
	if c.QueueAt != nil {
		key.At = *c.QueueAt
	}
	return key
}

// errQueueRole keeps those out who neither review nor audit.
func errQueueRole() error {
	return problem.New(problem.Forbidden, "role_required", "The queue is for those who review or audit cases.")
}

// Queue lists cases for staff, by keyset: a page costs the same wherever it lies and
// however many cases there are, because each view and each filter has an index in the
// order of the list (migration 0010). Held claims are shown in their own view, and in
// that of all cases. Errors: role_required, invalid_fields.
func (s *Service) Queue(ctx context.Context, actor Actor, in QueueQuery) ([]*Case, error) {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return nil, errQueueRole()
	}
	if in.View == "" {
		in.View = ViewUnassigned
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	way, err := s.wayOfTag(ctx, in)
	if err != nil {
		return nil, err
	}
	if in.View == ViewFollowed {
		if way.followed, err = s.followed(ctx, actor); err != nil {
			return nil, err
		}
	}
	var out []*Case
	if way.byLane {
		out, err = s.readLanes(ctx, actor, in, way)
	} else {
		out, err = s.readQueue(ctx, actor, in, way)
	}
	if err != nil {
		return nil, err
	}
	if in.Before.ID != "" {
		slices.Reverse(out)
	}
	return out, nil
}

// readQueue reads one page of one list.
func (s *Service) readQueue(ctx context.Context, actor Actor, in QueueQuery, way tagWay) ([]*Case, error) {
	out := []*Case{}
	q := way.of(s.db.From(ctx).NewSelect().Model(&out))
	q, err := s.filter(ctx, s.inView(q, way.place, in.View, actor, way.followed), way.place, in)
	if err != nil {
		return nil, err
	}
	if err := in.page(q, way.place).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read queue: %w", err)
	}
	return out, nil
}

func (in QueueQuery) check() error {
	var bad []problem.Field
	choice := func(pointer string, ok bool, message string) {
		if !ok {
			bad = append(bad, problem.Field{Pointer: pointer, Code: "not_a_choice", Message: message})
		}
	}
	choice("/view", slices.Contains(Views(), in.View), "There is no such view.")
	choice("/order", slices.Contains([]QueueOrder{OrderOwn, OrderFirst, OrderLast}, in.Order), "Use first or last.")
	return problem.InvalidFields(append(bad, in.Filter.check(in.View)...))
}

// page keeps a page's cases and puts them into order: lane, then time, then id. A view
// of one lane leaves the lane out, so that an index without it serves too.
func (in QueueQuery) page(q *bun.SelectQuery, place placeColumns) *bun.SelectQuery {
	columns := []string{place.at, place.id}
	from, at := in.After, []any{in.After.At, in.After.ID}
	backwards := in.Before.ID != ""
	if backwards {
		from, at = in.Before, []any{in.Before.At, in.Before.ID}
	}
	if in.View == ViewAll {
		columns, at = append([]string{place.lane}, columns...), append([]any{from.Lane}, at...)
	}
	comparison, direction := ">", ""
	if in.descending() != backwards {
		comparison, direction = "<", " DESC"
	}
	if from.ID != "" {
		q = q.Where("("+strings.Join(columns, ", ")+") "+comparison+" (?"+strings.Repeat(", ?", len(at)-1)+")", at...)
	}
	for _, column := range columns {
		q = q.OrderExpr(column + direction)
	}
	return q.Limit(int64(min(max(in.Limit, 1), 100)))
}

func (in QueueQuery) descending() bool {
	return in.Order == OrderLast || in.Order == OrderOwn && in.View == ViewEnded
}

// inView keeps the cases of a view, in the words of its index. Those that the actor
// follows are so few that they are looked up one by one.
func (s *Service) inView(q *bun.SelectQuery, place placeColumns, view View, actor Actor, followed []string) *bun.SelectQuery {
	in := func(l lane) *bun.SelectQuery { return q.Where(place.lane+" = ?", l) }
	switch view {
	case ViewMine:
		return in(laneReview).Where("c.claimed_by = ?", actor.ID).Where("c.claimed_by <> ''").Where("c.snoozed_until IS NULL")
	case ViewUnassigned:
		return in(laneReview).Where("c.claimed_by = ''").Where("c.snoozed_until IS NULL")
	case viewReview:
		return in(laneReview)
	case ViewSnoozed:
		return in(laneReview).Where("c.snoozed_until IS NOT NULL")
	case ViewDueSoon:
		return in(laneReview).Where(place.at+" <= ?", s.now().Add(24*time.Hour))
	case ViewOverdue:
		return in(laneReview).Where(place.at+" <= ?", s.now())
	case ViewSecondApproval:
		return in(laneReview).Where("c.claimed_by = ''").Where("c.approvals > 0")
	case ViewAppeals:
		return in(laneReview).Where("c.round > 1")
	case ViewWaiting:
		return in(laneCustomer)
	case ViewHeld:
		return in(laneHeld)
	case ViewFollowed:
		if len(followed) == 0 {
			return q.Where("c.id = ''") // which is none's
		}
		return q.Where("c.id IN (?)", bun.List(followed)).Where("c.lane NOT IN (?, ?)", laneUnfiled, laneEnded)
	case ViewEnded:
		return in(laneEnded)
	}
	return q.Where(place.lane+" > ?", laneUnfiled)
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
	followed, err := s.followed(ctx, actor)
	if err != nil {
		return nil, err
	}
	db := s.db.From(ctx)
	q := db.NewSelect()
	counts := make([]int, len(counted()))
	into := make([]any, len(counts))
	for n, view := range counted() {
		// Without an order Postgres may read the table instead of the view's index.
		listed := s.inView(db.NewSelect().Model((*Case)(nil)).ColumnExpr("1"), ofCases(), view, actor, followed).OrderExpr("c.lane, c.queue_at, c.id").Limit(MostCounted)
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
