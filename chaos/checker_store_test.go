package chaos

import (
	"context"
	"io"
	"time"
)

// checkObjects reads every object: those that rows name are what the rows say, and
// the others, left by a crash between bytes and row, are whole and are swept.
func (e *evidence) checkObjects(ctx context.Context) {
	report, err := e.cases.VerifyDocuments(ctx)
	if err != nil {
		e.found(11, "audit verify --documents: %v", err)
	}
	for _, f := range report.Findings {
		e.found(11, "%s: %s", f.Code, f.Detail)
	}
	named := e.named(ctx)
	e.checkOrphans(ctx, named)
	if err := e.sweep(ctx, time.Now().Add(48*time.Hour)); err != nil {
		e.found(12, "sweep: %v", err)
	}
	left := map[string]bool{}
	for _, key := range e.keys(ctx) {
		left[key] = true
		if !named[key] {
			e.found(12, "the object %s has no row, and the sweep left it", key)
		}
	}
	for key := range named {
		if !left[key] {
			e.found(15, "the object %s is gone after the sweep, and a row names it", key)
		}
	}
}

// named are the objects that rows name and that are there.
func (e *evidence) named(ctx context.Context) map[string]bool {
	known, err := e.cases.KnownObjects(ctx, e.keys(ctx))
	if err != nil {
		e.found(12, "%v", err)
	}
	return known
}

func (e *evidence) keys(ctx context.Context) []string {
	var keys []string
	for after := ""; ; after = keys[len(keys)-1] {
		page, err := e.store.List(ctx, after, 500)
		if err != nil {
			e.found(12, "list objects: %v", err)
			return keys
		}
		for _, o := range page {
			keys = append(keys, o.Key)
		}
		if len(page) < 500 {
			return keys
		}
	}
}

// checkOrphans wants every object, row or not, to hold a file that some client sent,
// and all of it.
func (e *evidence) checkOrphans(ctx context.Context, named map[string]bool) {
	sent := map[string]bool{}
	e.ledger.mu.Lock()
	for _, k := range e.ledger.calls {
		sent[k.Sum] = true
	}
	e.ledger.mu.Unlock()
	for _, key := range e.keys(ctx) {
		if named[key] {
			continue
		}
		r, _, err := e.store.Get(ctx, key)
		if err != nil {
			e.found(13, "read %s: %v", key, err)
			continue
		}
		content, err := io.ReadAll(r)
		_ = r.Close()
		if err != nil || !sent[sumOf(content)] {
			e.found(13, "the object %s holds %d bytes, which nobody sent as a whole: %v", key, len(content), err)
		}
	}
}
