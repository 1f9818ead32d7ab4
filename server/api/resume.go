package api

import (
	"context"
	"net/http"
	"time"

	"regain/accounts"
	"regain/cases"
	"regain/server"
)

// ResumeBody is what a customer who comes back knows.
type ResumeBody struct {
	Reference string `json:"reference" minLength:"1" maxLength:"40" example:"7F3K-29QD-XM" doc:"In upper or lower case, with or without dashes."`
	Channel   string `json:"channel" enum:"email,phone" doc:"Which of the case's new contacts the code goes to."`
}

type resumeIn struct {
	Body ResumeBody
}

type resumeCodeIn struct {
	InLanguage
	Body struct {
		ResumeBody
		CodeBody
	}
}

type resumeOut struct {
	ETag      string      `header:"ETag"`
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      CaseSession
}

func (a caseAPI) registerResume() {
	server.JSON(a.server, server.Route{
		ID: "resume", Method: post, Path: "/api/v1/resume", Roles: server.Everyone(), Effect: server.Changes,
		Limit: server.Limit{N: 30, Per: hour, By: server.ByAddress}, MaxBody: 4 << 10, Status: http.StatusAccepted, Tag: tagContact,
		Summary: "Ask for a code to come back to a case",
		Description: "The answer is the same, and takes as long, whether there is such a case or not. " +
			"The code goes to the new contact that the case names, and nowhere else.",
	}, func(ctx context.Context, in *resumeIn) (*accepted, error) {
		return nil, a.cases.SendResumeCode(ctx, in.Body.Reference, cases.Channel(in.Body.Channel), server.Address(ctx))
	})

	server.JSON(a.server, server.Route{
		ID: "resume-verification", Method: post, Path: "/api/v1/resume/verification", Roles: server.Everyone(), Effect: server.Changes,
		Limit: server.Limit{N: 60, Per: 10 * time.Minute, By: server.ByAddress}, MaxBody: 4 << 10, Tag: tagContact,
		Summary: "Come back to a case with a code, on any device",
	}, func(ctx context.Context, in *resumeCodeIn) (*resumeOut, error) {
		c, err := a.cases.Resume(ctx, in.Body.Reference, cases.Channel(in.Body.Channel), in.Body.Code)
		if err != nil {
			return nil, err
		}
		session, cookie, err := a.openSession(ctx, accounts.Customer, c.ID)
		if err != nil {
			return nil, err
		}
		shown, err := a.showAs(ctx, cases.Actor{Kind: cases.Customer, ID: c.ID}, c.ID, in.InLanguage)
		if err != nil {
			return nil, err
		}
		return &resumeOut{ETag: shown.ETag, SetCookie: cookie, Body: CaseSession{Session: session, Case: shown.Body}}, nil
	})
}
