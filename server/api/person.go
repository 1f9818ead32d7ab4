package api

import (
	"context"
	"net/http"
	"time"

	"regain/accounts"
	"regain/cases"
	"regain/server"
)

const peoplePath = "/api/v1/people"

// StaffMemberView is a member of staff as administrators keep one.
type StaffMemberView struct {
	ID           string     `json:"id"`
	Email        string     `json:"email" example:"ana@example.com"`
	Name         string     `json:"name" example:"Ana Lima"`
	Roles        []string   `json:"roles" example:"[\"reviewer\"]"`
	State        string     `json:"state" enum:"active,away,disabled" doc:"away: can sign in, and holds no cases now. disabled: can't sign in."`
	CreatedAt    time.Time  `json:"created_at"`
	AwayUntil    *time.Time `json:"away_until,omitempty"`
	OneTimeUntil *time.Time `json:"one_time_until,omitempty" doc:"Until when the password works that an administrator made; absent for whoever has chosen an own one."`
}

// StaffMemberDetails are a person with the absences that are not over, and how many cases the
// person holds.
type StaffMemberDetails struct {
	StaffMemberView
	Absences []AbsenceView `json:"absences" doc:"Those that are not over, the first to begin first."`
	Holds    int           `json:"holds" doc:"How many cases the person holds."`
}

// OneTimeView is a password that works once.
type OneTimeView struct {
	Password string    `json:"password" doc:"Shown this once: it can't be read again, but by repeating the call with its Idempotency-Key. Its owner chooses an own one with it."`
	Until    time.Time `json:"until" doc:"When it stops working."`
}

// GivenBackView says what a change did to the cases that the person held.
type GivenBackView struct {
	StaffMemberView
	GivenBack int `json:"given_back" doc:"How many cases went back to the queue."`
}

func staffMemberView(s accounts.Staff) StaffMemberView {
	view := StaffMemberView{
		ID: s.ID, Email: s.Email, Name: s.Name, Roles: []string{}, State: "active", CreatedAt: s.CreatedAt, AwayUntil: s.AwayUntil, OneTimeUntil: s.OneTimeUntil,
	}
	for _, r := range s.Roles {
		view.Roles = append(view.Roles, string(r))
	}
	switch {
	case s.Disabled:
		view.State = string(accounts.PersonDisabled)
	case s.AwayUntil != nil:
		view.State = string(accounts.PersonAway)
	}
	return view
}

type peopleIn struct {
	TextPageQuery
	State string `query:"state" enum:"active,away,disabled" doc:"Only those; active are all who can sign in."`
	Role  string `query:"role" enum:"reviewer,lead,auditor,policy_author,admin" doc:"Only those who have the role."`
}

