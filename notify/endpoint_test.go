package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
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

func TestBadWebhooks(t *testing.T) {
	b := newHookBench(t, databasetest.SQLite(t), func(o *WebhooksOptions) { o.Anywhere = false })
	for typed, want := range map[string]string{
		"":                                        "/url required",
		"hooks.example.com":                       "/url invalid_url",
		"https://":                                "/url invalid_url",
		"ftp://hooks.example.com/":                "/url invalid_url",
		"https://ana:pw@hooks.example/":           "/url invalid_url",
		"https://hooks.example/#x":                "/url invalid_url",
		"https://hooks.example\\@x/":              "/url invalid_url",
		"http://hooks.example.com/":               "/url https_required",
		"https://127.0.0.1/":                      "/url private_address",
		"https://10.1.2.3:8443/x":                 "/url private_address",
		"https://[::1]/":                          "/url private_address",
		"https://[::ffff:169.254.169.254]/latest": "/url private_address",
		"https://hooks.example\u202e.com/":        "/url forbidden_character",
	} {
		_, _, err := b.CreateEndpoint(t.Context(), EndpointInput{URL: typed, Types: []string{EveryType}}, "admin-1")
		found, ok := problem.As(err)
		if !ok || len(found.Fields) != 1 || found.Fields[0].Pointer+" "+found.Fields[0].Code != want {
			t.Errorf("%q: %v, want %s", typed, err, want)
		}
	}
	for want, in := range map[string]EndpointInput{
		"/types required":       {URL: "https://hooks.example.com/"},
		"/types/1 not_a_choice": {URL: "https://hooks.example.com/", Types: []string{"case.approved", "case.everything"}},
		"/description too_long": {URL: "https://hooks.example.com/", Types: []string{EveryType}, Description: strings.Repeat("x", 201)},
	} {
		_, _, err := b.CreateEndpoint(t.Context(), in, "admin-1")
		found, ok := problem.As(err)
		if !ok || len(found.Fields) != 1 || found.Fields[0].Pointer+" "+found.Fields[0].Code != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if list, err := b.Endpoints(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
}

func TestPublicAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "193.0.6.139": true, "2001:4860:4860::8888": true, "::ffff:8.8.8.8": true, "172.32.0.1": true, "100.128.0.1": true,
		"127.0.0.1": false, "127.9.9.9": false, "0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "172.16.0.1": false, "192.168.1.1": false,
		"169.254.169.254": false, "100.64.0.1": false, "192.0.0.8": false, "192.0.2.1": false, "198.18.0.1": false, "198.51.100.1": false,
		"203.0.113.1": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false, "192.88.99.1": false,
		"::": false, "::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "fe80::1": false, "fc00::1": false, "fd12::1": false,
		"ff02::1": false, "64:ff9b::a00:1": false, "2002:7f00:1::": false, "2001:db8::1": false, "fec0::1": false,
	} {
		if got := isPublic(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %t, want %t", address, got, want)
		}
	}
}

// A name that leads inside is found out when it is dialled, not when it is typed.
func TestWebhookToAPrivateName(t *testing.T) {
	eachHooks(t, func(o *WebhooksOptions) { o.Anywhere = false }, func(t *testing.T, b *hookBench) {
		called := false
		inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
		defer inside.Close()
		dialled := false
		inside.Config.ConnState = func(net.Conn, http.ConnState) { dialled = true }
		_, port, err := net.SplitHostPort(inside.Listener.Addr().String())
		b.must(err)
		e, _, err := b.CreateEndpoint(t.Context(), EndpointInput{URL: "https://localhost:" + port + "/", Types: []string{EveryType}}, "admin-1")
		b.must(err)
		b.publish("evt_1", "case.approved")
		b.deliver()
		if d := b.delivery(e, "evt_1"); d.LastCode != "private_address" || d.LastStatus != 0 || d.State != DeliveryQueued || called || dialled {
			t.Errorf("%+v, called %t, dialled %t", d, called, dialled)
		}
	})
}

// Environment variables for proxies would have names resolved elsewhere.
func TestWebhooksUseNoProxy(t *testing.T) {
	if transport := hookClient(time.Second, false).Transport.(*http.Transport); transport.Proxy != nil {
		t.Error("a proxy is used")
	}
}

