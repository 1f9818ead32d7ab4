package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"regain/accounts"
	"regain/internal/browser"
	"regain/internal/testhtml"
	"regain/notify"
	"regain/server"
	"regain/server/servertest"
)

var shownSecret = regexp.MustCompile(`data-secret>([^<]+)<`)

// secret is what the page shows this once.
func (v *customer) secret() string {
	v.t.Helper()
	found := shownSecret.FindStringSubmatch(v.body)
	if found == nil {
		v.t.Fatalf("%s shows no secret: %s", v.url, v.text())
	}
	return found[1]
}

// receiver is a webhook that answers with the status that is set.
func receiver(t *testing.T) (address string, status *atomic.Int32) {
	t.Helper()
	status = &atomic.Int32{}
	status.Store(http.StatusNoContent)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) }))
	t.Cleanup(s.Close)
	return s.URL, status
}

func deliverDue(t *testing.T, h *servertest.Harness) {
	t.Helper()
	if _, err := h.Webhooks.DeliverDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestWebhookPages: an admin adds a webhook, tries it, sees what came of it, sends again,
// changes it, gives it another secret, switches it off and on, and removes it; what is
// wrong stands beside its field. An auditor reads, and sees no address but the host.
func TestWebhookPages(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		address, status := receiver(t)
		host := strings.TrimPrefix(address, "http://")
		admin, _ := atDesk(t, h, accounts.Admin)
		admin.open("/staff/webhooks").wants(200, "/staff/webhooks", "Nobody is told of anything yet")
		admin.send("/staff/webhooks", "url", "somewhere", "description", "").wants(422, "/staff/webhooks", "Give a whole address", "There is a problem")
		admin.send("/staff/webhooks", "url", address+"/hook-in-path", "types", "case.nothing").wants(422, "/staff/webhooks", "There is no such type of event")
		admin.send("/staff/webhooks", "url", address+"/hook-in-path", "types", "case.approved", "types", "case.denied", "description", "Ticket system").
			wants(201, "/staff/webhooks", "shown this once", "The webhook to "+host)
		secret := admin.secret()
		if !strings.HasPrefix(secret, "whsec_") {
			t.Errorf("the secret is %s", secret)
		}
		admin.open("/staff/webhooks").wants(200, "/staff/webhooks", host, "Ticket system", "A case was approved, A case was denied", "Works")
		list, err := h.Webhooks.Endpoints(t.Context())
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		at := "/staff/webhooks/" + list[0].ID

		admin.open(at).wants(200, at, "Nothing was sent yet", "Send a test")
		delivery := at + "/deliveries/evt_test_[^/]+"
		admin.send(at+"/test").wants(200, delivery, "A test", "Waiting", "0 attempts", `{"type":"webhook.test"`)
		deliverDue(t, h)
		admin.open(admin.url.Path).wants(200, delivery, "Taken, with status 204", "1 attempt")
		status.Store(http.StatusGone)
		admin.send(".*/replay").wants(200, delivery, "Waiting")
		deliverDue(t, h)
		sent := admin.url.Path
		admin.open(sent).wants(200, delivery, "Given up", "Answered with status 410", "Attempts, newest first", "Taken, with status 204")
		admin.send(".*/replay").wants(409, delivery+"/replay", "This webhook is switched off.", "There is a problem")
		admin.open(at).wants(200, at, "it says that it is gone", "Switch it on")
		admin.send(at+"/enabled").wants(200, at, "Works", "Send all that failed again")
		status.Store(http.StatusInternalServerError)
		admin.send(at+"/replay").wants(200, at, "Waiting")
		deliverDue(t, h)
		admin.open(at+"?state=queued").wants(200, at, "Will be tried again", "Answered with status 500", "Takes nothing at present")
		admin.open(at+"?state=delivered").wants(200, at, "Nothing stands so")

		admin.send(at, "url", "https://", "types", "*").wants(422, at, "Give a whole address")
		admin.send(at, "url", address+"/other", "types", "*").wants(200, at, "Told of: Everything.")
		admin.send(at+"/secret").wants(200, at+"/secret", "A new secret for "+host, "shown this once")
		if again := admin.secret(); again == secret {
			t.Error("the secret is the old one")
		}
		admin.open(at).wants(200, at, "The secret before the present one")
		admin.send(at+"/enabled").wants(200, at, "Switched off", "what waits is kept")

		auditor, _ := atDesk(t, h, accounts.Auditor)
		for _, path := range []string{"/staff/webhooks", at, sent} {
			auditor.open(path).wants(200, path, host)
			if strings.Contains(auditor.body, "/other") || strings.Contains(auditor.body, secret) {
				t.Errorf("%s shows an auditor the address", path)
			}
			for _, form := range auditor.all(func(n *html.Node) bool { return n.Data == "form" }) {
				if strings.HasPrefix(testhtml.Attr(form, "action"), "/staff/") {
					t.Errorf("%s: an auditor may %s", path, testhtml.Attr(form, "action"))
				}
			}
		}
		lead, _ := atDesk(t, h, accounts.Lead)
		lead.open("/staff/webhooks").wants(403, "/staff/webhooks")

		removal := fields(admin.open(at).form(at + "/delete"))
		for range 2 { // who is slower finds done what they wished
			admin.post(at+"/delete", removal).wants(200, "/staff/webhooks", "Nobody is told of anything yet")
			removal.Set(server.FormKey, uuid.NewString())
		}
		admin.open(at).wants(404, at)
	})
}

