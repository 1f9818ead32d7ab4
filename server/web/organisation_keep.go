package web

import (
	"net/url"
	"strings"
	"unicode"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

// Organisations of resellers and partners, as leads and administrators keep them. (What
// their members see is in organisation.go.)

const (
	keptPath           = "/staff/organisations"
	oneKeptPath        = keptPath + "/{organisation}"
	organisationsShown = 50
)

func (p *Pages) registerOrganisationsKept() {
	if p.services.Organisations == nil {
		return
	}
	keepers := []server.Role{server.Lead, server.Admin}
	p.getAs("organisations-page", keptPath, keepers, p.showOrganisations)
	p.post("create-organisation-page", keptPath, keepers, server.Changes, p.createOrganisation)
	p.getAs("kept-organisation-page", oneKeptPath, keepers, p.showOrganisation)
	p.post("add-member-page", oneKeptPath+"/members", keepers, server.Changes, p.addMember)
	p.post("remove-member-page", oneKeptPath+"/members/{member}/remove", keepers, server.Changes, p.removeMember)
	p.post("set-domains-page", oneKeptPath+"/domains", []server.Role{server.Admin}, server.Changes, p.setDomains)
}

// organisationsPage is the list of organisations.
type organisationsPage struct {
	Organisations []api.OrganisationRef
	// Text is what was searched for.
	Text, Next string
	// Adding says that the form to add one is open.
	Adding bool
}

func (p *Pages) showOrganisations(c *gin.Context) error {
	f := NewForm("text", c.Query("text"))
	data, err := p.organisationsPage(c, f.Get("text"), c.Query("cursor"))
	if err != nil {
		return err
	}
	return p.showForm(c, "admin/organisations", data, f)
}

func (p *Pages) organisationsPage(c *gin.Context, text, cursor string) (*organisationsPage, error) {
	list, next, err := p.owing().Organised(c.Request.Context(), text, api.TextPageQuery{Cursor: cursor, Limit: organisationsShown})
	return &organisationsPage{Organisations: list, Text: text, Next: pageAfter(keptPath, next, "text", text)}, err
}

func (p *Pages) createOrganisation(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	o, err := p.services.Organisations.CreateOrganisation(ctx, server.Caller(ctx).ID, f.Get("name"))
	if err == nil {
		return p.seeOther(c, keptAt(o.ID))
	}
	data, listErr := p.organisationsPage(c, "", "")
	if listErr != nil {
		return listErr
	}
	data.Adding = true
	return p.refuseAt(c, "admin/organisations", keptPath, data, f, err)
}

// organisationPage is one organisation's page.
type organisationPage struct {
	api.OrganisationView
	// Owed is what is asked of it: a page of the invitations that stand, or are over.
	// MayRead says that the reader may see it.
	Owed    []api.AskedView
	Over    bool
	Next    string
	MayRead bool
	// MaySetDomains says that the reader may.
	MaySetDomains bool
}

// Path is the page's address.
func (d *organisationPage) Path() string { return keptAt(d.ID) }

func keptAt(id string) string { return keptPath + "/" + url.PathEscape(id) }

func (p *Pages) showOrganisation(c *gin.Context) error {
	data, err := p.organisationPage(c)
	if err != nil {
		return err
	}
	return p.showForm(c, "admin/organisation", data, NewForm("domains", strings.Join(data.Domains, "\n")))
}

func (p *Pages) organisationPage(c *gin.Context) (*organisationPage, error) {
	ctx := c.Request.Context()
	id := c.Param("organisation")
	view, err := p.owing().Organisation(ctx, id)
	if err != nil {
		return nil, err
	}
	data := &organisationPage{
		OrganisationView: view, Over: c.Query("over") == "true", MayRead: api.ActorOf(ctx).Has(cases.RoleLead), MaySetDomains: server.Caller(ctx).Has(accounts.Admin),
	}
	if !data.MayRead {
		return data, nil
	}
	var next string
	data.Owed, next, err = p.owing().ListOf(ctx, id, data.Over, api.PageQuery{Cursor: c.Query("cursor"), Limit: organisationsShown}, server.Locale(ctx))
	data.Next = pageAfter(data.Path(), next, "over", overInAddress(data.Over))
	return data, err
}

// kept ends a form of an organisation's page.
func (p *Pages) kept(c *gin.Context, f *Form, err error) error {
	if err == nil {
		return p.seeOther(c, keptAt(c.Param("organisation")))
	}
	data, readErr := p.organisationPage(c)
	if readErr != nil {
		return readErr
	}
	if !f.Values.Has("domains") {
		f.Values.Set("domains", strings.Join(data.Domains, "\n"))
	}
	v := p.view(c, data, f)
	v.Here = data.Path()
	status, shown := f.take(p, v.Locale, err)
	if !shown {
		return err
	}
	for i := range f.Errors { // one field has all of them, one on each line
		if line, ok := strings.CutPrefix(f.Errors[i].Name, "domains."); ok {
			f.Errors[i].Name = "domains"
			f.Errors[i].Message = lineOf(f.Get("domains"), int(wholeNumber(line))) + ": " + f.Errors[i].Message
		}
	}
	return p.render(c, status, "admin/organisation", v)
}

// linesOf are the domains in a text, one on each line or with commas or spaces between.
func linesOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;，、；", r) })
}

func lineOf(text string, n int) string {
	if lines := linesOf(text); n < len(lines) {
		return lines[n]
	}
	return "–"
}

func (p *Pages) addMember(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	_, err = p.services.Organisations.AddMember(ctx, server.Caller(ctx).ID, c.Param("organisation"), f.Get("email"))
	return p.kept(c, f, err)
}

func (p *Pages) removeMember(c *gin.Context) error {
	ctx := c.Request.Context()
	err := p.services.Organisations.RemoveMember(ctx, server.Caller(ctx).ID, c.Param("organisation"), c.Param("member"))
	if problem.Is(err, "member_not_found") { // it is over already: that was the wish
		err = nil
	}
	return p.kept(c, NewForm(), err)
}

func (p *Pages) setDomains(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	_, err = p.services.Organisations.SetDomains(ctx, server.Caller(ctx).ID, c.Param("organisation"), linesOf(f.Get("domains")))
	return p.kept(c, f, err)
}

// OwedTone is the class for the look of how an invitation stands.
func (v *View) OwedTone(state string) string {
	switch state {
	case "accepted":
		return " st-ok"
	case "rejected":
		return " st-bad"
	case "owed":
		return " st-wait"
	case "sent":
		return " st-go"
	}
	return ""
}
