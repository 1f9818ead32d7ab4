package web

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

// The pages of resellers and partners, who come with an invitation. They see what
// they owe and nothing else of the case.

const (
	invitationPath = "/invitation"
	owedPath       = "/invitation/owed"
)

func (p *Pages) registerPartner() {
	p.get("invitation-page", "/invitation", p.showInvitation)
	if p.services.Cases == nil {
		return
	}
	partners := []server.Role{server.Partner}
	p.server.Page(server.Route{
		ID: "open-invitation-page", Method: http.MethodPost, Path: "/invitation", Roles: server.Everyone(), Effect: server.Changes,
		Limit: server.Limit{N: 60, Per: hour, By: server.ByAddress}, MaxBody: 2 * maxCarry,
	}, p.openInvitation)
	p.server.Page(server.Route{
		ID: "renew-invitation-page", Method: http.MethodPost, Path: "/invitation/link", Roles: server.Everyone(), Effect: server.Changes,
		Limit: server.Limit{N: 30, Per: hour, By: server.ByAddress}, MaxBody: 4 << 10,
	}, p.renewInvitation)
	p.registerOwedFiles("owed", owedPath, invitationPath, partners)
	p.signsIn(accounts.Partner, func(c *gin.Context, status int, carry *Carry) error {
		v := p.view(c, invitationPage{}, nil)
		v.Carry = carry
		return p.render(c, status, "partner/open", v)
	})
}

// registerOwedFiles adds the page of what is owed by an invitation, and what belongs to
// it under base.
func (p *Pages) registerOwedFiles(id, page, base string, roles []server.Role) {
	p.getAs(id+"-page", page, roles, p.showOwed)
	p.getAs(id+"-receipt-page", base+"/receipt", roles, p.showReceipt)
	p.upload(id+"-upload-page", base+"/items/{item}", roles, p.takeOwed)
	p.post(id+"-remove-page", base+"/items/{item}/remove", roles, server.Changes, p.removeOwed)
	p.getAs(id+"-letter-page", base+"/items/{item}/letter", roles, p.asInvited(func(c *gin.Context, caseID string) error {
		return p.sendLetter(c, caseID, c.Param("item"))
	}))
	p.server.Page(server.Route{
		ID: id + "-document-page", Method: http.MethodGet, Path: base + "/documents/{document}", Roles: roles, Effect: server.Reads, Limit: api.Downloads(),
	}, p.asInvited(func(c *gin.Context, caseID string) error { return p.sendDocument(c, caseID, c.Param("document")) }))
}

// showInvitation is the page behind the link of an invitation. The token stands
// behind "#", so that neither this page nor a log sees it.
func (p *Pages) showInvitation(c *gin.Context) error {
	return p.show(c, "partner/open", invitationPage{Renewed: c.Query("renewed") != ""})
}

// invitationPage is where a link leads to. Token is one that did not work, Renewed says that
// another link was asked for.
type invitationPage struct {
	Token   string
	Renewed bool
}

// renewInvitation mails another link, if there is one to be mailed.
func (p *Pages) renewInvitation(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	if err := p.services.Cases.RenewInvitation(c.Request.Context(), pastedToken(f.Get("used"))); err != nil {
		return err
	}
	return p.seeOther(c, invitationPath+"?renewed=1")
}

func (p *Pages) openInvitation(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	inv, err := p.services.Cases.ExchangeInvitation(ctx, pastedToken(f.Get("token")))
	if err != nil {
		return p.refuseToken(c, f, err)
	}
	if err := p.openSession(ctx, c, accounts.Partner, inv.ID); err != nil {
		return err
	}
	return p.carryOn(c, f, owedPath)
}

// pastedToken finds the token in what people paste: the whole link, with or
// without what mail programs put around it, or only its end.
func pastedToken(pasted string) string {
	if _, after, ok := strings.Cut(pasted, "#"); ok {
		pasted = after
	}
	if plain, err := url.PathUnescape(pasted); err == nil {
		pasted = plain
	}
	return strings.Trim(pasted, " \t\n<>\"'.,;")
}

// refuseToken says beside the field that a link does not work, whatever the reason.
func (p *Pages) refuseToken(c *gin.Context, f *Form, err error) error {
	key := "partner.open.token_invalid"
	if f.Get("token") == "" {
		key = "partner.open.token_required"
	}
	if !problem.Is(err, "invitation_invalid") && !problem.Is(err, "invitation_expired") {
		return err
	}
	words, wordsErr := p.words.say(server.Locale(c.Request.Context()), key)
	if wordsErr != nil {
		return wordsErr
	}
	f.Errors = append(f.Errors, FieldError{Name: "token", Code: "invalid", Message: words})
	v := p.view(c, invitationPage{Token: pastedToken(f.Get("token"))}, f)
	v.Carry = readCarry(f)
	return p.render(c, http.StatusUnprocessableEntity, "partner/open", v)
}

