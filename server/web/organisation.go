package web

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/server"
	"regain/server/api"
)

// The pages of organisations: members sign in with a code and see what is asked of any
// of their addresses. One letter's page is that of an invited partner.

const lettersPath = "/organisation/letters"

func (p *Pages) registerOrganisation() {
	p.get("organisation-page", "/organisation", func(c *gin.Context) error { return p.show(c, "partner/sign_in", nil) })
	if p.services.Cases == nil || p.services.Organisations == nil {
		return
	}
	p.server.Page(server.Route{
		ID: "send-member-code-page", Method: http.MethodPost, Path: "/organisation", Roles: server.Everyone(), Effect: server.Changes,
		Limit: server.Limit{N: 30, Per: hour, By: server.ByAddress}, MaxBody: 2 * maxCarry,
	}, p.sendMemberCode)
	p.server.Page(server.Route{
		ID: "open-member-session-page", Method: http.MethodPost, Path: "/organisation/session", Roles: server.Everyone(), Effect: server.Changes,
		Limit: server.Limit{N: 60, Per: 10 * time.Minute, By: server.ByAddress}, MaxBody: 2 * maxCarry,
	}, p.signInMember)
	members := []server.Role{server.Organisation}
	p.getAs("letters-page", lettersPath, members, p.showLetters)
	p.registerOwedFiles("asked", lettersPath+"/{invitation}", lettersPath+"/{invitation}", members)
	p.signsIn(accounts.OrganisationMember, func(c *gin.Context, status int, carry *Carry) error {
		v := p.view(c, nil, nil)
		v.Carry = carry
		return p.render(c, status, "partner/sign_in", v)
	})
}

func (p *Pages) owing() api.Owing {
	return api.Owing{Cases: p.services.Cases, Organisations: p.services.Organisations}
}

// sendMemberCode answers alike whether the address is a member's or not.
func (p *Pages) sendMemberCode(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	v := p.view(c, nil, f)
	v.Carry = readCarry(f)
	v.Here = "/organisation" // the address is typed anew in another language: it has no place in a URL
	if err := p.services.Organisations.SendMemberCode(ctx, f.Get("email"), server.Locale(ctx), server.Address(ctx)); err != nil {
		return p.refuseView(c, "partner/sign_in", v, err)
	}
	return p.render(c, http.StatusOK, "partner/sign_in_code", v)
}

func (p *Pages) signInMember(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	token, _, err := p.services.Organisations.SignInMember(ctx, f.Get("email"), f.Get("code"), server.Address(ctx))
	if err != nil {
		v := p.view(c, nil, f)
		v.Carry = readCarry(f)
		v.Here = "/organisation"
		return p.refuseCode(c, "partner/sign_in_code", v, err)
	}
	if err := p.keepSession(ctx, c, token); err != nil {
		return err
	}
	return p.carryOn(c, f, lettersPath)
}

// lettersPage is a page of what is asked of an organisation.
type lettersPage struct {
	Organisation, Email string
	Members, Domains    []string
	// Over shows the invitations that are over.
	Over   bool
	Groups []letterGroup
	// Next is the address of the next page; empty at the end.
	Next string
}

// letterGroup is what one customer asks.
type letterGroup struct {
	Customer string
	Entries  []api.OwedEntry
}

// lettersShown is how many invitations a page shows.
const lettersShown = 50

func (p *Pages) showLetters(c *gin.Context) error {
	ctx := c.Request.Context()
	member, organisation, err := p.owing().Member(ctx)
	if err != nil {
		return err
	}
	data := lettersPage{
		Organisation: organisation.Name, Email: member.Email, Members: member.Addresses, Domains: member.Domains,
		Over: c.Query("over") == "true",
	}
	entries, next, err := p.owing().List(ctx, data.Over, api.PageQuery{Cursor: c.Query("cursor"), Limit: lettersShown}, server.Locale(ctx))
	if err != nil {
		return err
	}
	data.Groups, data.Next = byCustomer(entries), pageAfter(lettersPath, next, "over", overInAddress(data.Over))
	return p.show(c, "partner/letters", data)
}

// overInAddress names the invitations that are over in an address; those that stand need no
// name.
func overInAddress(over bool) string {
	if over {
		return "true"
	}
	return ""
}

// byCustomer puts what one customer asks together, in the order of each customer's
// first.
func byCustomer(entries []api.OwedEntry) []letterGroup {
	var groups []letterGroup
	place := map[string]int{}
	for _, e := range entries {
		at, known := place[e.Customer]
		if !known {
			at = len(groups)
			place[e.Customer] = at
			groups = append(groups, letterGroup{Customer: e.Customer})
		}
		groups[at].Entries = append(groups[at].Entries, e)
	}
	return groups
}
