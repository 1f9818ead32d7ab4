package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"regain/accounts"
	"regain/cases"
	"regain/internal/browser"
	"regain/notify"
	"regain/server"
	"regain/server/servertest"
)

// notStaffPages answer with a file.
var notStaffPages = []string{"review-document-page", "export-file-page", "lead-export-page"}

// TestEveryPageOfStaff opens every page of the workbench: it follows all rules of
// accessibility on a phone and on a wide screen, in light and dark, and on a phone in every
// language; it fits 320 pixels, and nothing is refused by the content policy or written
// to the console. A page that is not in the table fails the test.
func TestEveryPageOfStaff(t *testing.T) {
	h := open(t)
	me := h.NewStaff(t, accounts.Reviewer, accounts.Lead, accounts.Auditor, accounts.Admin, accounts.PolicyAuthor)
	author := h.NewStaff(t, accounts.PolicyAuthor)
	states := staffStates(t, h, me)
	for _, r := range h.Server.Routes() {
		if r.Method != http.MethodGet || r.Tag != "" || !strings.HasPrefix(r.Path, "/staff") || strings.HasSuffix(r.Path, ".csv") || slices.Contains(notStaffPages, r.ID) {
			continue
		}
		if !slices.ContainsFunc(states, func(s state) bool { return s.route == r.ID }) {
			t.Errorf("the page %s at %s is in no row of staffStates", r.ID, r.Path)
		}
	}
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	signIn(t, p, h.Harness, me)
	for _, s := range states {
		switch s.route {
		case "staff-sign-in-page":
			p.ForgetCookies()
		case "staff-page":
			signIn(t, p, h.Harness, author)
		}
		for _, locale := range server.Locales() {
			p.Go(h.URL + "/" + locale + s.path)
			if s.do != nil {
				s.do(p)
			}
			checkIn(p, locale, "staff page "+s.name)
		}
		if slices.Contains([]string{"staff-sign-in-page", "staff-page"}, s.route) {
			signIn(t, p, h.Harness, me)
		}
	}
}

// checkIn looks at a page in one of its languages: in English everywhere, in the others, in which the words differ and
// no colour, once and for whether it fits.
func checkIn(p *browser.Page, locale, name string) {
	if locale == "en" {
		p.CheckEverywhere(name)
		return
	}
	p.CheckAccessible(name + " in " + locale)
	p.CheckFits(name + " in " + locale)
}

// place is a page and what it is called.
type place struct{ name, path string }

// checkAll opens pages, unfolds what can be, and looks at them as checkIn does.
func checkAll(p *browser.Page, h *servertest.Harness, places ...place) {
	for _, at := range places {
		p.Go(h.URL + at.path)
		unfold(p)
		locale, _, _ := strings.Cut(at.path[1:], "/")
		checkIn(p, locale, at.name)
	}
}

// staffStates are the pages with something on each of them.
func staffStates(t *testing.T, h *house, me accounts.Staff) []state {
	t.Helper()
	other := h.NewStaff(t, accounts.Reviewer)
	variedQueue(t, h.Harness, me.ID, other.ID)
	_, id := withDocuments(t, h.Harness, "ana@example.com", enterprise())
	lookAt(t, h.Harness, other, id, 3)
	writer := cases.Actor{Kind: cases.Staff, ID: other.ID, Roles: []string{cases.RoleReviewer}}
	if _, err := h.Cases.WriteNote(t.Context(), writer, id, "The stamp looks pasted.", reviewerOf(me)); err != nil {
		t.Fatal(err)
	}
	asks(t, h.Harness, id, "Is there any news?")
	block(t, h.Harness, id)
	run, err := h.Cases.StartAudit(t.Context(), cases.Actor{Kind: cases.Staff, ID: me.ID, Roles: []string{cases.RoleAuditor}})
	if err != nil {
		t.Fatal(err)
	}
	verifyDue(t, h.Harness)
	hook := hooked(t, h.Harness)
	failed, _, err := h.Webhooks.Deliveries(t.Context(), hook.ID, notify.DeliveryQuery{State: notify.DeliveryFailed, Page: firstPage(t)})
	if err != nil || len(failed) == 0 {
		t.Fatal(failed, err)
	}
	firm, err := h.Accounts.CreateOrganisation(t.Context(), "", "Nuvem Parceira Ltda.")
	if err != nil {
		t.Fatal(err)
	}
	one := "/staff/webhooks/" + hook.ID
	return []state{
		{route: "staff-sign-in-page", name: "sign-in", path: "/staff/sign-in"},
		{route: "staff-page", name: "home", path: "/staff"},
		{route: "queue-page", name: "queue", path: "/staff/queue?view=all"},
		{route: "queue-page", name: "queue-followed", path: "/staff/queue?view=followed"},
		{route: "inbox-page", name: "inbox", path: "/staff/inbox?show=all"},
		{route: "review-page", name: "case", path: "/staff/cases/" + id, do: shown},
		{route: "export-page", name: "export", path: "/staff/cases/" + id + "/export"},
		{route: "blocks-page", name: "blocks", path: "/staff/blocks?case=" + id},
		{route: "tags-page", name: "tags", path: "/staff/tags"},
		{route: "lead-page", name: "figures", path: "/staff/lead"},
		{route: "audit-page", name: "audit", path: "/staff/audit"},
		{route: "audit-run-page", name: "audit-run", path: "/staff/audit/runs/" + run.ID},
		{route: "audit-case-page", name: "audit-case", path: "/staff/audit/cases/" + id},
		{route: "looks-page", name: "audit-looks", path: "/staff/audit/looks?person=" + other.ID},
		{route: "own-password-page", name: "password", path: "/staff/password"},
		{route: "people-page", name: "people", path: "/staff/people"},
		{route: "staff-changes-page", name: "people-changes", path: "/staff/people/changes"},
		{route: "person-page", name: "person", path: "/staff/people/" + other.ID},
		{route: "organisations-page", name: "organisations", path: "/staff/organisations"},
		{route: "kept-organisation-page", name: "organisation", path: "/staff/organisations/" + firm.ID},
		{route: "keys-page", name: "keys", path: "/staff/keys"},
		{route: "webhooks-page", name: "webhooks", path: "/staff/webhooks"},
		{route: "webhook-page", name: "webhook", path: one},
		{route: "delivery-page", name: "delivery", path: one + "/deliveries/" + failed[0].MessageID},
	}
}
