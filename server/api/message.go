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

type messageOut struct {
	Body MessageView
}

func (a caseAPI) registerMessages() {
	a.registerTalk("messages", "message", cases.Message, caseReaders(), append(reviewers(), server.Customer), a.cases.Write,
		"The conversation between the customer and staff", "Write to the other side")
	a.registerTalk("notes", "note", cases.Note, caseStaff(), reviewers(), a.cases.WriteNote,
		"Internal notes, which customers never see", "Write an internal note")
}

type writeFunc func(ctx context.Context, actor cases.Actor, caseID, body string) (*cases.CaseMessage, error)

func (a caseAPI) registerTalk(plural, singular string, kind cases.MessageKind, readers, writers []server.Role, write writeFunc, reading, writing string) {
	path := casesPath + "{case}/" + plural

	server.JSON(a.server, server.Route{
		ID: "list-" + plural, Method: get, Path: path, Roles: readers, Effect: server.Reads, Tag: tagTalk, Summary: reading,
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
			writers = append(writers, view.By)
		}
		if len(list) == in.Limit {
			out.Body.Next = nextPage(casesPath+in.Case+"/"+plural, map[string]any{"after": list[len(list)-1].ID, "limit": in.Limit})
		}
		out.Body.People, err = a.people(ctx, writers)
		return out, err
	})

	server.JSON(a.server, server.Route{
		ID: "write-" + singular, Method: post, Path: path, Roles: writers, Effect: server.Changes,
		Limit: server.Limit{N: 60, Per: hour, By: server.ByCaller}, MaxBody: 64 << 10, Status: http.StatusCreated, Tag: tagTalk, Summary: writing,
	}, func(ctx context.Context, in *writeIn) (*messageOut, error) {
		author := actorOf(ctx)
		m, err := write(ctx, author, in.Case, in.Body.Body)
		if err != nil {
			return nil, err
		}
		return &messageOut{Body: messageView(m, author)}, nil
	})
}

func messageView(m *cases.CaseMessage, reader cases.Actor) MessageView {
	view := MessageView{ID: m.ID, From: string(m.ActorKind), Body: m.Body, CreatedAt: m.CreatedAt.UTC()}
	if reader.Kind == cases.Staff && m.ActorKind == cases.Staff {
		view.By = m.ActorID
	}
	return view
}
