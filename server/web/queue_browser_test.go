package web_test

import (
	"testing"
	"time"

	"regain/accounts"
	"regain/cases"
	"regain/internal/browser"
	"regain/server/servertest"
)

// variedQueue fills the queue with cases in every state, held by two people.
func variedQueue(t *testing.T, h *servertest.Harness, mine, other string) []*cases.Case {
	t.Helper()
	return listed(t, h, 32, func(n int, c *cases.Case) {
		now := time.Now().UTC().Truncate(time.Microsecond)
		at := func(d time.Duration) *time.Time { u := now.Add(d); return &u }
		c.Account = []string{"santos.example", "北辰科技", "orion-gmbh", "padaria-sol"}[n%4]
		c.Locale = []string{"en", "zh-Hans", "pt-BR"}[n%3]
		c.ReviewDue = at(time.Duration(n-3) * 5 * time.Hour)
		switch n % 8 {
		case 1, 2:
			c.State, c.ClaimedBy, c.ClaimExpires = cases.InReview, []string{mine, other}[n%2], at(20*time.Minute)
		case 3:
			c.State, c.ReviewDue, c.CustomerDue = cases.MaterialsRequested, nil, at(time.Duration(n)*30*time.Hour)
		case 4:
			c.State, c.ReviewDue, c.EndedAt = []cases.State{cases.Approved, cases.Denied, cases.Withdrawn, cases.Expired}[n/8], nil, at(-time.Duration(n)*time.Hour)
		case 5:
			c.Round = 2
		case 6:
			c.ApprovalsNeeded = 2
		}
	})
}

