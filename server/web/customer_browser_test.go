package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"regain/internal/browser"
)

// way is a customer's way through one row of the policy.
type way struct {
	name    string
	options browser.Options
	answers map[string]string
	// shows is what the list asks for.
	shows []string
}

func ways() []way {
	phone := browser.Options{Width: 390, Height: 844}
	dark, plain := phone, phone
	dark.Dark, plain.NoScript = true, true
	return []way{
		{"individual", phone, individual(), []string{"Real-name authentication certificate", "Transaction record", "The latest 3"}},
		{"enterprise-card", dark, map[string]string{
			"customer_type": "direct", "account_type": "enterprise", "real_name_authenticated": "no", "card_added": "yes", "months_of_use": "2", "enterprise_country": "BR",
		}, []string{"Card holder's certificate", "Front of the credit card", "One for each of the last 2 months", "Download the letter to sign"}},
		{"unpaid-plain", plain, map[string]string{
			"customer_type": "direct", "account_type": "individual", "real_name_authenticated": "no", "card_added": "no", "paid": "no", "phone_registered": "yes",
		}, []string{"Your details as registered"}},
	}
}

// TestCustomersWayInABrowser goes from the start to the receipt on a phone, for three rows
// of the policy, one of them without scripts.
func TestCustomersWayInABrowser(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) { w.walk(t) })
	}
}

func (w way) walk(t *testing.T) {
	h := open(t)
	p := browser.Open(t, w.options)
	p.Go(h.URL + "/start")
	p.Shows("does not guarantee")
	p.Follow(`a[href$="/start/account"]`)
	p.Follow("main form button")
	p.Shows("There is a problem")
	enterAccount(h, p, "ana@example.com")
	w.answer(t, p)
	for _, words := range w.shows {
		p.Shows(words)
	}
	supplyAll(t, p, w.options)
	p.Shows("Everything is here")
	p.Follow(`a[href$="/request/check"]`)
	p.Follow(`form[action$="/request/check"] button`)
	p.Shows("We have your request")
	p.Follow(`a[href$="/request"]`)
	p.Shows("Waiting for a reviewer")
	p.Shows("Yours is next")
}

// enterAccount names the account, on the page that asks for it, and proves the new address.
func enterAccount(h *house, p *browser.Page, email string) {
	h.t.Helper()
	p.Type("#f-account", "ana.lima")
	p.Click("#f-lost-1")
	p.Type("#f-new_email", email)
	before := time.Now().Add(-time.Second)
	p.Follow("main form button")
	p.Shows("We sent a code to")
	p.Type("#f-code", h.letter(email, codeInLetter, before))
	p.Follow("main form button")
}

// answer answers what is asked, one question a page.
func (w way) answer(t *testing.T, p *browser.Page) {
	t.Helper()
	for range 12 {
		_, id, asked := strings.Cut(p.Address(), "/request/questions/")
		if !asked {
			return
		}
		value, ok := w.answers[id]
		if !ok {
			t.Fatalf("no answer to %s", id)
		}
		switch {
		case p.Has(`input[type=radio][value="` + value + `"]`):
			p.Click(`input[type=radio][value="` + value + `"]`)
		case p.Has("main select"):
			p.Select("main select", value)
		default:
			p.Type("#f-answers-"+id, value)
		}
		p.Follow("main form button")
	}
	t.Fatal("there is no end to the questions")
}

// firstToDo finds the first card that still takes files.
const firstToDo = `[...document.querySelectorAll("section[id^=item-]")].find(s => s.querySelector(".st-go") && s.querySelector(":scope > form[data-upload]"))`

