package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"regain/accounts"
	"regain/database"
	"regain/database/databasetest"
	"regain/server"
	"regain/server/servertest"
)

// TestEveryRouteAsEveryScope calls every route with a key of every scope and compares
// the answer with the table of routes.
func TestEveryRouteAsEveryScope(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		h := servertest.StartWith(t, db, servertest.Options{Unlimited: true})
		opened := map[accounts.Scope]int{}
		for _, scope := range accounts.Scopes() {
			token, _ := h.NewKey(t, scope)
			for _, r := range h.Server.Routes() {
				if strings.HasPrefix(r.Path, "/healthz") || r.Path == "/readyz" || r.Path == "/metrics" {
					continue // these know no callers
				}
				got := h.Call(t, token, r.Method, fillPath(r.Path), nil)
				switch everyone := slices.Contains(r.Roles, server.Anonymous); {
				case got.Status >= 500:
					t.Errorf("%s with %s: %d %s", r.ID, scope, got.Status, got.Body)
				case everyone || r.Scope == scope:
					opened[r.Scope]++
					if got.Status == http.StatusForbidden {
						t.Errorf("%s with %s: refused: %s", r.ID, scope, got.Body)
					}
				case r.Scope == server.PeopleOnly:
					wantKeyRefusal(t, r, scope, got, "people_only")
				default:
					wantKeyRefusal(t, r, scope, got, "scope_required")
				}
			}
		}
		for _, scope := range []accounts.Scope{accounts.ScopeRead, accounts.ScopeDocuments, accounts.ScopeReview} {
			if opened[scope] == 0 {
				t.Errorf("the scope %s opens nothing", scope)
			}
		}
	})
}

func wantKeyRefusal(t *testing.T, r server.Route, scope accounts.Scope, got servertest.Answer, code string) {
	t.Helper()
	if got.Status != http.StatusForbidden || !strings.Contains(string(got.Body), code) {
		t.Errorf("%s with %s: %d %s, want 403 %s", r.ID, scope, got.Status, got.Body, code)
	}
}

// createdKey is the answer to making a key.
type createdKey struct {
	Token string
	Key   struct{ ID, Hint string }
}

type listedKeys struct {
	Keys []struct {
		ID, Name, Hint string
		CreatedBy      string  `json:"created_by"`
		RevokedBy      string  `json:"revoked_by"`
		LastUsed       *string `json:"last_used_at"`
		Scopes         []string
		Revoked        *string `json:"revoked_at"`
	}
	People map[string]string
	Next   string
}

// TestAPIKeyLife: an admin makes a key, a program reads with it, the admin sees that
// and revokes it.
func TestAPIKeyLife(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		h := servertest.Start(t, db)
		admin := h.NewSession(t, server.Admin)
		got := h.Call(t, admin, "POST", "/api/v1/api-keys", map[string]any{"name": "Nightly report", "scopes": []string{"cases:review", "cases:read", "cases:read"}, "days": 30},
			"Idempotency-Key", "0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2")
		var made createdKey
		got.Into(t, &made)
		if got.Status != 201 || !strings.HasPrefix(made.Token, "rgk_") || !strings.HasSuffix(made.Token, made.Key.Hint) {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if got := h.Call(t, made.Token, "GET", "/api/v1/queue", nil); got.Status != 200 {
			t.Errorf("the queue with the key: %d %s", got.Status, got.Body)
		}
		// A browser never carries a key: the cookie is not taken for one.
		if got := h.Call(t, "", "GET", "/api/v1/queue", nil, "Cookie", "regain="+made.Token); got.Status != 401 {
			t.Errorf("the key as a cookie: %d %s", got.Status, got.Body)
		}
		list := h.Call(t, admin, "GET", "/api/v1/api-keys", nil)
		var keys listedKeys
		list.Into(t, &keys)
		if len(keys.Keys) != 1 || keys.Keys[0].LastUsed == nil || keys.People[keys.Keys[0].CreatedBy] == "" || !slices.Equal(keys.Keys[0].Scopes, []string{"cases:read", "cases:review"}) {
			t.Errorf("%s", list.Body)
		}
		if strings.Contains(string(list.Body), made.Token[8:]) {
			t.Error("the list shows the token")
		}
		for range 2 { // revoking twice is no error
			if got := h.Call(t, admin, "DELETE", "/api/v1/api-keys/"+made.Key.ID, nil); got.Status != 204 {
				t.Errorf("revoke: %d %s", got.Status, got.Body)
			}
		}
		if p := h.Call(t, made.Token, "GET", "/api/v1/queue", nil).Problem(t); p.Status != 401 || p.Code != "unauthenticated" {
			t.Errorf("a revoked key: %+v", p)
		}
		if p := h.Call(t, admin, "DELETE", "/api/v1/api-keys/key_none", nil).Problem(t); p.Code != "api_key_not_found" {
			t.Errorf("an unknown key: %+v", p)
		}
	})
}

