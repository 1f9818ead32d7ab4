package api

import (
	"context"
	"net/http"
	"time"

	"regain/accounts"
	"regain/cases"
	"regain/notify"
	"regain/server"
)

const (
	webhooksPath = "/api/v1/webhooks"
	webhookPath  = webhooksPath + "/{webhook}"
	tagWebhooks  = "Webhooks"
)

// WebhookView is a webhook, without its secret.
type WebhookView struct {
	ID             string     `json:"id" example:"wh_0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2"`
	URL            string     `json:"url" format:"uri" example:"https://hooks.example.com/regain" doc:"Auditors see its host alone."`
	Description    string     `json:"description,omitempty" example:"Ticket system"`
	Types          []string   `json:"types" example:"[\"case.submitted\",\"case.approved\"]" doc:"What it is told of; * is everything, also what is to come."`
	CreatedBy      string     `json:"created_by"`
	CreatedAt      time.Time  `json:"created_at"`
	UpdatedAt      time.Time  `json:"updated_at"`
	Enabled        bool       `json:"enabled"`
	DisabledAt     *time.Time `json:"disabled_at,omitempty"`
	DisabledReason string     `json:"disabled_reason,omitempty" enum:"by_admin,failing,gone" doc:"failing: it took nothing for days. gone: it answered 410."`
	ReplayingUntil *time.Time `json:"replaying_until,omitempty" doc:"While what failed until then is being sent again, some at a time."`
	FailingSince   *time.Time `json:"failing_since,omitempty" doc:"When its present run of failures began."`
	OldSecretUntil *time.Time `json:"old_secret_until,omitempty" doc:"Until when the secret before the present one signs, too."`
}

// DeliveryView is one message to a webhook.
type DeliveryView struct {
	Message       string     `json:"message" example:"evt_0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2_7" doc:"The webhook-id header: the same in every attempt."`
	Type          string     `json:"type" example:"case.approved"`
	Case          string     `json:"case,omitempty"`
	Body          string     `json:"body" doc:"What is sent, byte for byte."`
	State         string     `json:"state" enum:"queued,delivered,failed" doc:"failed: it ran out of attempts."`
	Attempts      int        `json:"attempts"`
	CreatedAt     time.Time  `json:"created_at"`
	NextAttemptAt *time.Time `json:"next_attempt_at,omitempty"`
	LastAttemptAt *time.Time `json:"last_attempt_at,omitempty"`
	LastStatus    int        `json:"last_status,omitempty" doc:"The HTTP status of the last attempt; absent when there was no answer."`
	LastCode      string     `json:"last_code,omitempty" example:"http_500" doc:"What was wrong with the last attempt: http_…, timeout, no_connection, private_address."`
	LastTookMS    int64      `json:"last_took_ms,omitempty"`
	DoneAt        *time.Time `json:"done_at,omitempty"`
	Tries         []TryView  `json:"tries,omitempty" doc:"The last 20 attempts, oldest first. Not in lists."`
}

// TryView is one attempt to deliver.
type TryView struct {
	At     time.Time `json:"at"`
	Status int       `json:"status,omitempty" doc:"The HTTP status; absent when there was no answer."`
	Code   string    `json:"code,omitempty" example:"http_500" doc:"What was wrong with it; absent when it was taken."`
	TookMS int64     `json:"took_ms"`
}

type webhookBody struct {
	URL         string   `json:"url" minLength:"1" maxLength:"2000" example:"https://hooks.example.com/regain" doc:"https, on the open internet."`
	Description string   `json:"description,omitempty" maxLength:"200" example:"Ticket system"`
	Types       []string `json:"types" minItems:"1" maxItems:"100" example:"[\"case.submitted\",\"case.approved\"]" doc:"Types of events; * is everything, also what is to come. GET /api/v1/webhook-types lists them."`
}

func (b webhookBody) input() notify.EndpointInput {
	return notify.EndpointInput{URL: b.URL, Description: b.Description, Types: b.Types}
}

