// Package bench measures the real binary over HTTP against what the machine can do
// at most: see docs/performance.md. `make bench` runs it; without the variable
// BENCH_SECONDS everything here is skipped.
package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

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

// binary builds the server once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "regain-bench-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "regain")
	if given := os.Getenv("BENCH_BINARY"); given != "" {
		return given, nil // another build of it, to compare or to profile
	}
	if out, err := exec.Command("go", "build", "-trimpath", "-o", path, "..").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})
