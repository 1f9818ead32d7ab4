package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"golang.org/x/net/html"

	"regain/accounts"
	"regain/cases"
	"regain/internal/browser"
	"regain/internal/testhtml"
	"regain/server/servertest"
)

// named makes a member of staff with a name of their own.
func named(t *testing.T, h *servertest.Harness, name string, roles ...accounts.Role) accounts.Staff {
	t.Helper()
	s, err := h.Accounts.CreateStaff(t.Context(), accounts.NewStaff{
		Email: strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@staff.example", Name: name, Password: servertest.StaffPassword, Roles: roles,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asks has the customer of a case write.
func asks(t *testing.T, h *servertest.Harness, id, words string) {
	t.Helper()
	if _, err := h.Cases.Write(t.Context(), cases.Actor{Kind: cases.Customer, ID: id}, id, words); err != nil {
		t.Fatal(err)
	}
}

// atTheirDesk signs somebody in, in a browser without scripts.
func atTheirDesk(t *testing.T, h *servertest.Harness, who accounts.Staff) *customer {
	t.Helper()
	v := visit(t, h).open("/staff/sign-in")
	return v.send("/staff/sign-in", "email", who.Email, "password", servertest.StaffPassword)
}

// badge is the number beside the inbox in the head of the page; empty where it is hidden.
func (v *customer) badge() string {
	v.t.Helper()
	found := v.all(func(n *html.Node) bool { return testhtml.Has(n, "data-inbox-count") })
	if len(found) != 1 {
		v.t.Fatalf("%s has %d inboxes in its head", v.url, len(found))
	}
	if testhtml.Has(found[0], "hidden") {
		return ""
	}
	return textOf(within(found[0], func(n *html.Node) bool { return testhtml.Has(n, "data-number") })[0])
}

// TestInboxPage: without scripts, a case is followed, what its customer writes comes into
// the inbox, is counted in the head, and is read one by one and as a whole.
func TestInboxPage(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		_, id := handedIn(t, h, "ana@example.com", individual())
		path := "/staff/cases/" + id
		ben, _ := atDesk(t, h, accounts.Reviewer)
		ben.open("/staff/inbox").wants(200, "/staff/inbox", "Everything is read.")
		if got := ben.badge(); got != "" {
			t.Errorf("the badge of an empty inbox says %q", got)
		}
		ben.open(path).send(path+"/follow").wants(200, path).form(path + "/unfollow")
		ben.open("/staff/queue?view=followed").wants(200, "/staff/queue", "Cases under way that you follow", "account of ana@example.com")
		asks(t, h, id, "Is there any news?")
		ben.open("/staff/inbox").wants(200, "/staff/inbox", "Customer wrote a message", "Is there any news?", "Waiting")
		if got := ben.badge(); got != "1" {
			t.Errorf("the badge says %q", got)
		}
		ben.send("/staff/inbox/[^/]+/read").wants(200, "/staff/inbox", "Everything is read.")
		ben.open("/staff/inbox?show=all").wants(200, "/staff/inbox", "Is there any news?")
		for n := range 30 {
			asks(t, h, id, fmt.Sprintf("Message %d.", n))
		}
		ben.open("/staff/inbox").wants(200, "/staff/inbox", "Message 29.", "Message 5.")
		if got := ben.badge(); got != "30" || strings.Contains(ben.text(), "Message 4.") {
			t.Errorf("the badge says %q, the first page: %s", got, ben.text())
		}
		ben.open(ben.link("next")).wants(200, "/staff/inbox", "Message 4.", "Message 0.")
		ben.open("/staff/inbox")
		asks(t, h, id, "One more.") // comes while the list is read
		ben.send("/staff/inbox/read").wants(200, "/staff/inbox", "One more.")
		if got := ben.badge(); got != "1" || strings.Contains(ben.text(), "Message 29.") {
			t.Errorf("the badge says %q: %s", got, ben.text())
		}
		ben.open(path).send(path+"/unfollow").wants(200, path).form(path + "/follow")
		asks(t, h, id, "Hello?")
		if ben.open("/staff/inbox"); strings.Contains(ben.text(), "Hello?") {
			t.Error("is told of a case that is no longer followed")
		}

		auditor, _ := atDesk(t, h, accounts.Auditor)
		auditor.open(path).send(path+"/follow").wants(200, path)
		auditor.open("/staff/queue").wants(200, "/staff/queue", "Followed")
		author, _ := atDesk(t, h, accounts.PolicyAuthor)
		author.open("/staff/inbox").wants(403, "/staff/inbox")
		visit(t, h).open("/staff/inbox").wants(401, "/staff/inbox", "Sign in to go on.")
	})
}

// TestMentionPage: without scripts, a colleague is told by choosing them, or by their name
// after an @; how somebody wants to be told is theirs to choose.
func TestMentionPage(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		_, id := handedIn(t, h, "ana@example.com", individual())
		path := "/staff/cases/" + id
		eva, li := named(t, h, "Eva Braun Silva", accounts.Auditor), named(t, h, "李文欣", accounts.Lead)
		short := named(t, h, "Eva Braun", accounts.Reviewer)
		ben, _ := atDesk(t, h, accounts.Reviewer)
		ben.open(path).send(path+"/notes", "note-body", "Mail for ops@Eva Braun.example, nobody else.").wants(200, path)
		if strings.Contains(ben.text(), "For Eva") {
			t.Errorf("an address is no name: %s", ben.text())
		}
		ben.send(path+"/notes", "note-body", "@Eva Braun Silva and @李文欣看一下 please.").wants(200, path, "For Eva Braun Silva, 李文欣")
		ben.send(path+"/notes", "note-body", "You decide.", "note-mention", short.ID).wants(200, path, "For Eva Braun")
		form := fields(ben.form(path + "/notes"))
		form.Set("note-body", "Who is that?")
		form.Set("note-mention", "nobody")
		ben.post(path+"/notes", form).wants(422, path+"/notes", "There is no such person", "Who is that?")

		for _, c := range []struct {
			who  accounts.Staff
			said string
		}{{eva, "@Eva Braun Silva and"}, {li, "@Eva Braun Silva and"}, {short, "You decide."}} {
			v := atTheirDesk(t, h, c.who)
			v.open("/staff/inbox").wants(200, "/staff/inbox", "Ana Lima mentioned you in a note", c.said)
			if strings.Count(v.text(), "mentioned you") != 1 {
				t.Errorf("%s is told: %s", c.who.Name, v.text())
			}
			v.open("/staff/queue?view=followed").wants(200, "/staff/queue", "account of ana@example.com")
			v.open("/staff/inbox").send("/staff/inbox/choices").wants(200, "/staff/inbox", "Your choice is saved.")
		}
		v := atTheirDesk(t, h, short)
		form = fields(v.open("/staff/inbox").form("/staff/inbox/choices"))
		form.Del("mail")
		v.post("/staff/inbox/choices", form).wants(200, "/staff/inbox", "Your choice is saved.")
		got, err := h.Cases.InboxChoices(t.Context(), cases.Actor{Kind: cases.Staff, ID: short.ID, Roles: []string{cases.RoleReviewer}})
		if err != nil || got.Mail || !got.Follow {
			t.Errorf("chosen: %+v, %v", got, err)
		}

		// A note for whoever takes the case over is one that mentions them.
		ben.open(path).send(path + "/claim")
		ben.open(path+"?do=hand").send(path+"/assignment", "hand-to", li.ID, "hand-note", "The rest is yours.")
		atTheirDesk(t, h, li).open("/staff/inbox").wants(200, "/staff/inbox", "Ana Lima gave you the case", "The rest is yours.")
	})
}