// TestAPIKeyActsInItsOwnName: what a program does to a case is an event with its id,
// and staff see its name.
func TestAPIKeyActsInItsOwnName(t *testing.T) {
	onBoth(t, func(t *testing.T, h *desk) {
		c := h.submitted("ana@example.com", individual()).path
		token, id := h.NewKey(t, accounts.ScopeRead, accounts.ScopeReview)
		if got := h.Call(t, token, "POST", c+"/claim", nil); got.Status != 200 {
			t.Fatalf("claim: %d %s", got.Status, got.Body)
		}
		if got := h.Call(t, token, "POST", c+"/notes", map[string]any{"body": "Seen by the importer."}); got.Status != 201 {
			t.Fatalf("note: %d %s", got.Status, got.Body)
		}
		for _, path := range []string{"/approval", "/denial", "/items/x/waiver"} {
			if p := h.Call(t, token, "POST", c+path, map[string]any{}).Problem(t); p.Code != "people_only" {
				t.Errorf("%s: %+v", path, p)
			}
		}
		var events struct {
			Events []struct {
				Type      string
				ActorKind string `json:"actor_kind"`
				ActorID   string `json:"actor_id"`
			}
			People map[string]string
		}
		h.Call(t, token, "GET", c+"/events?limit=200", nil).Into(t, &events)
		did := map[string]bool{}
		for _, e := range events.Events {
			if e.ActorID == id && e.ActorKind == "staff" {
				did[e.Type] = true
			}
		}
		if !did["claim"] || !did["note"] || events.People[id] != "Nightly report" {
			t.Errorf("%v %v", did, events.People)
		}
		report, err := h.Cases.VerifyAudit(t.Context())
		if err != nil || len(report.Findings) > 0 {
			t.Errorf("%v %+v", err, report)
		}
	})
}

// TestAPIKeyIsLimited: a key may call so often a minute, whatever it calls.
func TestAPIKeyIsLimited(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	token, _ := h.NewKey(t, accounts.ScopeRead)
	other, _ := h.NewKey(t, accounts.ScopeRead)
	for n := range server.CallsPerMinute {
		if got := h.Call(t, token, "GET", []string{"/api/v1/queue", "/api/v1/policies"}[n%2], nil); got.Status != 200 {
			t.Fatalf("call %d: %d %s", n, got.Status, got.Body)
		}
	}
	got := h.Call(t, token, "GET", "/api/v1/queue", nil)
	if p := got.Problem(t); p.Code != "too_many_requests" || got.Header.Get("Retry-After") == "" {
		t.Errorf("%+v %v", p, got.Header)
	}
	if got := h.Call(t, other, "GET", "/api/v1/queue", nil); got.Status != 200 {
		t.Errorf("another key: %d", got.Status)
	}
}

// TestBadAPIKeys: each fault has its place.
func TestBadAPIKeys(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	admin := h.NewSession(t, server.Admin)
	for body, want := range map[string]string{
		`{"name":" ","scopes":["export"]}`:                 "[/name required]",
		`{"name":"x","scopes":["everything"]}`:             "[/scopes/0 not_a_choice]",
		`{"name":"x","scopes":[]}`:                         "[/scopes too_few]",
		`{"name":"x","scopes":["export"],"days":731}`:      "[/days too_large]",
		`{"name":"a\u202eb","scopes":["export"],"days":1}`: "[/name character_not_allowed]",
	} {
		p := h.Call(t, admin, "POST", "/api/v1/api-keys", body).Problem(t)
		if got := fmt.Sprint(servertest.Pointers(p)); p.Code != "invalid_fields" || got != want {
			t.Errorf("%s: %s %s, want %s", body, p.Code, got, want)
		}
	}
	if p := h.Call(t, admin, "GET", "/api/v1/api-keys?cursor=eyJuIjoxLCJpIjoiMSJ9", nil).Problem(t); p.Code != "cursor_unknown" {
		t.Errorf("a foreign cursor: %+v", p)
	}
}
