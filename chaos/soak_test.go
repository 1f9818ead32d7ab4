package chaos

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestSoak lets clients work for SOAK_MINUTES and wants goroutines, descriptors and
// memory to stay flat. Run by `make soak`.
func TestSoak(t *testing.T) {
	if os.Getenv("SOAK_MINUTES") == "" {
		t.Skip("a soak takes minutes: make soak, or SOAK_MINUTES=1")
	}
	lasts := time.Duration(number(t, "SOAK_MINUTES", 5)) * time.Minute
	stacks(t, func(t *testing.T, w *world) {
		w.server.MustStart(t)
		db := w.open()
		reviewers := w.staff(4)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		clients := w.clients(ctx, 4, reviewers)
		// What grows once, caches and pools, grows in the first quarter.
		samples := map[string][]float64{}
		ticker := time.NewTicker(max(lasts/120, time.Second))
		defer ticker.Stop()
		for began := time.Now(); time.Since(began) < lasts; <-ticker.C {
			now := w.metrics()
			if _, err := db.NewRaw("DELETE FROM limits").Exec(t.Context()); err != nil { // an hour's limits, met in minutes
				t.Logf("forget limits: %v", err)
			}
			if time.Since(began) < lasts/4 {
				continue
			}
			for name := range flat() {
				samples[name] = append(samples[name], now[name])
			}
		}
		stop()
		clients.Wait()
		for name, may := range flat() {
			first, rise := trend(samples[name])
			t.Logf("%s: %.0f at first, %+.0f over %d samples", name, first, rise, len(samples[name]))
			if rise > max(may.least, may.share*first) {
				t.Errorf("%s grew by %.0f from %.0f, more than %.0f", name, rise, first, max(may.least, may.share*first))
			}
		}
		w.quiet(db)
		w.assertSound(db, nil)
	})
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
