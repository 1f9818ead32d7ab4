package cases

import (
	"context"

	"regain/problem"
)

// nextBatch is how many waiting cases ClaimNext looks at, a batch at a time;
// mostPassed is how many it passes over before it gives up.
const (
	nextBatch  = 20
	mostPassed = 200
)

// ClaimNext claims the waiting case that is due first and that the actor may work on:
// one that others were faster to claim, or that the actor has a part in, is passed
// over. Errors: role_required, away, queue_empty.
func (s *Service) ClaimNext(ctx context.Context, actor Actor) (*Case, error) {
	if !actor.Reviews() {
		return nil, problem.New(problem.Forbidden, "role_required", "This takes the role of a reviewer or a lead.")
	}
	if err := s.wantHere(ctx, actor); err != nil { // once, not for each case that waits
		return nil, err
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
		query.After = waiting[len(waiting)-1].Key()
	}
	return nil, problem.New(problem.NotFound, "queue_empty", "No case waits that you could take.")
}
