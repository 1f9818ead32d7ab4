package web

import (
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"regain/notify"
	"regain/problem"
	"regain/server"
)

// What was sent to a webhook, and how it went.

// deliveriesShown is how many deliveries a page shows.
const deliveriesShown = 25

func (p *Pages) registerDeliveries(webhook string, readers, admins []server.Role) {
	one := webhook + "/deliveries/{message}"
	p.getAs("delivery-page", one, readers, p.showDelivery)
	p.post("replay-delivery-page", one+"/replay", admins, server.Changes, p.replayDelivery)
	p.post("replay-failed-page", webhook+"/replay", admins, server.Changes, p.replayFailed)
	p.post("test-webhook-page", webhook+"/test", admins, server.Changes, p.testWebhook)
}

// deliveryRow is a delivery as lists show it.
type deliveryRow struct {
	notify.Delivery
	webhook string
}

// Path is where its page is.
func (d deliveryRow) Path() string { return d.webhook + "/deliveries/" + url.PathEscape(d.MessageID) }

// Retried says that it waits for another attempt than its first.
func (d deliveryRow) Retried() bool { return d.State == notify.DeliveryQueued && d.Attempts > 0 }

// Milliseconds is how long the last attempt took.
func (d deliveryRow) Milliseconds() int { return int(d.LastTook.Milliseconds()) }

// NewestTries are the attempts, newest first.
func (d deliveryRow) NewestTries() []notify.Try {
	tries := slices.Clone(d.Tries)
	slices.Reverse(tries)
	return tries
}

// deliveryPage is one delivery.
type deliveryPage struct {
	deliveryRow
	Webhook webhookRow
}

func deliveryStates() []string {
	return []string{"", string(notify.DeliveryQueued), string(notify.DeliveryDelivered), string(notify.DeliveryFailed)}
}

// States are those to choose from; the empty one is all.
func (w *webhookPage) States() []string { return deliveryStates() }

// deliveryState is one of the states; empty for anything else.
func deliveryState(state string) string {
	if slices.Contains(deliveryStates(), state) {
		return state
	}
	return ""
}

// Went says how an attempt went.
func (v *View) Went(status int, code string) (string, error) {
	if code == "" {
		return v.T("webhooks.went.taken", "status", status)
	}
	if strings.HasPrefix(code, "http_") {
		return v.T("webhooks.went.refused", "status", status)
	}
	if key := "webhooks.went." + code; v.pages.words.has(key) {
		return v.T(key)
	}
	return code, nil
}

// EventType is a type of event in words.
func (v *View) EventType(t string) (string, error) {
	w := writer{view: v}
	return v.HookType(&w, t), w.err
}

func (p *Pages) showDelivery(c *gin.Context) error {
	data, err := p.deliveryPage(c)
	if err != nil {
		return err
	}
	return p.show(c, "staff/delivery", data)
}

func (p *Pages) deliveryPage(c *gin.Context) (*deliveryPage, error) {
	ctx := c.Request.Context()
	e, err := p.services.Webhooks.Endpoint(ctx, c.Param("webhook"))
	if err != nil {
		return nil, err
	}
	d, err := p.services.Webhooks.Delivery(ctx, e.ID, c.Param("message"))
	if err != nil {
		return nil, err
	}
	data := &deliveryPage{Webhook: webhookRow{Endpoint: e}}
	data.deliveryRow = deliveryRow{Delivery: d, webhook: data.Webhook.Path()}
	return data, nil
}

// replayDelivery sends a message again and shows it. What can't be sent now is said on
// the same page.
func (p *Pages) replayDelivery(c *gin.Context) error {
	err := p.services.Webhooks.Replay(c.Request.Context(), c.Param("webhook"), c.Param("message"))
	data, readErr := p.deliveryPage(c)
	if readErr != nil {
		return readErr
	}
	if err != nil {
		return p.refuseAt(c, "staff/delivery", data.Path(), data, nil, err)
	}
	return p.seeOther(c, data.Path())
}

func (p *Pages) replayFailed(c *gin.Context) error {
	err := p.services.Webhooks.ReplayFailed(c.Request.Context(), c.Param("webhook"))
	if err != nil && !problem.Is(err, "nothing_failed") { // somebody else was faster: that was the wish
		return p.sayOnWebhook(c, err)
	}
	return p.backToWebhook(c)
}

func (p *Pages) testWebhook(c *gin.Context) error {
	d, err := p.services.Webhooks.Test(c.Request.Context(), c.Param("webhook"))
	if err != nil {
		return p.sayOnWebhook(c, err)
	}
	return p.seeOther(c, deliveryRow{Delivery: d, webhook: webhooksPath + "/" + url.PathEscape(d.WebhookID)}.Path())
}

// sayOnWebhook says on the webhook's page what could not be done.
func (p *Pages) sayOnWebhook(c *gin.Context, err error) error {
	data, readErr := p.webhookPage(c, "", "")
	if readErr != nil {
		return readErr
	}
	return p.refuseAt(c, "staff/webhook", data.Path(), data, data.changeForm(), err)
}
