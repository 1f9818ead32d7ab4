package chaos

import (
	"context"
	"testing"
	"time"

	"regain/internal/testservers"
)

// TestServersKilled kills Postgres and MinIO, one after the other, while clients work.
// Regain is not restarted: it answers cleanly meanwhile and heals by itself. CHAOS_OUTAGES
// is how often each of the two is killed.
func TestServersKilled(t *testing.T) {
	long(t)
	outages := number(t, "CHAOS_OUTAGES", 2)
	w := newWorld(t)
	postgres, url := testservers.KillablePostgres(t, "")
	minio, s3 := testservers.KillableMinIO(t, "")
	w.prepare(t.TempDir(), url, s3.URL(s3.Bucket()))
	w.givingUp, w.twins = 0.05, true
	w.server.MustStart(t)
	reviewers := w.staff(4)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	clients := w.clients(ctx, 4, reviewers)
	var ends []head
	var healed []time.Duration
	for n := range 2 * outages {
		before := len(w.ledger.acked("approve", "deny", "withdraw"))
		until(t, 30*time.Second, "clients work", func() bool { return len(w.ledger.acked("approve", "deny", "withdraw")) > before })
		db := w.open()
		w.hourPasses(db)
		ends = append(ends, heads(t, db)...)
		broken := []*testservers.Killable{postgres, minio}[n%2]
		broken.Kill()
		refused := w.ledger.statuses()[503]
		until(t, 40*time.Second, "a call meets the outage", func() bool { return w.ledger.statuses()[503] > refused })
		until(t, 5*time.Second, "the server says that it is not ready", func() bool { return !w.server.Ready() })
		broken.Start()
		back := time.Now()
		before = w.answered()
		until(t, 30*time.Second, "the server heals", func() bool { return w.server.Ready() && w.answered() > before })
		healed = append(healed, time.Since(back))
	}
	if !w.server.Running() {
		t.Fatalf("the server ended:\n%s", w.server.Output.Tail())
	}
	db := w.open()
	w.finish(db, stop, clients.Wait)
	w.assertSound(db, ends)
	t.Logf("healed after %v; the slowest attempt was %+v", healed, w.ledger.slowest())
}
