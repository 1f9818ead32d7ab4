package cases

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// placeColumns are the columns that say where cases stand in the list that is read.
type placeColumns struct{ lane, at, id string }

// ofCases are those of cases themselves, ofTagged those of a tag's own list.
func ofCases() placeColumns  { return placeColumns{"c.lane", "c.queue_at", "c.id"} }
func ofTagged() placeColumns { return placeColumns{"ct.lane", "ct.queue_at", "ct.case_id"} }

// tagWay is how the cases with a tag are read, so that a page costs little whatever the
// tag and the view: few cases one by one; many by the tag's own list, which is in the
// order of the queue; and where the view or a filter keeps fewer than the tag may, by
// the list of those, looking at each whether it has the tag.
type tagWay struct {
	place placeColumns
	of    func(q *bun.SelectQuery) *bun.SelectQuery
	// byLane says that the tag's list is read lane by lane.
	byLane bool
	// followed are the cases that the reader follows, for the view of those.
	followed []string
}

// wayOfTag chooses the way.
func (s *Service) wayOfTag(ctx context.Context, in QueueQuery) (tagWay, error) {
	way := tagWay{place: ofCases(), of: func(q *bun.SelectQuery) *bun.SelectQuery { return q }}
	id := in.Filter.Tag
	if id == "" {
		return way, nil
	}
	known, err := s.tagsByID(ctx, s.db.From(ctx), []string{id})
	if err != nil {
		return way, err
	}
	if t := known[id]; t != nil {
		id = t.ID
	}
	ids := []string{}
	// Without an order Postgres may read the table instead of the index.
	err = s.db.From(ctx).NewSelect().Model((*caseTag)(nil)).Column("case_id").Where("ct.tag_id = ?", id).Order("ct.lane", "ct.queue_at", "ct.case_id").Limit(fewFound+1).Scan(ctx, &ids)
	if err != nil {
		return way, fmt.Errorf("look for tagged cases: %w", err)
	}
	switch f := in.Filter; {
	case len(ids) == 0:
		way.of = func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("1 = 0") }
	case len(ids) <= fewFound:
		way.of = func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("c.id IN (?)", bun.List(ids)) }
	case f.Policy+f.Scenario+f.Locale+f.Holder != "" || f.Raised || slices.Contains([]View{ViewMine, ViewSecondApproval, ViewAppeals, ViewSnoozed, ViewFollowed}, in.View):
		way.of = func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("EXISTS (SELECT 1 FROM case_tags AS ct WHERE ct.case_id = c.id AND ct.tag_id = ?)", id)
		}
	default:
		way.place, way.byLane = ofTagged(), in.View == ViewAll
		way.of = func(q *bun.SelectQuery) *bun.SelectQuery { // SQLite reads a CROSS JOIN in the order in which it is written
			return q.ModelTableExpr("case_tags AS ct CROSS JOIN cases AS c").Where("c.id = ct.case_id").Where("ct.tag_id = ?", id)
		}
	}
	return way, nil
}

// viewReview is what is with the reviewers, whatever else holds of it: a part of the
// view of all cases.
const viewReview View = "review"

// readLanes reads a page of all of a tag's cases, one lane after the other.
func (s *Service) readLanes(ctx context.Context, actor Actor, in QueueQuery, way tagWay) ([]*Case, error) {
	views := []View{laneReview: viewReview, laneCustomer: ViewWaiting, laneHeld: ViewHeld, laneEnded: ViewEnded}
	from, wanted := in.After, min(max(in.Limit, 1), 100)
	if in.Before.ID != "" {
		from = in.Before
	}
	backwards := in.descending() != (in.Before.ID != "")
	lanes := []int{int(laneReview), int(laneCustomer), int(laneHeld), int(laneEnded)}
	if backwards {
		slices.Reverse(lanes)
	}
	out := []*Case{}
	for _, l := range lanes {
		if from.ID != "" && l != from.Lane && l < from.Lane != backwards {
			continue // behind where the page begins
		}
		part := QueueQuery{View: views[l], Filter: in.Filter, Limit: wanted - len(out), Order: OrderFirst}
		if l == from.Lane {
			part.After, part.Before = in.After, in.Before
		}
		if backwards != (part.Before.ID != "") {
			part.Order = OrderLast
		}
		list, err := s.readQueue(ctx, actor, part, way)
		if err != nil {
			return nil, err
		}
		if out = append(out, list...); len(out) >= wanted {
			break
		}
	}
	return out, nil
}
