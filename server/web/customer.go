package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/cases"
	"regain/server"
	"regain/server/api"
)

// The pages of customers. A session is for one request, so that no address names it.

const (
	requestPath  = "/request"
	questionPath = "/request/questions"
	itemsPath    = "/request/items"
	checkPath    = "/request/check"
)

func (p *Pages) registerCustomer() {
	if p.services.Cases == nil {
		return
	}
	customers := []server.Role{server.Customer}
	p.registerStart(customers)
	p.registerQuestions(customers)
	p.registerItems(customers)
	p.registerSubmission(customers)
	p.registerTalk(customers)
	p.registerResume()
	p.registerPhone(customers)
	p.getAs("request-page", requestPath, customers, p.showRequest)
	p.getAs("later-page", "/request/later", customers, p.showCase("customer/later"))
	p.signsIn(accounts.Customer, func(c *gin.Context, status int, carry *Carry) error {
		v := p.view(c, nil, nil)
		v.Carry = carry
		return p.render(c, status, "customer/resume", v)
	})
}

// customerCase is a case as its customer's pages show it.
type customerCase struct {
	api.CaseView
	// Version is the one that was read, for what must not go by unseen changes.
	Version     int64
	Invitations []*cases.Invitation
	// cards are the items by id.
	cards map[string]itemCard
	// files are those that were sent; put names the items that got one just now.
	files   []sentFile
	put     []string
	details *cases.Details
	// appealed is when the customer appealed, on the page that says where the case stands.
	appealed *time.Time
	now      time.Time
}

// customerCase reads the caller's case.
func (p *Pages) customerCase(c *gin.Context) (*customerCase, error) {
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	d, err := p.services.Cases.Details(ctx, actor, actor.ID)
	if err != nil {
		return nil, err
	}
	locale := server.Locale(ctx)
	data := &customerCase{
		CaseView: p.views.Case(d, actor, locale), Version: d.Case.Version, Invitations: d.Invitations,
		cards: map[string]itemCard{}, details: d, now: p.now(),
	}
	data.files = data.sentFiles()
	if put := c.Query("put"); put != "" {
		data.put = strings.Split(put, ",")
	}
	for _, i := range data.Items {
		data.cards[i.ID] = data.customerCard(i, locale)
	}
	return data, nil
}

// showCase makes the handler of a page that shows the case.
func (p *Pages) showCase(page string) func(c *gin.Context) error {
	return func(c *gin.Context) error {
		data, err := p.customerCase(c)
		if err != nil {
			return err
		}
		return p.show(c, page, data)
	}
}

// WithCustomer says whether the customer is to act.
func (d *customerCase) WithCustomer() bool { return d.details.Case.WithCustomer() }

// Ended says whether the case is over, but for an appeal.
func (d *customerCase) Ended() bool { return d.details.Case.State.Ended() }

// Draft says whether the case was never handed in.
func (d *customerCase) Draft() bool { return d.State == string(cases.Draft) }

// MayWrite says whether a message can be written.
func (d *customerCase) MayWrite() bool { return !d.Ended() || d.State == string(cases.Denied) }

// MayAppeal says whether a denial can still be appealed.
func (d *customerCase) MayAppeal() bool {
	return d.State == string(cases.Denied) && d.Round == 1 && d.AppealUntil != nil && d.now.Before(*d.AppealUntil)
}

// Collects says whether the answers lead to materials.
func (d *customerCase) Collects() bool { return d.Decision.Complete && d.Decision.Outcome == "collect" }

// Unproved are the new contacts that still have to be proved.
func (d *customerCase) Unproved() []api.ContactView {
	var out []api.ContactView
	for _, contact := range d.Contacts {
		if contact.Needed && !contact.Verified {
			out = append(out, contact)
		}
	}
	return out
}

// Reachable says whether a contact is proved.
func (d *customerCase) Reachable() bool {
	return slices.ContainsFunc(d.Contacts, func(c api.ContactView) bool { return c.Verified })
}

