package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/problem"
	"regain/server"
)

// The pages of staff: how they come in, and what leads to what. Each area behind has
// files of its own.

const (
	staffPath  = "/staff"
	signInPath = "/staff/sign-in"
	// ownPasswordPath is where staff choose a password of their own.
	ownPasswordPath = "/staff/password"
)

func (p *Pages) registerStaff() {
	if p.services.Staff == nil {
		return
	}
	p.get("staff-sign-in-page", signInPath, p.showStaffSignIn)
	p.server.Page(server.Route{
		ID: "sign-in-page", Method: http.MethodPost, Path: signInPath, Roles: server.Everyone(), Effect: server.Repeats, MaxBody: 2 * maxCarry,
	}, p.signInStaff)
	p.signsIn(accounts.StaffMember, func(c *gin.Context, status int, carry *Carry) error {
		v := p.view(c, nil, nil)
		v.Carry = carry
		return p.render(c, status, "staff/sign_in", v)
	})
	p.get("own-password-page", ownPasswordPath, p.showOwnPassword)
	p.server.Page(server.Route{
		ID: "choose-password-page", Method: http.MethodPost, Path: ownPasswordPath, Roles: server.Everyone(), Effect: server.Repeats, MaxBody: 2 * maxCarry,
	}, p.chooseOwnPassword)
	p.registerPeople()
	p.registerOrganisationsKept()
	p.getAs("staff-page", staffPath, server.Staff(), p.showStaff)
	if p.services.Cases != nil {
		p.registerQueue()
		p.registerBlocks()
		p.registerInbox()
		p.registerTags()
	}
}

func (p *Pages) showStaffSignIn(c *gin.Context) error {
	if server.Caller(c.Request.Context()).Kind == accounts.StaffMember {
		return p.seeOther(c, staffPath)
	}
	return p.show(c, "staff/sign_in", nil)
}

// signInStaff opens a session as the API does, and goes on with what was about to be
// done when the last one ended.
func (p *Pages) signInStaff(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	email, password := f.Get("email"), f.Values.Get("password")
	if err := signInFields(email, password); err != nil {
		return p.refuseSignIn(c, f, err)
	}
	token, _, err := p.services.Staff.SignIn(ctx, email, password, server.Address(ctx))
	if err != nil {
		return p.refuseSignIn(c, f, err)
	}
	if err := p.keepSession(ctx, c, token); err != nil {
		return err
	}
	return p.carryOn(c, f, staffPath)
}

// signInFields spares the limits a form that was sent half empty.
func signInFields(email, password string) error {
	var bad []problem.Field
	for _, field := range []struct{ name, value string }{{"/email", email}, {"/password", password}} {
		if field.value == "" {
			bad = append(bad, problem.Field{Pointer: field.name, Code: "required", Message: "Fill this in."})
		}
	}
	return problem.InvalidFields(bad)
}

// refuseSignIn shows the form again with the address and what it carries, or the way to an
// own password.
func (p *Pages) refuseSignIn(c *gin.Context, f *Form, err error) error {
	v := p.view(c, nil, f)
	v.Carry = readCarry(f)
	if problem.Is(err, "own_password_needed") {
		v.Data, v.Here = true, ownPasswordPath
		return p.render(c, http.StatusOK, "staff/new_password", v)
	}
	return p.refusePassword(c, "staff/sign_in", v, err)
}

// refusePassword says that nobody came in, which no other form can show.
func (p *Pages) refusePassword(c *gin.Context, page string, v *View, err error) error {
	f := v.Form
	found, _ := problem.As(err)
	switch {
	case found == nil:
		return err
	case found.Code == "sign_in_failed":
		f.General = p.problemWords(v.Locale, string(found.Kind), found.Code, found.Detail)
		return p.render(c, http.StatusUnprocessableEntity, page, v)
	case found.Kind == problem.TooMany:
		minutes := int((found.RetryAfter + time.Minute - 1) / time.Minute)
		said, wordsErr := v.T("staff.sign_in.too_many", "n", max(minutes, 1))
		if wordsErr != nil {
			return errors.Join(err, wordsErr)
		}
		f.General = said
		return p.render(c, http.StatusTooManyRequests, page, v)
	}
	return p.refuseView(c, page, v, err)
}

func (p *Pages) showOwnPassword(c *gin.Context) error {
	return p.showForm(c, "staff/new_password", false, NewForm("email", server.Caller(c.Request.Context()).Email))
}

// chooseOwnPassword replaces a password, which may be one that works once, and signs in
// with the new one.
func (p *Pages) chooseOwnPassword(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	v := p.view(c, f.Get("given") != "", f)
	v.Carry, v.Here = readCarry(f), ownPasswordPath
	if err := signInFields(f.Get("email"), f.Values.Get("password")); err != nil {
		return p.refusePassword(c, "staff/new_password", v, err)
	}
	if f.Values.Get("new_password") != f.Values.Get("again") {
		said, err := v.T("people.choose.differs")
		if err != nil {
			return err
		}
		f.Errors = append(f.Errors, FieldError{Name: "again", Code: "differs", Message: said})
		return p.render(c, http.StatusUnprocessableEntity, "staff/new_password", v)
	}
	token, _, err := p.services.Staff.ChoosePassword(ctx, f.Get("email"), f.Values.Get("password"), f.Values.Get("new_password"), server.Address(ctx))
	if err != nil {
		return p.refusePassword(c, "staff/new_password", v, err)
	}
	if err := p.keepSession(ctx, c, token); err != nil {
		return err
	}
	return p.carryOn(c, f, staffPath)
}

// showStaff leads everybody to the first of their pages.
func (p *Pages) showStaff(c *gin.Context) error {
	v := p.view(c, nil, nil)
	if places := v.StaffPlaces(); len(places) > 0 {
		return p.seeOther(c, places[0].Path)
	}
	return p.render(c, http.StatusOK, "staff/home", v)
}

// staffPlace is one entry of the staff's navigation. Its words are staff.nav.<name>.
type staffPlace struct {
	Name, Path string
	// Current says that the reader is there, or at something below it.
	Current bool
}

// staffPlaces are all, in the order of the navigation.
func staffPlaces() []staffPlace {
	return []staffPlace{
		{Name: "queue", Path: queuePath},
		{Name: "inbox", Path: inboxPath},
		{Name: "blocks", Path: blocksPath},
		{Name: "tags", Path: tagsPath},
		{Name: "lead", Path: leadPath},
		{Name: "people", Path: peoplePath},
		{Name: "organisations", Path: keptPath},
		{Name: "audit", Path: auditPath},
		{Name: "webhooks", Path: webhooksPath},
		{Name: "keys", Path: keysPath},
	}
}

// StaffPlaces are the entries of the navigation that lead this reader somewhere: one
// whose page is not there is left out, and so is one that the reader's roles do not
// open. The route itself says which they are.
func (v *View) StaffPlaces() []staffPlace {
	var open []staffPlace
	for _, place := range staffPlaces() {
		if !v.mayOpen(place.Path) {
			continue
		}
		here, _, _ := strings.Cut(v.Here, "?")
		place.Current = here == place.Path || strings.HasPrefix(here, place.Path+"/")
		open = append(open, place)
	}
	return open
}

func (v *View) mayOpen(path string) bool {
	r, there := v.pages.server.RouteAt(http.MethodGet, path)
	return there && slices.ContainsFunc(r.Roles, func(role server.Role) bool { return v.Caller.Has(accounts.Role(role)) })
}
