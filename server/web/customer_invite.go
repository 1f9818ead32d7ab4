package web

import (
	"slices"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/server/api"
)

// invitePage asks who signs.
type invitePage struct {
	*customerCase
	Supplier string
	Owed     []itemCard
}

func (p *Pages) invitePage(c *gin.Context) (invitePage, error) {
	data, err := p.customerCase(c)
	if err != nil {
		return invitePage{}, err
	}
	page := invitePage{customerCase: data, Supplier: c.Param("supplier")}
	page.Owed = data.pick(func(i itemCard) bool { return slices.Contains(i.Others, page.Supplier) })
	if len(page.Owed) == 0 {
		return page, problem.New(problem.NotFound, "nothing_owed", "The case asks nothing of this kind of supplier.")
	}
	return page, nil
}

func (p *Pages) showInvite(c *gin.Context) error {
	data, err := p.invitePage(c)
	if err != nil {
		return err
	}
	if !data.WithCustomer() {
		return p.seeOther(c, data.Next())
	}
	return p.show(c, "customer/invite", data)
}

func (p *Pages) saveInvite(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	data, err := p.invitePage(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	_, err = p.services.Cases.Invite(ctx, actor, actor.ID, cases.InviteInput{Supplier: data.Supplier, Organisation: f.Get("organisation"), Email: f.Get("email")})
	if err != nil {
		return p.refuse(c, "customer/invite", data, f, err)
	}
	return p.seeOther(c, itemsPath+"#item-"+data.Owed[0].ID)
}
