package e2e

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// row is one row of the default policy's table, reached by answers, with what the
// table asks there.
type row struct {
	name      string
	answers   object
	scenario  string
	materials map[string]int // requirement → slots that must be filled
	approvals int
	invite    string // whom to ask for what is not the customer's own
}

// rows are all rows of the table that ask for materials.
func rows() []row {
	const yes, no = true, false
	letterAndCard := map[string]int{
		"card_holder_certificate": 1, "card_front": 1, "consumption_proof": 3, "authorization_letter": 1,
	}
	return []row{
		{"direct, authenticated, individual, no card", object{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": yes, "card_added": no},
			"direct-authenticated", map[string]int{"real_name_certificate": 1, "transaction_record": 3}, 1, ""},
		{"direct, authenticated, individual, card", object{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": yes, "card_added": yes},
			"direct-authenticated", map[string]int{"real_name_certificate": 1, "transaction_record": 3, "card_holder_certificate": 1, "card_front": 1}, 1, ""},
		{"direct, authenticated, enterprise", object{"customer_type": "direct", "account_type": "enterprise", "real_name_authenticated": yes, "card_added": no, "enterprise_country": "CN"},
			"direct-authenticated", map[string]int{"real_name_certificate": 1, "authorization_letter": 1, "transaction_record": 3}, 2, ""},
		{"direct, card, individual, two months", object{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": no, "card_added": yes, "months_of_use": 2},
			"direct-card", map[string]int{"card_holder_certificate": 1, "card_front": 1, "consumption_proof": 2}, 1, ""},
		{"direct, card, individual, never used", object{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": no, "card_added": yes, "months_of_use": 0},
			"direct-card", map[string]int{"card_holder_certificate": 1, "card_front": 1}, 1, ""},
		{"direct, card, enterprise", object{"customer_type": "direct", "account_type": "enterprise", "real_name_authenticated": no, "card_added": yes, "months_of_use": 12, "enterprise_country": "BR"},
			"direct-card", letterAndCard, 2, ""},
		{"direct, paid, enterprise", object{"customer_type": "direct", "account_type": "enterprise", "real_name_authenticated": no, "card_added": no, "paid": yes, "months_of_use": 1, "enterprise_country": "DE"},
			"direct-paid-enterprise", map[string]int{"bank_account_certificate": 1, "bank_account": 1, "transfer_proof": 1, "authorization_letter": 1}, 2, ""},
		{"direct, unpaid, individual", object{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": no, "card_added": no, "paid": no, "phone_registered": no},
			"direct-unpaid", map[string]int{"contact_details": 1}, 1, ""},
		{"direct, unpaid, enterprise", object{"customer_type": "direct", "account_type": "enterprise", "real_name_authenticated": no, "card_added": no, "paid": no, "phone_registered": yes},
			"direct-unpaid", map[string]int{"contact_details": 1}, 2, ""},
		{"reseller, authenticated", object{"customer_type": "reseller", "account_type": "enterprise", "real_name_authenticated": yes, "enterprise_country": "CN"},
			"reseller-authenticated", map[string]int{"real_name_certificate": 1, "partner_consent": 1, "authorization_letter": 1}, 2, "reseller"},
		{"reseller, not authenticated", object{"customer_type": "reseller", "account_type": "individual", "real_name_authenticated": no, "service_enabled": yes},
			"reseller-not-authenticated", map[string]int{"contact_details": 1, "latest_service": 1, "partner_consent": 1, "authorization_letter": 1}, 1, "reseller"},
		{"reseller, not authenticated, no service", object{"customer_type": "reseller", "account_type": "enterprise", "real_name_authenticated": no, "service_enabled": no, "enterprise_country": "BR"},
			"reseller-not-authenticated", map[string]int{"contact_details": 1, "partner_consent": 1, "authorization_letter": 1}, 2, "reseller"},
		{"partner", object{"customer_type": "partner", "enterprise_country": "CN"},
			"partner", map[string]int{"partner_authorization_letter": 1, "partner_certificate": 1, "consumption_proof": 1, "invoice": 1, "bill": 1, "payment_record": 1}, 2, "partner"},
	}
}

// TestEveryRow takes a case of each row from the first question to its approval.
func TestEveryRow(t *testing.T) {
	stacks(t, func(t *testing.T, w *world) {
		first, second := w.staff("rei", "reviewer"), w.staff("lea", "lead")
		for n, r := range rows() {
			t.Run(r.name, func(t *testing.T) {
				w := w.in(t)
				p := w.begin(address("row", n), r.answers, nil)
				p.wants(r)
				p.supplyWithPartner(r.invite)
				submitted := p.submit()
				if got := submitted.Text("state"); got != "submitted" {
					t.Fatalf("state %q after submission", got)
				}
				approve(p, first.in(t), second.in(t), r.approvals)
			})
		}
	})
}

// wants compares what the case asks for with the row.
func (p *person) wants(r row) {
	p.t.Helper()
	o := p.get(p.path)
	if got := o.Sub("decision").Sub("scenario").Text("id"); got != r.scenario {
		p.t.Fatalf("scenario %q, want %q", got, r.scenario)
	}
	got := map[string]int{}
	for _, i := range o.List("items") {
		if i["optional"] != true {
			got[i.Text("requirement")]++
		}
		if why := i.List("why"); len(why) == 0 {
			p.t.Errorf("%s does not say why it is asked", i.Text("requirement"))
		}
	}
	if diff := cmp.Diff(r.materials, got); diff != "" {
		p.t.Errorf("materials (-want +got):\n%s", diff)
	}
}

// supplyWithPartner lets whoever is invited supply all that they may; the customer
// supplies the rest.
func (p *person) supplyWithPartner(supplier string) {
	p.t.Helper()
	if supplier != "" {
		partner := p.invite(supplier, supplier+"."+p.email)
		for n, i := range partner.get("/api/v1/invitation").List("items") {
			if i["optional"] != true {
				supplyItem(partner, "/api/v1/invitation", i, uint64(n))
			}
		}
	}
	p.supply(func(i object) bool { return i.Text("supply") == "provided" })
}

// invite asks the supplier, who comes by the link in the mail.
func (p *person) invite(supplier, email string) *client {
	p.t.Helper()
	seen := len(p.w.letters(email))
	p.json(http.StatusCreated, http.MethodPost, p.path+"/invitations", object{"supplier": supplier, "organisation": "Parceira Ltda.", "email": email})
	return p.w.arrive(email, seen)
}

// arrive opens the newest invitation sent to the address.
func (w *world) arrive(email string, seen int) *client {
	w.t.Helper()
	token := w.letter(email, seen, linkPattern)
	c := w.anonymous()
	o := c.json(http.StatusCreated, http.MethodPost, "/api/v1/invitations/session", object{"token": token}).object(w.t)
	c.token = o.Sub("session").Text("token")
	return c
}

// approve has the case judged and approved by as many people as it needs.
func approve(p *person, first, second *reviewer, approvals int) {
	p.t.Helper()
	first.claim(p.path)
	first.accept(p.path)
	o := first.change(http.StatusOK, http.MethodPost, p.path, "/approval", object{}).object(p.t)
	if approvals > 1 {
		if got := o.Text("state"); got != "submitted" {
			p.t.Fatalf("state %q after the first of %d approvals", got, approvals)
		}
		// The same person can't give the second approval.
		first.claim(p.path)
		first.change(http.StatusConflict, http.MethodPost, p.path, "/approval", object{})
		first.change(http.StatusOK, http.MethodDelete, p.path, "/claim", nil)
		second.claim(p.path)
		o = second.change(http.StatusOK, http.MethodPost, p.path, "/approval", object{}).object(p.t)
	}
	if got := o.Text("state"); got != "approved" {
		p.t.Fatalf("state %q at the end", got)
	}
	if got := p.get(p.path).Text("state"); got != "approved" {
		p.t.Errorf("the customer sees %q", got)
	}
	p.w.letter(p.email, 0, regexp.MustCompile(`(approved|accepted)`))
}

// TestHoleOfTheTable shows the one combination that the source says nothing of.
func TestHoleOfTheTable(t *testing.T) {
	w := embedded(t)
	p := w.begin(address("hole", 0), object{
		"customer_type": "direct", "account_type": "individual", "real_name_authenticated": false, "card_added": false, "paid": true,
	}, nil)
	o := p.get(p.path)
	if got := o.Sub("decision").Text("outcome"); got != "contact_support" {
		t.Errorf("outcome %q", got)
	}
	if o.Sub("decision").Text("words") == "" || len(o.List("items")) != 0 {
		t.Errorf("want words and no items: %v", o["decision"])
	}
	p.change(http.StatusConflict, http.MethodPost, p.path, "/submission", nil)
}
