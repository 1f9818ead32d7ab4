package api

import (
	"context"
	"time"

	"regain/accounts"
	"regain/server"
)

// StaffChangeView is a line of the record of what was changed about staff.
type StaffChangeView struct {
	ID     string     `json:"id"`
	At     time.Time  `json:"at"`
	By     string     `json:"by,omitempty" doc:"The id of whoever did it; absent for the operator's command line."`
	Person string     `json:"person" doc:"The id of whom it was about."`
	Kind   string     `json:"kind" enum:"added,roles,disabled,enabled,password_reset,password_chosen,away,back"`
	Before []string   `json:"before,omitempty" doc:"The roles before, where they changed."`
	After  []string   `json:"after,omitempty" doc:"The roles after."`
	From   *time.Time `json:"from,omitempty" doc:"When an absence begins."`
	Until  *time.Time `json:"until,omitempty" doc:"When it ends."`
}

type staffChangesIn struct {
	PageQuery
	Person string `query:"person" maxLength:"64" doc:"Only what was changed about the person with the id."`
}

type staffChangesOut struct {
	Body struct {
		Changes []StaffChangeView `json:"changes" doc:"The newest first."`
		People  People            `json:"people" doc:"The names of those who are meant, by id."`
		Next    string            `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

func registerStaffChanges(s *server.Server, p Personnel) {
	const path = peoplePath + "/changes"
	server.JSON(s, server.Route{
		ID: "list-staff-changes", Method: get, Path: path, Roles: []server.Role{server.Admin, server.Auditor}, Scope: server.PeopleOnly, Effect: server.Reads, Tag: "People",
		Summary: "The record of what was changed about staff, a page at a time",
		Description: "Who did what to whom, and when. Lines are only ever added, each sealed to the one before: " +
			"what is altered afterwards is found by audit verify.",
	}, func(ctx context.Context, in *staffChangesIn) (*staffChangesOut, error) {
		changes, people, next, err := p.Changes(ctx, in.Person, in.PageQuery)
		if err != nil {
			return nil, err
		}
		out := &staffChangesOut{}
		out.Body.Changes, out.Body.People, out.Body.Next = changes, people, in.next(path, next, map[string]any{"person": in.Person})
		return out, nil
	})
}

// Changes are a page of the record, of one person where an id is given, with the names of
// those who are meant and the cursor of the next page.
func (p Personnel) Changes(ctx context.Context, person string, in PageQuery) ([]StaffChangeView, People, string, error) {
	page, err := in.page()
	if err != nil {
		return nil, nil, "", err
	}
	list, next, err := p.Staff.StaffChanges(ctx, server.Caller(ctx), person, page)
	if err != nil {
		return nil, nil, "", err
	}
	views, ids := make([]StaffChangeView, 0, len(list)), []string{}
	for _, c := range list {
		views = append(views, staffChangeView(c))
		ids = append(ids, c.By, c.Staff)
	}
	people, err := peopleNamed(ctx, p.Staff, ids)
	return views, people, next, err
}

func staffChangeView(c accounts.StaffChange) StaffChangeView {
	names := func(roles []accounts.Role) []string {
		var out []string
		for _, r := range roles {
			out = append(out, string(r))
		}
		return out
	}
	return StaffChangeView{
		ID: c.ID, At: c.At, By: c.By, Person: c.Staff, Kind: string(c.Kind), Before: names(c.Before), After: names(c.After), From: utc(c.From), Until: utc(c.Until),
	}
}
