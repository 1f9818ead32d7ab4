package api

import (
	"context"
	"net/http"
	"time"

	"regain/cases"
	"regain/server"
)

// MessageView is a message between a customer and staff, or an internal note.
type MessageView struct {
	ID        string    `json:"id"`
	From      string    `json:"from" enum:"customer,staff"`
	By        string    `json:"by,omitempty" doc:"The id of the member of staff who wrote it; for staff only."`
	Body      string    `json:"body"`
	Mentions  []string  `json:"mentions,omitempty" doc:"The ids of the members of staff whom a note is for."`
	CreatedAt time.Time `json:"created_at"`
}

type messagesIn struct {
	CasePath
	After string `query:"after" maxLength:"64" doc:"The id of the last message of the page before."`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type messagesOut struct {
	Body struct {
		Messages []MessageView `json:"messages" doc:"Oldest first."`
		People   People        `json:"people,omitempty" doc:"The names of the members of staff who wrote, by id; for staff only."`
		Next     string        `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

type writeIn struct {
	CasePath
	Body struct {
		Body string `json:"body" maxLength:"20000" doc:"1 to 5000 characters."`
	}
}

type writeNoteIn struct {
	CasePath
	Body struct {
		Body     string   `json:"body" maxLength:"20000" doc:"1 to 5000 characters."`
		Mentions []string `json:"mentions,omitempty" maxItems:"20" doc:"The ids of colleagues whom the note is for. It comes into their inboxes, and, as they have chosen, they are sent a mail without any of it, and follow the case."`
	}
}

type messageOut struct {
	Body MessageView
}

func (a caseAPI) registerMessages() {
	a.registerTalk("messages", cases.Message, caseReaders(), "The conversation between the customer and staff")
	a.registerTalk("notes", cases.Note, caseStaff(), "Internal notes, which customers never see")
	writing := func(id, plural, summary string, writers []server.Role) server.Route {
		return server.Route{
			ID: id, Method: post, Path: casesPath + "{case}/" + plural, Roles: writers, Effect: server.Changes,
			Limit: server.Limit{N: 60, Per: hour, By: server.ByCaller}, MaxBody: 64 << 10, Status: http.StatusCreated, Tag: tagTalk, Summary: summary,
		}
	}
	server.JSON(a.server, writing("write-message", "messages", "Write to the other side", append(reviewers(), server.Customer)),
		func(ctx context.Context, in *writeIn) (*messageOut, error) {
			m, err := a.cases.Write(ctx, actorOf(ctx), in.Case, in.Body.Body)
			return written(ctx, m, err)
		})
	server.JSON(a.server, writing("write-note", "notes", "Write an internal note", reviewers()),
		func(ctx context.Context, in *writeNoteIn) (*messageOut, error) {
			mentioned, err := Mentioned(ctx, a.staff, in.Body.Mentions)
			if err != nil {
				return nil, err
			}
			m, err := a.cases.WriteNote(ctx, actorOf(ctx), in.Case, in.Body.Body, mentioned...)
			return written(ctx, m, err)
		})
}

func written(ctx context.Context, m *cases.CaseMessage, err error) (*messageOut, error) {
	if err != nil {
		return nil, err
	}
	return &messageOut{Body: messageView(m, actorOf(ctx))}, nil
}

// registerTalk adds the list of what was written.
func (a caseAPI) registerTalk(plural string, kind cases.MessageKind, readers []server.Role, summary string) {
	server.JSON(a.server, server.Route{
		ID: "list-" + plural, Method: get, Path: casesPath + "{case}/" + plural, Roles: readers, Effect: server.Reads, Tag: tagTalk, Summary: summary,
	}, func(ctx context.Context, in *messagesIn) (*messagesOut, error) {
		reader := actorOf(ctx)
		list, err := a.cases.Messages(ctx, reader, in.Case, cases.MessageQuery{Kind: kind, After: in.After, Limit: in.Limit})
		if err != nil {
			return nil, err
		}
		out := &messagesOut{}
		out.Body.Messages = []MessageView{}
		var writers []string
		for _, m := range list {
			view := messageView(m, reader)
			out.Body.Messages = append(out.Body.Messages, view)
			writers = append(append(writers, view.By), view.Mentions...)
		}
		if len(list) == in.Limit {
			out.Body.Next = nextPage(casesPath+in.Case+"/"+plural, map[string]any{"after": list[len(list)-1].ID, "limit": in.Limit})
		}
		out.Body.People, err = a.people(ctx, writers)
		return out, err
	})
}

func messageView(m *cases.CaseMessage, reader cases.Actor) MessageView {
	view := MessageView{ID: m.ID, From: string(m.ActorKind), Body: m.Body, CreatedAt: m.CreatedAt.UTC()}
	if reader.Kind == cases.Staff && m.ActorKind == cases.Staff {
		view.By, view.Mentions = m.ActorID, m.Mentions.V
	}
	return view
}
