// Package fuzz attacks the whole server over HTTP with calls that it makes from the
// server's own OpenAPI document, and with the forms of its own pages: valid ones, and ones
// that are wrong in every way that came to mind, as every role, in a world of cases in
// every state. Each route has to be called with success in each run; arrangements see to
// it that it can.
//
// A run is determined by its seed, apart from ids and times that the server draws:
//
//	go test ./fuzz -run TestEvery -v
//	REGAIN_FUZZ_SEED=7 REGAIN_FUZZ_MINUTES=10 go test ./fuzz -run TestEvery -v -timeout 1h
package fuzz

import (
	"os"
	"strconv"
	"testing"
	"time"

	"regain/internal/testservers"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// callsInShort is how many calls a run makes when no minutes are given: some seconds.
const callsInShort = 400

// run is how long and from which seed to go on.
type run struct {
	seed  uint64
	calls int
	until time.Time // zero when calls counts
}

// runOf reads the environment. databases share the minutes.
func runOf(t *testing.T, databases int) run {
	t.Helper()
	r := run{seed: 1, calls: callsInShort}
	if s := os.Getenv("REGAIN_FUZZ_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("REGAIN_FUZZ_SEED: %v", err)
		}
		r.seed = seed
	}
	if s := os.Getenv("REGAIN_FUZZ_MINUTES"); s != "" {
		minutes, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatalf("REGAIN_FUZZ_MINUTES: %v", err)
		}
		r.calls = 0
		r.until = time.Now().Add(time.Duration(minutes * float64(time.Minute) / float64(databases)))
	}
	return r
}

func (r run) over(made int) bool {
	if r.until.IsZero() {
		return made >= r.calls
	}
	return time.Now().After(r.until)
}
