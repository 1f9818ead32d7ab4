package api_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"regain/database"
	"regain/database/databasetest"
	"regain/internal/testservers"
	"regain/server"
	"regain/server/servertest"
)

func TestMain(m *testing.M) { testservers.Main(m) }

var update = flag.Bool("update", false, "write testdata/access.txt anew from the routes")

// TestEveryRouteIsRegistered: the router answers nothing that has not been through
// the one registration.
func TestEveryRouteIsRegistered(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	registered := map[server.Mounted]bool{}
	for _, r := range h.Server.Routes() {
		registered[server.Mounted{Method: r.Method, Path: r.RouterPath()}] = true
		if r.Method == "GET" {
			registered[server.Mounted{Method: "HEAD", Path: r.RouterPath()}] = true
		}
	}
	mounted := h.Server.Mounted()
	for _, m := range mounted {
		if !registered[m] {
			t.Errorf("%s %s was not registered", m.Method, m.Path)
		}
	}
	if len(mounted) != len(registered) {
		t.Errorf("%d routes are registered, %d answer", len(registered), len(mounted))
	}
}

// TestAccessTable compares who is let in where with the table that people have read.
func TestAccessTable(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	var lines []string
	for _, r := range h.Server.Routes() {
		roles := make([]string, len(r.Roles))
		for i, role := range r.Roles {
			roles[i] = string(role)
		}
		who := strings.Join(roles, " ")
		if len(roles) == len(server.Roles()) {
			who = "everyone"
		}
		limit := ""
		if r.Limit.N > 0 {
			limit = fmt.Sprintf("; %d per %s by %s", r.Limit.N, r.Limit.Per, r.Limit.By)
		}
		lines = append(lines, fmt.Sprintf("%-6s %-50s %-7s %s%s\n", r.Method, r.Path, r.Effect, who, limit))
	}
	compareTable(t, "testdata/access.txt", lines)
}

// TestAccessTableOfPrograms does the same for API keys: what each scope opens. What is
// not named here, and not open to everyone, takes a person.
func TestAccessTableOfPrograms(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	var lines []string
	for _, r := range h.Server.Routes() {
		if r.Scope != server.PeopleOnly {
			lines = append(lines, fmt.Sprintf("%-16s %-6s %-50s %s\n", r.Scope, r.Method, r.Path, r.Effect))
		}
	}
	compareTable(t, "testdata/scopes.txt", lines)
}

func compareTable(t *testing.T, file string, lines []string) {
	t.Helper()
	slices.Sort(lines)
	table := strings.Join(lines, "")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if table != string(want) {
		t.Errorf("who is let in where has changed; read the difference, then: go test ./server/api -run TestAccessTable -update\n%s", table)
	}
}

// TestEveryRouteAsEveryRole calls every route as every role and compares the answer
// with the route's own roles.
func TestEveryRouteAsEveryRole(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		h := servertest.Start(t, db)
		for _, r := range h.Server.Routes() {
			if strings.HasPrefix(r.Path, "/healthz") || r.Path == "/readyz" || r.Path == "/metrics" {
				continue // these know no sessions
			}
			path := fillPath(r.Path)
			for _, role := range server.Roles() {
				allowed := slices.Contains(r.Roles, role)
				// A session of its own: signing out must not end the next role's.
				got := h.Call(t, h.NewSession(t, role), r.Method, path, nil)
				switch {
				case got.Status >= 500:
					t.Errorf("%s as %s: %d %s", r.ID, role, got.Status, got.Body)
				case !allowed && role == server.Anonymous:
					wantRefusal(t, r, role, got, 401, "session_required")
				case !allowed:
					wantRefusal(t, r, role, got, 403, "role_not_allowed")
				case refused(got):
					t.Errorf("%s as %s: refused: %s", r.ID, role, got.Body)
				}
			}
		}
	})
}

func fillPath(path string) string {
	var parts []string
	for part := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(part, "{") {
			part = "0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "/")
}

func wantRefusal(t *testing.T, r server.Route, role server.Role, got servertest.Answer, status int, code string) {
	t.Helper()
	if got.Status != status || !strings.Contains(string(got.Body), code) {
		t.Errorf("%s as %s: %d %s, want %d %s", r.ID, role, got.Status, got.Body, status, code)
	}
}

func refused(got servertest.Answer) bool {
	var p server.Problem
	if err := json.Unmarshal(got.Body, &p); err != nil { // a page, which names its problem
		return strings.Contains(string(got.Body), `data-problem="session_required"`) || strings.Contains(string(got.Body), `data-problem="role_not_allowed"`)
	}
	return p.Code == "session_required" || p.Code == "role_not_allowed" || p.Code == "unauthenticated"
}
