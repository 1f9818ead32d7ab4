package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"regain/accounts"
	"regain/cases"
	"regain/internal/testhtml"
	"regain/server"
	"regain/server/servertest"
)

// desk is a member of staff who has signed in, in a browser without scripts.
func desk(t *testing.T, h *servertest.Harness, roles ...accounts.Role) (*customer, accounts.Staff) {
	t.Helper()
	who := h.NewStaff(t, roles...)
	v := visit(t, h).open("/staff/sign-in")
	v.send("/staff/sign-in", "email", who.Email, "password", servertest.StaffPassword)
	return v, who
}

// listed puts cases into the queue by copying one that a customer has handed in, each
// changed by vary.
func listed(t *testing.T, h *servertest.Harness, number int, vary func(n int, c *cases.Case)) []*cases.Case {
	t.Helper()
	_, reference := submitted(t, h, fmt.Sprintf("ana+%s@example.com", uuid.NewString()[:8]))
	lead := cases.Actor{Kind: cases.Staff, ID: "nobody", Roles: []string{cases.RoleReviewer}}
	first, err := h.Cases.ByReference(t.Context(), lead, reference)
	if err != nil {
		t.Fatal(err)
	}
	var all []*cases.Case
	for n := range number {
		c := *first
		c.ID, c.Reference = uuid.Must(uuid.NewV7()).String(), fmt.Sprintf("T%sX%dX", reference[1:7], 100+n)
		c.Account, c.AccountKey, c.Open = fmt.Sprintf("account-%d", n), uuid.NewString(), false
		c.EventSeq, c.EventHead = 0, ""
		due := time.Now().Add(time.Duration(n+1) * time.Hour).UTC().Truncate(time.Microsecond)
		c.ReviewDue = &due
		if vary != nil {
			vary(n, &c)
		}
		c.Place()
		all = append(all, &c)
	}
	if _, err := h.DB.NewInsert().Model(&all).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(100 * 24 * time.Hour) // the copied one comes last
	if _, err := h.DB.NewUpdate().Model(first).Set("review_due = ?", later).Set("queue_at = ?", later).WherePK().Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestStaffSignIn: a wrong password is said above the form and keeps the address; the
// right one leads to the queue; leaving leads back.
func TestStaffSignIn(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		who := h.NewStaff(t, accounts.Reviewer)
		v := visit(t, h).open("/staff/sign-in").wants(200, "/staff/sign-in", "Sign in")
		v.send("/staff/sign-in", "email", who.Email, "password", "").wants(422, "/staff/sign-in", "There is a problem")
		v.send("/staff/sign-in", "email", who.Email, "password", "not this one at all").wants(422, "/staff/sign-in", "The address or the password is not right.")
		if got := fields(v.form("/staff/sign-in")); got.Get("email") != who.Email || got.Get("password") != "" {
			t.Errorf("the form holds %v", got)
		}
		v.send("/staff/sign-in", "email", who.Email, "password", servertest.StaffPassword).wants(200, "/staff/queue", "Next case", "Nothing waits")
		v.open("/staff/sign-in").wants(200, "/staff/queue")
		v.send("/sign-out").wants(200, "/staff/sign-in")
		v.open("/staff/queue").wants(401, "/staff/queue", "Sign in to go on.")
	})
}

// TestStaffSignInLimits: too many tries are refused in words that say how long to wait.
func TestStaffSignInLimits(t *testing.T) {
	h := open(t)
	who := h.NewStaff(t, accounts.Reviewer)
	v := visit(t, h.Harness).open("/staff/sign-in")
	for range 10 {
		v.send("/staff/sign-in", "email", who.Email, "password", "not this one at all").wants(422, "/staff/sign-in")
	}
	v.send("/staff/sign-in", "email", who.Email, "password", servertest.StaffPassword).wants(429, "/staff/sign-in", "Please wait 15 minutes and try again.")
}