// TestInboxInABrowser: it follows the rules of accessibility in both themes and all
// languages, fits, and looks for news by itself.
func TestInboxInABrowser(t *testing.T) {
	h := open(t)
	_, id := handedIn(t, h.Harness, "ana@example.com", individual())
	me := named(t, h.Harness, "Mara Lind", accounts.Lead, accounts.Reviewer)
	actor := reviewerOf(me)
	writer := cases.Actor{Kind: cases.Staff, ID: named(t, h.Harness, "Rei Tanaka", accounts.Reviewer).ID, Roles: []string{cases.RoleReviewer}}
	if _, err := h.Cases.WriteNote(t.Context(), writer, id, "@Mara Lind, the stamp on page two looks pasted.\nCan you have a look?", actor); err != nil {
		t.Fatal(err)
	}
	asks(t, h.Harness, id, "Is there any news?")
	places := []place{{"the inbox", "/en/staff/inbox"}, {"all of the inbox", "/en/staff/inbox?show=all"}, {"the inbox", "/zh-Hans/staff/inbox"}, {"the inbox", "/pt-BR/staff/inbox?chosen=yes"}}
	phone := browser.Open(t, browser.Options{Width: 390, Height: 844})
	signIn(t, phone, h.Harness, me)
	checkAll(phone, h.Harness, places...)
	plain := browser.Open(t, browser.Options{Width: 390, Height: 844, NoScript: true})
	signIn(t, plain, h.Harness, me)
	for _, at := range places {
		plain.Go(h.URL + at.path)
		plain.CheckAccessible(at.name + " without scripts")
		plain.CheckFits(at.name + " without scripts")
	}

	p := browser.Open(t, browser.Options{})
	signIn(t, p, h.Harness, me)
	p.Go(h.URL + "/staff/queue")
	p.CheckFits("the badge in the head")
	number := `document.querySelector("[data-inbox-count]:not([hidden]) [data-number]")?.textContent`
	p.WaitFor(number + ` === "2"`)
	asks(t, h.Harness, id, "Hello?")
	look(t, p)
	p.WaitFor(number + ` === "3"`)
	p.WaitFor(`document.getElementById("live").textContent === "Inbox: 3 unread"`)
	p.Go(h.URL + "/staff/inbox")
	asks(t, h.Harness, id, "Anybody there?")
	browser.Eval[bool](p, `(document.getElementById("inbox").dispatchEvent(new Event("regain:look")), true)`)
	p.Shows("Anybody there?")
	p.WaitFor(number + ` === "4"`)
	p.Follow(".inbox li:first-child a") // which reads all of that case
	p.WaitFor(`document.querySelector("[data-bench]") && document.querySelector("[data-inbox-count]").hidden`)
	p.Go(h.URL + "/staff/inbox")
	p.Shows("Everything is read.")
	p.CheckAccessible("an inbox that is read")
}

