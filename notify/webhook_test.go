package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"regain/internal/testservers"
)

const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// gateway is a receiver that checks signatures by itself, as the specification
// says, and answers as told.
type gateway struct {
	*httptest.Server
	clock  *fakeClock
	answer func(w http.ResponseWriter, r *http.Request)
	taken  []webhookBody
	ids    []string
	hits   atomic.Int32
}

func newGateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{clock: newClock()}
	g.Server = httptest.NewServer(http.HandlerFunc(g.serve))
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) serve(w http.ResponseWriter, r *http.Request) {
	g.hits.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || !g.signed(r, body) {
		http.Error(w, "bad signature", http.StatusUnauthorized)
		return
	}
	if g.answer != nil {
		g.answer(w, r)
		return
	}
	var read webhookBody
	if err := json.Unmarshal(body, &read); err != nil {
		http.Error(w, "bad body", http.StatusBadRequest)
		return
	}
	g.taken, g.ids = append(g.taken, read), append(g.ids, r.Header.Get("webhook-id"))
	w.WriteHeader(http.StatusAccepted)
}

func (g *gateway) signed(r *http.Request, body []byte) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(webhookSecret, "whsec_"))
	if err != nil {
		return false
	}
	id, timestamp := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || g.clock.Now().Sub(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(want), []byte(r.Header.Get("webhook-signature")))
}

func (g *gateway) sender(t *testing.T, change func(*WebhookConfig)) *Webhook {
	t.Helper()
	config := WebhookConfig{URL: g.URL + "/sms?key=in-the-url", Secret: webhookSecret, Clock: g.clock.Now, Timeout: 2 * time.Second}
	if change != nil {
		change(&config)
	}
	sender, err := NewWebhook(config)
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func textMessage() Rendered {
	return Rendered{ID: "0193-sms", Channel: SMS, To: "+5511987654321", Text: "042917 é o seu código", Locale: "pt-BR", Template: "code"}
}

func TestWebhookIsSigned(t *testing.T) {
	g := newGateway(t)
	sender := g.sender(t, nil)
	for range 2 {
		if err := sender.Send(t.Context(), textMessage()); err != nil {
			t.Fatal(err)
		}
	}
	if len(g.taken) != 2 || g.ids[0] != "0193-sms" || g.ids[1] != "0193-sms" {
		t.Fatalf("ids %v", g.ids)
	}
	want := webhookData{ID: "0193-sms", To: "+5511987654321", Text: "042917 é o seu código", Locale: "pt-BR", Template: "code"}
	if g.taken[0].Data != want || g.taken[0].Type != "sms" || !g.taken[0].Timestamp.Equal(g.clock.Now().Truncate(time.Second)) {
		t.Errorf("took %+v", g.taken[0])
	}
	forged := g.sender(t, func(c *WebhookConfig) {
		c.Secret = "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	})
	var failure *SendError
	if err := forged.Send(t.Context(), textMessage()); !errors.As(err, &failure) || failure.Code != "webhook_401" || failure.Permanent {
		t.Errorf("another secret: %v", err)
	}
}

// The vector of the Standard Webhooks reference libraries.
func TestWebhookSignatureVector(t *testing.T) {
	key, err := webhookKey(webhookSecret)
	if err != nil {
		t.Fatal(err)
	}
	got := webhookSignature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if got != "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("got %s", got)
	}
}

func TestWebhookAnswers(t *testing.T) {
	g := newGateway(t)
	sender := g.sender(t, nil)
	for _, test := range []struct {
		status     int
		retryAfter string
		permanent  bool
		wait       time.Duration
	}{
		{status: 400, permanent: true},
		{status: 422, permanent: true},
		{status: 413, permanent: true},
		{status: 401},
		{status: 404},
		{status: 500},
		{status: 503, retryAfter: "120", wait: 2 * time.Minute},
		{status: 429, retryAfter: "Sun, 22 Nov 2026 09:05:00 GMT", wait: 5*time.Minute - 123456*time.Microsecond},
		{status: 429, retryAfter: "-5"},
		{status: 429, retryAfter: "99999999", wait: 24 * time.Hour},
	} {
		g.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", test.retryAfter)
			w.WriteHeader(test.status)
		}
		err := sender.Send(t.Context(), textMessage())
		var failure *SendError
		if !errors.As(err, &failure) || failure.Permanent != test.permanent || failure.RetryAfter != test.wait ||
			failure.Code != "webhook_"+strconv.Itoa(test.status) {
			t.Errorf("%d %q: %+v", test.status, test.retryAfter, failure)
		}
	}
}

func TestWebhookFollowsNoRedirect(t *testing.T) {
	g := newGateway(t)
	elsewhere := newGateway(t)
	for _, status := range []int{301, 302, 307, 308} {
		g.answer = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, status) }
		var failure *SendError
		if err := g.sender(t, nil).Send(t.Context(), textMessage()); !errors.As(err, &failure) || failure.Code != "webhook_"+strconv.Itoa(status) {
			t.Errorf("%d: %v", status, err)
		}
	}
	if n := elsewhere.hits.Load(); n != 0 {
		t.Errorf("the message was carried elsewhere %d times", n)
	}
}

