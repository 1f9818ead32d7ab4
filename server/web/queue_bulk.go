package web

import (
	"context"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

// What is done with several cases of the queue at one go: tags here, giving them to
// somebody in queue_assign.go, a message to their customers in queue_reply.go.

// tagListed gives tags to the selected cases, or takes them away.
func (p *Pages) tagListed(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	selected, typed := f.All("case"), cases.SplitTags(f.Get("tags"))
	switch {
	case len(selected) == 0:
		return p.refuseSelection(c, f, "staff.select.nothing")
	case len(typed) == 0:
		return p.refuseSelection(c, f, "staff.select.no_tag")
	}
	in := cases.Tagging{Add: typed}
	if f.Get("do") == "untag" {
		if in, err = p.takingTags(ctx, actor, typed); err != nil {
			return err
		}
		if len(in.Remove) == 0 {
			return p.refuseSelection(c, f, "staff.select.no_such_tag")
		}
	}
	act, err := p.services.Cases.TagMany(ctx, actor, selected, in)
	if err != nil {
		return p.refuseList(c, f, err)
	}
	return p.backToList(c, f, "tagged", act.ID)
}

// takingTags takes away the tags that names mean.
func (p *Pages) takingTags(ctx context.Context, actor cases.Actor, typed []string) (cases.Tagging, error) {
	known, err := p.services.Cases.Tags(ctx, actor, true)
	if err != nil {
		return cases.Tagging{}, err
	}
	in := cases.Tagging{}
	for _, name := range typed {
		at := slices.IndexFunc(known, func(t *cases.Tag) bool { return t.Name == cases.TagName(name) })
		if at >= 0 {
			in.Remove = append(in.Remove, known[at].ID)
		}
	}
	return in, nil
}

func (p *Pages) undoTags(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	undone, err := p.services.Cases.UndoTags(ctx, api.ActorOf(ctx), f.Get("act"))
	if err != nil {
		return p.refuseList(c, f, err)
	}
	return p.backToList(c, f, "tags_back", strconv.Itoa(len(undone.Changed())), "kept", strconv.Itoa(len(undone.Refused())+len(undone.Unchanged())))
}

var (
	// toldActs are the kinds of acts, and the parameters of the list that tell of them.
	toldActs = []struct {
		parameter string
		kind      cases.BulkKind
	}{{"done", cases.BulkAssign}, {"tagged", cases.BulkTag}, {"sent", cases.BulkReply}}
	// undoForms are where the kinds are undone that can be.
	undoForms = map[cases.BulkKind]string{cases.BulkAssign: queuePath + "/undo", cases.BulkTag: queuePath + "/tags/undo"}
)

// bulkOutcome tells of what the address says was done with several cases; nil for what
// is too long ago.
func (p *Pages) bulkOutcome(ctx context.Context, data *queuePage, kind cases.BulkKind, id string) (*assignOutcome, error) {
	actor := api.ActorOf(ctx)
	act, err := p.services.Cases.BulkAct(ctx, actor, kind, id)
	if problem.Is(err, "bulk_act_not_found") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := &assignOutcome{Done: len(act.Changed()), Same: len(act.Unchanged()), At: data.At()}
	out.Kind, out.To = p.outcomeKind(data, actor, act)
	if undo := undoForms[kind]; undo != "" && out.Done > 0 && act.UndoneAt == nil && !p.now().After(act.UndoUntil()) {
		out.ID, out.Undo = act.ID, undo
	}
	for _, step := range act.Refused() {
		out.Refused = append(out.Refused, p.refusedCase(ctx, actor, step.CaseID, step.Refused))
	}
	return out, nil
}

// outcomeKind is the kind of what became of an act, and who was given the cases.
func (p *Pages) outcomeKind(data *queuePage, actor cases.Actor, act *cases.BulkAct) (kind, to string) {
	switch changed := act.Changed(); {
	case act.Kind == cases.BulkTag:
		return "tagged", ""
	case act.Kind == cases.BulkReply:
		return "sent", ""
	case len(changed) == 0:
		return "nothing", ""
	case changed[0].To == "":
		return "released", ""
	case changed[0].To == actor.ID:
		return "mine", data.holderName(actor.ID)
	default:
		return "given", data.holderName(changed[0].To)
	}
}

// readTags reads the tags that there are, to choose from and to filter by, and those that are
// filtered by, though they were retired.
func (p *Pages) readTags(ctx context.Context, actor cases.Actor, data *queuePage) error {
	all, err := p.services.Cases.Tags(ctx, actor, false)
	if err != nil {
		return err
	}
	for _, t := range all {
		data.TagNames = append(data.TagNames, t.Name)
		data.tags = append(data.tags, Option{Value: t.ID, Label: t.Name})
	}
	chosen := cases.TagIDs(data.Query.Filter.Tag)
	if len(chosen) == 0 {
		return nil
	}
	known, err := p.services.Cases.TagsByID(ctx, actor, chosen)
	if err != nil {
		return err
	}
	for _, id := range chosen {
		if t := known[id]; t != nil {
			data.ChosenTags = append(data.ChosenTags, Option{Value: id, Label: t.Name})
			continue
		}
		none, err := p.words.say(server.Locale(ctx), "staff.find.no_tag")
		if err != nil {
			return err
		}
		data.ChosenTags = append(data.ChosenTags, Option{Value: id, Label: none})
	}
	return nil
}

// TagOptions are the tags to filter by beside those that are chosen; none when no more may be.
func (q *queuePage) TagOptions() []Option {
	if len(q.ChosenTags) >= cases.MostFilterTags {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(q.tags), func(o Option) bool {
		return slices.ContainsFunc(q.ChosenTags, func(c Option) bool { return c.Value == o.Value })
	})
}

// inTag is the address of the cases with a tag in the same view.
func (q *queuePlace) inTag(id string) string {
	other := queuePlace{Query: cases.QueueQuery{View: q.Query.View, Filter: cases.QueueFilter{Tag: id}}}
	return other.Path()
}
