package chaos

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"regain/internal/regaintest"
)

// TestStopUnderLoad stops the server by SIGTERM again and again while clients work,
// with no client giving up. Calls under way are answered, none is dropped: the only
// broken connections are those that were refused or idle, which a client sees before
// its call has any effect, so that no call is answered twice over.
func TestStopUnderLoad(t *testing.T) {
	long(t)
	stacks(t, func(t *testing.T, w *world) {
		w.server.Args = append(w.server.Args, "--drain-delay", "100ms")
		w.server.MustStart(t)
		db := w.open()
		reviewers := w.staff(4)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		clients := w.clients(ctx, 6, reviewers)
		for range number(t, "CHAOS_STOPS", 3) {
			before := w.answered()
			until(t, 30*time.Second, "clients work", func() bool { return w.answered() >= before+30 })
			began := time.Now()
			w.server.Stop(t)
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("the server took %s to stop", took)
			}
			w.timePasses(db)
			w.server.MustStart(t)
		}
		w.finish(db, stop, clients.Wait)
		dropped := w.replayed()
		w.assertSound(db, nil)
		if dropped > 0 {
			t.Errorf("%d calls were carried out and their answers dropped", dropped)
		}
	})
}

// TestStopAnswersEachCallUnderWay stops the server by SIGTERM while a dozen calls wait for
// a database that somebody holds, and a file is half sent. Each is answered, and well.
func TestStopAnswersEachCallUnderWay(t *testing.T) {
	long(t)
	stacks(t, func(t *testing.T, w *world) {
		const waiting = 12
		w.server.MustStart(t)
		db := w.open()
		w.subscribe()
		upload, c := w.halfSent()
		release := w.hold()
		rest := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			half := len(upload.Body) / 2
			c.mustDo(upload, io.MultiReader(bytes.NewReader(upload.Body[:half]), waitFor(rest), bytes.NewReader(upload.Body[half:])))
		})
		for range waiting {
			all.Go(func() {
				c := &caller{w: w, ctx: t.Context(), address: w.newAddress()}
				k := c.startCase("under-way-" + c.address)
				c.mustDo(k, bytes.NewReader(k.Body))
			})
		}
		// Those that wait, the upload, and the call that counts them.
		until(t, 20*time.Second, "calls are under way", func() bool { return w.metrics()["regain_http_requests_in_flight"] >= waiting+2 })
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			w.server.Stop(t)
		}()
		until(t, 10*time.Second, "the server takes no new calls", func() bool { return !w.server.Ready() })
		release()
		close(rest)
		all.Wait()
		<-stopped
		w.server.MustStart(t)
		w.quiet(db)
		w.assertSound(db, nil)
	})
}

// halfSent is a file that is not sent yet, to a case that waits for it.
func (w *world) halfSent() (*call, *caller) {
	w.t.Helper()
	s := &story{w: w, customer: &caller{w: w, ctx: w.t.Context(), address: w.newAddress()}}
	if err := s.start(true); err != nil {
		w.t.Fatalf("start a case: %v", err)
	}
	o, _, err := s.customer.get("/api/v1/cases/" + s.id)
	if err != nil {
		w.t.Fatalf("read a case: %v", err)
	}
	for _, i := range o.List("items") {
		if i.Text("kind") != "document" {
			continue
		}
		name, content := regaintest.Document(i.Sub("document"), 1)
		k, err := s.customer.file(s.id, i.Text("id"), name, content)
		if err != nil {
			w.t.Fatal(err)
		}
		return k, s.customer
	}
	w.t.Fatal("the case asks for no document")
	return nil, nil
}

// mustDo makes a call once, and wants it to be answered and to have succeeded.
func (c *caller) mustDo(k *call, body io.Reader) {
	c.w.ledger.intend(k)
	status, h, answer, err := c.onceFrom(k, body)
	if err != nil || status != http.StatusCreated {
		c.w.t.Errorf("%s: %d %s %v", k.What, status, answer, err)
		return
	}
	c.w.ledger.ack(k, status, h, answer)
}

// startCase is the call that opens a case.
func (c *caller) startCase(account string) *call {
	k := c.call("start-case", "", http.MethodPost, "/api/v1/cases")
	k.Header.Set("Content-Type", "application/json")
	k.Body = fmt.Appendf(nil, `{"account":%q,"lost":["email"],"new_email":"c-%s@customer.example","locale":"en",`+
		`"answers":{"customer_type":"direct","account_type":"individual"}}`, account, c.address)
	return k
}

// waitFor is a reader of nothing, which ends when the channel is closed.
type waitFor <-chan struct{}

// Read implements io.Reader.
func (w waitFor) Read([]byte) (int, error) {
	<-w
	return 0, io.EOF
}

// replayed counts the calls whose first good answer said that they had been carried
// out before: the answer to that was lost on the way.
func (w *world) replayed() int {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	return w.ledger.replays
}