type createWebhookIn struct{ Body webhookBody }

// WebhookPath is embedded where the path names a webhook.
type WebhookPath struct {
	Webhook string `path:"webhook" maxLength:"80" example:"wh_0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2" doc:"The webhook's id."`
}

type changeWebhookIn struct {
	WebhookPath
	Body webhookBody
}

type enableWebhookIn struct {
	WebhookPath
	Body struct {
		Enabled bool `json:"enabled" doc:"While it is disabled, what waits is kept, and what happens is not told."`
	}
}

type secretBody struct {
	Secret  string      `json:"secret" example:"whsec_…" doc:"Signs every message; shown this once."`
	Webhook WebhookView `json:"webhook"`
}

type webhookSecretOut struct{ Body secretBody }

type webhookOut struct{ Body WebhookView }

type webhooksOut struct {
	Body struct {
		Webhooks []WebhookView `json:"webhooks" doc:"Oldest first; 50 at most."`
		People   People        `json:"people" doc:"The names of those who made them, by id."`
	}
}

type webhookTypesOut struct {
	Body struct {
		Types []string `json:"types"`
	}
}

type deliveriesIn struct {
	WebhookPath
	PageQuery
	State string `query:"state" enum:"queued,delivered,failed" doc:"Only those that stand so."`
}