func TestWebhookTimesOut(t *testing.T) {
	g := newGateway(t)
	released := make(chan struct{})
	g.answer = func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-released:
		case <-r.Context().Done():
		}
	}
	t.Cleanup(func() { close(released) })
	sender := g.sender(t, func(c *WebhookConfig) { c.Timeout = 100 * time.Millisecond })
	begun := time.Now()
	err := sender.Send(t.Context(), textMessage())
	var failure *SendError
	if !errors.As(err, &failure) || failure.Code != "timeout" || failure.Permanent || time.Since(begun) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
}

func TestWebhookErrorsHoldNoSecrets(t *testing.T) {
	sender := newGateway(t).sender(t, func(c *WebhookConfig) { c.URL = "http://" + testservers.Address(t) + "/sms?key=in-the-url" })
	err := sender.Send(t.Context(), textMessage())
	var failure *SendError
	if !errors.As(err, &failure) || failure.Code != "webhook_connect" || strings.Contains(err.Error(), "in-the-url") || strings.Contains(err.Error(), "5511") {
		t.Errorf("got %v", err)
	}
}

func TestWebhookRefusesBadNumbers(t *testing.T) {
	g := newGateway(t)
	m := textMessage()
	m.To = "5511987654321; DROP"
	var failure *SendError
	if err := g.sender(t, nil).Send(t.Context(), m); !errors.As(err, &failure) || !failure.Permanent || g.hits.Load() != 0 {
		t.Errorf("got %v", err)
	}
}

func TestWebhookConfigurationIsChecked(t *testing.T) {
	for name, config := range map[string]WebhookConfig{
		"in clear":       {URL: "http://sms.example/send", Secret: webhookSecret},
		"no URL":         {Secret: webhookSecret},
		"another scheme": {URL: "ftp://127.0.0.1/", Secret: webhookSecret},
		"no secret":      {URL: "https://sms.example/send"},
		"short secret":   {URL: "https://sms.example/send", Secret: "whsec_c2hvcnQ="},
		"unmarked":       {URL: "https://sms.example/send", Secret: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
	} {
		if _, err := NewWebhook(config); err == nil {
			t.Errorf("%s was let pass", name)
		} else if config.Secret != "" && strings.Contains(err.Error(), config.Secret) {
			t.Errorf("%s: the error holds the secret", name)
		}
	}
	if s := (WebhookConfig{URL: "https://sms.example/send?key=x", Secret: webhookSecret}).LogValue().String(); strings.Contains(s, "MfKQ") || strings.Contains(s, "key=x") {
		t.Errorf("logged as %s", s)
	}
}
