package api_test

import (
	"testing"

	"regain/accounts"
	"regain/database/databasetest"
	"regain/server/servertest"
)

// TestStrangersAreLimited: what needs no session is limited by address, before anything
// of the call is looked at.
func TestStrangersAreLimited(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		for _, c := range []struct {
			path    string
			allowed int
		}{
			{"/api/v1/cases", 60}, {"/api/v1/resume", 30}, {"/api/v1/resume/verification", 60}, {"/api/v1/invitations/session", 60},
		} {
			for n := range c.allowed {
				if got := d.Call(t, "", "POST", c.path, object{}); got.Status != 422 {
					t.Fatalf("%s, call %d: %d %s", c.path, n, got.Status, got.Body)
				}
			}
			a := d.Call(t, "", "POST", c.path, object{})
			d.problemOf(a, 429, "too_many_requests")
			if a.Header.Get("Retry-After") == "" {
				t.Errorf("%s: no Retry-After", c.path)
			}
		}
	})
}

// TestCodesAreLimitedByAddress: codes that are asked for and codes that are tried, over
// all cases and references.
func TestCodesAreLimitedByAddress(t *testing.T) {
	rules := accounts.CodeRules{PerIPHour: 2, ChecksPerIP: 3}
	d := &desk{Harness: servertest.StartWith(t, databasetest.SQLite(t), servertest.Options{Codes: rules, Unlimited: true}), t: t}
	resume := func(reference string) servertest.Answer {
		return d.Call(t, "", "POST", "/api/v1/resume", object{"reference": reference, "channel": "email"})
	}
	check := func(reference string) servertest.Answer {
		return d.Call(t, "", "POST", "/api/v1/resume/verification", object{"reference": reference, "channel": "email", "code": "123456"})
	}
	references := []string{"7F3K-29QD-XM", "8F3K-29QD-XM", "9F3K-29QD-XM", "AF3K-29QD-XM"}
	for n, reference := range references {
		if a := resume(reference); n < rules.PerIPHour != (a.Status == 202) {
			t.Errorf("code %d: %d", n, a.Status)
		}
		if a := check(reference); n < rules.ChecksPerIP != (a.Status != 429) {
			t.Errorf("try %d: %d", n, a.Status)
		}
	}
}
