package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/server"
	"regain/server/api"
)

// Members of staff, as administrators keep them; leads and auditors read. Everybody has
// a page of their own, to say when they are away.

const (
	peoplePath    = "/staff/people"
	personPath    = peoplePath + "/{person}"
	changesPath   = peoplePath + "/changes"
	peopleShown   = 50
	changesShown  = 50
	changesOfOne  = 10
	selfInAddress = "me"
)

func (p *Pages) registerPeople() {
	readers := []server.Role{server.Admin, server.Lead, server.Auditor}
	admins := []server.Role{server.Admin}
	p.getAs("people-page", peoplePath, readers, p.showPeople)
	p.post("search-people-page", peoplePath+"/search", readers, server.Repeats, p.searchPeople)
	p.post("add-person-page", peoplePath, admins, server.Changes, p.addPerson)
	p.getAs("staff-changes-page", changesPath, []server.Role{server.Admin, server.Auditor}, p.showStaffChanges)
	p.getAs("person-page", personPath, server.Staff(), p.showPerson)
	p.post("set-roles-page", personPath+"/roles", admins, server.Changes, p.setRoles)
	p.post("disable-person-page", personPath+"/disable", admins, server.Changes, p.disablePerson)
	p.post("enable-person-page", personPath+"/enable", admins, server.Changes, p.enablePerson)
	p.post("reset-password-page", personPath+"/password", admins, server.Changes, p.resetPassword)
	p.post("set-absence-page", personPath+"/absences", server.Staff(), server.Changes, p.setAbsence)
	p.post("end-absence-page", personPath+"/absences/{absence}/end", server.Staff(), server.Changes, p.endAbsence)
}

func (p *Pages) personnel() api.Personnel {
	return api.NewPersonnel(p.services.Staff, p.services.Cases, p.services.Policies)
}

// peoplePage is the list of members of staff.
type peoplePage struct {
	People []api.StaffMemberView
	// Text is what was searched for; it has no place in an address, so that the pages of
	// a search go by Cursor and those of the list by Next.
	Text, Cursor, Next string
	// Adding says that the form to add somebody is open.
	Adding                   bool
	MayChange, MayReadRecord bool
}

func (p *Pages) showPeople(c *gin.Context) error {
	f := NewForm("state", c.Query("state"), "role", c.Query("role"))
	data, err := p.peoplePage(c, f, c.Query("cursor"))
	if err != nil {
		return err
	}
	return p.showForm(c, "admin/people", data, f)
}

// peoplePage reads who fits what the form asks for.
func (p *Pages) peoplePage(c *gin.Context, f *Form, cursor string) (*peoplePage, error) {
	caller := server.Caller(c.Request.Context())
	data := &peoplePage{Text: f.Get("text"), MayChange: caller.Has(accounts.Admin), MayReadRecord: caller.Has(accounts.Admin, accounts.Auditor)}
	q := accounts.PeopleQuery{State: accounts.PersonState(f.Get("state")), Role: accounts.Role(f.Get("role")), Text: data.Text}
	people, next, err := p.personnel().List(c.Request.Context(), q, api.TextPageQuery{Cursor: cursor, Limit: peopleShown})
	data.People = people
	switch {
	case next == "":
	case data.Text != "":
		data.Cursor = next
	default:
		data.Next = withQuery(peoplePath, "state", f.Get("state"), "role", f.Get("role"), "cursor", next)
	}
	return data, err
}

// searchPeople shows who fits. Without a text the list has an address for that.
func (p *Pages) searchPeople(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	if f.Get("text") == "" {
		return p.seeOther(c, withQuery(peoplePath, "state", f.Get("state"), "role", f.Get("role")))
	}
	data, err := p.peoplePage(c, f, f.Get("cursor"))
	if err != nil {
		return err
	}
	return p.showAt(c, "admin/people", peoplePath, data, f)
}

// StateOptions are the states that people are looked for by, in the reader's words.
func (v *View) StateOptions() ([]Option, error) {
	w := writer{view: v}
	options := []Option{{Label: w.say("people.any_state")}}
	for _, s := range []accounts.PersonState{accounts.PersonActive, accounts.PersonAway, accounts.PersonDisabled} {
		options = append(options, Option{Value: string(s), Label: w.say("people." + string(s))})
	}
	return options, w.err
}

// RoleOptions are the roles that a person can be given, with what each may do.
func (v *View) RoleOptions() ([]Option, error) {
	w := writer{view: v}
	var options []Option
	for _, r := range accounts.Roles() {
		options = append(options, Option{Value: string(r), Label: w.say("staff.role." + string(r)), Hint: w.say("people.role_hint." + string(r))})
	}
	return options, w.err
}

