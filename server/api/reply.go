package api

import (
	"context"

	"regain/accounts"
	"regain/cases"
	"regain/server"
)

const repliesPath = queuePath + "/replies"

// Replies limits how often one person writes to several customers at one go: each time
// to 50 at most.
func Replies() server.Limit { return server.Limit{N: 12, Per: hour, By: server.ByCaller} }

type replyIn struct {
	Body struct {
		Cases  []string          `json:"cases" minItems:"1" maxItems:"50" doc:"The ids of the cases."`
		Body   string            `json:"body,omitempty" maxLength:"20000" doc:"The same text for all; 1 to 5000 characters. Either this or bodies."`
		Bodies map[string]string `json:"bodies,omitempty" example:"{\"en\":\"We are still looking at your request.\",\"pt-BR\":\"Ainda estamos analisando o seu pedido.\"}" doc:"Texts by language: each customer gets that of their own, and whoever has none gets none."`
	}
}

func (in *replyIn) reply() cases.Reply {
	return cases.Reply{Body: in.Body.Body, Bodies: in.Body.Bodies}
}

type replyPreviewOut struct {
	Body struct {
		Languages []ReplyLanguageView `json:"languages" doc:"Those of the customers who would get it; that of most first."`
		Refused   []RefusalView       `json:"refused" doc:"Cases that would be left out."`
	}
}

// ReplyLanguageView is a language of some of the customers.
type ReplyLanguageView struct {
	Language    string `json:"language" example:"pt-BR"`
	Cases       int    `json:"cases"`
	Unreachable int    `json:"unreachable" doc:"How many of them have no proved contact, and read it when they come back."`
	Words       string `json:"words" doc:"What they read."`
	Subject     string `json:"subject,omitempty" doc:"Of the message that tells one of them of it."`
	Letter      string `json:"letter,omitempty" doc:"The message's text."`
}

func (a caseAPI) registerReplies() {
	server.JSON(a.server, server.Route{
		ID: "reply-many", Method: post, Path: repliesPath, Roles: reviewers(), Effect: server.Changes, Limit: Replies(), MaxBody: 512 << 10, Tag: tagTalk,
		Summary: "Write to the customers of several cases",
		Description: "To each as a message of its own. A case that is refused keeps none of the others back, and what is sent stays sent. " +
			"Send an Idempotency-Key, so that repeating the call writes to nobody twice.",
	}, func(ctx context.Context, in *replyIn) (*bulkActOut, error) {
		act, err := a.cases.ReplyMany(ctx, actorOf(ctx), in.Body.Cases, in.reply())
		return bulkActView(act, err, false)
	})
	server.JSON(a.server, server.Route{
		ID: "preview-replies", Method: post, Path: repliesPath + "/preview", Roles: reviewers(), Scope: accounts.ScopeReview, Effect: server.Reads, MaxBody: 512 << 10, Tag: tagTalk,
		Summary: "What customers of several cases would get", Description: "How many of them, in which language. Nothing is sent.",
	}, func(ctx context.Context, in *replyIn) (*replyPreviewOut, error) {
		shown, err := a.cases.PreviewReplies(ctx, actorOf(ctx), in.Body.Cases, in.reply())
		if err != nil {
			return nil, err
		}
		out := &replyPreviewOut{}
		out.Body.Languages, out.Body.Refused = []ReplyLanguageView{}, []RefusalView{}
		for _, l := range shown.Languages {
			view := ReplyLanguageView{Language: l.Locale, Cases: l.Cases, Unreachable: l.Unreachable, Words: l.Words}
			if l.Letter != nil {
				view.Subject, view.Letter = l.Letter.Subject, l.Letter.Text
			}
			out.Body.Languages = append(out.Body.Languages, view)
		}
		for _, step := range shown.Refused {
			out.Body.Refused = append(out.Body.Refused, RefusalView{Case: step.CaseID, Code: step.Refused, Detail: detailOf(step.Refused)})
		}
		return out, nil
	})
}
