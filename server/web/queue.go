package web

import (
	"context"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

// The queue: what waits, what is due, who holds what.

const (
	queuePath = "/staff/queue"
	// queueLimit is how many cases a page shows.
	queueLimit = 25
)

func (p *Pages) registerQueue() {
	readers := []server.Role{server.Reviewer, server.Lead, server.Auditor}
	reviewers := []server.Role{server.Reviewer, server.Lead}
	p.getAs("queue-page", queuePath, readers, p.showQueue)
	p.post("queue-filter-page", queuePath+"/filter", readers, server.Repeats, p.filterQueue)
	p.post("queue-remove-view-page", queuePath+"/remove-view", readers, server.Changes, p.removeView)
	p.post("queue-next-page", queuePath+"/next", reviewers, server.Changes, p.claimNext)
	p.post("queue-claim-page", queuePath+"/claim", reviewers, server.Changes, p.claimListed)
	p.post("queue-assign-page", queuePath+"/assign", reviewers, server.Changes, p.assignListed)
	p.post("queue-tag-page", queuePath+"/tags", reviewers, server.Changes, p.tagListed)
	p.post("queue-undo-tags-page", queuePath+"/tags/undo", reviewers, server.Changes, p.undoTags)
	p.post("queue-write-page", queuePath+"/write", reviewers, server.Repeats, p.showReply)
	p.server.Page(server.Route{
		ID: "queue-reply-page", Method: http.MethodPost, Path: queuePath + "/replies", Roles: reviewers, Effect: server.Changes, MaxBody: maxCarry, Limit: api.Replies(),
	}, p.sendReply)
	p.post("queue-undo-page", queuePath+"/undo", reviewers, server.Changes, p.undoAssignment)
}

// queuePage is a page of a part of the queue.
type queuePage struct {
	queuePlace
	Tabs  []queueTab
	Saved []savedTab
	Rows  []queueRow
	// Next and Previous are the pages beside this one, Turned is the list in the other
	// order; empty at the ends.
	Next, Previous, Turned string
	// Limit is how many rows a page may have.
	Limit int
	// Reviews says whether the reader may take cases, Leads whether they may give them.
	Reviews, Leads bool
	// Waiting says whether any case waits for somebody to take it.
	Waiting bool
	// Reviewers are those to whom cases can be given.
	Reviewers []accounts.Staff
	// MoreReviewers says that there are others.
	MoreReviewers bool
	// Chosen are the filters that are in force.
	Chosen []chosenFilter
	// ChosenTags are those that are filtered by.
	ChosenTags []Option
	// TagNames are the tags that can be given.
	TagNames []string
	// Outcome tells of what was just done with several cases; nil mostly.
	Outcome *assignOutcome

	// tags are those to filter by.
	tags []Option
}

// queueTab is a view with how many cases are in it; -1 where they are not counted.
type queueTab struct {
	View    cases.View
	Count   int
	Current bool
	Path    string
}

// More says that there are more than were counted.
func (t queueTab) More() bool { return t.Count >= cases.MostCounted }

// queueRow is a case in the list.
type queueRow struct {
	api.QueueEntry
	Due due
	// Path is the case's page, and At the list that it stands in.
	Path, At string
	// Holder is the name of who holds it, Mine whether that is the reader.
	Holder string
	Mine   bool
	// Tagged are its tags, each with the way to the others that have it.
	Tagged []queueTag
	// Free says that the reader may take it, Selectable that something can be done with it.
	Free, Selectable bool
}

// queueTag is a tag of a case in the list.
type queueTag struct{ Name, Path string }

func (p *Pages) showQueue(c *gin.Context) error {
	data, err := p.queue(c.Request.Context(), c.Request.URL.Query())
	if err != nil {
		return err
	}
	if data.Outcome, err = p.outcome(c, data); err != nil {
		return err
	}
	v := p.view(c, data, data.form())
	v.Here = data.Path() // without what was just done, which is told once
	return p.render(c, 200, "staff/queue", v)
}

// queue reads the page that an address names.
func (p *Pages) queue(ctx context.Context, address url.Values) (*queuePage, error) {
	actor := api.ActorOf(ctx)
	counts, err := p.services.Cases.QueueCounts(ctx, actor)
	if err != nil {
		return nil, err
	}
	data := &queuePage{Limit: queueLimit, Reviews: actor.Reviews(), Leads: actor.Has(cases.RoleLead), Waiting: counts[cases.ViewUnassigned] > 0}
	if data.queuePlace, err = p.placeInQueue(ctx, actor, address, counts); err != nil {
		return nil, err
	}
	page, err := p.views.Queue(ctx, data.Query, data.Cursor, queueLimit)
	if err != nil {
		return nil, err
	}
	if data.Reviewers, data.MoreReviewers, err = api.Reviewers(ctx, p.services.Staff, api.MostListed); err != nil {
		return nil, err
	}
	tellApart(data.Reviewers)
	if err = p.readTags(ctx, actor, data); err != nil {
		return nil, err
	}
	if data.Saved, err = p.savedTabs(ctx, actor, data); err != nil {
		return nil, err
	}
	data.Tabs = queueTabs(data, counts)
	data.Next, data.Previous, data.Turned = data.page(page.Next), data.page(page.Previous), data.turned()
	data.Chosen = p.chosen(ctx, data)
	data.Rows, err = p.queueRows(ctx, actor, data, page)
	return data, err
}

func queueTabs(data *queuePage, counts map[cases.View]int) []queueTab {
	var tabs []queueTab
	for _, view := range cases.Views() {
		if view == cases.ViewMine && !data.Reviews {
			continue // who takes no cases has none
		}
		count, counted := counts[view]
		if !counted {
			count = -1
		}
		tabs = append(tabs, queueTab{View: view, Count: count, Current: view == data.Query.View && data.Name() == "", Path: data.inView(view)})
	}
	return tabs
}

func (p *Pages) queueRows(ctx context.Context, actor cases.Actor, data *queuePage, page api.QueuePage) ([]queueRow, error) {
	names, err := p.services.Staff.StaffNames(ctx, page.Holders())
	if err != nil {
		return nil, err
	}
	now, at := p.now(), data.At()
	rows := make([]queueRow, 0, len(page.Entries))
	for _, e := range page.Entries {
		row := queueRow{QueueEntry: e, Due: dueOf(e, now), At: at, Path: "/staff/cases/" + url.PathEscape(e.ID) + "?view=" + url.QueryEscape(string(data.Query.View))}
		if e.Claim != nil {
			row.Holder, row.Mine = names[e.Claim.By], e.Claim.By == actor.ID
		}
		atReview := !e.Held && (e.State == string(cases.Submitted) || e.State == string(cases.InReview))
		row.Free = data.Reviews && atReview && e.Claim == nil
		row.Selectable = data.Reviews
		for _, t := range e.Tags {
			row.Tagged = append(row.Tagged, queueTag{Name: t.Name, Path: data.inTag(t.ID)})
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// claimNext takes the case that is due first and opens it.
func (p *Pages) claimNext(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	claimed, err := p.services.Cases.ClaimNext(ctx, api.ActorOf(ctx))
	return p.openClaimed(c, claimed, f, err)
}

// claimListed takes a case from the list and opens it.
func (p *Pages) claimListed(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	claimed, err := p.services.Cases.Claim(ctx, api.ActorOf(ctx), f.Get("case"), 0)
	return p.openClaimed(c, claimed, f, err)
}

// openClaimed opens a case that was taken, or says why it was not above the list that
// the form f stood in.
func (p *Pages) openClaimed(c *gin.Context, claimed *cases.Case, f *Form, err error) error {
	if err == nil {
		path := "/staff/cases/" + url.PathEscape(claimed.ID)
		if at := listOf(f); at.Get("saved") == "" && at.Get("view") != "" {
			path += "?" + url.Values{"view": {at.Get("view")}}.Encode() // to go on in the same list
		}
		return p.seeOther(c, path)
	}
	return p.refuseList(c, f, err)
}

// refuseList shows the list that a form stood in, with why it was not carried out.
func (p *Pages) refuseList(c *gin.Context, f *Form, err error) error {
	found, ok := problem.As(err)
	if !ok {
		return err
	}
	data, readErr := p.queue(c.Request.Context(), listOf(f))
	if readErr != nil {
		return err
	}
	shown := data.form()
	if f.Get("do") != "" {
		shown.keepSelection(f)
	}
	v := p.view(c, data, shown)
	v.Here = data.Path()
	shown.General = p.problemWords(v.Locale, string(found.Kind), found.Code, found.Detail)
	if len(found.Fields) > 0 { // of what was typed below the list
		shown.General = p.fieldWords(v.Locale, found.Fields[0])
	}
	return p.render(c, server.StatusOf(found.Kind), "staff/queue", v)
}

// listOf is the address of the list that a form stood in.
func listOf(f *Form) url.Values {
	at, err := url.ParseQuery(f.Get("at"))
	if err != nil {
		return url.Values{}
	}
	return at
}
