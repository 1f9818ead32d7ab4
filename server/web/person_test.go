package web_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"regain/accounts"
	"regain/internal/browser"
	"regain/internal/testhtml"
	"regain/server/servertest"
)

var oncePattern = regexp.MustCompile(`\b[a-z2-7]{4}(-[a-z2-7]{4}){3}\b`)

// TestPeoplePages: an administrator adds a person and gets the password once; the person
// chooses an own one with it; roles and access are changed, and the record tells of it.
func TestPeoplePages(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		admin, me := atDesk(t, h, accounts.Admin)
		admin.open("/staff").wants(200, "/staff/people", "People", "Add a person", me.Email)
		admin.send("/staff/people", "name", "", "email", "bea").wants(422, "/staff/people", "There is a problem", "Give a name.", "Give one e-mail address", "Give at least one role.")
		admin.send("/staff/people", "name", "Bea Prado", "email", "bea@example.com", "roles", "reviewer").wants(200, "/staff/people", "One-time password", "Bea Prado", "Own password not chosen yet")
		if !regexp.MustCompile(`at the sign-in, until [^.]*:\d\d UTC`).MatchString(admin.text()) {
			t.Errorf("until what time the password works: %s", admin.text())
		}
		once := oncePattern.FindString(admin.text())
		if once == "" {
			t.Fatalf("no password: %s", admin.text())
		}
		bea := ""
		for _, form := range admin.all(func(n *html.Node) bool {
			return n.Data == "form" && strings.HasSuffix(testhtml.Attr(n, "action"), "/roles")
		}) {
			bea = strings.TrimSuffix(testhtml.Attr(form, "action"), "/roles")
		}
		admin.open(bea).wants(200, bea, "Bea Prado", "Added Bea Prado as Reviewer")
		if strings.Contains(admin.body, once) {
			t.Error("the password is shown again")
		}
		admin.open("/staff/people").send("/staff/people", "name", "Bea", "email", "BEA@example.com", "roles", "lead").wants(409, "/staff/people", "exists already")

		v := visit(t, h).open("/staff/sign-in")
		v.send("/staff/sign-in", "email", "bea@example.com", "password", once).wants(200, "/staff/sign-in", "Choose your own password", "works once")
		if strings.Contains(v.body, once) {
			t.Error("the page repeats the password")
		}
		v.send("/staff/password", "password", once, "new_password", "four plain unrelated words", "again", "four plain words").wants(422, "/staff/password", "The two new passwords differ.")
		v.send("/staff/password", "password", once, "new_password", "password1234", "again", "password1234").wants(422, "/staff/password", "easy to guess")
		v.send("/staff/password", "password", "not this one", "new_password", "four plain unrelated words", "again", "four plain unrelated words").wants(422, "/staff/password", "is not right")
		v.send("/staff/password", "password", once, "new_password", "four plain unrelated words", "again", "four plain unrelated words").wants(200, "/staff/queue", "Next case")
		v.open("/staff/people").wants(403, "/staff/people")
		v.open("/staff/people/me").wants(200, "/staff/people/me", "This is you", "Choose another password")

		admin.open(bea).send(bea+"/roles", "roles", "lead").wants(200, bea, "The roles are changed.", "Changed the roles of Bea Prado from Reviewer to Lead")
		admin.send(bea+"/disable").wants(200, bea, "can't sign in any more", "Let sign in again")
		v.open("/staff/queue").wants(401, "/staff/queue")
		admin.send(bea+"/enable").wants(200, bea, "can sign in again")
		admin.send(bea+"/password").wants(200, bea+"/password", "One-time password")
		if again := oncePattern.FindString(admin.text()); again == "" || again == once {
			t.Errorf("the new password %q", again)
		}
		admin.open("/staff/people/me").wants(200, "/staff/people/me", "Another administrator changes your roles")
		admin.open("/staff/people/changes").wants(200, "/staff/people/changes", "Made a one-time password for Bea Prado", "Bea Prado chose an own password", "The operator, on the command line")
		admin.open("/staff/people/changes?person="+strings.TrimPrefix(bea, "/staff/people/")).wants(200, "/staff/people/changes", "What was changed about Bea Prado")

		admin.open("/staff/people").send("/staff/people/search", "text", "PRADO").wants(200, "/staff/people/search", "Bea Prado", "those who fit “PRADO”")
		if strings.Contains(admin.text(), me.Email) {
			t.Error("the search shows others")
		}
		if strings.Contains(admin.url.String(), "PRADO") {
			t.Error("the address holds what was searched for")
		}
		admin.send("/staff/people/search", "text", "", "state", "away", "role", "admin").wants(200, "/staff/people", "Nobody fits.")

		auditor, _ := atDesk(t, h, accounts.Auditor)
		auditor.open(bea).wants(200, bea, "Bea Prado", "Record of changes")
		if forms := auditor.all(func(n *html.Node) bool { return n.Data == "form" && strings.HasPrefix(testhtml.Attr(n, "action"), bea) }); len(forms) > 0 {
			t.Error("an auditor may change people")
		}
		clerk, _ := atDesk(t, h, accounts.PolicyAuthor)
		clerk.open(bea).wants(404, bea)
	})
}

