package web_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"regain/accounts"
	"regain/cases"
	"regain/database/databasetest"
	"regain/internal/testdocs"
	"regain/internal/testhtml"
	"regain/server/servertest"
)

// reviewer holds the case with a reference.
func reviewer(t *testing.T, h *servertest.Harness, reference string) (cases.Actor, *cases.Case) {
	t.Helper()
	actor := cases.Actor{Kind: cases.Staff, ID: h.NewStaff(t, accounts.Reviewer).ID, Roles: []string{cases.RoleReviewer}}
	c, err := h.Cases.ByReference(t.Context(), actor, reference)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = h.Cases.Claim(t.Context(), actor, c.ID, 0); err != nil {
		t.Fatal(err)
	}
	return actor, c
}

// submitted is a customer who has handed in an individual's request.
func submitted(t *testing.T, h *servertest.Harness, email string) (v *customer, reference string) {
	t.Helper()
	v = visit(t, h).begin(email).answers(individual()).supply()
	v.open("/request/check").send("/request/check").wants(200, "/request/receipt")
	return v, referenceText.FindString(v.text())
}

// TestAskedForMore: the customer sees the reviewer's words, the old file and the new
// upload together, and nothing else is open.
func TestAskedForMore(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		v, reference := submitted(t, h, "ana@example.com")
		staff, c := reviewer(t, h, reference)
		d, err := h.Cases.Details(t.Context(), staff, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		var rejected *cases.Item
		for _, i := range d.Items {
			if i.Kind == "document" {
				rejected = i
			}
		}
		if _, err := h.Cases.Judge(t.Context(), staff, c.ID, rejected.ID, 0, cases.Judgement{ReasonCode: "unreadable", WordsCustomer: "Photograph the whole page."}); err != nil {
			t.Fatal(err)
		}
		v.open("/request").wants(200, "/request", "A person is reviewing it")
		if strings.Contains(v.text(), "Photograph") {
			t.Error("shows a review under way")
		}
		ask := cases.RequestInput{Asks: []cases.Ask{{Item: rejected.ID}, {Text: "A photo of the contract"}}, Words: "Please send these two."}
		if _, err := h.Cases.RequestMaterials(t.Context(), staff, c.ID, 0, ask); err != nil {
			t.Fatal(err)
		}
		v.open("/request").wants(200, "/request", "We need something more", "Send it by", "Photograph the whole page.")
		v.open("/request/items").wants(200, "/request/items", "Photograph the whole page.", "A photo of the contract", "What you sent before", "Everything else")
		if ids := v.items(); len(ids) != 2 {
			t.Fatalf("%d items are open", len(ids))
		}
		v.open("/request/messages").wants(200, "/request/messages", "Please send these two.")
		v.open("/request/check").send("/request/check").wants(422, "/request/check", "There is a problem")
		v.open("/request/items")
		for n, id := range v.items() {
			v.upload("/request/items/"+id, "again.jpg", testdocs.JPEG(uint64(7000+n), 40, 30)).wants(200, "/request/items", "again.jpg")
		}
		v.open("/request/check").send("/request/check").wants(200, "/request/receipt")
	})
}

// TestAppeal: a denial says why and until when it can be appealed, once.
func TestAppeal(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		v, reference := submitted(t, h, "ana@example.com")
		staff, c := reviewer(t, h, reference)
		d, err := h.Cases.Details(t.Context(), staff, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Cases.Judge(t.Context(), staff, c.ID, d.Items[0].ID, 0, cases.Judgement{ReasonCode: "does_not_match", WordsCustomer: "Another name."}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(v.open("/request").text(), "Not accepted") {
			t.Error("told of an item that is not decided for good")
		}
		if _, err := h.Cases.Deny(t.Context(), staff, c.ID, 0, cases.Denial{ReasonCode: "not_proven", WordsCustomer: "The records name somebody else."}); err != nil {
			t.Fatal(err)
		}
		v.open("/request").wants(200, "/request", "Not approved", "The records name somebody else.", "You can appeal once", "Not accepted")
		v.open("/request/appeal").send("/request/appeal", "reason", "no").wants(422, "/request/appeal", "There is a problem")
		if got := fields(v.form("/request/appeal")).Get("reason"); got != "no" {
			t.Errorf("what was typed is lost: %q", got)
		}
		v.send("/request/appeal", "reason", "The records name my maiden name.").wants(200, "/request", "Your appeal waits for a reviewer", "You appealed", "Not approved")
		if strings.Contains(v.text(), "You sent what was asked for") {
			t.Error("takes the appeal for what was asked for")
		}
		v.open("/request/appeal").wants(200, "/request/appeal", "not possible")
		other, _ := reviewer(t, h, reference)
		v.open("/request").wants(200, "/request", "reviewing your appeal")
		if _, err := h.Cases.Deny(t.Context(), other, c.ID, 0, cases.Denial{ReasonCode: "not_proven", WordsCustomer: "The maiden name is another, too."}); err != nil {
			t.Fatal(err)
		}
		v.open("/request").wants(200, "/request", "The appeal did not change the decision", "maiden name is another", "Nobody; the request is closed")
	})
}

