package web_test

import (
	"fmt"
	"testing"

	"regain/accounts"
	"regain/internal/browser"
	"regain/internal/testdocs"
	"regain/server/servertest"
)

// acceptEach ticks every check of what is to review, reads off what is asked, and
// accepts it, with the mouse.
func acceptEach(p *browser.Page) {
	for {
		p.WaitFor(`document.querySelector("[data-bench]")`)
		item := browser.Eval[string](p, `document.querySelector("[data-selected] .st")?.innerText.trim() === "To review" ? document.querySelector("[data-selected]").id : ""`)
		if item == "" {
			return
		}
		for n := range browser.Eval[int](p, `document.querySelectorAll("[data-accept] input[type=checkbox]").length`) {
			id := browser.Eval[string](p, fmt.Sprintf(`document.querySelectorAll("[data-accept] input[type=checkbox]")[%d].id`, n))
			p.Click("#" + id)
		}
		if p.Has("[data-accept] input[type=date]") {
			browser.Eval[bool](p, `(document.querySelector("[data-accept] input[type=date]").value = "2024-05-01", true)`)
		}
		p.Click("[data-accept] .btn-yes")
		p.WaitFor(fmt.Sprintf(`document.querySelector("[data-selected]")?.id !== %q || document.querySelector("[data-selected] .st").innerText.trim() === "Accepted"`, item))
	}
}

// TestReviewInABrowserToTheEnd: a rejection, what the customer sends anew, and the
// approvals of two people, with the mouse and with scripts.
func TestReviewInABrowserToTheEnd(t *testing.T) {
	h := open(t)
	ana, id := withDocuments(t, h.Harness, "ana@example.com", enterprise())
	path := h.URL + "/staff/cases/" + id
	ben := signedIn(t, h.Harness, browser.Options{}, accounts.Reviewer)
	ben.Go(path)
	shown(ben)
	ben.Click(`form[action$="/claim"] button`)
	ben.WaitFor(`document.querySelector("[data-accept]")`)
	ben.Click(`[data-open="do-reject"]`)
	ben.WaitFor(`document.querySelector("#do-reject:modal")`)
	ben.Click(`#do-reject .pick:nth-of-type(1) input`)
	ben.WaitFor(`document.querySelector("[data-live-preview] [data-words]").innerText.includes("We cannot read all of it")`)
	ben.Click(`#do-reject .btn-danger`)
	ben.Shows("You rejected")
	acceptEach(ben)
	ben.Shows("Before an approval, 1 is left")
	ben.Click(`[data-open="do-request"]`)
	ben.WaitFor(`document.querySelector("#do-request:modal")`)
	if ticked := browser.Eval[int](ben, `document.querySelectorAll("#do-request [name=request-item]:checked").length`); ticked != 1 {
		t.Errorf("%d items are asked for again", ticked)
	}
	ben.Click(`#do-request .btn-primary`)
	ben.WaitFor(`location.pathname === "/staff/queue"`)

	sendAgain(ana)

	ben.Go(path)
	ben.Shows("A new one has arrived")
	ben.Click(`form[action$="/claim"] button`)
	ben.WaitFor(`document.querySelector("[data-accept]")`)
	ben.Click(`.versions a[href*="beside="]`)
	ben.WaitFor(`document.querySelectorAll("[data-screen]").length === 2`)
	shown(ben)
	ben.CheckAccessible("the version before beside the new one")
	ben.Screenshot("review-versions-1280-light")
	acceptEach(ben)
	approveIn(ben)

	eva := signedIn(t, h.Harness, browser.Options{}, accounts.Lead)
	eva.Go(path)
	eva.Shows("1 of 2 approvals")
	eva.Click(`form[action$="/claim"] button`)
	eva.Shows("Nothing is in the way of an approval")
	approveIn(eva)
	eva.Go(path)
	eva.Shows("This case is approved")
	eva.CheckAccessible("an approved case")
	eva.Screenshot("review-approved-1280-light")
}

func approveIn(p *browser.Page) {
	p.Click(`[data-open="do-approve"]`)
	p.WaitFor(`document.querySelector("#do-approve:modal")`)
	p.Click(`#do-approve .btn-success`)
	p.WaitFor(`location.pathname === "/staff/queue"`)
}

// sendAgain sends another file for everything that is asked for anew.
func sendAgain(v *customer) {
	v.t.Helper()
	v.open("/request/items")
	for n, id := range v.items() {
		v.open("/request/items")
		v.upload("/request/items/"+id, "again.pdf", testdocs.PDF(uint64(7000+n), 2, "CERTIFICATE OF REGISTRATION")).wants(200, "/request/items")
	}
	v.open("/request/check").send("/request/check").wants(200, "/request/receipt")
}

