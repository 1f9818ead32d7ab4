package chaos

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"regain/cases"
	"regain/database"
	"regain/storage"
)

// planted is a copy of what a run left, in which a violation is planted.
type planted struct {
	*evidence
	t   *testing.T
	dir string
}

// exec changes rows behind the product's back.
func (p *planted) exec(query string, args ...any) {
	p.t.Helper()
	res, err := p.db.NewRaw(query, args...).Exec(context.Background())
	if err != nil {
		p.t.Fatalf("plant: %v", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		p.t.Fatalf("plant: nothing to change (%v): %s", err, query)
	}
}

func (p *planted) pragma(setting string) {
	p.t.Helper()
	_, err := p.db.NewRaw("PRAGMA " + setting).Exec(context.Background())
	p.must(err)
}

// object is the file of some document.
func (p *planted) object() string {
	p.t.Helper()
	var key string
	if err := p.db.NewRaw("SELECT object_key FROM documents ORDER BY id LIMIT 1").Scan(context.Background(), &key); err != nil {
		p.t.Fatal(err)
	}
	return filepath.Join(p.dir, "documents", "objects", key)
}

// orphan adds an object that no row names.
func (p *planted) orphan(name string, content []byte, made time.Time) {
	p.t.Helper()
	path := filepath.Join(p.dir, "documents", "objects", "cases", "planted", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Chtimes(path, made, made); err != nil {
		p.t.Fatal(err)
	}
}

// plants has at least one violation of each invariant that the checker is for.
func plants() map[int][]func(*planted) {
	sql := func(query string, args ...any) func(*planted) { return func(p *planted) { p.exec(query, args...) } }
	approved := "(SELECT id FROM cases WHERE state = 'approved' ORDER BY id LIMIT 1)"
	one := func(table string) string { return "(SELECT id FROM " + table + " ORDER BY id LIMIT 1)" }
	return map[int][]func(*planted){
		1: {
			sql("UPDATE cases SET account = 'another' WHERE id = " + one("cases")),
			sql("UPDATE documents SET size = size + 1 WHERE id = " + one("documents")),
			sql("UPDATE messages SET body = 'something else' WHERE id = (SELECT id FROM messages WHERE body = 'Is anything missing?' ORDER BY id LIMIT 1)"),
			sql("UPDATE items SET statement = '{\"phone\":\"+55 11 90000-0000\"}' WHERE kind = 'statement' AND supply = 'provided'"),
			sql("UPDATE item_decisions SET checks = '[\"another\"]' WHERE id = " + one("item_decisions")),
			sql("UPDATE decisions SET words_customer = 'something else' WHERE verdict = 'denied'"),
		},
		2: {func(p *planted) { // a second effect of one call: here the effect is there, and the call is not
			at := slices.IndexFunc(p.ledger.calls, func(k *call) bool { return k.What == "submit" })
			p.ledger.calls = slices.Delete(p.ledger.calls, at, at+1)
		}, func(p *planted) {
			p.ledger.faults = append(p.ledger.faults, "2: a repeated call was answered otherwise")
		}},
		3: {
			sql("DELETE FROM messages WHERE id = " + one("messages")),
			sql("INSERT INTO messages (id, case_id, kind, actor_kind, actor_id, body, created_at) SELECT 'planted', case_id, kind, actor_kind, actor_id, body, created_at FROM messages WHERE id = " + one("messages")),
			func(p *planted) { p.ledger.faults = append(p.ledger.faults, "an internal error was shown") },
		},
		4: {
			sql("UPDATE items SET optional = NOT optional WHERE id = " + one("items")),
			sql("UPDATE cases SET answers = '{\"customer_type\":\"partner\"}' WHERE id = " + one("cases")),
		},
		5: {sql("UPDATE cases SET state = 'expired' WHERE state = 'denied'"), sql("UPDATE cases SET open = TRUE WHERE id = " + approved)},
		6: {
			sql("UPDATE items SET review = 'pending' WHERE case_id = " + approved),
			sql("UPDATE decisions SET void = TRUE WHERE case_id = " + approved),
			sql("DELETE FROM item_decisions WHERE case_id = " + approved),
		},
		7: {sql("UPDATE cases SET version = version + 1 WHERE id = " + one("cases")), func(p *planted) { // two changes that made one version
			calls := p.ledger.acked("submit", "claim")
			at := slices.IndexFunc(calls, func(k *call) bool { return k.What == "claim" && k.CaseID == calls[0].CaseID })
			twin := *calls[at]
			twin.ETag = calls[0].ETag
			p.ledger.calls[slices.Index(p.ledger.calls, calls[at])] = &twin
		}},
		8:  {sql("UPDATE documents SET item_id = 'nobody' WHERE id = " + one("documents")), sql("UPDATE sessions SET subject = 'nobody' WHERE kind = 'customer'")},
		9:  {sql("UPDATE events SET data = '{}' WHERE seq = 3 AND case_id = " + approved), sql("DELETE FROM events WHERE seq = 3 AND case_id = " + approved)},
		10: {cutTail},
		11: {func(p *planted) { p.flip(p.object()) }, func(p *planted) { p.must(os.Remove(p.object())) }},
		12: {func(p *planted) { p.orphan("whole", p.sent(), time.Now().AddDate(1, 0, 0)) }},
		13: {func(p *planted) {
			content := p.sent()
			p.orphan("half", content[:len(content)/2], time.Now().AddDate(0, 0, -7))
		}},
		15: {func(p *planted) { p.sweep = func(context.Context, time.Time) error { return os.Remove(p.object()) } }},
		16: {
			sql("DELETE FROM outbox WHERE template = 'case_submitted'"),
			sql("UPDATE outbox SET message_key = message_key || '-gone/customer' WHERE template = 'case_submitted'"),
			sql("DELETE FROM webhook_deliveries WHERE type = 'case.approved'"),
			sql("DELETE FROM webhook_deliveries WHERE id = " + one("webhook_deliveries")),
			deliver("/some", "case.claimed"),
			deliver("/off", "case.approved"),
			deliver("/every", "case.approved"),
			sql("UPDATE webhook_deliveries SET message_id = message_id || '0' WHERE id = " + one("webhook_deliveries")),
			sql("UPDATE webhook_deliveries SET body = replace(body, 'case.approved', 'case.denied') WHERE type = 'case.approved'"),
			sql("UPDATE webhook_deliveries SET body = replace(body, '\"state\":\"approved\"', '\"state\":\"denied\"') WHERE type = 'case.approved'"),
		},
		17: {
			sql("UPDATE outbox SET state = 'queued', done_at = NULL WHERE id = " + one("outbox")),
			sql("UPDATE outbox SET state = 'dead', reason = '' WHERE id = " + one("outbox")),
			sql("UPDATE webhook_deliveries SET state = 'queued', done_at = NULL WHERE id = " + one("webhook_deliveries")),
			sql("UPDATE webhook_deliveries SET leased_until = created_at WHERE id = " + one("webhook_deliveries")),
			sql("UPDATE webhook_deliveries SET state = 'failed', last_code = '' WHERE id = " + one("webhook_deliveries")),
			sql("UPDATE webhook_deliveries SET last_status = 503 WHERE state = 'delivered'"),
		},
		18: {func(p *planted) {
			var id string
			p.must(p.db.NewRaw("SELECT id FROM outbox WHERE template = 'case_started' ORDER BY id DESC LIMIT 1").Scan(context.Background(), &id))
			p.arrived = slices.DeleteFunc(p.arrived, func(d delivery) bool { return d.ID == id })
		}, func(p *planted) {
			p.arrived = append(p.arrived, delivery{ID: p.arrived[0].ID, To: "somebody@else.example"})
		}, func(p *planted) { // one that counts as delivered and was never taken
			last := p.posts[len(p.posts)-1]
			p.posts = slices.DeleteFunc(p.posts, func(o post) bool { return o.ID == last.ID })
		}, func(p *planted) {
			for n := range p.posts {
				p.posts[n].Taken = false
			}
		}, func(p *planted) {
			p.posts = append(p.posts, post{Hook: p.posts[0].Hook, ID: p.posts[0].ID, Body: "{}"})
		}, func(p *planted) {
			p.oddPosts = append(slices.Clone(p.oddPosts), "a post that is not signed")
		}},
		19: {
			sql("DELETE FROM outbox WHERE template = 'code'"),
			func(p *planted) { p.arrived = append(p.arrived, delivery{ID: "planted", To: "a@b.example"}) },
			sql("DELETE FROM webhook_deliveries WHERE state = 'delivered'"),
			func(p *planted) {
				p.posts = append(p.posts, post{Hook: p.posts[0].Hook, ID: "evt_planted_1", Body: "{}"})
			},
		},
		20: {func(p *planted) {
			left := filepath.Join(p.dir, "spool", "upload-planted")
			p.must(os.WriteFile(left, []byte("x"), 0o600))
			p.must(os.Chtimes(left, time.Now().Add(-2*time.Hour), time.Now().Add(-2*time.Hour)))
		}, func(p *planted) { // rows that break the table's own rules, as a damaged page would
			p.pragma("writable_schema = ON")
			p.exec("UPDATE sqlite_master SET sql = replace(sql, 'BLOB,', 'BLOB NOT NULL,') WHERE name = 'outbox'")
			p.reopen()
		}},
	}
}

// deliver writes a delivery to a webhook that has none of it, or another one to one that
// has.
func deliver(path, kind string) func(*planted) {
	return func(p *planted) {
		p.exec("INSERT INTO webhook_deliveries (id, webhook_id, message_id, type, case_id, body, state, attempts, fence, next_attempt_at, last_status, last_code, last_took, created_at, done_at) "+
			"SELECT 'planted', w.id, d.message_id, d.type, d.case_id, d.body, d.state, d.attempts, d.fence, d.next_attempt_at, d.last_status, d.last_code, d.last_took, d.created_at, d.done_at "+
			"FROM webhook_deliveries AS d, webhooks AS w WHERE w.description = ? AND d.type = ? AND d.state = 'delivered' LIMIT 1", path, kind)
	}
}

// cutTail takes a case's last event away and mends its head, so that only somebody
// who has seen the old head can tell.
func cutTail(p *planted) {
	var last struct{ CaseID, Prev string }
	q := "SELECT case_id, prev FROM events WHERE type = 'write' AND seq = (SELECT max(seq) FROM events AS l WHERE l.case_id = events.case_id) LIMIT 1"
	if err := p.db.NewRaw(q).Scan(context.Background(), &last); err != nil {
		q = "SELECT case_id, prev FROM events WHERE seq = (SELECT max(seq) FROM events AS l WHERE l.case_id = events.case_id) LIMIT 1"
		p.must(p.db.NewRaw(q).Scan(context.Background(), &last))
	}
	p.exec("DELETE FROM events WHERE case_id = ? AND prev = ?", last.CaseID, last.Prev)
	p.exec("UPDATE cases SET event_seq = event_seq - 1, event_head = ? WHERE id = ?", last.Prev, last.CaseID)
}

func (p *planted) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("plant: %v", err)
	}
}

