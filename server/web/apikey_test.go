package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"regain/accounts"
	"regain/database"
	"regain/internal/testhtml"
	"regain/server/servertest"
)

func firstPage(t *testing.T) database.Page {
	t.Helper()
	page, err := database.NewTimePage(10, "")
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// manyKeys are keys in every state, and more than a page of them.
func manyKeys(t *testing.T, h *servertest.Harness) {
	t.Helper()
	for n := range 28 {
		key, _, err := h.Accounts.CreateAPIKey(t.Context(), accounts.NewAPIKey{Name: fmt.Sprintf("Program %d", n), Scopes: accounts.Scopes()[:1+n%6], Days: []int{5, 90, 365}[n%3]})
		if err != nil {
			t.Fatal(err)
		}
		if n%4 == 3 {
			if err := h.Accounts.RevokeAPIKey(t.Context(), key.ID, ""); err != nil {
				t.Fatal(err)
			}
		}
		if n%7 == 6 {
			if _, err := h.DB.NewRaw("UPDATE api_keys SET expires_at = ? WHERE id = ?", time.Now().Add(-time.Hour).UTC(), key.ID).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestKeyPages: an admin makes a key, whose token is shown once and works, and revokes
// it; what is wrong stands beside its field; the list has pages. An auditor reads.
func TestKeyPages(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		admin, who := atDesk(t, h, accounts.Admin)
		admin.open("/staff/keys").wants(200, "/staff/keys", "There is no key yet")
		admin.send("/staff/keys", "name", "").wants(422, "/staff/keys", "Give at least one scope", "There is a problem")
		admin.send("/staff/keys", "name", "Nightly report", "scopes", "everything", "days", "3").wants(422, "/staff/keys", "There is no such scope", "730 days")
		admin.send("/staff/keys", "name", "Nightly report", "scopes", "export", "scopes", "cases:read", "days", "90").wants(201, "/staff/keys", "shown this once", "The key of Nightly report", "Put it where the program's other secrets are")
		token := admin.secret()
		if got := h.Call(t, token, "GET", "/api/v1/audit/runs", nil); got.Status != 200 {
			t.Errorf("the key opens nothing: %d %s", got.Status, got.Body)
		}
		hint := "…" + token[len(token)-4:]
		admin.open("/staff/keys").wants(200, "/staff/keys", "Nightly report", hint, "Read cases", "Read figures and verify records", "Works", who.Name, "Last used")
		if strings.Contains(admin.body, token) {
			t.Error("the key is shown again")
		}
		auditor, _ := atDesk(t, h, accounts.Auditor)
		auditor.open("/staff/keys").wants(200, "/staff/keys", hint)
		if forms := auditor.all(func(n *html.Node) bool {
			return n.Data == "form" && strings.HasPrefix(testhtml.Attr(n, "action"), "/staff/")
		}); len(forms) > 0 {
			t.Error("an auditor may make or revoke keys")
		}
		reviewer, _ := atDesk(t, h, accounts.Reviewer)
		reviewer.open("/staff/keys").wants(403, "/staff/keys")

		admin.send("/staff/keys/key_[^/]+/revoke").wants(200, "/staff/keys", "Revoked")
		if got := h.Call(t, token, "GET", "/api/v1/audit/runs", nil); got.Status != 401 {
			t.Errorf("a revoked key: %d", got.Status)
		}
		manyKeys(t, h)
		admin.open("/staff/keys").wants(200, "/staff/keys", "Program 27", "Ends soon", "Expired", "Command line", "Never used")
		admin.open(admin.link("next")).wants(200, "/staff/keys", "Program 0", "Nightly report")
		admin.open("/staff/keys?cursor=x").wants(400, "/staff/keys")
	})
}
