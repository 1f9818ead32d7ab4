package cases

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"regain/problem"
)

// A tag becomes part of another in one transaction where few cases have it. Where many do,
// that would take too long: then its cases are put into the other one's list some at a time,
// while the tag is still one of its own that nobody gives any more; when all are there, it
// becomes part of the other at once; and its own list, which nobody reads from then on, goes
// some at a time. What a process leaves undone, another does.

// mergedAtOnce is how many cases are put into another list, or taken off one, at a time.
const mergedAtOnce = 500

func errMerging() error {
	return problem.New(problem.Conflict, "tag_merging", "One of the two is becoming part of another tag at the moment. Try again when that is done.")
}

// MergeTags makes one tag part of another: cases that have it have the other one
// instead, and its name leads there. Nothing of the cases' records changes: events name
// the tag that was given. Where very many cases have it, that goes on after the call; see
// MergeOn. Errors: role_required, tag_not_found, invalid_fields, tag_merging.
func (s *Service) MergeTags(ctx context.Context, actor Actor, id, into string) (*Tag, error) {
	if !actor.Has(RoleLead) {
		return nil, errTagLeads()
	}
	if id == into {
		return nil, problem.InvalidFields([]problem.Field{{Pointer: "/into", Code: "not_a_choice", Message: "Choose another tag."}})
	}
	var out *Tag
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		found, err := s.lockBoth(ctx, tx, id, into)
		if err != nil {
			return err
		}
		for _, t := range found {
			if t.MergingInto != "" {
				return errMerging()
			}
		}
		coming, err := tx.NewSelect().Model((*Tag)(nil)).Where("tag.merging_into = ?", id).Exists(ctx)
		if err != nil {
			return fmt.Errorf("look for tags that are merged: %w", err)
		}
		if coming { // they would have to go on to where this one goes
			return errMerging()
		}
		out = found[into]
		if err := s.merge(ctx, tx, id, into); err != nil {
			return err
		}
		return s.opt.Record(ctx, tx, actor.ID, TagMerged, id, into)
	})
	return out, err
}

// lockBoth locks two tags in one order, so that two at once do not wait for each other.
func (s *Service) lockBoth(ctx context.Context, tx bun.IDB, id, into string) (map[string]*Tag, error) {
	found := map[string]*Tag{}
	for _, one := range slices.Sorted(slices.Values([]string{id, into})) {
		t, err := s.lockTag(ctx, tx, one)
		if err != nil && one == into && problem.Is(err, "tag_not_found") {
			return nil, problem.InvalidFields([]problem.Field{{Pointer: "/into", Code: "not_a_choice", Message: "Choose another tag."}})
		}
		if err != nil {
			return nil, err
		}
		found[one] = t
	}
	return found, nil
}

// merge does it at once where few cases have the tag, and begins it where many do.
func (s *Service) merge(ctx context.Context, tx bun.IDB, id, into string) error {
	ids := []string{}
	err := tx.NewSelect().Model((*caseTag)(nil)).Column("case_id").Where("ct.tag_id = ?", id).Order("ct.lane", "ct.queue_at", "ct.case_id").Limit(mergedAtOnce+1).Scan(ctx, &ids)
	if err != nil {
		return fmt.Errorf("look for tagged cases: %w", err)
	}
	if len(ids) > mergedAtOnce {
		if _, err := tx.NewUpdate().Model((*Tag)(nil)).Set("merging_into = ?", into).Where("id = ?", id).Exec(ctx); err != nil {
			return fmt.Errorf("begin to merge tags: %w", err)
		}
		return nil
	}
	if err := mergedInto(ctx, tx, id, into); err != nil {
		return err
	}
	// In place, so that a change of one of the cases at this moment meets its row.
	_, err = tx.NewUpdate().Model((*caseTag)(nil)).ModelTableExpr("case_tags").Set("tag_id = ?", into).Where("tag_id = ?", id).
		Where("NOT EXISTS (SELECT 1 FROM case_tags AS other WHERE other.case_id = case_tags.case_id AND other.tag_id = ?)", into).Exec(ctx)
	if err == nil {
		_, err = tx.NewDelete().Model((*caseTag)(nil)).Where("tag_id = ?", id).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("merge tags: %w", err)
	}
	return nil
}

