package api_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"regain/database/databasetest"
	"regain/server/servertest"
)

// short are lists that are answered whole, and what bounds them.
var short = map[string]string{
	"list-policies":      "the policies that the server was started with",
	"list-reason-codes":  "a constant",
	"list-webhook-types": "a constant",
	"list-invitations":   "a case takes so many invitations as a constant says",
	"list-saved-views":   "one person keeps 50, and 200 are shown",
	"list-reviewers":     "500 members of staff",
	"list-colleagues":    "500 members of staff",
	"list-followers":     "100 of those who follow a case",
	"list-webhooks":      "a constant says how many there can be",
}

// TestEveryListIsReadByKeyset: each operation that lists something takes a limit, and the
// place where the page before ended; none counts rows off. A list that is answered whole
// is named above, with what bounds it.
func TestEveryListIsReadByKeyset(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	var document struct {
		Paths map[string]map[string]struct {
			ID         string `json:"operationId"`
			Parameters []struct{ Name, In string }
		}
	}
	if err := json.Unmarshal(h.Call(t, "", "GET", "/api/v1/openapi.json", nil).Body, &document); err != nil {
		t.Fatal(err)
	}
	lists := 0
	for path, operations := range document.Paths {
		for method, op := range operations {
			var names []string
			for _, p := range op.Parameters {
				names = append(names, p.Name)
			}
			for _, counted := range []string{"offset", "page", "skip", "start"} {
				if slices.Contains(names, counted) {
					t.Errorf("%s %s counts off rows by %s", method, path, counted)
				}
			}
			if !strings.HasPrefix(op.ID, "list-") {
				if slices.Contains(names, "limit") {
					t.Errorf("%s takes a limit and is not called a list", op.ID)
				}
				continue
			}
			lists++
			paged := slices.Contains(names, "limit") && slices.ContainsFunc([]string{"after", "before", "cursor"}, func(name string) bool { return slices.Contains(names, name) })
			if _, whole := short[op.ID]; paged == whole {
				t.Errorf("%s (%s): read by keyset: %t, named as short: %t", op.ID, path, paged, whole)
			}
			delete(short, op.ID)
		}
	}
	for id := range short {
		t.Errorf("there is no list %s", id)
	}
	if lists < 15 {
		t.Errorf("only %d lists were found", lists)
	}
}