// TestAbsencePages: a reviewer is away from today on, loses what they hold to the queue,
// is shown as away wherever cases are given, and comes back early.
func TestAbsencePages(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		_, id := handedIn(t, h, "ana@example.com", individual())
		ben, who := atDesk(t, h, accounts.Reviewer)
		ben.open("/staff/queue?view=unassigned").send("/staff/queue/next").wants(200, "/staff/cases/"+id)
		ben.open("/staff/people/me").wants(200, "/staff/people/me", "Holds 1 case.", "Nothing is set.")
		path := "/staff/people/" + who.ID
		today := time.Now().UTC()
		ben.send(path+"/absences", "from", "", "until", "soon").wants(422, path+"/absences", "There is a problem", "Give a day")
		ben.send(path+"/absences", "from", today.AddDate(0, 0, 2).Format(time.DateOnly), "until", today.Format(time.DateOnly)).wants(422, path+"/absences", "not before the first")
		ben.send(path+"/absences", "from", today.Format(time.DateOnly), "until", today.AddDate(0, 0, 2).Format(time.DateOnly), "reason", "on leave").
			wants(200, path, "The absence is set. 1 case went back to the queue.", "on leave", "End it now", "Away")
		ben.send(path+"/absences", "from", today.Format(time.DateOnly), "until", today.Format(time.DateOnly)).wants(409, path+"/absences", "Another absence is set")
		ben.open("/staff/queue?view=unassigned").send("/staff/queue/next").wants(409, "/staff/queue/next", "You are marked as away.")

		lead, _ := atDesk(t, h, accounts.Lead)
		lead.open("/staff/queue?view=unassigned").wants(200, "/staff/queue", "(away until ")
		form := fields(lead.form("/staff/queue/assign"))
		form.Set("case", id)
		form.Set("to", who.ID)
		form.Set("do", "give")
		lead.post("/staff/queue/assign", form).wants(200, "/staff/queue", "Nothing was changed.", "That person is away.")
		lead.open("/staff/cases/"+id).wants(200, "/staff/cases/"+id, "its holder is away")
		lead.open("/staff/people").send("/staff/people/search", "text", "", "state", "away").wants(200, "/staff/people", who.Email, "Back after")
		lead.open(path).wants(200, path, "Set an absence")
		lead.open("/staff/lead").wants(200, "/staff/lead", "Away now:", "(away until ")

		for _, f := range ben.open(path).all(func(n *html.Node) bool {
			return n.Data == "form" && strings.HasSuffix(testhtml.Attr(n, "action"), "/end")
		}) {
			ben.send(testhtml.Attr(f, "action")).wants(200, path, "The absence is ended.", "Nothing is set.")
		}
		ben.open("/staff/queue?view=unassigned").send("/staff/queue/next").wants(200, "/staff/cases/"+id)
		ben.open("/staff/people/me/absences/none/end").wants(200, "/staff/people/me")
	})
}

// TestPeopleInABrowser: the pages follow the rules of accessibility in both themes and all
// languages, and fit.
func TestPeopleInABrowser(t *testing.T) {
	h := open(t)
	admin := h.NewStaff(t, accounts.Admin)
	by := accounts.Principal{Kind: accounts.StaffMember, ID: admin.ID, Roles: admin.Roles}
	away := h.NewStaff(t, accounts.Reviewer, accounts.Lead)
	self := accounts.Principal{Kind: accounts.StaffMember, ID: away.ID, Roles: away.Roles}
	for _, days := range []int{0, 10} {
		from := time.Now().AddDate(0, 0, days)
		if _, err := h.Accounts.SetAbsence(t.Context(), self, accounts.NewAbsence{Staff: away.ID, From: from, Until: from.AddDate(0, 0, 3), Reason: "on leave"}); err != nil {
			t.Fatal(err)
		}
	}
	gone := h.NewStaff(t, accounts.Auditor)
	if err := h.Accounts.DisableStaff(t.Context(), by, gone.ID); err != nil {
		t.Fatal(err)
	}
	p := signedIn(t, h.Harness, browser.Options{Width: 390, Height: 844}, accounts.Admin, accounts.Lead)
	checkAll(p, h.Harness,
		place{"people", "/en/staff/people"}, place{"people", "/zh-Hans/staff/people"}, place{"somebody away", "/en/staff/people/" + away.ID}, place{"somebody away", "/pt-BR/staff/people/" + away.ID},
		place{"somebody gone", "/en/staff/people/" + gone.ID}, place{"oneself", "/en/staff/people/me"}, place{"oneself", "/zh-Hans/staff/people/me"},
		place{"changes", "/en/staff/people/changes"}, place{"changes", "/pt-BR/staff/people/changes"}, place{"one's own password", "/en/staff/password"},
	)
	p.Go(h.URL + "/en/staff/people")
	unfold(p)
	p.Follow(`main form[action$="/staff/people"] button`)
	p.Shows("There is a problem")
	p.CheckEverywhere("a refused person")
	p.Go(h.URL + "/en/staff/people/" + gone.ID)
	p.Follow(`main form[action$="/password"] button`)
	p.Shows("One-time password")
	p.CheckEverywhere("a one-time password")
}
