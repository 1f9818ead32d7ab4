package web

import (
	"html/template"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

// The inbox: what a member of staff was told of. Looking at a case reads what is about it.

const (
	inboxPath = "/staff/inbox"
	// inboxShown is how many entries a page shows.
	inboxShown = 25
)

func (p *Pages) registerInbox() {
	readers := []server.Role{server.Reviewer, server.Lead, server.Auditor}
	p.getAs("inbox-page", inboxPath, readers, p.showInbox)
	p.post("inbox-read-page", inboxPath+"/read", readers, server.Changes, p.readInbox)
	p.post("inbox-read-entry-page", inboxPath+"/{entry}/read", readers, server.Changes, p.readEntry)
	p.post("inbox-choices-page", inboxPath+"/choices", readers, server.Changes, p.chooseInbox)
}

// inboxPage is a page of the inbox.
type inboxPage struct {
	Entries []inboxEntry
	// All says that what was read is shown, too.
	All bool
	// Next is the address of the next page, empty at the end.
	Next string
	// Newest is the time of the newest entry of all, up to which they can be read at once;
	// empty on pages behind the first.
	Newest string
	// Chosen says that choices were just kept.
	Chosen bool
}

// inboxEntry is an entry with the names of those whom it is about.
type inboxEntry struct {
	api.InboxEntryView
	who, to string
}

// Path is where the entry leads: its case, where it tells of a message at what was written.
func (e inboxEntry) Path() string {
	path := reviewPath + "/" + url.PathEscape(e.Case.ID)
	if e.Message != nil {
		path += "#talk-title"
	}
	return path
}

// Unread says that the entry was not read yet.
func (e inboxEntry) Unread() bool { return e.ReadAt == nil }

// key is the words for the entry.
func (e inboxEntry) key() string {
	if e.Why == string(cases.WhyFollowed) {
		return e.Event
	}
	return e.Why
}

// EntryWords says what an entry tells of.
func (v *View) EntryWords(e inboxEntry) (template.HTML, error) {
	w := writer{view: v}
	key := "inbox.says." + e.key()
	if !v.pages.words.has(key) { // something that this page was not told about
		key = "inbox.says.something"
	}
	who, to := e.who, e.to
	if who == "" {
		who = w.say("review.who." + e.ByKind)
	}
	if to == "" {
		to = w.say("review.who.staff")
	}
	if w.err != nil {
		return "", w.err
	}
	return v.H(key, "who", v.Strong(who), "to", v.Strong(to))
}

func (p *Pages) showInbox(c *gin.Context) error {
	data, err := p.inboxPage(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	choices, err := p.services.Cases.InboxChoices(ctx, api.ActorOf(ctx))
	if err != nil {
		return err
	}
	f := NewForm()
	for name, chosen := range map[string]bool{"mail": choices.Mail, "follow": choices.Follow} {
		if chosen {
			f.Values.Set(name, "yes")
		}
	}
	return p.showAt(c, "staff/inbox", data.here(c.Query("cursor")), data, f) // what was just done is told once
}

// here is the page's own address.
func (d *inboxPage) here(cursor string) string {
	show := ""
	if d.All {
		show = "all"
	}
	return withQuery(inboxPath, "show", show, "cursor", cursor)
}

func (p *Pages) inboxPage(c *gin.Context) (*inboxPage, error) {
	ctx := c.Request.Context()
	data := &inboxPage{All: c.Query("show") == "all", Chosen: c.Query("chosen") != ""}
	list, next, err := p.views.Inbox(ctx, !data.All, api.PageQuery{Cursor: c.Query("cursor"), Limit: inboxShown})
	if err != nil {
		return nil, err
	}
	names, err := p.services.Staff.StaffNames(ctx, api.InboxPeople(list))
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		data.Entries = append(data.Entries, inboxEntry{InboxEntryView: e, who: names[e.By], to: names[e.GivenTo]})
	}
	if len(list) > 0 && c.Query("cursor") == "" {
		data.Newest = list[0].At.Format(time.RFC3339Nano)
	}
	if next != "" {
		data.Next = data.here(next)
	}
	return data, nil
}

// backToInbox leads to the list that a form stood in.
func (p *Pages) backToInbox(c *gin.Context, f *Form) error {
	if f.Get("show") == "all" {
		return p.seeOther(c, inboxPath+"?show=all")
	}
	return p.seeOther(c, inboxPath)
}

func (p *Pages) readEntry(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = p.services.Cases.ReadNotice(ctx, api.ActorOf(ctx), c.Param("entry"))
	if err != nil && !problem.Is(err, "notice_not_found") { // its time is over: that was the wish
		return err
	}
	return p.backToInbox(c, f)
}

func (p *Pages) readInbox(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	until, err := time.Parse(time.RFC3339Nano, f.Get("until"))
	if err != nil {
		return p.backToInbox(c, f) // a form without entries has nothing to mark
	}
	ctx := c.Request.Context()
	if err := p.services.Cases.ReadNotices(ctx, api.ActorOf(ctx), until); err != nil {
		return err
	}
	return p.backToInbox(c, f)
}

func (p *Pages) chooseInbox(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = p.services.Cases.ChooseInbox(ctx, api.ActorOf(ctx), cases.InboxChoices{Mail: f.Has("mail", "yes"), Follow: f.Has("follow", "yes")})
	if err != nil {
		return err
	}
	return p.seeOther(c, inboxPath+"?chosen=yes")
}
