package api_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"regain/accounts"
	"regain/cases"
	"regain/notify"
	"regain/server"
)

// hookSink takes messages and checks their signatures by itself.
type hookSink struct {
	*httptest.Server
	mu     sync.Mutex
	secret string
	status int
	taken  []hookMessage
}

type hookMessage struct {
	Type string
	Data map[string]any
	id   string
	raw  string
}

func newHookSink(t *testing.T) *hookSink {
	t.Helper()
	s := &hookSink{status: http.StatusNoContent}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		key, keyErr := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.secret, "whsec_"))
		mac := hmac.New(sha256.New, key)
		_, _ = fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); err != nil || keyErr != nil || r.Header.Get("webhook-signature") != want {
			t.Errorf("%v %v %v", err, keyErr, r.Header)
		}
		m := hookMessage{id: r.Header.Get("webhook-id"), raw: string(body)}
		if err := json.Unmarshal(body, &m); err != nil {
			t.Error(err)
		}
		s.taken = append(s.taken, m)
		w.WriteHeader(s.status)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *hookSink) answer(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// wait is what was taken, once there are n.
func (s *hookSink) wait(t *testing.T, n int) []hookMessage {
	t.Helper()
	for range 3000 {
		s.mu.Lock()
		taken := append([]hookMessage(nil), s.taken...)
		s.mu.Unlock()
		if len(taken) >= n {
			return taken
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("fewer than %d messages", n)
	return nil
}

// addWebhook has an admin add one.
func (d *desk) addWebhook(s *hookSink, types ...string) (admin *caller, path string) {
	d.t.Helper()
	admin = d.staffAt("", accounts.Admin)
	o := admin.want(201, "POST", "/api/v1/webhooks", object{"url": s.URL, "types": types, "description": "Ticket system"})
	s.mu.Lock()
	s.secret = o["secret"].(string)
	s.mu.Unlock()
	return admin, "/api/v1/webhooks/" + o["webhook"].(object)["id"].(string)
}

// TestWebhookTellsACase: what happens to a case from its filing to its approval reaches
// the receiver, by ids and codes alone.
func TestWebhookTellsACase(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		d.DeliverWebhooks(t)
		sink := newHookSink(t)
		admin, path := d.addWebhook(sink, "*")
		c := d.submitted("ana@example.com", individual())
		r := d.staffAt(c.path, accounts.Reviewer)
		r.want(200, "POST", c.path+"/claim", nil)
		c.want(201, "POST", c.path+"/messages", object{"body": "Is there any news of my account?"})
		r.accept()
		r.change(200, "POST", "/approval", object{})
		var events struct {
			Events []struct {
				Seq  float64
				Type string
			}
		}
		d.Call(t, r.token, "GET", c.path+"/events?limit=200", nil).Into(t, &events)
		want := map[string]string{"submit": "case.submitted", "claim": "case.claimed", "write": "message.written", "decide_item": "item.decided", "approve": "case.approved"}
		filed := false
		expected := map[string]string{} // by message
		for _, e := range events.Events {
			filed = filed || e.Type == "submit"
			if filed && want[e.Type] != "" {
				expected[fmt.Sprintf("evt_%s_%d", strings.TrimPrefix(c.path, "/api/v1/cases/"), int(e.Seq))] = want[e.Type]
			}
		}
		if len(expected) < 8 {
			t.Fatalf("too little happened: %v", expected)
		}
		taken := sink.wait(t, len(expected))
		if len(taken) != len(expected) {
			t.Errorf("%d messages, want %d", len(taken), len(expected))
		}
		for _, m := range taken {
			if expected[m.id] != m.Type || m.Data["case"] != strings.TrimPrefix(c.path, "/api/v1/cases/") {
				t.Errorf("%+v, want %s", m, expected[m.id])
			}
			if m.Type == "item.decided" && (m.Data["verdict"] != "accepted" || m.Data["item"] == "" || m.Data["by"] != "staff") {
				t.Errorf("%+v", m)
			}
			if m.Type == "case.approved" && (m.Data["previous_state"] != "in_review" || m.Data["state"] != "approved") {
				t.Errorf("%+v", m)
			}
			holds(t, m.id, m.raw, "ana@example.com", "account of", "Exemplo", "news of")
		}
		log := admin.want(200, "GET", path+"/deliveries?limit=3&state=delivered", nil)
		if first := objects(log["deliveries"]); len(first) != 3 || log["next"] == nil || first[0]["state"] != "delivered" || first[0]["last_status"] != 204.0 {
			t.Errorf("%v", log)
		}
		second := admin.want(200, "GET", log["next"].(string), nil)
		if more := objects(second["deliveries"]); len(more) != 3 || more[0]["message"] == objects(log["deliveries"])[0]["message"] {
			t.Errorf("%v", second)
		}
	})
}

// TestWebhookOfADraft: nobody but its customer knows of a case that was not filed.
func TestWebhookOfADraft(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		d.DeliverWebhooks(t)
		sink := newHookSink(t)
		admin, path := d.addWebhook(sink, "*")
		c := d.start("ana@example.com", individual())
		c.prove("ana@example.com")
		c.supplyAll()
		c.want(201, "POST", c.path+"/messages", object{"body": "Hello?"})
		c.change(200, "POST", "/withdrawal", nil)
		admin.want(202, "POST", path+"/test", nil)
		if taken := sink.wait(t, 1); len(taken) != 1 || taken[0].Type != "webhook.test" {
			t.Errorf("%+v", taken)
		}
	})
}