// TestReviewInABrowserWithoutScripts: the same with no script at all: photos are on the
// page, forms stand in their place, and nothing is out of reach.
func TestReviewInABrowserWithoutScripts(t *testing.T) {
	h := open(t)
	_, id := withDocuments(t, h.Harness, "ana@example.com", enterprise())
	p := signedIn(t, h.Harness, browser.Options{Width: 390, Height: 844, NoScript: true}, accounts.Reviewer)
	p.Go(h.URL + "/staff/cases/" + id)
	p.Follow(`form[action$="/claim"] button`)
	p.Shows("You hold this case")
	p.Shows("This file can't be shown here.") // a PDF, which takes a script
	p.Follow(`.strip li:nth-of-type(2) a`)
	p.WaitFor(`document.querySelector("[data-stage] img")?.naturalWidth === 1200`)
	p.CheckFits("a photo without scripts")
	p.Screenshot("review-plain-390-light")
	p.Follow(`[data-open="do-reject"]`)
	p.WaitFor(`document.querySelector("#do-reject[open]")`)
	p.CheckFits("rejecting without scripts")
	p.Screenshot("review-plain-reject-390-light")
	p.Click("#do-reject .pick:nth-of-type(1) input")
	p.Follow("#do-reject .btn-danger")
	p.Shows("You rejected: Authorization letter")
	p.Follow(`[data-key="z"]`)
	p.WaitFor(`!document.body.innerText.includes("You rejected")`)
	p.Follow(`[data-open="do-approve"]`)
	p.Shows("This stands in the way")
	p.Follow(`#do-approve ul a`)
	p.Shows("Real-name authentication certificate")
}

// TestReviewWhileAway: a case that is left open on a screen does not keep its reader's
// session alive, and is looked at again by whoever is back.
func TestReviewWhileAway(t *testing.T) {
	h := open(t)
	_, id := handedIn(t, h.Harness, "ana@example.com", unpaid())
	p := signedIn(t, h.Harness, browser.Options{}, accounts.Reviewer)
	p.Before(`const every = setInterval, ask = fetch, clock = Date.now;
		window.ticks = []; window.asked = 0; window.later = 0;
		window.setInterval = (f, ms) => { window.ticks.push(f); return every(f, ms); };
		window.fetch = (...args) => { window.asked++; return ask(...args); };
		Date.now = () => clock() + window.later;`)
	for _, path := range []string{"/staff/cases/" + id, "/staff/queue?view=unassigned"} {
		p.Go(h.URL + path)
		p.WaitFor(`window.ticks.length > 0`)
		tick := func(now string) int {
			return browser.Eval[int](p, `(`+now+`, window.asked = 0, window.ticks.forEach(t => t()), window.asked)`)
		}
		if n := tick(`0`); n == 0 {
			t.Errorf("%s: nobody looks while somebody is there", path)
		}
		if n := tick(`window.later = 11 * 60_000`); n != 0 {
			t.Errorf("%s: %d calls while nobody is there", path, n)
		}
		p.WaitFor(`(window.dispatchEvent(new Event("pointermove")), window.ticks.forEach(t => t()), window.asked > 0)`)
	}
}

// TestReviewCollisionInAForm: a form that is open again after somebody else was faster
// says so inside it.
func TestReviewCollisionInAForm(t *testing.T) {
	h := open(t)
	_, id := withDocuments(t, h.Harness, "ana@example.com", enterprise())
	p := signedIn(t, h.Harness, browser.Options{}, accounts.Reviewer)
	p.Go(h.URL + "/staff/cases/" + id)
	shown(p)
	p.Press("c")
	p.WaitFor(`document.querySelector("[data-accept]")`)
	p.Press("d")
	p.WaitFor(`document.querySelector("#do-deny:modal")`)
	p.Click("#do-deny .pick:nth-of-type(8) input")
	second(t, h.Harness, id)
	p.Click("#do-deny .btn-danger")
	p.WaitFor(`document.querySelector("#do-deny:modal [data-errors]")?.innerText.includes("Nothing was done")`)
	p.WaitFor(`document.querySelector("#do-deny:modal").innerText.includes("Ana Lima let go: Authorization letter")`)
	p.WaitFor(`document.querySelector("#do-deny .pick:nth-of-type(8) input").checked`)
	p.CheckAccessible("a collision in a form")
	p.CheckFits("a collision in a form")
	p.Screenshot("review-collision-form-1280-light")
	p.Click("#do-deny .btn-danger")
	p.WaitFor(`location.pathname === "/staff/queue"`)
}

// second lets the authorization letter go, as a second person.
func second(t *testing.T, h *servertest.Harness, id string) {
	t.Helper()
	_, who := atDesk(t, h, accounts.Reviewer)
	actor := reviewerOf(who)
	d, err := h.Cases.Details(t.Context(), actor, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range d.Items {
		if i.Material == "authorization_letter" {
			if _, err := h.Cases.Waive(t.Context(), actor, id, i.ID, 0, "The registry confirms it."); err != nil {
				t.Fatal(err)
			}
		}
	}
}