func TestWebhookIsChangedAndRemoved(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		before, after := newReceiver(t, b.clock), newReceiver(t, b.clock)
		e := b.add(before, "case.approved")
		after.secrets = before.secrets
		b.publish("evt_1", "case.approved")
		b.clock.Advance(time.Second)
		changed, err := b.ChangeEndpoint(t.Context(), "admin-1", e.ID, EndpointInput{URL: after.URL, Types: []string{"case.submitted"}})
		b.must(err)
		if changed.URL != after.URL || fmt.Sprint(changed.Types) != "[case.submitted]" || !changed.UpdatedAt.After(e.UpdatedAt) || changed.CreatedBy != "admin-1" {
			t.Errorf("%+v", changed)
		}
		b.publish("evt_2", "case.approved")
		b.publish("evt_3", "case.submitted")
		b.deliver()
		if got := after.all(); len(got) != 2 || got[0].id != "evt_1" || got[1].id != "evt_3" || len(before.all()) != 0 {
			t.Errorf("%+v", got)
		}
		b.publish("evt_4", "case.submitted")
		b.must(b.DeleteEndpoint(t.Context(), "admin-1", e.ID))
		if b.deliver() != 0 {
			t.Error("a removed webhook is told")
		}
		for _, err := range []error{b.DeleteEndpoint(t.Context(), "admin-1", e.ID), b.EnableEndpoint(t.Context(), "admin-1", e.ID), b.DisableEndpoint(t.Context(), "admin-1", e.ID)} {
			b.refused(err, "webhook_not_found")
		}
		_, err = b.RotateSecret(t.Context(), "admin-1", e.ID)
		b.refused(err, "webhook_not_found")
	})
}

// Two who change a webhook, or remove it, at the same moment get an answer that says so, and the
// webhook is as one of them left it.
func TestWebhookIsChangedTwiceAtOnce(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		in := EndpointInput{URL: "https://hooks.example.com/", Types: []string{"case.approved"}}
		for n := range 20 {
			e, _, err := b.CreateEndpoint(t.Context(), in, "admin-1")
			b.must(err)
			var at sync.WaitGroup
			var errs [2]error
			for i, types := range [][]string{{"case.submitted", "case.approved"}, {"case.submitted", "item.decided"}} {
				at.Go(func() {
					_, errs[i] = b.ChangeEndpoint(t.Context(), "admin-1", e.ID, EndpointInput{URL: in.URL, Types: types})
				})
			}
			at.Wait()
			b.must(errors.Join(errs[:]...))
			got, err := b.Endpoint(t.Context(), e.ID)
			b.must(err)
			if types := fmt.Sprint(got.Types); types != "[case.approved case.submitted]" && types != "[case.submitted item.decided]" {
				t.Fatalf("round %d: told of %s", n, types)
			}
			at.Go(func() { _, errs[0] = b.ChangeEndpoint(t.Context(), "admin-1", e.ID, in) })
			at.Go(func() { errs[1] = b.DeleteEndpoint(t.Context(), "admin-1", e.ID) })
			at.Wait()
			b.must(errs[1])
			if errs[0] != nil {
				b.refused(errs[0], "webhook_not_found")
			}
		}
	})
}

// After a change of the address nothing that the old one answers, or failed for, is held against
// the new one, and what was under way to the old one goes to the new one.
func TestOldAddressSaysNothingOfTheNew(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		before, after := newReceiver(t, b.clock), newReceiver(t, b.clock)
		e := b.add(before, EveryType)
		after.secrets = before.secrets
		before.answer = func(w http.ResponseWriter, _ *http.Request, n int) {
			if n == 1 {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			if _, err := b.ChangeEndpoint(t.Context(), "admin-1", e.ID, EndpointInput{URL: after.URL, Types: []string{EveryType}}); err != nil {
				t.Error(err)
			}
			w.WriteHeader(http.StatusGone)
		}
		after.answer = func(w http.ResponseWriter, _ *http.Request, n int) {
			if n == 1 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}
		b.publish("evt_1", "case.approved")
		b.deliver()
		b.clock.Advance(6 * 24 * time.Hour)
		b.deliver() // answered 410, by the old one
		if got, err := b.Endpoint(t.Context(), e.ID); err != nil || got.DisabledAt != nil || got.FailingSince != nil {
			t.Fatalf("%+v %v", got, err)
		}
		b.clock.Advance(time.Hour)
		b.deliver() // fails for once, at the new one
		if got, err := b.Endpoint(t.Context(), e.ID); err != nil || got.DisabledAt != nil || got.FailingSince == nil || !got.FailingSince.Equal(b.clock.Now()) {
			t.Fatalf("%+v %v", got, err)
		}
		b.clock.Advance(time.Hour)
		b.deliver()
		if d := b.delivery(e, "evt_1"); d.State != DeliveryDelivered || len(after.all()) != 2 || len(b.alarms) != 0 {
			t.Errorf("%+v, %d messages, %d alarms", d, len(after.all()), len(b.alarms))
		}
	})
}

