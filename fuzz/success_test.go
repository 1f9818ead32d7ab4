package fuzz

import (
	"slices"
	"strings"
	"testing"

	"regain/database/databasetest"
)

// TestRoutesInVainAreFound: a route that is not there, and one that is but refuses
// everybody who calls it, are reported as never called with success, and no other is; a
// page that nobody reaches and a form that nobody is shown likewise.
func TestRoutesInVainAreFound(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	plant := func(like *operation, id, path string, roles ...string) *operation {
		planted := *like
		planted.id, planted.path = id, path
		if len(roles) > 0 {
			planted.roles = roles
		}
		return &planted
	}
	policies, webhooks := operationOf(t, w.document.operations, "list-policies"), operationOf(t, w.document.operations, "list-webhooks")
	help, approve := operationOf(t, w.pages(), "help"), operationOf(t, w.pages(), "review-approve-page")
	for _, e := range []struct {
		good, absent, refusing *operation
	}{
		{policies, plant(policies, "planted-absent", "/api/v1/policies-of-nobody"), plant(webhooks, "planted-refusing", webhooks.path, "customer")},
		{help, plant(help, "planted-absent", "/help-for-nobody"), plant(approve, "planted-refusing", approve.path, "auditor")},
	} {
		tally := newTally([]*operation{e.absent, e.good, e.refusing})
		call := w.callWell(tally)
		if e.good.page {
			call = w.visitWell(tally)
		}
		if made := tally.makeUp(1, call); made != 2*triesToSucceed+1 {
			t.Errorf("%d calls, want %d: all that may be made of each that is refused, and one", made, 2*triesToSucceed+1)
		}
		found := tally.inVain()
		if len(found) != 2 || !strings.Contains(found[0], "planted-absent") || !strings.Contains(found[0], "map[404:20]") ||
			!strings.Contains(found[1], "planted-refusing") || !strings.Contains(found[1], "map[403:20]") {
			t.Errorf("found %q", found)
		}
	}
}

// TestSucceeded: what counts as success of a call.
func TestSucceeded(t *testing.T) {
	api, read, send := &operation{method: "POST"}, &operation{page: true, method: "GET"}, &operation{page: true, method: "POST"}
	for _, e := range []struct {
		what   string
		op     *operation
		body   string
		status int
		want   bool
	}{
		{"a call that was taken", api, "", 201, true},
		{"a refused one", api, "", 409, false},
		{"one that is led elsewhere", api, "", 303, false},
		{"a page", read, "", 200, true},
		{"an address that leads to another page", read, "", 303, false},
		{"one that always does", &operation{page: true, method: "GET", id: "next-question-page"}, "", 303, true},
		{"a form that leads on", send, "a=b", 303, true},
		{"one that is shown again", send, "a=b", 422, false},
		{"one whose answer is a page", send, "a=b", 200, true},
		{"one that only asked", send, "a=b&preview=yes", 200, false},
	} {
		c := &call{op: e.op, body: []byte(e.body)}
		if got := c.succeeded(&answer{status: e.status}); got != e.want {
			t.Errorf("%s, answered %d: success is %v", e.what, e.status, got)
		}
	}
}

// operationOf is the one with the id.
func operationOf(t testing.TB, all []*operation, id string) *operation {
	t.Helper()
	at := slices.IndexFunc(all, func(o *operation) bool { return o.id == id })
	if at < 0 {
		t.Fatalf("there is no operation %q", id)
	}
	return all[at]
}
