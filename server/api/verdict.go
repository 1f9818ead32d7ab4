package api

import (
	"context"

	"regain/cases"
	"regain/server"
)

type approveIn struct {
	InLanguage
	CasePath
	server.Conditional
	Body *approveBody
}

type approveBody struct {
	WordsStaff string `json:"words_staff,omitempty" maxLength:"10000" doc:"For staff alone; at most 2000 characters."`
}

type denyIn struct {
	InLanguage
	CasePath
	server.Conditional
	Body struct {
		ReasonCode    string `json:"reason_code" maxLength:"100" example:"not_proven" doc:"One of the reason codes."`
		WordsCustomer string `json:"words_customer" maxLength:"10000" doc:"Why, in the customer's language, without saying which fact did not match; 3 to 2000 characters."`
		WordsStaff    string `json:"words_staff,omitempty" maxLength:"10000" doc:"For staff alone; at most 2000 characters."`
	}
}

func (a caseAPI) registerVerdicts() {
	route := func(id, path, summary, description string) server.Route {
		return server.Route{
			ID: id, Method: post, Path: casesPath + "{case}/" + path, Roles: reviewers(), Scope: server.PeopleOnly, Effect: server.Changes, MaxBody: 64 << 10,
			Tag: tagReview, Summary: summary, Description: description,
		}
	}

	server.JSON(a.server, route("approve", "approval", "Approve a case",
		"Every requirement must be accepted, or waived by somebody else. Where the policy wants several approvals, the case goes back to the queue for the next person, and the last one approves it."),
		func(ctx context.Context, in *approveIn) (*caseOut, error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			words := "" // the body may be left out
			if in.Body != nil {
				words = in.Body.WordsStaff
			}
			c, err := a.cases.Approve(ctx, actorOf(ctx), in.Case, version, words)
			return a.shown(ctx, c, err, in.InLanguage)
		})

	server.JSON(a.server, route("deny", "denial", "Deny a case", "It ends; the customer may appeal once."),
		func(ctx context.Context, in *denyIn) (*caseOut, error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			c, err := a.cases.Deny(ctx, actorOf(ctx), in.Case, version, cases.Denial{
				ReasonCode: cases.ReasonCode(in.Body.ReasonCode), WordsCustomer: in.Body.WordsCustomer, WordsStaff: in.Body.WordsStaff,
			})
			return a.shown(ctx, c, err, in.InLanguage)
		})
}
