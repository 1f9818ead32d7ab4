package web

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

func (p *Pages) registerItems(customers []server.Role) {
	p.getAs("items-page", itemsPath, customers, p.showItems)
	p.upload("item-upload-page", itemsPath+"/{item}", customers, p.takeItem)
	p.post("item-reuse-page", itemsPath+"/{item}/reuse", customers, server.Changes, p.reuseItem)
	p.post("item-remove-page", itemsPath+"/{item}/remove", customers, server.Changes, p.onItem(func(c *gin.Context, actor cases.Actor, item string) error {
		_, err := p.services.Cases.Clear(c.Request.Context(), actor, actor.ID, item)
		return except(err, "item_missing") // taken back already: that was the wish
	}))
	p.post("item-available-page", itemsPath+"/{item}/available", customers, server.Changes, p.onItem(func(c *gin.Context, actor cases.Actor, item string) error {
		_, err := p.services.Cases.CanProvide(c.Request.Context(), actor, actor.ID, item)
		return except(err, "item_not_unavailable")
	}))
	p.form("statement", itemsPath+"/{item}/statement", customers, p.showItem("customer/statement"), p.saveStatement)
	p.form("unavailable", itemsPath+"/{item}/unavailable", customers, p.showItem("customer/unavailable"), p.saveUnavailable)
	p.getAs("item-letter-page", itemsPath+"/{item}/letter", customers, func(c *gin.Context) error {
		return p.sendLetter(c, api.ActorOf(c.Request.Context()).ID, c.Param("item"))
	})
	p.server.Page(server.Route{
		ID: "item-document-page", Method: http.MethodGet, Path: "/request/documents/{document}", Roles: customers, Effect: server.Reads, Limit: api.Downloads(),
	}, func(c *gin.Context) error {
		return p.sendDocument(c, api.ActorOf(c.Request.Context()).ID, c.Param("document"))
	})
	p.form("invite", "/request/invite/{supplier}", customers, p.showInvite, p.saveInvite)
	p.post("revoke-invitation-page", "/request/invitations/{invitation}/revoke", customers, server.Changes, func(c *gin.Context) error {
		ctx := c.Request.Context()
		actor := api.ActorOf(ctx)
		if err := p.services.Cases.Revoke(ctx, actor, actor.ID, c.Param("invitation")); err != nil {
			return err
		}
		return p.seeOther(c, itemsPath)
	})
}

// except lets an error pass that means that there was nothing to do.
func except(err error, code string) error {
	if problem.Is(err, code) {
		return nil
	}
	return err
}

func (p *Pages) showItems(c *gin.Context) error {
	data, err := p.customerCase(c)
	if err != nil {
		return err
	}
	if !data.WithCustomer() || data.Draft() && !data.Collects() {
		return p.seeOther(c, data.Next())
	}
	return p.show(c, "customer/items", data)
}

// refuseItems answers what can't be done with an item with the list of items.
func (p *Pages) refuseItems(c *gin.Context, f *Form, err error) error {
	data, readErr := p.customerCase(c)
	if readErr != nil || !data.WithCustomer() {
		return err
	}
	v := p.view(c, data, f)
	v.Here = itemsPath
	status, shown := f.take(p, v.Locale, err)
	if !shown {
		return err
	}
	return p.render(c, status, "customer/items", v)
}

// onItem makes the handler of a button on an item.
func (p *Pages) onItem(do func(c *gin.Context, actor cases.Actor, item string) error) func(c *gin.Context) error {
	return func(c *gin.Context) error {
		item := c.Param("item")
		if err := do(c, api.ActorOf(c.Request.Context()), item); err != nil {
			return p.refuseItems(c, NewForm(), err)
		}
		return p.seeOther(c, itemsPath+"#item-"+item)
	}
}

// itemPage is a page about one item.
type itemPage struct {
	*customerCase
	Item itemCard
}

func (p *Pages) itemPage(c *gin.Context) (itemPage, error) {
	data, err := p.customerCase(c)
	if err != nil {
		return itemPage{}, err
	}
	card, ok := data.cards[c.Param("item")]
	if !ok {
		return itemPage{}, problem.New(problem.NotFound, "item_not_found", "The case asks for no such item.")
	}
	return itemPage{customerCase: data, Item: card}, nil
}

func (p *Pages) showItem(page string) func(c *gin.Context) error {
	return func(c *gin.Context) error {
		data, err := p.itemPage(c)
		if err != nil {
			return err
		}
		if !data.Item.Open {
			return p.seeOther(c, data.Next())
		}
		return p.show(c, page, data)
	}
}

// AlsoMissing are the other slots of the item's requirement that nothing is in yet.
func (i itemPage) AlsoMissing() []itemCard {
	card := cardOf(i.All(), i.Item.ID)
	if card == nil {
		return nil
	}
	return slices.DeleteFunc(card.Free(), func(s itemCard) bool { return s.ID == i.Item.ID || s.Optional })
}

// saveUnavailable says of one slot, or of all of its requirement that are empty, that they
// are out of reach.
func (p *Pages) saveUnavailable(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	data, err := p.itemPage(c)
	if err != nil {
		return err
	}
	slots := []itemCard{data.Item}
	if f.Get("all") != "" {
		slots = append(slots, data.AlsoMissing()...)
	}
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	for _, slot := range slots {
		if _, err := p.services.Cases.CannotProvide(ctx, actor, actor.ID, slot.ID, f.Get("reason")); err != nil {
			return p.refuse(c, "customer/unavailable", data, f, err)
		}
	}
	return p.seeOther(c, itemsPath+"#item-"+data.Item.ID)
}
