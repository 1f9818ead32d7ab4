package chaos

import (
	"bufio"
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"regain/database"
)

// TestSoak lets clients work for SOAK_MINUTES, or for some seconds. Afterwards the server
// has no more goroutines and descriptors than before, when it is at rest; over minutes
// they and its memory stay flat while it works. Run for long by `make soak`.
func TestSoak(t *testing.T) {
	long(t)
	minutes := number(t, "SOAK_MINUTES", 0)
	lasts := max(time.Duration(minutes)*time.Minute, 8*time.Second)
	stacks(t, func(t *testing.T, w *world) {
		w.server.MustStart(t)
		db := w.open()
		reviewers := w.staff(4)
		w.soak(db, reviewers, 2*time.Second) // what grows once, caches and pools, grows now
		before := w.atRest(db)
		samples := w.soak(db, reviewers, lasts)
		after := w.atRest(db)
		for _, name := range []string{"go_goroutines", "process_open_fds"} {
			t.Logf("%s at rest: %.0f before, %.0f after", name, before[name], after[name])
			if after[name] > before[name]+poolMay {
				t.Errorf("%s: %.0f at rest before, %.0f after", name, before[name], after[name])
			}
		}
		if minutes > 0 {
			assertFlat(t, samples)
		}
		w.assertSound(db, nil)
	})
}

// poolMay is by how much a pool of connections may differ from one time of rest to another.
const poolMay = 20

// soak has clients work and reads the server's gauges meanwhile, but for the first quarter.
func (w *world) soak(db *database.DB, reviewers []string, lasts time.Duration) map[string][]float64 {
	ctx, stop := context.WithCancel(w.t.Context())
	clients := w.clients(ctx, 4, reviewers)
	defer clients.Wait()
	defer stop()
	samples := map[string][]float64{}
	ticker := time.NewTicker(max(lasts/120, time.Second))
	defer ticker.Stop()
	for began := time.Now(); time.Since(began) < lasts; <-ticker.C {
		now := w.metrics()
		w.hourPasses(db)
		if time.Since(began) < lasts/4 {
			continue
		}
		for name := range flat() {
			samples[name] = append(samples[name], now[name])
		}
	}
	return samples
}

// atRest reads the gauges when nobody calls and every message has left.
func (w *world) atRest(db *database.DB) map[string]float64 {
	w.t.Helper()
	w.quiet(db)
	w.http.CloseIdleConnections()
	time.Sleep(500 * time.Millisecond) // until the server has seen their end, which nobody can ask
	return w.metrics()
}

func assertFlat(t *testing.T, samples map[string][]float64) {
	t.Helper()
	for name, may := range flat() {
		first, rise := trend(samples[name])
		t.Logf("%s: %.0f at first, %+.0f over %d samples", name, first, rise, len(samples[name]))
		if rise > max(may.least, may.share*first) {
			t.Errorf("%s grew by %.0f from %.0f, more than %.0f", name, rise, first, max(may.least, may.share*first))
		}
	}
}

// growth is what a line through the samples may rise by, over all of them.
type growth struct{ share, least float64 }

func flat() map[string]growth {
	return map[string]growth{
		"go_goroutines":                 {0.1, 5},
		"process_open_fds":              {0.1, 5},
		"process_resident_memory_bytes": {0.1, 8 << 20},
	}
}

// metrics reads the server's own gauges.
func (w *world) metrics() map[string]float64 {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.server.URL+"/metrics", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := w.http.Do(req)
	if err != nil {
		w.t.Fatalf("metrics: %v", err)
	}
	defer func() { _ = res.Body.Close() }()
	out := map[string]float64{}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			out[name] = v
		}
	}
	return out
}

// trend fits a line by least squares: where it begins, and how far it rises.
func trend(samples []float64) (first, rise float64) {
	n := float64(len(samples))
	if n < 2 {
		return 0, 0
	}
	var x, y, xx, xy float64
	for i, v := range samples {
		x, y, xx, xy = x+float64(i), y+v, xx+float64(i)*float64(i), xy+float64(i)*v
	}
	slope := (n*xy - x*y) / (n*xx - x*x)
	return (y - slope*x) / n, slope * (n - 1)
}
