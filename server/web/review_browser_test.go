package web_test

import (
	"fmt"
	"strings"
	"testing"

	"regain/accounts"
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
	who := h.NewStaff(t, roles...)
	p := browser.Open(t, o)
	p.Go(h.URL + "/staff/sign-in")
	p.Type("#f-email", who.Email)
	p.Type("#f-password", servertest.StaffPassword)
	p.Follow("main form button")
	return p
}

// shown waits until the document on the screen is drawn.
func shown(p *browser.Page) {
	p.WaitFor(`[...document.querySelectorAll("[data-screen]")].every(s => s.dataset.shown === "yes")`)
}

// TestReviewInABrowser: the page of a case with its open states, accessible, in both
// themes and at every width, and pictures of it.
func TestReviewInABrowser(t *testing.T) {
	for name, o := range map[string]browser.Options{
		"1280-light": {}, "1280-dark": {Dark: true}, "390-light": {Width: 390, Height: 844}, "390-dark": {Width: 390, Height: 844, Dark: true},
	} {
		t.Run(name, func(t *testing.T) { reviewInABrowser(t, name, o) })
	}
}

func reviewInABrowser(t *testing.T, name string, o browser.Options) {
	h := open(t)
	_, id := withDocuments(t, h.Harness, "ana@example.com", enterprise())
	p := signedIn(t, h.Harness, o, accounts.Reviewer)
	look := func(state string) {
		t.Helper()
		p.CheckAccessible(state)
		p.CheckFits(state)
		p.Screenshot("review-" + state + "-" + name)
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
	if strings.HasPrefix(name, "1280") {
		p.Press("?")
		p.WaitFor(`document.querySelector("#keys:modal")`)
		look("keys")
	}
}
