package cases

import "context"

// nextOffered is how many cases are looked at for one that nobody else has open.
const nextOffered = 10

// Neighbours are the cases beside one in a view of the queue; nil at the ends.
type Neighbours struct{ Previous, Next *Case }

// After is the case on which a reader goes on after another one: the next in a view of
// the queue, going round; nil when there is no other. One that somebody else has open
// is passed over while there are others. Without a view it is the next of those that the
// reader holds, else the first that waits.
func (s *Service) After(ctx context.Context, actor Actor, view View, caseID string) (*Case, error) {
	c, err := s.Case(ctx, actor, caseID)
	if err != nil {
		return nil, err
	}
	for _, view := range viewsOf(view) {
		for _, after := range []QueueKey{c.Key(), {}} {
			next, err := s.firstFree(ctx, actor, caseID, QueueQuery{View: view, After: after, Limit: nextOffered})
			if next != nil || err != nil {
				return next, err
			}
		}
	}
	return nil, nil
}

func viewsOf(view View) []View {
	if view == "" {
		return []View{ViewMine, ViewUnassigned}
	}
	return []View{view}
}

// firstFree is the first case of a page that nobody else has open, else the first one;
// never the one that the reader comes from.
func (s *Service) firstFree(ctx context.Context, actor Actor, from string, q QueueQuery) (*Case, error) {
	list, err := s.Queue(ctx, actor, q)
	if err != nil {
		return nil, err
	}
	var others []*Case
	var ids []string
	for _, c := range list {
		if c.ID != from {
			others, ids = append(others, c), append(ids, c.ID)
		}
	}
	if len(others) == 0 {
		return nil, nil
	}
	looked, err := s.lookedAt(ctx, actor, ids)
	if err != nil {
		return nil, err
	}
	for _, c := range others {
		if !looked[c.ID] {
			return c, nil
		}
	}
	return others[0], nil
}

// Beside finds the cases before and after one in a view, or in the first of the views
// that After takes.
func (s *Service) Beside(ctx context.Context, actor Actor, view View, c *Case) (Neighbours, error) {
	var out Neighbours
	view = viewsOf(view)[0]
	key := c.Key()
	for _, q := range []QueueQuery{{View: view, Before: key, Limit: 1}, {View: view, After: key, Limit: 1}} {
		list, err := s.Queue(ctx, actor, q)
		if err != nil {
			return out, err
		}
		if len(list) == 0 || list[0].ID == c.ID {
			continue
		}
		if q.Before.ID != "" {
			out.Previous = list[0]
		} else {
			out.Next = list[0]
		}
	}
	return out, nil
}