// TestPagesOfBeforeTheSending: pages that stand open in other windows since before the request was sent say that it
// moved on, and lead to where it is.
func TestPagesOfBeforeTheSending(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		v := visit(t, h).begin("ana@example.com").answers(individual()).supply()
		const question, account = "/request/questions/customer_type", "/request/account"
		answer := fields(v.open(question).form(question))
		answer.Set("answers.customer_type", "reseller")
		particulars := fields(v.open(account).form(account))
		v.open("/request/check").send("/request/check").wants(200, "/request/receipt")
		v.post(question, answer).wants(409, question, "has moved on", "To your request")
		v.post(account, particulars).wants(412, account, "changed since you opened the page", "To your request")
	})
}

// TestComingBack: with the reference and a code one comes back from another device;
// what is not there is answered alike, and what was typed goes along.
func TestComingBack(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		first := visit(t, h).begin("ana@example.com")
		first.open("/request/later")
		reference := referenceText.FindString(first.text())

		v := visit(t, h)
		v.open("/request/messages").wants(401, "/request/messages", "To see your request, come in first.")
		v.send("/resume").wants(422, "/resume", "Enter your reference")
		v.send("/resume", "reference", "7F3K-29QD").wants(422, "/resume", "A reference has ten letters and digits")
		v.send("/resume", "reference", "2222-2222-22").wants(200, "/resume", "If there is a request", "choose your other contact")
		v.send("/resume/code", "code", "123456").wants(422, "/resume/code", "There is a problem")

		v.open("/request/messages")
		before := time.Now().Add(-time.Millisecond)
		v.send("/resume", "reference", strings.ToLower(strings.ReplaceAll(reference, "-", " "))).wants(200, "/resume")
		code := ""
		for code == "" || code == "000000" {
			code = v.letterAfter("ana@example.com", before)
		}
		entered := fields(v.form("/resume/code"))
		entered.Set("code", code)
		v.post("/resume/code", entered).wants(200, "/request/messages", "There are no messages yet")
		// Phones load a page again that they had put away: whoever is in stays in.
		v.post("/resume/code", entered).wants(200, "/request/messages", "There are no messages yet")
		entered.Del("idempotency_key") // or the first answer would come again
		visit(t, h).post("/resume/code", entered).wants(410, "/resume/code", "can no longer be used")
		v.send("/request/messages").wants(422, "/request/messages", "There is a problem")
		v.send("/request/messages", "body", "Is a photo enough?").wants(200, "/request/messages", "Is a photo enough?")

		// A session that is over takes nothing along that was typed.
		form := fields(v.form("/request/messages"))
		form.Set("body", "A long thought")
		away := visit(t, h)
		away.post("/request/messages", form).wants(401, "/request/messages", "What you typed is kept")
		if got := fields(away.form("/resume")).Get("continue_with"); !strings.Contains(got, url.QueryEscape("A long thought")) {
			t.Errorf("carried: %q", got)
		}
		v.open("/request/withdraw").send("/request/withdraw").wants(200, "/request", "Withdrawn")
		if strings.Contains(v.text(), "Save and come back later") {
			t.Error("there is nothing to come back for")
		}
		v.open("/request/withdraw").wants(200, "/request/withdraw", "closed already")
	})
}

// letterAfter is the code of the newest letter after a time.
func (v *customer) letterAfter(to string, after time.Time) string {
	v.t.Helper()
	return v.letter(to, regexp.MustCompile(`\b(\d{6})\b`), after)
}

