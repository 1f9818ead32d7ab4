package notify

import (
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
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/database/databasetest"
	"regain/problem"
)

// receiver takes what webhooks are told, and checks it by itself.
type receiver struct {
	*httptest.Server
	t     *testing.T
	clock *fakeClock

	mu      sync.Mutex
	secrets []string // all of them must have signed
	answer  func(w http.ResponseWriter, r *http.Request, n int)
	taken   []hookTaken
}

type hookTaken struct {
	id, body string
	parsed   map[string]any
}

func newReceiver(t *testing.T, clock *fakeClock) *receiver {
	t.Helper()
	r := &receiver{t: t, clock: clock}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP checks the signatures as the specification describes them, apart from the
// product's own code, and answers as told.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	id, timestamp := request.Header.Get("webhook-id"), request.Header.Get("webhook-timestamp")
	seconds, numberErr := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || numberErr != nil || request.Method != http.MethodPost || request.Header.Get("Content-Type") != "application/json" {
		r.t.Errorf("%s %v %v", request.Method, request.Header, errors.Join(err, numberErr))
	}
	if off := r.clock.Now().Sub(time.Unix(seconds, 0)).Abs(); off > time.Second {
		r.t.Errorf("the timestamp is %s off", off)
	}
	var want []string
	for _, secret := range r.secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) < 24 {
			r.t.Errorf("secret of %d bytes: %v", len(key), err)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "." + string(body)))
		want = append(want, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	if got := request.Header.Get("webhook-signature"); got != strings.Join(want, " ") {
		r.t.Errorf("signature %q, want %q", got, want)
	}
	taken := hookTaken{id: id, body: string(body)}
	if err := json.Unmarshal(body, &taken.parsed); err != nil {
		r.t.Errorf("%q: %v", body, err)
	}
	r.taken = append(r.taken, taken)
	if r.answer != nil {
		r.answer(w, request, len(r.taken))
	}
}

func (r *receiver) all() []hookTaken {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]hookTaken(nil), r.taken...)
}

// hookBench is webhooks with a clock that stands.
type hookBench struct {
	*Webhooks
	t      *testing.T
	db     *database.DB
	clock  *fakeClock
	log    *logBuffer
	alarms []Endpoint
}

func newHookBench(t *testing.T, db *database.DB, change func(*WebhooksOptions)) *hookBench {
	t.Helper()
	b := &hookBench{t: t, db: db, clock: newClock(), log: &logBuffer{}}
	options := WebhooksOptions{
		Clock: b.clock.Now, Key: [32]byte{4, 5, 6}, Types: []string{"case.approved", "case.submitted", "item.decided"}, Anywhere: true, Poll: 5 * time.Millisecond,
		Logger:  slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Timeout: 5 * time.Second,
		Alarm: func(_ context.Context, _ bun.IDB, e Endpoint) error {
			b.alarms = append(b.alarms, e)
			return nil
		},
	}
	if change != nil {
		change(&options)
	}
	var err error
	b.Webhooks, err = NewWebhooks(db, options)
	b.must(err)
	return b
}

func (b *hookBench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// add is a new webhook to the receiver, which knows its secret.
func (b *hookBench) add(r *receiver, types ...string) Endpoint {
	b.t.Helper()
	e, secret, err := b.CreateEndpoint(b.t.Context(), EndpointInput{URL: r.URL + "/hook", Description: "Ticket system", Types: types}, "admin-1")
	b.must(err)
	r.mu.Lock()
	r.secrets = []string{secret}
	r.mu.Unlock()
	return e
}

func (b *hookBench) publish(id, kind string) {
	b.t.Helper()
	b.must(b.db.InTx(b.t.Context(), func(ctx context.Context, tx bun.IDB) error {
		return b.Publish(ctx, tx, Happening{ID: id, Type: kind, CaseID: "case-1", At: b.clock.Now(), Data: map[string]any{"case": "case-1", "event": 7}})
	}))
}

func (b *hookBench) deliver() int {
	b.t.Helper()
	n, err := b.DeliverDue(b.t.Context())
	b.must(err)
	return n
}

func (b *hookBench) delivery(e Endpoint, message string) Delivery {
	b.t.Helper()
	d, err := b.Delivery(b.t.Context(), e.ID, message)
	b.must(err)
	return d
}

func (b *hookBench) refused(err error, code string) {
	b.t.Helper()
	if !problem.Is(err, code) {
		b.t.Errorf("got %v, want %s", err, code)
	}
}

func eachHooks(t *testing.T, change func(*WebhooksOptions), test func(t *testing.T, b *hookBench)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) { test(t, newHookBench(t, db, change)) })
}

