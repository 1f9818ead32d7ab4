//go:build failpoints

// Package failpoint names the places at which tests kill the server.
package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Enabled says whether this binary was built with the tag.
const Enabled = true

// variable holds "place#n" or "place/detail#n": the process is killed when it
// comes to the place for the n-th time.
const variable = "REGAIN_FAILPOINT"

var armed = sync.OnceValue(func() *trap {
	place, count, found := strings.Cut(os.Getenv(variable), "#")
	n, err := strconv.ParseInt(count, 10, 64)
	if !found || err != nil || n < 1 {
		return nil
	}
	t := &trap{}
	t.place, t.detail, _ = strings.Cut(place, "/")
	t.left.Store(n)
	return t
})

// trap is the one place at which this process dies.
type trap struct {
	place, detail string // an empty detail is any
	left          atomic.Int64
}

// Hit kills the process when the place is armed and its count is up: at once, with
// no deferred call and no flush, as a power cut of the process would.
func Hit(place, detail string) {
	t := armed()
	if t == nil || t.place != place || t.detail != "" && t.detail != detail || t.left.Add(-1) != 0 {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way
}

// offsetVariable holds by how much the clock is wrong, such as "-24h".
const offsetVariable = "REGAIN_CLOCK_OFFSET"

var offset = sync.OnceValue(func() time.Duration {
	d, _ := time.ParseDuration(os.Getenv(offsetVariable)) // none, or what makes no sense, is no offset
	return d
})

// Now is the clock, wrong by as much as the test wants.
func Now() time.Time { return time.Now().Add(offset()) }
