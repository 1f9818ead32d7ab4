package web

import (
	"strings"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/server"
	"regain/server/api"
)

func (p *Pages) registerSubmission(customers []server.Role) {
	p.form("check", checkPath, customers, p.showCheck, p.submit)
	p.getAs("submitted-page", "/request/receipt", customers, func(c *gin.Context) error {
		data, err := p.customerCase(c)
		if err != nil {
			return err
		}
		if data.SubmittedAt == nil {
			return p.seeOther(c, requestPath)
		}
		return p.show(c, "customer/receipt", data)
	})
	p.form("withdraw", "/request/withdraw", customers, p.showCase("customer/withdraw"), p.withdraw)
	p.form("appeal", "/request/appeal", customers, p.showCase("customer/appeal"), p.appeal)
}

func (p *Pages) showCheck(c *gin.Context) error {
	data, err := p.customerCase(c)
	if err != nil {
		return err
	}
	if !data.WithCustomer() || data.Draft() && !data.Collects() {
		return p.seeOther(c, data.Next())
	}
	return p.show(c, "customer/check", data)
}

func (p *Pages) submit(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	_, err = p.services.Cases.Submit(ctx, actor, actor.ID, formVersion(f))
	if err == nil {
		return p.seeOther(c, "/request/receipt")
	}
	data, readErr := p.customerCase(c)
	if readErr != nil || !data.WithCustomer() {
		return err
	}
	v := p.view(c, data, f)
	status, shown := f.take(p, v.Locale, err)
	if !shown {
		return err
	}
	if err := data.nameGaps(v); err != nil {
		return err
	}
	return p.render(c, status, "customer/check", v)
}

// nameGaps puts the name of what is missing before what is wrong with it.
func (d *customerCase) nameGaps(v *View) error {
	f := v.Form
	for n, e := range f.Errors {
		name := ""
		if id, ok := strings.CutPrefix(e.Name, "items."); ok {
			place, err := v.Place(d.cards[id])
			if err != nil {
				return err
			}
			name = place
		} else if channel, ok := strings.CutPrefix(e.Name, "new_"); ok {
			for _, contact := range d.Contacts {
				if contact.Channel == channel {
					name = contact.Address
				}
			}
		}
		if name != "" {
			f.Errors[n].Message = name + ": " + e.Message
		}
	}
	return nil
}

func (p *Pages) withdraw(c *gin.Context) error {
	return p.onCase(c, "customer/withdraw", func(c *gin.Context, f *Form, actor cases.Actor) error {
		_, err := p.services.Cases.Withdraw(c.Request.Context(), actor, actor.ID, formVersion(f))
		return err
	})
}

func (p *Pages) appeal(c *gin.Context) error {
	return p.onCase(c, "customer/appeal", func(c *gin.Context, f *Form, actor cases.Actor) error {
		_, err := p.services.Cases.Appeal(c.Request.Context(), actor, actor.ID, formVersion(f), f.Get("reason"))
		return err
	})
}

// onCase carries out a form about the case as a whole, and leads to where it stands.
func (p *Pages) onCase(c *gin.Context, page string, do func(c *gin.Context, f *Form, actor cases.Actor) error) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	if err := do(c, f, api.ActorOf(c.Request.Context())); err != nil {
		data, readErr := p.customerCase(c)
		if readErr != nil {
			return err
		}
		return p.refuse(c, page, data, f, err)
	}
	return p.seeOther(c, requestPath)
}
