package cases

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"regain/problem"
)

// Who is away holds no cases: nobody gives them any, and those that they hold go back.
// Who that is, another room knows (see Options.Away).

// LeftForGood is what Options.Away says of whoever does not come back.
const LeftForGood = "left"

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

// GiveBackOf gives back the cases of somebody who holds none from now on and, if they left,
// brings back what they put away, at once: what the next tick would do. It returns how
// many cases that were, and does nothing for whoever is here. Who sees no cases any more
// follows none from then on.
func (s *Service) GiveBackOf(ctx context.Context, staffID string) (int, error) {
	if err := s.unfollowGone(ctx, staffID); err != nil {
		return 0, err
	}
	away, err := s.away(ctx, staffID)
	if err != nil || away[staffID] == "" {
		return 0, err
	}
	return s.bringBackOf(ctx, staffID, away[staffID], func(_ string, err error) error { return err })
}

// giveBackOfAway does so for everybody who is away. One case's failure does not stop the
// others.
func (s *Service) giveBackOfAway(ctx context.Context) (int, error) {
	people, err := s.holdersAndSnoozers(ctx)
	if err != nil {
		return 0, err
	}
	away, err := s.away(ctx, people...)
	if err != nil {
		return 0, err
	}
	done := 0
	for _, who := range people {
		if away[who] == "" {
			continue
		}
		n, err := s.bringBackOf(ctx, who, away[who], func(caseID string, err error) error {
			s.opt.Logger.ErrorContext(ctx, "case of somebody who is away not brought back", slog.String("case", caseID), slog.Any("error", err))
			return nil
		})
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, ctx.Err()
}

// holdersAndSnoozers are all who hold cases or put some away that nobody holds.
func (s *Service) holdersAndSnoozers(ctx context.Context) ([]string, error) {
	holders, snoozers := []string{}, []string{}
	err := s.db.From(ctx).NewSelect().Model((*Case)(nil)).Distinct().Column("claimed_by").
		Where("c.claimed_by <> ''").Where("c.lane = ?", laneReview).Scan(ctx, &holders)
	if err != nil {
		return nil, fmt.Errorf("read who holds cases: %w", err)
	}
	err = s.db.From(ctx).NewSelect().Model((*Case)(nil)).Distinct().Column("snoozed_by").
		Where("c.lane = ?", laneReview).Where("c.snoozed_until IS NOT NULL").Where("c.claimed_by = ''").Scan(ctx, &snoozers)
	if err != nil {
		return nil, fmt.Errorf("read who put cases away: %w", err)
	}
	return slices.Compact(slices.Sorted(slices.Values(append(holders, snoozers...)))), nil
}

// bringBackOf gives back what somebody holds who is away and, if they left, brings back
// what they put away, so that it does not lie there until its time with nobody to know of
// it. It returns how many cases that were; failed says whether to go on after an error.
func (s *Service) bringBackOf(ctx context.Context, staffID, why string, failed func(caseID string, err error) error) (int, error) {
	ids, err := s.heldBy(ctx, staffID)
	if err == nil && why == LeftForGood {
		var away []string
		away, err = s.putAwayBy(ctx, staffID)
		ids = append(ids, away...)
	}
	if err != nil {
		return 0, err
	}
	done := 0
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) { // in the order in which others lock several
		acted, err := s.bringBack(ctx, id)
		switch {
		case err != nil:
			if err := failed(id, err); err != nil {
				return done, err
			}
		case acted:
			done++
		}
	}
	return done, nil
}

// bringBack gives one case back if its holder is away, and brings it back if whoever put it
// away left.
func (s *Service) bringBack(ctx context.Context, caseID string) (acted bool, err error) {
	given, err := s.giveBackAway(ctx, caseID)
	if err != nil {
		return false, err
	}
	woken, err := s.wakeLeft(ctx, caseID)
	return given || woken, err
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

// putAwayBy are the cases that somebody put away.
func (s *Service) putAwayBy(ctx context.Context, staffID string) ([]string, error) {
	ids := []string{}
	err := s.db.From(ctx).NewSelect().Model((*Case)(nil)).Column("id").
		Where("c.lane = ?", laneReview).Where("c.snoozed_until IS NOT NULL").Where("c.snoozed_by = ?", staffID).Order("c.id").Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("read who put cases away: %w", err)
	}
	return ids, nil
}

// giveBackAway gives one case back if its holder, who may be another by now, is away.
func (s *Service) giveBackAway(ctx context.Context, caseID string) (acted bool, err error) {
	_, err = s.change(ctx, SystemActor(), target{id: caseID}, func(ch *change) error {
		holder := ch.Case.ClaimedBy
		if holder == "" || ch.Case.State != InReview {
			return nil
		}
		away, err := s.away(ch.ctx, holder)
		if err != nil || away[holder] == "" {
			return err
		}
		acted = true
		return ch.giveBack(Facts{"away": away[holder]})
	})
	return acted, err
}

// wakeLeft brings one case back if whoever put it away left, and nobody holds it.
func (s *Service) wakeLeft(ctx context.Context, caseID string) (acted bool, err error) {
	_, err = s.change(ctx, SystemActor(), target{id: caseID}, func(ch *change) error {
		by := ch.Case.SnoozedBy
		if by == "" || ch.Case.SnoozedUntil == nil || ch.Case.ClaimedBy != "" {
			return nil
		}
		away, err := s.away(ch.ctx, by)
		if err != nil || away[by] != LeftForGood {
			return err
		}
		acted = true
		return ch.wakeFor(Facts{"away": away[by]})
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
