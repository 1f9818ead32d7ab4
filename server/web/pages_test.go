package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"regain/cases"
	"regain/internal/browser"
	"regain/internal/testdocs"
	"regain/internal/testhtml"
	"regain/server"
	"regain/server/servertest"
)

// state is a page of customers, partners or members of organisations in one of its states.
type state struct {
	// route is the id of a page that has to be in the table, name what its pictures and messages are called.
	route, name string
	// as is who looks at it; nil for nobody in particular.
	as *customer
	// path is where it is; do brings about what a person does there.
	path string
	do   func(p *browser.Page)
}

// notPages are addresses that answer with a file or lead elsewhere.
var notPages = []string{"item-letter-page", "item-document-page", "owed-letter-page", "owed-document-page", "asked-letter-page", "asked-document-page", "next-question-page", "asset"}

// TestEveryPage opens every page of customers, partners and organisations, and those for everybody, in every
// state that has a look of its own: it follows all rules of accessibility, on a phone and on a wide screen, in
// light and dark; it fits 320 pixels, weighs less than 100 KB, needs four requests beside
// itself at most, and nothing is refused by the content policy or written to the
// console. A page that is not in the table fails the test.
func TestEveryPage(t *testing.T) {
	h := open(t)
	states := allStates(t, h)
	for _, r := range h.Server.Routes() {
		theirs := slices.ContainsFunc([]server.Role{server.Customer, server.Partner, server.Organisation}, func(role server.Role) bool { return slices.Contains(r.Roles, role) })
		public := !slices.ContainsFunc([]string{"/start", "/resume", "/invitation", "/organisation", "/request", "/help"}, func(prefix string) bool { return strings.HasPrefix(r.Path, prefix) })
		if r.Method != http.MethodGet || r.Tag != "" || !theirs || slices.Contains(r.Roles, server.Anonymous) && public || slices.Contains(notPages, r.ID) {
			continue
		}
		if !slices.ContainsFunc(states, func(s state) bool { return s.route == r.ID }) {
			t.Errorf("the page %s at %s is in no row of allStates", r.ID, r.Path)
		}
	}
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	for _, s := range states {
		p.ForgetCookies()
		if s.as != nil {
			p.Cookie(h.URL, s.as.cookie())
		}
		p.GoCold(h.URL + s.path)
		if s.do == nil {
			checkWeight(t, s.name, p)
		} else {
			s.do(p)
		}
		p.CheckEverywhere("page " + s.name)
	}
}

// cookie is the customer's session.
func (v *customer) cookie() *http.Cookie {
	v.t.Helper()
	for _, c := range v.client.Jar.Cookies(v.url) {
		if strings.Contains(c.Name, "regain") && !strings.Contains(c.Name, "theme") {
			return c
		}
	}
	v.t.Fatal("there is no session")
	return nil
}

func allStates(t *testing.T, h *house) []state {
	var all []state
	all = append(all, publicStates()...)
	all = append(all, draftStates(t, h)...)
	all = append(all, itemStates(t, h)...)
	all = append(all, sentStates(t, h)...)
	all = append(all, partnerStates(t, h)...)
	return append(all, memberStates(t, h)...)
}

func send(p *browser.Page) { p.Follow("main form button") }

func publicStates() []state {
	return []state{
		{name: "opening", path: "/en/"},
		{name: "opening-zh", path: "/zh-Hans/"},
		{name: "problems", path: "/en/problems/invalid_fields"},
		{name: "mailbox", path: "/en/dev/mailbox"},
		{name: "nothing", path: "/en/nothing"},
		{route: "start-page", name: "start", path: "/en/start"},
		{route: "account-page", name: "account", path: "/en/start/account"},
		{route: "account-page", name: "account-refused", path: "/en/start/account", do: send},
		{route: "account-page", name: "account-zh", path: "/zh-Hans/start/account"},
		{route: "resume-page", name: "resume", path: "/en/resume"},
		{route: "resume-page", name: "resume-refused", path: "/en/resume", do: send},
		{route: "resume-code-page", name: "resume-code", path: "/en/resume/code?reference=2222-2222-22&channel=email"},
		{route: "resume-code-page", name: "resume-code-refused", path: "/en/resume/code?reference=2222-2222-22&channel=email", do: send},
		{route: "items-page", name: "session-ended", path: "/en/request/items"},
		{route: "owed-page", name: "partner-session-ended", path: "/en/invitation/owed"},
		{route: "invitation-page", name: "invitation", path: "/en/invitation"},
		{route: "invitation-page", name: "invitation-refused", path: "/en/invitation", do: send},
		{route: "invitation-page", name: "invitation-link", path: "/en/invitation#" + strings.Repeat("x", 43)},
		{route: "help", name: "help", path: "/en/help"},
		{route: "help", name: "help-zh", path: "/zh-Hans/help"},
		{route: "help", name: "help-pt", path: "/pt-BR/help"},
	}
}

