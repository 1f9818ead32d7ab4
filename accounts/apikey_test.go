package accounts

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"regain/database"
)

func TestAPIKey(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		key, token, err := b.CreateAPIKey(t.Context(), NewAPIKey{Name: " Nightly report ", Scopes: []Scope{ScopeReview, ScopeWebhooks, ScopeReview}, Days: 10, By: "admin-1"})
		ok(t, err)
		if key.Name != "Nightly report" || !slices.Equal(key.Scopes, []Scope{ScopeReview, ScopeWebhooks}) || key.CreatedBy != "admin-1" || key.LastUsedAt != nil {
			t.Errorf("%+v", key)
		}
		if stored := dump(t, t.Context(), b.db, "api_keys"); strings.Contains(stored, token[len("rgk_"):]) {
			t.Error("the token is stored")
		}
		p, err := b.Authenticate(t.Context(), token)
		ok(t, err)
		if p.Kind != Program || p.ID != key.ID || !strings.HasPrefix(p.ID, "key_") || !slices.Equal(p.Scopes, key.Scopes) ||
			!slices.Equal(p.Roles, []Role{Auditor, Reviewer}) || p.SessionID != "" || p.Has(Reviewer) {
			t.Errorf("%+v", p)
		}
		names, err := b.StaffNames(t.Context(), []string{key.ID, "key_none"})
		ok(t, err)
		if len(names) != 1 || names[key.ID] != "Nightly report" {
			t.Errorf("%v", names)
		}
		if strings.Contains(b.log.String(), token) {
			t.Error("the token is in the log")
		}
		b.clock.Advance(10*24*time.Hour - time.Microsecond)
		_, err = b.Authenticate(t.Context(), token)
		ok(t, err)
		b.clock.Advance(time.Microsecond)
		_, err = b.Authenticate(t.Context(), token)
		refused(t, err, "unauthenticated")
	})
}

// The last use is known to a minute, and not written by each call.
func TestAPIKeyLastUsed(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		_, token, err := b.CreateAPIKey(t.Context(), NewAPIKey{Name: "x", Scopes: []Scope{ScopeRead}})
		ok(t, err)
		used := func() time.Time {
			page, err := database.NewTimePage(0, "")
			ok(t, err)
			keys, _, err := b.APIKeys(t.Context(), page)
			ok(t, err)
			return keys[0].LastUsedAt.UTC()
		}
		start := b.clock.Now()
		for _, step := range []struct{ after, want time.Duration }{
			{0, 0}, {30 * time.Second, 0}, {59 * time.Second, 0}, {60 * time.Second, 60 * time.Second}, {90 * time.Second, 60 * time.Second},
		} {
			b.clock.Advance(step.after - b.clock.Now().Sub(start))
			_, err := b.Authenticate(t.Context(), token)
			ok(t, err)
			if got := used().Sub(start); got != step.want {
				t.Errorf("after %s: last used after %s, want %s", step.after, got, step.want)
			}
		}
	})
}

func TestRevokedAPIKey(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		key, token, err := b.CreateAPIKey(t.Context(), NewAPIKey{Name: "x", Scopes: []Scope{ScopeRead}})
		ok(t, err)
		if key.ExpiresAt.Sub(b.clock.Now()) != DefaultKeyDays*24*time.Hour {
			t.Errorf("it expires at %s", key.ExpiresAt)
		}
		ok(t, b.RevokeAPIKey(t.Context(), key.ID, "admin-1"))
		b.clock.Advance(time.Hour)
		ok(t, b.RevokeAPIKey(t.Context(), key.ID, "admin-2"))
		_, err = b.Authenticate(t.Context(), token)
		refused(t, err, "unauthenticated")
		page, err := database.NewTimePage(0, "")
		ok(t, err)
		keys, _, err := b.APIKeys(t.Context(), page)
		ok(t, err)
		if keys[0].RevokedBy != "admin-1" || b.clock.Now().Sub(*keys[0].RevokedAt) != time.Hour {
			t.Errorf("the first revocation counts: %+v", keys[0])
		}
		refused(t, b.RevokeAPIKey(t.Context(), "key_none", "admin-1"), "api_key_not_found")
	})
}

// Pages of keys have each once, newest first.
func TestAPIKeysInPages(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		var want []string
		for n := range 7 {
			key, _, err := b.CreateAPIKey(t.Context(), NewAPIKey{Name: "x", Scopes: []Scope{ScopeRead}})
			ok(t, err)
			want = append([]string{key.ID}, want...)
			if n%2 == 0 { // some at the same time
				b.clock.Advance(time.Second)
			}
		}
		var got []string
		for next := "start"; next != ""; {
			if next == "start" {
				next = ""
			}
			page, err := database.NewTimePage(3, next)
			ok(t, err)
			var keys []APIKey
			keys, next, err = b.APIKeys(t.Context(), page)
			ok(t, err)
			for _, k := range keys {
				got = append(got, k.ID)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// TestEndedKeysAreAway: a program whose key was revoked or ran out holds no cases; one whose key
// is good does.
func TestEndedKeysAreAway(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ids := []string{"key_none", newStaff(t, b, "bea@example.com", Reviewer).ID}
		for _, days := range []int{1, 2, 3} {
			key, _, err := b.CreateAPIKey(t.Context(), NewAPIKey{Name: "Nightly report", Scopes: []Scope{ScopeReview}, Days: days})
			ok(t, err)
			ids = append(ids, key.ID)
		}
		ok(t, b.RevokeAPIKey(t.Context(), ids[3], "admin-1"))
		b.clock.Advance(24 * time.Hour)
		away, err := b.Away(t.Context(), ids)
		ok(t, err)
		if want := map[string]string{ids[2]: AwayLeft, ids[3]: AwayLeft}; !maps.Equal(away, want) {
			t.Errorf("away %v, want %v", away, want)
		}
	})
}
