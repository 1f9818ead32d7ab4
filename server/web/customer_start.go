package web

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

const contactPath = "/request/contacts/"

func (p *Pages) registerStart(customers []server.Role) {
	p.get("start-page", "/start", func(c *gin.Context) error { return p.show(c, "customer/start", nil) })
	p.get("account-page", "/start/account", func(c *gin.Context) error {
		return p.show(c, "customer/account", particularsPage{New: true})
	})
	p.server.Page(server.Route{
		ID: "start-case-page", Method: http.MethodPost, Path: "/start/account", Roles: server.Everyone(), Effect: server.Changes,
		Limit: server.Limit{N: 60, Per: hour, By: server.ByAddress}, MaxBody: 64 << 10,
	}, p.startCase)
	p.form("particulars", "/request/account", customers, p.showParticulars, p.saveParticulars)
	p.form("contact", contactPath+"{channel}", customers, p.showContact, p.proveContact)
	p.server.Page(server.Route{
		ID: "send-contact-code-page", Method: http.MethodPost, Path: contactPath + "{channel}/code", Roles: customers, Effect: server.Changes,
	}, p.sendContactCode)
}

// particularsPage asks for the account, what was lost and the new contacts.
type particularsPage struct {
	// New is set before there is a case.
	New     bool
	Case    *customerCase
	Version int64
}

func particulars(f *Form) cases.Particulars {
	in := cases.Particulars{Account: f.Get("account"), Enterprise: f.Get("enterprise"), NewEmail: f.Get("new_email"), NewPhone: f.Get("new_phone")}
	for _, lost := range f.All("lost") {
		in.Lost = append(in.Lost, cases.Channel(lost))
	}
	return in
}

func (p *Pages) startCase(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	started, err := p.services.Cases.Start(ctx, cases.StartInput{Locale: server.Locale(ctx), Particulars: particulars(f)})
	if err != nil {
		return p.refuse(c, "customer/account", particularsPage{New: true}, f, err)
	}
	if err := p.openSession(ctx, c, accounts.Customer, started.ID); err != nil {
		return err
	}
	return p.sendFirstCode(c, cases.Actor{Kind: cases.Customer, ID: started.ID}, started.Lost.V[0])
}

// sendFirstCode leads to where a contact is proved, with a code on its way: nobody should have
// to find out that it has to be asked for.
func (p *Pages) sendFirstCode(c *gin.Context, customer cases.Actor, channel cases.Channel) error {
	ctx := c.Request.Context()
	query := "?sent=1"
	if err := p.services.Cases.SendContactCode(ctx, customer, customer.ID, channel, server.Address(ctx)); err != nil {
		if found, ok := problem.As(err); !ok || found.Kind == problem.Unavailable {
			return err
		}
		query = "" // too many codes were asked for: the page lets one ask later
	}
	return p.seeOther(c, contactPath+string(channel)+query)
}

// afterContact leads on from a contact that was proved or named: to the next one that is not
// proved yet, or to the questions.
func (p *Pages) afterContact(c *gin.Context, data *customerCase) error {
	if unproved := data.Unproved(); len(unproved) > 0 {
		return p.sendFirstCode(c, api.ActorOf(c.Request.Context()), cases.Channel(unproved[0].Channel))
	}
	return p.seeOther(c, data.Next())
}

func (p *Pages) showParticulars(c *gin.Context) error {
	data, err := p.customerCase(c)
	if err != nil {
		return err
	}
	if !data.Draft() {
		return p.seeOther(c, requestPath)
	}
	f := NewForm("account", data.Account, "enterprise", data.Enterprise)
	for _, lost := range data.Lost {
		f.Values.Add("lost", lost)
	}
	for _, contact := range data.Contacts {
		f.Values.Add("new_"+contact.Channel, contact.Address)
	}
	return p.showForm(c, "customer/account", particularsPage{Case: data, Version: data.Version}, f)
}

func (p *Pages) saveParticulars(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	in := particulars(f)
	_, _, err = p.services.Cases.Revise(ctx, actor, actor.ID, formVersion(f), cases.Revision{Particulars: &in})
	if err != nil {
		data, readErr := p.customerCase(c)
		if readErr != nil || !data.Draft() {
			return err
		}
		return p.refuse(c, "customer/account", particularsPage{Case: data, Version: data.Version}, f, err)
	}
	data, err := p.customerCase(c)
	if err != nil {
		return err
	}
	return p.afterContact(c, data)
}

// formVersion is the version of the case that a form was made from; one that is no
// number matches none.
func formVersion(f *Form) int64 {
	n, err := strconv.ParseInt(f.Get("version"), 10, 64)
	if err != nil || n < 1 {
		return -1
	}
	return n
}

// contactPage asks for the code that was sent to a new contact.
type contactPage struct {
	*customerCase
	Contact api.ContactView
	// Sent says that a code was sent just now, Awaited that there is one to enter.
	Sent, Awaited bool
}

func (p *Pages) contactPage(c *gin.Context) (contactPage, error) {
	data, err := p.customerCase(c)
	if err != nil {
		return contactPage{}, err
	}
	for _, contact := range data.Contacts {
		if contact.Channel == c.Param("channel") {
			sent := c.Query("sent") != ""
			return contactPage{customerCase: data, Contact: contact, Sent: sent, Awaited: sent}, nil
		}
	}
	return contactPage{}, problem.New(problem.NotFound, "contact_not_found", "The case names no new contact of this kind.")
}

func (p *Pages) showContact(c *gin.Context) error {
	data, err := p.contactPage(c)
	if err != nil {
		return err
	}
	if data.Contact.Verified || data.Ended() {
		if unproved := data.Unproved(); len(unproved) > 0 {
			return p.seeOther(c, contactPath+unproved[0].Channel)
		}
		return p.seeOther(c, data.Next())
	}
	return p.show(c, "customer/contact", data)
}

func (p *Pages) sendContactCode(c *gin.Context) error {
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	channel := c.Param("channel")
	err := p.services.Cases.SendContactCode(ctx, actor, actor.ID, cases.Channel(channel), server.Address(ctx))
	if err == nil {
		return p.seeOther(c, contactPath+url.PathEscape(channel)+"?sent=1")
	}
	data, readErr := p.contactPage(c)
	if readErr != nil {
		return err
	}
	data.Awaited = true // the one before was sent a moment ago
	v := p.view(c, data, nil)
	v.Here = contactPath + channel
	return p.refuseView(c, "customer/contact", v, err)
}

func (p *Pages) proveContact(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	_, err = p.services.Cases.VerifyContact(ctx, actor, actor.ID, cases.Channel(c.Param("channel")), f.Get("code"))
	data, readErr := p.contactPage(c)
	if readErr != nil {
		return readErr
	}
	if err != nil {
		data.Awaited = !problem.Is(err, "code_expired")
		return p.refuseCode(c, "customer/contact", p.view(c, data, f), err)
	}
	return p.afterContact(c, data.customerCase)
}

// refuseCode says what is wrong with a code beside its field.
func (p *Pages) refuseCode(c *gin.Context, page string, v *View, err error) error {
	status, shown := v.Form.take(p, v.Locale, err)
	if !shown {
		return err
	}
	if v.Form.General != "" {
		v.Form.Errors = append(v.Form.Errors, FieldError{Name: "code", Code: "invalid", Message: v.Form.General})
		v.Form.General = ""
	}
	return p.render(c, status, page, v)
}
