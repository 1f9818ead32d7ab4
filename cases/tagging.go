package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"regain/problem"
)

// Tagging gives tags to a case and takes some from it.
type Tagging struct {
	// Add are names; one that nobody used before is made. Remove are ids.
	Add, Remove []string
}

// Tag changes a case's tags. What is there already, or gone, is no change. Whoever works
// on the case need not read it again for that. Errors: role_required, invalid_fields,
// too_many_tags, tags_full.
func (s *Service) Tag(ctx context.Context, actor Actor, caseID string, in Tagging) (*Case, error) {
	if !actor.Reviews() { // who may not is told so by the case, if it is theirs to see
		return s.change(ctx, actor, target{id: caseID}, func(ch *change) error {
			_, err := ch.permit(actTag)
			return err
		})
	}
	var out *Case
	err := s.withTags(ctx, actor, in, func(ctx context.Context, _ bun.IDB, tags tagChange) error {
		var err error
		out, err = s.change(ctx, actor, target{id: caseID}, func(ch *change) error {
			_, _, err := ch.tag(tags, nil)
			return err
		})
		return err
	})
	return out, err
}

// tagChange is a Tagging with the tags that it means, which nobody can merge meanwhile.
type tagChange struct {
	add, remove []*Tag
	// back are ids to give again as they were, retired or not; drop are ids to take, and no
	// others that mean the same today.
	back, drop []string
}

// withTags begins a change of tags: it finds and makes the tags before any case is
// locked, so that all who lock both do it in one order.
func (s *Service) withTags(ctx context.Context, actor Actor, in Tagging, do func(ctx context.Context, tx bun.IDB, tags tagChange) error) error {
	if !actor.Reviews() {
		return problem.New(problem.Forbidden, "role_required", "This takes the role of a reviewer or a lead.")
	}
	names, err := in.check()
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		ids, err := s.makeTags(ctx, tx, actor, names)
		if err != nil {
			return err
		}
		wanted := make([]string, len(names))
		for n, name := range names {
			wanted[n] = ids[name]
		}
		known, err := s.holdTags(ctx, tx, append(slices.Clone(wanted), in.Remove...))
		if err != nil {
			return err
		}
		if err := checkRetired(wanted, known); err != nil {
			return err
		}
		return do(ctx, tx, tagChange{add: known.all(wanted), remove: known.all(in.Remove)})
	})
}