// What happened reaches every webhook that is told of its type, signed by its own
// secret, and nobody else.
func TestWebhooksAreTold(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		some, every, none := newReceiver(t, b.clock), newReceiver(t, b.clock), newReceiver(t, b.clock)
		first := b.add(some, "case.approved", "case.submitted", "case.approved")
		b.add(every, EveryType)
		off := b.add(none, EveryType)
		b.must(b.DisableEndpoint(t.Context(), "admin-1", off.ID))
		b.publish("evt_1", "case.approved")
		b.publish("evt_2", "item.decided")
		if n := b.deliver(); n != 3 {
			t.Errorf("%d attempts, want 3", n)
		}
		if got := some.all(); len(got) != 1 || got[0].id != "evt_1" || got[0].parsed["type"] != "case.approved" ||
			got[0].parsed["timestamp"] != "2026-11-22T09:00:00.123456Z" || got[0].parsed["data"].(map[string]any)["event"] != 7.0 {
			t.Errorf("%+v", got)
		}
		if got := every.all(); len(got) != 2 || got[0].body != some.all()[0].body && got[1].body != some.all()[0].body {
			t.Errorf("%+v", got)
		}
		if len(none.all()) != 0 {
			t.Error("a disabled webhook was told")
		}
		d := b.delivery(first, "evt_1")
		if d.State != DeliveryDelivered || d.Attempts != 1 || d.LastStatus != 200 || d.DoneAt == nil || d.Body != some.all()[0].body || d.NextAttemptAt != nil {
			t.Errorf("%+v", d)
		}
		if b.deliver() != 0 {
			t.Error("something is sent twice")
		}
	})
}

// What is rolled back is told to nobody.
func TestWebhooksOfARollback(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		r := newReceiver(t, b.clock)
		b.add(r, EveryType)
		undone := errors.New("undone")
		err := b.db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			b.must(b.Publish(ctx, tx, Happening{ID: "evt_1", Type: "case.approved", At: b.clock.Now()}))
			return undone
		})
		if !errors.Is(err, undone) || b.deliver() != 0 || len(r.all()) != 0 {
			t.Errorf("%v, %+v", err, r.all())
		}
	})
}