// TestStaffSessionEnds: what was about to be done is not lost when the session ends,
// even when the password is wrong at first.
func TestStaffSessionEnds(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		all := listed(t, h, 2, nil)
		v, who := desk(t, h, accounts.Reviewer)
		v.open("/staff/queue?view=unassigned").wants(200, "/staff/queue", all[0].Account)
		form := fields(v.form("/staff/queue/claim"))
		if _, err := h.DB.ExecContext(t.Context(), "DELETE FROM sessions"); err != nil {
			t.Fatal(err)
		}
		form.Set("case", all[1].ID)
		v.post("/staff/queue/claim", form).wants(401, "/staff/queue/claim", "What you typed is kept")
		v.send("/staff/sign-in", "email", who.Email, "password", "not this one at all").wants(422, "/staff/sign-in")
		v.send("/staff/sign-in", "email", who.Email, "password", servertest.StaffPassword).wants(200, "/staff/sign-in", "Nothing that you typed was lost")
		v.send("/staff/queue/claim")
		claimed, err := h.Cases.Case(t.Context(), cases.SystemActor(), all[1].ID)
		if err != nil || claimed.ClaimedBy != who.ID {
			t.Errorf("%+v, %v", claimed, err)
		}
	})
}

// TestStaffNavigation: everybody is led to what their role opens, and to nothing else.
func TestStaffNavigation(t *testing.T) {
	h := open(t)
	for role, lands := range map[accounts.Role]string{
		accounts.Reviewer: "/staff/queue", accounts.Lead: "/staff/queue", accounts.Auditor: "/staff/queue",
	} {
		v, _ := desk(t, h.Harness, role)
		v.wants(200, lands)
	}
	for _, role := range []accounts.Role{accounts.PolicyAuthor, accounts.Admin} {
		v, _ := desk(t, h.Harness, role)
		v.wants(200, "/staff(/.*)?")
		for _, link := range links.FindAllStringSubmatch(v.body, -1) {
			if u, err := url.Parse(link[1]); err != nil || u.Path == "" {
				continue
			}
			at := v.url.Path
			if v.open(link[1]); v.status != 200 {
				t.Errorf("%s leads from %s to %s: %d", role, at, link[1], v.status)
			}
		}
	}
}

// TestQueuePage: views, pages forth and back, a claim, and one that came too late.
func TestQueuePage(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		all := listed(t, h, 60, nil)
		v, who := desk(t, h, accounts.Reviewer)
		v.wants(200, "/staff/queue", "account-0", "account-24", "Due in")
		next := v.link("next")
		v.open(next).wants(200, "/staff/queue", "account-25", "account-49")
		v.open(v.link("next")).wants(200, "/staff/queue", "account-50", "account-59")
		v.open(v.link("prev")).wants(200, "/staff/queue", "account-25", "account-49")
		v.open(v.link("prev")).wants(200, "/staff/queue", "account-0", "account-24")
		v.send("/staff/queue/next")
		claimed, err := h.Cases.Case(t.Context(), cases.SystemActor(), all[0].ID)
		if err != nil || claimed.ClaimedBy != who.ID {
			t.Fatalf("the next case is not the one due first: %+v, %v", claimed, err)
		}
		v.open("/staff/queue?view=mine").wants(200, "/staff/queue", "account-0", "You")
		v.open("/staff/queue?view=unassigned")
		form := fields(v.form("/staff/queue/claim"))
		other := cases.Actor{Kind: cases.Staff, ID: h.NewStaff(t, accounts.Reviewer).ID, Roles: []string{cases.RoleReviewer}}
		if _, err := h.Cases.Claim(t.Context(), other, form.Get("case"), 0); err != nil {
			t.Fatal(err)
		}
		v.post("/staff/queue/claim", form).wants(409, "/staff/queue/claim", "Somebody else holds this case.", "account-2")
		v.open("/staff/queue?view=due_soon").wants(200, "/staff/queue", "Ana Lima")
		v.open("/staff/queue?view=nothing").wants(422, "/staff/queue")
	})
}

// link is the address behind the first link with a relation.
func (v *customer) link(rel string) string {
	v.t.Helper()
	for _, n := range v.all(func(n *html.Node) bool { return n.Data == "a" && testhtml.Attr(n, "rel") == rel }) {
		return testhtml.Attr(n, "href")
	}
	v.t.Fatalf("no link to the %s page", rel)
	return ""
}