// mergedInto makes a tag, and those that are part of it, part of another.
func mergedInto(ctx context.Context, tx bun.IDB, id, into string) error {
	_, err := tx.NewUpdate().Model((*Tag)(nil)).Set("merged_into = ?", into).Set("merging_into = ''").Where("(id = ? OR merged_into = ?)", id, id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("merge tags: %w", err)
	}
	return nil
}

// MergeOn goes on with what calls of MergeTags have begun, until all of it is done.
func (s *Service) MergeOn(ctx context.Context) error {
	merging := []*Tag{}
	if err := s.db.From(ctx).NewSelect().Model(&merging).Where("tag.merging_into <> ''").Order("tag.id").Scan(ctx); err != nil {
		return fmt.Errorf("look for tags that are merged: %w", err)
	}
	for _, t := range merging {
		for done := false; !done; {
			var err error
			if done, err = s.mergeSome(ctx, t.ID, t.MergingInto); err != nil {
				return err
			}
		}
	}
	return s.forgetMerged(ctx)
}

// mergeSome puts some cases of a tag into another one's list; when there are no more, the tag
// becomes part of the other, and that is done.
func (s *Service) mergeSome(ctx context.Context, id, into string) (done bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		found, err := s.lockBoth(ctx, tx, id, into)
		if problem.Is(err, "tag_not_found") || err == nil && found[id].MergingInto != into {
			done = true // another process did it
			return nil
		}
		if err != nil {
			return err
		}
		rest := tx.NewSelect().Model((*caseTag)(nil)).Column("ct.case_id").Where("ct.tag_id = ?", id).
			Where("NOT EXISTS (SELECT 1 FROM case_tags AS other WHERE other.case_id = ct.case_id AND other.tag_id = ?)", into).
			Order("ct.lane", "ct.queue_at", "ct.case_id").Limit(mergedAtOnce)
		ids := []string{}
		if err := rest.Scan(ctx, &ids); err != nil {
			return fmt.Errorf("look for tagged cases: %w", err)
		}
		if len(ids) == 0 {
			done = true
			return mergedInto(ctx, tx, id, into)
		}
		// A change of one of the cases has ended before, or begins after this, and so finds its place in both lists.
		cases := []string{}
		q := tx.NewSelect().Model((*Case)(nil)).Column("id").Where("c.id IN (?)", bun.List(ids)).Order("c.id")
		if err := s.db.ForUpdate(q).Scan(ctx, &cases); err != nil {
			return fmt.Errorf("hold tagged cases: %w", err)
		}
		_, err = tx.NewRaw("INSERT INTO case_tags (case_id, tag_id, lane, queue_at) SELECT ct.case_id, ?, ct.lane, ct.queue_at FROM case_tags AS ct "+
			"WHERE ct.tag_id = ? AND ct.case_id IN (?) ON CONFLICT DO NOTHING", into, id, bun.List(ids)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("put cases into the list of another tag: %w", err)
		}
		return nil
	})
	return done, err
}

// forgetMerged removes what is left of the lists of merged tags.
func (s *Service) forgetMerged(ctx context.Context) error {
	db := s.db.From(ctx)
	ids := []string{}
	err := db.NewSelect().Model((*Tag)(nil)).Column("tag.id").Where("tag.merged_into <> ''").
		Where("EXISTS (SELECT 1 FROM case_tags AS ct WHERE ct.tag_id = tag.id)").Order("tag.id").Scan(ctx, &ids)
	if err != nil {
		return fmt.Errorf("look for lists of merged tags: %w", err)
	}
	for _, id := range ids {
		for {
			some := db.NewSelect().Model((*caseTag)(nil)).Column("ct.case_id").Where("ct.tag_id = ?", id).Order("ct.lane", "ct.queue_at", "ct.case_id").Limit(mergedAtOnce)
			n, err := affected(db.NewDelete().Model((*caseTag)(nil)).Where("tag_id = ?", id).Where("case_id IN (?)", s.db.ForUpdateSkipLocked(some)).Exec(ctx))
			if err != nil {
				return fmt.Errorf("remove the list of a merged tag: %w", err)
			}
			if n < mergedAtOnce {
				break
			}
		}
	}
	return nil
}
