package api

import (
	"context"
	"net/http"

	"regain/server"
)

const (
	put   = http.MethodPut
	patch = http.MethodPatch
)

// itemIn is the input of a call on an item that takes no body.
type itemIn struct {
	InLanguage
	ItemPath
}

type statementIn struct {
	InLanguage
	ItemPath
	Body map[string]any `example:"{\"name\":\"Ana Lima\",\"email\":\"ana@example.com\"}" doc:"The statement's fields by id, as fields of the item says. An address is an object."`
}

type reasonBody struct {
	Reason string `json:"reason" maxLength:"10000" doc:"3 to 2000 characters."`
}

type unavailableIn struct {
	InLanguage
	ItemPath
	Body reasonBody
}

type placementIn struct {
	InLanguage
	ItemPath
	Body struct {
		Where string `json:"where" maxLength:"1000" example:"example.com" doc:"Where the token was placed, for the reviewer to look."`
	}
}

// itemsPath begins the addresses of a case's items.
const itemsPath = casesPath + "{case}/items/{item}/"

func (a caseAPI) registerSupply() {
	route := func(id, method, path, summary, description string) server.Route {
		return server.Route{
			ID: id, Method: method, Path: itemsPath + path, Roles: customers(), Effect: server.Changes, MaxBody: 64 << 10,
			Tag: tagItems, Summary: summary, Description: description,
		}
	}

	server.JSON(a.server, route("state", put, "statement", "Fill in a statement",
		"Fields are judged one by one; nothing is kept unless all are good."),
		func(ctx context.Context, in *statementIn) (*caseOut, error) {
			c, err := a.cases.State(ctx, actorOf(ctx), in.Case, in.Item, in.Body)
			return a.shown(ctx, c, err, in.InLanguage)
		})

	server.JSON(a.server, route("place-token", put, "placement", "Say that the token of a proof was placed", ""),
		func(ctx context.Context, in *placementIn) (*caseOut, error) {
			c, err := a.cases.Placed(ctx, actorOf(ctx), in.Case, in.Item, in.Body.Where)
			return a.shown(ctx, c, err, in.InLanguage)
		})

	server.JSON(a.server, route("clear-item", remove, "supply", "Remove what was supplied for an item",
		"Its file stays on record as a removed version."),
		func(ctx context.Context, in *itemIn) (*caseOut, error) {
			c, err := a.cases.Clear(ctx, actorOf(ctx), in.Case, in.Item)
			return a.shown(ctx, c, err, in.InLanguage)
		})

	server.JSON(a.server, route("cannot-provide", put, "unavailable", "Say that an item can't be provided, and why",
		"That is enough to submit. To approve without it takes a waiver by a second reviewer."),
		func(ctx context.Context, in *unavailableIn) (*caseOut, error) {
			c, err := a.cases.CannotProvide(ctx, actorOf(ctx), in.Case, in.Item, in.Body.Reason)
			return a.shown(ctx, c, err, in.InLanguage)
		})

	server.JSON(a.server, route("can-provide", remove, "unavailable", "Take that back", ""),
		func(ctx context.Context, in *itemIn) (*caseOut, error) {
			c, err := a.cases.CanProvide(ctx, actorOf(ctx), in.Case, in.Item)
			return a.shown(ctx, c, err, in.InLanguage)
		})
}