type deliveriesOut struct {
	Body struct {
		Deliveries []DeliveryView `json:"deliveries" doc:"Newest first, of the last 30 days."`
		Next       string         `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

type deliveryIn struct {
	WebhookPath
	Message string `path:"message" maxLength:"120"`
}

type deliveryOut struct{ Body DeliveryView }

type webhookAPI struct {
	hooks *notify.Webhooks
	staff Staff
}

func registerWebhooks(s *server.Server, services Services) {
	a := webhookAPI{hooks: services.Webhooks, staff: services.Staff}
	route := func(id, method, path string, effect server.Effect, summary, description string) server.Route {
		roles := []server.Role{server.Admin}
		if effect == server.Reads {
			roles = append(roles, server.Auditor)
		}
		return server.Route{
			ID: id, Method: method, Path: path, Roles: roles, Scope: accounts.ScopeWebhooks, Effect: effect, MaxBody: 64 << 10,
			Tag: tagWebhooks, Summary: summary, Description: description,
		}
	}
	create := route("create-webhook", post, webhooksPath, server.Changes, "Add a webhook",
		"Events of cases that were filed are posted to it as JSON with ids and codes alone, signed as Standard Webhooks says (webhook-id, webhook-timestamp, webhook-signature). "+
			"Any 2xx is taken; anything else is tried again for up to two and a half days, with growing pauses. Order is not promised: data.event counts within a case.")
	create.Status = http.StatusCreated
	server.JSON(s, create, a.create)
	server.JSON(s, route("list-webhooks", get, webhooksPath, server.Reads, "The webhooks", ""), a.list)
	server.JSON(s, route("list-webhook-types", get, "/api/v1/webhook-types", server.Reads, "What webhooks can be told of", ""),
		func(context.Context, *struct{}) (*webhookTypesOut, error) {
			out := &webhookTypesOut{}
			out.Body.Types = cases.WebhookTypes()
			return out, nil
		})
	server.JSON(s, route("show-webhook", get, webhookPath, server.Reads, "A webhook", ""), func(ctx context.Context, in *WebhookPath) (*webhookOut, error) {
		return a.shown(ctx, in.Webhook)
	})
	server.JSON(s, route("change-webhook", put, webhookPath, server.Changes, "Change a webhook", "What waits goes to the new address."),
		func(ctx context.Context, in *changeWebhookIn) (*webhookOut, error) {
			e, err := a.hooks.ChangeEndpoint(ctx, server.Caller(ctx).ID, in.Webhook, in.Body.input())
			if err != nil {
				return nil, err
			}
			return &webhookOut{Body: webhookView(ctx, e)}, nil
		})
	server.JSON(s, route("enable-webhook", put, webhookPath+"/enabled", server.Changes, "Enable or disable a webhook", ""), a.enable)
	server.JSON(s, route("delete-webhook", remove, webhookPath, server.Changes, "Remove a webhook", "With the record of its deliveries, which goes some at a time, also after this answer."),
		func(ctx context.Context, in *WebhookPath) (*struct{}, error) {
			return &struct{}{}, a.hooks.DeleteEndpoint(ctx, server.Caller(ctx).ID, in.Webhook)
		})
	server.JSON(s, route("rotate-webhook-secret", post, webhookPath+"/secret", server.Changes, "Give a webhook a new secret",
		"For a day messages bear two signatures, by the new secret and by the one before, so that the receiver can change over."), a.rotate)
	a.registerDeliveries(s, route)
}

func (a webhookAPI) registerDeliveries(s *server.Server, route func(id, method, path string, effect server.Effect, summary, description string) server.Route) {
	accepted := func(r server.Route) server.Route {
		r.Status = http.StatusAccepted
		return r
	}
	server.JSON(s, route("list-deliveries", get, webhookPath+"/deliveries", server.Reads, "What was sent to a webhook, and how it went", ""), a.deliveries)
	server.JSON(s, route("show-delivery", get, webhookPath+"/deliveries/{message}", server.Reads, "One delivery", ""),
		func(ctx context.Context, in *deliveryIn) (*deliveryOut, error) {
			return a.delivery(ctx, in.Webhook, in.Message)
		})
	server.JSON(s, accepted(route("replay-delivery", post, webhookPath+"/deliveries/{message}/replay", server.Changes, "Send a message again",
		"Whether it was taken or not; its id stays the same.")),
		func(ctx context.Context, in *deliveryIn) (*deliveryOut, error) {
			if err := a.hooks.Replay(ctx, in.Webhook, in.Message); err != nil {
				return nil, err
			}
			return a.delivery(ctx, in.Webhook, in.Message)
		})
	server.JSON(s, accepted(route("replay-failed", post, webhookPath+"/replay", server.Changes, "Send everything again that has failed for good",
		"Where that is much, some at a time, also after this answer: replaying_until is there until it is done.")),
		func(ctx context.Context, in *WebhookPath) (*webhookOut, error) {
			if err := a.hooks.ReplayFailed(ctx, in.Webhook); err != nil {
				return nil, err
			}
			return a.shown(ctx, in.Webhook)
		})
	server.JSON(s, accepted(route("test-webhook", post, webhookPath+"/test", server.Changes, "Send a test",
		"A message of the type webhook.test, whatever the webhook is told of.")),
		func(ctx context.Context, in *WebhookPath) (*deliveryOut, error) {
			d, err := a.hooks.Test(ctx, in.Webhook)
			if err != nil {
				return nil, err
			}
			return &deliveryOut{Body: deliveryView(d)}, nil
		})
}

func (a webhookAPI) create(ctx context.Context, in *createWebhookIn) (*webhookSecretOut, error) {
	e, secret, err := a.hooks.CreateEndpoint(ctx, in.Body.input(), server.Caller(ctx).ID)
	if err != nil {
		return nil, err
	}
	return &webhookSecretOut{Body: secretBody{Secret: secret, Webhook: webhookView(ctx, e)}}, nil
}

func (a webhookAPI) list(ctx context.Context, _ *struct{}) (*webhooksOut, error) {
	endpoints, err := a.hooks.Endpoints(ctx)
	if err != nil {
		return nil, err
	}
	out := &webhooksOut{}
	out.Body.Webhooks = []WebhookView{}
	var by []string
	for _, e := range endpoints {
		out.Body.Webhooks = append(out.Body.Webhooks, webhookView(ctx, e))
		by = append(by, e.CreatedBy)
	}
	out.Body.People, err = peopleNamed(ctx, a.staff, by)
	return out, err
}

func (a webhookAPI) shown(ctx context.Context, id string) (*webhookOut, error) {
	e, err := a.hooks.Endpoint(ctx, id)
	if err != nil {
		return nil, err
	}
	return &webhookOut{Body: webhookView(ctx, e)}, nil
}

func (a webhookAPI) enable(ctx context.Context, in *enableWebhookIn) (*webhookOut, error) {
	change := a.hooks.DisableEndpoint
	if in.Body.Enabled {
		change = a.hooks.EnableEndpoint
	}
	if err := change(ctx, server.Caller(ctx).ID, in.Webhook); err != nil {
		return nil, err
	}
	return a.shown(ctx, in.Webhook)
}

func (a webhookAPI) rotate(ctx context.Context, in *WebhookPath) (*webhookSecretOut, error) {
	secret, err := a.hooks.RotateSecret(ctx, server.Caller(ctx).ID, in.Webhook)
	if err != nil {
		return nil, err
	}
	e, err := a.hooks.Endpoint(ctx, in.Webhook)
	if err != nil {
		return nil, err
	}
	return &webhookSecretOut{Body: secretBody{Secret: secret, Webhook: webhookView(ctx, e)}}, nil
}

func (a webhookAPI) deliveries(ctx context.Context, in *deliveriesIn) (*deliveriesOut, error) {
	list, next, err := Views{}.Deliveries(ctx, a.hooks, in.Webhook, in.State, in.PageQuery)
	if err != nil {
		return nil, err
	}
	out := &deliveriesOut{}
	out.Body.Deliveries = []DeliveryView{}
	for _, d := range list {
		out.Body.Deliveries = append(out.Body.Deliveries, deliveryView(d))
	}
	out.Body.Next = in.next(webhooksPath+"/"+in.Webhook+"/deliveries", next, map[string]any{"state": in.State})
	return out, nil
}

func (a webhookAPI) delivery(ctx context.Context, id, message string) (*deliveryOut, error) {
	d, err := a.hooks.Delivery(ctx, id, message)
	if err != nil {
		return nil, err
	}
	out := &deliveryOut{Body: deliveryView(d)}
	for _, t := range d.Tries {
		out.Body.Tries = append(out.Body.Tries, TryView{At: t.At, Status: t.Status, Code: t.Code, TookMS: t.Took().Milliseconds()})
	}
	return out, nil
}

// webhookView leaves the address out but for its host where the reader only reads: a path
// may hold a secret.
func webhookView(ctx context.Context, e notify.Endpoint) WebhookView {
	address := e.URL
	if who := server.Caller(ctx); who.Kind == accounts.StaffMember && !who.Has(accounts.Admin) {
		address = e.Origin()
	}
	return WebhookView{
		ID: e.ID, URL: address, Description: e.Description, Types: append([]string{}, e.Types...), CreatedBy: e.CreatedBy, CreatedAt: e.CreatedAt,
		UpdatedAt: e.UpdatedAt, Enabled: e.DisabledAt == nil, DisabledAt: utc(e.DisabledAt), DisabledReason: e.DisabledReason,
		FailingSince: utc(e.FailingSince), ReplayingUntil: utc(e.ReplayUntil), OldSecretUntil: utc(e.OldSecretUntil),
	}
}

func deliveryView(d notify.Delivery) DeliveryView {
	return DeliveryView{
		Message: d.MessageID, Type: d.Type, Case: d.CaseID, Body: d.Body, State: string(d.State), Attempts: d.Attempts, CreatedAt: d.CreatedAt,
		NextAttemptAt: utc(d.NextAttemptAt), LastAttemptAt: utc(d.LastAttemptAt), LastStatus: d.LastStatus, LastCode: d.LastCode,
		LastTookMS: d.LastTook.Milliseconds(), DoneAt: utc(d.DoneAt),
	}
}