// supplyAll sends a file for every place of the list, with scripts for each card as many
// at once as it takes, and fills in what is to be filled in.
func supplyAll(t *testing.T, p *browser.Page, o browser.Options) {
	t.Helper()
	seed := uint64(1)
	for range 20 {
		if p.Has(`a.btn-primary[href$="/statement"]`) {
			p.Follow(`a.btn-primary[href$="/statement"]`)
			fillIn(p)
			continue
		}
		section := browser.Eval[string](p, firstToDo+`?.id ?? ""`)
		if section == "" {
			return
		}
		form := "#" + section + " > form[data-upload]"
		count := browser.Eval[int](p, `(form => form.querySelector("input[type=file]").multiple ? Number(form.innerText.match(/up to (\d+) files/)[1]) : 1)(document.querySelector("`+form+`"))`)
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

// fillIn types something good into every field of a statement, and saves it.
func fillIn(p *browser.Page) {
	ids := browser.Eval[[]string](p, `[...document.querySelectorAll("main form .form-control, main form .form-select")].map(e => e.id)`)
	for _, id := range ids {
		if strings.HasSuffix(id, "country") {
			p.Select("#"+id, "BR")
			continue
		}
		p.Type("#"+id, example(strings.ReplaceAll(id, "-", "_")))
	}
	p.Follow("main form button")
	p.Shows("Change what you filled in")
}

// TestSwitchesOnTheWay: another language, or the other theme, in the middle of the way
// keeps where one is, what was answered, and what was sent.
func TestSwitchesOnTheWay(t *testing.T) {
	for _, script := range []bool{true, false} {
		h := open(t)
		v := visit(t, h.Harness).begin("ana@example.com").answers(individual())
		v.upload("/request/items/"+v.items()[0], "passport.jpg", photo("", 1).content)
		p := browser.Open(t, browser.Options{Width: 390, Height: 844, NoScript: !script})
		p.Cookie(h.URL, v.cookie())
		p.Go(h.URL + "/request/items")
		p.Shows("1 of 4 ready")
		p.Click("details.menu:nth-of-type(1) summary")
		p.Follow(`a[hreflang="pt-BR"]`)
		p.Shows("1 de 4 prontos")
		p.Shows("passport.jpg")
		p.Click("details.menu:nth-of-type(2) summary")
		if script {
			p.Click(`button[value=dark]`)
		} else {
			p.Follow(`button[value=dark]`)
		}
		p.WaitFor(`document.documentElement.dataset.bsTheme === "dark"`)
		p.Shows("1 de 4 prontos")
		p.Follow(`a[href$="/request/check"]`)
		p.Shows("Conferir e enviar")
		p.Click("details.menu:nth-of-type(1) summary")
		p.Follow(`a[hreflang="zh-Hans"]`)
		p.Shows("passport.jpg")
		if !strings.HasSuffix(p.Address(), "/zh-Hans/request/check") {
			t.Errorf("at %s", p.Address())
		}
		p.WaitFor(`document.documentElement.dataset.bsTheme === "dark"`)
		p.Go(h.URL + "/request/questions/customer_type") // without a language in the address
		p.Shows("您")
		if !browser.Eval[bool](p, `document.querySelector("input[value=direct]").checked`) {
			t.Error("the answer is lost")
		}
	}
}

// TestBackButton: going back shows the pages as they were left, and what is sent from
// there counts.
func TestBackButton(t *testing.T) {
	h := open(t)
	v := visit(t, h.Harness).begin("ana@example.com")
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Cookie(h.URL, v.cookie())
	p.Go(h.URL + "/request/questions/customer_type")
	p.Click(`input[value=direct]`)
	p.Follow("main form button")
	p.WaitFor(`location.pathname.endsWith("/real_name_authenticated")`)
	p.Back()
	p.WaitFor(`location.pathname.endsWith("/customer_type") && document.readyState === "complete"`)
	if !browser.Eval[bool](p, `document.querySelector("input[value=direct]").checked`) {
		t.Error("the page is not as it was left")
	}
	resend(p, `document.querySelector("input[value=partner]").click()`)
	p.WaitFor(`location.pathname.endsWith("/enterprise_country") && document.readyState === "complete" && document.querySelector("main select")`)
	p.Select("main select", "CN")
	p.Follow("main form button")
	p.Shows("Partner certificate")
	p.Back()
	p.WaitFor(`location.pathname.endsWith("/enterprise_country") && document.readyState === "complete"`)
	resend(p, `0`) // the same answer again does no harm
	p.Shows("Partner certificate")
}

// resend sends the form of a page that came out of the browser's memory, in which chromedp
// finds nothing to click.
func resend(p *browser.Page, change string) {
	browser.Eval[bool](p, `(`+change+`, document.querySelector("main form button").click(), true)`)
}

// TestReceiptPrints: on paper a receipt is black on white, names the account, the files
// and their digests, and has no buttons.
func TestReceiptPrints(t *testing.T) {
	h := open(t)
	v, reference := submitted(t, h.Harness, "ana@example.com")
	p := browser.Open(t, browser.Options{Width: 794, Height: 1123, Dark: true})
	p.Cookie(h.URL, v.cookie())
	p.Go(h.URL + "/request/receipt")
	p.AsPrinted()
	p.Screenshot("page-receipt-printed")
	text := p.Text("body")
	for _, wanted := range []string{reference, "account of ana@example.com", "Exemplo Ltda.", "photo-0.jpg", "SHA-256", "Received "} {
		if !strings.Contains(text, wanted) {
			t.Errorf("does not print %q:\n%s", wanted, text)
		}
	}
	for _, unwanted := range []string{"Print or keep", "Where your request stands", "Theme", "Check and send"} {
		if strings.Contains(text, unwanted) {
			t.Errorf("prints %q", unwanted)
		}
	}
	if ground := browser.Eval[string](p, `getComputedStyle(document.body).backgroundColor + getComputedStyle(document.querySelector("main")).color`); ground != "rgb(255, 255, 255)rgb(0, 0, 0)" {
		t.Errorf("the colours are %s", ground)
	}
}
