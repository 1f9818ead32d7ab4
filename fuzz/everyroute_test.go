package fuzz

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"regain/database"
	"regain/database/databasetest"
)

// repopulate is after how many calls the world gets fresh cases.
const repopulate = 1000

// mostFaults is how many different faults a run reports before it ends.
const mostFaults = 25

// TestEveryRoute draws calls until the run is over.
func TestEveryRoute(t *testing.T) {
	const databases = 2
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := runOf(t, databases)
		w := newWorld(t, db)
		w.log.take()
		tally := newTally(w.document.operations)
		made := 0
		for ; !r.over(made) && len(tally.faults) < mostFaults; made++ {
			if made%repopulate == repopulate-1 {
				w.populate()
				w.log.take()
			}
			w.step(r.seed, made, tally)
		}
		made += tally.makeUp(r.seed, w.callWell(tally))
		tally.report(t, r, made)
	})
}

// step makes one call and checks it. Its choices are the seed's and its number's alone.
func (w *world) step(seed uint64, n int, tally *tally) {
	random := rand.New(rand.NewPCG(seed, uint64(n)))
	op := one(random, w.document.operations)
	if ends(op) && random.IntN(4) > 0 {
		op = one(random, w.document.operations)
	}
	w.make(random, w.plan(random, op), n, tally)
}

// triesToSucceed is how often a route that nobody called with success is called anew, by
// somebody who means well.
const triesToSucceed = 20

// makeUp calls each route that had no success yet until it has, and returns how many calls
// it took.
func (y *tally) makeUp(seed uint64, call func(r *rand.Rand, op *operation, n int)) int {
	made := 0
	for n, op := range y.operations {
		for try := 0; try < triesToSucceed && !y.succeeded(op); try++ {
			call(rand.New(rand.NewPCG(^seed, uint64(n*triesToSucceed+try))), op, -1-n)
			made++
		}
	}
	return made
}

// callWell makes calls that are meant well.
func (w *world) callWell(tally *tally) func(*rand.Rand, *operation, int) {
	return func(r *rand.Rand, op *operation, n int) { w.make(r, w.planWell(r, op), n, tally) }
}

// make sends a planned call and checks it.
func (w *world) make(random *rand.Rand, c *call, n int, tally *tally) {
	faults := w.checkLog() // of what prepared for the call
	a := w.send(c)
	w.learn(c, a)
	faults = append(faults, w.check(c, a)...)
	switch {
	case c.op.method == "GET" && random.IntN(8) == 0:
		faults = append(faults, w.checkHead(c, a)...)
	case c.op.changes() && c.get("Idempotency-Key") != "" && a.status < 300 && random.IntN(3) == 0:
		faults = append(faults, w.checkRepeat(c, a)...)
	}
	tally.count(c, a, n, faults)
}

// ends: calls after which a case or a session is of less use are made more rarely.
func ends(op *operation) bool {
	return slices.Contains([]string{"withdraw", "leave", "sign-out", "revoke-invitation", "remove-member", "deny", "release"}, op.id)
}

// checkHead: HEAD is GET without the body.
func (w *world) checkHead(c *call, a *answer) []string {
	head := *c
	head.method = "HEAD"
	b := w.send(&head)
	faults := w.checkLog()
	if b.status != a.status || len(b.body) > 0 || b.header.Get("Content-Type") != a.header.Get("Content-Type") {
		faults = append(faults, fmt.Sprintf("HEAD answers %d %q with %d bytes", b.status, b.header.Get("Content-Type"), len(b.body)))
	}
	return faults
}

// checkRepeat: the same call with the same key gets the same answer; another call with
// it is refused; and it says nothing to anybody else.
func (w *world) checkRepeat(c *call, a *answer) []string {
	var faults []string
	again := w.send(c)
	if again.status != a.status || !bytes.Equal(again.body, a.body) || again.header.Get("Idempotency-Replayed") != "true" {
		faults = append(faults, fmt.Sprintf("repeated: %d %s", again.status, shorten(string(again.body))))
	}
	for _, name := range []string{"ETag", "Location", "Set-Cookie", "Content-Type"} {
		if again.header.Get(name) != a.header.Get(name) {
			faults = append(faults, fmt.Sprintf("repeated: %s is %q, was %q", name, again.header.Get(name), a.header.Get(name)))
		}
	}
	other := *c
	other.target += map[bool]string{true: "&", false: "?"}[strings.Contains(c.target, "?")] + "locale=pt-BR"
	if b := w.send(&other); b.status != 422 && b.status != 403 && b.status != 404 {
		faults = append(faults, fmt.Sprintf("the key was taken for another call: %d", b.status))
	}
	stranger := *c
	stranger.who = w.withRole(rand.New(rand.NewPCG(1, 1)), "partner")
	if stranger.who.claim != c.who.claim && c.who.role != "anonymous" {
		b := w.send(&stranger)
		if b.header.Get("Idempotency-Replayed") != "" {
			faults = append(faults, "another caller was given the stored answer")
		}
		faults = append(faults, w.checkLeaks(&stranger, b)...)
	}
	return append(faults, w.checkLog()...)
}

