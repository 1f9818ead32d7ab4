package cases

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/uptrace/bun"
	"golang.org/x/text/unicode/norm"

	"regain/database"
	"regain/problem"
)

const (
	// longestTag bounds a tag's name, in characters.
	longestTag = 40
	// MostTags bounds the tags that there are, so that one list holds them all: of more
	// than that nobody knows which to use.
	MostTags = 200
	// mostTagged bounds the tags of one case.
	mostTagged = 20
	// tagCounted is as far as the cases of a tag are counted.
	tagCounted = MostCounted
)

// Tag is a short name that staff give to cases.
type Tag struct {
	bun.BaseModel `bun:"table:tags,alias:tag"`

	ID        string    `bun:"id,pk"`
	Name      string    `bun:"name"`
	CreatedBy string    `bun:"created_by"`
	CreatedAt time.Time `bun:"created_at"`
	// RetiredAt is set for a tag that is given to no case any more.
	RetiredAt *time.Time `bun:"retired_at"`
	RetiredBy string     `bun:"retired_by"`
	// MergedInto is the tag that this one became part of; empty for one of its own.
	MergedInto string `bun:"merged_into"`
	// MergingInto is the tag that this one is becoming part of; see MergeTags.
	MergingInto string `bun:"merging_into"`
}

// caseTag says that a case has a tag, and where the case stands in the queue.
type caseTag struct {
	bun.BaseModel `bun:"table:case_tags,alias:ct"`

	CaseID  string    `bun:"case_id,pk"`
	TagID   string    `bun:"tag_id,pk"`
	Lane    lane      `bun:"lane"`
	QueueAt time.Time `bun:"queue_at"`
}

// TagName is a tag's name as it is kept: letters of one width and case, single spaces.
func TagName(typed string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(typed))), " ")
}

// checkTag says what is wrong with a name that was typed; nil when nothing is.
func checkTag(pointer, name string) *problem.Field {
	if f := problem.CheckText(pointer, name, 1, longestTag, problem.OneLine); f != nil {
		return f
	}
	plain := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	allowed := func(r rune) bool { return plain(r) || unicode.IsMark(r) || strings.ContainsRune(" -_.+&/#", r) }
	if !strings.ContainsFunc(name, plain) || strings.ContainsFunc(name, func(r rune) bool { return !allowed(r) }) {
		return &problem.Field{Pointer: pointer, Code: "not_a_tag", Message: "Use letters and digits, and between them spaces or one of - _ . + & / #."}
	}
	return nil
}

func errNoTag() error { return problem.New(problem.NotFound, "tag_not_found", "There is no such tag.") }

func errTagReaders() error {
	return problem.New(problem.Forbidden, "role_required", "Tags are for those who review or audit cases.")
}

func errTagLeads() error {
	return problem.New(problem.Forbidden, "role_required", "Tags are renamed, merged and retired by leads.")
}

// Tags are all that there are, by name; with retired ones where those are wanted.
// Error: role_required.
func (s *Service) Tags(ctx context.Context, actor Actor, retired bool) ([]*Tag, error) {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return nil, errTagReaders()
	}
	out := []*Tag{}
	q := s.db.From(ctx).NewSelect().Model(&out).Where("tag.merged_into = ''")
	if !retired {
		q = q.Where("tag.retired_at IS NULL")
	}
	if err := q.Order("tag.name", "tag.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read tags: %w", err)
	}
	return out, nil
}

// TagList is a page of the tags, with how many cases have each, MostCounted at most.
type TagList struct {
	Tags  []*Tag
	Cases map[string]int
	// Next is the cursor of the next page; empty at the end.
	Next string
}

// ListTags lists tags by name, retired ones too. Error: role_required.
func (s *Service) ListTags(ctx context.Context, actor Actor, page database.Page) (*TagList, error) {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return nil, errTagReaders()
	}
	list := []*Tag{}
	db := s.db.From(ctx)
	if err := page.Ascending(db.NewSelect().Model(&list).Where("tag.merged_into = ''"), "tag.name", "tag.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read tags: %w", err)
	}
	out := &TagList{}
	var err error
	if out.Tags, out.Next, err = database.Next(page, list, func(t *Tag) (any, string) { return t.Name, t.ID }); err != nil {
		return nil, err
	}
	out.Cases, err = s.countTagged(ctx, out.Tags)
	return out, err
}