// signIn gives the window a session of somebody; TestQueueInABrowser comes in by the page for it.
func signIn(t *testing.T, p *browser.Page, h *servertest.Harness, who accounts.Staff) {
	t.Helper()
	token, err := h.Accounts.OpenSession(t.Context(), accounts.StaffMember, who.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	p.ForgetCookies()
	cookie := h.Server.SessionCookie(token, hour)
	p.Cookie(h.URL, &cookie)
}

// TestQueueInABrowser: the queue is accessible and fits, on a phone and on a desk, light
// and dark.
func TestQueueInABrowser(t *testing.T) {
	h := open(t)
	me, other := h.NewStaff(t, accounts.Reviewer), h.NewStaff(t, accounts.Reviewer)
	variedQueue(t, h.Harness, me.ID, other.ID)
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Go(h.URL + "/staff/sign-in")
	p.Type("#f-email", me.Email)
	p.Type("#f-password", "not this one at all")
	p.Follow("main form button")
	p.Shows("The address or the password is not right.")
	p.CheckEverywhere("signing in refused")
	p.Type("#f-password", servertest.StaffPassword)
	p.Follow("main form button")
	p.Shows("Cases that you hold")
	p.CheckEverywhere("queue mine")
	for _, view := range []string{"unassigned", "due_soon", "ended", "appeals", "held"} {
		p.Go(h.URL + "/staff/queue?view=" + view)
		p.CheckEverywhere("queue " + view)
	}
	p.Click("header details:last-of-type summary")
	p.CheckEverywhere("who is signed in")
}

// look makes the queue look for news, as it does by itself every twenty seconds.
func look(t *testing.T, p *browser.Page) {
	t.Helper()
	browser.Eval[bool](p, `new Promise(done => {
		document.addEventListener("htmx:finally:request", () => setTimeout(() => done(true), 50), {once: true});
		document.getElementById("queue").dispatchEvent(new Event("regain:look"));
	})`)
}

// TestQueueLive: what others do is seen without a reload; no row moves, the focus
// stays, and new cases are told of.
func TestQueueLive(t *testing.T) {
	h := open(t)
	me := h.NewStaff(t, accounts.Reviewer)
	all := listed(t, h.Harness, 4, nil)
	p := browser.Open(t, browser.Options{})
	signIn(t, p, h.Harness, me)
	p.Go(h.URL + "/staff/queue?view=unassigned")
	const rows = `[...document.querySelectorAll("#queue-rows tr")].map(r => r.querySelector(".account").textContent).join()`
	const count = `document.querySelector('.views a[aria-current] .count').textContent`
	before := browser.Eval[string](p, rows)
	third := "#case-" + all[2].ID + " button"
	browser.Eval[bool](p, `(document.querySelector("`+third+`").focus(), window.regainSame = document.querySelector("`+third+`"), true)`)

	other := cases.Actor{Kind: cases.Staff, ID: h.NewStaff(t, accounts.Reviewer).ID, Roles: []string{cases.RoleReviewer}}
	if _, err := h.Cases.Claim(t.Context(), other, all[1].ID, 0); err != nil {
		t.Fatal(err)
	}
	early := time.Now().Add(time.Minute)
	fresh := listed(t, h.Harness, 2, func(_ int, c *cases.Case) { c.Account, c.ReviewDue = "fresh", &early })
	look(t, p)
	p.WaitFor(`document.querySelector("#case-` + all[1].ID + `.gone") && !document.querySelector("#case-` + all[1].ID + ` button")`)
	p.Shows("New cases: 2")
	if got := browser.Eval[string](p, rows); got[:len(before)] != before {
		t.Errorf("the rows were %s and are %s", before, got)
	}
	if !browser.Eval[bool](p, `document.activeElement === window.regainSame`) {
		t.Error("the focus was lost")
	}
	if got := browser.Eval[string](p, count); got != "7" { // 4 and the copied one, 2 and the copied one, less the taken one
		t.Errorf("the count is %s", got)
	}
	p.WaitFor(`document.getElementById("live").textContent === "New cases: 2"`)
	p.CheckAccessible("news in the queue")
	p.CheckFits("news in the queue")
	p.Screenshot("staff-queue-news")
	look(t, p)
	p.Shows("New cases: 2")
	p.Follow("#queue-news a")
	p.WaitFor(`document.querySelector("#queue-rows tr").id === "case-` + fresh[0].ID + `"`)
	if p.Has(".gone") {
		t.Error("the case that was taken is still there")
	}

	if _, err := h.DB.ExecContext(t.Context(), "DELETE FROM sessions"); err != nil {
		t.Fatal(err)
	}
	look(t, p)
	p.WaitFor(`!document.getElementById("desk-ended").hidden`)
	if !p.Has("#case-" + fresh[0].ID) {
		t.Error("the list is gone with the session")
	}
	p.CheckAccessible("the session has ended")
	p.Follow("#desk-ended a")
	p.Shows("Your session has ended")
}

// TestQueueWithoutScripts: claiming and paging take no script.
func TestQueueWithoutScripts(t *testing.T) {
	h := open(t)
	me := h.NewStaff(t, accounts.Reviewer)
	all := listed(t, h.Harness, 30, nil)
	p := browser.Open(t, browser.Options{Width: 390, Height: 844, NoScript: true, Language: "pt-BR"})
	signIn(t, p, h.Harness, me)
	p.Go(h.URL + "/staff/queue")
	p.Shows("Sem responsável")
	p.Follow("a[rel=next]")
	p.Shows("account-29")
	p.Follow("#case-" + all[28].ID + " button")
	p.Go(h.URL + "/staff/queue?view=mine")
	p.Shows("account-28")
	p.CheckFits("mine")
	p.Screenshot("staff-queue-plain-390")
}

// TestQueueFindsInABrowser: searching, filtering, saving a view and giving selected
// cases, accessible and fitting in each state, in light and dark, on a phone and a desk.
func TestQueueFindsInABrowser(t *testing.T) {
	h := open(t)
	boss, other := h.NewStaff(t, accounts.Lead, accounts.Reviewer), h.NewStaff(t, accounts.Reviewer)
	variedQueue(t, h.Harness, boss.ID, other.ID)
	if _, err := h.Cases.IndexWords(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]browser.Options{"en": {Width: 390, Height: 844}, "zh-Hans": {Dark: true, Language: "zh-Hans"}} {
		t.Run(name, func(t *testing.T) {
			p := browser.Open(t, o)
			look := func(page string) {
				t.Helper()
				checkIn(p, name, page)
			}
			signIn(t, p, h.Harness, boss)
			p.Go(h.URL + "/staff/queue?view=unassigned")
			p.Press("/")
			p.WaitFor(`document.activeElement.id === "f-text"`)
			p.Type("#f-text", "santos")
			p.Follow(".finder-line button")
			p.WaitFor(`document.querySelectorAll("#queue-rows tr").length === 8`)
			look("found")
			p.Click("#filters summary")
			look("filters")
			p.Type("#f-name", "Santos "+name)
			p.Follow(`button[value=save]`)
			p.WaitFor(`document.querySelector("h1").textContent === "Santos ` + name + `"`)
			look("saved-view")
			p.Follow(`form[action$="remove-view"] button`)
			p.Go(h.URL + "/staff/queue?view=due_soon")
			if browser.Eval[bool](p, `document.getElementById("selection-bar").checkVisibility()`) {
				t.Error("with nothing selected, something can be done with it")
			}
			p.Click("#queue-rows tr:nth-child(1) input[type=checkbox]")
			p.Click("#queue-rows tr:nth-child(3) input[type=checkbox]")
			p.WaitFor(`/2/.test(document.querySelector("[data-count]").textContent)`)
			look("selected")
			before := browser.Eval[string](p, `[...document.querySelectorAll("#queue-rows tr .who")].map(c => c.innerText).join()`)
			p.Follow(`.selection button[value=mine]`)
			p.WaitFor(`document.querySelector("#outcome button") !== null`)
			look("given")
			p.Follow("#outcome button")
			p.WaitFor(`document.querySelector("#outcome") !== null && document.querySelector("#outcome button") === null`)
			if after := browser.Eval[string](p, `[...document.querySelectorAll("#queue-rows tr .who")].map(c => c.innerText).join()`); after != before {
				t.Errorf("undone: %s, was %s", after, before)
			}
			p.Click("[data-all]")
			p.WaitFor(`document.querySelectorAll("#queue-rows input:checked").length === document.querySelectorAll("#queue-rows input[type=checkbox]").length`)
			p.Click("[data-none]")
			p.WaitFor(`document.querySelectorAll("#queue-rows input:checked").length === 0`)
		})
	}
}
