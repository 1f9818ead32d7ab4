package web_test

import (
	"strings"
	"testing"

	"regain/internal/browser"
)

// TestPartnersLetter: a reseller follows the link, sees what is asked and what it
// means, sends both files, takes one back, and keeps the receipt.
func TestPartnersLetter(t *testing.T) {
	h := open(t)
	c := h.claimant("ana@example.com")
	token := c.invite("ops@parceira.example")
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Go(h.URL + "/invitation#" + token)
	p.Shows("Your link is complete")
	checkWeight(t, "invitation", p)
	p.CheckAccessible("an invitation's link")
	p.CheckFits("an invitation's link")
	p.Screenshot("invitation-390")
	p.Follow("form[data-token] button")
	p.Shows("What signing means")
	if !strings.HasSuffix(p.Address(), "/invitation/owed") {
		t.Errorf("at %s", p.Address())
	}
	text := p.Text("main")
	for _, wanted := range []string{"Exemplo Ltda.", "exemplo-cloud", "Nuvem Parceira Ltda.", c.reference, "Authorization letter"} {
		if !strings.Contains(text, wanted) {
			t.Errorf("does not say %q:\n%s", wanted, text)
		}
	}
	for _, hidden := range []string{"Real-name", "ana@example.com", strings.TrimPrefix(c.path, "/api/v1/cases/")} {
		if strings.Contains(browser.Eval[string](p, `document.documentElement.outerHTML`), hidden) {
			t.Errorf("shows %q", hidden)
		}
	}
	p.GoCold(p.Address())
	checkWeight(t, "what is owed", p)
	p.CheckAccessible("what is owed")
	p.CheckFits("what is owed")
	p.Screenshot("partner-owed-390")
	p.Resize(1280, 900)
	p.CheckAccessible("what is owed")
	p.Screenshot("partner-owed-1280")
	p.Resize(390, 844)
	p.Choose("#items section:nth-of-type(1) input[type=file]", file(t, "consent.pdf", 1))
	p.WaitFor(`document.querySelector("#items section:nth-of-type(1) .st").innerText.includes("Received")`)
	p.Choose("#items section:nth-of-type(2) input[type=file]", file(t, "letter.pdf", 2))
	p.Shows("You have sent all that is asked")
	p.CheckAccessible("all is sent")
	p.CheckFits("all is sent")
	p.Screenshot("partner-sent-390")
	p.Click(`#items section:nth-of-type(2) form[hx-post] button`)
	p.WaitFor(`document.querySelector("#items section:nth-of-type(2) .st").innerText.includes("Please send")`)
	if p.Has(".notice.ok") {
		t.Error("still says that all is sent")
	}
	p.Choose("#items section:nth-of-type(2) input[type=file]", file(t, "letter.pdf", 3))
	p.Shows("You have sent all that is asked")
	p.Follow(`a[href$="/invitation/receipt"]`)
	p.Shows("consent.pdf")
	p.Shows(c.reference)
	p.CheckAccessible("the receipt")
	p.CheckFits("the receipt")
	p.Follow(`form[action$="/sign-out"] button`)
	p.Go(h.URL + "/invitation/owed")
	p.Shows("To go on, open the link in our message.")
}

// TestPartnersLetterWithoutScripts is the same way with no script at all.
func TestPartnersLetterWithoutScripts(t *testing.T) {
	h := open(t)
	c := h.claimant("ana@example.com")
	token := c.invite("ops@parceira.example")
	p := browser.Open(t, browser.Options{Width: 390, Height: 844, NoScript: true})
	p.Go(h.URL + "/invitation#" + token)
	p.Follow("form[data-token] button") // nothing pasted
	p.Shows("Paste the link from our message.")
	if !p.Has(`.errsum a[href="#f-token"]`) || !p.Has(`#f-token[aria-invalid=true]`) {
		t.Error("the error is not beside its field and above the form")
	}
	p.Type("#f-token", "see http://regain.test/invitation#"+strings.Repeat("x", 43))
	p.Follow("form[data-token] button")
	p.Shows("This link does not work")
	if got := browser.Eval[string](p, `document.querySelector("#f-token").value`); !strings.HasSuffix(got, "xxx") {
		t.Errorf("what was typed is lost: %q", got)
	}
	p.Type("#f-token", "http://regain.test/invitation#"+token)
	p.Follow("form[data-token] button")
	p.Shows("What signing means")
	for n, name := range []string{"consent.pdf", "letter.pdf"} {
		section := "#items section:nth-of-type(" + string(rune('1'+n)) + ")"
		if n == 0 {
			p.Follow(section + " [data-send]") // nothing chosen
			p.Shows("Choose a file first.")
		}
		p.Choose(section+" input[type=file]", file(t, name, uint64(n)+1))
		p.Follow(section + " [data-send]")
		p.WaitFor(`document.querySelector("` + section + ` .st").innerText.includes("Received")`)
	}
	p.Shows("You have sent all that is asked")
	p.Follow(`#items section:nth-of-type(2) form[hx-post] button`)
	p.WaitFor(`document.querySelector("#items section:nth-of-type(2) .st").innerText.includes("Please send")`)
}