// TestMentionInABrowser: a colleague is found by the beginning of a name after an @ and
// chosen by keys, the list is told to those who do not see it, and the case is followed
// by a key.
func TestMentionInABrowser(t *testing.T) {
	h := open(t)
	_, id := handedIn(t, h.Harness, "ana@example.com", individual())
	named(t, h.Harness, "João Prado", accounts.Reviewer)
	rei := named(t, h.Harness, "Rei Tanaka", accounts.Auditor)
	reinhard := named(t, h.Harness, "Reinhard Alt", accounts.Lead)
	for _, o := range []browser.Options{{}, {Width: 390, Height: 844, Dark: true}} {
		p := signedIn(t, h.Harness, o, accounts.Reviewer)
		p.Go(h.URL + "/staff/cases/" + id)
		p.Press("t")
		p.WaitFor(`document.activeElement.id === "f-note-body"`)
		p.Press("Mail to ops@re")
		p.WaitFor(`document.getElementById("f-note-body").value.endsWith("ops@re")`)
		if browser.Eval[bool](p, `!document.getElementById("note-people").hidden`) {
			t.Error("an address opens the list")
		}
		// What is told may be followed by something else, such as that a draft is kept.
		browser.Eval[bool](p, `(window.told = [], new MutationObserver(() => told.push(document.getElementById("live").textContent))
			.observe(document.getElementById("live"), { childList: true }), true)`)
		p.Press(" and @re")
		p.WaitFor(`[...document.querySelectorAll("#note-people li")].map(o => o.textContent).join() === "Rei Tanaka,Reinhard Alt"`)
		p.WaitFor(`told.includes("Colleagues found: 2")`)
		p.CheckAccessible("the list of colleagues")
		p.CheckFits("the list of colleagues")
		p.Press(kb.ArrowDown)
		p.WaitFor(`document.getElementById(document.activeElement.getAttribute("aria-activedescendant"))?.textContent === "Reinhard Alt"`)
		p.Press(kb.Enter)
		p.WaitFor(`document.getElementById("f-note-body").value.includes("Mail to ops@re and @Reinhard Alt ") && document.getElementById("note-people").hidden`)
		p.Press("or @joao")
		p.WaitFor(`document.querySelector("#note-people li")?.textContent === "João Prado"`)
		p.Press(kb.Escape)
		p.WaitFor(`document.getElementById("note-people").hidden`)
		p.Click(`form[action$="/notes"] button`)
		p.Shows("For Reinhard Alt")
		p.CheckAccessible("a note for somebody")

		p.WaitFor(`document.querySelector('form[action$="/follow"] [data-key=b]')`)
		p.Press("b")
		p.WaitFor(`document.querySelector('form[action$="/unfollow"] [data-key=b]')`)
		p.CheckAccessible("a followed case")
	}
	for who, want := range map[string]int{rei.ID: 0, reinhard.ID: 2} {
		n, err := h.Cases.Unread(t.Context(), cases.Actor{Kind: cases.Staff, ID: who, Roles: []string{cases.RoleReviewer}})
		if err != nil || n != want {
			t.Errorf("%s has %d unread, want %d: %v", who, n, want, err)
		}
	}
}

