package fuzz

import (
	"slices"
	"strings"
	"testing"

	"regain/database/databasetest"
)

// TestRoutesInVainAreFound: a route that is not there, and one that is but refuses
// everybody who calls it, are reported as never called with success, and no other is.
func TestRoutesInVainAreFound(t *testing.T) {
	w := emptyWorld(t, databasetest.SQLite(t))
	w.begin(individual(), "")
	good := w.document.operation(t, "list-policies")
	absent := *good
	absent.id, absent.path = "planted-absent", "/api/v1/policies-of-nobody"
	refusing := *w.document.operation(t, "list-webhooks")
	refusing.id, refusing.roles = "planted-refusing", []string{"customer"}
	w.document.operations = []*operation{&absent, good, &refusing}
	tally := newTally(w.document.operations)
	if made := w.makeUp(1, tally); made != 2*triesToSucceed+1 {
		t.Errorf("%d calls, want %d for each that is refused and one that is not", made, triesToSucceed)
	}
	found := tally.inVain()
	if len(found) != 2 || !strings.Contains(found[0], "planted-absent") || !strings.Contains(found[0], "404") || !strings.Contains(found[1], "planted-refusing") || !strings.Contains(found[1], "403") {
		t.Errorf("found %q", found)
	}
}

// operation is the one with the id.
func (d *document) operation(t testing.TB, id string) *operation {
	t.Helper()
	at := slices.IndexFunc(d.operations, func(o *operation) bool { return o.id == id })
	if at < 0 {
		t.Fatalf("there is no operation %q", id)
	}
	return d.operations[at]
}