// Failures are tried again after growing pauses, as the same message, until one attempt
// is taken.
func TestWebhookRetries(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		r := newReceiver(t, b.clock)
		r.answer = func(w http.ResponseWriter, _ *http.Request, n int) {
			switch n {
			case 1:
				w.WriteHeader(http.StatusInternalServerError)
			case 2: // a redirect is not followed
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(http.StatusFound)
			case 3:
				w.Header().Set("Retry-After", "600")
				w.WriteHeader(http.StatusTooManyRequests)
			case 4: // an answer without end is not read to it
				w.WriteHeader(http.StatusBadGateway)
				_, _ = io.CopyN(w, zeros{}, 8<<20)
			default:
				w.WriteHeader(http.StatusNoContent)
			}
		}
		e := b.add(r, EveryType)
		b.publish("evt_1", "case.approved")
		for n, want := range []struct {
			status int
			code   string
			least  time.Duration
			most   time.Duration
		}{
			{500, "http_500", 2500 * time.Millisecond, 5 * time.Second}, {302, "http_302", 5 * time.Second, 10 * time.Second},
			{429, "http_429", 10 * time.Minute, 10 * time.Minute}, {502, "http_502", 20 * time.Second, 40 * time.Second},
		} {
			if tried := b.deliver(); tried != 1 {
				t.Fatalf("attempt %d: %d tried", n+1, tried)
			}
			d := b.delivery(e, "evt_1")
			if d.State != DeliveryQueued || d.Attempts != n+1 || d.LastStatus != want.status || d.LastCode != want.code {
				t.Errorf("attempt %d: %+v", n+1, d)
			}
			wait := d.NextAttemptAt.Sub(b.clock.Now())
			if wait < want.least || wait > want.most {
				t.Errorf("attempt %d: the next is in %s, want %s to %s", n+1, wait, want.least, want.most)
			}
			b.clock.Advance(wait - time.Microsecond)
			if b.deliver() != 0 {
				t.Errorf("attempt %d: tried again too early", n+1)
			}
			b.clock.Advance(time.Microsecond)
		}
		b.deliver()
		d := b.delivery(e, "evt_1")
		if d.State != DeliveryDelivered || d.Attempts != 5 || d.LastStatus != 204 || d.LastCode != "" {
			t.Errorf("%+v", d)
		}
		went := ""
		for n, try := range d.Tries {
			went += fmt.Sprintf("%d %s, ", try.Status, try.Code)
			if n > 0 && !try.At.After(d.Tries[n-1].At) || try.TookUS < 0 {
				t.Errorf("attempt %d: %+v", n+1, try)
			}
		}
		if want := "500 http_500, 302 http_302, 429 http_429, 502 http_502, 204 , "; went != want || !d.Tries[4].At.Equal(*d.LastAttemptAt) {
			t.Errorf("the attempts went %q, want %q", went, want)
		}
		for _, taken := range r.all() {
			if taken.id != "evt_1" || taken.body != r.all()[0].body {
				t.Errorf("another message: %+v", taken)
			}
		}
		if log := b.log.String(); strings.Contains(log, "whsec") || strings.Contains(log, "/hook") {
			t.Errorf("the log holds a secret or an address: %s", log)
		}
	})
}

// However often a message is sent again, the last attempts alone are kept.
func TestTriesThatAreKeptAreBounded(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		r := newReceiver(t, b.clock)
		r.answer = func(w http.ResponseWriter, _ *http.Request, n int) { w.WriteHeader(200 + n) }
		e := b.add(r, EveryType)
		b.publish("evt_1", "case.approved")
		b.deliver()
		for range mostTries {
			b.must(b.Replay(t.Context(), e.ID, "evt_1"))
			b.deliver()
		}
		if tries := b.delivery(e, "evt_1").Tries; len(tries) != mostTries || tries[0].Status != 202 || tries[mostTries-1].Status != 201+mostTries {
			t.Errorf("%+v", tries)
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// A worker that is killed between sending and recording: the message is sent again once
// its lease is over, and the late result of the first counts for nothing.
func TestWebhookWorkerIsLost(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		r := newReceiver(t, b.clock)
		e := b.add(r, EveryType)
		b.publish("evt_1", "case.approved")
		lost, err := b.claim(t.Context(), nil)
		b.must(err)
		b.attempt(t.Context(), *lost)
		if b.deliver() != 0 {
			t.Error("a message was taken from a living worker")
		}
		b.clock.Advance(b.options.Lease)
		if b.deliver() != 1 || len(r.all()) != 2 {
			t.Errorf("%d times", len(r.all()))
		}
		b.record(t.Context(), *lost, outcome{status: 500, failure: &SendError{Code: "http_500"}})
		if d := b.delivery(e, "evt_1"); d.State != DeliveryDelivered || d.LastStatus != 200 {
			t.Errorf("%+v", d)
		}
	})
}