func (p *planted) flip(path string) {
	p.t.Helper()
	content, err := os.ReadFile(path)
	p.must(err)
	content[len(content)/2] ^= 1
	p.must(os.WriteFile(path, content, 0o600))
}

// sent is a file that a client has sent.
func (p *planted) sent() []byte {
	p.t.Helper()
	content, err := os.ReadFile(p.object())
	p.must(err)
	return content
}

func (p *planted) reopen() {
	p.t.Helper()
	if p.db != nil {
		p.must(p.db.Close())
	}
	db, err := database.Open(context.Background(), database.Config{URL: "sqlite:" + filepath.Join(p.dir, "regain.db"), MaxOpen: 1})
	p.must(err)
	p.t.Cleanup(func() { _ = db.Close() })
	p.db = db
}

// copied is the run's end in a folder of its own.
func copied(t *testing.T, from *evidence, dir string) *planted {
	t.Helper()
	p := &planted{t: t, dir: t.TempDir()}
	p.must(os.CopyFS(p.dir, os.DirFS(dir)))
	p.evidence = &evidence{heads: from.heads, arrived: slices.Clone(from.arrived), odd: from.odd, hooks: from.hooks, posts: slices.Clone(from.posts), oddPosts: from.oddPosts}
	p.ledger = &ledger{calls: slices.Clone(from.ledger.calls), faults: slices.Clone(from.ledger.faults)}
	p.reopen()
	p.pragma("foreign_keys = OFF")
	store, err := storage.OpenDisk(filepath.Join(p.dir, "documents"))
	p.must(err)
	t.Cleanup(func() { _ = store.Close() })
	p.store = store
	p.files = []string{filepath.Join(p.dir, "spool"), filepath.Join(p.dir, "documents", "incoming")}
	p.settle()
	return p
}