// TestQueueSearchPage: what is searched for is found in all views, goes along from view
// to view, is taken off again, and never stands in an address.
func TestQueueSearchPage(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		submitted(t, h, "maria.prado@example.com")
		submitted(t, h, "joao.silva@example.com")
		v, who := desk(t, h, accounts.Reviewer, accounts.Lead)
		v.open("/staff/queue?view=unassigned").wants(200, "/staff/queue", "maria.prado", "joao.silva")
		v.send("/staff/queue/filter", "text", "?").wants(422, "/staff/queue/filter", "There is a problem")
		if got := fields(v.form("/staff/queue/filter")).Get("text"); got != "?" {
			t.Errorf("what was typed is lost: %q", got)
		}
		v.open("/staff/queue?view=mine").send("/staff/queue/filter", "text", "Prado").wants(200, "/staff/queue", "All", "maria.prado", "Shown only: Prado")
		if strings.Contains(v.text(), "joao.silva") {
			t.Error("shows what was not searched for")
		}
		if found := v.url.RawQuery; strings.Contains(strings.ToLower(found), "prado") || !strings.HasPrefix(found, "saved=") {
			t.Errorf("the address is %s", found)
		}
		saved := v.url.RawQuery
		v.open("/staff/queue?"+saved+"&view=ended").wants(200, "/staff/queue", "No case in this view fits.")
		v.open("/staff/queue?"+saved+"&view=unassigned").wants(200, "/staff/queue", "maria.prado")
		reference := referenceText.FindString(v.text())
		v.send("/staff/queue/filter", "drop", "text").wants(200, "/staff/queue", "maria.prado", "joao.silva")

		v.open("/staff/queue?view=unassigned").send("/staff/queue/filter", "text", strings.ToLower(reference)).wants(200, "/staff/cases/.+", reference)
		v.open("/staff/queue?view=unassigned").send("/staff/queue/filter", "language", "pt-BR", "within", "4h", "age", "1d").wants(200, "/staff/queue", "No case in this view fits.", "Portuguese", "Within 4 hours")
		v.send("/staff/queue/filter", "do", "save", "name", "", "language", "en").wants(422, "/staff/queue/filter", "There is a problem")
		v.send("/staff/queue/filter", "do", "save", "name", "English now", "shared", "yes", "within", "").wants(200, "/staff/queue", "English now", "maria.prado")
		other, _ := desk(t, h, accounts.Reviewer)
		other.open("/staff/queue").wants(200, "/staff/queue", "English now")
		other.open("/staff/queue?"+saved).wants(404, "/staff/queue")
		v.send("/staff/queue/remove-view").wants(200, "/staff/queue")
		if strings.Contains(v.text(), "English now") {
			t.Error("the view is still there")
		}
		v.open("/staff/queue?view=unassigned&holder="+who.ID).wants(200, "/staff/queue", "No case in this view fits.", who.Email)
	})
}

// TestQueueSelection: a lead gives selected cases to somebody, is told which could not
// be given and why, and undoes it.
func TestQueueSelection(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		all := listed(t, h, 3, nil)
		other := h.NewStaff(t, accounts.Reviewer)
		v, who := desk(t, h, accounts.Lead)
		v.open("/staff/queue?view=unassigned").wants(200, "/staff/queue", "With the selected cases")
		form := fields(v.form("/staff/queue/assign"))
		choose := func(do, to string, selected ...*cases.Case) *customer {
			sent := url.Values{}
			for name, values := range form {
				sent[name] = values
			}
			sent.Set(server.FormKey, uuid.NewString())
			sent.Set("do", do)
			sent.Set("to", to)
			for _, c := range selected {
				sent.Add("case", c.ID)
			}
			return v.post("/staff/queue/assign", sent)
		}
		choose("mine", "").wants(422, "/staff/queue/assign", "Select at least one case first.")
		choose("give", "", all[0]).wants(422, "/staff/queue/assign", "Choose first to whom")
		if _, err := h.Cases.Withdraw(t.Context(), cases.Actor{Kind: cases.Customer, ID: all[2].ID}, all[2].ID, 0); err != nil {
			t.Fatal(err)
		}
		choose("give", other.ID, all...).wants(200, "/staff/queue", "2 cases were given to Ana Lima ("+other.Email+").", "1 was left as it is:", all[2].Reference, "this is not possible any more")
		if c, err := h.Cases.Case(t.Context(), cases.SystemActor(), all[0].ID); err != nil || c.ClaimedBy != other.ID {
			t.Fatalf("%+v, %v", c, err)
		}
		v.send("/staff/queue/undo").wants(200, "/staff/queue", "Undone: 2 cases are where they were.", all[0].Account)
		choose("mine", "", all[0]).wants(200, "/staff/queue", "1 case is yours now.")
		v.open("/staff/queue?view=mine").wants(200, "/staff/queue", all[0].Account)
		if c, err := h.Cases.Case(t.Context(), cases.SystemActor(), all[0].ID); err != nil || c.ClaimedBy != who.ID {
			t.Fatalf("%+v, %v", c, err)
		}
		choose("back", "", all[0]).wants(200, "/staff/queue", "1 case went back to the queue.")
	})
}
