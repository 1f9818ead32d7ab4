package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestPercentFor(t *testing.T) {
	for live, want := range map[uint64]int64{0: 300, 1 << 20: 300, 12 << 20: 200, 24 << 20: 100, 1 << 30: 75} {
		if got := percentFor(live); got != want {
			t.Errorf("%d MiB live: %d, want %d", live>>20, got, want)
		}
	}
}

// The collector is tuned after collections, again and again.
func TestCollectorIsTuned(t *testing.T) {
	c := newCollector()
	t.Cleanup(func() { debug.SetGCPercent(100) })
	c.watch()
	for _, size := range []int{40 << 20, 0, 60 << 20} {
		lives := make([]byte, size)
		least, most := int64(101), int64(mostPercent)
		if size > 0 {
			least, most = leastPercent, percentFor(uint64(size))
		}
		for deadline := time.Now().Add(10 * time.Second); c.percent.Load() < least || c.percent.Load() > most; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("tuned to %d with %d MiB alive, want %d to %d", c.percent.Load(), size>>20, least, most)
			}
			runtime.GC()
		}
		runtime.KeepAlive(lives)
	}
}