// TestWebhookReplayByAPI: a message that a receiver refused is seen on record, and sent
// again on request.
func TestWebhookReplayByAPI(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		d.DeliverWebhooks(t)
		sink := newHookSink(t)
		admin, path := d.addWebhook(sink, "case.submitted")
		sink.answer(http.StatusInternalServerError)
		d.submitted("ana@example.com", individual())
		message := sink.wait(t, 1)[0].id
		var shown object
		for range 3000 {
			if shown = admin.want(200, "GET", path+"/deliveries/"+message, nil); shown["last_code"] != nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if tries := objects(shown["tries"]); len(tries) == 0 || tries[0]["status"] != 500.0 || tries[0]["code"] != "http_500" || tries[0]["at"] == nil {
			t.Errorf("the attempts: %v", tries)
		}
		if shown["state"] != "queued" || shown["last_status"] != 500.0 || shown["last_code"] != "http_500" || shown["next_attempt_at"] == nil {
			t.Errorf("%v", shown)
		}
		if o := admin.want(200, "GET", path, nil); o["failing_since"] == nil || o["enabled"] != true {
			t.Errorf("%v", o)
		}
		sink.answer(http.StatusOK)
		admin.want(202, "POST", path+"/deliveries/"+message+"/replay", nil)
		if taken := sink.wait(t, 2); taken[1].id != message || taken[1].raw != taken[0].raw {
			t.Errorf("%+v", taken)
		}
		d.problemOf(d.Call(t, admin.token, "POST", path+"/replay", nil), 409, "nothing_failed")
		d.problemOf(d.Call(t, admin.token, "GET", path+"/deliveries/evt_none", nil), 404, "delivery_not_found")
	})
}

// TestWebhookIsManaged by whoever may: enabled, disabled, given a new secret, removed.
func TestWebhookIsManaged(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		sink := newHookSink(t)
		admin, path := d.addWebhook(sink, "case.approved")
		token, _ := d.NewKey(t, accounts.ScopeWebhooks)
		program := &caller{d: d, token: token}
		list := program.want(200, "GET", "/api/v1/webhooks", nil)
		if hooks := objects(list["webhooks"]); len(hooks) != 1 || hooks[0]["enabled"] != true || len(list["people"].(object)) != 1 {
			t.Errorf("%v", list)
		}
		holds(t, "the list", list, sink.secret)
		o := program.want(200, "PUT", path+"/enabled", object{"enabled": false})
		if o["enabled"] != false || o["disabled_reason"] != "by_admin" {
			t.Errorf("%v", o)
		}
		d.problemOf(d.Call(t, admin.token, "POST", path+"/test", nil), 409, "webhook_disabled")
		admin.want(200, "PUT", path+"/enabled", object{"enabled": true})
		rotated := admin.want(200, "POST", path+"/secret", nil)
		if rotated["secret"] == sink.secret || !strings.HasPrefix(rotated["secret"].(string), "whsec_") || rotated["webhook"].(object)["old_secret_until"] == nil {
			t.Errorf("%v", rotated)
		}
		changed := admin.want(200, "PUT", path, object{"url": sink.URL + "/new", "types": []string{"item.decided"}})
		if changed["url"] != sink.URL+"/new" || fmt.Sprint(changed["types"]) != "[item.decided]" || changed["description"] != nil {
			t.Errorf("%v", changed)
		}
		if got := d.problemOf(d.Call(t, admin.token, "PUT", path, object{"url": "ftp://x", "types": []string{"x"}}), 422, "invalid_fields"); fmt.Sprint(got) != "[/url invalid_url /types/0 not_a_choice]" {
			t.Errorf("%v", got)
		}
		types := admin.want(200, "GET", "/api/v1/webhook-types", nil)
		if got := fmt.Sprint(types["types"]); got != fmt.Sprint(cases.WebhookTypes()) || !strings.Contains(got, "case.materials_requested") {
			t.Errorf("%v", got)
		}
		admin.want(204, "DELETE", path, nil)
		d.problemOf(d.Call(t, admin.token, "GET", path, nil), 404, "webhook_not_found")
		d.problemOf(d.Call(t, d.NewSession(t, server.Lead), "GET", "/api/v1/webhooks", nil), 403, "role_not_allowed")
	})
}

// TestAdminsHearOfADisabledWebhook by mail.
func TestAdminsHearOfADisabledWebhook(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		d.DeliverWebhooks(t)
		sink := newHookSink(t)
		sink.answer(http.StatusGone)
		_, path := d.addWebhook(sink, "*")
		other := d.NewStaff(t, accounts.Admin)
		left := d.NewStaff(t, accounts.Admin)
		if err := d.Accounts.DisableStaff(t.Context(), accounts.Operator(), left.ID); err != nil {
			t.Fatal(err)
		}
		admin := d.staffAt("", accounts.Admin)
		admin.want(202, "POST", path+"/test", nil)
		sink.wait(t, 1)
		var letters []notify.Letter
		for range 3000 {
			var err error
			if letters, err = d.Mailbox.List(t.Context(), notify.LetterQuery{To: other.Email}); err != nil {
				t.Fatal(err)
			}
			if len(letters) > 0 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if len(letters) != 1 || !strings.Contains(letters[0].TextBody, "Ticket system") || !strings.Contains(letters[0].TextBody, "http://regain.test/staff/webhooks") {
			t.Errorf("%+v", letters)
		}
		none, err := d.Mailbox.List(t.Context(), notify.LetterQuery{To: left.Email})
		if err != nil || len(none) != 0 {
			t.Errorf("%v %+v", err, none)
		}
	})
}
