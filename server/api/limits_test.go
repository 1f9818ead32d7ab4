package api_test

import (
	"testing"
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
