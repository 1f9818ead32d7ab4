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
// the list of those, looking at each whether it has the tag. Of several tags the rarest
// leads, and each case is looked at whether it has the others: as with several words, a list is
// gone through in vain only where many cases have each of them and few have all.
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
	tags, err := s.filterTags(ctx, in.Filter)
	if err != nil || len(tags) == 0 {
		return way, err
	}
	rarest, count, err := s.rarestTag(ctx, tags)
	if err != nil {
		return way, err
	}
	others := slices.DeleteFunc(slices.Clone(tags), func(id string) bool { return id == rarest })
	ids, few, err := s.fewTagged(ctx, rarest, others, count)
	if err != nil {
		return way, err
	}
	switch f := in.Filter; {
	case few && len(ids) == 0:
		way.of = func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("1 = 0") }
	case few:
		way.of = func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("c.id IN (?)", bun.List(ids)) }
	case f.Policy+f.Scenario+f.Locale+f.Holder != "" || f.Raised || slices.Contains([]View{ViewMine, ViewSecondApproval, ViewAppeals, ViewSnoozed, ViewFollowed}, in.View):
		way.of = func(q *bun.SelectQuery) *bun.SelectQuery { return withTags(q, "c.id", tags) }
	default:
		way.place, way.byLane = ofTagged(), in.View == ViewAll
		way.of = func(q *bun.SelectQuery) *bun.SelectQuery { // SQLite reads a CROSS JOIN in the order in which it is written
			q = q.ModelTableExpr("case_tags AS ct CROSS JOIN cases AS c").Where("c.id = ct.case_id").Where("ct.tag_id = ?", rarest)
			return withTags(q, "ct.case_id", others)
		}
	}
	return way, nil
}

// filterTags are the tags that a filter asks for: where one was merged, that which it is now part of.
func (s *Service) filterTags(ctx context.Context, f QueueFilter) ([]string, error) {
	asked := TagIDs(f.Tag)
	if len(asked) == 0 {
		return nil, nil
	}
	known, err := s.tagsByID(ctx, s.db.From(ctx), asked)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, id := range asked {
		if t := known[id]; t != nil {
			id = t.ID
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// withTags keeps the cases that have all the tags.
func withTags(q *bun.SelectQuery, caseID string, tags []string) *bun.SelectQuery {
	for _, id := range tags {
		q = q.Where("EXISTS (SELECT 1 FROM case_tags AS has WHERE has.case_id = "+caseID+" AND has.tag_id = ?)", id)
	}
	return q
}

// someTagged are the first of a tag's cases. Without an order Postgres may read the table instead
// of the index.
func someTagged(db bun.IDB, tag string, limit int64) *bun.SelectQuery {
	return db.NewSelect().Model((*caseTag)(nil)).Column("ct.case_id").Where("ct.tag_id = ?", tag).Order("ct.lane", "ct.queue_at", "ct.case_id").Limit(limit)
}

// rarestTag is the tag that the fewest cases have, counted no further than mostLooked where there is
// a choice, and no further than is few where there is none.
func (s *Service) rarestTag(ctx context.Context, tags []string) (string, int, error) {
	bound := int64(mostLooked)
	if len(tags) == 1 {
		bound = fewFound + 1
	}
	db := s.db.From(ctx)
	q := db.NewSelect()
	counts, into := make([]int, len(tags)), make([]any, len(tags))
	for n, id := range tags {
		q = q.ColumnExpr("(SELECT count(*) FROM (?) AS some_tagged)", someTagged(db, id, bound))
		into[n] = &counts[n]
	}
	if err := q.Scan(ctx, into...); err != nil {
		return "", 0, fmt.Errorf("count tagged cases: %w", err)
	}
	least := slices.Min(counts)
	return tags[slices.Index(counts, least)], least, nil
}

// fewTagged are the cases with all the tags, where they are few: of the rarest, which so many have
// that were counted, those with the others.
func (s *Service) fewTagged(ctx context.Context, rarest string, others []string, counted int) (ids []string, few bool, err error) {
	if counted >= mostLooked || len(others) == 0 && counted > fewFound {
		return nil, false, nil
	}
	db := s.db.From(ctx)
	q := withTags(db.NewSelect().TableExpr("(?) AS found", someTagged(db, rarest, mostLooked)).Column("found.case_id"), "found.case_id", others)
	if err := q.Limit(fewFound+1).Scan(ctx, &ids); err != nil {
		return nil, false, fmt.Errorf("look for tagged cases: %w", err)
	}
	return ids, len(ids) <= fewFound, nil
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
