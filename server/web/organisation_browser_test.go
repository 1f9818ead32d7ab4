package web_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"regain/accounts"
	"regain/internal/browser"
	"regain/internal/testdocs"
	"regain/internal/testhtml"
)

// organisation makes one with members.
func (h *house) organisation(name string, members ...string) accounts.Organisation {
	h.t.Helper()
	o, err := h.Accounts.CreateOrganisation(h.t.Context(), "", name)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, email := range members {
		if _, err := h.Accounts.AddMember(h.t.Context(), "", o.ID, email); err != nil {
			h.t.Fatal(err)
		}
	}
	return o
}

// askedOf is a case whose reseller, at the address, owes a letter, and the page of it.
func (h *house) askedOf(customersEmail, email string) (c *claimant, page string) {
	h.t.Helper()
	c = h.claimant(customersEmail)
	o := h.call(201, c.token, "POST", c.path+"/invitations", object{"supplier": "reseller", "organisation": "Nuvem Parceira Ltda.", "email": email})
	return c, "/organisation/letters/" + o["id"].(string)
}

// signInAt brings a browser to the list of letters.
func (h *house) signInAt(p *browser.Page, email string) {
	h.t.Helper()
	asked := time.Now().Add(-time.Second)
	p.Go(h.URL + "/en/organisation")
	p.Type("#f-email", email)
	p.Follow("main form button")
	p.Type("#f-code", h.letter(email, codePattern, asked))
	p.Follow("main form button")
	p.Shows("Letters that are asked of you")
}

// TestOrganisationsLetters: a member signs in with a code, sends what is asked of a
// colleague, takes it back, and sees what happened.
func TestOrganisationsLetters(t *testing.T) {
	h := open(t)
	h.organisation("Nuvem Parceira", "rui@parceira.example", "bea@parceira.example")
	c, _ := h.askedOf("ana@example.com", "bea@parceira.example")
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Go(h.URL + "/en/")
	p.Follow(`a[href$="/organisation"]`)
	h.signInAt(p, "rui@parceira.example")
	text := p.Text("main")
	for _, wanted := range []string{"Exemplo Ltda.", "exemplo-cloud", "Nuvem Parceira", c.reference, "Authorization letter", "Please send", "bea@parceira.example"} {
		if !strings.Contains(text, wanted) {
			t.Errorf("does not say %q:\n%s", wanted, text)
		}
	}
	p.Follow(`main li a[href*="/organisation/letters/"]`)
	p.Shows("What signing means")
	p.Shows("What happened")
	for _, hidden := range []string{"Real-name", "ana@example.com", strings.TrimPrefix(c.path, "/api/v1/cases/")} {
		if strings.Contains(browser.Eval[string](p, `document.documentElement.outerHTML`), hidden) {
			t.Errorf("shows %q", hidden)
		}
	}
	p.Choose("#items section:nth-of-type(1) input[type=file]", file(t, "consent.pdf", 1))
	p.WaitFor(`document.querySelector("#items section:nth-of-type(1) .st").innerText.includes("Received")`)
	p.Choose("#items section:nth-of-type(2) input[type=file]", file(t, "letter.pdf", 2))
	p.Shows("You have sent all that is asked")
	p.Shows("letter.pdf")
	if history := p.Text("#items .history"); !strings.Contains(history, "Sent: Authorization letter") || strings.Count(history, "rui@parceira.example") != 2 {
		t.Errorf("the history says:\n%s", history)
	}
	p.Click(`#items section:nth-of-type(2) form[hx-post] button`)
	p.WaitFor(`document.querySelector("#items section:nth-of-type(2) .st").innerText.includes("Please send")`)
	p.Follow(`p.back a`)
	p.Shows("Exemplo Ltda.")
	h.call(204, c.token, "DELETE", c.path+"/invitations/"+h.only(c), nil)
	p.Follow(`nav.tabs a:last-of-type`)
	p.Shows("No longer needed")
	p.Follow(`main li a[href*="/organisation/letters/"]`)
	p.Shows("An invitation that is over")
	p.Follow(`form[action$="/sign-out"] button`)
	p.Go(h.URL + "/en/organisation/letters")
	p.Shows("Sign in to go on.")
}