// What ran out of attempts is on record, and can be sent again with all its attempts.
func TestWebhookReplay(t *testing.T) {
	eachHooks(t, func(o *WebhooksOptions) { o.MaxAttempts = 2 }, func(t *testing.T, b *hookBench) {
		r := newReceiver(t, b.clock)
		broken := true
		r.answer = func(w http.ResponseWriter, _ *http.Request, _ int) {
			if broken {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}
		e := b.add(r, EveryType)
		for _, id := range []string{"evt_1", "evt_2"} {
			b.publish(id, "case.approved")
		}
		for range 3 {
			b.deliver()
			b.clock.Advance(time.Hour)
		}
		failed, _, err := b.Deliveries(t.Context(), e.ID, DeliveryQuery{State: DeliveryFailed, Page: database.Page{Limit: 10}})
		b.must(err)
		if len(failed) != 2 || failed[0].Attempts != 2 || failed[0].LastCode != "http_503" || len(r.all()) != 4 {
			t.Fatalf("%+v, sent %d times", failed, len(r.all()))
		}
		broken = false
		b.must(b.Replay(t.Context(), e.ID, "evt_2"))
		b.deliver()
		if one, two := b.delivery(e, "evt_1"), b.delivery(e, "evt_2"); one.State != DeliveryFailed || two.State != DeliveryDelivered || two.Attempts != 1 {
			t.Errorf("%+v %+v", one, two)
		}
		b.must(b.ReplayFailed(t.Context(), e.ID))
		b.deliver()
		if d := b.delivery(e, "evt_1"); d.State != DeliveryDelivered {
			t.Errorf("%+v", d)
		}
		b.must(b.Replay(t.Context(), e.ID, "evt_1")) // also what was taken
		b.deliver()
		if got := r.all(); len(got) != 7 || got[6].id != "evt_1" || got[6].body != got[0].body && got[6].body != got[1].body {
			t.Errorf("%d: %+v", len(got), got)
		}
		b.refused(b.ReplayFailed(t.Context(), e.ID), "nothing_failed")
		b.refused(b.Replay(t.Context(), e.ID, "evt_9"), "delivery_not_found")
		b.refused(b.Replay(t.Context(), "wh_none", "evt_1"), "webhook_not_found")
		b.must(b.DisableEndpoint(t.Context(), "admin-1", e.ID))
		b.refused(b.Replay(t.Context(), e.ID, "evt_1"), "webhook_disabled")
	})
}

// A message that is sent again while an attempt at it is under way, the last one of all, is
// sent again whether that fails or not.
func TestWebhookReplayDuringTheLastAttempt(t *testing.T) {
	for _, last := range []outcome{{status: 503, failure: &SendError{Code: "http_503"}}, {status: 204}} {
		eachHooks(t, func(o *WebhooksOptions) { o.MaxAttempts = 1 }, func(t *testing.T, b *hookBench) {
			r := newReceiver(t, b.clock)
			e := b.add(r, EveryType)
			b.publish("evt_1", "case.approved")
			under, err := b.claim(t.Context(), nil)
			b.must(err)
			b.must(b.Replay(t.Context(), e.ID, "evt_1"))
			b.record(t.Context(), *under, last)
			if d := b.delivery(e, "evt_1"); d.State != DeliveryQueued || d.Attempts != 0 {
				t.Errorf("after status %d: %+v", last.status, d)
			}
			if n := b.deliver(); n != 1 || len(r.all()) != 1 {
				t.Errorf("after status %d: %d attempts, %d messages", last.status, n, len(r.all()))
			}
			if d := b.delivery(e, "evt_1"); d.State != DeliveryDelivered || d.Attempts != 1 {
				t.Errorf("after status %d: %+v", last.status, d)
			}
		})
	}
}

// A new secret signs at once; the one before signs, too, for a day.
func TestWebhookSecretIsReplaced(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		r := newReceiver(t, b.clock)
		e := b.add(r, EveryType)
		old := r.secrets[0]
		secret, err := b.RotateSecret(t.Context(), "admin-1", e.ID)
		b.must(err)
		r.secrets = []string{secret, old}
		b.publish("evt_1", "case.approved")
		b.deliver()
		b.clock.Advance(24*time.Hour - time.Microsecond)
		b.publish("evt_2", "case.approved")
		b.deliver()
		b.clock.Advance(time.Microsecond)
		r.secrets = []string{secret}
		b.publish("evt_3", "case.approved")
		b.deliver()
		if len(r.all()) != 3 {
			t.Errorf("%+v", r.all())
		}
		var stored []byte
		b.must(b.db.NewSelect().Model((*endpointRow)(nil)).Column("secret").Scan(t.Context(), &stored))
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		b.must(err)
		if strings.Contains(string(stored), string(key)) {
			t.Error("the secret is stored as it is")
		}
	})
}

