package chaos

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"regain/cases"
	"regain/database"
	"regain/storage"
)

// finding is one violation of one of the invariants of docs/reliability.md.
type finding struct {
	Invariant int
	Text      string
}

func (f finding) String() string { return fmt.Sprintf("invariant %d: %s", f.Invariant, f.Text) }

// evidence is what the checker looks at: everything that is left when the dust has
// settled, and what the clients wrote down.
type evidence struct {
	db     *database.DB
	store  storage.Store
	cases  *cases.Service
	ledger *ledger
	// arrived and odd are the sink's.
	arrived []delivery
	odd     []string
	// hooks, posts and oddPosts are the receiver's.
	hooks    []hook
	posts    []post
	oddPosts []string
	// heads are ends of chains that were read during the run.
	heads []head
	// files are folders in which nothing older than an hour may be left.
	files []string
	// sweep removes orphans that are a day old, as the server does.
	sweep func(ctx context.Context, now time.Time) error

	findings []finding
}

// head is the end of a case's chain at some time.
type head struct {
	ID   string `bun:"id"`
	Seq  int64  `bun:"event_seq"`
	Hash string `bun:"event_head"`
}

// evidence gathers what there is.
func (w *world) evidence(db *database.DB) *evidence {
	w.t.Helper()
	store := w.openStore()
	e := &evidence{db: db, store: store, ledger: w.ledger}
	e.cases = cases.New(db, store, nil, nil, nil, cases.NewPolicies(db, time.Now), cases.Options{Key: make([]byte, 32)})
	e.arrived, e.odd = w.sink.deliveries()
	e.hooks, e.posts, e.oddPosts = w.receiver.taken()
	e.files = []string{filepath.Join(w.server.Dir, "spool"), filepath.Join(w.server.Dir, "documents", "incoming")}
	e.sweep = func(ctx context.Context, now time.Time) error {
		_, err := storage.Sweep(ctx, store, e.cases.KnownObjects, 24*time.Hour, now)
		return err
	}
	return e
}

// heads reads the ends of all chains, to be found again later.
func heads(t *testing.T, db *database.DB) []head {
	t.Helper()
	var out []head
	if err := db.NewRaw("SELECT id, event_seq, event_head FROM cases").Scan(context.Background(), &out); err != nil {
		t.Fatalf("read heads: %v", err)
	}
	return out
}

func (e *evidence) found(invariant int, format string, args ...any) {
	e.findings = append(e.findings, finding{invariant, fmt.Sprintf(format, args...)})
}

// query reads rows into dest; what can't be read is a finding, and the check goes on.
func (e *evidence) query(ctx context.Context, invariant int, dest any, query string, args ...any) bool {
	if err := e.db.NewRaw(query, args...).Scan(ctx, dest); err != nil {
		e.found(invariant, "can't read: %v", err)
		return false
	}
	return true
}

// check goes through every invariant, whatever it finds.
func (e *evidence) check(ctx context.Context) []finding {
	e.findings = nil
	for _, step := range []func(context.Context){
		e.checkRecord, e.checkAcknowledged, e.checkOnce, e.checkVersions, e.checkReferences, e.checkHeads,
		e.checkObjects, e.checkMessages, e.checkDeliveries, e.checkHooks, e.checkHealth,
	} {
		step(ctx)
	}
	return e.findings
}

// checkRecord is what every operator can ask for: regain audit verify.
func (e *evidence) checkRecord(ctx context.Context) {
	report, err := e.cases.VerifyAudit(ctx)
	if err != nil {
		e.found(9, "audit verify: %v", err)
		return
	}
	for _, f := range report.Findings {
		e.found(invariantOf(f.Code), "case %s event %d: %s: %s", f.CaseID, f.Seq, f.Code, f.Detail)
	}
}

// invariantOf maps the codes of audit verify.
func invariantOf(code string) int {
	for invariant, codes := range map[int][]string{
		3:  {"row_without_event", "event_without_row", "told_twice"},
		4:  {"item_not_asked", "item_differs", "item_missing", "wrong_outcome", "answers_refused", "policy_unreadable"},
		5:  {"illegal_transition", "wrong_round", "wrong_state", "wrong_turn", "account_open_twice"},
		6:  {"approved_unsettled", "approvals_missing", "review_without_decision", "accepted_nothing", "accepted_another"},
		7:  {"wrong_version"},
		8:  {"foreign_item"},
		11: {"document_missing", "document_altered"},
	} {
		if slices.Contains(codes, code) {
			return invariant
		}
	}
	return 9
}

