// Package chaos proves that nothing is lost: it kills the server, its database and
// its document store, breaks the network between them, fills the disk and overloads
// it, while clients write down what they mean to do and what they were told; then a
// checker holds the databases, the store and the mail against those notes.
package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"regain/internal/testservers"
)

// binary is the server, built with the tag failpoints.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "regain-chaos-")
	if err == nil {
		binary, err = build(dir, "-tags", "failpoints")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	testservers.AtEnd(func() { _ = os.RemoveAll(dir) })
	testservers.Main(m)
}

func build(dir string, flags ...string) (string, error) {
	path := filepath.Join(dir, "regain")
	out, err := exec.Command("go", append(append([]string{"build"}, flags...), "-o", path, "..")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
}

// long skips a test that takes tens of seconds from `make test-short`.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long")
	}
}

// number reads how much to do from the environment.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s is %q, which is no number", name, text)
	}
	return n
}

// chance is a source of choices. Its seed is printed and can be given again by
// CHAOS_SEED; what the machine's timing adds can't.
func chance(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(number(t, "CHAOS_SEED", int(time.Now().UnixNano()&0xffffffff)))
	t.Logf("CHAOS_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// until waits for a condition, and fails the test when it does not come.
func until(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("%s: not within %s", what, within)
}
