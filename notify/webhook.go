package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// secretPrefix marks a secret as Standard Webhooks writes it.
const secretPrefix = "whsec_"

// WebhookConfig says where text messages are posted to.
type WebhookConfig struct {
	// URL is https, or http on the loopback interface.
	URL string
	// Secret signs: "whsec_" and base64 of 24 to 64 bytes.
	Secret string
	// Timeout bounds one request; 10 s when zero.
	Timeout time.Duration
	// Clock is for the signed timestamp; time.Now when nil.
	Clock func() time.Time
	// Transport replaces the usual one, for a proxy or other roots; nil for the usual.
	Transport http.RoundTripper
}

// LogValue keeps the secret, and a key in the URL, out of logs.
func (c WebhookConfig) LogValue() slog.Value {
	host := ""
	if u, err := url.Parse(c.URL); err == nil {
		host = u.Host
	}
	return slog.GroupValue(slog.String("host", host))
}

// Webhook sends text messages by an HTTP POST to a gateway of the operator's. The
// body is JSON: {"type":"sms","timestamp":…,"data":{"id","to","text","locale","template"}}.
// It is signed by the headers of the Standard Webhooks specification: webhook-id
// (the same in every attempt), webhook-timestamp and webhook-signature. Any 2xx
// means taken. It is safe for concurrent use.
type Webhook struct {
	config WebhookConfig
	key    []byte
	client *http.Client
}

// NewWebhook checks the configuration; it does not connect.
func NewWebhook(config WebhookConfig) (*Webhook, error) {
	target, err := url.Parse(config.URL)
	if err != nil || target.Host == "" {
		return nil, errors.New("text message webhook: the URL cannot be read")
	}
	if target.Scheme != "https" && (target.Scheme != "http" || defaultTLS(target.Hostname()) != TLSNone) {
		return nil, errors.New("text message webhook: the URL must be https")
	}
	key, err := webhookKey(config.Secret)
	if err != nil {
		return nil, err
	}
	if config.Timeout <= 0 {
		config.Timeout = 10 * time.Second
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	return &Webhook{config: config, key: key, client: &http.Client{
		Timeout:   config.Timeout,
		Transport: config.Transport,
		// A redirect would carry the message to a place that nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func webhookKey(secret string) ([]byte, error) {
	encoded, marked := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !marked || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New(`text message webhook: the secret must be "whsec_" and base64 of 24 to 64 bytes`)
	}
	return key, nil
}

// webhookBody is what the gateway gets.
type webhookBody struct {
	Type      string      `json:"type"`
	Timestamp time.Time   `json:"timestamp"`
	Data      webhookData `json:"data"`
}

type webhookData struct {
	ID       string `json:"id"`
	To       string `json:"to"`
	Text     string `json:"text"`
	Locale   string `json:"locale"`
	Template string `json:"template"`
}

// Send posts one text message. An answer that is about the message (400, 413, 422)
// is for good. All others, redirects and a refused signature included, are for
// the operator or the gateway to mend and so passing; they may name a wait.
func (w *Webhook) Send(ctx context.Context, m Rendered) error {
	if m.Channel != SMS || !isE164(m.To) {
		return &SendError{Code: "bad_number", Permanent: true}
	}
	request, err := w.request(ctx, m)
	if err != nil {
		return err
	}
	response, err := w.client.Do(request)
	if err != nil {
		if timedOut(ctx, err) {
			return &SendError{Code: "timeout"}
		}
		return &SendError{Code: "webhook_connect"} // its text holds the URL
	}
	defer func() { _ = response.Body.Close() }()
	// Read a little, so that the connection can be used again.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	return webhookAnswer(response, w.config.Clock())
}

func (w *Webhook) request(ctx context.Context, m Rendered) (*http.Request, error) {
	now := w.config.Clock().UTC()
	body, err := json.Marshal(webhookBody{Type: "sms", Timestamp: now.Truncate(time.Second), Data: webhookData{
		ID: m.ID, To: m.To, Text: m.Text, Locale: m.Locale, Template: m.Template,
	}})
	if err != nil {
		return nil, fmt.Errorf("encode text message: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.config.URL, bytes.NewReader(body))
	if err != nil {
		return nil, &SendError{Code: "webhook_configuration"}
	}
	timestamp := strconv.FormatInt(now.Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Regain")
	request.Header.Set("webhook-id", m.ID)
	request.Header.Set("webhook-timestamp", timestamp)
	request.Header.Set("webhook-signature", "v1,"+webhookSignature(w.key, m.ID, timestamp, body))
	return request, nil
}

// webhookSignature is that of the Standard Webhooks specification, scheme v1.
func webhookSignature(key []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body) // a hash never fails
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func webhookAnswer(response *http.Response, now time.Time) error {
	status := response.StatusCode
	if status >= 200 && status <= 299 {
		return nil
	}
	failure := &SendError{Code: fmt.Sprintf("webhook_%d", status)}
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		failure.Permanent = true
	default:
		failure.RetryAfter = retryAfter(response.Header.Get("Retry-After"), now)
	}
	return failure
}

// retryAfter reads the header in both of its forms; zero when it says nothing.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 24*3600)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return min(at.Sub(now), 24*time.Hour)
	}
	return 0
}
