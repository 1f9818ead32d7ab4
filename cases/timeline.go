package cases

import (
	"context"
	"fmt"
)

// TimelineQuery asks for a part of what happened to a case, newest first.
type TimelineQuery struct {
	// Before is the sequence number of the last event of the part before; zero starts.
	Before int64
	// Looks are wanted, too: each time that somebody opened a document.
	Looks bool
	Limit int // 1 to 200
}

// Timeline lists what happened to a case, newest first, for staff. Error: role_required,
// case_not_found.
func (s *Service) Timeline(ctx context.Context, actor Actor, caseID string, in TimelineQuery) ([]*Event, error) {
	if err := s.mayReadEvents(ctx, actor, caseID); err != nil {
		return nil, err
	}
	out := []*Event{}
	q := s.db.From(ctx).NewSelect().Model(&out).Where("e.case_id = ?", caseID)
	if in.Before > 0 {
		q = q.Where("e.seq < ?", in.Before)
	}
	if !in.Looks {
		q = q.Where("e.type <> ?", string(actView))
	}
	if err := q.Order("e.seq DESC").Limit(int64(min(max(in.Limit, 1), 200))).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return out, nil
}

// Alters says that an event changed something that others decide on; after a message,
// a note or a look at a document nobody has to read the case again.
func (e *Event) Alters() bool { return !leavesVersion(Action(e.Type)) }
