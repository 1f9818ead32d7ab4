package cases

import (
	"context"
	"fmt"
	"log/slog"

	"regain/problem"
)

// Who is away holds no cases: nobody gives them any, and those that they hold go back.
// Who that is, another room knows (see Options.Away).

// away says which of the people hold no cases now, and why, by id.
func (s *Service) away(ctx context.Context, ids ...string) (map[string]string, error) {
	if s.opt.Away == nil || len(ids) == 0 {
		return nil, nil
	}
	away, err := s.opt.Away(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look who is away: %w", err)
	}
	return away, nil
}

// wantHere refuses cases to whoever is away.
func (s *Service) wantHere(ctx context.Context, actor Actor) error {
	away, err := s.away(ctx, actor.ID)
	if err != nil || away[actor.ID] == "" {
		return err
	}
	return problem.New(problem.Conflict, "away", "You are marked as away. End your absence first, then take cases.")
}

// actorHere guards what gives the case to its actor.
func actorHere(ch *change) error { return ch.s.wantHere(ch.ctx, ch.actor) }

// assigneeHere guards what gives the case to somebody.
func assigneeHere(ch *change) error {
	if ch.assignee.ID == ch.actor.ID {
		return actorHere(ch)
	}
	away, err := ch.s.away(ch.ctx, ch.assignee.ID)
	if err != nil || away[ch.assignee.ID] == "" {
		return err
	}
	return problem.New(problem.Conflict, "assignee_away", "That person is away. Give the case to somebody else.")
}

// GiveBackOf gives back the cases of somebody who holds none from now on, at once: what
// the next tick would do. It does nothing for whoever is here.
func (s *Service) GiveBackOf(ctx context.Context, staffID string) (int, error) {
	away, err := s.away(ctx, staffID)
	if err != nil || away[staffID] == "" {
		return 0, err
	}
	ids, err := s.heldBy(ctx, staffID)
	if err != nil {
		return 0, err
	}
	done := 0
	for _, id := range ids {
		acted, err := s.giveBackAway(ctx, id, away)
		if err != nil {
			return done, err
		}
		if acted {
			done++
		}
	}
	return done, nil
}

// giveBackOfAway gives back the cases of everybody who is away.
func (s *Service) giveBackOfAway(ctx context.Context) (int, error) {
	holders := []string{}
	err := s.db.From(ctx).NewSelect().Model((*Case)(nil)).Distinct().Column("claimed_by").
		Where("c.claimed_by <> ''").Where("c.lane = ?", laneReview).Scan(ctx, &holders)
	if err != nil {
		return 0, fmt.Errorf("read who holds cases: %w", err)
	}
	away, err := s.away(ctx, holders...)
	if err != nil {
		return 0, err
	}
	done := 0
	for _, holder := range holders {
		if away[holder] == "" {
			continue
		}
		ids, err := s.heldBy(ctx, holder)
		if err != nil {
			return done, err
		}
		for _, id := range ids {
			acted, err := s.giveBackAway(ctx, id, away)
			switch {
			case err != nil:
				s.opt.Logger.ErrorContext(ctx, "case of somebody who is away not given back", slog.String("case", id), slog.Any("error", err))
			case acted:
				done++
			}
		}
	}
	return done, ctx.Err()
}

func (s *Service) heldBy(ctx context.Context, staffID string) ([]string, error) {
	ids := []string{}
	err := s.db.From(ctx).NewSelect().Model((*Case)(nil)).Column("id").
		Where("c.claimed_by = ?", staffID).Where("c.claimed_by <> ''").Where("c.lane = ?", laneReview).Order("c.id").Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("read whose cases these are: %w", err)
	}
	return ids, nil
}

// giveBackAway gives one case back if its holder is still one of those who are away.
func (s *Service) giveBackAway(ctx context.Context, caseID string, away map[string]string) (acted bool, err error) {
	_, err = s.change(ctx, SystemActor(), target{id: caseID}, func(ch *change) error {
		why := away[ch.Case.ClaimedBy]
		if why == "" || ch.Case.State != InReview {
			return nil
		}
		acted = true
		return ch.giveBack(Facts{"away": why})
	})
	return acted, err
}

// HeldCount is how many cases somebody holds.
func (s *Service) HeldCount(ctx context.Context, staffID string) (int, error) {
	n, err := s.db.From(ctx).NewSelect().Model((*Case)(nil)).
		Where("c.claimed_by = ?", staffID).Where("c.claimed_by <> ''").Where("c.lane = ?", laneReview).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count whose cases these are: %w", err)
	}
	return int(n), nil
}
