package web_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"regain/accounts"
	"regain/cases"
	"regain/internal/browser"
	"regain/internal/testdocs"
	"regain/server/servertest"
)

// withDocuments hands in a request whose documents are worth looking at: PDFs of several
// pages and photos in turn.
func withDocuments(t *testing.T, h *servertest.Harness, email string, answers map[string]string) (v *customer, id string) {
	t.Helper()
	v = visit(t, h).begin(email).answers(answers)
	for n, item := range v.items() {
		v.open("/request/items")
		name, content := "registration.pdf", testdocs.PDF(uint64(500+n), 3, "CERTIFICATE OF REGISTRATION", "", "Exemplo Ltda.", "Registered office: Rua Exemplo 12, Sao Paulo", "Number 12.345.678/0001-00")
		if n%2 == 1 {
			name, content = fmt.Sprintf("IMG_204%d.jpg", n), testdocs.JPEG(uint64(900+n), 1200, 800)
		}
		v.upload("/request/items/"+item, name, content).wants(200, "/request/items")
	}
	v.open("/request/check").send("/request/check").wants(200, "/request/receipt")
	return v, caseOf(t, h, v)
}

// signedIn is a browser's window with a session of a member of staff.
func signedIn(t *testing.T, h *servertest.Harness, o browser.Options, roles ...accounts.Role) *browser.Page {
	t.Helper()
	p := browser.Open(t, o)
	signIn(t, p, h, h.NewStaff(t, roles...))
	return p
}

// shown waits until the document on the screen is drawn.
func shown(p *browser.Page) {
	p.WaitFor(`[...document.querySelectorAll("[data-screen]")].every(s => s.dataset.shown === "yes")`)
}

// TestReviewInABrowser: the page of a case with its open states, accessible, in both
// themes and at every width, and pictures of it.
func TestReviewInABrowser(t *testing.T) {
	for name, o := range map[string]browser.Options{"1280": {}, "390": {Width: 390, Height: 844}} {
		t.Run(name, func(t *testing.T) { reviewInABrowser(t, o) })
	}
}

func reviewInABrowser(t *testing.T, o browser.Options) {
	h := open(t)
	_, id := withDocuments(t, h.Harness, "ana@example.com", enterprise())
	p := signedIn(t, h.Harness, o, accounts.Reviewer)
	look := func(state string) {
		t.Helper()
		p.CheckThemes("review " + state)
		p.CheckFits(state)
	}
	p.Go(h.URL + "/staff/cases/" + id)
	shown(p)
	look("unclaimed")
	p.Click(`form[action$="/claim"] button`)
	p.Shows("You hold this case")
	shown(p)
	p.WaitFor(`document.querySelectorAll(".thumb-face canvas").length >= 3`)
	look("claimed")
	p.Click(`[data-open="do-reject"]`)
	p.WaitFor(`document.querySelector("#do-reject:modal")`)
	p.Click(`#do-reject .pick:nth-of-type(1) input`)
	p.WaitFor(`document.querySelector("#f-reject-words_customer").value.includes("We cannot read all of it")`)
	look("reject")
	p.Click(`#do-reject .btn-danger`)
	p.Shows("Rejected")
	p.WaitFor(`!document.querySelector("dialog:modal")`)
	shown(p)
	look("rejected")
	p.Click(`[data-open="do-request"]`)
	p.WaitFor(`document.querySelector("#do-request:modal")`)
	p.Click(`#do-request [name=preview]`)
	p.Shows("What the customer will get")
	look("request")
	p.Click(`#do-request [data-close]`)
	p.Click(`[data-open="do-deny"]`)
	p.WaitFor(`document.querySelector("#do-deny:modal")`)
	p.Click(`#do-deny .btn-danger`)
	p.Shows("There is a problem")
	p.WaitFor(`document.querySelector("#do-deny:modal [data-errors]")`)
	look("deny-refused")
	p.Click(`#do-deny [data-close]`)
	p.Click(`[data-open="do-approve"]`)
	p.Shows("This stands in the way")
	look("approve-not-ready")
	p.Click(`#do-approve [data-close]`)
	if o.Width == 0 {
		p.Press("?")
		p.WaitFor(`document.querySelector("#keys:modal")`)
		look("keys")
	}
}

// unpaid are answers under which a single statement is asked, and one person approves.
func unpaid() map[string]string {
	return map[string]string{
		"customer_type": "direct", "account_type": "individual", "real_name_authenticated": "no", "card_added": "no", "paid": "no", "phone_registered": "yes",
	}
}