func draftStates(t *testing.T, h *house) []state {
	unproved := visit(t, h.Harness)
	unproved.open("/start/account").send("/start/account", "account", "nova", "lost", "phone", "lost", "email", "new_email", "nova@example.com", "new_phone", "+5511912345678")
	asked := visit(t, h.Harness).begin("asked@example.com")
	asked.send("/request/questions/customer_type", "answers.customer_type", "direct")
	country := visit(t, h.Harness).begin("country@example.com")
	country.answersUntil("months_of_use", map[string]string{"customer_type": "direct", "account_type": "enterprise", "real_name_authenticated": "no", "card_added": "no", "paid": "yes"})
	other := visit(t, h.Harness).begin("other@example.com").answers(map[string]string{
		"customer_type": "direct", "account_type": "individual", "real_name_authenticated": "no", "card_added": "no", "paid": "yes",
	}).wants(200, "/request/outcome")
	return []state{
		{route: "start-page", name: "start-again", as: asked, path: "/en/start"},
		{route: "contact-page", name: "contact", as: unproved, path: "/en/request/contacts/email?sent=1"},
		{route: "contact-page", name: "contact-refused", as: unproved, path: "/en/request/contacts/phone", do: send},
		{route: "request-page", name: "request-unproved", as: unproved, path: "/en/request"},
		{route: "particulars-page", name: "particulars", as: asked, path: "/en/request/account"},
		{route: "question-page", name: "question", as: asked, path: "/en/request/questions/account_type", do: func(p *browser.Page) {
			p.Click("main details:last-of-type summary")
		}},
		{route: "question-page", name: "question-refused", as: asked, path: "/en/request/questions/account_type", do: send},
		{route: "question-page", name: "question-number", as: country, path: "/en/request/questions/months_of_use"},
		{route: "question-page", name: "question-pt", as: country, path: "/pt-BR/request/questions/paid"},
		{route: "outcome-page", name: "outcome", as: other, path: "/en/request/outcome"},
		{route: "phone-page", name: "phone", as: asked, path: "/en/request/phone"},
		{route: "phone-page", name: "phone-code", as: asked, path: "/zh-Hans/request/phone", do: send},
		{route: "take-over-page", name: "take-over", path: "/en/resume/phone"},
		{route: "take-over-page", name: "take-over-refused", path: "/en/resume/phone", do: send},
		{route: "take-over-page", name: "take-over-link", path: "/pt-BR/resume/phone#rgh_" + strings.Repeat("x", 43)},
		{route: "later-page", name: "later", as: asked, path: "/en/request/later"},
		{route: "request-page", name: "request-draft", as: asked, path: "/en/request"},
	}
}

// unfold opens every part of the page that can be.
func unfold(p *browser.Page) {
	browser.Eval[int](p, `[...document.querySelectorAll("main details")].map(d => d.open = true).length`)
}

