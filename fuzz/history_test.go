package fuzz

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"

	"regain/database"
	"regain/database/databasetest"
	"regain/internal/regaintest"
)

// deed is what a client asked for, as the model knows it.
type deed struct {
	claim  string // the case's id: histories are checked case by case
	action string
	who    string // who asks: a member of staff's id
	seen   int64  // the version in If-Match
	accept bool   // of a decision
	value  string // of a message or a changed answer
	key    string // the Idempotency-Key, if any
}

// outcome is what the client was answered.
type outcome struct {
	status        int
	version       int64
	replayed      bool
	state, holder string
	value         string // what a read found
}

// file is the model of one case: what the product promises of it when calls overlap.
type file struct {
	version       int64
	state, holder string
	accepted      bool   // the item that is decided on
	value         string // the answer that customers change
	talk          string // all messages in order
	answered      string // "key=version;" for each call with a key that took effect
}

// step says whether the outcome is one that the model allows, and what follows.
func (f file) step(d deed, o outcome) (bool, file) {
	if o.status == 503 || o.status == 0 {
		return true, f // refused whole, as the answer says
	}
	if d.key != "" {
		if version, ok := f.earlier(d.key); ok || o.replayed {
			return ok && o.replayed && o.status < 300 && o.version == version, f
		}
	}
	if d.action == "read" {
		return o.status == 200 && o.version == f.version && o.state == f.state && o.holder == f.holder && o.value == f.value, f
	}
	if d.action == "listen" {
		return o.status == 200 && o.value == f.talk, f
	}
	if d.seen != 0 && (o.status == 412) != (d.seen != f.version) {
		return false, f
	}
	if o.status == 412 {
		return d.seen != 0, f
	}
	next, ok := f.after(d)
	if ok != (o.status < 300) {
		return false, f
	}
	if !ok {
		return true, f
	}
	if o.version != next.version && d.action != "write" {
		return false, f
	}
	if d.key != "" {
		next.answered += fmt.Sprintf("%s=%d;", d.key, o.version)
	}
	return true, next
}

func (f file) earlier(key string) (version int64, ok bool) {
	_, rest, ok := strings.Cut(f.answered, key+"=")
	if !ok {
		return 0, false
	}
	number, _, _ := strings.Cut(rest, ";")
	version, err := strconv.ParseInt(number, 10, 64)
	return version, err == nil
}

// after is the case once the deed is done, and whether it may be done.
func (f file) after(d deed) (file, bool) {
	holds := f.state == "in_review" && f.holder == d.who
	next := f
	next.version++
	switch d.action {
	case "write":
		next.version, next.talk = f.version, f.talk+d.value+";"
		return next, f.state != "approved"
	case "answer":
		next.value = d.value
		return next, f.state == "draft"
	case "claim":
		next.state, next.holder = "in_review", d.who
		return next, f.state == "submitted" || holds
	case "release":
		next.state, next.holder = "submitted", ""
		return next, holds
	case "decide":
		next.accepted = d.accept
		return next, holds
	case "approve":
		next.state, next.holder = "approved", ""
		return next, holds && f.accepted
	}
	return f, false
}

// model checks histories by case; begun says how each case was when they began.
func model(begun map[string]file) porcupine.Model {
	return porcupine.Model{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			byCase := map[string][]porcupine.Operation{}
			for _, op := range history {
				id := op.Input.(deed).claim
				byCase[id] = append(byCase[id], op)
			}
			var parts [][]porcupine.Operation
			for _, part := range byCase {
				parts = append(parts, part)
			}
			return parts
		},
		Init: func() any { return file{version: -1} },
		Step: func(state, input, output any) (bool, any) {
			f, d := state.(file), input.(deed)
			if f.version < 0 {
				f = begun[d.claim]
			}
			ok, next := f.step(d, output.(outcome))
			return ok, next
		},
		Equal:             func(a, b any) bool { return a == b },
		DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %+v", in, out) },
		DescribeState:     func(state any) string { return fmt.Sprintf("%+v", state) },
	}
}

// recorder makes calls and writes down when each began and ended.
type recorder struct {
	w       *world
	started time.Time
	mu      sync.Mutex
	history []porcupine.Operation
	// tamper, if set, is a fault planted between the clients and the server.
	tamper func(c *call, d deed)
}