// TestTenCasesByKeyboard: ten cases are approved one after the other without a mouse; each
// time the next one opens by itself.
func TestTenCasesByKeyboard(t *testing.T) {
	h := open(t)
	const number = 10
	ids := map[string]bool{}
	first := ""
	for n := range number {
		_, id := handedIn(t, h.Harness, fmt.Sprintf("ana%d@example.com", n), unpaid())
		if ids[id] = true; n == 0 {
			first = id
		}
	}
	p := signedIn(t, h.Harness, browser.Options{}, accounts.Reviewer)
	p.Go(h.URL + "/staff/cases/" + first + "?view=unassigned")
	for n := range number {
		p.WaitFor(`document.querySelector("[data-bench]")?.dataset.case`)
		id := browser.Eval[string](p, `document.querySelector("[data-bench]").dataset.case`)
		if !ids[id] {
			t.Fatalf("case %d is %s, which was decided before or is none of them", n, id)
		}
		delete(ids, id)
		p.Press("c")
		p.WaitFor(`document.querySelector("[data-accept]")`)
		p.Press("1")
		p.WaitFor(`document.querySelector("[data-accept] input[type=checkbox]").checked`)
		p.Press("y")
		p.Shows("Nothing is in the way of an approval")
		p.Press("a")
		p.WaitFor(`document.querySelector("#do-approve:modal")`)
		p.Press(kb.Enter)
		p.WaitFor(`document.querySelector("[data-bench]")?.dataset.case !== ` + fmt.Sprintf("%q", id))
		if n < number-1 { // what became of the case is read out before the next one's name
			p.WaitFor(`/: Approved\. .* – Regain$/.test(document.getElementById("live").textContent)`)
		}
	}
	p.WaitFor(`location.pathname === "/staff/queue"`)
	for id := range ids {
		t.Errorf("%s was never opened", id)
	}
	var approved int
	if err := h.DB.NewSelect().Table("cases").ColumnExpr("COUNT(*)").Where("state = 'approved'").Scan(t.Context(), &approved); err != nil || approved != number {
		t.Errorf("%d are approved, %v", approved, err)
	}
}

// TestPaperWithoutPages: of a PDF that opens and has no page the reviewer is told, and not shown nothing.
func TestPaperWithoutPages(t *testing.T) {
	h := open(t)
	v := visit(t, h.Harness).begin("ana@example.com").answers(individual())
	content := bytes.Replace(testdocs.PDF(1, 1), []byte("/Count 1 /Kids [4 0 R]"), []byte("/Count 0 /Kids [     ]"), 1)
	for n, item := range v.items() {
		v.open("/request/items")
		name := fmt.Sprintf("scan-%d.pdf", n)
		if n > 0 {
			content = testdocs.PDF(uint64(n), 1)
		}
		v.upload("/request/items/"+item, name, content).wants(200, "/request/items", name)
	}
	v.open("/request/check").send("/request/check").wants(200, "/request/receipt")
	p := signedIn(t, h.Harness, browser.Options{}, accounts.Reviewer)
	p.Go(h.URL + "/staff/cases/" + caseOf(t, h.Harness, v))
	p.Shows("scan-0.pdf")
	p.Shows("This file can't be shown here.")
}

// TestCaseAsPrinted: on paper there is nothing to press.
func TestCaseAsPrinted(t *testing.T) {
	h := open(t)
	_, id := handedIn(t, h.Harness, "ana@example.com", unpaid())
	p := signedIn(t, h.Harness, browser.Options{}, accounts.Reviewer)
	p.Go(h.URL + "/staff/cases/" + id)
	p.Press("c")
	p.WaitFor(`document.querySelector("[data-accept]")`)
	p.AsPrinted()
	if left := browser.Eval[string](p, `[...document.querySelectorAll("button, input, textarea, select, [data-open]")].filter(e => e.checkVisibility()).map(e => e.outerHTML.slice(0, 90)).join("\n")`); left != "" {
		t.Errorf("printed are\n%s", left)
	}
}

// TestUnsentNote: what was typed and not sent is still there after an item was decided and another case looked at, and
// is gone once it was sent.
func TestUnsentNote(t *testing.T) {
	h := open(t)
	handedIn(t, h.Harness, "ana0@example.com", unpaid())
	_, id := withDocuments(t, h.Harness, "ana@example.com", enterprise())
	p := signedIn(t, h.Harness, browser.Options{}, accounts.Reviewer)
	p.Go(h.URL + "/staff/cases/" + id + "?view=all")
	p.Press("c")
	p.WaitFor(`document.querySelector("[data-accept]")`)
	p.Press("t")
	p.Type("#f-note-body", "The seal looks odd.")
	first := p.Text("#selected-title")
	p.Click(`[data-open="do-reject"]`)
	p.WaitFor(`document.querySelector("#do-reject:modal")`)
	p.Press(kb.ArrowDown)
	p.Press(kb.Enter)
	p.WaitFor(fmt.Sprintf(`document.querySelector("#selected-title")?.innerText !== %q`, first))
	note := func() string { return browser.Eval[string](p, `document.getElementById("f-note-body").value`) }
	if got := note(); got != "The seal looks odd." {
		t.Errorf("after an item was decided: %q", got)
	}
	p.Press("k")
	p.WaitFor(fmt.Sprintf(`document.querySelector("[data-bench]").dataset.case !== %q`, id))
	if got := note(); got != "" {
		t.Errorf("in another case: %q", got)
	}
	p.Press("j")
	p.WaitFor(fmt.Sprintf(`document.querySelector("[data-bench]").dataset.case === %q`, id))
	if got := note(); got != "The seal looks odd." {
		t.Errorf("after another case was looked at: %q", got)
	}
	p.Click(`[data-write=t] form button`)
	p.WaitFor(`[...document.querySelectorAll(".talk .message")].some(m => m.innerText === "The seal looks odd.")`)
	if got := note(); got != "" {
		t.Errorf("after it was sent: %q", got)
	}
}

