package web

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

// The queue: what waits, what is due, who holds what.

const (
	queuePath = "/staff/queue"
	// casePath is where a case is worked on; its page is another area's.
	casePath = "/staff/cases/{case}"
	// queueLimit is how many cases a page shows.
	queueLimit = 25
)

func (p *Pages) registerQueue() {
	readers := []server.Role{server.Reviewer, server.Lead, server.Auditor}
	reviewers := []server.Role{server.Reviewer, server.Lead}
	p.getAs("queue-page", queuePath, readers, p.showQueue)
	p.post("queue-next-page", queuePath+"/next", reviewers, server.Changes, p.claimNext)
	p.post("queue-claim-page", queuePath+"/claim", reviewers, server.Changes, p.claimListed)
}

// queuePage is a page of a view.
type queuePage struct {
	View   cases.View
	Cursor string
	Tabs   []queueTab
	Rows   []queueRow
	// Next and Previous are the pages beside this one; empty at the ends.
	Next, Previous string
	// Limit is how many rows a page may have.
	Limit int
	// Reviews says whether the reader may take cases.
	Reviews bool
	// Waiting says whether any case waits for somebody to take it.
	Waiting bool
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
	// View and Cursor are the page of the queue that it stands on.
	View   cases.View
	Cursor string
	Due    due
	// Path is the case's page; empty while there is none.
	Path string
	// Holder is the name of who holds it, Mine whether that is the reader.
	Holder string
	Mine   bool
	// Free says that the reader may take it.
	Free bool
}

func (p *Pages) showQueue(c *gin.Context) error {
	data, err := p.queue(c.Request.Context(), c.Query("view"), c.Query("cursor"))
	if err != nil {
		return err
	}
	return p.show(c, "staff/queue", data)
}

// queue reads a page of a view. Where none is named, a reviewer begins with what is
// theirs, or, when that is nothing, with what waits.
func (p *Pages) queue(ctx context.Context, view, cursor string) (*queuePage, error) {
	actor := api.ActorOf(ctx)
	counts, err := p.services.Cases.QueueCounts(ctx, actor)
	if err != nil {
		return nil, err
	}
	data := &queuePage{View: cases.View(view), Cursor: cursor, Limit: queueLimit, Reviews: actor.Reviews(), Waiting: counts[cases.ViewUnassigned] > 0}
	if data.View == "" {
		data.View = cases.ViewUnassigned
		if counts[cases.ViewMine] > 0 {
			data.View = cases.ViewMine
		}
	}
	page, err := p.views.Queue(ctx, cases.QueueQuery{View: data.View}, cursor, queueLimit)
	if err != nil {
		return nil, err
	}
	data.Tabs = queueTabs(data, counts)
	data.Next, data.Previous = data.page(page.Next), data.page(page.Previous)
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
		tabs = append(tabs, queueTab{View: view, Count: count, Current: view == data.View, Path: queuePath + "?view=" + string(view)})
	}
	return tabs
}

// page is the address of another page of the view; empty without a cursor.
func (q *queuePage) page(cursor string) string {
	if cursor == "" {
		return ""
	}
	return queuePath + "?" + url.Values{"view": {string(q.View)}, "cursor": {cursor}}.Encode()
}

func (p *Pages) queueRows(ctx context.Context, actor cases.Actor, data *queuePage, page api.QueuePage) ([]queueRow, error) {
	names, err := p.services.Staff.StaffNames(ctx, page.Holders())
	if err != nil {
		return nil, err
	}
	hasPage := p.hasPage(casePath)
	now := p.now()
	rows := make([]queueRow, 0, len(page.Entries))
	for _, e := range page.Entries {
		row := queueRow{QueueEntry: e, View: data.View, Cursor: data.Cursor, Due: dueOf(e, now)}
		if hasPage {
			row.Path = "/staff/cases/" + url.PathEscape(e.ID) + "?view=" + url.QueryEscape(string(data.View))
		}
		if e.Claim != nil {
			row.Holder, row.Mine = names[e.Claim.By], e.Claim.By == actor.ID
		}
		row.Free = actor.Reviews() && e.Claim == nil && !e.Held && e.State == string(cases.Submitted)
		rows = append(rows, row)
	}
	return rows, nil
}

func (p *Pages) hasPage(path string) bool {
	for _, r := range p.server.Routes() {
		if r.Method == http.MethodGet && r.Path == path {
			return true
		}
	}
	return false
}

// claimNext takes the case that is due first and opens it.
func (p *Pages) claimNext(c *gin.Context) error {
	ctx := c.Request.Context()
	claimed, err := p.services.Cases.ClaimNext(ctx, api.ActorOf(ctx))
	return p.openClaimed(c, claimed, NewForm("view", string(cases.ViewUnassigned)), err)
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
		if p.hasPage(casePath) {
			return p.seeOther(c, "/staff/cases/"+url.PathEscape(claimed.ID))
		}
		return p.seeOther(c, queuePath+"?view="+string(cases.ViewMine))
	}
	found, ok := problem.As(err)
	if !ok {
		return err
	}
	data, readErr := p.queue(c.Request.Context(), f.Get("view"), f.Get("cursor"))
	if readErr != nil {
		return err
	}
	v := p.view(c, data, f)
	v.Here = queuePath + "?view=" + string(data.View)
	f.General = p.problemWords(v.Locale, string(found.Kind), found.Code, found.Detail)
	return p.render(c, server.StatusOf(found.Kind), "staff/queue", v)
}

// due says how long there is still time, or how long it is over.
type due struct {
	// Key is the words for it in staff.due, N their number. Empty when nothing is due.
	Key string
	N   int
	// Tone is the colour: bad, wait or none.
	Tone string
	At   time.Time
}

// dueOf says what a case in a list waits for.
func dueOf(e api.QueueEntry, now time.Time) due {
	switch {
	case e.EndedAt != nil:
		return due{Key: "ended", At: *e.EndedAt}
	case e.SupplyBy != nil:
		d := dueIn(*e.SupplyBy, now)
		d.Key, d.Tone = "customer_"+d.Key, ""
		return d
	case e.ReviewBy != nil:
		return dueIn(*e.ReviewBy, now)
	}
	return due{}
}

// soon is when what is due becomes urgent.
const soon = 4 * time.Hour

// dueIn rounds as people do: what is due in three hours and fifty minutes is said to
// be due in three hours, so that nobody counts on time that is not there; what is late
// is late by at least what is said.
func dueIn(at, now time.Time) due {
	left := at.Sub(now)
	d := due{At: at, Key: "in"}
	switch {
	case left < 0:
		left, d.Key, d.Tone = -left, "late", "bad"
	case left < soon:
		d.Tone = "bad"
	case left < 24*time.Hour:
		d.Tone = "wait"
	}
	switch {
	case left < time.Hour:
		d.Key, d.N = d.Key+"_minutes", int(left/time.Minute)
	case left < 24*time.Hour:
		d.Key, d.N = d.Key+"_hours", int(left/time.Hour)
	default:
		d.Key, d.N = d.Key+"_days", int(left/(24*time.Hour))
	}
	return d
}
