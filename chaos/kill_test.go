package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"regain/database"
	"regain/internal/regaintest"
)

// places are where the server is killed, beside moments by chance.
func (w *world) places() []string {
	all := []string{
		"upload.received", "upload.stored", "call.finished/upload-document", "call.committed/upload-document",
		"call.finished/submit", "call.committed/submit", "call.finished/decide-item", "call.committed/decide-item",
		"call.finished/approve", "call.committed/start-case", "outbox.claimed", "outbox.sent",
		"webhook.claimed", "webhook.sent", "webhook.recorded",
	}
	if strings.HasPrefix(w.store, "file:") {
		all = append(all, "disk.written")
	}
	return all
}

// serves is how long a restart may take; a whole number of seconds, since it is what
// the product promises and not what this machine does.
const serves = 2 * time.Second

// TestKills kills the server while clients work: at each place on each stack, and by
// chance. CHAOS_KILLS is how often in all, on each stack.
func TestKills(t *testing.T) {
	stacks(t, func(t *testing.T, w *world) {
		kills := number(t, "CHAOS_KILLS", len(w.places())+4)
		w.givingUp, w.twins = 0.1, true
		w.server.MustStart(t)
		db := w.open()
		reviewers := w.staff(4)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		clients := w.clients(ctx, 4, reviewers)
		var ends []head
		died := map[string]int{}
		for n := range kills {
			died[w.killOnce(db, n)]++
			ends = append(ends, heads(t, db)...)
		}
		w.finish(db, stop, clients.Wait)
		w.assertSound(db, ends)
		w.assertKilled(died, kills)
	})
}

// killOnce has the server die, at a place for most n and else by chance, and starts
// it again. The server is running before and after. It says what killed it.
func (w *world) killOnce(db *database.DB, n int) string {
	w.t.Helper()
	all := w.places()
	place := ""
	if n%(len(all)+4) < len(all) {
		place = all[n%(len(all)+4)]
	}
	w.server.Kill()
	w.timePasses(db)
	if place != "" && !w.server.Start(w.t, fmt.Sprintf("REGAIN_FAILPOINT=%s#%d", place, 1+w.draw(2))) {
		return w.restart(db, place)
	}
	if place == "" {
		w.server.MustStart(w.t)
	}
	by := place
	select {
	case <-w.server.Done():
	case <-time.After(w.moment(place)):
		by = "chance"
		w.server.Kill()
	}
	return w.restart(db, by)
}

// moment is how long the server may live: until it comes to its place, or a
// moment by chance.
func (w *world) moment(place string) time.Duration {
	if place != "" {
		return 15 * time.Second
	}
	return time.Duration(w.draw(400)) * time.Millisecond
}

func (w *world) restart(db *database.DB, by string) string {
	w.t.Helper()
	w.timePasses(db)
	for try := range 3 {
		w.server.MustStart(w.t)
		last := len(w.server.Starts) - 1
		if try == 2 || w.server.Starts[last] <= serves {
			break
		}
		// The machine may have been busy: what is slow by itself is slow again.
		w.t.Logf("after %s it served only after %s; load %s; once more", by, w.server.Starts[last], load())
		w.server.Starts = w.server.Starts[:last]
		w.server.Kill()
	}
	return by
}

// finish lets the clients end what they are at, and the messages leave.
func (w *world) finish(db *database.DB, stop func(), wait func()) {
	w.t.Helper()
	// A moment in which whole stories are told without a kill.
	before := len(w.ledger.acked("approve", "deny", "withdraw"))
	until(w.t, 30*time.Second, "clients go on", func() bool { return len(w.ledger.acked("approve", "deny", "withdraw")) >= before+2 })
	stop()
	wait()
	w.server.Kill()
	w.timePasses(db)
	age(w.t, filepath.Join(w.server.Dir, "spool"))
	age(w.t, filepath.Join(w.server.Dir, "documents", "incoming"))
	w.server.MustStart(w.t)
	w.quiet(db)
}

// staff makes reviewers by the command line, and signs them in. Before the first of
// them there are webhooks.
func (w *world) staff(n int) []string {
	w.t.Helper()
	w.subscribe()
	var tokens []string
	for range n {
		w.reviewers++
		email := fmt.Sprintf("r%d@staff.example", w.reviewers)
		w.server.Command(w.t, "correct horse battery staple\n", "user", "add", email, "--name", email, "--role", "reviewer")
		c := &caller{w: w, ctx: w.t.Context(), address: w.newAddress()}
		o, err := c.send("sign-in", "", "POST", "/api/v1/staff/session", object{"email": email, "password": "correct horse battery staple"})
		if err != nil {
			w.t.Fatalf("sign in: %v", err)
		}
		tokens = append(tokens, o.Text("token"))
	}
	return tokens
}