// countTagged counts the cases of each tag in one query, no further than tagCounted.
func (s *Service) countTagged(ctx context.Context, tags []*Tag) (map[string]int, error) {
	out := make(map[string]int, len(tags))
	if len(tags) == 0 {
		return out, nil
	}
	db := s.db.From(ctx)
	q := db.NewSelect()
	counts, into := make([]int, len(tags)), make([]any, len(tags))
	for n, t := range tags {
		some := db.NewSelect().Model((*caseTag)(nil)).ColumnExpr("1").Where("ct.tag_id = ?", t.ID).OrderExpr("ct.lane, ct.queue_at, ct.case_id").Limit(tagCounted)
		q = q.ColumnExpr("(SELECT count(*) FROM (?) AS some_cases)", some)
		into[n] = &counts[n]
	}
	if err := q.Scan(ctx, into...); err != nil {
		return nil, fmt.Errorf("count the cases of tags: %w", err)
	}
	for n, t := range tags {
		out[t.ID] = counts[n]
	}
	return out, nil
}

// TagsOf are the tags of some cases, by the case's id, each list by name. Who may read
// the cases may read them.
func (s *Service) TagsOf(ctx context.Context, list ...*Case) (map[string][]*Tag, error) {
	var ids []string
	for _, c := range list {
		ids = append(ids, c.Tags.V...)
	}
	known, err := s.tagsByID(ctx, s.db.From(ctx), ids)
	if err != nil {
		return nil, err
	}
	out := map[string][]*Tag{}
	for _, c := range list {
		out[c.ID] = known.of(c)
	}
	return out, nil
}

// TagsByID finds what ids of tags mean today, for whoever reads events that name them.
// Error: role_required.
func (s *Service) TagsByID(ctx context.Context, actor Actor, ids []string) (map[string]*Tag, error) {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return nil, errTagReaders()
	}
	return s.tagsByID(ctx, s.db.From(ctx), ids)
}

// TagNames are what tags are called, by id, for whoever reads a record that names them;
// merged ones by the name that they had.
func (s *Service) TagNames(ctx context.Context, ids []string) (map[string]string, error) {
	names := make(map[string]string, len(ids))
	if len(ids) == 0 {
		return names, nil
	}
	rows := []*Tag{}
	if err := s.db.From(ctx).NewSelect().Model(&rows).Where("tag.id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("find the names of tags: %w", err)
	}
	for _, t := range rows {
		names[t.ID] = t.Name
	}
	return names, nil
}

// tagSet finds the tag that an id means today.
type tagSet map[string]*Tag

