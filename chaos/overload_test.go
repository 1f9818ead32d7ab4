package chaos

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"regain/internal/regaintest"
)

// atOnce is how many calls the server under overload takes at once.
const atOnce = 16

// TestOverload offers four times as many calls as the server can answer, in an open loop
// that does not wait for answers. Beside successes there are only 429 and 503 with
// Retry-After, and within 5 s after it answers as much as before. Then four times as
// many clients as it takes at once tell their stories to the end.
func TestOverload(t *testing.T) {
	long(t)
	stacks(t, func(t *testing.T, w *world) {
		w.server.Args = append(w.server.Args, "--max-in-flight", fmt.Sprint(atOnce), "--max-uploads", "8")
		w.patience = 20 * time.Millisecond
		w.server.MustStart(t)
		db := w.open()
		reviewers := w.staff(2)
		lanes := w.lanes()
		f := w.flood(lanes)
		w.recovers(lanes, f.capacity)
		ctx, stop := context.WithCancel(t.Context())
		clients := w.clients(ctx, 4*atOnce, reviewers)
		until(t, 60*time.Second, "stories end in spite of refusals", func() bool { return len(w.ledger.acked("approve", "deny", "withdraw")) > 20 })
		w.finish(db, stop, clients.Wait)
		w.assertSound(db, nil)
	})
}

// lane is a connection of the flood and what it asks for.
type lane struct {
	regaintest.Connection
	w *world
}

// lanes are as many connections as calls may be under way, bounded by the files that
// this process may open.
func (w *world) lanes() []*lane {
	w.t.Helper()
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		w.t.Fatal(err)
	}
	lanes := make([]*lane, min(400, files.Cur/3))
	if len(lanes) < 4*atOnce {
		w.t.Fatalf("this process may open %d files only, which are too few to overload anything", files.Cur)
	}
	for n := range lanes {
		lanes[n] = &lane{regaintest.Connection{Address: w.server.Address}, w}
		w.t.Cleanup(lanes[n].Close)
	}
	return lanes
}

// ask starts a case, which is written down as every call is, and judges the answer.
// began is when the call was due.
func (l *lane) ask(began time.Time) (status int) {
	l.From = l.w.newAddress()
	k := (&caller{w: l.w, address: l.From}).startCase("account-at-" + l.From)
	l.w.ledger.intend(k)
	status, h, body, err := l.Send(k.Method, k.Path, regaintest.Content{Type: "application/json", Key: k.Header.Get("Idempotency-Key"), Body: [][]byte{k.Body}})
	l.w.ledger.tried(attempt{What: k.What, Status: status, Took: time.Since(began)})
	switch {
	case err != nil:
		l.w.ledger.fault(fmt.Sprintf("under overload a connection broke: %v", err))
	case status == http.StatusCreated:
		l.w.ledger.ack(k, status, h, body)
	default:
		l.w.judge(k, status, h, body)
	}
	return status
}

// rate is how many calls a second the lanes get answered, each waiting for its answer.
func rate(lanes []*lane, during time.Duration) int {
	var answered atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for _, l := range lanes {
		all.Go(func() {
			for time.Since(began) < during {
				if l.ask(time.Now()) == http.StatusCreated {
					answered.Add(1)
				}
			}
		})
	}
	all.Wait()
	return int(float64(answered.Load()) / time.Since(began).Seconds())
}

// capacity is what half as many clients as the server takes at once get out of it.
func (w *world) capacity(lanes []*lane) int {
	w.t.Helper()
	rate(lanes[:atOnce/2], 200*time.Millisecond) // until it is warm
	capacity := rate(lanes[:atOnce/2], time.Second)
	if capacity == 0 {
		w.t.Fatal("the server answers nothing")
	}
	return capacity
}

// flooded is what came of a flood.
type flooded struct {
	capacity, offered int // a second
	statuses          map[int]int
	latest            time.Duration
}

func (f flooded) String() string {
	return fmt.Sprintf("capacity %d/s, flooded with %d/s: %v, the latest answer %s after its call was due", f.capacity, f.offered, f.statuses, f.latest.Round(time.Millisecond))
}

// flood offers four times as many calls as the server has just answered. It wants the
// flood to have been one: what else goes on here may slow it down, so there are more tries.
func (w *world) flood(lanes []*lane) flooded {
	w.t.Helper()
	var f flooded
	for range 4 {
		capacity := w.capacity(lanes)
		f = pour(lanes, 4*capacity, 3*time.Second)
		f.capacity = capacity
		w.t.Log(f)
		if f.offered >= 4*capacity*9/10 {
			break
		}
	}
	if f.offered < 4*f.capacity*9/10 {
		w.t.Errorf("this shows nothing: %s", f)
	}
	if f.statuses[http.StatusServiceUnavailable]+f.statuses[http.StatusTooManyRequests] == 0 {
		w.t.Errorf("nothing was refused: %s", f)
	}
	if f.statuses[http.StatusCreated] == 0 {
		w.t.Errorf("everything was refused: %s", f)
	}
	return f
}

// pour has every call made when it is due, whatever becomes of the others, by whichever
// lane is free. A call for which there is none is late, and the flood so much slower.
func pour(lanes []*lane, rate int, during time.Duration) flooded {
	var due atomic.Int64
	var all sync.WaitGroup
	var mu sync.Mutex
	f := flooded{statuses: map[int]int{}}
	total := int64(float64(rate) * during.Seconds())
	began := time.Now()
	for _, l := range lanes {
		all.Go(func() {
			for n := due.Add(1); n <= total; n = due.Add(1) {
				at := began.Add(time.Duration(float64(n) / float64(rate) * float64(time.Second)))
				time.Sleep(time.Until(at))
				status := l.ask(at)
				mu.Lock()
				f.statuses[status]++
				f.latest = max(f.latest, time.Since(at))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	f.offered = int(float64(total) / time.Since(began).Seconds())
	return f
}

// recovers wants the server to be back to normal within 5 s: for half a second it answers
// three quarters of what it did before and refuses nothing. What else goes on here may slow
// it down, so that what it answers later may stand for what it did before.
func (w *world) recovers(lanes []*lane, capacity int) {
	w.t.Helper()
	began, best := time.Now(), 0
	for best < capacity*3/4 && time.Since(began) < 5*time.Second {
		refused := w.refused()
		if after := rate(lanes[:atOnce/2], 500*time.Millisecond); w.refused() == refused {
			best = max(best, after)
		}
	}
	took := time.Since(began).Round(time.Millisecond)
	if best < capacity*3/4 {
		if capacity = w.capacity(lanes); best < capacity*3/4 {
			w.t.Errorf("not back to normal after %s: %d calls a second, where %d are normal", took, best, capacity)
		}
	}
	w.t.Logf("back to normal after %s: %d calls a second", took, best)
}

// refused counts the answers that said to come again later.
func (w *world) refused() int {
	n := w.ledger.statuses()
	return n[http.StatusServiceUnavailable] + n[http.StatusTooManyRequests]
}
