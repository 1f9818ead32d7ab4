package chaos

import (
	"context"
	"testing"
	"time"
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

// replayed counts the calls whose first good answer said that they had been carried
// out before: the answer to that was lost on the way.
func (w *world) replayed() int {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	return w.ledger.replays
}