// settle makes the service over the present database.
func (p *planted) settle() {
	p.evidence.cases = cases.New(p.db, p.store, nil, nil, nil, cases.NewPolicies(p.db, time.Now), cases.Options{Key: bytes.Repeat([]byte("k"), 32)})
	if p.sweep == nil {
		p.sweep = func(ctx context.Context, now time.Time) error {
			_, err := storage.Sweep(ctx, p.store, p.evidence.cases.KnownObjects, 24*time.Hour, now)
			return err
		}
	}
}

func invariants(findings []finding) []int {
	seen := map[int]bool{}
	for _, f := range findings {
		seen[f.Invariant] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// TestCheckerFindsWhatIsPlanted proves the checker: on a clean run it finds nothing,
// and on a copy with a violation of an invariant it finds that one; with all of them
// planted at once it goes on past each and finds them all.
func TestCheckerFindsWhatIsPlanted(t *testing.T) {
	w := onDisk(t)
	w.server.MustStart(t)
	db := w.open()
	reviewers := w.staff(2)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	clients := w.clients(ctx, 3, reviewers)
	until(t, 60*time.Second, "a few cases of each kind, with all that plants are put into", func() bool {
		return len(w.ledger.acked("approve")) >= 4 && w.ledger.denialsAccepted() > 0 && len(w.ledger.acked("write-message")) >= 2 &&
			len(w.ledger.acked("state")) > 0
	})
	stop()
	clients.Wait()
	w.quiet(db)
	w.server.Stop(t)
	e := w.evidence(db)
	e.heads = heads(t, db)
	w.report("before anything is planted", e.check(t.Context()))
	if err := db.Close(); err != nil { // the last one writes the log back into the file
		t.Fatal(err)
	}

	clean := copied(t, e, w.server.Dir)
	w.report("in a copy", clean.check(t.Context()))
	all := plants()
	for _, invariant := range slices.Sorted(maps.Keys(all)) {
		for n, plant := range all[invariant] {
			t.Run(fmt.Sprintf("%d-%c", invariant, 'a'+n), func(t *testing.T) {
				p := copied(t, e, w.server.Dir)
				plant(p)
				p.settle()
				if found := p.check(t.Context()); !slices.Contains(invariants(found), invariant) {
					t.Errorf("found only %v: %v", invariants(found), found)
				}
			})
		}
	}
	t.Run("all", func(t *testing.T) {
		p := copied(t, e, w.server.Dir)
		for _, invariant := range slices.Backward(slices.Sorted(maps.Keys(all))) {
			all[invariant][0](p)
		}
		p.settle()
		found := invariants(p.check(t.Context()))
		for invariant := range all {
			if !slices.Contains(found, invariant) {
				t.Errorf("the violation of %d hides behind others; found %v", invariant, found)
			}
		}
	})
	if want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20}; !slices.Equal(slices.Sorted(maps.Keys(all)), want) {
		t.Errorf("planted %v, want %v", slices.Sorted(maps.Keys(all)), want)
	}
}
