package api

import (
	"context"
	"net/http"
	"time"

	"regain/cases"
	"regain/server"
)

// ContactPath is embedded where the path names a new contact of a case.
type ContactPath struct {
	CasePath
	Channel string `path:"channel" enum:"email,phone"`
}

type verifyIn struct {
	InLanguage
	ContactPath
	Body CodeBody
}

// CodeBody is a code that somebody typed.
type CodeBody struct {
	Code string `json:"code" minLength:"1" maxLength:"20" example:"042917" doc:"The six digits that were sent."`
}

// accepted is the answer of a call whose effect is on its way.
type accepted struct{}

func (a caseAPI) registerContacts() {
	server.JSON(a.server, server.Route{
		ID: "send-contact-code", Method: post, Path: casesPath + "{case}/contacts/{channel}/code", Roles: customers(), Effect: server.Changes,
		Status: http.StatusAccepted, Tag: tagContact,
		Summary:     "Send a code to a new contact",
		Description: "The code is good for ten minutes and five tries; a new one ends the one before. Codes are limited by contact, by address and in all.",
	}, func(ctx context.Context, in *ContactPath) (*accepted, error) {
		return nil, a.cases.SendContactCode(ctx, actorOf(ctx), in.Case, cases.Channel(in.Channel), server.Address(ctx))
	})

	server.JSON(a.server, server.Route{
		ID: "verify-contact", Method: post, Path: casesPath + "{case}/contacts/{channel}/verification", Roles: customers(), Effect: server.Changes,
		Limit: server.Limit{N: 60, Per: 10 * time.Minute, By: server.ByAddress}, Tag: tagContact,
		Summary:     "Prove a new contact with its code",
		Description: "The first contact that is proved gets the case's reference, with which the customer comes back.",
	}, func(ctx context.Context, in *verifyIn) (*caseOut, error) {
		c, err := a.cases.VerifyContact(ctx, actorOf(ctx), in.Case, cases.Channel(in.Channel), in.Body.Code)
		return a.shown(ctx, c, err, in.InLanguage)
	})
}