func itemStates(t *testing.T, h *house) []state {
	v := visit(t, h.Harness).begin("items@example.com").answers(map[string]string{
		"customer_type": "direct", "account_type": "enterprise", "real_name_authenticated": "yes", "card_added": "yes", "enterprise_country": "BR",
	}).wants(200, "/request/items")
	partly := visit(t, h.Harness).begin("partly@example.com").answers(individual())
	ids := partly.items()
	partly.uploadAll("/request/items/"+ids[1], photo("invoice-may.jpg", 1), photo("invoice-june.jpg", 2))
	partly.open("/request/items/"+ids[0]+"/unavailable").send("/request/items/"+ids[0]+"/unavailable", "reason", "It was lost in a fire.")
	stated := visit(t, h.Harness).begin("stated@example.com").answers(map[string]string{
		"customer_type": "direct", "account_type": "individual", "real_name_authenticated": "no", "card_added": "no", "paid": "no", "phone_registered": "yes",
	})
	statement := "/en/request/items/" + stated.items()[0] + "/statement"
	reseller := resellersCustomer(t, h, "reselling@example.com")
	waiting := resellersCustomer(t, h, "waiting@example.com")
	waiting.open("/request/invite/reseller").send("/request/invite/reseller", "organisation", "Nuvem Parceira Ltda.", "email", "ops@parceira.example")
	bad := plainFile(t, "scan.pdf", "this is no PDF")
	return []state{
		{route: "items-page", name: "items", as: v, path: "/en/request/items"},
		{route: "items-page", name: "items-unfolded", as: v, path: "/en/request/items", do: unfold},
		{route: "items-page", name: "items-zh", as: v, path: "/zh-Hans/request/items", do: unfold},
		{route: "items-page", name: "items-pt", as: v, path: "/pt-BR/request/items", do: unfold},
		{route: "items-page", name: "items-partly", as: partly, path: "/en/request/items"},
		{route: "items-page", name: "items-partly-unfolded", as: partly, path: "/en/request/items", do: unfold},
		{route: "items-page", name: "items-put", as: partly, path: "/en/request/items?put=" + ids[1] + "," + ids[2]},
		{route: "items-page", name: "items-failed", as: v, path: "/en/request/items", do: func(p *browser.Page) {
			p.Choose("section[id^=item-] > form input[type=file]", bad)
			p.WaitFor(`document.querySelector(".failed")?.innerText.length > 10`)
		}},
		{route: "items-page", name: "items-waiting", as: waiting, path: "/en/request/items"},
		{route: "statement-page", name: "statement", as: stated, path: statement},
		{route: "statement-page", name: "statement-refused", as: stated, path: statement, do: send},
		{route: "unavailable-page", name: "unavailable", as: v, path: "/en/request/items/" + v.items()[0] + "/unavailable"},
		{route: "unavailable-page", name: "unavailable-refused", as: v, path: "/en/request/items/" + v.items()[0] + "/unavailable", do: send},
		{route: "invite-page", name: "invite", as: reseller, path: "/en/request/invite/reseller"},
		{route: "invite-page", name: "invite-refused", as: reseller, path: "/en/request/invite/reseller", do: send},
		{route: "check-page", name: "check", as: partly, path: "/en/request/check"},
		{route: "check-page", name: "check-refused", as: partly, path: "/en/request/check", do: func(p *browser.Page) { p.Follow(`form[action$="/request/check"] button`) }},
	}
}

func resellersCustomer(t *testing.T, h *house, email string) *customer {
	t.Helper()
	return visit(t, h.Harness).begin(email).answers(map[string]string{
		"customer_type": "reseller", "account_type": "enterprise", "real_name_authenticated": "yes", "enterprise_country": "CN",
	}).wants(200, "/request/items")
}

func sentStates(t *testing.T, h *house) []state {
	sent, _ := submitted(t, h.Harness, "sent@example.com")
	more, reference := submitted(t, h.Harness, "more@example.com")
	askForMore(t, h.Harness, reference)
	denied, reference := submitted(t, h.Harness, "denied@example.com")
	staff, c := reviewer(t, h.Harness, reference)
	if _, err := h.Cases.Deny(t.Context(), staff, c.ID, 0, cases.Denial{ReasonCode: "not_proven", WordsCustomer: "The records name somebody else."}); err != nil {
		t.Fatal(err)
	}
	ended, _ := submitted(t, h.Harness, "ended@example.com")
	ended.open("/request/withdraw").send("/request/withdraw")
	approved, reference := submitted(t, h.Harness, "approved@example.com")
	approve(t, h, reference)
	return []state{
		{route: "submitted-page", name: "receipt", as: sent, path: "/en/request/receipt"},
		{route: "request-page", name: "request-submitted", as: sent, path: "/en/request"},
		{route: "request-page", name: "request-pt", as: sent, path: "/pt-BR/request"},
		{route: "talk-page", name: "messages-none", as: sent, path: "/en/request/messages"},
		{route: "talk-page", name: "messages-refused", as: sent, path: "/en/request/messages", do: send},
		{route: "withdraw-page", name: "withdraw", as: sent, path: "/en/request/withdraw"},
		{route: "request-page", name: "request-more", as: more, path: "/en/request"},
		{route: "items-page", name: "items-more", as: more, path: "/en/request/items"},
		{route: "items-page", name: "items-more-unfolded", as: more, path: "/en/request/items", do: unfold},
		{route: "talk-page", name: "messages", as: more, path: "/en/request/messages"},
		{route: "request-page", name: "request-denied", as: denied, path: "/en/request"},
		{route: "appeal-page", name: "appeal", as: denied, path: "/en/request/appeal"},
		{route: "appeal-page", name: "appeal-refused", as: denied, path: "/en/request/appeal", do: send},
		{route: "request-page", name: "request-withdrawn", as: ended, path: "/en/request"},
		{route: "withdraw-page", name: "withdraw-over", as: ended, path: "/en/request/withdraw"},
		{route: "request-page", name: "request-approved", as: approved, path: "/en/request"},
	}
}

