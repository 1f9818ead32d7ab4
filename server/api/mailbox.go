package api

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"regain/notify"
	"regain/problem"
	"regain/server"
)

// LetterView is a message that was sent.
type LetterView struct {
	ID       string    `json:"id"`
	Channel  string    `json:"channel" enum:"email,sms"`
	To       string    `json:"to"`
	Template string    `json:"template"`
	Locale   string    `json:"locale"`
	Subject  string    `json:"subject,omitempty"`
	Text     string    `json:"text"`
	SentAt   time.Time `json:"sent_at"`
}

type mailboxIn struct {
	To     string `query:"to" maxLength:"320" doc:"Only what was sent to this address or number."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Before string `query:"before" maxLength:"64" doc:"The last id of the page before."`
}

type mailboxOut struct {
	Body struct {
		Letters []LetterView `json:"letters" doc:"Newest first."`
		Next    string       `json:"next,omitempty" doc:"For before=, when there may be more."`
	}
}

func registerMailbox(s *server.Server, mailbox Mailbox) {
	server.JSON(s, server.Route{
		ID: "list-letters", Method: get, Path: "/api/v1/dev/mailbox", Roles: server.Everyone(), Effect: server.Reads, Tag: "Development", Local: s.Config().LocalMailbox,
		Summary:     "Everything that was sent, in development",
		Description: "In development no message leaves the server: mail and text messages end here, codes and links with them. In production this route does not exist.",
	}, func(ctx context.Context, in *mailboxIn) (*mailboxOut, error) {
		q := notify.LetterQuery{To: in.To, Limit: in.Limit}
		if in.Before != "" {
			before, err := mailbox.Get(ctx, in.Before)
			if errors.Is(err, sql.ErrNoRows) {
				return nil, problem.New(problem.NotFound, "letter_not_found", "There is no letter with the id in before.")
			}
			if err != nil {
				return nil, err
			}
			q.Before = before
		}
		letters, err := mailbox.List(ctx, q)
		if err != nil {
			return nil, err
		}
		out := &mailboxOut{}
		out.Body.Letters = []LetterView{}
		for _, l := range letters {
			out.Body.Letters = append(out.Body.Letters, LetterView{
				ID: l.ID, Channel: string(l.Channel), To: l.Recipient, Template: l.Template, Locale: l.Locale,
				Subject: l.Subject, Text: l.TextBody, SentAt: l.SentAt.UTC(),
			})
		}
		if len(letters) == in.Limit {
			out.Body.Next = letters[len(letters)-1].ID
		}
		return out, nil
	})
}
