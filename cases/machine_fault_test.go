package cases_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"pgregory.net/rapid"

	"regain/cases"
	"regain/database/databasetest"
	"regain/problem"
	"regain/storage"
)

// writeFault makes the database fail at a write to come: the statement is given up as
// one is whose time is over.
type writeFault struct {
	mu   sync.Mutex
	left int // writes until the one that fails; zero when none will
	hits int
}

func (f *writeFault) arm(writes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left = writes
}

// BeforeQuery implements bun.QueryHook.
func (f *writeFault) BeforeQuery(ctx context.Context, event *bun.QueryEvent) context.Context {
	switch event.Operation() {
	case "INSERT", "UPDATE", "DELETE":
	default:
		return ctx
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 {
		return ctx
	}
	if f.left--; f.left > 0 {
		return ctx
	}
	f.hits++
	over, cancel := context.WithCancel(ctx)
	cancel()
	return over
}

// AfterQuery implements bun.QueryHook.
func (f *writeFault) AfterQuery(context.Context, *bun.QueryEvent) {}

// failingStore refuses bytes while it is away, at the beginning or after it has some.
type failingStore struct {
	storage.Store
	away, after bool
	hits        int
}

var errAway = errors.New("the store is away")

// Put implements storage.Store.
func (s *failingStore) Put(ctx context.Context, key string, r io.Reader, size int64, sum [32]byte) error {
	if !s.away {
		return s.Store.Put(ctx, key, r, size, sum)
	}
	s.hits++
	if s.after { // the bytes are there, and the answer is lost
		if err := s.Store.Put(ctx, key, r, size, sum); err != nil {
			return err
		}
	}
	return errAway
}

// faulty is a machine whose database and store fail by chance.
type faulty struct {
	*machine
	database *writeFault
	store    *failingStore
	refused  int // calls that failed by a fault
}

// Whatever fails at whatever write, a call is done whole or not at all, what is done is
// on record, and the same call goes through once the fault is over.
func TestLifecycleMachineUnderFaults(t *testing.T) {
	if err := flag.Set("rapid.checks", "30"); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, databasetest.SQLite(t))
	f := &faulty{database: &writeFault{}, store: &failingStore{Store: w.store}}
	w.store = f.store
	w.restart(defaultPolicy(t))
	w.db.DB = w.db.WithQueryHook(f.database)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		f.machine = &machine{world: w, rt: rt, accounts: []string{fmt.Sprintf("ana-%d", run), fmt.Sprintf("leo-%d", run)}}
		for range 3 {
			f.start()
		}
		actions := map[string]func(*rapid.T){"": func(*rapid.T) { f.oneOpenEach() }}
		for name, deed := range f.deeds() {
			actions[name] = func(rt *rapid.T) {
				f.rt = rt
				f.tryUnderFault(name, deed)
			}
		}
		actions["time"] = func(rt *rapid.T) {
			f.rt = rt
			f.timeUnderFault()
		}
		rt.Repeat(actions)
	})
	w.wantSound()
	if f.database.hits < 20 || f.store.hits == 0 {
		t.Errorf("only %d faults of the database and %d of the store", f.database.hits, f.store.hits)
	}
	t.Logf("%d faults of the database, %d of the store; %d calls failed by them", f.database.hits, f.store.hits, f.refused)
}

// tryUnderFault does something while a fault is due, looks at what it left, and does it
// again without.
func (f *faulty) tryUnderFault(name string, d deed) {
	c := f.pick(name)
	before := c.read()
	f.database.arm(rapid.IntRange(0, 8).Draw(f.rt, "writes"))
	f.store.away, f.store.after = rapid.IntRange(0, 3).Draw(f.rt, "store") == 0, rapid.Bool().Draw(f.rt, "after")
	err := d(c)
	f.database.arm(0)
	f.store.away = false
	after := c.read()
	if err == nil {
		if after.EventSeq != before.EventSeq+1 {
			f.rt.Fatalf("%s left %d events", name, after.EventSeq-before.EventSeq)
		}
		return
	}
	if after.Version != before.Version || after.EventSeq != before.EventSeq || after.State != before.State || after.EventHead != before.EventHead {
		f.rt.Fatalf("%s failed (%v) and left a trace:\n%+v\n%+v", name, err, before, after)
	}
	if _, refused := problem.As(err); refused && !errors.Is(err, errAway) {
		return
	}
	if !errors.Is(err, context.Canceled) && !errors.Is(err, errAway) {
		f.rt.Fatalf("%s: %v", name, err)
	}
	f.refused++
	if err := d(c); err != nil {
		if _, refused := problem.As(err); !refused {
			f.rt.Fatalf("%s, again without a fault: %v", name, err)
		}
	}
}

// timeUnderFault: a tick that fails half-way is made good by the next.
func (f *faulty) timeUnderFault() {
	f.clock.move(time.Duration(rapid.IntRange(1, 6*24).Draw(f.rt, "hours")) * time.Hour)
	f.database.arm(rapid.IntRange(0, 8).Draw(f.rt, "writes"))
	_, err := f.Tick(f.ctx)
	f.database.arm(0)
	if err != nil {
		f.refused++
	}
	if _, err := f.Tick(f.ctx); err != nil {
		f.rt.Fatalf("tick: %v", err)
	}
	for _, c := range f.all {
		got := c.read()
		if got.CustomerDue != nil && !f.clock.now().Before(*got.CustomerDue) || got.State == cases.InReview && !got.ClaimedNow(f.clock.now()) {
			f.rt.Fatalf("time passed over a case: %+v", got)
		}
	}
}