func (r *recorder) do(client int, who *person, at *claim, d deed) outcome {
	d.claim = at.id
	c := r.call(who, at, d)
	if r.tamper != nil {
		r.tamper(c, d)
	}
	began := time.Since(r.started).Nanoseconds()
	a, err := r.w.try(c)
	ended := time.Since(r.started).Nanoseconds()
	o := outcome{}
	if err == nil {
		o = readOutcome(d, a)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history = append(r.history, porcupine.Operation{ClientId: client, Input: d, Call: began, Output: o, Return: ended})
	return o
}

// call turns a deed into a request.
func (r *recorder) call(who *person, at *claim, d deed) *call {
	c := &call{who: who, method: "POST"}
	var body any
	switch d.action {
	case "read":
		c.method, c.target = "GET", at.path("")
	case "listen":
		c.method, c.target = "GET", at.path("/messages?limit=200")
	case "write":
		c.target, body = at.path("/messages"), object{"body": d.value}
	case "answer":
		c.method, c.target, body = "PATCH", at.path(""), object{"enterprise": d.value}
	case "claim":
		c.target = at.path("/claim")
	case "release":
		c.method, c.target = "DELETE", at.path("/claim")
	case "decide":
		c.target, body = at.path("/items/"+at.items[0]+"/decision"), verdict(at, d.accept)
	case "approve":
		c.target, body = at.path("/approval"), object{}
	}
	if body != nil {
		c.body, _ = json.Marshal(body) // of strings
		c.set("Content-Type", "application/json")
	}
	if d.seen != 0 {
		c.set("If-Match", strconv.Quote(strconv.FormatInt(d.seen, 10)))
	}
	if d.key != "" {
		c.set("Idempotency-Key", d.key)
	}
	return c
}

// verdict accepts or rejects the case's first item.
func verdict(at *claim, accept bool) object {
	if accept {
		return regaintest.Acceptance(objects(at.shown["items"])[0])
	}
	return object{"verdict": "rejected", "reason_code": "unreadable", "words_customer": "In daylight, please."}
}

func readOutcome(d deed, a *answer) outcome {
	o := outcome{status: a.status, replayed: a.header.Get("Idempotency-Replayed") != ""}
	if a.status >= 300 {
		return o
	}
	o.version, _ = strconv.ParseInt(strings.Trim(a.header.Get("ETag"), `"`), 10, 64) // none is 0
	var body object
	if json.Unmarshal(a.body, &body) != nil {
		return outcome{status: 599} // which no model allows
	}
	switch d.action {
	case "read":
		o.state, o.holder, o.value = text(body, "state"), text(sub(sub(body, "staff"), "claim"), "by"), text(body, "enterprise")
	case "listen":
		for _, m := range objects(body["messages"]) {
			o.value += text(m, "body") + ";"
		}
	}
	return o
}

// TestHistories: whatever overlaps, each case behaves as if one call came after
// another: If-Match never lets an unseen change be overwritten, a claim has one
// holder, an approval is of what was accepted, messages keep their order, and a
// repeated Idempotency-Key has one effect and one answer.
func TestHistories(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := emptyWorld(t, db)
		seed := runOf(t, 1).seed
		for round := range rounds() {
			r := &recorder{w: w, started: time.Now()}
			begun := r.overlap(seed+uint64(round), 40)
			result, info := porcupine.CheckOperationsVerbose(model(begun), r.history, 30*time.Second)
			if result != porcupine.Ok {
				t.Fatalf("seed %d: %s\n%s", seed+uint64(round), result, r.unexplained(begun, info))
			}
			t.Logf("seed %d: %d calls on %d cases are linearizable: %s", seed+uint64(round), len(r.history), len(begun), r.summary())
		}
	})
}

// rounds are more in a long run.
func rounds() int {
	if os.Getenv("REGAIN_FUZZ_MINUTES") != "" {
		return 10
	}
	return 1
}

// TestPlantedFaultsAreFound: a server that forgot the versions, and one that forgot
// the keys, would be found out.
func TestPlantedFaultsAreFound(t *testing.T) {
	without := func(c *call, name string) {
		for n := range c.header {
			if c.header[n][0] == name {
				c.header = append(c.header[:n:n], c.header[n+1:]...)
				return
			}
		}
	}
	for name, plant := range map[string]func(w *world) func(*call, deed){
		"versions": func(w *world) func(*call, deed) {
			return func(c *call, d deed) {
				if d.seen != 0 { // the newest version, whatever the client has seen
					base, _, _ := strings.Cut(strings.TrimPrefix(c.target, "/api/v1/cases/"), "/")
					if a, err := w.try(&call{who: c.who, method: "GET", target: "/api/v1/cases/" + base}); err == nil {
						c.set("If-Match", a.header.Get("ETag"))
					}
				}
			}
		},
		"keys": func(*world) func(*call, deed) { return func(c *call, _ deed) { without(c, "Idempotency-Key") } },
	} {
		t.Run(name, func(t *testing.T) {
			w := emptyWorld(t, databasetest.SQLite(t))
			r := &recorder{w: w, started: time.Now()}
			r.tamper = plant(w)
			begun := r.overlap(1, 25)
			if result := porcupine.CheckOperationsTimeout(model(begun), r.history, 30*time.Second); result != porcupine.Illegal {
				t.Errorf("%d calls: %s", len(r.history), result)
			}
		})
	}
}