// TestManyColleagues: of more colleagues than are offered the page says so; those beyond are
// told when the note names them.
func TestManyColleagues(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		_, id := handedIn(t, h, "ana@example.com", individual())
		ben, who := atDesk(t, h, accounts.Reviewer)
		_, err := h.DB.ExecContext(t.Context(), "INSERT INTO staff (id, email, email_key, name, roles, password_hash, created_at, updated_at) "+
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) "+
			"SELECT 'many-' || i, i || '@many.example', i || '@many.example', 'Colleague ' || i || '.', s.roles, '', s.created_at, s.created_at FROM n, staff AS s WHERE s.id = ?", who.ID)
		if err != nil {
			t.Fatal(err)
		}
		path := "/staff/cases/" + id
		ben.open(path).wants(200, path, "The first 200 are listed.")
		ben.send(path+"/notes", "note-body", "@Colleague 598. knows the account.").wants(200, path, "Colleague 598.")
		told, err := h.DB.NewSelect().Table("notices").Where("staff_id = ?", "many-598").Count(t.Context())
		if err != nil || told != 1 {
			t.Errorf("told %d times, %v", told, err)
		}
		ben.open("/staff/queue?view=unassigned").wants(200, "/staff/queue", "Only the first 500 people")

		// An auditor comes to what anybody has seen, who is listed and who is not.
		auditor, _ := atDesk(t, h, accounts.Auditor)
		for _, page := range []string{"/staff/audit", "/staff/audit/looks"} {
			auditor.open(page).wants(200, page, "Only the first 500 people", "under People")
		}
		auditor.open("/staff/people").send("/staff/people/search", "text", "Colleague 598.").wants(200, "/staff/people/search", "598@many.example")
		auditor.open("/staff/people/many-598").wants(200, "/staff/people/many-598", "What Colleague 598. has seen")
		auditor.open("/staff/audit/looks?person=many-598").wants(200, "/staff/audit/looks", "What Colleague 598. has seen")
	})
}
