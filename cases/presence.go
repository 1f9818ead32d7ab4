package cases

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"regain/problem"
)

const (
	// presenceTTL is how long a look at a case counts: a page renews it three times as often.
	presenceTTL = 45 * time.Second
	// presenceKept is when rows that mean nothing any more are swept away.
	presenceKept = time.Hour
)

// Presence is one member of staff who has a case open. It is no event of the case.
type Presence struct {
	bun.BaseModel `bun:"table:presences,alias:pr"`

	CaseID  string    `bun:"case_id,pk"`
	StaffID string    `bun:"staff_id,pk"`
	SeenAt  time.Time `bun:"seen_at"`
}

// Onlookers are who else has a case open, and how far the case is.
type Onlookers struct {
	// Staff are the ids of the others, in the order of their ids.
	Staff []string
	// Version is the case's, Newest the number of its newest event that is more than a look
	// at a document: by these a page sees that it is out of date.
	Version, Newest int64
	// Unread is how many notices wait in the reader's inbox, MostUnread at most. Those of this
	// case are read by looking at it.
	Unread int
}

// LookOn says that the actor has the case open now, and tells who else has. Several
// servers on one database see each other's readers. Errors: role_required, case_not_found.
func (s *Service) LookOn(ctx context.Context, actor Actor, caseID string) (*Onlookers, error) {
	c, err := s.onlooked(ctx, actor, caseID)
	if err != nil {
		return nil, err
	}
	row := &Presence{CaseID: c.ID, StaffID: actor.ID, SeenAt: s.now()}
	_, err = s.db.From(ctx).NewInsert().Model(row).
		On("CONFLICT (case_id, staff_id) DO UPDATE").Set("seen_at = EXCLUDED.seen_at").Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("write presence: %w", err)
	}
	out := &Onlookers{Staff: []string{}, Version: c.Version}
	if out.Unread, err = s.sawCase(ctx, actor, c.ID); err != nil {
		return nil, err
	}
	err = s.db.From(ctx).NewSelect().Model((*Event)(nil)).Column("seq").Where("e.case_id = ?", c.ID).
		Where("e.type <> ?", string(actView)).Order("e.seq DESC").Limit(1).Scan(ctx, &out.Newest)
	if err != nil {
		return nil, fmt.Errorf("read the newest event: %w", err)
	}
	err = s.db.From(ctx).NewSelect().Model((*Presence)(nil)).Column("staff_id").
		Where("pr.case_id = ?", c.ID).Where("pr.staff_id <> ?", actor.ID).Where("pr.seen_at > ?", s.now().Add(-presenceTTL)).
		Order("pr.staff_id").Scan(ctx, &out.Staff)
	if err != nil {
		return nil, fmt.Errorf("read presences: %w", err)
	}
	return out, nil
}

// LookAway says that the actor has closed the case. Errors: role_required, case_not_found.
func (s *Service) LookAway(ctx context.Context, actor Actor, caseID string) error {
	c, err := s.onlooked(ctx, actor, caseID)
	if err != nil {
		return err
	}
	_, err = s.db.From(ctx).NewDelete().Model((*Presence)(nil)).Where("case_id = ?", c.ID).Where("staff_id = ?", actor.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("remove presence: %w", err)
	}
	return nil
}

func (s *Service) onlooked(ctx context.Context, actor Actor, caseID string) (*Case, error) {
	if actor.Kind != Staff {
		return nil, problem.New(problem.Forbidden, "role_required", "This is for those who review or audit cases.")
	}
	return s.Case(ctx, actor, caseID)
}

// lookedAt are those of the cases that somebody else has open now.
func (s *Service) lookedAt(ctx context.Context, actor Actor, ids []string) (map[string]bool, error) {
	looked := map[string]bool{}
	if len(ids) == 0 {
		return looked, nil
	}
	found := []string{}
	err := s.db.From(ctx).NewSelect().Model((*Presence)(nil)).Distinct().Column("case_id").
		Where("pr.case_id IN (?)", bun.List(ids)).Where("pr.staff_id <> ?", actor.ID).
		Where("pr.seen_at > ?", s.now().Add(-presenceTTL)).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("read presences: %w", err)
	}
	for _, id := range found {
		looked[id] = true
	}
	return looked, nil
}

// forgetPresences sweeps away what means nothing any more.
func (s *Service) forgetPresences(ctx context.Context) error {
	_, err := s.db.From(ctx).NewDelete().Model((*Presence)(nil)).Where("seen_at < ?", s.now().Add(-presenceKept)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget presences: %w", err)
	}
	return nil
}
