package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/cases"
	"regain/notify"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

// Webhooks, for admins; auditors read. Addresses are shown whole to admins alone, since a
// path may hold a secret.

const webhooksPath = "/staff/webhooks"

func (p *Pages) registerWebhooks() {
	if p.services.Webhooks == nil || p.services.Staff == nil {
		return
	}
	admins := []server.Role{server.Admin}
	readers := []server.Role{server.Admin, server.Auditor}
	one := webhooksPath + "/{webhook}"
	p.getAs("webhooks-page", webhooksPath, readers, p.showWebhooks)
	p.post("create-webhook-page", webhooksPath, admins, server.Changes, p.createWebhook)
	p.getAs("webhook-page", one, readers, p.showWebhook)
	p.post("change-webhook-page", one, admins, server.Changes, p.changeWebhook)
	p.post("enable-webhook-page", one+"/enabled", admins, server.Changes, p.enableWebhook)
	p.post("rotate-webhook-page", one+"/secret", admins, server.Changes, p.rotateWebhook)
	p.post("delete-webhook-page", one+"/delete", admins, server.Changes, p.deleteWebhook)
	p.registerDeliveries(one, readers, admins)
}

// webhookRow is a webhook as lists show it.
type webhookRow struct {
	notify.Endpoint
	// By is who made it.
	By string
}

// Path is where its page is.
func (w webhookRow) Path() string { return webhooksPath + "/" + url.PathEscape(w.ID) }

// State says how it fares: works, failing, or why it is disabled.
func (w webhookRow) State() string {
	switch {
	case w.DisabledAt != nil:
		return "off_" + w.DisabledReason
	case w.FailingSince != nil:
		return "failing"
	}
	return "works"
}

// webhooksPage is the list, with the form to add one.
type webhooksPage struct {
	Webhooks []webhookRow
	// Most says that there can be no more.
	Most bool
}

// webhookPage is one webhook with what was sent to it.
type webhookPage struct {
	webhookRow
	// Chosen is the state that the deliveries are narrowed to.
	Chosen     string
	Deliveries []deliveryRow
	// Next is the address of the next page; empty at the end.
	Next string
	// Failed says that something failed for good.
	Failed bool
	// Left is how much of what failed is still to be sent again, as far as it is counted.
	Left int
}

// MoreLeft says that there is more left than was counted.
func (w *webhookPage) MoreLeft() bool { return w.Left >= notify.MostReplayLeft }

// secretPage shows a secret, this once.
type secretPage struct {
	// Title, Lead, Hint and Label are keys of words; Name is whose secret it is.
	Title, Lead, Hint, Label, Name string
	Secret                         string
	// Back is where to go on.
	Back string
}

// MayManage says whether the reader may change webhooks and keys.
func (v *View) MayManage() bool { return v.Caller.Has(accounts.Admin) }

// HookTypes are what webhooks can be told of, in the reader's words.
func (v *View) HookTypes() ([]Option, error) {
	w := writer{view: v}
	options := []Option{{Value: notify.EveryType, Label: w.say("webhooks.every"), Hint: w.say("webhooks.every_hint")}}
	for _, t := range cases.WebhookTypes() {
		options = append(options, Option{Value: t, Label: v.HookType(&w, t), Hint: t})
	}
	return options, w.err
}

// HookType is a type of event in words; its own name where there are none.
func (v *View) HookType(w *writer, t string) string {
	if key := "webhooks.type." + t; v.pages.words.has(key) {
		return w.say(key)
	}
	return t
}

// Told is what a webhook is told of, in words.
func (v *View) Told(types []string) (string, error) {
	w := writer{view: v}
	var words []string
	for _, t := range types {
		if t == notify.EveryType {
			return w.say("webhooks.every"), w.err
		}
		words = append(words, v.HookType(&w, t))
	}
	return writeList(words, v.Locale), w.err
}

func (p *Pages) showWebhooks(c *gin.Context) error {
	data, err := p.webhooksPage(c)
	if err != nil {
		return err
	}
	return p.showForm(c, "staff/webhooks", data, NewForm("types", notify.EveryType))
}

func (p *Pages) webhooksPage(c *gin.Context) (*webhooksPage, error) {
	ctx := c.Request.Context()
	list, err := p.services.Webhooks.Endpoints(ctx)
	if err != nil {
		return nil, err
	}
	var by []string
	for _, e := range list {
		by = append(by, e.CreatedBy)
	}
	names, err := p.services.Staff.StaffNames(ctx, by)
	if err != nil {
		return nil, err
	}
	data := &webhooksPage{Most: len(list) >= notify.MostEndpoints}
	for _, e := range list {
		data.Webhooks = append(data.Webhooks, webhookRow{Endpoint: e, By: names[e.CreatedBy]})
	}
	return data, nil
}

func endpointInput(f *Form) notify.EndpointInput {
	return notify.EndpointInput{URL: f.Get("url"), Description: f.Get("description"), Types: f.All("types")}
}

// refuseChoice is refuse for a form with a choice of several: what is wrong with one of the
// chosen stands beside the choice.
func (p *Pages) refuseChoice(c *gin.Context, page string, data any, f *Form, choice string, err error) error {
	v := p.view(c, data, f)
	status, shown := f.take(p, v.Locale, err)
	if !shown {
		return err
	}
	for i := range f.Errors {
		if strings.HasPrefix(f.Errors[i].Name, choice+".") {
			f.Errors[i].Name = choice
		}
	}
	return p.render(c, status, page, v)
}