// After days of failures a webhook is disabled, and the alarm is raised, once. What
// waits is kept, and sent when it is enabled again.
func TestFailingWebhookIsDisabled(t *testing.T) {
	eachHooks(t, func(o *WebhooksOptions) { o.MaxAttempts = 1000 }, func(t *testing.T, b *hookBench) {
		r := newReceiver(t, b.clock)
		broken := true
		r.answer = func(w http.ResponseWriter, _ *http.Request, _ int) {
			if broken {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}
		e := b.add(r, EveryType)
		began := b.clock.Now()
		b.publish("evt_1", "case.approved")
		for b.clock.Now().Sub(began) < 5*24*time.Hour+9*time.Hour {
			b.deliver()
			b.clock.Advance(time.Hour)
		}
		got, err := b.Endpoint(t.Context(), e.ID)
		b.must(err)
		if got.DisabledAt == nil || got.DisabledReason != DisabledFailing || !got.FailingSince.Equal(began) || got.DisabledAt.Sub(began) < 5*24*time.Hour {
			t.Fatalf("%+v", got)
		}
		if len(b.alarms) != 1 || b.alarms[0].ID != e.ID || b.alarms[0].Description != "Ticket system" {
			t.Errorf("alarms: %+v", b.alarms)
		}
		b.publish("evt_2", "case.approved")
		before := len(r.all())
		b.clock.Advance(24 * time.Hour)
		if b.deliver() != 0 || len(r.all()) != before {
			t.Error("a disabled webhook is told")
		}
		if _, err := b.Test(t.Context(), e.ID); !problem.Is(err, "webhook_disabled") {
			t.Errorf("a test of a disabled webhook: %v", err)
		}
		broken = false
		b.must(b.EnableEndpoint(t.Context(), "admin-1", e.ID))
		b.deliver()
		if d := b.delivery(e, "evt_1"); d.State != DeliveryDelivered {
			t.Errorf("%+v", d)
		}
		_, err = b.Delivery(t.Context(), e.ID, "evt_2")
		b.refused(err, "delivery_not_found")
	})
}

// A success in between ends a run of failures.
func TestWebhookRecovers(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		r := newReceiver(t, b.clock)
		r.answer = func(w http.ResponseWriter, _ *http.Request, n int) {
			if n%2 == 1 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}
		e := b.add(r, EveryType)
		for _, id := range []string{"evt_1", "evt_2", "evt_3"} {
			b.publish(id, "case.approved")
			b.deliver()
			failing, err := b.Endpoint(t.Context(), e.ID)
			b.must(err)
			if failing.FailingSince == nil || !failing.FailingSince.Equal(b.clock.Now()) {
				t.Errorf("%s: %+v", id, failing)
			}
			b.clock.Advance(4 * 24 * time.Hour)
			b.deliver()
			well, err := b.Endpoint(t.Context(), e.ID)
			b.must(err)
			if well.FailingSince != nil || well.DisabledAt != nil {
				t.Errorf("%s: %+v", id, well)
			}
		}
	})
}

// A receiver that answers 410 is told nothing any more.
func TestWebhookIsGone(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		r := newReceiver(t, b.clock)
		r.answer = func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusGone) }
		e := b.add(r, EveryType)
		b.publish("evt_1", "case.approved")
		b.publish("evt_2", "case.approved")
		b.deliver()
		got, err := b.Endpoint(t.Context(), e.ID)
		b.must(err)
		if got.DisabledReason != DisabledGone || len(b.alarms) != 1 || len(r.all()) != 1 {
			t.Errorf("%+v, %d alarms, %d messages", got, len(b.alarms), len(r.all()))
		}
	})
}

// planner asks the database how it goes about queries of deliveries.
type planner struct {
	db   *database.DB
	plan strings.Builder
}