// only is the id of the case's only invitation.
func (h *house) only(c *claimant) string {
	h.t.Helper()
	list := h.call(200, c.token, "GET", c.path+"/invitations", nil)["invitations"].([]any)
	if len(list) != 1 {
		h.t.Fatalf("%d invitations", len(list))
	}
	return list[0].(object)["id"].(string)
}

// TestOrganisationWithoutScripts is the same way with no script at all, with a session
// that ends before the form is sent.
func TestOrganisationWithoutScripts(t *testing.T) {
	h := open(t)
	h.organisation("Nuvem Parceira", "rui@parceira.example")
	_, page := h.askedOf("ana@example.com", "rui@parceira.example")
	p := browser.Open(t, browser.Options{Width: 390, Height: 844, NoScript: true})
	p.Go(h.URL + "/en/organisation")
	p.Follow("main form button") // nothing typed
	if !p.Has(`.errsum a[href="#f-email"]`) || !p.Has(`#f-email[aria-invalid=true]`) {
		t.Errorf("the error is not beside its field and above the form:\n%s", p.Text("main"))
	}
	h.signInAt(p, "rui@parceira.example")
	p.Go(h.URL + "/en" + page)
	p.Choose("#items section:nth-of-type(1) input[type=file]", file(t, "consent.pdf", 1))
	p.Follow("#items section:nth-of-type(1) [data-send]")
	p.WaitFor(`document.querySelector("#items section:nth-of-type(1) .st").innerText.includes("Received")`)
	if _, err := h.DB.ExecContext(t.Context(), "DELETE FROM sessions"); err != nil {
		t.Fatal(err)
	}
	p.Follow(`#items section:nth-of-type(1) form[hx-post] button`)
	p.Shows("Your session has ended")
	p.Shows("What you typed is kept")
	asked := time.Now().Add(-time.Second)
	if _, err := h.DB.ExecContext(t.Context(), "DELETE FROM limits"); err != nil { // a code was sent a moment ago
		t.Fatal(err)
	}
	p.Type("#f-email", "rui@parceira.example")
	p.Follow("main form button")
	code := h.letter("rui@parceira.example", codePattern, asked)
	p.Type("#f-code", code[1:]) // a digit is missing
	p.Follow("main form button")
	p.Shows("Enter the six digits of the code.")
	p.Type("#f-code", string('9'-code[0]+'0')+code[1:]) // another first digit
	p.Follow("main form button")
	p.Shows("That is not the code that we sent.")
	p.Type("#f-code", code)
	p.Follow("main form button")
	p.Shows("Nothing that you typed was lost")
	p.Follow("main form button")
	p.WaitFor(`document.querySelector("#items section:nth-of-type(1) .st").innerText.includes("Please send")`)
}

// TestManyLetters: pages follow each other, and what one customer asks stands together.
func TestManyLetters(t *testing.T) {
	h := open(t)
	h.organisation("Nuvem Parceira", "rui@parceira.example")
	h.askedOf("ana@example.com", "rui@parceira.example")
	if _, err := h.DB.ExecContext(t.Context(), `INSERT INTO invitations (id, case_id, supplier, organisation, email, email_key, domain_key, locale, token_hash, expires_at, sent, created_at)
		SELECT inv.id || n.i, inv.case_id, inv.supplier, inv.organisation, inv.email, inv.email_key, inv.domain_key, inv.locale, inv.token_hash || n.i, inv.expires_at, 1, inv.created_at
		FROM invitations inv, (WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 60) SELECT i FROM c) n`); err != nil {
		t.Fatal(err)
	}
	v := visit(t, h.Harness).signInAs(h, "rui@parceira.example")
	seen := map[string]bool{}
	for pages := 1; ; pages++ {
		links := v.all(func(n *html.Node) bool {
			return n.Data == "a" && strings.Contains(testhtml.Attr(n, "href"), "/organisation/letters/")
		})
		for _, a := range links {
			seen[testhtml.Attr(a, "href")] = true
		}
		if headings := v.all(func(n *html.Node) bool {
			return n.Data == "h2" && strings.HasPrefix(testhtml.Attr(n, "id"), "customer-")
		}); len(headings) != 1 {
			t.Errorf("page %d has %d customers", pages, len(headings))
		}
		next := v.all(func(n *html.Node) bool { return n.Data == "a" && testhtml.Attr(n, "rel") == "next" })
		if len(next) == 0 {
			if pages != 2 || len(seen) != 61 {
				t.Errorf("%d letters on %d pages", len(seen), pages)
			}
			break
		}
		v.open(testhtml.Attr(next[0], "href"))
	}
	v.open("/organisation/letters?cursor=nonsense").wants(400, "/organisation/letters")
}

