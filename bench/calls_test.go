package bench

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"regain/bench/measure"
	"regain/internal/regaintest"
)

const rounds = 3

// The heading belongs to the first test of the package.
func TestSpeed(t *testing.T) {
	measure.Turn(t)
	measure.Heading()
	t.Run("Decisions", speedOfDecisions)
	t.Run("Start", speedOfStart)
	t.Run("Filing", speedOfFiling)
	t.Run("Reading", speedOfReading)
	t.Run("Embedded", speedOfEmbedded)
	t.Run("Uploads", speedOfUploads)
	t.Run("Queue", speedOfQueue)
}

// speedOfDecisions measures what keeps nothing against a handler that does nothing.
func speedOfDecisions(t *testing.T) {
	ours, base := embedded(t), startBaseline(t, "")
	complete := []byte(`{"answers":{"customer_type":"direct","account_type":"enterprise","real_name_authenticated":false,"card_added":true,"months_of_use":2,"enterprise_country":"CN"}}`)
	partial := []byte(`{"answers":{"customer_type":"direct","account_type":"enterprise"}}`)
	post := func(p *regaintest.Process, path string, n int, body []byte, gzip bool) measure.Side {
		all := clients(p.Address, n)
		for _, c := range all {
			c.Gzip = gzip
		}
		return measure.Side{Name: "Gin, JSON body", Run: func(turn time.Duration) (measure.Sample, error) {
			return measure.Load(n, turn, func(_ context.Context, i int) error {
				_, err := all[i].expect(http.StatusOK, http.MethodPost, path, "application/json", body)
				return err
			})
		}}
	}
	for _, c := range []struct {
		name string
		body []byte
		gzip bool
	}{{"complete answers", complete, false}, {"complete answers, gzip", complete, true}, {"partial answers", partial, false}} {
		r := measure.Interleave(t, rounds, measure.Turn(t), post(ours, "/api/v1/decisions", 8, c.body, c.gzip), post(base, "/json", 8, c.body, c.gzip))
		measure.Print("`POST /decisions`, "+c.name+", 8 clients", r[0], r[1], "0.7")
	}
}

// speedOfFiling measures filing on Postgres.
func speedOfFiling(t *testing.T) {
	ours, database := production(t)
	script := filingScript(t, newClient(ours.Address), database)
	for _, n := range []int{1, 8, 32} {
		r := measure.Interleave(t, rounds, measure.Turn(t), filing("Regain", ours, n),
			measure.Side{Name: "pgbench, same rows", Run: func(turn time.Duration) (measure.Sample, error) {
				return pgbench(t, database, script, n, turn)
			}})
		measure.Print(fmt.Sprintf("file a case, %d clients", n), r[0], r[1], "0.6 and on")
	}
}

// speedOfReading measures a case read by its customer on Postgres.
func speedOfReading(t *testing.T) {
	ours, database := production(t)
	base := startBaseline(t, database)
	for _, n := range []int{1, 8, 32} {
		r := measure.Interleave(t, rounds, measure.Turn(t),
			readCases(t, ours, n, func(f filed) string { return f.path }),
			readCases(t, base, n, func(f filed) string { return strings.TrimPrefix(f.path, "/api/v1") }, ours))
		measure.Print(fmt.Sprintf("read a case, %d clients", n), r[0], r[1], "0.7")
	}
}

// readCases has each client read a case of its own again and again.
func readCases(t *testing.T, p *regaintest.Process, n int, path func(filed) string, filedAt ...*regaintest.Process) measure.Side {
	t.Helper()
	all := clients(p.Address, n)
	paths := make([]string, n)
	for i, c := range all {
		filer := c
		if len(filedAt) > 0 {
			filer = newClient(filedAt[0].Address)
		}
		f, err := filer.file()
		if err != nil {
			t.Fatal(err)
		}
		paths[i], c.Token = path(f), f.token
	}
	return measure.Side{Name: "Gin, one indexed SELECT", Run: func(turn time.Duration) (measure.Sample, error) {
		return measure.Load(n, turn, func(_ context.Context, i int) error {
			_, err := all[i].expect(http.StatusOK, http.MethodGet, paths[i], "")
			return err
		})
	}}
}

// speedOfEmbedded measures filing on the embedded default, whose every commit is synced.
func speedOfEmbedded(t *testing.T) {
	ours := embedded(t)
	for _, n := range []int{8, 32} {
		r := measure.Interleave(t, rounds, measure.Turn(t), filing("Regain", ours, n), filing("the same, 1 client", ours, 1))
		measure.Print(fmt.Sprintf("file a case on the embedded default, %d clients", n), r[0], r[1], "–")
	}
}

// speedOfStart measures from the start of the process to its first answer.
func speedOfStart(t *testing.T) {
	var took []time.Duration
	var idle []int64
	for range 7 {
		p := embedded(t)
		took = append(took, p.Starts[0])
		idle = append(idle, idleMemory(t, p))
		p.Stop(t)
	}
	median := measure.Quantile(took, 0.5)
	measure.PrintAlone("start to first answer, embedded default", measure.Result{Median: median, P99: measure.Quantile(took, 0.99), Rate: 1 / median.Seconds()}, "200 ms")
	measure.Note("idle memory, embedded default: %d MiB", measure.Quantile(idle, 0.5)>>20)
}