// learn takes what an answer tells into the world.
func (w *world) learn(c *call, a *answer) {
	if a.status >= 300 || len(a.body) == 0 || !strings.Contains(a.header.Get("Content-Type"), "json") || c.op.path == "/api/v1/openapi.json" {
		return
	}
	o := a.object(w.t)
	switch c.op.id {
	case "start-case":
		w.adopt(c.number, o)
		return
	case "open-invitation":
		if claim := w.byReference(text(sub(o, "invitation"), "reference")); claim != nil {
			w.enrol(claim, o)
		}
		return
	case "create-api-key":
		remember(&w.keys, text(sub(o, "key"), "id"))
		return
	case "create-organisation":
		remember(&w.organisations, text(o, "id"))
		return
	case "add-person":
		remember(&w.staffAdded, text(sub(o, "person"), "id"))
		w.newcomer.email, w.newcomer.password = text(sub(o, "person"), "email"), text(sub(o, "one_time"), "password")
		return
	case "set-absence":
		remember(&w.absences, text(sub(o, "absence"), "id"))
		return
	case "add-member":
		remember(&w.members, text(o, "id"))
		return
	case "create-webhook":
		remember(&w.webhooks, text(sub(o, "webhook"), "id"))
		return
	case "start-audit":
		remember(&w.audits, text(o, "id"))
		return
	case "test-webhook":
		remember(&w.deliveries, text(o, "message"))
		return
	case "list-deliveries":
		for _, d := range objects(o["deliveries"]) {
			remember(&w.deliveries, text(d, "message"))
		}
		return
	case "list-inbox":
		for _, e := range objects(o["entries"]) {
			remember(&w.entries, text(e, "id"))
		}
		return
	case "list-tags":
		for _, t := range objects(o["tags"]) {
			remember(&w.tags, text(t, "id"))
		}
		return
	case "tag-many":
		remember(&w.acts, text(o, "id"))
		return
	case "list-queue", "list-owed":
		if _, cursor, ok := strings.Cut(text(o, "next"), "cursor="); ok {
			cursor, _, _ = strings.Cut(cursor, "&")
			w.cursors = append(w.cursors, cursor)
		}
		return
	}
	if c.claim == nil || c.who.invited() {
		return
	}
	for _, t := range objects(sub(o, "staff")["tags"]) {
		remember(&w.tags, text(t, "id"))
	}
	for _, claim := range w.claims { // the path may have named another than was planned
		if text(o, "id") == claim.id {
			claim.learn(o)
		}
	}
	switch c.op.id {
	case "upload-document", "reuse-document":
		remember(&c.claim.documents, text(o, "id"))
	case "invite":
		remember(&c.claim.invitations, text(o, "id"))
	case "write-message", "write-note":
		remember(&c.claim.texts, text(o, "id"))
	}
}

func (w *world) byReference(reference string) *claim {
	for _, c := range w.claims {
		if c.reference == reference {
			return c
		}
	}
	return nil
}

// tally counts what was answered and keeps one example of each fault.
type tally struct {
	operations []*operation
	statuses   map[string]map[int]int
	successes  map[string]int
	faults     map[string]string
	// refused is the last refusal of a call that was meant well, by operation.
	refused map[string]string
}

func newTally(operations []*operation) *tally {
	return &tally{operations: operations, statuses: map[string]map[int]int{}, successes: map[string]int{}, faults: map[string]string{}, refused: map[string]string{}}
}

func (y *tally) count(c *call, a *answer, n int, faults []string) {
	if y.statuses[c.op.id] == nil {
		y.statuses[c.op.id] = map[int]int{}
	}
	y.statuses[c.op.id][a.status]++
	if c.succeeded(a) {
		y.successes[c.op.id]++
	}
	if a.status >= 400 && c.wrong == "" {
		y.refused[c.op.id] = fmt.Sprintf("%s\n  answered %d %s", c, a.status, shorten(c.words(a)))
	}
	for _, f := range faults {
		kind := c.op.id + ": " + f[:min(len(f), 50)]
		if _, known := y.faults[kind]; !known {
			y.faults[kind] = fmt.Sprintf("call %d: %s\n  %s\n  answered %d", n, f, c, a.status)
		}
	}
}

// succeeded reports whether a call did what it is for. A form that was taken leads on,
// or is answered with a page; one that only asked what it would do has done nothing.
func (c *call) succeeded(a *answer) bool {
	switch {
	case !c.op.page:
		return a.status < 300
	case c.op.method == http.MethodGet && !leadsOn(c.op.id):
		return a.status < 300
	}
	return (a.status < 300 || a.status == http.StatusSeeOther) && !bytes.Contains(c.body, []byte("preview="))
}

// succeeded reports whether a call of the operation did what it is for.
func (y *tally) succeeded(op *operation) bool { return y.successes[op.id] > 0 }

// inVain are the operations of which no call succeeded, each with what became of them.
func (y *tally) inVain() []string {
	var out []string
	for _, op := range y.operations {
		if !y.succeeded(op) {
			out = append(out, fmt.Sprintf("%s %s (%s): no call succeeded, so hardly anything of it is tested: %v\n  such as %s", op.method, op.path, op.id, y.statuses[op.id], y.refused[op.id]))
		}
	}
	return out
}

// report fails with what was found and with what was not reached, and says what was covered.
func (y *tally) report(t *testing.T, r run, made int) {
	t.Helper()
	for _, f := range y.faults {
		t.Errorf("REGAIN_FUZZ_SEED=%d: %s", r.seed, f)
	}
	for _, f := range y.inVain() {
		t.Errorf("REGAIN_FUZZ_SEED=%d: %s", r.seed, f)
	}
	if testing.Verbose() {
		for _, op := range y.operations {
			fmt.Fprintf(os.Stdout, "%-22s %v\n", op.id, y.statuses[op.id])
		}
	}
	t.Logf("seed %d: %d calls of %d operations", r.seed, made, len(y.operations))
}
