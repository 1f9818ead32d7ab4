package api

import (
	"context"
	"maps"
	"slices"
	"time"

	"regain/accounts"
	"regain/server"
)

// StaffChangeView is a line of the record of what was changed about staff, and of what
// staff did to what is no case.
type StaffChangeView struct {
	ID      string     `json:"id"`
	At      time.Time  `json:"at"`
	By      string     `json:"by,omitempty" doc:"The id of whoever did it, a person or a program; absent for the operator's command line."`
	Person  string     `json:"person,omitempty" doc:"The id of whom it was about; absent where it was about something else."`
	Kind    string     `json:"kind" enum:"added,roles,disabled,enabled,password_reset,password_chosen,away,back,organisation_added,member_added,member_removed,domains_set,key_made,key_revoked,tag_renamed,tag_retired,tag_restored,tag_merged,block_set,block_lifted,webhook_added,webhook_changed,webhook_enabled,webhook_disabled,webhook_secret,webhook_removed"`
	Subject string     `json:"subject,omitempty" doc:"The id of the organisation, key, tag, block or webhook that it was about."`
	Other   string     `json:"other,omitempty" doc:"The id of the member of the organisation, or of the tag that the tag became part of."`
	Was     []string   `json:"was,omitempty" doc:"The organisation's mail domains before."`
	Is      []string   `json:"is,omitempty" doc:"Its mail domains after; a key's scopes."`
	Before  []string   `json:"before,omitempty" doc:"The roles before, where they changed."`
	After   []string   `json:"after,omitempty" doc:"The roles after."`
	From    *time.Time `json:"from,omitempty" doc:"When an absence begins."`
	Until   *time.Time `json:"until,omitempty" doc:"When it ends."`
}

type staffChangesIn struct {
	PageQuery
	Person string `query:"person" maxLength:"64" doc:"Only what was changed about the person with the id."`
}

type staffChangesOut struct {
	Body struct {
		Changes []StaffChangeView `json:"changes" doc:"The newest first."`
		People  People            `json:"people" doc:"What is meant by ids: the names of people, programs, organisations and tags, and the addresses of members."`
		Next    string            `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

func registerStaffChanges(s *server.Server, p Personnel) {
	const path = peoplePath + "/changes"
	server.JSON(s, server.Route{
		ID: "list-staff-changes", Method: get, Path: path, Roles: []server.Role{server.Admin, server.Auditor}, Scope: server.PeopleOnly, Effect: server.Reads, Tag: "People",
		Summary: "The record of what staff changed outside of cases, a page at a time",
		Description: "Who did what to whom, and when: to members of staff, organisations and their members, keys, tags, blocks and webhooks. Lines are only ever added, each sealed to the one before: " +
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
	if err != nil {
		return nil, nil, "", err
	}
	return views, people, next, p.nameActs(ctx, list, people)
}

// nameActs adds what the ids mean that acts name, where that has a name.
func (p Personnel) nameActs(ctx context.Context, list []accounts.StaffChange, names People) error {
	var ids []string
	for _, c := range list {
		ids = append(ids, c.Subject, c.Other)
	}
	ids = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(ids))), func(id string) bool { return id == "" })
	kinds := []func(context.Context, []string) (map[string]string, error){p.Staff.OrganisationNames, p.Staff.MemberEmails, p.Staff.StaffNames}
	if p.cases != nil {
		kinds = append(kinds, p.cases.TagNames)
	}
	for _, named := range kinds {
		found, err := named(ctx, ids)
		if err != nil {
			return err
		}
		maps.Copy(names, found)
	}
	return nil
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
		ID: c.ID, At: c.At, By: c.By, Person: c.Staff, Kind: string(c.Kind), Subject: c.Subject, Other: c.Other, Was: c.Was, Is: c.Is,
		Before: names(c.Before), After: names(c.After), From: utc(c.From), Until: utc(c.Until),
	}
}