// owedPage is what an invited partner sees, or a member of an organisation of one letter.
type owedPage struct {
	api.OwedView
	// Page is the page's address, Base begins those of what belongs to it.
	Page, Base string
	// Letter is for members of organisations: the invitation with its history.
	Letter *api.OwedInvitation
	// Customer is who asks, as the invitation's mail named them.
	Customer string
	// Cards are what is asked for, Open counts what is still to be sent.
	Cards []requirementCard
	Open  int

	slots []itemCard
}

// standsForPartner is how an item stands for its partner: missing, provided, accepted,
// rejected, waived or closed.
func standsForPartner(i api.ItemView) string {
	switch {
	case i.Review == "rejected" && i.Open, i.Review == "accepted", i.Review == "waived":
		return i.Review
	case i.Supply == "provided":
		return "provided"
	case !i.Open:
		return "closed"
	}
	return "missing"
}

func (p *Pages) owed(c *gin.Context) (owedPage, error) {
	data, err := p.readOwed(c)
	for _, i := range data.Items {
		card := newItemCard(i, cases.Partner)
		card.Standing = standsForPartner(i)
		data.slots = append(data.slots, card)
	}
	data.Cards = onCards(data.slots)
	for _, slot := range data.slots {
		if slot.Needs() && !slot.Optional {
			data.Open++
		}
	}
	return data, err
}

func (p *Pages) readOwed(c *gin.Context) (owedPage, error) {
	ctx := c.Request.Context()
	invitation := c.Param("invitation")
	if invitation == "" {
		o, err := p.services.Cases.Owed(ctx, api.ActorOf(ctx))
		if err != nil {
			return owedPage{}, err
		}
		return owedPage{OwedView: p.views.Owed(o, server.Locale(ctx)), Page: owedPath, Base: invitationPath, Customer: cmp.Or(o.Case.Enterprise, o.Case.Account)}, nil
	}
	letter, err := p.owing().Show(ctx, invitation, "", server.Locale(ctx))
	if err != nil {
		return owedPage{}, err
	}
	base := lettersPath + "/" + letter.Entry.ID
	data := owedPage{Page: base, Base: base, Letter: letter, Customer: letter.Entry.Customer}
	if letter.Owed != nil {
		data.OwedView = *letter.Owed
	}
	return data, nil
}

func (p *Pages) showOwed(c *gin.Context) error {
	data, err := p.owed(c)
	if err != nil {
		return err
	}
	if data.Letter != nil && data.Letter.Owed == nil {
		return p.show(c, "partner/over", data)
	}
	return p.show(c, "partner/owed", data)
}

func (p *Pages) showReceipt(c *gin.Context) error {
	data, err := p.owed(c)
	if err != nil {
		return err
	}
	if data.Letter != nil && data.Letter.Owed == nil { // what was sent by it is in its history
		return p.seeOther(c, data.Page)
	}
	return p.show(c, "partner/receipt", data)
}

// asInvited finds the case that the caller was invited to; its id is never shown.
func (p *Pages) asInvited(handle func(c *gin.Context, caseID string) error) func(c *gin.Context) error {
	return func(c *gin.Context) error {
		ctx := c.Request.Context()
		ctx, caseID, err := p.owing().Invited(ctx, c.Param("invitation"))
		if err != nil {
			return err
		}
		c.Request = c.Request.WithContext(ctx)
		return handle(c, caseID)
	}
}

// owedPageOf is the address of the page that a form of it came from.
func owedPageOf(c *gin.Context) string {
	if invitation := c.Param("invitation"); invitation != "" {
		return lettersPath + "/" + url.PathEscape(invitation)
	}
	return owedPath
}

func (p *Pages) takeOwed(c *gin.Context) error {
	return p.asInvited(func(c *gin.Context, caseID string) error {
		item := c.Param("item")
		before, err := p.owed(c)
		if err != nil {
			return err
		}
		u, err := p.takeUploads(c, caseID, placesAmong(before.slots).of(item))
		if err == nil && u.sound() {
			return p.seeOther(c, owedPageOf(c)+"#item-"+u.files[0].item)
		}
		data, readErr := p.owed(c)
		if readErr != nil {
			return err
		}
		v := p.view(c, data, u.form)
		v.Here = data.Page
		return p.refuseUploads(c, "partner/owed", v, u, uploadAt(data.slots, item, u.form), err)
	})(c)
}

func (p *Pages) removeOwed(c *gin.Context) error {
	return p.asInvited(func(c *gin.Context, caseID string) error {
		ctx := c.Request.Context()
		_, err := p.services.Cases.Clear(ctx, api.ActorOf(ctx), caseID, c.Param("item"))
		if err != nil && !problem.Is(err, "item_missing") { // taken back already: that was the wish
			return err
		}
		return p.seeOther(c, owedPageOf(c)+"#item-"+c.Param("item"))
	})(c)
}
