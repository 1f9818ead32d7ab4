package cases

import "context"

// After is the case on which a reader goes on after another one: the next in a view of
// the queue, going round; nil when there is no other. Without a view it is the next of
// those that the reader holds, else the first that waits.
func (s *Service) After(ctx context.Context, actor Actor, view View, caseID string) (*Case, error) {
	views := []View{view}
	if view == "" {
		views = []View{ViewMine, ViewUnassigned}
	}
	c, err := s.Case(ctx, actor, caseID)
	if err != nil {
		return nil, err
	}
	for _, view := range views {
		for _, after := range []QueueKey{c.Key(), {}} {
			list, err := s.Queue(ctx, actor, QueueQuery{View: view, After: after, Limit: 2})
			if err != nil {
				return nil, err
			}
			for _, next := range list {
				if next.ID != caseID {
					return next, nil
				}
			}
		}
	}
	return nil, nil
}