// AnyRoleOptions are the roles that people are looked for by, and any.
func (v *View) AnyRoleOptions() ([]Option, error) {
	w := writer{view: v}
	options := []Option{{Label: w.say("people.any_role")}}
	for _, r := range accounts.Roles() {
		options = append(options, Option{Value: string(r), Label: w.say("staff.role." + string(r))})
	}
	return options, w.err
}

// addPerson adds somebody and shows the password that works once.
func (p *Pages) addPerson(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	n := accounts.NewStaff{Email: f.Get("email"), Name: f.Get("name")}
	for _, r := range f.All("roles") {
		n.Roles = append(n.Roles, accounts.Role(r))
	}
	person, password, err := p.services.Staff.AddPerson(ctx, server.Caller(ctx), n)
	if err == nil {
		return p.showOneTime(c, person.ID, api.OneTimeView{Password: password, Until: *person.OneTimeUntil})
	}
	data, listErr := p.peoplePage(c, NewForm(), "")
	if listErr != nil {
		return listErr
	}
	data.Adding = true
	return p.refuseAt(c, "admin/people", peoplePath, data, f, err)
}

// personPage is one person's page.
type personPage struct {
	api.StaffMemberDetails
	// Self says that the reader is the person.
	Self bool
	// MayChange says that the reader administers others, MayAbsent that the reader may say
	// when the person is away.
	MayChange, MayAbsent, MayReadRecord bool
	Changes                             []changeLine
	// OneTime is a password that was just made.
	OneTime *api.OneTimeView
	// Done is what was just done, Given how many cases went back by it.
	Done  string
	Given int
	// Zone is that of the days.
	Zone string
}

// Path is the page's address.
func (d *personPage) Path() string { return personAt(d.ID) }

func personAt(id string) string { return peoplePath + "/" + url.PathEscape(id) }

// person is whom the address names.
func person(c *gin.Context) string {
	if id := c.Param("person"); id != selfInAddress {
		return id
	}
	return server.Caller(c.Request.Context()).ID
}

func (p *Pages) personPage(c *gin.Context, id string) (*personPage, error) {
	ctx := c.Request.Context()
	caller := server.Caller(ctx)
	details, err := p.personnel().Details(ctx, id)
	if err != nil {
		return nil, err
	}
	data := &personPage{
		StaffMemberDetails: details, Self: caller.ID == id, MayReadRecord: caller.Has(accounts.Admin, accounts.Auditor),
		MayChange: caller.Has(accounts.Admin) && caller.ID != id,
		MayAbsent: (caller.ID == id || caller.Has(accounts.Lead)) && details.State != string(accounts.PersonDisabled),
	}
	zone, err := p.personnel().Zone()
	if err != nil {
		return nil, err
	}
	data.Zone = zone.String()
	if data.MayReadRecord {
		data.Changes, _, err = p.changeLines(c, id, api.PageQuery{Limit: changesOfOne})
	}
	return data, err
}

// doneWith are what can be told of at the top of a person's page.
func doneWith() []string { return []string{"roles", "disabled", "enabled", "away", "back"} }

func (p *Pages) showPerson(c *gin.Context) error {
	data, err := p.personPage(c, person(c))
	if err != nil {
		return err
	}
	if slices.Contains(doneWith(), c.Query("done")) {
		data.Done, data.Given = c.Query("done"), int(wholeNumber(c.Query("given")))
	}
	return p.showAt(c, "admin/person", data.Path(), data, nil) // what was just done is told once
}

// showOneTime shows a person with the password that was just made.
func (p *Pages) showOneTime(c *gin.Context, id string, once api.OneTimeView) error {
	data, err := p.personPage(c, id)
	if err != nil {
		return err
	}
	data.OneTime = &once
	return p.showAt(c, "admin/person", data.Path(), data, nil)
}

// changed ends a form of a person's page: with the page and what was done, or with what
// is wrong beside its field.
func (p *Pages) changed(c *gin.Context, f *Form, done string, given int, err error) error {
	id := person(c)
	if err == nil {
		back := ""
		if given > 0 {
			back = strconv.Itoa(given)
		}
		return p.seeOther(c, withQuery(personAt(id), "done", done, "given", back))
	}
	data, readErr := p.personPage(c, id)
	if readErr != nil {
		return readErr
	}
	return p.refuseAt(c, "admin/person", data.Path(), data, f, err)
}

func (p *Pages) setRoles(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	given, err := p.personnel().SetRoles(c.Request.Context(), person(c), f.All("roles"))
	return p.changed(c, f, "roles", given, err)
}

func (p *Pages) disablePerson(c *gin.Context) error {
	given, err := p.personnel().Disable(c.Request.Context(), person(c))
	return p.changed(c, NewForm(), "disabled", given, err)
}

