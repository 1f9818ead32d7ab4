package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// Garbage may grow by so many bytes before it is collected, but by no more than three
// times what lives, and by no less than three quarters of it.
const (
	roomForGarbage = 24 << 20
	mostPercent    = 300
	leastPercent   = 75
)

// collector bounds how much garbage there is, unless GOGC says otherwise. Go's default lets
// it grow by as much as lives: that is little for a server that does nothing but answer, which
// would then collect all the time, and a lot while many files are received.
type collector struct {
	live    []metrics.Sample
	percent atomic.Int64
}

// cycle is garbage from its beginning, so that its end tells of a collection.
type cycle struct{ collector *collector }

func easeCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(mostPercent)
	newCollector().watch()
}

func newCollector() *collector {
	c := &collector{live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	c.percent.Store(mostPercent)
	return c
}

// watch has the collector tuned after each collection.
func (c *collector) watch() {
	runtime.SetFinalizer(&cycle{c}, func(*cycle) {
		c.tune()
		c.watch()
	})
}

func (c *collector) tune() {
	metrics.Read(c.live)
	percent, before := percentFor(c.live[0].Value.Uint64()), c.percent.Load()
	if off := percent - before; off < -before/10 || off > before/10 { // each change stops everything for a moment
		c.percent.Store(percent)
		debug.SetGCPercent(int(percent))
	}
}

// percentFor is GOGC for so many bytes that live.
func percentFor(live uint64) int64 {
	return int64(min(max(roomForGarbage*100/max(live, 1), leastPercent), mostPercent)) //nolint:gosec // within the two bounds
}