// checkHeads wants what was the end of a chain to be in it still.
func (e *evidence) checkHeads(ctx context.Context) {
	for _, h := range e.heads {
		var hashes []string
		if !e.query(ctx, 10, &hashes, "SELECT hash FROM events WHERE case_id = ? AND seq = ?", h.ID, h.Seq) {
			continue
		}
		if len(hashes) != 1 || hashes[0] != h.Hash {
			e.found(10, "case %s: event %d is no longer what it was", h.ID, h.Seq)
		}
	}
}

// checkReferences looks for rows whose parents are gone or are of another case.
func (e *evidence) checkReferences(ctx context.Context) {
	for _, r := range []struct{ child, column, parent, key string }{
		{"cases", "policy_hash", "policies", "hash"}, {"items", "case_id", "cases", "id"}, {"events", "case_id", "cases", "id"},
		{"documents", "case_id", "cases", "id"}, {"documents", "item_id", "items", "id"},
		{"item_decisions", "case_id", "cases", "id"}, {"item_decisions", "item_id", "items", "id"},
		{"decisions", "case_id", "cases", "id"}, {"invitations", "case_id", "cases", "id"}, {"messages", "case_id", "cases", "id"},
		{"webhook_types", "webhook_id", "webhooks", "id"}, {"webhook_deliveries", "webhook_id", "webhooks", "id"}, {"webhook_deliveries", "case_id", "cases", "id"},
	} {
		var n int
		q := fmt.Sprintf("SELECT count(*) FROM %s AS c WHERE NOT EXISTS (SELECT 1 FROM %s AS p WHERE p.%s = c.%s)", r.child, r.parent, r.key, r.column)
		if e.query(ctx, 8, &n, q) && n > 0 {
			e.found(8, "%d rows of %s name no row of %s", n, r.child, r.parent)
		}
	}
	var sessions int
	if e.query(ctx, 8, &sessions, "SELECT count(*) FROM sessions AS s WHERE s.kind = 'customer' AND NOT EXISTS (SELECT 1 FROM cases AS c WHERE c.id = s.subject)") && sessions > 0 {
		e.found(8, "%d sessions are for cases that do not exist", sessions)
	}
}

// checkHealth asks the database about itself, and looks for files left behind.
func (e *evidence) checkHealth(ctx context.Context) {
	if e.db.Dialect() == database.SQLite {
		var said []string
		if e.query(ctx, 20, &said, "PRAGMA integrity_check") && (len(said) != 1 || said[0] != "ok") {
			e.found(20, "integrity_check: %v", said)
		}
	} else if err := amcheck(ctx, e.db); err != nil {
		e.found(20, "%v", err)
	}
	for _, dir := range e.files {
		entries, err := os.ReadDir(dir)
		if err != nil && !os.IsNotExist(err) {
			e.found(20, "%v", err)
		}
		for _, f := range entries {
			info, err := f.Info()
			if err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > time.Hour {
				e.found(20, "%s is left behind in %s", f.Name(), dir)
			}
		}
	}
}

// amcheck verifies every index against its table, as pg_amcheck does.
func amcheck(ctx context.Context, db *database.DB) error {
	if _, err := db.NewRaw("CREATE EXTENSION IF NOT EXISTS amcheck").Exec(ctx); err != nil {
		return fmt.Errorf("amcheck: %w", err)
	}
	_, err := db.NewRaw(`DO $$ DECLARE i regclass; t regclass; BEGIN
		FOR i IN SELECT c.oid FROM pg_class c JOIN pg_am a ON a.oid = c.relam JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind = 'i' AND a.amname = 'btree' AND n.nspname = 'public'
		LOOP PERFORM bt_index_check(i, true); END LOOP;
		FOR t IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname = 'public'
		LOOP IF EXISTS (SELECT 1 FROM verify_heapam(t)) THEN RAISE EXCEPTION 'heap of % is damaged', t; END IF; END LOOP;
	END $$`).Exec(ctx)
	if err != nil {
		return fmt.Errorf("amcheck: %w", err)
	}
	return nil
}

// age makes the files of a folder two hours old, as if time had passed.
func age(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		old := time.Now().Add(-2 * time.Hour)
		return os.Chtimes(path, old, old)
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}