// TestLineBreaksInAReview: whoever decides while the line is away is told so, in the form that is open or at the head
// of the case, and can do it again.
func TestLineBreaksInAReview(t *testing.T) {
	h := open(t)
	_, id := handedIn(t, h.Harness, "ana@example.com", unpaid())
	p := signedIn(t, h.Harness, browser.Options{}, accounts.Reviewer)
	p.Allow("htmx:error") // the line breaks on purpose
	p.Go(h.URL + "/staff/cases/" + id)
	breaks := func() {
		browser.Eval[bool](p, `(window.line ??= window.fetch, window.fetch = () => Promise.reject(new TypeError("offline")), true)`)
	}
	heals := func() { browser.Eval[bool](p, `(window.fetch = window.line, true)`) }
	breaks()
	p.Press("c")
	p.WaitFor(`document.querySelector("[data-panel] > [role=alert]")?.innerText.includes("No connection")`)
	p.CheckAccessible("the line is away")
	heals()
	p.Press("c")
	p.WaitFor(`document.querySelector("[data-accept]") && !document.getElementById("line-gone")`)
	p.Press("d")
	p.WaitFor(`document.querySelector("#do-deny:modal")`)
	p.Click("#do-deny input[value=not_proven]")
	breaks()
	p.Click("#do-deny .btn-danger")
	p.WaitFor(`document.querySelector("#do-deny:modal > [role=alert]")?.innerText.includes("No connection")`)
	heals()
	p.Click("#do-deny .btn-danger")
	p.WaitFor(`location.pathname === "/staff/queue"`)
	var denied int
	if err := h.DB.NewSelect().Table("decisions").ColumnExpr("COUNT(*)").Scan(t.Context(), &denied); err != nil || denied != 1 {
		t.Errorf("denied %d times, %v", denied, err)
	}
}

// TestUndoInABrowser: a rejection is taken back by a key, and what it was is still on record.
func TestUndoInABrowser(t *testing.T) {
	h := open(t)
	_, id := withDocuments(t, h.Harness, "ana@example.com", enterprise())
	p := signedIn(t, h.Harness, browser.Options{}, accounts.Reviewer)
	p.Go(h.URL + "/staff/cases/" + id)
	shown(p)
	p.Press("c")
	p.WaitFor(`document.querySelector("[data-accept]")`)
	p.Press("n")
	p.WaitFor(`document.querySelector("#do-reject:modal")`)
	p.Press(" ") // the first reason has the focus
	p.WaitFor(`document.querySelector("#f-reject-words_customer").value !== ""`)
	p.Press(kb.Enter)
	p.Shows("You rejected: Real-name authentication certificate")
	p.WaitFor(`document.activeElement.id === "selected-title" && document.activeElement.textContent.includes("Authorization letter")`)
	p.Screenshot("review-undo-1280-light")
	p.Press("z")
	p.WaitFor(`!document.body.innerText.includes("You rejected")`)
	p.WaitFor(`document.querySelector("[data-selected] .st").innerText.includes("To review")`)
	p.Click("[data-selected] .item-body > details:last-of-type summary")
	p.Shows("taken back")
	p.CheckAccessible("taken back")

	p.Press("r")
	p.WaitFor(`document.querySelector("[data-screen]").dataset.turn === "90"`)
	p.Press(".")
	p.Shows("2 of 3")
	scale := browser.Eval[float64](p, `Number(document.querySelector("[data-screen]").dataset.scale)`)
	p.Press("+")
	p.WaitFor(fmt.Sprintf(`Number(document.querySelector("[data-screen]").dataset.scale) > %f`, scale))
	p.Press("]")
	p.WaitFor(`document.querySelector("#selected-title").textContent.includes("Authorization letter")`)
	p.Press("s")
	p.WaitFor(`document.querySelector(".bar-menu[open] a:focus")`)
	p.CheckAccessible("what can be shown beside")
	p.Press(kb.Enter)
	p.WaitFor(`document.querySelectorAll("[data-screen]").length === 2`)
	shown(p)
	p.CheckAccessible("side by side")
	p.CheckFits("side by side")
	p.Screenshot("review-beside-1280-light")

	p.Press("w")
	p.WaitFor(`document.activeElement.id === "f-message-body"`)
	p.Press("1y") // in a field, keys are letters
	p.WaitFor(`document.activeElement.value.endsWith("1y") && !document.querySelector("dialog:modal")`)
	p.Click(`[data-open="keys"]`)
	p.WaitFor(`document.querySelector("#keys:modal")`)
	p.Click("#keys-switch")
	p.Press(kb.Escape)
	p.Go(h.URL + "/staff/cases/" + id)
	shown(p)
	p.Press("?")
	if browser.Eval[bool](p, `document.querySelector("#keys").open`) {
		t.Error("a key that was switched off opens the sheet")
	}
}