// TestDeliveriesByPages: the log is read a page at a time, newest first.
func TestDeliveriesByPages(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		address, _ := receiver(t)
		e, _, err := h.Webhooks.CreateEndpoint(t.Context(), notify.EndpointInput{URL: address, Types: []string{"*"}}, "")
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			if _, err := h.Webhooks.Test(t.Context(), e.ID); err != nil {
				t.Fatal(err)
			}
		}
		admin, _ := atDesk(t, h, accounts.Admin)
		count := func() int {
			return len(admin.all(func(n *html.Node) bool {
				return n.Data == "a" && strings.Contains(testhtml.Attr(n, "href"), "/deliveries/")
			}))
		}
		admin.open("/staff/webhooks/"+e.ID+"?state=queued").wants(200, "/staff/webhooks/"+e.ID)
		first := count()
		admin.open(admin.link("next")).wants(200, "/staff/webhooks/"+e.ID)
		if first != 25 || count() != 5 {
			t.Errorf("%d and %d", first, count())
		}
		admin.open("/staff/webhooks/"+e.ID+"?cursor=x").wants(400, "/staff/webhooks/"+e.ID)
	})
}

// hooked is a webhook with deliveries in every state.
func hooked(t *testing.T, h *servertest.Harness) notify.Endpoint {
	t.Helper()
	address, status := receiver(t)
	e, _, err := h.Webhooks.CreateEndpoint(t.Context(), notify.EndpointInput{URL: address + "/a-long-path-that-goes-on-and-on", Types: []string{"*"}, Description: "Ticket system"}, "")
	if err != nil {
		t.Fatal(err)
	}
	test := func() {
		if _, err := h.Webhooks.Test(context.WithoutCancel(t.Context()), e.ID); err != nil {
			t.Fatal(err)
		}
	}
	test()
	deliverDue(t, h)
	status.Store(http.StatusInternalServerError)
	test()
	deliverDue(t, h)
	test()
	if _, err := h.DB.NewRaw("UPDATE webhook_deliveries SET state = 'failed', done_at = ? WHERE attempts = 1 AND state = 'queued'", time.Now().UTC()).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestAdminPagesInABrowser: the pages of webhooks and keys follow the rules of
// accessibility in both themes and all languages, and fit.
func TestAdminPagesInABrowser(t *testing.T) {
	h := open(t)
	e := hooked(t, h.Harness)
	list, _, err := h.Webhooks.Deliveries(t.Context(), e.ID, notify.DeliveryQuery{State: notify.DeliveryFailed, Page: firstPage(t)})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	manyKeys(t, h.Harness)
	one := "/staff/webhooks/" + e.ID
	p := signedIn(t, h.Harness, browser.Options{Width: 390, Height: 844}, accounts.Admin)
	delivery := one + "/deliveries/" + list[0].MessageID
	checkAll(p, h.Harness,
		place{"webhooks", "/en/staff/webhooks"}, place{"webhooks", "/zh-Hans/staff/webhooks"}, place{"a webhook", "/en" + one}, place{"failed deliveries", "/en" + one + "?state=failed"},
		place{"failed deliveries", "/pt-BR" + one + "?state=failed"}, place{"a delivery", "/en" + delivery}, place{"a delivery", "/zh-Hans" + delivery},
		place{"keys", "/en/staff/keys"}, place{"keys", "/pt-BR/staff/keys"},
	)
	for _, refused := range []place{{"a refused webhook", "/staff/webhooks"}, {"a refused key", "/staff/keys"}} {
		p.Go(h.URL + "/en" + refused.path)
		p.Follow(`main form[action$="` + refused.path + `"] .btn-primary`)
		p.Shows("There is a problem")
		p.CheckEverywhere(refused.name)
	}
	p.Go(h.URL + "/en/staff/keys")
	p.Type("#f-name", "Nightly report")
	p.Click("#f-scopes-3")
	p.Follow(`main form[action$="/staff/keys"] .btn-primary`)
	p.Shows("It is shown this once")
	p.CheckEverywhere("a key")
}
