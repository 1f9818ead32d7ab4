package web_test

import (
	"testing"

	"golang.org/x/net/html"

	"regain/accounts"
	"regain/internal/browser"
	"regain/internal/testhtml"
	"regain/server/servertest"
)

// TestBlocklist: a lead blocks something of a case and something typed, with what is
// wrong beside its field, and lifts it; an auditor reads the list, and no reviewer does.
func TestBlocklist(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		_, id := handedIn(t, h, "ana@example.com", individual())
		lead, _ := atDesk(t, h, accounts.Lead)
		lead.open("/staff/cases/"+id).wants(200, "/staff/cases/"+id, "Nothing of this case was seen in another one")
		lead.open("/staff/blocks?case="+id).wants(200, "/staff/blocks", "The contact ana@example.com", "The account account of ana@example.com", "The file ", "Nothing was ever blocked")
		lead.send("/staff/blocks").wants(422, "/staff/blocks", "Choose one of them.", "There is a problem")
		lead.send("/staff/blocks", "what", "email", "reason", "Named in a fraud", "days", "30", "refuse", "yes").wants(200, "/staff/blocks", "a…@example.com", "Refused", "Named in a fraud")
		lead.open("/staff/cases/"+id).wants(200, "/staff/cases/"+id, "The contact a…@example.com is blocked:")

		lead.open("/staff/blocks").send("/staff/blocks", "kind", "contact", "value", "ANA@example.com", "reason", "Again", "days", "90").wants(409, "/staff/blocks", "blocked already")
		lead.send("/staff/blocks", "kind", "file", "value", "abc", "reason", "", "days", "7").wants(422, "/staff/blocks", "64 hexadecimal digits", "still to come")
		for _, form := range lead.open("/staff/blocks").all(func(n *html.Node) bool { return n.Data == "form" }) {
			if action := testhtml.Attr(form, "action"); action != "/staff/blocks" && len(action) > len("/staff/blocks/") && action[:14] == "/staff/blocks/" {
				lead.send(action)
			}
		}
		lead.wants(200, "/staff/blocks", "Lifted")

		auditor, _ := atDesk(t, h, accounts.Auditor)
		auditor.open("/staff/blocks?case="+id).wants(200, "/staff/blocks", "Lifted", "Named in a fraud")
		if forms := auditor.all(func(n *html.Node) bool { return n.Data == "form" && testhtml.Attr(n, "action") == "/staff/blocks" }); len(forms) > 0 {
			t.Error("an auditor may block")
		}
		reviewer, _ := atDesk(t, h, accounts.Reviewer)
		reviewer.open("/staff/blocks").wants(403, "/staff/blocks", "Your roles do not open this page.", "To the workbench")
	})
}

// TestBlocklistInABrowser: it follows the rules of accessibility in both themes and all
// languages, and fits.
func TestBlocklistInABrowser(t *testing.T) {
	h := open(t)
	_, id := handedIn(t, h.Harness, "ana@example.com", individual())
	block(t, h.Harness, id)
	p := signedIn(t, h.Harness, browser.Options{Width: 390, Height: 844}, accounts.Lead)
	checkAll(p, h.Harness, place{"blocks", "/en/staff/blocks"}, place{"blocks for a case", "/pt-BR/staff/blocks?case=" + id}, place{"blocks", "/zh-Hans/staff/blocks"})
	p.Go(h.URL + "/en/staff/blocks")
	p.Follow(`main form[action$="/staff/blocks"] button`)
	p.Shows("There is a problem")
	p.CheckEverywhere("a refused block")
}
