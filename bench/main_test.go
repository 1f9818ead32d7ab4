// Package bench measures the real binary over HTTP against what the machine can do
// at most: see docs/performance.md. `make bench` runs it; without the variable
// BENCH_SECONDS everything here is skipped.
package bench

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"regain/internal/regaintest"
	"regain/internal/testservers"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(baselineVariable); address != "" {
		if err := serveBaseline(address, os.Getenv(baselineDatabase)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	testservers.Main(m)
}

// binary builds the server once, or takes another build of it, to compare or to profile.
var binary = sync.OnceValues(func() (string, error) {
	if given := os.Getenv("BENCH_BINARY"); given != "" {
		return given, nil
	}
	return regaintest.Build("-trimpath")
})
