package web

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

// mostMessages is how many messages a page shows: the newest, oldest first, with the way
// to those before.
const mostMessages = 100

func (p *Pages) registerTalk(customers []server.Role) {
	p.getAs("talk-page", "/request/messages", customers, p.showMessages)
	p.server.Page(server.Route{
		ID: "write-page", Method: http.MethodPost, Path: "/request/messages", Roles: customers, Effect: server.Changes,
		Limit: server.Limit{N: 60, Per: hour, By: server.ByCaller}, MaxBody: 64 << 10,
	}, p.writeMessage)
}

// talkPage is the conversation with the reviewers.
type talkPage struct {
	*customerCase
	Messages []talkMessage
	// Earlier is the id of the first message, where there are some before it.
	Earlier string
}

// talkMessage is one message.
type talkMessage struct {
	Mine bool
	Body string
	At   time.Time
}

func (p *Pages) talkPage(c *gin.Context) (talkPage, error) {
	data, err := p.customerCase(c)
	if err != nil {
		return talkPage{}, err
	}
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	list, earlier, err := p.latestTalk(ctx, actor, actor.ID, c.Query("before"))
	if err != nil {
		return talkPage{}, err
	}
	page := talkPage{customerCase: data, Earlier: earlier}
	for _, m := range list {
		page.Messages = append(page.Messages, talkMessage{Mine: m.ActorKind == cases.Customer, Body: m.Body, At: m.CreatedAt})
	}
	return page, nil
}

// latestTalk are the newest messages, or those before one, and the id of the first of them
// where there are still earlier ones.
func (p *Pages) latestTalk(ctx context.Context, reader cases.Actor, caseID, before string) (list []*cases.CaseMessage, earlier string, err error) {
	list, err = p.services.Cases.Messages(ctx, reader, caseID, cases.MessageQuery{Latest: true, Before: before, Limit: mostMessages + 1})
	if len(list) > mostMessages {
		list = list[1:]
		earlier = list[0].ID
	}
	return list, earlier, err
}

func (p *Pages) showMessages(c *gin.Context) error {
	data, err := p.talkPage(c)
	if err != nil {
		return err
	}
	return p.show(c, "customer/messages", data)
}

func (p *Pages) writeMessage(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	if _, err := p.services.Cases.Write(ctx, actor, actor.ID, f.Get("body")); err != nil {
		data, readErr := p.talkPage(c)
		if readErr != nil {
			return err
		}
		return p.refuse(c, "customer/messages", data, f, err)
	}
	return p.seeOther(c, "/request/messages")
}

func (p *Pages) registerResume() {
	p.get("resume-page", "/resume", func(c *gin.Context) error { return p.show(c, "customer/resume", nil) })
	p.get("resume-code-page", "/resume/code", func(c *gin.Context) error {
		if c.Query("reference") == "" {
			return p.seeOther(c, "/resume")
		}
		f := NewForm("reference", c.Query("reference"), "channel", c.Query("channel"))
		return p.showForm(c, "customer/resume_code", nil, f)
	})
	p.server.Page(server.Route{
		ID: "send-resume-code-page", Method: http.MethodPost, Path: "/resume", Roles: server.Everyone(), Effect: server.Changes,
		Limit: server.Limit{N: 30, Per: hour, By: server.ByAddress}, MaxBody: 2 * maxCarry,
	}, p.sendResumeCode)
	p.server.Page(server.Route{
		ID: "resume-verification-page", Method: http.MethodPost, Path: "/resume/code", Roles: server.Everyone(), Effect: server.Changes,
		Limit: server.Limit{N: 60, Per: 10 * time.Minute, By: server.ByAddress}, MaxBody: 2 * maxCarry,
	}, p.resume)
}

func channelOf(f *Form) cases.Channel {
	if f.Get("channel") == string(cases.Phone) {
		return cases.Phone
	}
	return cases.Email
}

// sendResumeCode answers alike whether there is such a case or not.
func (p *Pages) sendResumeCode(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	v := p.view(c, nil, f)
	v.Carry = readCarry(f)
	key := "customer.resume.reference_required"
	if f.Get("reference") != "" {
		key = "customer.resume.reference_malformed"
	}
	if !cases.IsReference(f.Get("reference")) {
		words, err := v.T(key)
		if err != nil {
			return err
		}
		f.Errors = append(f.Errors, FieldError{Name: "reference", Code: "required", Message: words})
		return p.render(c, http.StatusUnprocessableEntity, "customer/resume", v)
	}
	v.Here = "/resume/code?" + url.Values{"reference": {f.Get("reference")}, "channel": {string(channelOf(f))}}.Encode()
	err = p.services.Cases.SendResumeCode(ctx, f.Get("reference"), channelOf(f), server.Address(ctx))
	if found, ok := problem.As(err); ok && found.Kind == problem.TooMany { // one may be on its way: it is entered here
		return p.refuseView(c, "customer/resume_code", v, err)
	}
	if err != nil {
		return p.refuseView(c, "customer/resume", v, err)
	}
	return p.render(c, http.StatusOK, "customer/resume_code", v)
}

// isIn says whether the caller is the customer of the case with a reference already.
func (p *Pages) isIn(c *gin.Context, reference string) bool {
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	if actor.Kind != cases.Customer {
		return false
	}
	found, err := p.services.Cases.Case(ctx, actor, actor.ID)
	return err == nil && found.Reference == cases.NormalizeReference(reference)
}

func (p *Pages) resume(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	found, err := p.services.Cases.Resume(ctx, f.Get("reference"), channelOf(f), f.Get("code"))
	if problem.Is(err, "code_expired") && p.isIn(c, f.Get("reference")) { // loaded again, as phones do by themselves
		return p.carryOn(c, f, requestPath)
	}
	if err != nil {
		v := p.view(c, nil, f)
		v.Carry = readCarry(f)
		v.Here = "/resume/code?" + url.Values{"reference": {f.Get("reference")}, "channel": {string(channelOf(f))}}.Encode()
		return p.refuseCode(c, "customer/resume_code", v, err)
	}
	if err := p.openSession(ctx, c, accounts.Customer, found.ID); err != nil {
		return err
	}
	return p.carryOn(c, f, requestPath)
}