// TestResellersLetter: the customer says what cannot be had, takes it back, invites a
// reseller, sees how that stands, and ends the invitation.
func TestResellersLetter(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		v := visit(t, h).begin("ana@example.com").answers(map[string]string{
			"customer_type": "reseller", "account_type": "enterprise", "real_name_authenticated": "yes", "enterprise_country": "CN",
		})
		v.wants(200, "/request/items")
		id := v.items()[0]
		v.open("/request/items/"+id+"/unavailable").send("/request/items/"+id+"/unavailable", "reason", "x").wants(422, "/request/items/"+id+"/unavailable")
		v.send("/request/items/"+id+"/unavailable", "reason", "The office has closed.").wants(200, "/request/items", "Cannot be provided", "The office has closed.")
		v.send("/request/items/"+id+"/available").wants(200, "/request/items")
		if strings.Contains(v.text(), "The office has closed.") {
			t.Error("still out of reach")
		}
		invite := ""
		for _, n := range v.all(func(n *html.Node) bool {
			return n.Data == "a" && strings.Contains(testhtml.Attr(n, "href"), "/request/invite/")
		}) {
			invite = testhtml.Attr(n, "href")
		}
		v.open(invite).send(invite, "organisation", "", "email", "nonsense").wants(422, invite, "name@example.com")
		v.send(invite, "organisation", "Me", "email", "ana@example.com").wants(422, invite, "This is your own address.")
		before := time.Now().Add(-time.Second)
		v.send(invite, "organisation", "Nuvem Parceira Ltda.", "email", "ops@parceira.example").wants(200, "/request/items", "Nuvem Parceira Ltda.", "ops@parceira.example", "Asked, not here yet")

		// A link opens the page once; whoever needs longer for the letter has another one sent.
		used := v.letter("ops@parceira.example", invitationPattern, before)
		visit(t, h).open("/invitation").send("/invitation", "token", used).wants(200, "/invitation/owed")
		later := visit(t, h).open("/invitation").send("/invitation", "token", used).wants(422, "/invitation", "Was the link used before?")
		before = time.Now()
		later.send("/invitation/link").wants(200, "/invitation", "a new one is on its way")
		later.send("/invitation", "token", v.letter("ops@parceira.example", invitationPattern, before)).wants(200, "/invitation/owed")
		v.send("/request/invitations/[0-9a-f-]+/revoke").wants(200, "/request/items", "You ended the invitation")
		later.open("/invitation/owed").wants(404, "/invitation/owed", "This invitation is over")
		letter := ""
		for _, n := range v.all(func(n *html.Node) bool {
			return n.Data == "a" && strings.HasSuffix(testhtml.Attr(n, "href"), "/letter")
		}) {
			letter = testhtml.Attr(n, "href")
		}
		if v.open(letter); v.status != 200 || !strings.Contains(v.body, "Exemplo Ltda.") {
			t.Errorf("the letter: %d", v.status)
		}
	})
}

// TestCustomersPagesInEveryLanguage: no page fails, or shows a key, in any language.
func TestCustomersPagesInEveryLanguage(t *testing.T) {
	h := servertest.StartWith(t, databasetest.SQLite(t), servertest.Options{Unlimited: true, Logger: testLog(t)})
	h.Deliver(t)
	v, _ := submitted(t, h, "ana@example.com")
	draft := visit(t, h).begin("bia@example.com").answers(individual())
	item := draft.items()[0]
	for _, locale := range []string{"en", "zh-Hans", "pt-BR"} {
		for _, path := range []string{"/start", "/start/account", "/resume", "/resume/code?reference=2222-2222-22&channel=email", "/request", "/request/receipt", "/request/messages", "/request/withdraw", "/request/appeal", "/request/later"} {
			if v.open("/" + locale + path); v.status != 200 || strings.Contains(v.text(), "customer.") {
				t.Errorf("%s%s: %d %s", locale, path, v.status, v.text())
			}
		}
		for _, path := range []string{"/request", "/request/account", "/request/questions/customer_type", "/request/questions/account_type", "/request/items", "/request/check", "/request/items/" + item + "/unavailable"} {
			if draft.open("/" + locale + path); draft.status != 200 || strings.Contains(draft.text(), "customer.") {
				t.Errorf("%s%s: %d %s", locale, path, draft.status, draft.text())
			}
		}
	}
}

// TestStatement: what a statement asks is judged field by field, and nothing that was
// typed is lost.
func TestStatement(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		v := visit(t, h).begin("ana@example.com").answers(map[string]string{
			"customer_type": "direct", "account_type": "individual", "real_name_authenticated": "no", "card_added": "no", "paid": "no", "phone_registered": "yes",
		})
		v.wants(200, "/request/items")
		path := ""
		for _, n := range v.all(func(n *html.Node) bool {
			return n.Data == "a" && strings.HasSuffix(testhtml.Attr(n, "href"), "/statement")
		}) {
			path = testhtml.Attr(n, "href")
		}
		if path == "" {
			t.Fatalf("no statement is asked: %s", v.text())
		}
		v.open(path).send(path).wants(422, path, "There is a problem")
		v.fillIn(path).wants(200, "/request/items", "Ready", "Change what you filled in")
		v.open(path).wants(200, path)
		for name, values := range fields(v.form(path)) {
			if values[0] == "" {
				t.Errorf("%s is empty", name)
			}
		}
	})
}

// TestSeveralThatCannotBeProvided: one reason does for all that are still missing.
func TestSeveralThatCannotBeProvided(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		v := withItems(t, h)
		ids := v.items()
		v.upload("/request/items/"+ids[1], "may.jpg", photo("", 1).content).wants(200, "/request/items", "1 of 3 ready")
		path := "/request/items/" + ids[2] + "/unavailable"
		v.open(path).wants(200, path, "The same for the other 1 that is missing")
		v.send(path, "all", "yes", "reason", "x").wants(422, path, "There is a problem")
		v.send(path, "all", "yes", "reason", "There were no others.").wants(200, "/request/items", "2 of 3: You said that you cannot provide this", "3 of 3: You said that you cannot provide this", "3 of 4 ready")
		v.open("/request/items/"+ids[0]+"/unavailable").wants(200, "/request/items/.*")
		if strings.Contains(v.text(), "The same for") {
			t.Error("speaks of others where there are none")
		}
	})
}
