package api

import (
	"context"
	"time"

	"regain/cases"
	"regain/server"
)

// InboxEntryView is something that the caller was told of.
type InboxEntryView struct {
	ID      string          `json:"id"`
	Why     string          `json:"why" enum:"mentioned,given,followed" doc:"mentioned: in a note. given: the case was given to the caller. followed: the caller follows the case."`
	Event   string          `json:"event" example:"note" doc:"The event's type."`
	Case    InboxCaseView   `json:"case"`
	ByKind  string          `json:"by_kind" enum:"customer,partner,staff,system"`
	By      string          `json:"by,omitempty" doc:"The id of the member of staff."`
	GivenTo string          `json:"given_to,omitempty" doc:"The id of whom the case was given to."`
	Message *InboxWordsView `json:"message,omitempty" doc:"The message or the note, where the event is one."`
	At      time.Time       `json:"at"`
	ReadAt  *time.Time      `json:"read_at,omitempty"`
}

// InboxCaseView is the case that an entry is about.
type InboxCaseView struct {
	ID        string `json:"id"`
	Reference string `json:"reference" example:"7F3K-29QD-XM"`
	Account   string `json:"account"`
	State     string `json:"state"`
}

// InboxWordsView is the beginning of a message or a note.
type InboxWordsView struct {
	ID      string `json:"id"`
	Excerpt string `json:"excerpt" doc:"Its first 240 characters."`
}

// longestExcerpt is as much of a message as an inbox shows, in characters.
const longestExcerpt = 240

type inboxIn struct {
	PageQuery
	Unread bool `query:"unread" doc:"Only what is unread."`
}

type inboxOut struct {
	Body struct {
		Entries []InboxEntryView `json:"entries" doc:"The newest first. They are kept for 90 days."`
		Unread  int              `json:"unread" doc:"How many are unread in all, 100 at most."`
		People  People           `json:"people" doc:"The names of the members of staff by id."`
		Next    string           `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

type inboxEntryIn struct {
	Entry string `path:"entry" maxLength:"64" doc:"The entry's id."`
}

type readInboxIn struct {
	Body struct {
		Until time.Time `json:"until" doc:"Entries up to this time are marked: that of the newest one that was seen."`
	}
}

// InboxChoicesView is how the caller wants to be told.
type InboxChoicesView struct {
	Mail   bool `json:"mail" doc:"Send a mail for each mention. It holds the case's reference and a link."`
	Follow bool `json:"follow" doc:"Follow a case when mentioned in it."`
}

type inboxChoicesOut struct {
	Body InboxChoicesView
}

const (
	inboxPath = "/api/v1/inbox"
	tagInbox  = "Inbox and following"
)

func (a caseAPI) registerInbox() {
	route := func(id, method, path, summary string) server.Route {
		r := server.Route{
			ID: id, Method: method, Path: inboxPath + path, Roles: caseStaff(), Scope: server.PeopleOnly,
			Effect: server.Changes, MaxBody: 4 << 10, Tag: tagInbox, Summary: summary,
		}
		if method == get {
			r.Effect = server.Reads
		}
		return r
	}

	server.JSON(a.server, route("list-inbox", get, "", "What the caller was told of, a page at a time"),
		func(ctx context.Context, in *inboxIn) (*inboxOut, error) {
			entries, next, err := a.inbox(ctx, in.Unread, in.PageQuery)
			if err != nil {
				return nil, err
			}
			out := &inboxOut{}
			out.Body.Entries = entries
			out.Body.Next = in.next(inboxPath, next, map[string]any{"unread": in.Unread})
			if out.Body.Unread, err = a.cases.Unread(ctx, actorOf(ctx)); err != nil {
				return nil, err
			}
			out.Body.People, err = a.people(ctx, InboxPeople(entries))
			return out, err
		})

	server.JSON(a.server, route("read-entry", post, "/{entry}/read", "Mark an entry as read"),
		func(ctx context.Context, in *inboxEntryIn) (*struct{}, error) {
			return nil, a.cases.ReadNotice(ctx, actorOf(ctx), in.Entry)
		})

	server.JSON(a.server, route("read-inbox", post, "/read", "Mark entries as read"),
		func(ctx context.Context, in *readInboxIn) (*struct{}, error) {
			return nil, a.cases.ReadNotices(ctx, actorOf(ctx), in.Body.Until.UTC())
		})

	server.JSON(a.server, route("show-inbox-choices", get, "/choices", "How the caller wants to be told"),
		func(ctx context.Context, _ *struct{}) (*inboxChoicesOut, error) {
			c, err := a.cases.InboxChoices(ctx, actorOf(ctx))
			return &inboxChoicesOut{Body: InboxChoicesView{Mail: c.Mail, Follow: c.Follow}}, err
		})

	server.JSON(a.server, route("choose-inbox", put, "/choices", "Choose how to be told"),
		func(ctx context.Context, in *struct{ Body InboxChoicesView }) (*inboxChoicesOut, error) {
			err := a.cases.ChooseInbox(ctx, actorOf(ctx), cases.InboxChoices{Mail: in.Body.Mail, Follow: in.Body.Follow})
			return &inboxChoicesOut{Body: in.Body}, err
		})
}

// InboxPeople are the ids of the members of staff whom entries name.
func InboxPeople(entries []InboxEntryView) []string {
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.By, e.GivenTo)
	}
	return ids
}

// inbox is a page of the caller's inbox, and the cursor of the next.
func (a caseAPI) inbox(ctx context.Context, unread bool, in PageQuery) ([]InboxEntryView, string, error) {
	page, err := in.page()
	if err != nil {
		return nil, "", err
	}
	list, next, err := a.cases.Inbox(ctx, actorOf(ctx), cases.InboxQuery{Unread: unread, Page: page})
	if err != nil {
		return nil, "", err
	}
	views := make([]InboxEntryView, 0, len(list))
	for _, e := range list {
		views = append(views, inboxEntryView(e))
	}
	return views, next, nil
}

func inboxEntryView(e cases.InboxEntry) InboxEntryView {
	view := InboxEntryView{
		ID: e.ID, Why: string(e.Why), Event: e.Type, ByKind: string(e.ActorKind), GivenTo: e.GivenTo, At: e.At.UTC(), ReadAt: utc(e.ReadAt),
		Case: InboxCaseView{ID: e.Case.ID, Reference: e.Case.Reference, Account: e.Case.Account, State: string(e.Case.State)},
	}
	if e.ActorKind == cases.Staff {
		view.By = e.ActorID
	}
	if e.Message != nil {
		excerpt := []rune(e.Message.Body)
		view.Message = &InboxWordsView{ID: e.Message.ID, Excerpt: string(excerpt[:min(len(excerpt), longestExcerpt)])}
	}
	return view
}