// TestTooManyWebhooks: of several who add at once where there is room for one, one does.
func TestTooManyWebhooks(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newHookBench(t, db, nil)
		in := EndpointInput{URL: "https://hooks.example.com/", Types: []string{EveryType}}
		for range MostEndpoints - 1 {
			_, _, err := b.CreateEndpoint(t.Context(), in, "admin-1")
			b.must(err)
		}
		var errs [6]error
		var at sync.WaitGroup
		for n := range errs {
			at.Go(func() { _, _, errs[n] = b.CreateEndpoint(t.Context(), in, "admin-1") })
		}
		at.Wait()
		added := 0
		for _, err := range errs {
			if err == nil {
				added++
				continue
			}
			b.refused(err, "too_many_webhooks")
		}
		if added != 1 {
			t.Errorf("%d were added where there was room for one", added)
		}
	})
}

// writes notes the most rows that one statement has removed or changed.
type writes struct{ most int64 }

func (d *writes) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }
func (d *writes) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	if (strings.HasPrefix(e.Query, "DELETE") || strings.HasPrefix(e.Query, "UPDATE")) && e.Result != nil {
		if n, err := e.Result.RowsAffected(); err == nil {
			d.most = max(d.most, n)
		}
	}
}

// many writes 12 000 deliveries of a webhook, the last of them an hour younger.
func (b *hookBench) many(id string, state DeliveryState) *writes {
	b.t.Helper()
	var rows []deliveryRow
	for n := range 12000 {
		at := b.clock.Now().Add(time.Duration(n/11999) * time.Hour)
		m := strconv.Itoa(n)
		rows = append(rows, deliveryRow{ID: deliveryID(id, m), MessageID: m, WebhookID: id, State: state, CreatedAt: at, DoneAt: &at})
	}
	_, err := b.db.NewInsert().Model(&rows).Exec(b.t.Context())
	b.must(err)
	w := &writes{}
	b.db.DB = b.db.WithQueryHook(w)
	return w
}

func (b *hookBench) count(state DeliveryState) int64 {
	b.t.Helper()
	n, err := b.db.NewSelect().Model((*deliveryRow)(nil)).Where("state = ?", state).Count(b.t.Context())
	b.must(err)
	return n
}

// However many old deliveries there are, no statement removes so many that it takes too long.
func TestManyOldDeliveriesGo(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		e := b.add(newReceiver(t, b.clock), EveryType)
		w := b.many(e.ID, DeliveryDelivered)
		b.clock.Advance(30 * 24 * time.Hour)
		b.sweepAndLog(t.Context())
		if left := b.count(DeliveryDelivered); left != 1 || w.most == 0 || w.most > 5000 {
			t.Errorf("%d are left, %d went at once", left, w.most)
		}
	})
}

// A webhook goes at once, however much it was sent; what it was sent goes after it, and nobody
// sees it meanwhile.
func TestWebhookWithManyDeliveriesGoes(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		r := newReceiver(t, b.clock)
		stays, goes := b.add(r, EveryType), b.add(r, EveryType)
		b.publish("evt_1", "case.approved")
		w := b.many(goes.ID, DeliveryDelivered)
		b.must(b.DeleteEndpoint(t.Context(), "admin-1", goes.ID))
		if w.most > 1 {
			t.Errorf("one statement touched %d rows", w.most)
		}
		_, err := b.Delivery(t.Context(), goes.ID, "7")
		b.refused(err, "delivery_not_found")
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { // another process, after the one above has ended
			defer close(done)
			b.upkeep(ctx)
		}()
		for b.count(DeliveryDelivered) > 0 && t.Context().Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		stop()
		<-done
		if w.most > 5000 {
			t.Errorf("%d went at once", w.most)
		}
		b.delivery(stays, "evt_1")
	})
}

// What failed is sent again some at a time, by whichever process is there; what fails after
// that was asked for stays as it is.
func TestMuchThatFailedIsSentAgain(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		r := newReceiver(t, b.clock)
		e := b.add(r, EveryType)
		w := b.many(e.ID, DeliveryFailed) // of which one will fail in an hour
		b.must(b.ReplayFailed(t.Context(), e.ID))
		e, err := b.Endpoint(t.Context(), e.ID)
		b.must(err)
		left, err := b.ReplayLeft(t.Context(), e)
		b.must(err)
		if e.ReplayUntil == nil || left != 6999 || b.count(DeliveryQueued) != 5000 {
			t.Errorf("at first: %+v, %d left, %d wait", e, left, b.count(DeliveryQueued))
		}
		other, err := NewWebhooks(b.db, b.options)
		b.must(err)
		b.must(other.replayMarked(t.Context()))
		if e, err = b.Endpoint(t.Context(), e.ID); err != nil || e.ReplayUntil != nil {
			t.Errorf("at last: %+v %v", e, err)
		}
		left, err = b.ReplayLeft(t.Context(), e)
		b.must(err)
		if queued, failed := b.count(DeliveryQueued), b.count(DeliveryFailed); left != 0 || queued != 11999 || failed != 1 || w.most > 5000 {
			t.Errorf("%d left, %d wait, %d failed, %d at once", left, queued, failed, w.most)
		}
	})
}