func reviewerOf(who accounts.Staff) cases.Actor {
	return cases.Actor{Kind: cases.Staff, ID: who.ID, Roles: []string{cases.RoleReviewer, cases.RoleLead}}
}

// TestTwoReviewersCollide: both see each other; what one typed is kept when the other was
// faster, with what the other did.
func TestTwoReviewersCollide(t *testing.T) {
	h := open(t)
	_, id := withDocuments(t, h.Harness, "ana@example.com", enterprise())
	path := "/staff/cases/" + id
	p := signedIn(t, h.Harness, browser.Options{}, accounts.Reviewer)
	p.Go(h.URL + path)
	shown(p)
	p.Press("c")
	p.WaitFor(`document.querySelector("[data-accept]")`)

	lead, who := atDesk(t, h.Harness, accounts.Lead)
	actor := reviewerOf(who)
	if _, err := h.Cases.LookOn(t.Context(), actor, id); err != nil {
		t.Fatal(err)
	}
	browser.Eval[bool](p, `(document.dispatchEvent(new Event("visibilitychange")), true)`)
	p.Shows("Ana Lima is looking at this case, too")
	p.CheckAccessible("somebody else looks on")

	lead.open(path).send(path+"/release").wants(200, "/staff/queue")
	p.Press("n")
	p.WaitFor(`document.querySelector("#do-reject:modal")`)
	p.Click(`#do-reject .pick:nth-of-type(2) input`)
	p.WaitFor(`document.querySelector("#f-reject-words_customer").value !== ""`)
	browser.Eval[bool](p, `(document.querySelector("#f-reject-words_customer").select(), true)`)
	p.Press("The second page is missing.")
	p.Click("#do-reject .btn-danger")
	p.Shows("Nothing was done.")
	p.Shows("Meanwhile, somebody else changed this case")
	p.Shows("Ana Lima gave the case back")
	p.Shows("The second page is missing.")
	p.CheckAccessible("a collision")
	p.CheckFits("a collision")
	p.Screenshot("review-collision-1280-light")

	// Without sending anything, the page tells of a change by itself.
	p.Go(h.URL + path)
	shown(p)
	lead.open(path).send(path + "/claim")
	browser.Eval[bool](p, `(document.dispatchEvent(new Event("visibilitychange")), true)`)
	p.Shows("Somebody else changed this case")
	p.Shows("Ana Lima took the case")
	p.Click("#changes a")
	p.Shows("With Ana Lima")
}

// TestSessionEndsInANote: who has to sign in again in the middle of a note loses none of it.
func TestSessionEndsInANote(t *testing.T) {
	h := open(t)
	_, id := handedIn(t, h.Harness, "ana@example.com", unpaid())
	p := browser.Open(t, browser.Options{})
	who := h.NewStaff(t, accounts.Reviewer)
	signIn := func() {
		p.Type("#f-email", who.Email)
		p.Type("#f-password", servertest.StaffPassword)
		p.Follow("main form button")
	}
	p.Go(h.URL + "/staff/sign-in")
	signIn()
	p.Go(h.URL + "/staff/cases/" + id)
	p.Press("t")
	p.WaitFor(`document.activeElement.id === "f-note-body"`)
	p.Press("The bank confirms the number.")
	if _, err := h.DB.ExecContext(t.Context(), "DELETE FROM sessions"); err != nil {
		t.Fatal(err)
	}
	p.Click(`form[action$="/notes"] button`)
	p.Shows("Your session has ended")
	p.CheckAccessible("signing in again")
	signIn()
	p.Shows("Nothing that you typed was lost")
	p.Follow("main form button")
	p.Shows("The bank confirms the number.")
	p.WaitFor(`document.querySelector(".talk .note")`)
}