func (p *Pages) enablePerson(c *gin.Context) error {
	ctx := c.Request.Context()
	return p.changed(c, NewForm(), "enabled", 0, p.services.Staff.EnableStaff(ctx, server.Caller(ctx), person(c)))
}

func (p *Pages) resetPassword(c *gin.Context) error {
	ctx := c.Request.Context()
	password, err := p.services.Staff.ResetPassword(ctx, server.Caller(ctx), person(c))
	if err != nil {
		return p.changed(c, NewForm(), "", 0, err)
	}
	made, err := p.services.Staff.Person(ctx, server.Caller(ctx), person(c))
	if err != nil {
		return err
	}
	return p.showOneTime(c, made.ID, api.OneTimeView{Password: password, Until: *made.OneTimeUntil})
}

func (p *Pages) setAbsence(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	_, given, err := p.personnel().SetAbsence(c.Request.Context(), person(c), api.AbsenceInput{From: f.Get("from"), Until: f.Get("until"), Reason: f.Get("reason")})
	return p.changed(c, f, "away", given, err)
}

func (p *Pages) endAbsence(c *gin.Context) error {
	ctx := c.Request.Context()
	return p.changed(c, NewForm(), "back", 0, p.services.Staff.EndAbsence(ctx, server.Caller(ctx), person(c), c.Param("absence")))
}

// changesPage is a page of the record of what was changed about staff.
type changesPage struct {
	Changes []changeLine
	// Name is that of the person whom it is about; empty for all.
	Name string
	Next string
}

// changeLine is a line of the record with the names of those who are meant.
type changeLine struct {
	api.StaffChangeView
	Whom, Who string
	// What and With are the names of what an act was about, or their ids.
	What, With string
}

func (p *Pages) showStaffChanges(c *gin.Context) error {
	ctx := c.Request.Context()
	data := &changesPage{}
	id := c.Query("person")
	if id != "" {
		about, err := p.services.Staff.Person(ctx, server.Caller(ctx), id)
		if err != nil {
			return err
		}
		data.Name = about.Name
	}
	var next string
	var err error
	if data.Changes, next, err = p.changeLines(c, id, api.PageQuery{Cursor: c.Query("cursor"), Limit: changesShown}); err != nil {
		return err
	}
	data.Next = pageAfter(changesPath, next, "person", id)
	return p.show(c, "admin/changes", data)
}

func (p *Pages) changeLines(c *gin.Context, id string, page api.PageQuery) ([]changeLine, string, error) {
	ctx := c.Request.Context()
	changes, people, next, err := p.personnel().Changes(ctx, id, page)
	if err != nil {
		return nil, "", err
	}
	w := writer{view: p.view(c, nil, nil)}
	name := func(id string) string {
		switch {
		case id == "":
			return w.say("people.operator")
		case people[id] == "":
			return w.say("people.somebody")
		}
		return people[id]
	}
	called := func(id string) string { return cmp.Or(people[id], id) }
	lines := make([]changeLine, 0, len(changes))
	for _, change := range changes {
		lines = append(lines, changeLine{
			StaffChangeView: change, Whom: name(change.Person), Who: name(change.By), What: called(change.Subject), With: called(change.Other),
		})
	}
	return lines, next, w.err
}

// StaffChange says what was changed.
func (v *View) StaffChange(l changeLine) (string, error) {
	w := writer{view: v}
	roles := func(names []string) string {
		said := make([]string, len(names))
		for n, r := range names {
			said[n] = w.say("staff.role." + r)
		}
		return writeList(said, v.Locale)
	}
	day := func(t *time.Time) string {
		if t == nil {
			return "–"
		}
		return v.LastDay(*t)
	}
	from := "–"
	if l.From != nil {
		from = v.Day(l.From.In(v.zone()))
	}
	said := w.say("people.change."+l.Kind, "person", l.Whom, "before", roles(l.Before), "after", roles(l.After), "from", from, "until", day(l.Until),
		"what", l.What, "with", l.With, "was", cmp.Or(writeList(l.Was, v.Locale), "–"), "is", cmp.Or(writeList(l.Is, v.Locale), "–"))
	return said, w.err
}

// CutNote says, where a list was cut, how many it shows.
func (v *View) CutNote(cut bool, key string, n int) (string, error) {
	if !cut {
		return "", nil
	}
	return v.T(key, "n", n)
}

// zone is that of the days of absences.
func (v *View) zone() *time.Location {
	zone, err := v.pages.personnel().Zone()
	if err != nil {
		return time.UTC
	}
	return zone
}

// LastDay writes the last day of a time that ends at midnight, DayNamed a day that is
// written as 2026-11-30.
func (v *View) LastDay(end time.Time) string { return v.Day(end.Add(-time.Microsecond).In(v.zone())) }

// DayNamed is described at LastDay.
func (v *View) DayNamed(day string) string { return v.Day(dayOf(day)) }
