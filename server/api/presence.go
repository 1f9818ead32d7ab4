package api

import (
	"context"

	"regain/cases"
	"regain/server"
)

// PresenceView is who else has a case open, and how far the case is.
type PresenceView struct {
	Others  []PersonView `json:"others" doc:"The others, by name."`
	Version int64        `json:"version" doc:"The case's version, as in its ETag: a page that shows another one is out of date."`
	Newest  int64        `json:"newest" doc:"The number of the case's newest event, without looks at documents; messages and notes count here and leave the version alone."`
	Unread  int          `json:"unread" doc:"How many entries of the caller's inbox are unread, 100 at most. Looking at a case reads those about it."`
}

// PersonView is a member of staff.
type PersonView struct {
	ID   string `json:"id"`
	Name string `json:"name" example:"Ana Lima"`
}

type presenceOut struct {
	Body PresenceView
}

func (a caseAPI) registerPresence() {
	route := func(id, method, summary, description string) server.Route {
		return server.Route{
			ID: id, Method: method, Path: casesPath + "{case}/presence", Roles: caseStaff(), Scope: server.PeopleOnly,
			Effect: server.Repeats, MaxBody: 1 << 10, Tag: tagReview, Summary: summary, Description: description,
		}
	}

	server.JSON(a.server, route("look-on", post, "Say that you have the case open, and see who else has",
		"Holds for 45 seconds; a page calls it again while it is looked at. It is no event of the case."),
		func(ctx context.Context, in *struct{ CasePath }) (*presenceOut, error) {
			found, err := a.cases.LookOn(ctx, actorOf(ctx), in.Case)
			if err != nil {
				return nil, err
			}
			view, err := a.presenceView(ctx, found)
			return &presenceOut{Body: view}, err
		})

	server.JSON(a.server, route("look-away", remove, "Say that you have closed the case", ""),
		func(ctx context.Context, in *struct{ CasePath }) (*struct{}, error) {
			return nil, a.cases.LookAway(ctx, actorOf(ctx), in.Case)
		})
}

func (a caseAPI) presenceView(ctx context.Context, found *cases.Onlookers) (PresenceView, error) {
	view := PresenceView{Others: []PersonView{}, Version: found.Version, Newest: found.Newest, Unread: found.Unread}
	names, err := a.people(ctx, found.Staff)
	for _, id := range found.Staff {
		if names[id] != "" {
			view.Others = append(view.Others, PersonView{ID: id, Name: names[id]})
		}
	}
	return view, err
}