// of are the tags of a case, each once, by name.
func (k tagSet) of(c *Case) []*Tag {
	var out []*Tag
	for _, id := range c.Tags.V {
		if t := k[id]; t != nil && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b *Tag) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// tagsByID reads what ids mean today: merged tags mean the one that they became part of.
func (s *Service) tagsByID(ctx context.Context, db bun.IDB, ids []string) (tagSet, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	out := tagSet{}
	if len(ids) == 0 {
		return out, nil
	}
	rows := []*Tag{}
	err := db.NewSelect().Model(&rows).Where("(tag.id IN (?) OR tag.id IN (SELECT m.merged_into FROM tags AS m WHERE m.id IN (?)))", bun.List(ids), bun.List(ids)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read tags: %w", err)
	}
	for _, t := range rows {
		out[t.ID] = t
	}
	for _, t := range rows {
		if t.MergedInto != "" {
			out[t.ID] = out[t.MergedInto]
		}
	}
	return out, nil
}

// lockTag reads a tag and keeps it as it is until the transaction ends. Error:
// tag_not_found, for one that was merged, too.
func (s *Service) lockTag(ctx context.Context, tx bun.IDB, id string) (*Tag, error) {
	t := new(Tag)
	err := s.db.ForUpdate(tx.NewSelect().Model(t).Where("tag.id = ?", id)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || err == nil && t.MergedInto != "" {
		return nil, errNoTag()
	}
	if err != nil {
		return nil, fmt.Errorf("read a tag: %w", err)
	}
	return t, nil
}

func errTagExists() error {
	return problem.New(problem.Conflict, "tag_exists", "Another tag has this name already. Merge the two instead.")
}

// RenameTag calls a tag otherwise, on every case that has it. Errors: role_required,
// tag_not_found, invalid_fields, tag_exists.
func (s *Service) RenameTag(ctx context.Context, actor Actor, id, name string) (*Tag, error) {
	name = TagName(name)
	return s.changeTag(ctx, actor, id, func(_ context.Context, _ bun.IDB, t *Tag) (act string, err error) {
		if f := checkTag("/name", name); f != nil {
			return "", problem.InvalidFields([]problem.Field{*f})
		}
		if t.Name == name {
			return "", nil
		}
		t.Name = name
		return TagRenamed, nil
	})
}

// RetireTag keeps a tag from being given to more cases; those that have it keep it.
// Restored it is as before. Errors: role_required, tag_not_found, too_many_tags.
func (s *Service) RetireTag(ctx context.Context, actor Actor, id string, retire bool) (*Tag, error) {
	return s.changeTag(ctx, actor, id, func(ctx context.Context, tx bun.IDB, t *Tag) (act string, err error) {
		switch {
		case retire && t.RetiredAt == nil:
			now := s.now()
			t.RetiredAt, t.RetiredBy = &now, actor.ID
			return TagRetired, nil
		case !retire && t.RetiredAt != nil:
			t.RetiredAt, t.RetiredBy = nil, ""
			return TagRestored, s.roomForTag(ctx, tx)
		}
		return "", nil
	})
}

// changeTag lets a lead change a tag's row, and records what the change says that it was;
// nothing when it says nothing.
func (s *Service) changeTag(ctx context.Context, actor Actor, id string, change func(ctx context.Context, tx bun.IDB, t *Tag) (act string, err error)) (*Tag, error) {
	if !actor.Has(RoleLead) {
		return nil, errTagLeads()
	}
	var out *Tag
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		if err := s.tagsAlone(ctx, tx); err != nil {
			return err
		}
		t, err := s.lockTag(ctx, tx, id)
		if err != nil {
			return err
		}
		kind, err := change(ctx, tx, t)
		out = t
		if err != nil || kind == "" {
			return err
		}
		if _, err = tx.NewUpdate().Model(t).Column("name", "retired_at", "retired_by").WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.opt.Record(ctx, tx, actor.ID, kind, id, "")
	})
	if errors.Is(err, database.ErrUnique) {
		return nil, errTagExists()
	}
	if _, ok := problem.As(err); err != nil && !ok {
		return nil, fmt.Errorf("change a tag: %w", err)
	}
	return out, err
}

// tagsAlone keeps others from making tags until the transaction ends: what there is room
// for is counted and then made. Whoever locks tags, too, does so after it.
func (s *Service) tagsAlone(ctx context.Context, tx bun.IDB) error {
	return s.db.Alone(ctx, tx, "tags")
}

// roomForTag refuses one tag too many; the caller has called tagsAlone.
func (s *Service) roomForTag(ctx context.Context, tx bun.IDB) error {
	n, err := tx.NewSelect().Model((*Tag)(nil)).Where("tag.merged_into = ''").Where("tag.retired_at IS NULL").Count(ctx)
	if err != nil {
		return fmt.Errorf("count tags: %w", err)
	}
	if n >= MostTags {
		return problem.Newf(problem.Conflict, "too_many_tags", "There are %d tags already, which is as many as there can be. Use one of them, or have a lead merge or retire some.", MostTags)
	}
	return nil
}