// assertSound runs the checker with the server at rest, then has every answered call
// repeated, and checks once more: the answers are the same, and nothing happens.
func (w *world) assertSound(db *database.DB, ends []head) {
	w.t.Helper()
	e := w.evidence(db)
	e.heads = ends
	w.report("after the run", e.check(w.t.Context()))
	again := &caller{w: w, ctx: w.t.Context()}
	effects := w.count(db, "SELECT count(*) FROM events")
	repeated := 0
	for _, k := range w.ledger.calls {
		if k.Acked && k.What != "sign-in" && repeated < 400 {
			again.repeat(k)
			repeated++
		}
	}
	if now := w.count(db, "SELECT count(*) FROM events"); now != effects {
		w.t.Errorf("repeating %d answered calls made %d events", repeated, now-effects)
	}
	w.quiet(db)
	w.report("after repeating", w.evidence(db).check(w.t.Context()))
	w.t.Logf("%d cases, %d events, %d documents, %d messages, %d deliveries (%d given up); %d calls answered, %d left open, %d repeated; attempts by status %v",
		w.count(db, "SELECT count(*) FROM cases"), effects, w.count(db, "SELECT count(*) FROM documents"), w.count(db, "SELECT count(*) FROM outbox"),
		w.count(db, "SELECT count(*) FROM webhook_deliveries"), w.count(db, "SELECT count(*) FROM webhook_deliveries WHERE state = 'failed'"),
		w.answered(), len(w.ledger.calls)-w.answered(), repeated, w.ledger.statuses())
}

func (w *world) answered() int {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	n := 0
	for _, k := range w.ledger.calls {
		if k.Acked {
			n++
		}
	}
	return n
}

func (w *world) count(db *database.DB, query string) int {
	w.t.Helper()
	n := 0
	if err := db.NewRaw(query).Scan(context.Background(), &n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) report(when string, findings []finding) {
	w.t.Helper()
	if len(findings) > 0 {
		w.t.Logf("the server's errors:\n%s", w.server.Output.Errors())
	}
	slices.SortStableFunc(findings, func(a, b finding) int { return a.Invariant - b.Invariant })
	for n, f := range findings {
		if n == 12 {
			w.t.Errorf("… and %d more", len(findings)-n)
			break
		}
		w.t.Errorf("%s: %s", when, f)
	}
}

// assertKilled wants every place to have killed the server, and every restart to
// have served in time.
func (w *world) assertKilled(died map[string]int, kills int) {
	w.t.Helper()
	if kills >= len(w.places()) {
		for _, p := range w.places() {
			if died[p] == 0 {
				w.t.Errorf("nothing was killed at %s", p)
			}
		}
	}
	slowest := slices.Max(w.server.Starts)
	if slowest > serves {
		w.t.Errorf("a restart served after %s, wanted within %s; load %s", slowest, serves, load())
	}
	w.t.Logf("killed by %v; %d starts, the slowest served after %s; load %s", died, len(w.server.Starts), slowest, load())
}

// load is how many processes wanted to run in the last 1, 5 and 15 minutes, and on how
// many processors.
func load() string {
	averages, _ := os.ReadFile("/proc/loadavg")
	words := append(strings.Fields(string(averages)), "?", "?", "?")
	return fmt.Sprintf("%s on %d processors", strings.Join(words[:3], " "), runtime.NumCPU())
}

// TestKillsInMigrations kills the first start at each step of the migrations.
func TestKillsInMigrations(t *testing.T) {
	stacks(t, func(t *testing.T, w *world) {
		files, err := filepath.Glob("../database/migrations/*.sql")
		if err != nil || len(files) == 0 {
			t.Fatalf("no migrations: %v", err)
		}
		for n := range files {
			for _, place := range []string{"migration.applied", "migration.committed"} {
				// What was done before is done: the first that is left is the one killed in.
				if w.server.Start(t, "REGAIN_FAILPOINT="+place+"#1") {
					t.Fatalf("the start lived through %s of migration %d", place, n+1)
				}
			}
		}
		w.server.MustStart(t)
		db := w.open()
		if done := w.count(db, "SELECT count(*) FROM schema_migrations"); done != len(files) {
			t.Errorf("%d migrations are applied, want %d", done, len(files))
		}
		w.report("after the migrations", w.evidence(db).check(t.Context()))
	})
}

// TestNoPlacesInProduction wants no trace of the failpoints in an ordinary build.
func TestNoPlacesInProduction(t *testing.T) {
	read := func(path string, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		program, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(program)
	}
	ordinary, tagged := read(regaintest.Build()), read(breakable())
	for _, trace := range []string{"REGAIN_FAILPOINT", "REGAIN_CLOCK_OFFSET", "upload.received"} {
		if strings.Contains(ordinary, trace) {
			t.Errorf("%q is in the ordinary binary", trace)
		}
		if !strings.Contains(tagged, trace) {
			t.Errorf("%q is not in the tagged binary: the test proves nothing", trace)
		}
	}
}
