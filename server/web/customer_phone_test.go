package web_test

import (
	"bytes"
	"image/png"
	"net/url"
	"strings"
	"testing"

	qr "github.com/piglig/go-qr"
	"golang.org/x/net/html"

	"regain/internal/browser"
	"regain/server/servertest"
)

// TestHandedOverToThePhone: the code on the screen, read as a phone reads it, opens the
// request on another device, once.
func TestHandedOverToThePhone(t *testing.T) {
	h := open(t)
	v := visit(t, h.Harness).begin("ana@example.com")
	desk := browser.Open(t, browser.Options{Width: 1280})
	desk.Cookie(h.URL, v.cookie())
	desk.Go(h.URL + "/request/phone")
	desk.Follow(`form[action$="/request/phone"] button`)
	desk.Shows("It works once, until")
	desk.CheckEverywhere("the code for the phone")
	link := readCode(t, desk.Picture("svg.code"))
	desk.Prefer(true)
	if dark := readCode(t, desk.Picture("svg.code")); dark != link {
		t.Errorf("in the dark, the code says %q, not %q", dark, link)
	}
	if address, err := url.Parse(link); err != nil || address.Path != "/resume/phone" || address.RawQuery != "" || len(address.Fragment) < 40 {
		t.Fatalf("the code says %q", link)
	}
	phone := browser.Open(t, browser.Options{Width: 390, Height: 844})
	phone.Go(link)
	phone.Shows("The link is complete")
	phone.CheckEverywhere("on the phone")
	phone.Follow("form[data-token] button")
	phone.Shows("You have not sent it yet")

	again := browser.Open(t, browser.Options{Width: 390, Height: 844})
	again.Go(link)
	again.Follow("form[data-token] button")
	again.Shows("This link does not work, or not any more")
	desk.Go(h.URL + "/request")
	desk.Shows("You have not sent it yet") // both go on side by side
}

// readCode reads a QR code off a picture.
func readCode(t *testing.T, picture []byte) string {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	text, err := qr.Decode(m)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestHandoverByHand: the link can be pasted where no script reads it, is not told to
// anybody by an address, and a new code ends the one before.
func TestHandoverByHand(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		v := visit(t, h).begin("ana@example.com")
		link := func() string {
			v.open("/request/phone").send("/request/phone").wants(200, "/request/phone", "Whoever scans it is in your request")
			for _, n := range v.all(func(n *html.Node) bool { return n.Data == "code" }) {
				if text := textOf(n); strings.Contains(text, "#") {
					return text
				}
			}
			t.Fatalf("no link: %s", v.text())
			return ""
		}
		first := link()
		second := link()
		phone := visit(t, h)
		phone.open("/resume/phone").send("/resume/phone", "token", first).wants(422, "/resume/phone", "does not work")
		phone.send("/resume/phone", "token", "").wants(422, "/resume/phone", "does not work")
		phone.send("/resume/phone", "token", second).wants(200, "/request", "You have not sent it yet")
		phone.open("/resume/phone").send("/resume/phone", "token", second).wants(422, "/resume/phone", "does not work")
		visit(t, h).open("/request/phone").wants(401, "/request/phone", "To see your request, come in first.")
	})
}
