package cases

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"regain/problem"
)

// MostFollowed is how many cases one person follows at most, so that all of them are
// read at once.
const MostFollowed = 500

// Follower is a member of staff who wants to know what happens to a case. It is no part
// of the case's record.
type Follower struct {
	bun.BaseModel `bun:"table:followers,alias:f"`

	CaseID  string    `bun:"case_id,pk"`
	StaffID string    `bun:"staff_id,pk"`
	Since   time.Time `bun:"since"`
}

// Follow puts what others do with the case into the actor's inbox from now on. Following
// again does nothing. Errors: role_required, case_not_found, too_many_followed.
func (s *Service) Follow(ctx context.Context, actor Actor, caseID string) error {
	c, err := s.onlooked(ctx, actor, caseID)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		// The case before the list of who follows it, as a note does that makes somebody follow.
		if err := s.db.ForShare(tx.NewSelect().Model((*Case)(nil)).Column("id").Where("c.id = ?", c.ID)).Scan(ctx, new(string)); err != nil {
			return fmt.Errorf("hold a case: %w", err)
		}
		room, err := s.roomToFollow(ctx, tx, actor.ID, c.ID)
		if err != nil {
			return err
		}
		if !room {
			return problem.Newf(problem.Conflict, "too_many_followed", "You follow %d cases already, which is as many as there can be. Stop following some of them first.", MostFollowed)
		}
		return s.follow(ctx, tx, c.ID, actor.ID)
	})
}

func (s *Service) follow(ctx context.Context, tx bun.IDB, caseID, staffID string) error {
	f := &Follower{CaseID: caseID, StaffID: staffID, Since: s.now()}
	if _, err := tx.NewInsert().Model(f).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("follow a case: %w", err)
	}
	return nil
}

// roomToFollow says whether somebody may follow one more case, or this one already does.
// Cases that have ended make room. Until the transaction ends nobody else adds to what that
// person follows; whoever asks for several people does so by their ids.
func (s *Service) roomToFollow(ctx context.Context, tx bun.IDB, staffID, caseID string) (bool, error) {
	if err := s.db.Alone(ctx, tx, "followed/"+staffID); err != nil {
		return false, err
	}
	others := func() (int64, error) {
		n, err := tx.NewSelect().Model((*Follower)(nil)).Where("f.staff_id = ?", staffID).Where("f.case_id <> ?", caseID).Count(ctx)
		if err != nil {
			return 0, fmt.Errorf("count followed cases: %w", err)
		}
		return n, nil
	}
	n, err := others()
	if err != nil || n < MostFollowed {
		return err == nil, err
	}
	_, err = tx.NewDelete().Model((*Follower)(nil)).Where("staff_id = ?", staffID).
		Where("EXISTS (SELECT 1 FROM cases AS c WHERE c.id = case_id AND c.lane = ?)", laneEnded).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("forget followed cases that ended: %w", err)
	}
	n, err = others()
	return n < MostFollowed, err
}

// Unfollow ends it. Errors: role_required, case_not_found.
func (s *Service) Unfollow(ctx context.Context, actor Actor, caseID string) error {
	c, err := s.onlooked(ctx, actor, caseID)
	if err != nil {
		return err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error { // with which the call's answer is kept
		_, err := tx.NewDelete().Model((*Follower)(nil)).Where("case_id = ?", c.ID).Where("staff_id = ?", actor.ID).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("stop following a case: %w", err)
	}
	return nil
}

// unfollowGone ends what those of the people follow who see no cases any more, so that no
// inbox fills that nobody opens.
func (s *Service) unfollowGone(ctx context.Context, ids ...string) error {
	if s.opt.Gone == nil || len(ids) == 0 {
		return nil
	}
	gone, err := s.opt.Gone(ctx, ids)
	if err != nil || len(gone) == 0 {
		return err
	}
	_, err = s.affecting(ctx, func(tx bun.IDB) (sql.Result, error) {
		return tx.NewDelete().Model((*Follower)(nil)).Where("staff_id IN (?)", bun.List(gone)).Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("end what those follow who left: %w", err)
	}
	return nil
}

// unfollowAllGone does so for everybody who follows a case.
func (s *Service) unfollowAllGone(ctx context.Context) error {
	ids := []string{}
	if err := s.db.From(ctx).NewSelect().Model((*Follower)(nil)).Distinct().Column("staff_id").Scan(ctx, &ids); err != nil {
		return fmt.Errorf("read who follows cases: %w", err)
	}
	return s.unfollowGone(ctx, ids...)
}

// mostFollowers bounds how many of a case's followers are named.
const mostFollowers = 100

// Followers are the ids of those who follow a case, whoever began first comes first.
// Errors: role_required, case_not_found.
func (s *Service) Followers(ctx context.Context, actor Actor, caseID string) ([]string, error) {
	c, err := s.onlooked(ctx, actor, caseID)
	if err != nil {
		return nil, err
	}
	ids := []string{}
	err = s.db.From(ctx).NewSelect().Model((*Follower)(nil)).Column("staff_id").Where("f.case_id = ?", c.ID).
		Order("f.since", "f.staff_id").Limit(mostFollowers).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("read followers: %w", err)
	}
	return ids, nil
}

// followed are the ids of all cases that the actor follows.
func (s *Service) followed(ctx context.Context, actor Actor) ([]string, error) {
	ids := []string{}
	err := s.db.From(ctx).NewSelect().Model((*Follower)(nil)).Column("case_id").Where("f.staff_id = ?", actor.ID).
		Order("f.since DESC").Limit(MostFollowed).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("read followed cases: %w", err)
	}
	return ids, nil
}

// Follows says whether the actor follows a case.
func (s *Service) Follows(ctx context.Context, actor Actor, caseID string) (bool, error) {
	follows, err := s.db.From(ctx).NewSelect().Model((*Follower)(nil)).Where("f.case_id = ?", caseID).Where("f.staff_id = ?", actor.ID).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for a follower: %w", err)
	}
	return follows, nil
}