func (p *planner) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }
func (p *planner) AfterQuery(ctx context.Context, e *bun.QueryEvent) {
	if strings.HasPrefix(e.Query, "EXPLAIN") || !strings.Contains(e.Query, "webhook_deliveries") {
		return
	}
	explain := "EXPLAIN QUERY PLAN "
	if p.db.Dialect() == database.Postgres {
		explain = "EXPLAIN "
		if strings.HasPrefix(e.Query, "SELECT") {
			explain = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) "
		}
	}
	if err := p.read(ctx, explain+e.Query); err != nil {
		p.plan.WriteString(err.Error())
	}
}

// read adds the last column of each row.
func (p *planner) read(ctx context.Context, query string) error {
	rows, err := p.db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		into := make([]any, len(columns))
		for n := range into {
			into[n] = new(any)
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(&p.plan, "%s\n", *into[len(into)-1].(*any))
	}
	return rows.Err()
}

// What waits for a webhook that is disabled, or that takes nothing for now, is not read to find
// what is due for another.
func TestWhatWaitsIsNotReadForOthers(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		r := newReceiver(t, b.clock)
		off, full, free := b.add(r, EveryType), b.add(r, EveryType), b.add(r, EveryType)
		for _, e := range []Endpoint{off, full} {
			var rows []deliveryRow
			for n := range 5000 {
				m := "evt_old_" + strconv.Itoa(n)
				rows = append(rows, deliveryRow{ID: deliveryID(e.ID, m), WebhookID: e.ID, MessageID: m, Type: "case.approved", Body: "{}", State: DeliveryQueued,
					NextAttemptAt: b.clock.Now(), CreatedAt: b.clock.Now()})
			}
			_, err := b.db.NewInsert().Model(&rows).Exec(t.Context())
			b.must(err)
		}
		b.must(b.DisableEndpoint(t.Context(), "admin-1", off.ID))
		b.clock.Advance(time.Second)
		b.publish("evt_1", "case.approved")
		_, err := b.db.ExecContext(t.Context(), "ANALYZE")
		b.must(err)
		p := &planner{db: b.db}
		b.db.DB = b.db.WithQueryHook(p)
		claimed, err := b.claim(t.Context(), []string{full.ID})
		b.must(err)
		if claimed == nil || claimed.WebhookID != free.ID || claimed.MessageID != "evt_1" {
			t.Fatalf("claimed %+v", claimed)
		}
		plan := p.plan.String()
		for _, read := range regexp.MustCompile(`actual rows=(\d+)|Rows Removed by Filter: (\d+)`).FindAllStringSubmatch(plan, -1) {
			if n, _ := strconv.Atoi(read[1] + read[2]); n > 10 {
				t.Errorf("%d rows are read:\n%s", n, plan)
			}
		}
		if regexp.MustCompile(`Seq Scan on webhook_deliveries|SCAN (wd|webhook_deliveries)`).MatchString(plan) || !strings.Contains(plan, "webhook_deliveries_waiting") {
			t.Errorf("all deliveries are read:\n%s", plan)
		}
	})
}

// A receiver that does not answer does not hold up the others.
func TestSlowWebhookHoldsUpNobody(t *testing.T) {
	eachHooks(t, func(o *WebhooksOptions) { o.Concurrency = 4; o.Clock = nil; o.Timeout = time.Minute }, func(t *testing.T, b *hookBench) {
		clock := newClock()
		clock.now = time.Now()
		quick := newReceiver(t, clock)
		release := make(chan struct{})
		hang := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
		t.Cleanup(hang.Close)
		answer := sync.OnceFunc(func() { close(release) })
		t.Cleanup(answer)
		_, _, err := b.CreateEndpoint(t.Context(), EndpointInput{URL: hang.URL, Types: []string{"case.submitted"}}, "admin-1")
		b.must(err)
		b.add(quick, "case.approved")
		for n := range 20 {
			b.publish("evt_slow_"+strconv.Itoa(n), "case.submitted")
		}
		for n := range 5 {
			b.publish("evt_quick_"+strconv.Itoa(n), "case.approved")
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx) }()
		waitFor(t, func() bool { return len(quick.all()) == 5 })
		stop()
		answer()
		b.must(<-ended)
	})
}
