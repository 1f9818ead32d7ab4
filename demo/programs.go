package demo

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"regain/accounts"
	"regain/cases"
	"regain/database"
	"regain/notify"
	"regain/problem"
)

// hookAddress is where the demo's webhook leads in the end: an address inside, which the
// server refuses, so that nothing ever leaves and the log shows what that looks like.
const hookAddress = "https://10.0.0.7/regain"

// receiver takes what is sent to the demo's webhook while the past is told.
type receiver struct {
	server *http.Server
	url    string
	status atomic.Int32
}

func listen(ctx context.Context) (*receiver, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the demo's webhook: %w", err)
	}
	r := &receiver{url: "http://" + l.Addr().String() + "/regain"}
	r.status.Store(http.StatusNoContent)
	r.server = &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(r.status.Load())) }),
		ReadHeaderTimeout: 10 * time.Second,
	}
	go func() { _ = r.server.Serve(l) }() // ends with close
	return r, nil
}

func (r *receiver) close() { _ = r.server.Close() }

// connect makes the API keys and the webhook that are not there yet: what is told next is
// told to it, and arrives at the receiver.
func (d *Demo) connect(ctx context.Context, r *receiver) (hook string, err error) {
	d.past.enter("programs", d.past.now.Add(-100*day))
	if err := d.makeKeys(ctx); err != nil {
		return "", err
	}
	return d.makeHook(ctx, r.url)
}

func (d *Demo) makeKeys(ctx context.Context) error {
	page, err := database.NewTimePage(1, "")
	if err != nil {
		return err
	}
	there, _, err := d.Staff.APIKeys(ctx, page)
	if err != nil || len(there) > 0 {
		return err
	}
	noor := d.people["noor"].ID
	for _, k := range []struct {
		key  accounts.NewAPIKey
		used bool
	}{
		{accounts.NewAPIKey{Name: "Nightly report", Scopes: []accounts.Scope{accounts.ScopeExport}, By: noor}, true},
		{accounts.NewAPIKey{Name: "Ticket system", Scopes: []accounts.Scope{accounts.ScopeRead, accounts.ScopeWebhooks}, Days: 110, By: noor}, false},
	} {
		_, token, err := d.Staff.CreateAPIKey(ctx, k.key)
		if err == nil && k.used {
			_, err = d.Staff.Authenticate(ctx, token)
		}
		if err != nil {
			return fmt.Errorf("make the key of %s: %w", k.key.Name, err)
		}
	}
	return nil
}

func hookInput(address string) notify.EndpointInput {
	return notify.EndpointInput{URL: address, Description: "Ticket system", Types: []string{"case.submitted", "case.approved", "case.denied", "case.late"}}
}

// makeHook makes the webhook, or turns the one that is there to where the past is heard.
func (d *Demo) makeHook(ctx context.Context, address string) (string, error) {
	there, err := d.Webhooks.Endpoints(ctx)
	if err != nil {
		return "", err
	}
	if len(there) > 0 {
		_, err := d.Webhooks.ChangeEndpoint(ctx, d.people["noor"].ID, there[0].ID, hookInput(address))
		return there[0].ID, err
	}
	made, _, err := d.Webhooks.CreateEndpoint(ctx, hookInput(address), d.people["noor"].ID)
	return made.ID, err
}

// deliverAll sends what the stories have told. Then the receiver has a bad moment: one
// message is given up, and one waits.
func (d *Demo) deliverAll(ctx context.Context, hook string, r *receiver) error {
	d.past.enter("deliveries", d.past.now)
	if _, err := d.Webhooks.DeliverDue(ctx); err != nil {
		return err
	}
	for _, status := range []int32{http.StatusGone, http.StatusServiceUnavailable} {
		r.status.Store(status)
		_, err := d.Webhooks.Test(ctx, hook)
		if err == nil {
			_, err = d.Webhooks.DeliverDue(ctx)
		}
		if err == nil && status == http.StatusGone { // which has switched it off
			err = d.Webhooks.EnableEndpoint(ctx, d.people["noor"].ID, hook)
		}
		if err != nil {
			return fmt.Errorf("try the webhook: %w", err)
		}
	}
	_, err := d.Webhooks.ChangeEndpoint(ctx, d.people["noor"].ID, hook, hookInput(hookAddress))
	return err
}

// blocks has a lead block the case's new contact, for a while.
func blocks(who, reason string) step {
	return by(who, func(t *telling, a cases.Actor) error {
		c, err := t.Cases.Case(t.ctx, a, t.id)
		if err != nil {
			return err
		}
		contact := c.NewEmail
		if contact == "" {
			contact = c.NewPhone
		}
		_, err = t.Cases.Block(t.ctx, a, cases.BlockInput{Kind: cases.BlockContact, Value: contact, Reason: reason, Expires: t.past.now.Add(90 * day)})
		return err
	})
}

// auditAll has an auditor verify all records, so that a result is there to look at.
func (d *Demo) auditAll(ctx context.Context) error {
	if _, err := d.Cases.StartAudit(ctx, d.people["idris"]); err != nil && !problem.Is(err, "audit_running") {
		return err
	}
	return d.Cases.AuditDue(ctx)
}
