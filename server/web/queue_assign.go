package web

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/server/api"
)

// assignOutcome tells what became of cases that were given at one go, or put back.
type assignOutcome struct {
	// ID undoes it; empty when there is nothing to undo. Undo is the form that does.
	ID, Undo string
	// Kind is given, mine, released, back, tagged, tags_back, sent or nothing: the words in
	// staff.outcome.
	Kind string
	Done int
	// Same is how many were so already.
	Same int
	To   string
	// Kept is how many were left as they are, when it was undone.
	Kept    int
	Refused []refusedCase
	// At is the list that it is told of in.
	At string
}

// refusedCase is a case that was left as it is, and why.
type refusedCase struct{ Reference, Path, Why string }

// assignListed gives the selected cases to the reader, to somebody else, or back.
func (p *Pages) assignListed(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	selected := f.All("case")
	if len(selected) == 0 {
		return p.refuseSelection(c, f, "staff.select.nothing")
	}
	to := cases.Actor{}
	switch f.Get("do") {
	case "mine":
		to = actor
	case "give":
		if f.Get("to") == "" {
			return p.refuseSelection(c, f, "staff.select.nobody")
		}
		if to, err = api.Assignee(ctx, p.services.Staff, f.Get("to")); err != nil {
			return p.refuseList(c, f, err)
		}
	}
	done, err := p.services.Cases.AssignMany(ctx, actor, selected, to)
	if err != nil {
		return p.refuseList(c, f, err)
	}
	return p.backToList(c, f, "done", done.ID)
}

// refuseSelection shows the list again with what is missing.
func (p *Pages) refuseSelection(c *gin.Context, f *Form, key string) error {
	data, err := p.queue(c.Request.Context(), listOf(f))
	if err != nil {
		return err
	}
	shown := data.form().keepSelection(f)
	v := p.view(c, data, shown)
	v.Here = data.Path()
	if shown.General, err = v.T(key); err != nil {
		return err
	}
	return p.render(c, http.StatusUnprocessableEntity, "staff/queue", v)
}

// keepSelection keeps which cases were selected, and what was to be done with them.
func (f *Form) keepSelection(sent *Form) *Form {
	for _, name := range []string{"case", "to", "tags"} {
		f.Values[name] = sent.All(name)
	}
	return f
}

// backToList ends what was done with a list, and tells of it there.
func (p *Pages) backToList(c *gin.Context, f *Form, told ...string) error {
	at := listOf(f)
	for i := 0; i+1 < len(told); i += 2 {
		at.Set(told[i], told[i+1])
	}
	return p.seeOther(c, queuePath+"?"+at.Encode())
}

func (p *Pages) undoAssignment(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	undone, err := p.services.Cases.UndoAssignment(ctx, api.ActorOf(ctx), f.Get("act"))
	if err != nil {
		return p.refuseList(c, f, err)
	}
	return p.backToList(c, f, "back", strconv.Itoa(len(undone.Changed())), "kept", strconv.Itoa(len(undone.Refused())))
}

// outcome is what the address says was just done; nil when it says nothing.
func (p *Pages) outcome(c *gin.Context, data *queuePage) (*assignOutcome, error) {
	for _, back := range []string{"back", "tags_back"} {
		if n := c.Query(back); n != "" {
			return &assignOutcome{Kind: back, Done: int(wholeNumber(n)), Kept: int(wholeNumber(c.Query("kept")))}, nil
		}
	}
	for _, told := range toldActs {
		if id := c.Query(told.parameter); id != "" {
			return p.bulkOutcome(c.Request.Context(), data, told.kind, id)
		}
	}
	return nil, nil
}
