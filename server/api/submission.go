package api

import (
	"context"

	"regain/server"
)

// changeIn is the input of a call that changes a case as a whole and takes no body.
type changeIn struct {
	InLanguage
	CasePath
	server.Conditional
}

type appealIn struct {
	InLanguage
	CasePath
	server.Conditional
	Body struct {
		Reason string `json:"reason" maxLength:"10000" doc:"What the reviewers should know; 10 to 2000 characters."`
	}
}

func (a caseAPI) registerSubmission() {
	route := func(id, path, summary, description string) server.Route {
		return server.Route{
			ID: id, Method: post, Path: casesPath + "{case}/" + path, Roles: customers(), Effect: server.Changes,
			Tag: tagCase, Summary: summary, Description: description,
		}
	}

	server.JSON(a.server, route("submit", "submission", "Hand the case in",
		"Refused, with a pointer for each gap, until every question is answered, every lost contact has a proved successor, and every item is provided or said to be out of reach."),
		func(ctx context.Context, in *changeIn) (*caseOut, error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			c, err := a.cases.Submit(ctx, actorOf(ctx), in.Case, version)
			return a.shown(ctx, c, err, in.InLanguage)
		})

	server.JSON(a.server, route("withdraw", "withdrawal", "Withdraw the case", "It ends, and can't be taken up again."),
		func(ctx context.Context, in *changeIn) (*caseOut, error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			c, err := a.cases.Withdraw(ctx, actorOf(ctx), in.Case, version)
			return a.shown(ctx, c, err, in.InLanguage)
		})

	server.JSON(a.server, route("appeal", "appeal", "Appeal against a denial", "Once, in time. Reviewers who had no part in the denial look at the case afresh."),
		func(ctx context.Context, in *appealIn) (*caseOut, error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			c, err := a.cases.Appeal(ctx, actorOf(ctx), in.Case, version, in.Body.Reason)
			return a.shown(ctx, c, err, in.InLanguage)
		})
}