func (p *Pages) createWebhook(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	e, secret, err := p.services.Webhooks.CreateEndpoint(ctx, endpointInput(f), server.Caller(ctx).ID)
	if err != nil {
		data, listErr := p.webhooksPage(c)
		if listErr != nil {
			return listErr
		}
		return p.refuseChoice(c, "staff/webhooks", data, f, "types", err)
	}
	return p.showSecret(c, http.StatusCreated, secretPage{
		Title: "webhooks.made", Lead: "webhooks.secret_lead", Hint: "webhooks.secret_hint", Label: "webhooks.secret", Name: e.Host(), Secret: secret,
		Back: webhookRow{Endpoint: e}.Path(),
	})
}

// showSecret answers a form with what no page shows again.
func (p *Pages) showSecret(c *gin.Context, status int, data secretPage) error {
	c.Header("Cache-Control", "no-store")
	v := p.view(c, data, nil)
	v.Here = data.Back // which another language can be read at
	return p.render(c, status, "staff/secret", v)
}

func (p *Pages) showWebhook(c *gin.Context) error {
	data, err := p.webhookPage(c, c.Query("state"), c.Query("cursor"))
	if err != nil {
		return err
	}
	return p.showForm(c, "staff/webhook", data, data.changeForm())
}

func (p *Pages) webhookPage(c *gin.Context, state, cursor string) (*webhookPage, error) {
	ctx := c.Request.Context()
	e, err := p.services.Webhooks.Endpoint(ctx, c.Param("webhook"))
	if err != nil {
		return nil, err
	}
	names, err := p.services.Staff.StaffNames(ctx, []string{e.CreatedBy})
	if err != nil {
		return nil, err
	}
	data := &webhookPage{webhookRow: webhookRow{Endpoint: e, By: names[e.CreatedBy]}, Chosen: deliveryState(state)}
	return data, p.readDeliveries(c, data, cursor)
}

func (p *Pages) changeWebhook(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	_, err = p.services.Webhooks.ChangeEndpoint(ctx, server.Caller(ctx).ID, c.Param("webhook"), endpointInput(f))
	if err == nil {
		return p.backToWebhook(c)
	}
	data, readErr := p.webhookPage(c, "", "")
	if readErr != nil {
		return readErr
	}
	return p.refuseChoice(c, "staff/webhook", data, f, "types", err)
}

func (p *Pages) backToWebhook(c *gin.Context) error {
	return p.seeOther(c, webhooksPath+"/"+url.PathEscape(c.Param("webhook")))
}

func (p *Pages) enableWebhook(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	change := p.services.Webhooks.DisableEndpoint
	if f.Has("enabled", "yes") {
		change = p.services.Webhooks.EnableEndpoint
	}
	if err := change(ctx, server.Caller(ctx).ID, c.Param("webhook")); err != nil {
		return err
	}
	return p.backToWebhook(c)
}

func (p *Pages) rotateWebhook(c *gin.Context) error {
	ctx := c.Request.Context()
	secret, err := p.services.Webhooks.RotateSecret(ctx, server.Caller(ctx).ID, c.Param("webhook"))
	if err != nil {
		return err
	}
	e, err := p.services.Webhooks.Endpoint(ctx, c.Param("webhook"))
	if err != nil {
		return err
	}
	return p.showSecret(c, http.StatusOK, secretPage{
		Title: "webhooks.rotated", Lead: "webhooks.rotated_lead", Hint: "webhooks.secret_hint", Label: "webhooks.secret", Name: e.Host(), Secret: secret,
		Back: webhookRow{Endpoint: e}.Path(),
	})
}

func (p *Pages) deleteWebhook(c *gin.Context) error {
	ctx := c.Request.Context()
	err := p.services.Webhooks.DeleteEndpoint(ctx, server.Caller(ctx).ID, c.Param("webhook"))
	if err != nil && !problem.Is(err, "webhook_not_found") { // somebody else was faster: that was the wish
		return err
	}
	return p.seeOther(c, webhooksPath)
}

// readDeliveries adds a page of what was sent.
func (p *Pages) readDeliveries(c *gin.Context, data *webhookPage, cursor string) error {
	ctx := c.Request.Context()
	list, next, err := p.views.Deliveries(ctx, p.services.Webhooks, data.ID, data.Chosen, api.PageQuery{Cursor: cursor, Limit: deliveriesShown})
	if err != nil {
		return err
	}
	for _, d := range list {
		data.Deliveries = append(data.Deliveries, deliveryRow{Delivery: d, webhook: data.Path()})
	}
	data.Next = pageAfter(data.Path(), next, "state", data.Chosen)
	failed, _, err := p.views.Deliveries(ctx, p.services.Webhooks, data.ID, string(notify.DeliveryFailed), api.PageQuery{Limit: 1})
	if err != nil {
		return err
	}
	data.Failed = len(failed) > 0
	data.Left, err = p.services.Webhooks.ReplayLeft(ctx, data.Endpoint)
	return err
}

// At is the page's address with the deliveries of one state; of all for an empty one.
func (w *webhookPage) At(state string) string {
	return withQuery(w.Path(), "state", state)
}

// changeForm holds what is on record.
func (w *webhookPage) changeForm() *Form {
	f := NewForm("url", w.URL, "description", w.Description)
	f.Values["types"] = w.Types
	return f
}