// searchPeopleIn has what people search for in its body, because it names persons.
type searchPeopleIn struct {
	Body struct {
		State  string `json:"state,omitempty" enum:"active,away,disabled"`
		Role   string `json:"role,omitempty" enum:"reviewer,lead,auditor,policy_author,admin"`
		Text   string `json:"text,omitempty" maxLength:"200" doc:"Only those with it in their name or address, in any spelling of upper and lower case."`
		Cursor string `json:"cursor,omitempty" maxLength:"1000" doc:"Where the page before ended; it is in next."`
		Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"200" default:"50"`
	}
}

type searchPeopleOut struct {
	Body struct {
		People []StaffMemberView `json:"people" doc:"By e-mail address."`
		Next   string            `json:"next,omitempty" doc:"The cursor of the next page; absent at the end."`
	}
}

type peopleOut struct {
	Body struct {
		People []StaffMemberView `json:"people" doc:"By e-mail address."`
		Next   string            `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

type addPersonIn struct {
	Body struct {
		Email string   `json:"email" maxLength:"1000" example:"ana@example.com" doc:"The name to sign in with."`
		Name  string   `json:"name" maxLength:"1000" example:"Ana Lima" doc:"1 to 120 characters."`
		Roles []string `json:"roles" maxItems:"20" example:"[\"reviewer\"]" doc:"reviewer, lead, auditor, policy_author, admin: one or more."`
	}
}

type addPersonOut struct {
	Body struct {
		Person  StaffMemberView `json:"person"`
		OneTime OneTimeView     `json:"one_time"`
	}
}

// PersonPath is embedded where the path names a person.
type PersonPath struct {
	Person string `path:"person" maxLength:"64" example:"me" doc:"The person's id, or me."`
}

// id is whom the path names.
func (p PersonPath) id(ctx context.Context) string {
	if p.Person == toMe {
		return server.Caller(ctx).ID
	}
	return p.Person
}

type setRolesIn struct {
	PersonPath
	Body struct {
		Roles []string `json:"roles" maxItems:"20" example:"[\"reviewer\",\"lead\"]" doc:"All of the person's roles from now on."`
	}
}

type personOut struct{ Body StaffMemberView }
type personDetailsOut struct{ Body StaffMemberDetails }
type givenBackOut struct{ Body GivenBackView }
type oneTimeOut struct{ Body OneTimeView }

// Who sees members of staff as they are kept: whoever changes them, whoever plans with
// them, and whoever audits.
func personReaders() []server.Role { return []server.Role{server.Admin, server.Lead, server.Auditor} }

func registerPeople(s *server.Server, p Personnel) {
	const tag = "People"
	registerAbsences(s, p)
	registerStaffChanges(s, p)
	admin := func(id, method, path, summary, description string) server.Route {
		return server.Route{
			ID: id, Method: method, Path: peoplePath + path, Roles: admins(), Scope: server.PeopleOnly, Effect: server.Changes, MaxBody: 16 << 10, Tag: tag,
			Limit: server.Limit{N: 120, Per: hour, By: server.ByCaller}, Summary: summary, Description: description,
		}
	}

	server.JSON(s, server.Route{
		ID: "list-people", Method: get, Path: peoplePath, Roles: personReaders(), Scope: server.PeopleOnly, Effect: server.Reads, Tag: tag,
		Summary: "The members of staff, a page at a time",
	}, func(ctx context.Context, in *peopleIn) (*peopleOut, error) {
		people, next, err := p.List(ctx, accounts.PeopleQuery{State: accounts.PersonState(in.State), Role: accounts.Role(in.Role)}, in.TextPageQuery)
		if err != nil {
			return nil, err
		}
		out := &peopleOut{}
		out.Body.People, out.Body.Next = people, in.next(peoplePath, next, map[string]any{"state": in.State, "role": in.Role})
		return out, nil
	})

	server.JSON(s, server.Route{
		ID: "search-people", Method: post, Path: peoplePath + "-search", Roles: personReaders(), Scope: server.PeopleOnly, Effect: server.Reads, MaxBody: 8 << 10, Tag: tag,
		Summary: "Search the members of staff", Description: "A search is a body, because addresses must not hold what is known of people.",
	}, func(ctx context.Context, in *searchPeopleIn) (*searchPeopleOut, error) {
		q := accounts.PeopleQuery{State: accounts.PersonState(in.Body.State), Role: accounts.Role(in.Body.Role), Text: in.Body.Text}
		people, next, err := p.List(ctx, q, TextPageQuery{Cursor: in.Body.Cursor, Limit: in.Body.Limit})
		if err != nil {
			return nil, err
		}
		out := &searchPeopleOut{}
		out.Body.People, out.Body.Next = people, next
		return out, nil
	})

	add := admin("add-person", post, "", "Add a member of staff", "Makes a password that works once, with which the person chooses an own one at the first sign-in. "+
		"Hand it over yourself: the mail that the person gets does not have it.")
	add.Status = http.StatusCreated
	server.JSON(s, add, func(ctx context.Context, in *addPersonIn) (*addPersonOut, error) {
		person, password, err := p.Staff.AddPerson(ctx, server.Caller(ctx), accounts.NewStaff{Email: in.Body.Email, Name: in.Body.Name, Roles: rolesNamed(in.Body.Roles)})
		if err != nil {
			return nil, err
		}
		out := &addPersonOut{}
		out.Body.Person, out.Body.OneTime = staffMemberView(person), OneTimeView{Password: password, Until: *person.OneTimeUntil}
		return out, nil
	})

	server.JSON(s, server.Route{
		ID: "show-person", Method: get, Path: peoplePath + "/{person}", Roles: server.Staff(), Scope: server.PeopleOnly, Effect: server.Reads, Tag: tag,
		Summary: "A member of staff", Description: "Everybody sees themselves; administrators, leads and auditors see all.",
	}, func(ctx context.Context, in *PersonPath) (*personDetailsOut, error) {
		details, err := p.Details(ctx, in.id(ctx))
		if err != nil {
			return nil, err
		}
		return &personDetailsOut{Body: details}, nil
	})

	server.JSON(s, admin("set-roles", http.MethodPut, "/{person}/roles", "Set the roles of a member of staff",
		"They count from the person's next call on. Cases of somebody who reviews no more go back to the queue. Nobody sets their own, and the last administrator stays one."),
		func(ctx context.Context, in *setRolesIn) (*givenBackOut, error) {
			given, err := p.SetRoles(ctx, in.id(ctx), in.Body.Roles)
			return p.changed(ctx, in.id(ctx), given, err)
		})
	server.JSON(s, admin("disable-person", post, "/{person}/disablement", "Keep a member of staff from signing in",
		"Ends the person's sessions at once, and gives the cases that they hold back to the queue. What the person did stays under their name."),
		func(ctx context.Context, in *PersonPath) (*givenBackOut, error) {
			given, err := p.Disable(ctx, in.id(ctx))
			return p.changed(ctx, in.id(ctx), given, err)
		})
	server.JSON(s, admin("enable-person", remove, "/{person}/disablement", "Let a member of staff sign in again", ""),
		func(ctx context.Context, in *PersonPath) (*personOut, error) {
			if err := p.Staff.EnableStaff(ctx, server.Caller(ctx), in.id(ctx)); err != nil {
				return nil, err
			}
			person, err := p.Staff.Person(ctx, server.Caller(ctx), in.id(ctx))
			return &personOut{Body: staffMemberView(person)}, err
		})
	reset := admin("reset-password", post, "/{person}/one-time-password", "Make a member of staff a password that works once",
		"The old one works no more, and the person's sessions end.")
	reset.Status = http.StatusCreated
	server.JSON(s, reset, func(ctx context.Context, in *PersonPath) (*oneTimeOut, error) {
		password, err := p.Staff.ResetPassword(ctx, server.Caller(ctx), in.id(ctx))
		if err != nil {
			return nil, err
		}
		person, err := p.Staff.Person(ctx, server.Caller(ctx), in.id(ctx))
		if err != nil {
			return nil, err
		}
		return &oneTimeOut{Body: OneTimeView{Password: password, Until: *person.OneTimeUntil}}, nil
	})
}

// changed shows a person who was changed.
func (p Personnel) changed(ctx context.Context, id string, given int, err error) (*givenBackOut, error) {
	if err != nil {
		return nil, err
	}
	person, err := p.Staff.Person(ctx, server.Caller(ctx), id)
	if err != nil {
		return nil, err
	}
	return &givenBackOut{Body: GivenBackView{StaffMemberView: staffMemberView(person), GivenBack: given}}, nil
}

// List is a page of the members of staff, and the cursor of the next.
func (p Personnel) List(ctx context.Context, query accounts.PeopleQuery, in TextPageQuery) ([]StaffMemberView, string, error) {
	var err error
	if query.Page, err = in.page(); err != nil {
		return nil, "", err
	}
	people, next, err := p.Staff.People(ctx, server.Caller(ctx), query)
	if err != nil {
		return nil, "", err
	}
	views := make([]StaffMemberView, 0, len(people))
	for _, s := range people {
		views = append(views, staffMemberView(s))
	}
	return views, next, nil
}

// Details are one person's. Error: not_found, also for those who may not look.
func (p Personnel) Details(ctx context.Context, id string) (StaffMemberDetails, error) {
	person, err := p.Staff.Person(ctx, server.Caller(ctx), id)
	if err != nil {
		return StaffMemberDetails{}, err
	}
	absences, err := p.Absences(ctx, id)
	if err != nil {
		return StaffMemberDetails{}, err
	}
	held, err := p.Held(ctx, id)
	return StaffMemberDetails{StaffMemberView: staffMemberView(person), Absences: absences, Holds: held}, err
}

// MayReview reports whether the person can be given cases when they are here.
func (v StaffMemberView) MayReview() bool {
	for _, r := range v.Roles {
		if r == cases.RoleReviewer || r == cases.RoleLead {
			return true
		}
	}
	return false
}