// Few that failed are found among many that were taken, without reading those.
func TestFailedDeliveriesAreFoundByAnIndex(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		e := b.add(newReceiver(t, b.clock), EveryType)
		b.many(e.ID, DeliveryDelivered)
		now := b.clock.Now()
		failed := deliveryRow{ID: deliveryID(e.ID, "bad"), MessageID: "bad", WebhookID: e.ID, State: DeliveryFailed, CreatedAt: now, DoneAt: &now}
		_, err := b.db.NewInsert().Model(&failed).Exec(t.Context())
		b.must(err)
		_, err = b.db.ExecContext(t.Context(), "ANALYZE")
		b.must(err)
		p := &planner{db: b.db}
		b.db.DB = b.db.WithQueryHook(p)
		list, _, err := b.Deliveries(t.Context(), e.ID, DeliveryQuery{State: DeliveryFailed, Page: database.Page{Limit: 10}})
		b.must(err)
		b.must(b.ReplayFailed(t.Context(), e.ID))
		plan := p.plan.String()
		if len(list) != 1 || strings.Count(plan, "webhook_deliveries_failed") < 2 || strings.Contains(plan, "webhook_deliveries_log") {
			t.Errorf("%d found:\n%s", len(list), plan)
		}
		for _, read := range regexp.MustCompile(`actual rows=(\d+)|Rows Removed by Filter: (\d+)`).FindAllStringSubmatch(plan, -1) {
			if n, _ := strconv.Atoi(read[1] + read[2]); n > 10 {
				t.Errorf("%d rows are read:\n%s", n, plan)
			}
		}
	})
}

// A page of what waits is read by an index, without what was taken and without sorting all that
// waits, be that much or little.
func TestWaitingDeliveriesAreFoundByAnIndex(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		e := b.add(newReceiver(t, b.clock), EveryType)
		b.many(e.ID, DeliveryDelivered)
		for _, waiting := range []int{1, 3000} {
			var rows []deliveryRow
			for n := range waiting {
				m := fmt.Sprintf("waits %d %d", waiting, n)
				at := b.clock.Now().Add(-time.Duration(n) * time.Second) // longer than what was taken
				rows = append(rows, deliveryRow{ID: deliveryID(e.ID, m), MessageID: m, WebhookID: e.ID, State: DeliveryQueued, CreatedAt: at, NextAttemptAt: at})
			}
			_, err := b.db.NewInsert().Model(&rows).Exec(t.Context())
			b.must(err)
			_, err = b.db.ExecContext(t.Context(), "ANALYZE")
			b.must(err)
			plain, p := b.db.DB, &planner{db: b.db}
			b.db.DB = plain.WithQueryHook(p)
			list, _, err := b.Deliveries(t.Context(), e.ID, DeliveryQuery{State: DeliveryQueued, Page: database.Page{Limit: 10}})
			b.must(err)
			b.db.DB = plain
			plan := p.plan.String()
			if len(list) != min(waiting, 10) || strings.Contains(plan, "TEMP B-TREE") || waiting > 1 && !strings.Contains(plan, "webhook_deliveries_queued") {
				t.Errorf("%d of %d found:\n%s", len(list), waiting, plan)
			}
			for _, read := range regexp.MustCompile(`actual rows=(\d+)|Rows Removed by Filter: (\d+)`).FindAllStringSubmatch(plan, -1) {
				if n, _ := strconv.Atoi(read[1] + read[2]); n > 11 {
					t.Errorf("%d rows are read:\n%s", n, plan)
				}
			}
		}
	})
}

// Old deliveries go by themselves.
func TestOldDeliveriesGo(t *testing.T) {
	eachHooks(t, nil, func(t *testing.T, b *hookBench) {
		r := newReceiver(t, b.clock)
		e := b.add(r, EveryType)
		b.publish("evt_1", "case.approved")
		b.deliver()
		b.clock.Advance(30*24*time.Hour - time.Microsecond)
		b.sweepAndLog(t.Context())
		b.delivery(e, "evt_1")
		b.clock.Advance(time.Microsecond)
		b.sweepAndLog(t.Context())
		_, err := b.Delivery(t.Context(), e.ID, "evt_1")
		b.refused(err, "delivery_not_found")
	})
}
