package api

import (
	"context"
	"fmt"
	"slices"

	"regain/accounts"
	"regain/cases"
	"regain/problem"
	"regain/server"
)

// FollowersView is who follows a case.
type FollowersView struct {
	Following bool         `json:"following" doc:"Whether the caller does."`
	Followers []PersonView `json:"followers" doc:"Whoever began first comes first; 100 at most."`
}

type followersOut struct {
	Body FollowersView
}

type colleaguesOut struct {
	Body struct {
		Colleagues []AssigneeView `json:"colleagues" doc:"By e-mail address; 500 at most."`
		More       bool           `json:"more,omitempty" doc:"There are more than are listed. They can be mentioned by their ids, too."`
	}
}

func (a caseAPI) registerFollowers() {
	route := func(id, method, summary, description string) server.Route {
		return server.Route{
			ID: id, Method: method, Path: casesPath + "{case}/followers", Roles: caseStaff(), Scope: server.PeopleOnly,
			Effect: server.Changes, MaxBody: 1 << 10, Tag: tagInbox, Summary: summary, Description: description,
		}
	}
	list := route("list-followers", get, "Who follows a case", "")
	list.Effect = server.Reads
	server.JSON(a.server, list, func(ctx context.Context, in *struct{ CasePath }) (*followersOut, error) {
		ids, err := a.cases.Followers(ctx, actorOf(ctx), in.Case)
		if err != nil {
			return nil, err
		}
		out := &followersOut{}
		if out.Body.Following, err = a.cases.Follows(ctx, actorOf(ctx), in.Case); err != nil {
			return nil, err
		}
		out.Body.Followers, err = a.persons(ctx, ids)
		return out, err
	})

	server.JSON(a.server, route("follow", put, "Follow a case",
		"What others do with it comes into the caller's inbox. It is no event of the case."),
		func(ctx context.Context, in *struct{ CasePath }) (*struct{}, error) {
			return nil, a.cases.Follow(ctx, actorOf(ctx), in.Case)
		})

	server.JSON(a.server, route("unfollow", remove, "Stop following a case", ""),
		func(ctx context.Context, in *struct{ CasePath }) (*struct{}, error) {
			return nil, a.cases.Unfollow(ctx, actorOf(ctx), in.Case)
		})

	server.JSON(a.server, server.Route{
		ID: "list-colleagues", Method: get, Path: "/api/v1/colleagues", Roles: caseStaff(), Effect: server.Reads, Tag: tagTalk,
		Summary: "Members of staff who see cases, and so can be mentioned in notes",
	}, func(ctx context.Context, _ *struct{}) (*colleaguesOut, error) {
		all, more, err := Colleagues(ctx, a.staff, MostListed)
		out := &colleaguesOut{}
		out.Body.Colleagues, out.Body.More = assigneeViews(all), more
		return out, err
	})
}

// persons are members of staff with their names; those of whom nothing is known are left
// out.
func (a caseAPI) persons(ctx context.Context, ids []string) ([]PersonView, error) {
	out := []PersonView{}
	names, err := a.people(ctx, ids)
	for _, id := range ids {
		if names[id] != "" {
			out = append(out, PersonView{ID: id, Name: names[id]})
		}
	}
	return out, err
}

// Mentioned are the colleagues with the ids. Error: invalid_fields for somebody who is
// not there any more.
func Mentioned(ctx context.Context, staff Staff, ids []string) ([]cases.Actor, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	all, err := staff.StaffByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []cases.Actor
	for n, id := range ids {
		at := slices.IndexFunc(all, func(s accounts.Staff) bool { return s.ID == id && s.SeesCases() })
		if at < 0 {
			return nil, problem.InvalidFields([]problem.Field{{Pointer: fmt.Sprintf("/mentions/%d", n), Code: "no_such_person", Message: "There is no such person, or they do not see cases."}})
		}
		out = append(out, staffActor(all[at]))
	}
	return out, nil
}
