package api

import (
	"context"
	"time"

	"regain/cases"
	"regain/server"
)

const (
	tagsPath     = "/api/v1/tags"
	bulkTagsPath = queuePath + "/tags"
)

// TagView is a tag on a case.
type TagView struct {
	ID      string `json:"id"`
	Name    string `json:"name" example:"heirs"`
	Retired bool   `json:"retired,omitempty" doc:"It is given to no other case."`
}

// TagEntry is a tag in the list of all.
type TagEntry struct {
	TagView
	Cases       int        `json:"cases" doc:"How many cases have it, 1000 at most."`
	CreatedBy   string     `json:"created_by" doc:"The id of who used it first."`
	CreatedAt   time.Time  `json:"created_at"`
	RetiredBy   string     `json:"retired_by,omitempty"`
	RetiredAt   *time.Time `json:"retired_at,omitempty"`
	MergingInto string     `json:"merging_into,omitempty" doc:"The id of the tag that it is becoming part of."`
}

type tagsOut struct {
	Body struct {
		Tags   []TagEntry `json:"tags" doc:"By name, retired ones too. A tag that was merged is not listed: its id leads to the one that it became part of."`
		People People     `json:"people" doc:"The names of the members of staff by id."`
		Next   string     `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

// TaggingBody is embedded where tags are given and taken.
type TaggingBody struct {
	Add    []string `json:"add,omitempty" maxItems:"20" example:"[\"heirs\"]" doc:"Names, of 1 to 40 characters: letters, digits, and spaces or - _ . + & / # between them. Case and width make no difference. A name that is new makes a tag; 200 there can be."`
	Remove []string `json:"remove,omitempty" maxItems:"20" doc:"The ids of tags."`
}

func (b TaggingBody) tagging() cases.Tagging { return cases.Tagging{Add: b.Add, Remove: b.Remove} }

type tagCaseIn struct {
	InLanguage
	CasePath
	Body TaggingBody
}

type tagManyIn struct {
	Body struct {
		Cases []string `json:"cases" minItems:"1" maxItems:"50" doc:"The ids of the cases."`
		TaggingBody
	}
}

type bulkActIn struct {
	Act string `path:"act" maxLength:"64" doc:"The id that the call gave which is to be undone."`
}

// BulkActView says what became of each of several cases.
type BulkActView struct {
	ID        string        `json:"id,omitempty" doc:"For undoing it; absent when nothing was changed, and for what can't be undone."`
	Done      []string      `json:"done" doc:"The ids of the cases that changed."`
	Unchanged []string      `json:"unchanged" doc:"Those that were so already."`
	Refused   []RefusalView `json:"refused" doc:"Those that were left as they are."`
	UndoUntil *time.Time    `json:"undo_until,omitempty"`
}

type bulkActOut struct {
	Body BulkActView
}

// TagPath is embedded where the path names a tag.
type TagPath struct {
	Tag string `path:"tag" maxLength:"64" doc:"The tag's id."`
}

type renameTagIn struct {
	TagPath
	Body struct {
		Name string `json:"name" maxLength:"1000" example:"heirs" doc:"1 to 40 characters."`
	}
}

type mergeTagIn struct {
	TagPath
	Body struct {
		Into string `json:"into" maxLength:"64" doc:"The id of the tag that it becomes part of."`
	}
}

type retireTagIn struct {
	TagPath
	Body struct {
		Retired bool `json:"retired" doc:"false brings it back."`
	}
}

type tagOut struct {
	Body TagView
}

func (a caseAPI) registerTags() {
	leads := []server.Role{server.Lead}
	const tag = "Tags"
	server.JSON(a.server, server.Route{
		ID: "list-tags", Method: get, Path: tagsPath, Roles: caseStaff(), Effect: server.Reads, Tag: tag, Summary: "All tags, a page at a time",
	}, a.listTags)
	server.JSON(a.server, server.Route{
		ID: "tag-case", Method: post, Path: casesPath + "{case}/tags", Roles: reviewers(), Effect: server.Changes, MaxBody: 16 << 10, Tag: tag,
		Summary:     "Give tags to a case and take some away",
		Description: "What it has already, or has not, is no change. The case keeps its version: nobody has to read it again for a tag.",
	}, func(ctx context.Context, in *tagCaseIn) (*caseOut, error) {
		c, err := a.cases.Tag(ctx, actorOf(ctx), in.Case, in.Body.tagging())
		return a.shown(ctx, c, err, in.InLanguage)
	})
	server.JSON(a.server, server.Route{
		ID: "tag-many", Method: post, Path: bulkTagsPath, Roles: reviewers(), Effect: server.Changes, MaxBody: 16 << 10, Tag: tag,
		Summary: "Give tags to several cases and take some away", Description: "Each is a change of its own; one that is refused keeps none of the others back.",
	}, func(ctx context.Context, in *tagManyIn) (*bulkActOut, error) {
		act, err := a.cases.TagMany(ctx, actorOf(ctx), in.Body.Cases, in.Body.tagging())
		return bulkActView(act, err, true)
	})
	server.JSON(a.server, server.Route{
		ID: "undo-tags", Method: post, Path: bulkTagsPath + "/{act}/undo", Roles: reviewers(), Effect: server.Changes, MaxBody: 4 << 10, Tag: tag,
		Summary: "Undo the tagging of several cases", Description: "Within an hour, by whoever made it. Tags that anybody has changed since stay as they are.",
	}, func(ctx context.Context, in *bulkActIn) (*bulkActOut, error) {
		undone, err := a.cases.UndoTags(ctx, actorOf(ctx), in.Act)
		return bulkActView(undone, err, false)
	})
	route := func(id, method, path, summary, description string) server.Route {
		return server.Route{ID: id, Method: method, Path: tagsPath + "/{tag}/" + path, Roles: leads, Effect: server.Changes, MaxBody: 16 << 10, Tag: tag, Summary: summary, Description: description}
	}
	server.JSON(a.server, route("rename-tag", "PUT", "name", "Call a tag otherwise", "On every case that has it."),
		func(ctx context.Context, in *renameTagIn) (*tagOut, error) {
			t, err := a.cases.RenameTag(ctx, actorOf(ctx), in.Tag, in.Body.Name)
			return tagAnswer(t, err)
		})
	server.JSON(a.server, route("merge-tag", post, "merger", "Make a tag part of another", "Cases that have it have the other one instead, and its name leads there. That can't be undone. Where very many cases have it, it goes on after the answer; merging_into is there until it is done."),
		func(ctx context.Context, in *mergeTagIn) (*tagOut, error) {
			t, err := a.cases.MergeTags(ctx, actorOf(ctx), in.Tag, in.Body.Into)
			return tagAnswer(t, err)
		})
	server.JSON(a.server, route("retire-tag", "PUT", "retired", "Retire a tag, or bring it back", "A retired tag stays on the cases that have it, and is given to no other."),
		func(ctx context.Context, in *retireTagIn) (*tagOut, error) {
			t, err := a.cases.RetireTag(ctx, actorOf(ctx), in.Tag, in.Body.Retired)
			return tagAnswer(t, err)
		})
}

func (a caseAPI) listTags(ctx context.Context, in *TextPageQuery) (*tagsOut, error) {
	list, next, err := a.tags(ctx, *in)
	if err != nil {
		return nil, err
	}
	out := &tagsOut{}
	out.Body.Tags, out.Body.Next = list, in.next(tagsPath, next, nil)
	var staff []string
	for _, t := range list {
		staff = append(staff, t.CreatedBy, t.RetiredBy)
	}
	out.Body.People, err = a.people(ctx, staff)
	return out, err
}

// tags are a page of the tags, and the cursor of the next.
func (a caseAPI) tags(ctx context.Context, in TextPageQuery) ([]TagEntry, string, error) {
	page, err := in.page()
	if err != nil {
		return nil, "", err
	}
	list, err := a.cases.ListTags(ctx, actorOf(ctx), page)
	if err != nil {
		return nil, "", err
	}
	views := make([]TagEntry, 0, len(list.Tags))
	for _, t := range list.Tags {
		views = append(views, TagEntry{
			TagView: tagView(t), Cases: list.Cases[t.ID], CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt.UTC(), RetiredBy: t.RetiredBy, RetiredAt: utc(t.RetiredAt), MergingInto: t.MergingInto,
		})
	}
	return views, list.Next, nil
}

func tagView(t *cases.Tag) TagView {
	return TagView{ID: t.ID, Name: t.Name, Retired: t.RetiredAt != nil}
}

func tagViews(tags []*cases.Tag) []TagView {
	views := make([]TagView, 0, len(tags))
	for _, t := range tags {
		views = append(views, tagView(t))
	}
	return views
}

func tagAnswer(t *cases.Tag, err error) (*tagOut, error) {
	if err != nil {
		return nil, err
	}
	return &tagOut{Body: tagView(t)}, nil
}

// bulkActView tells what became of the cases, and, where that is possible, how to undo it.
func bulkActView(act *cases.BulkAct, err error, undoable bool) (*bulkActOut, error) {
	if err != nil {
		return nil, err
	}
	out := &bulkActOut{Body: BulkActView{Done: []string{}, Unchanged: []string{}, Refused: []RefusalView{}}}
	for _, step := range act.Changed() {
		out.Body.Done = append(out.Body.Done, step.CaseID)
	}
	for _, step := range act.Unchanged() {
		out.Body.Unchanged = append(out.Body.Unchanged, step.CaseID)
	}
	for _, step := range act.Refused() {
		out.Body.Refused = append(out.Body.Refused, RefusalView{Case: step.CaseID, Code: step.Refused, Detail: detailOf(step.Refused)})
	}
	if undoable && len(out.Body.Done) > 0 {
		out.Body.ID, out.Body.UndoUntil = act.ID, new(act.UndoUntil())
	}
	return out, nil
}