// signInAs brings a visitor to the list of letters.
func (v *customer) signInAs(h *house, email string) *customer {
	v.t.Helper()
	asked := time.Now().Add(-time.Second)
	v.open("/organisation").send("/organisation", "email", email).wants(200, "/organisation", "digits")
	return v.send("/organisation/session", "code", h.letter(email, codePattern, asked)).wants(200, "/organisation/letters")
}

func memberStates(t *testing.T, h *house) []state {
	h.organisation("Grande Rede", "mia@grande.example", "leo@grande.example")
	h.organisation("Neue GmbH", "kai@neue.example")
	_, open := h.askedOf("cora@example.com", "mia@grande.example")
	_, sent := h.askedOf("davi@example.com", "leo@grande.example")
	revoked, over := h.askedOf("elis@example.com", "mia@grande.example")
	h.call(204, revoked.token, "DELETE", revoked.path+"/invitations/"+h.only(revoked), nil)
	mia, kai := visit(t, h.Harness).signInAs(h, "mia@grande.example"), visit(t, h.Harness).signInAs(h, "kai@neue.example")
	mia.open(sent).wants(200, sent)
	var actions []string
	for _, form := range mia.all(func(n *html.Node) bool { return n.Data == "form" && testhtml.Has(n, "data-upload") }) {
		if action, _, _ := strings.Cut(testhtml.Attr(form, "action"), "?"); !slices.Contains(actions, action) {
			actions = append(actions, action)
		}
	}
	for n, action := range actions {
		mia.upload(action, "letter.jpg", testdocs.JPEG(uint64(70+n), 40, 30)).wants(200, sent)
	}
	bad := plainFile(t, "scan.pdf", "this is no PDF")
	code := func(email string) func(p *browser.Page) {
		return func(p *browser.Page) {
			p.Type("#f-email", email)
			p.Follow("main form button")
			p.WaitFor(`document.querySelector("#f-code") !== null`)
		}
	}
	return []state{
		{route: "organisation-page", name: "organisation", path: "/en/organisation"},
		{route: "organisation-page", name: "organisation-pt", path: "/pt-BR/organisation"},
		{route: "organisation-page", name: "organisation-refused", path: "/en/organisation", do: send},
		{route: "organisation-page", name: "organisation-code", path: "/en/organisation", do: code("nobody@outra.example")},
		{route: "organisation-page", name: "organisation-code-refused", path: "/zh-Hans/organisation", do: func(p *browser.Page) {
			code("ninguem@outra.example")(p)
			p.Follow("main form button")
		}},
		{route: "organisation-page", name: "organisation-again", as: mia, path: "/en/organisation"},
		{route: "letters-page", name: "letters-session-ended", path: "/en/organisation/letters"},
		{route: "letters-page", name: "letters", as: mia, path: "/en/organisation/letters"},
		{route: "letters-page", name: "letters-zh", as: mia, path: "/zh-Hans/organisation/letters"},
		{route: "letters-page", name: "letters-over", as: mia, path: "/pt-BR/organisation/letters?over=true"},
		{route: "letters-page", name: "letters-none", as: kai, path: "/en/organisation/letters"},
		{route: "asked-page", name: "letter", as: mia, path: "/en" + open},
		{route: "asked-page", name: "letter-zh", as: mia, path: "/zh-Hans" + open, do: unfold},
		{route: "asked-page", name: "letter-failed", as: mia, path: "/pt-BR" + open, do: func(p *browser.Page) {
			p.Choose("#items section input[type=file]", bad)
			p.WaitFor(`document.querySelector(".failed")?.innerText.length > 10`)
		}},
		{route: "asked-page", name: "letter-sent", as: mia, path: "/en" + sent, do: unfold},
		{route: "asked-page", name: "letter-over", as: mia, path: "/en" + over},
		{route: "asked-receipt-page", name: "letter-receipt", as: mia, path: "/en" + sent + "/receipt"},
	}
}