// askForMore rejects a document and asks for it, and for something else, anew.
func askForMore(t *testing.T, h *servertest.Harness, reference string) {
	t.Helper()
	staff, c := reviewer(t, h, reference)
	d, err := h.Cases.Details(t.Context(), staff, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	rejected := d.Items[1]
	if _, err := h.Cases.Judge(t.Context(), staff, c.ID, rejected.ID, 0, cases.Judgement{ReasonCode: "unreadable", WordsCustomer: "The amount is blurred. Please photograph the page flat, in daylight."}); err != nil {
		t.Fatal(err)
	}
	ask := cases.RequestInput{Asks: []cases.Ask{{Item: rejected.ID}, {Text: "A photo of the contract"}}, Words: "Please send these two."}
	if _, err := h.Cases.RequestMaterials(t.Context(), staff, c.ID, 0, ask); err != nil {
		t.Fatal(err)
	}
}

// approve accepts everything, and approves.
func approve(t *testing.T, h *house, reference string) {
	t.Helper()
	staff, c := reviewer(t, h.Harness, reference)
	d, err := h.Cases.Details(t.Context(), staff, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range d.Items {
		var checks []string
		for _, check := range d.Requirement(i).Checks {
			checks = append(checks, check.ID)
		}
		readOff := map[string]any{}
		for _, v := range d.Requirement(i).ReadOff {
			readOff[v.ID] = time.Now().Format(time.DateOnly)
		}
		if _, err := h.Cases.Judge(t.Context(), staff, c.ID, i.ID, 0, cases.Judgement{Accept: true, Checks: checks, ReadOff: readOff}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.Cases.Approve(t.Context(), staff, c.ID, 0, ""); err != nil {
		t.Fatal(err)
	}
}

func partnerStates(t *testing.T, h *house) []state {
	owing := invited(t, h, "ana@example.com", "ops@parceira.example")
	done := invited(t, h, "bia@example.com", "ops@outra.example")
	for n := range 2 {
		done.open("/invitation/owed")
		action := ""
		for _, form := range done.all(func(n *html.Node) bool {
			return n.Data == "form" && testhtml.Has(n, "data-upload") && len(within(n, func(in *html.Node) bool { return testhtml.Attr(in, "name") == "replace" })) == 0
		}) {
			action, _, _ = strings.Cut(testhtml.Attr(form, "action"), "?")
		}
		done.upload(action, "letter.jpg", testdocs.JPEG(uint64(50+n), 40, 30)).wants(200, "/invitation/owed")
	}
	bad := plainFile(t, "scan.pdf", "this is no PDF")
	return []state{
		{route: "owed-page", name: "owed", as: owing, path: "/en/invitation/owed"},
		{route: "owed-page", name: "owed-unfolded", as: owing, path: "/en/invitation/owed", do: unfold},
		{route: "owed-page", name: "owed-failed", as: owing, path: "/pt-BR/invitation/owed", do: func(p *browser.Page) {
			p.Choose("#items section input[type=file]", bad)
			p.WaitFor(`document.querySelector(".failed")?.innerText.length > 10`)
		}},
		{route: "owed-page", name: "owed-done", as: done, path: "/en/invitation/owed", do: unfold},
		{route: "owed-receipt-page", name: "partner-receipt", as: done, path: "/en/invitation/receipt"},
		{route: "owed-receipt-page", name: "partner-receipt-none", as: owing, path: "/zh-Hans/invitation/receipt"},
		{route: "invitation-page", name: "invitation-again", as: done, path: "/en/invitation"},
	}
}

// invited is a reseller who has opened their invitation.
func invited(t *testing.T, h *house, customersEmail, email string) *customer {
	t.Helper()
	token := h.claimant(customersEmail).invite(email)
	return visit(t, h.Harness).open("/invitation").send("/invitation", "token", token).wants(200, "/invitation/owed")
}