// check gives the names as they are kept, each once.
func (in Tagging) check() ([]string, error) {
	var bad []problem.Field
	var names []string
	for n, typed := range in.Add {
		name := TagName(typed)
		if f := checkTag(fmt.Sprintf("/add/%d", n), name); f != nil {
			bad = append(bad, *f)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	switch {
	case len(in.Add)+len(in.Remove) == 0:
		bad = append(bad, problem.Field{Pointer: "/add", Code: "required", Message: "Name a tag."})
	case len(in.Add) > mostTagged || len(in.Remove) > mostTagged:
		bad = append(bad, problem.Field{Pointer: "/add", Code: "too_many", Message: fmt.Sprintf("A case has %d tags at most.", mostTagged)})
	}
	return names, problem.InvalidFields(bad)
}

// makeTags finds the tags with the names, and makes those that there are not, in one order,
// so that two who make the same do not wait for each other.
func (s *Service) makeTags(ctx context.Context, tx bun.IDB, actor Actor, names []string) (map[string]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	ids, err := s.tagIDs(ctx, tx, names)
	if err != nil || len(ids) == len(names) {
		return ids, err
	}
	if err := s.tagsAlone(ctx, tx); err != nil {
		return nil, err
	}
	if ids, err = s.tagIDs(ctx, tx, names); err != nil { // somebody else made some meanwhile
		return nil, err
	}
	for _, name := range slices.Sorted(slices.Values(names)) {
		if ids[name] != "" {
			continue
		}
		if err := s.roomForTag(ctx, tx); err != nil {
			return nil, err
		}
		t := &Tag{ID: s.opt.IDs(), Name: name, CreatedBy: actor.ID, CreatedAt: s.now()}
		if _, err := tx.NewInsert().Model(t).On("CONFLICT DO NOTHING").Exec(ctx); err != nil { // somebody else makes it at this moment
			return nil, fmt.Errorf("make a tag: %w", err)
		}
	}
	return s.tagIDs(ctx, tx, names)
}

// checkRetired refuses to give tags that are retired.
func checkRetired(wanted []string, known tagSet) error {
	var bad []problem.Field
	for n, id := range wanted {
		if t := known[id]; t != nil && t.RetiredAt != nil {
			bad = append(bad, problem.Field{Pointer: fmt.Sprintf("/add/%d", n), Code: "tag_retired", Message: "This tag is retired. A lead can bring it back."})
		}
	}
	return problem.InvalidFields(bad)
}

// tagIDs finds what names mean: a tag of the name, else the one that a tag of the name
// became part of.
func (s *Service) tagIDs(ctx context.Context, tx bun.IDB, names []string) (map[string]string, error) {
	rows := []*Tag{}
	if err := tx.NewSelect().Model(&rows).Where("tag.name IN (?)", bun.List(names)).Order("tag.created_at", "tag.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("find tags: %w", err)
	}
	out := map[string]string{}
	for _, t := range rows {
		if t.MergedInto != "" {
			out[t.Name] = t.MergedInto
		}
	}
	for _, t := range rows {
		switch {
		case t.MergedInto != "":
		case t.MergingInto != "":
			out[t.Name] = t.MergingInto
		default:
			out[t.Name] = t.ID
		}
	}
	return out, nil
}

// holdTags reads what ids mean today and keeps it so until the transaction ends. All that a
// change is about are held at once, in the order in which a merge locks them.
func (s *Service) holdTags(ctx context.Context, tx bun.IDB, ids []string) (tagSet, error) {
	for {
		known, err := s.tagsByID(ctx, tx, ids)
		if err != nil || len(known) == 0 {
			return nil, err
		}
		rows := []*Tag{}
		held := known.lists(ids)
		q := tx.NewSelect().Model(&rows).Where("tag.id IN (?)", bun.List(held)).Order("tag.id")
		if err := s.db.ForShare(q).Scan(ctx); err != nil {
			return nil, fmt.Errorf("read tags: %w", err)
		}
		if slices.ContainsFunc(rows, func(t *Tag) bool {
			return t.MergedInto != "" || t.MergingInto != "" && !slices.Contains(held, t.MergingInto)
		}) {
			continue
		}
		return known.as(rows), nil
	}
}

// as are the tags by the same ids, as they are in the rows.
func (k tagSet) as(rows []*Tag) tagSet {
	out := make(tagSet, len(k))
	for id, t := range k {
		if t == nil {
			continue
		}
		if at := slices.IndexFunc(rows, func(r *Tag) bool { return r.ID == t.ID }); at >= 0 {
			out[id] = rows[at]
		}
	}
	return out
}

// all are the tags that ids mean, each once.
func (k tagSet) all(ids []string) []*Tag {
	var out []*Tag
	for _, id := range ids {
		if t := k[id]; t != nil && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// tag changes the tags of the case, and tells which ids came and went. Why names what
// is undone by it.
func (ch *change) tag(tags tagChange, why Facts) (added, removed []string, err error) {
	if _, err := ch.permit(actTag); err != nil {
		return nil, nil, err
	}
	ch.quiet = true
	known, err := ch.s.tagsByID(ch.ctx, ch.tx, append(slices.Clone(ch.Case.Tags.V), tags.back...))
	if err != nil {
		return nil, nil, err
	}
	means := func(id string, t *Tag) bool { return known[id] != nil && known[id].ID == t.ID }
	kept := slices.DeleteFunc(slices.Clone(ch.Case.Tags.V), func(id string) bool {
		return slices.Contains(tags.drop, id) || slices.ContainsFunc(tags.remove, func(t *Tag) bool { return means(id, t) })
	})
	removed = without(ch.Case.Tags.V, kept)
	for _, t := range tags.add {
		if !slices.ContainsFunc(kept, func(id string) bool { return means(id, t) }) {
			kept, added = append(kept, t.ID), append(added, t.ID)
			known[t.ID] = t
		}
	}
	for _, id := range tags.back {
		if t := known[id]; t != nil && !slices.ContainsFunc(kept, func(id string) bool { return means(id, t) }) {
			kept, added = append(kept, id), append(added, id)
		}
	}
	if len(added)+len(removed) == 0 {
		return nil, nil, nil
	}
	if len(added) > 0 && len(kept) > mostTagged {
		return nil, nil, problem.Newf(problem.Conflict, "tags_full", "This case would have more than %d tags, which is as many as there can be.", mostTagged)
	}
	ch.Case.Tags.V = kept
	return added, removed, ch.recordTags(known, added, removed, why)
}

// without are those of a list that another has not.
func without(list, other []string) []string {
	var out []string
	for _, one := range list {
		if !slices.Contains(other, one) {
			out = append(out, one)
		}
	}
	return out
}

// recordTags writes the rows that lists of tagged cases are read from, and the event.
func (ch *change) recordTags(known tagSet, added, removed []string, why Facts) error {
	facts := Facts{}
	for k, v := range why {
		facts[k] = v
	}
	if len(removed) > 0 {
		facts["removed"] = removed
		// With what is left in lists of tags that were merged.
		if err := ch.unlist(without(append(known.lists(removed), removed...), known.lists(ch.Case.Tags.V))); err != nil {
			return err
		}
	}
	if len(added) > 0 {
		facts["added"] = added
		rows := []*caseTag{}
		for _, id := range known.lists(added) {
			rows = append(rows, &caseTag{CaseID: ch.Case.ID, TagID: id, Lane: ch.Case.Lane, QueueAt: ch.Case.Key().At})
		}
		if _, err := ch.tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Exec(ch.ctx); err != nil {
			return fmt.Errorf("give tags to a case: %w", err)
		}
	}
	return ch.do(actTag, facts)
}

// unlist takes the case out of the lists of tags.
func (ch *change) unlist(tagIDs []string) error {
	if len(tagIDs) == 0 {
		return nil
	}
	_, err := ch.tx.NewDelete().Model((*caseTag)(nil)).Where("case_id = ?", ch.Case.ID).Where("tag_id IN (?)", bun.List(tagIDs)).Exec(ch.ctx)
	if err != nil {
		return fmt.Errorf("take tags from a case: %w", err)
	}
	return nil
}

// today are the ids of what ids mean today.
func (k tagSet) today(ids []string) []string {
	var out []string
	for _, id := range ids {
		if t := k[id]; t != nil {
			out = append(out, t.ID)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(out)))
}

// lists are the ids of the tags in whose lists a case with the ids belongs: what they mean
// today, and what that is becoming part of.
func (k tagSet) lists(ids []string) []string {
	out := k.today(ids)
	for _, id := range ids {
		if t := k[id]; t != nil && t.MergingInto != "" {
			out = append(out, t.MergingInto)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(out)))
}

// placeTags moves the case in the lists of its tags to where it stands now.
func (ch *change) placeTags() error {
	if len(ch.Case.Tags.V) == 0 || ch.place == ch.Case.Key() {
		return nil
	}
	_, err := ch.tx.NewUpdate().Model((*caseTag)(nil)).Set("lane = ?", ch.Case.Lane).Set("queue_at = ?", ch.Case.QueueAt).
		Where("case_id = ?", ch.Case.ID).Exec(ch.ctx)
	if err != nil {
		return fmt.Errorf("place a case among its tags: %w", err)
	}
	return nil
}

// TagMany changes the tags of several cases. Each is a change of its own: one that is
// refused is told of and keeps none of the others back. Errors: role_required,
// invalid_fields, too_many_tags.
func (s *Service) TagMany(ctx context.Context, actor Actor, caseIDs []string, in Tagging) (*BulkAct, error) {
	caseIDs, err := bulkCases(caseIDs)
	if err != nil {
		return nil, err
	}
	act := s.newBulkAct(actor, BulkTag)
	err = s.withTags(ctx, actor, in, func(ctx context.Context, tx bun.IDB, tags tagChange) error {
		return act.do(ctx, tx, caseIDs, func(step *BulkStep) error {
			_, err := s.change(ctx, actor, target{id: step.CaseID}, func(ch *change) error {
				var err error
				step.Added, step.Removed, err = ch.tag(tags, nil)
				return err
			})
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return act, nil
}

// UndoTags takes the tags away that an act gave, and gives back what it took; where
// somebody has changed the same tags since, they stay as they are. It is for whoever
// made it, once. Errors: bulk_act_not_found, undo_too_late, already_undone.
func (s *Service) UndoTags(ctx context.Context, actor Actor, id string) (*BulkAct, error) {
	return s.undo(ctx, actor, BulkTag, id, func(ctx context.Context, act, undone *BulkAct) error {
		var ids []string
		for _, step := range act.Changed() {
			ids = append(append(ids, step.Added...), step.Removed...)
		}
		if _, err := s.holdTags(ctx, s.db.From(ctx), ids); err != nil {
			return err
		}
		for _, step := range act.Changed() {
			back := BulkStep{CaseID: step.CaseID}
			_, err := s.change(ctx, actor, target{id: step.CaseID}, func(ch *change) error {
				var err error
				back.Added, back.Removed, err = ch.untag(step, Facts{"undoes": act.ID})
				return err
			})
			if err := undone.took(back, err); err != nil {
				return err
			}
		}
		return nil
	})
}

// untag takes back what a step did, by the very ids that came and went: a tag that somebody
// else gave stays, though it may mean the same by now.
func (ch *change) untag(step BulkStep, why Facts) (added, removed []string, err error) {
	return ch.tag(tagChange{back: step.Removed, drop: step.Added}, why)
}

// SplitTags are the names in a text of several, which commas or lines divide.
func SplitTags(typed string) []string {
	var out []string
	for name := range strings.FieldsFuncSeq(typed, func(r rune) bool { return strings.ContainsRune(",;\n，、；", r) }) {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}
