package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"regain/accounts"
	"regain/server/servertest"
)

// TestWhyThereIsNoPageYet: who never came in is asked to, in words of their own kind; who did is told
// that the session has ended.
func TestWhyThereIsNoPageYet(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		for _, kind := range []struct{ path, words string }{
			{"/staff/tags", "Sign in to go on."},
			{"/request/messages", "To see your request, come in first."},
			{"/invitation/owed", "To go on, open the link in our message."},
			{"/organisation/letters", "Sign in to go on."},
		} {
			visit(t, h).open(kind.path).wants(401, kind.path, kind.words).wantsNot("Your session has ended")
			came := visit(t, h)
			over := h.Server.SessionCookie("rgn_staff_over", time.Hour)
			came.client.Jar.SetCookies(parsed(t, h.URL), []*http.Cookie{&over})
			came.open(kind.path).wants(401, kind.path, "Your session has ended").wantsNot(kind.words)
		}
	})
}

// TestSignInLeadsBack: after signing in one is where one wanted to go, with what the address said, and
// nowhere else than here, whatever the form was made to say.
func TestSignInLeadsBack(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		who := h.NewStaff(t, accounts.Lead)
		v := visit(t, h).open("/staff/queue?view=snoozed").wants(401, "/staff/queue")
		v.send("/staff/sign-in", "email", who.Email, "password", servertest.StaffPassword).wants(200, "/staff/queue")
		if got := v.url.Query().Get("view"); got != "snoozed" {
			t.Errorf("led to %s", v.url)
		}
		for _, elsewhere := range []string{"https://elsewhere.example/staff", "//elsewhere.example/staff", `/\elsewhere.example`, "javascript:alert(1)"} {
			v := visit(t, h).open("/staff/queue").wants(401, "/staff/queue")
			v.send("/staff/sign-in", "email", who.Email, "password", servertest.StaffPassword, "continue_at", elsewhere)
			if v.url.Host != parsed(t, h.URL).Host {
				t.Errorf("%s led to %s", elsewhere, v.url)
			}
		}
	})
}

// wantsNot checks that the page does not say something.
func (v *customer) wantsNot(words string) {
	v.t.Helper()
	if strings.Contains(v.text(), words) {
		v.t.Errorf("%s says %q: %s", v.url.Path, words, v.text())
	}
}

func parsed(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
