package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

// All tags on one page, where leads keep them in order.

const (
	tagsPath = "/staff/tags"
	// tagsShown is how many tags a page shows.
	tagsShown = 50
)

func (p *Pages) registerTags() {
	leads := []server.Role{server.Lead}
	p.getAs("tags-page", tagsPath, append(leads, server.Auditor), p.showTags)
	for _, a := range []tagAct{
		{name: "name", run: func(ctx context.Context, p *Pages, id string, f *Form) error {
			_, err := p.services.Cases.RenameTag(ctx, api.ActorOf(ctx), id, f.Get("name-"+id))
			return err
		}},
		{name: "merger", run: func(ctx context.Context, p *Pages, id string, f *Form) error {
			_, err := p.services.Cases.MergeTags(ctx, api.ActorOf(ctx), id, f.Get("into-"+id))
			return err
		}},
		{name: "retirement", run: func(ctx context.Context, p *Pages, id string, f *Form) error {
			_, err := p.services.Cases.RetireTag(ctx, api.ActorOf(ctx), id, f.Get("retire") != "")
			return err
		}},
	} {
		p.post("tag-"+a.name+"-page", tagsPath+"/{tag}/"+a.name, leads, server.Changes, func(c *gin.Context) error { return p.changeTag(c, a) })
	}
}

// tagAct is something that a lead does with a tag.
type tagAct struct {
	name string
	run  func(ctx context.Context, p *Pages, id string, f *Form) error
}

// tagsPage is a page of the list.
type tagsPage struct {
	Tags []tagRow
	// At is the page's cursor, Next the address of the next page; empty at the ends.
	At, Next string
	// MayChange says that the reader leads.
	MayChange bool

	all []*cases.Tag
}

// tagRow is a tag with the name of who used it first.
type tagRow struct {
	api.TagEntry
	By string
	// Open says that its forms are open, because something is wrong with one of them.
	Open bool
	// Path leads to its cases.
	Path string
	// Into is the name of the tag that it is becoming part of.
	Into string
}

// More says that there are more cases than were counted.
func (t tagRow) More() bool { return t.Cases >= cases.MostCounted }

// Others are the tags that another one can become part of.
func (d *tagsPage) Others(id string) []Option {
	out := []Option{{}}
	for _, t := range d.all {
		if t.ID != id {
			out = append(out, Option{Value: t.ID, Label: t.Name})
		}
	}
	return out
}

func (p *Pages) showTags(c *gin.Context) error {
	data, err := p.tagsPage(c.Request.Context(), c.Query("cursor"))
	if err != nil {
		return err
	}
	return p.show(c, "staff/tags", data)
}

func (p *Pages) tagsPage(ctx context.Context, cursor string) (*tagsPage, error) {
	actor := api.ActorOf(ctx)
	data := &tagsPage{At: cursor, MayChange: actor.Has(cases.RoleLead)}
	list, next, err := p.views.Tags(ctx, api.TextPageQuery{Cursor: cursor, Limit: tagsShown})
	if err != nil {
		return nil, err
	}
	if data.all, err = p.services.Cases.Tags(ctx, actor, false); err != nil {
		return nil, err
	}
	var staff []string
	for _, t := range list {
		staff = append(staff, t.CreatedBy)
	}
	names, err := p.services.Staff.StaffNames(ctx, staff)
	if err != nil {
		return nil, err
	}
	for _, t := range list {
		place := queuePlace{Query: cases.QueueQuery{View: cases.ViewAll}}
		row := tagRow{TagEntry: t, By: names[t.CreatedBy], Path: place.inTag(t.ID)}
		if t.MergingInto != "" {
			row.Into = t.MergingInto
			if n := slices.IndexFunc(data.all, func(other *cases.Tag) bool { return other.ID == t.MergingInto }); n >= 0 {
				row.Into = data.all[n].Name
			}
		}
		data.Tags = append(data.Tags, row)
	}
	data.Next = pageAfter(tagsPath, next)
	return data, nil
}

func (p *Pages) changeTag(c *gin.Context, a tagAct) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx, id := c.Request.Context(), c.Param("tag")
	err = a.run(ctx, p, id, f)
	at := withQuery(tagsPath, "cursor", f.Get("cursor"))
	if err == nil || problem.Is(err, "tag_not_found") { // it became part of another one already
		return p.seeOther(c, at)
	}
	data, readErr := p.tagsPage(ctx, f.Get("cursor"))
	if readErr != nil {
		return err
	}
	for n := range data.Tags {
		data.Tags[n].Open = data.Tags[n].ID == id
	}
	v := p.view(c, data, f)
	v.Here = at
	status, shown := f.take(p, v.Locale, err)
	if !shown {
		return err
	}
	for n := range f.Errors {
		f.Errors[n].Name = strings.TrimSuffix(f.Errors[n].Name, "-"+id) + "-" + id
	}
	if problem.Is(err, "tag_exists") { // of the name: it belongs beside the field
		f.Errors, f.General = append(f.Errors, FieldError{Name: "name-" + id, Code: "tag_exists", Message: f.General}), ""
		status = http.StatusConflict
	}
	return p.render(c, status, "staff/tags", v)
}
