// Package chaos proves that nothing is lost: it kills the server, its database and
// its document store, breaks the network between them, fills the disk and overloads
// it, while clients write down what they mean to do and what they were told; then a
// checker holds the databases, the store and the mail against those notes.
package chaos

import (
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"regain/internal/regaintest"
	"regain/internal/testservers"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// breakable builds the server with the places at which it can be killed, once.
var breakable = sync.OnceValues(func() (string, error) { return regaintest.Build("-tags", "failpoints") })

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
