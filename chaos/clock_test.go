package chaos

import (
	"context"
	"testing"
	"time"
)

// TestClockADayOff has the server's clock a day ahead, then a day behind, then right
// again, on data that go on. Whole stories are told each time, and the record is sound.
// (What one call after another does under a wrong clock is tested in cases.)
func TestClockADayOff(t *testing.T) {
	long(t)
	stacks(t, func(t *testing.T, w *world) {
		var ends []head
		for _, offset := range []time.Duration{0, 24 * time.Hour, -24 * time.Hour, 0} {
			w.receiver.wrong(offset)
			if !w.server.Start(t, "REGAIN_CLOCK_OFFSET="+offset.String()) {
				t.Fatalf("the server does not start:\n%s", w.server.Output.Tail())
			}
			db := w.open()
			reviewers := w.staff(2)
			ctx, stop := context.WithCancel(t.Context())
			clients := w.clients(ctx, 3, reviewers)
			before := len(w.ledger.acked("approve", "deny", "withdraw"))
			until(t, 60*time.Second, "stories end with the clock off by "+offset.String(), func() bool {
				return len(w.ledger.acked("approve", "deny", "withdraw")) >= before+8
			})
			stop()
			clients.Wait()
			ends = append(ends, heads(t, db)...)
			w.server.Stop(t)
			w.timePasses(db)
		}
		w.server.MustStart(t)
		db := w.open()
		w.quiet(db)
		e := w.evidence(db)
		e.heads = ends
		w.report("after the run", e.check(t.Context()))
	})
}