// overlap has customers work on drafts and reviewers on submitted cases, all at once.
func (r *recorder) overlap(seed uint64, steps int) map[string]file {
	w, begun := r.w, map[string]file{}
	var running sync.WaitGroup
	client := 0
	start := func(who *person, at *claim, actions []string) {
		client++
		id := client
		running.Go(func() { r.work(id, rand.New(rand.NewPCG(seed, uint64(id))), who, at, actions, steps) })
	}
	for range 2 {
		draft := w.begin(individual(), "")
		review := w.almostAccepted()
		for _, c := range []*claim{draft, review} {
			begun[c.id] = r.present(c)
		}
		for range 4 {
			start(draft.owner, draft, []string{"answer", "answer", "answer", "read", "write", "listen"})
		}
		for n := range 2 {
			for range 2 {
				start(w.reviewer(n), review, []string{"claim", "claim", "release", "decide", "decide", "decide", "read", "read", "approve", "write", "listen"})
			}
		}
	}
	running.Wait()
	return begun
}

// almostAccepted is a submitted case of which all items but the first are accepted.
func (w *world) almostAccepted() *claim {
	w.t.Helper()
	c, r := w.submitted(individual()), w.reviewer(0)
	w.want(r, 200, "POST", c.path("/claim"), nil)
	c.shown = w.want(r, 200, "GET", c.path(""), nil)
	for _, i := range objects(c.shown["items"])[1:] {
		w.change(c, r, "POST", "/items/"+text(i, "id")+"/decision", regaintest.Acceptance(i))
	}
	w.want(r, 200, "DELETE", c.path("/claim"), nil)
	return c
}

// present is how a case is before anything overlaps.
func (r *recorder) present(c *claim) file {
	who := c.owner
	if c.filed {
		who = r.w.reviewer(0)
	}
	read := r.w.get(who, c.path(""))
	o := readOutcome(deed{action: "read"}, read)
	talk := readOutcome(deed{action: "listen"}, r.w.get(who, c.path("/messages?limit=200")))
	return file{version: o.version, state: o.state, holder: o.holder, value: o.value, talk: talk.value}
}

// work is one client: it reads now and then, and changes on what it has seen.
func (r *recorder) work(client int, random *rand.Rand, who *person, at *claim, actions []string, steps int) {
	seen := r.do(client, who, at, deed{action: "read"}).version
	for n := range steps {
		d := deed{action: one(random, actions), who: who.id}
		if d.action == "answer" || d.action == "decide" || d.action == "approve" {
			d.seen = max(seen, 1)
		}
		d.accept, d.value = random.IntN(4) > 0, fmt.Sprintf("%d-%d", client, n)
		if d.action == "answer" {
			d.value = "Exemplo " + d.value
		}
		if d.action != "read" && d.action != "listen" && random.IntN(2) == 0 {
			d.key = uuid.Must(uuid.NewV7()).String()
		}
		if o := r.twice(client, random, who, at, d); o.version > seen {
			seen = o.version
		} else if o.status >= 400 {
			seen = max(seen, r.do(client, who, at, deed{action: "read"}).version)
		}
	}
}

// twice sends a call with a key up to three times, the last two at once.
func (r *recorder) twice(client int, random *rand.Rand, who *person, at *claim, d deed) outcome {
	if d.key == "" || random.IntN(2) == 0 {
		return r.do(client, who, at, d)
	}
	var running sync.WaitGroup
	running.Go(func() { r.do(1000+client, who, at, d) })
	o := r.do(client, who, at, d)
	running.Wait()
	if random.IntN(2) == 0 {
		return r.do(client, who, at, d)
	}
	return o
}

// summary counts what was answered.
func (r *recorder) summary() string {
	statuses, replayed := map[int]int{}, 0
	for _, op := range r.history {
		o := op.Output.(outcome)
		statuses[o.status]++
		if o.replayed {
			replayed++
		}
	}
	return fmt.Sprintf("%v, %d replayed", statuses, replayed)
}

// unexplained is how far the longest linearization of each case came, and what was left.
func (r *recorder) unexplained(begun map[string]file, info porcupine.LinearizationInfo) string {
	var b strings.Builder
	parts := model(begun).Partition(r.history)
	for _, part := range parts {
		if porcupine.CheckOperations(model(begun), part) {
			continue
		}
		fmt.Fprintf(&b, "case begun as %+v\n", begun[part[0].Input.(deed).claim])
		for _, op := range part {
			fmt.Fprintf(&b, "  %8d..%8d client %d: %+v -> %+v\n", op.Call/1000, op.Return/1000, op.ClientId, op.Input, op.Output)
		}
	}
	for n, part := range info.PartialLinearizationsOperations() {
		longest := 0
		for _, l := range part {
			longest = max(longest, len(l))
		}
		for _, l := range part {
			if len(l) == longest && len(l) > 0 {
				last := l[len(l)-1]
				fmt.Fprintf(&b, "part %d: explained up to the %d-th: %+v -> %+v\n", n, longest, last.Input, last.Output)
				break
			}
		}
	}
	return b.String()
}
