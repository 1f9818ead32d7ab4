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
	p.getAs("staff-page", staffPath, server.Staff(), p.showStaff)
	if p.services.Cases != nil {
		p.registerQueue()
		p.registerBlocks()
		p.registerInbox()
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

// refuseSignIn shows the form again with the address and what it carries. What a form
// can't show otherwise, it can here: that nobody came in.
func (p *Pages) refuseSignIn(c *gin.Context, f *Form, err error) error {
	v := p.view(c, nil, f)
	v.Carry = readCarry(f)
	found, _ := problem.As(err)
	switch {
	case found == nil:
		return err
	case found.Code == "sign_in_failed":
		f.General = p.problemWords(v.Locale, string(found.Kind), found.Code, found.Detail)
		return p.render(c, http.StatusUnprocessableEntity, "staff/sign_in", v)
	case found.Kind == problem.TooMany:
		minutes := int((found.RetryAfter + time.Minute - 1) / time.Minute)
		said, wordsErr := v.T("staff.sign_in.too_many", "n", max(minutes, 1))
		if wordsErr != nil {
			return errors.Join(err, wordsErr)
		}
		f.General = said
		return p.render(c, http.StatusTooManyRequests, "staff/sign_in", v)
	}
	return p.refuseView(c, "staff/sign_in", v, err)
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
		{Name: "lead", Path: leadPath},
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
	return slices.ContainsFunc(v.pages.server.Routes(), func(r server.Route) bool {
		return r.Method == http.MethodGet && r.Path == path &&
			slices.ContainsFunc(r.Roles, func(role server.Role) bool { return v.Caller.Has(accounts.Role(role)) })
	})
}
