package web_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"regain/accounts"
	"regain/cases"
	"regain/internal/browser"
	"regain/internal/testhtml"
	"regain/server/servertest"
)

// TestSignalsOfACase: what a case has in common with another one, and what a lead has
// blocked, stands on its page with the way there.
func TestSignalsOfACase(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		_, first := handedIn(t, h, "ana@example.com", individual())
		v, second := handedIn(t, h, "bia@example.com", individual())
		if _, err := h.DB.ExecContext(t.Context(), "UPDATE cases SET email_key = 'the same'"); err != nil {
			t.Fatal(err)
		}
		staff, _ := atDesk(t, h, accounts.Reviewer)
		staff.open("/staff/cases/"+second).wants(200, "/staff/cases/"+second, "The same new e-mail:", "A signal proves nothing")
		if strings.Contains(staff.text(), "is blocked") {
			t.Error("something is blocked")
		}
		links := staff.all(func(n *html.Node) bool { return n.Data == "a" && testhtml.Attr(n, "href") == "/staff/cases/"+first })
		if len(links) == 0 {
			t.Fatal("nothing leads to the other case")
		}
		block(t, h, second)
		staff.open("/staff/cases/"+second).wants(200, "/staff/cases/"+second, "is blocked:", "Named in a fraud", "new requests with it are not taken")
		if strings.Contains(v.open("/request").text(), "Named in a fraud") {
			t.Error("the customer reads it")
		}
	})
}

// block blocks the account of a case.
func block(t *testing.T, h *servertest.Harness, id string) {
	t.Helper()
	lead := cases.Actor{Kind: cases.Staff, ID: "mia", Roles: []string{cases.RoleLead}}
	c, err := h.Cases.Case(t.Context(), lead, id)
	if err != nil {
		t.Fatal(err)
	}
	in := cases.BlockInput{Kind: cases.BlockAccount, Value: c.Account, Reason: "Named in a fraud", Refuse: true, Expires: time.Now().Add(24 * time.Hour)}
	if _, err := h.Cases.Block(t.Context(), lead, in); err != nil {
		t.Fatal(err)
	}
}

// TestSignalsInABrowser: they follow the rules of accessibility in both themes, and fit.
func TestSignalsInABrowser(t *testing.T) {
	h := open(t)
	handedIn(t, h.Harness, "ana@example.com", individual())
	_, id := handedIn(t, h.Harness, "bia@example.com", individual())
	if _, err := h.DB.ExecContext(t.Context(), "UPDATE cases SET email_key = 'the same'"); err != nil {
		t.Fatal(err)
	}
	block(t, h.Harness, id)
	p := signedIn(t, h.Harness, browser.Options{Width: 390, Height: 844}, accounts.Lead)
	p.Go(h.URL + "/en/staff/cases/" + id)
	p.Shows("Named in a fraud")
	p.CheckEverywhere("a case with signals")
}
