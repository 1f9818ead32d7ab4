package api

import (
	"context"
	"time"

	"regain/accounts"
	"regain/cases"
	"regain/problem"
	"regain/server"
)

const (
	assignmentsPath = queuePath + "/assignments"
	// toMe stands for the caller, so that programs need not know their own id.
	toMe = "me"
)

type assignIn struct {
	InLanguage
	CasePath
	Body struct {
		To string `json:"to" minLength:"1" maxLength:"80" example:"me" doc:"The id of a reviewer or lead, or me."`
	}
}

type assignManyIn struct {
	Body struct {
		Cases []string `json:"cases" minItems:"1" maxItems:"50" doc:"The ids of the cases."`
		To    string   `json:"to,omitempty" maxLength:"80" example:"me" doc:"The id of a reviewer or lead, or me. Without it the cases go back to the queue."`
	}
}

type assignmentIn struct {
	Assignment string `path:"assignment" maxLength:"64"`
}

// RefusalView is a case that was left as it is.
type RefusalView struct {
	Case   string `json:"case"`
	Code   string `json:"code" example:"already_claimed" doc:"One of the problems."`
	Detail string `json:"detail" doc:"What the code means."`
}

type reviewersOut struct {
	Body struct {
		Reviewers []AssigneeView `json:"reviewers" doc:"By e-mail address; 500 at most."`
		More      bool           `json:"more,omitempty" doc:"There are more than are listed. Cases can be given to them by their ids, too."`
	}
}

// AssigneeView is somebody to whom cases can be given.
type AssigneeView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Roles     []string   `json:"roles"`
	AwayUntil *time.Time `json:"away_until,omitempty" doc:"Until then nobody can give this person cases; absent for whoever is here."`
}

func (a caseAPI) registerAssignments() {
	route := func(id, path, summary, description string) server.Route {
		return server.Route{ID: id, Method: post, Path: path, Roles: reviewers(), Effect: server.Changes, MaxBody: 16 << 10, Tag: tagReview, Summary: summary, Description: description}
	}
	server.JSON(a.server, route("assign", casesPath+"{case}/assignment", "Give a case to a reviewer",
		"One that waits to oneself, one's own to another, and, as a lead, any to anybody. It is held for a day, and longer while it is worked on."), a.assign)
	server.JSON(a.server, route("assign-many", assignmentsPath, "Give several cases to a reviewer, or back to the queue",
		"Each is a change of its own; one that is refused keeps none of the others back."),
		func(ctx context.Context, in *assignManyIn) (*bulkActOut, error) {
			to, err := a.assignee(ctx, in.Body.To)
			if err != nil {
				return nil, err
			}
			done, err := a.cases.AssignMany(ctx, actorOf(ctx), in.Body.Cases, to)
			return bulkActView(done, err, true)
		})
	server.JSON(a.server, route("undo-assignment", assignmentsPath+"/{assignment}/undo", "Undo an assignment",
		"Within an hour, by whoever made it. Cases that anybody has changed since stay as they are."),
		func(ctx context.Context, in *assignmentIn) (*bulkActOut, error) {
			undone, err := a.cases.UndoAssignment(ctx, actorOf(ctx), in.Assignment)
			return bulkActView(undone, err, false)
		})
	server.JSON(a.server, server.Route{
		ID: "list-reviewers", Method: get, Path: "/api/v1/reviewers", Roles: caseStaff(), Effect: server.Reads, Tag: tagReview,
		Summary: "To whom cases can be given",
	}, func(ctx context.Context, _ *struct{}) (*reviewersOut, error) {
		all, more, err := Reviewers(ctx, a.staff, MostListed)
		out := &reviewersOut{}
		out.Body.Reviewers, out.Body.More = assigneeViews(all), more
		return out, err
	})
}

func assigneeViews(staff []accounts.Staff) []AssigneeView {
	views := []AssigneeView{}
	for _, s := range staff {
		views = append(views, AssigneeView{ID: s.ID, Name: s.Name, Roles: staffActor(s).Roles, AwayUntil: s.AwayUntil})
	}
	return views
}

func (a caseAPI) assign(ctx context.Context, in *assignIn) (*caseOut, error) {
	to, err := a.assignee(ctx, in.Body.To)
	if err != nil {
		return nil, err
	}
	c, err := a.cases.Assign(ctx, actorOf(ctx), in.Case, 0, to)
	return a.shown(ctx, c, err, in.InLanguage)
}

func (a caseAPI) assignee(ctx context.Context, id string) (cases.Actor, error) {
	return Assignee(ctx, a.staff, id)
}

// Assignee is whom an id means: nobody when it is empty, the caller when it is me.
// Error: invalid_fields for somebody who is not there any more.
func Assignee(ctx context.Context, staff Staff, id string) (cases.Actor, error) {
	switch caller := actorOf(ctx); id {
	case "":
		return cases.Actor{}, nil
	case toMe, caller.ID:
		return caller, nil
	}
	found, err := staff.StaffByID(ctx, id)
	if problem.Is(err, "not_found") || err == nil && found.Disabled {
		return cases.Actor{}, problem.InvalidFields([]problem.Field{{Pointer: "/to", Code: "no_such_person", Message: "There is no such person."}})
	}
	if err != nil {
		return cases.Actor{}, err
	}
	return staffActor(found), nil
}

func staffActor(s accounts.Staff) cases.Actor {
	a := cases.Actor{Kind: cases.Staff, ID: s.ID, Email: s.Email}
	for _, r := range s.Roles {
		a.Roles = append(a.Roles, string(r))
	}
	return a
}

// MostListed bounds the lists of those to whom cases can be given, or who can be mentioned.
const MostListed = 500

// Reviewers are the members of staff to whom cases can be given, by e-mail address; those
// who are away are among them, marked. more says that there are others.
func Reviewers(ctx context.Context, staff Staff, limit int) (list []accounts.Staff, more bool, err error) {
	return staff.StaffWho(ctx, limit, accounts.Reviewer, accounts.Lead)
}

// Colleagues are the members of staff who see cases, by e-mail address; all where limit is 0.
func Colleagues(ctx context.Context, staff Staff, limit int) (list []accounts.Staff, more bool, err error) {
	return staff.StaffWho(ctx, limit, accounts.Reviewer, accounts.Lead, accounts.Auditor)
}

// detailOf is what a code means, as the list of problems has it.
func detailOf(code string) string {
	for _, c := range server.Codes() {
		if c.Code == code {
			return c.Detail
		}
	}
	return code
}