// Before is how many requests are due before this one; only when Ahead is set.
func (d *customerCase) Before() int { return *d.Ahead }

// HandBack is when the account is handed back at the earliest; nil unless that is to come.
func (d *customerCase) HandBack() *time.Time {
	if d.State != string(cases.Approved) || d.EndedAt == nil || d.Decision.Handling.WaitingHours == 0 {
		return nil
	}
	at := d.EndedAt.Add(time.Duration(d.Decision.Handling.WaitingHours) * time.Hour)
	return &at
}

// pastEvent is something that happened to the request.
type pastEvent struct {
	What string
	At   time.Time
}

// Past is what happened to the request, as far as its customer may know, oldest first.
func (d *customerCase) Past() []pastEvent {
	past := []pastEvent{{"begun", d.CreatedAt}}
	if d.FiledAt != nil {
		past = append(past, pastEvent{"sent", *d.FiledAt})
	}
	if d.appealed != nil {
		past = append(past, d.deniedBefore(*d.appealed)...)
		past = append(past, pastEvent{"appealed", *d.appealed})
	}
	if last := d.lastOwn(); d.SubmittedAt != nil && last != nil && d.SubmittedAt.After(*last) {
		past = append(past, pastEvent{"sent_again", *d.SubmittedAt})
	}
	if d.Ended() && d.EndedAt != nil {
		past = append(past, pastEvent{d.State, *d.EndedAt})
	}
	return past
}

// lastOwn is when the customer sent the request or, after that, an appeal.
func (d *customerCase) lastOwn() *time.Time {
	if d.appealed != nil {
		return d.appealed
	}
	return d.FiledAt
}

// deniedBefore is the denial that was appealed.
func (d *customerCase) deniedBefore(appeal time.Time) []pastEvent {
	for _, v := range d.details.Decisions {
		if v.Verdict == cases.Denied && v.DecidedAt.Before(appeal) {
			return []pastEvent{{string(cases.Denied), v.DecidedAt.UTC()}}
		}
	}
	return nil
}

// Standing names the words for where the case stands: after an appeal they speak of it.
func (d *customerCase) Standing() string {
	state := d.details.Case.State
	if d.Round > 1 && (state == cases.Submitted || state == cases.InReview || state == cases.Denied) {
		return "customer.appealed." + d.State
	}
	return "customer.state." + d.State
}

// OwnNotes are the notes of the scenario, without those of the policy about materials.
func (d *customerCase) OwnNotes() []string {
	var own []string
	for n, note := range d.Decision.Notes {
		if n >= len(d.details.Policy.Notes()) {
			own = append(own, note)
		}
	}
	return own
}

// Next is the page with which the customer goes on.
func (d *customerCase) Next() string {
	switch {
	case d.State == string(cases.MaterialsRequested):
		return itemsPath
	case !d.Draft():
		return requestPath
	case !d.Decision.Complete:
		return questionPath
	case !d.Collects():
		return "/request/outcome"
	}
	return itemsPath
}

// showRequest is the page that says where the case stands.
func (p *Pages) showRequest(c *gin.Context) error {
	data, err := p.customerCase(c)
	if err != nil {
		return err
	}
	if data.Round > 1 {
		ctx := c.Request.Context()
		if data.appealed, err = p.services.Cases.AppealedAt(ctx, api.ActorOf(ctx), data.ID); err != nil {
			return err
		}
	}
	return p.show(c, "customer/request", data)
}

// form registers what a customer's form does, and the page that shows the form.
func (p *Pages) form(id, path string, roles []server.Role, show, do func(c *gin.Context) error) {
	p.getAs(id+"-page", path, roles, show)
	p.server.Page(server.Route{
		ID: "save-" + id + "-page", Method: http.MethodPost, Path: path, Roles: roles, Effect: server.Changes, MaxBody: 64 << 10,
	}, do)
}
