package fuzz

import (
	"bytes"
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"regain/database"
	"regain/database/databasetest"
	"regain/internal/regaintest"
	"regain/internal/testdocs"
)

// hundred is how many identical calls are made at once.
const hundred = 100

// TestHundredIdenticalCalls: whatever a client repeats with its Idempotency-Key, and
// however often at once, happens once and is answered with one body.
func TestHundredIdenticalCalls(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := emptyWorld(t, db)
		t.Run("start", w.hundredStarts)
		t.Run("upload", w.hundredUploads)
		t.Run("submit", w.hundredSubmissions)
		t.Run("approve", w.hundredApprovals)
		t.Run("message", w.hundredMessages)
		t.Run("wrong", w.hundredRefusals)
	})
}

// atOnce makes the call a hundred times at once and returns the one answer. Who is
// told to come again (503) does.
func (w *world) atOnce(t *testing.T, c *call, status int) *answer {
	t.Helper()
	c.set("Idempotency-Key", uuid.Must(uuid.NewV7()).String())
	answers := make([]*answer, hundred)
	var retried atomic.Int64
	var ready, done sync.WaitGroup
	ready.Add(1)
	for n := range hundred {
		done.Go(func() {
			ready.Wait()
			for range 200 {
				a, err := w.try(c)
				if err != nil {
					t.Errorf("no answer: %v", err)
					return
				}
				answers[n] = a
				if a.status != 503 {
					return
				}
				retried.Add(1)
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	ready.Done()
	done.Wait()
	first := 0
	for _, a := range answers {
		if a == nil {
			t.Fatal("a call was not answered")
		}
		if a.status != status || !bytes.Equal(a.body, answers[0].body) {
			t.Fatalf("%d %s\nand\n%d %s", a.status, a.body, answers[0].status, answers[0].body)
		}
		for _, name := range []string{"ETag", "Location", "Set-Cookie", "Content-Type"} {
			if a.header.Get(name) != answers[0].header.Get(name) {
				t.Errorf("%s: %q and %q", name, a.header.Get(name), answers[0].header.Get(name))
			}
		}
		if a.header.Get("Idempotency-Replayed") == "" {
			first++
		}
	}
	if first != 1 {
		t.Errorf("%d of the answers are not marked as repeated, want 1", first)
	}
	if n := retried.Load(); n > 0 {
		t.Logf("%d were told to come again", n)
	}
	return answers[0]
}

// count counts rows.
func (w *world) count(t testing.TB, table, where string, args ...any) int {
	t.Helper()
	n, err := w.DB.NewSelect().Table(table).Where(where, args...).Count(t.Context())
	must(t, err)
	return int(n)
}

func jsonCall(t testing.TB, who *person, method, target string, body any) *call {
	t.Helper()
	c := &call{who: who, method: method, target: target}
	if body != nil {
		raw, err := json.Marshal(body)
		must(t, err)
		c.body = raw
		c.set("Content-Type", "application/json")
	}
	return c
}

func (w *world) hundredStarts(t *testing.T) {
	number := w.number()
	a := w.atOnce(t, jsonCall(t, nobody(), "POST", "/api/v1/cases", object{
		"account": marker(number, ofAccount), "lost": []string{"email"}, "new_email": marker(number, ofCustomer) + "@customer.example", "answers": individual(),
	}), 201)
	c := w.adopt(number, a.object(t))
	w.show(c) // the one session that everybody was given works
	if n := w.count(t, "cases", "account = ?", marker(number, ofAccount)); n != 1 {
		t.Errorf("%d cases", n)
	}
	if n := w.count(t, "sessions", "subject = ?", c.id); n != 1 {
		t.Errorf("%d sessions", n)
	}
	w.wantEvents(t, c, "start", 1)
}

func (w *world) wantEvents(t *testing.T, c *claim, kind string, want int) {
	t.Helper()
	if n := w.count(t, "events", "case_id = ? AND type = ?", c.id, kind); n != want {
		t.Errorf("%d events %q, want %d", n, kind, want)
	}
}

func (w *world) hundredUploads(t *testing.T) {
	c := w.begin(individual(), "")
	before := w.stored(t)
	body, contentType := form("scan.pdf", testdocs.PDF(uint64(w.number()), 3, "hundred"), "")
	up := &call{who: c.owner, method: "POST", target: c.path("/items/" + c.items[0] + "/documents"), body: body, header: [][2]string{{"Content-Type", contentType}}}
	w.atOnce(t, up, 201)
	if n := w.count(t, "documents", "case_id = ?", c.id); n != 1 {
		t.Errorf("%d documents", n)
	}
	w.wantEvents(t, c, "supply", 1)
	if n := w.stored(t) - before; n != 1 {
		t.Errorf("%d objects are stored, want 1", n)
	}
}

// stored is how many objects the store holds.
func (w *world) stored(t *testing.T) int {
	t.Helper()
	list, err := w.Store.List(t.Context(), "", 1000)
	must(t, err)
	return len(list)
}

func (w *world) hundredSubmissions(t *testing.T) {
	c := w.begin(individual(), "")
	w.supply(c)
	submit := jsonCall(t, c.owner, "POST", c.path("/submission"), nil)
	submit.set("If-Match", w.get(c.owner, c.path("")).header.Get("ETag"))
	w.atOnce(t, submit, 200)
	w.wantEvents(t, c, "submit", 1)
	w.wantMessages(t, c, "case_submitted", 1)
}

// wantMessages counts what was queued for the case's customer.
func (w *world) wantMessages(t *testing.T, c *claim, template string, want int) {
	t.Helper()
	if n := w.count(t, "outbox", "template = ? AND message_key LIKE ?", template, c.id+"/%"); n != want {
		t.Errorf("%d messages %q, want %d", n, template, want)
	}
}

func (w *world) hundredApprovals(t *testing.T) {
	c, r := w.claimed(individual()), w.reviewer(0)
	for _, i := range objects(w.want(r, 200, "GET", c.path(""), nil)["items"]) {
		w.change(c, r, "POST", "/items/"+text(i, "id")+"/decision", regaintest.Acceptance(i))
	}
	approve := jsonCall(t, r, "POST", c.path("/approval"), object{})
	approve.set("If-Match", w.get(r, c.path("")).header.Get("ETag"))
	w.atOnce(t, approve, 200)
	w.wantEvents(t, c, "approve", 1)
	w.wantMessages(t, c, "case_approved", 1)
	if n := w.count(t, "decisions", "case_id = ?", c.id); n != 1 {
		t.Errorf("%d decisions", n)
	}
}

func (w *world) hundredMessages(t *testing.T) {
	c := w.begin(individual(), "")
	w.atOnce(t, jsonCall(t, c.owner, "POST", c.path("/messages"), object{"body": "Only once, please."}), 201)
	if n := len(objects(w.want(c.owner, 200, "GET", c.path("/messages"), nil)["messages"])); n != 2 { // and that of begin
		t.Errorf("%d messages", n)
	}
}

// hundredRefusals: a refused call leaves no record, so each is judged anew; none takes
// effect, and what is put right goes through with the same key.
func (w *world) hundredRefusals(t *testing.T) {
	c := w.begin(individual(), "")
	var done sync.WaitGroup
	submit := jsonCall(t, c.owner, "POST", c.path("/submission"), nil)
	submit.set("If-Match", w.get(c.owner, c.path("")).header.Get("ETag"))
	submit.set("Idempotency-Key", uuid.Must(uuid.NewV7()).String())
	for range hundred {
		done.Go(func() {
			if a, err := w.try(submit); err != nil || a.status != 422 && a.status != 503 || a.header.Get("Idempotency-Replayed") != "" {
				t.Errorf("%v %+v", err, a)
			}
		})
	}
	done.Wait()
	w.supply(c)
	submit.set("If-Match", w.get(c.owner, c.path("")).header.Get("ETag"))
	if a := w.send(submit); a.status != 200 {
		t.Errorf("put right: %d %s", a.status, a.body)
	}
	w.wantEvents(t, c, "submit", 1)
}