// TestRefusedFile: a file that is not what it says is refused with the reason, in the
// reader's language, and another one can be sent at once.
func TestRefusedFile(t *testing.T) {
	h := open(t)
	c := h.claimant("ana@example.com")
	token := c.invite("ops@parceira.example")
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Go(h.URL + "/pt-BR/invitation#" + token)
	p.Follow("form[data-token] button")
	p.Shows("O que significa assinar")
	p.Choose("#items section:nth-of-type(1) input[type=file]", plainFile(t, "carta.pdf", "this is no PDF"))
	p.WaitFor(`document.querySelector("#items .failed")?.innerText.length > 10`)
	if said := p.Text("#items .failed"); strings.Contains(said, "The file") {
		t.Errorf("said in English: %s", said)
	}
	p.CheckAccessible("a refused file")
	p.CheckFits("a refused file")
	p.Screenshot("partner-refused-390")
	p.Choose("#items section:nth-of-type(1) input[type=file]", file(t, "carta.pdf", 4))
	p.WaitFor(`document.querySelector("#items section:nth-of-type(1) .st").innerText.includes("Recebido")`)
}

// TestSessionEndsUnderThePartner: what was about to be done is not lost when the
// session has ended, and is done once after coming in again.
func TestSessionEndsUnderThePartner(t *testing.T) {
	h := open(t)
	c := h.claimant("ana@example.com")
	token := c.invite("ops@parceira.example")
	p := browser.Open(t, browser.Options{NoScript: true})
	p.Go(h.URL + "/invitation")
	p.Type("#f-token", token)
	p.Follow("form[data-token] button")
	p.Choose("#items section:nth-of-type(1) input[type=file]", file(t, "consent.pdf", 1))
	p.Follow("#items section:nth-of-type(1) [data-send]")
	if _, err := h.DB.ExecContext(t.Context(), "DELETE FROM sessions"); err != nil {
		t.Fatal(err)
	}
	p.Follow(`#items section:nth-of-type(1) form[hx-post] button`)
	p.Shows("Your session has ended")
	p.Shows("What you typed is kept")
	c.token = h.customerAgain(c)
	p.Type("#f-token", c.inviteAgain("ops@parceira.example", token))
	p.Follow("form[data-token] button")
	p.Shows("Nothing that you typed was lost")
	p.CheckAccessible("going on")
	p.Follow("main form button")
	p.WaitFor(`document.querySelector("#items section:nth-of-type(1) .st").innerText.includes("Please send")`)
}

// customerAgain opens a session for a customer whose own has ended.
func (h *house) customerAgain(c *claimant) string {
	h.t.Helper()
	token, err := h.Accounts.OpenSession(h.t.Context(), "customer", strings.TrimPrefix(c.path, "/api/v1/cases/"), 0)
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

// TestLanguageAndTheme: both are switched on any page, and remembered.
func TestLanguageAndTheme(t *testing.T) {
	h := open(t)
	for _, script := range []bool{true, false} {
		p := browser.Open(t, browser.Options{Width: 1280, NoScript: !script})
		p.Go(h.URL + "/help")
		p.Click("details.menu:nth-of-type(1) summary")
		p.CheckAccessible("the languages")
		p.Follow(`a[hreflang="zh-Hans"]`)
		p.Shows("可能需要的材料")
		if got := browser.Eval[string](p, `document.documentElement.lang`); got != "zh-Hans" {
			t.Errorf("the page is in %q", got)
		}
		p.Go(h.URL + "/") // an address without a language, as in messages
		p.Shows("找回您的账号")
		p.Click("details.menu:nth-of-type(2) summary")
		p.CheckAccessible("the themes")
		const ground = `getComputedStyle(document.body).backgroundColor`
		light := browser.Eval[string](p, ground)
		if script {
			p.Click(`button[value=dark]`)
		} else {
			p.Follow(`button[value=dark]`)
		}
		p.WaitFor(`document.documentElement.dataset.bsTheme === "dark"`)
		if dark := browser.Eval[string](p, ground); dark == light {
			t.Errorf("dark is %s, too", dark)
		}
		p.Go(h.URL + "/en/invitation")
		p.WaitFor(`document.documentElement.dataset.bsTheme === "dark"`)
		p.Shows("You were asked for a letter")
	}
}

// TestDarkWithoutChoice: who chose nothing gets what the system prefers, without any script.
func TestDarkWithoutChoice(t *testing.T) {
	h := open(t)
	p := browser.Open(t, browser.Options{Dark: true, NoScript: true})
	p.Go(h.URL + "/")
	if got := browser.Eval[string](p, `getComputedStyle(document.body).backgroundColor`); got != "rgb(17, 24, 33)" {
		t.Errorf("the ground is %s", got)
	}
	if got := browser.Eval[string](p, `getComputedStyle(document.querySelector(".card")).backgroundColor`); got != "rgb(26, 36, 48)" {
		t.Errorf("a card is %s", got)
	}
}

// checkWeight holds a page that was opened cold to its budget.
func checkWeight(t *testing.T, name string, p *browser.Page) {
	t.Helper()
	bytes, assets := p.Weight()
	t.Logf("%s weighs %d bytes with %d assets", name, bytes, assets)
	if bytes > 100_000 || assets > 4 {
		t.Errorf("%s is too heavy: %v", name, p.Loads())
	}
}

// TestTheAPIPageInABrowser is apart from the others because it is long.
func TestTheAPIPageInABrowser(t *testing.T) {
	h := open(t)
	p := browser.Open(t, browser.Options{Width: 390, Height: 844, Dark: true})
	p.Go(h.URL + "/api/v1/docs")
	p.CheckAccessible("the API page")
	p.CheckFits("the API page")
	p.Prefer(false)
	p.Resize(1280, 900)
	p.CheckAccessible("the API page")
}
