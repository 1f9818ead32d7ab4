package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"regain/internal/browser"
)

// TestCustomersWayInABrowser: the way of a customer on a phone, with each page
// accessible and within 320 pixels.
func TestCustomersWayInABrowser(t *testing.T) {
	for name, o := range map[string]browser.Options{
		"light": {Width: 390, Height: 844}, "dark": {Width: 390, Height: 844, Dark: true}, "plain": {Width: 390, Height: 844, NoScript: true},
	} {
		t.Run(name, func(t *testing.T) { customersWay(t, name, o) })
	}
}

func customersWay(t *testing.T, name string, o browser.Options) {
	h := open(t)
	p := browser.Open(t, o)
	look := func(page string) {
		t.Helper()
		if !o.NoScript {
			p.CheckAccessible(page)
		}
		p.CheckFits(page)
		p.Screenshot("customer-" + page + "-390-" + name)
	}
	p.Go(h.URL + "/start")
	p.Shows("does not guarantee")
	checkWeight(t, "start", p)
	look("start")
	p.Go(h.URL + "/start/account")
	look("account")
	p.Follow("main form button")
	p.Shows("There is a problem")
	look("account-refused")
	p.Type("#f-account", "ana.lima")
	p.Click("#f-lost-1")
	p.Type("#f-new_email", "ana@example.com")
	before := time.Now().Add(-time.Second)
	p.Follow("main form button")
	p.Shows("We sent a code to")
	look("code")
	p.Type("#f-code", h.letter("ana@example.com", codeInLetter, before))
	p.Follow("main form button")
	look("question")
	for _, choice := range []string{"", "", "", "-1"} { // direct, individual, authenticated, no card
		id := p.Address()[strings.LastIndex(p.Address(), "/")+1:]
		p.Click("#f-answers-" + id + choice)
		p.Follow("main form button")
	}
	p.Shows("What we need from you")
	look("items")
	supplyAll(t, p, o)
	p.Shows("Everything is here")
	look("items-ready")
	p.Follow(`a[href$="/request/check"]`)
	look("check")
	p.Follow(`form[action$="/request/check"] button`)
	p.Shows("We have your request")
	look("receipt")
	p.Follow(`a[href$="/request"]`)
	p.Shows("Waiting for a reviewer")
	look("status")
}

// supplyAll sends a file for every place of the list: with scripts for each card as many
// at once as it takes.
func supplyAll(t *testing.T, p *browser.Page, o browser.Options) {
	t.Helper()
	seed := uint64(1)
	for range 20 {
		const firstToDo = `[...document.querySelectorAll("section[id^=item-]")].find(s => s.querySelector(".st-go") && s.querySelector(":scope > form[data-upload]"))`
		section := browser.Eval[string](p, firstToDo+`?.id ?? ""`)
		if section == "" {
			return
		}
		form := "#" + section + " > form[data-upload]"
		count := 1
		if browser.Eval[bool](p, `document.querySelector("`+form+` input[type=file]").multiple`) {
			count = 3
		}
		var names []string
		for n := range count {
			names = append(names, file(t, fmt.Sprintf("record-%d-%d.pdf", seed, n), seed*10+uint64(n)))
		}
		seed++
		p.Choose(form+" input[type=file]", names...)
		if o.NoScript {
			p.Follow(form + " [data-send]")
		}
		p.WaitFor(`document.querySelector("#` + section + ` .st")?.innerText.includes("Ready")`)
	}
	t.Fatal("there is no end to what is asked")
}
