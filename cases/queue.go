package cases

import (
	"context"
	"fmt"
	"time"

	"regain/problem"
)

// View is one of the lists that reviewers work through.
type View string

// The views of the queue, each sorted by when the review is due.
const (
	ViewMine           View = "mine"            // claimed by the reader
	ViewUnassigned     View = "unassigned"      // waiting, claimed by nobody
	ViewDueSoon        View = "due_soon"        // waiting or in review, due within a day, or late
	ViewWaiting        View = "waiting"         // with the customer
	ViewSecondApproval View = "second_approval" // waiting for another approval
	ViewAppeals        View = "appeals"
	ViewHeld           View = "held" // competing claims that wait for another case to end
	ViewEnded          View = "ended"
	ViewAll            View = "all"
)

// QueueQuery asks for a page of a view.
type QueueQuery struct {
	View View
	// After is where the previous page ended: its last case's key. Zero starts.
	After QueueKey
	Limit int // 1 to 100
}

// QueueKey is a case's place in a view.
type QueueKey struct {
	At time.Time `json:"at"`
	ID string    `json:"id"`
}

// Queue lists cases for staff, by keyset: a page costs the same wherever it
// lies, because each view has an index with its conditions (migration 0005). Held claims are shown in their own view, and in that of all cases.
// Errors: role_required, invalid_fields for an unknown view.
func (s *Service) Queue(ctx context.Context, actor Actor, in QueueQuery) ([]*Case, error) {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return nil, problem.New(problem.Forbidden, "role_required", "The queue is for those who review or audit cases.")
	}
	out := []*Case{}
	q := s.db.From(ctx).NewSelect().Model(&out).Limit(int64(min(max(in.Limit, 1), 100)))
	column := "review_due"
	switch in.View {
	case ViewMine:
		q = q.Where("c.claimed_by = ?", actor.ID).Where("c.claimed_by <> ''").Where("c.state = ?", InReview)
	case ViewUnassigned, "":
		q = q.Where("c.state = ?", Submitted).Where("c.held = ?", false)
	case ViewDueSoon:
		q = q.Where("c.state IN (?, ?)", Submitted, InReview).Where("c.held = ?", false).Where("c.review_due <= ?", s.now().Add(24*time.Hour))
	case ViewWaiting:
		column = "customer_due"
		q = q.Where("c.state = ?", MaterialsRequested)
	case ViewSecondApproval:
		q = q.Where("c.state = ?", Submitted).Where("c.held = ?", false).
			Where("EXISTS (SELECT 1 FROM decisions a WHERE a.case_id = c.id AND a.round = c.round AND a.verdict = ? AND a.void = ?)", Approved, false)
	case ViewAppeals:
		q = q.Where("c.round > 1").Where("c.state IN (?, ?)", Submitted, InReview).Where("c.held = ?", false)
	case ViewHeld:
		q = q.Where("c.held = ?", true)
	case ViewEnded:
		column = "ended_at"
		q = q.Where("c.state IN (?, ?, ?, ?)", Approved, Denied, Withdrawn, Expired).Where("c.filed_at IS NOT NULL")
	case ViewAll:
		column = "created_at"
		q = q.Where("c.filed_at IS NOT NULL")
	default:
		return nil, problem.InvalidFields([]problem.Field{{Pointer: "/view", Code: "not_a_choice", Message: "There is no such view."}})
	}
	if in.After.ID != "" {
		q = q.Where("(c."+column+", c.id) > (?, ?)", in.After.At, in.After.ID)
	}
	if err := q.Order("c."+column, "c.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read queue: %w", err)
	}
	return out, nil
}

// Key is the case's place in the view, to ask for the page after it.
func (v View) Key(c *Case) QueueKey {
	at := &c.CreatedAt
	switch v {
	case ViewWaiting:
		at = c.CustomerDue
	case ViewEnded:
		at = c.EndedAt
	case ViewAll:
	default:
		at = c.ReviewDue
	}
	if at == nil {
		return QueueKey{ID: c.ID}
	}
	return QueueKey{At: *at, ID: c.ID}
}
