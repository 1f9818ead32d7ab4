package web_test

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"regain/accounts"
	"regain/internal/browser"
	"regain/internal/testhtml"
)

// TestOrganisationsKept: a lead adds an organisation with a member and sees what is asked
// of it; an administrator sets its domains and sees how much is asked; what is wrong stands
// beside the field.
func TestOrganisationsKept(t *testing.T) {
	h := open(t)
	h.claimant("ana@example.com").invite("ops@parceira.example")
	lead, _ := atDesk(t, h.Harness, accounts.Lead)
	lead.open("/staff/organisations").wants(200, "/staff/organisations", "No organisation was added yet.")
	lead.send("/staff/organisations", "name", " ").wants(422, "/staff/organisations", "Give a name.")
	lead.send("/staff/organisations", "name", "Nuvem_Parceira 100%").wants(200, "/staff/organisations/[^/]+", "Nothing is asked of it now.", "Nobody can sign in for it yet.", "Administrators set them.")
	path := lead.url.Path
	lead.send(path+"/members", "email", "x").wants(422, path+"/members", "Give one e-mail address")
	lead.send(path+"/members", "email", "ops@parceira.example").wants(200, path, "1 invitation to its addresses stands.", "ops@parceira.example", "To be sent", "Authorization letter", "Not handed in yet")
	lead.send(path+"/members", "email", "OPS@parceira.example").wants(409, path+"/members", "is a member's already")
	lead.open(path+"?over=true").wants(200, path, "Nothing.")
	lead.open("/staff/organisations?text=parceira+100%25").wants(200, "/staff/organisations", "Nuvem_Parceira 100%", "1 member", "1 invitation stands")
	for _, other := range []string{"nuvemXparceira", "%25%25"} {
		lead.open("/staff/organisations?text="+other).wants(200, "/staff/organisations", "No organisation has this in its name.")
	}
	lead.open("/staff/organisations?text="+strings.Repeat("x", 201)).wants(422, "/staff/organisations", "Give at most 200 characters")
	lead.open("/staff/organisations").send("/staff/organisations", "name", "NUVEM_parceira 100%").wants(409, "/staff/organisations", "with this name already")

	admin, _ := atDesk(t, h.Harness, accounts.Admin)
	admin.open(path).wants(200, path, "1 invitation to its addresses stands.")
	if strings.Contains(admin.text(), "To be sent") {
		t.Error("an administrator sees what is asked in cases")
	}
	admin.send(path+"/domains", "domains", "parceira.example\ngmail.com\nno domain").wants(422, path+"/domains", "gmail.com: Anybody can have an address", "Give a mail domain")
	admin.send(path+"/domains", "domains", "parceira.example，outra.example").wants(200, path)
	if got := fields(admin.form(path + "/domains")).Get("domains"); got != "outra.example parceira.example" {
		t.Errorf("the domains are %q", got)
	}
	for _, form := range admin.all(func(n *html.Node) bool {
		return n.Data == "form" && strings.HasSuffix(testhtml.Attr(n, "action"), "/remove")
	}) {
		admin.send(testhtml.Attr(form, "action")).wants(200, path, "Nobody can sign in for it yet.", "1 invitation to its addresses stands.")
	}
	admin.open("/staff/organisations/none").wants(404, "/staff/organisations/none")
	reviewer, _ := atDesk(t, h.Harness, accounts.Reviewer)
	reviewer.open(path).wants(403, path)
}

// TestOrganisationsKeptInABrowser: the pages follow the rules of accessibility in both
// themes and all languages, and fit.
func TestOrganisationsKeptInABrowser(t *testing.T) {
	h := open(t)
	o, err := h.Accounts.CreateOrganisation(t.Context(), "", "Nuvem Parceira Ltda.")
	if err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"ops@parceira.example", "a.very.long.address.of.somebody@parceira.example"} {
		if _, err := h.Accounts.AddMember(t.Context(), "", o.ID, email); err != nil {
			t.Fatal(err)
		}
	}
	h.claimant("ana@example.com").invite("ops@parceira.example")
	p := signedIn(t, h.Harness, browser.Options{Width: 390, Height: 844}, accounts.Admin, accounts.Lead)
	one := "/staff/organisations/" + o.ID
	checkAll(p, h.Harness, place{"organisations", "/en/staff/organisations"}, place{"organisations", "/zh-Hans/staff/organisations"},
		place{"an organisation", "/en" + one}, place{"an organisation", "/pt-BR" + one}, place{"letters that are over", "/en" + one + "?over=true"})
	p.Go(h.URL + "/en" + one)
	p.Follow(`main form[action$="/members"] button`)
	p.Shows("There is a problem")
	p.CheckEverywhere("a refused member")
}
