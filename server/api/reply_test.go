package api_test

import (
	"fmt"
	"strings"
	"testing"

	"regain/accounts"
)

// TestReplies: one call writes to several customers once, however often it is repeated,
// after a look at who would get what.
func TestReplies(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		ana, leo := d.submitted("ana@example.com", individual()), d.submitted("leo@example.com", individual())
		var ids []string
		for _, c := range []*caller{ana, leo} {
			ids = append(ids, strings.TrimPrefix(c.path, "/api/v1/cases/"))
		}
		r, auditor := d.staffAt("", accounts.Reviewer), d.staffAt("", accounts.Auditor)
		body := object{"cases": append(ids, "0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2"), "body": "We need two more days."}
		d.problemOf(d.Call(t, auditor.token, "POST", "/api/v1/queue/replies", body), 403, "role_not_allowed")
		shown := r.want(200, "POST", "/api/v1/queue/replies/preview", body)
		if l := objects(shown["languages"]); len(l) != 1 || l[0]["cases"] != 2.0 || l[0]["words"] != "We need two more days." || l[0]["letter"] == "" || len(objects(shown["refused"])) != 1 {
			t.Errorf("%v", shown)
		}
		reading, _ := d.NewKey(t, accounts.ScopeRead)
		d.problemOf(d.Call(t, reading, "POST", "/api/v1/queue/replies/preview", body), 403, "scope_required")
		reviewing, _ := d.NewKey(t, accounts.ScopeReview)
		if got := d.Call(t, reviewing, "POST", "/api/v1/queue/replies/preview", body); got.Status != 200 {
			t.Errorf("a program that reviews: %d %s", got.Status, got.Body)
		}
		for range 2 {
			o := r.want(200, "POST", "/api/v1/queue/replies", body, "Idempotency-Key", "the-same-key-both-times")
			if len(o["done"].([]any)) != 2 || objects(o["refused"])[0]["code"] != "case_not_found" || o["undo_until"] != nil {
				t.Errorf("%v", o)
			}
		}
		for _, c := range []*caller{ana, leo} {
			if talk := objects(c.want(200, "GET", c.path+"/messages", nil)["messages"]); len(talk) != 1 || talk[0]["body"] != "We need two more days." {
				t.Errorf("%v", talk)
			}
		}
		o := r.want(200, "POST", "/api/v1/queue/replies", object{"cases": ids, "bodies": object{"pt-BR": "Ainda estamos analisando."}})
		if len(o["done"].([]any)) != 0 || objects(o["refused"])[1]["code"] != "language_missing" {
			t.Errorf("%v", o)
		}
		for _, e := range []struct {
			body object
			want string
		}{
			{object{"cases": ids}, "[/body required]"}, {object{"cases": ids, "body": "x", "bodies": object{"en": "x"}}, "[/body one_of]"}, {object{"cases": []string{}, "body": "x"}, "[/cases too_few]"},
		} {
			if got := d.problemOf(d.Call(t, r.token, "POST", "/api/v1/queue/replies", e.body), 422, "invalid_fields"); fmt.Sprint(got) != e.want {
				t.Errorf("%v: %v, want %s", e.body, got, e.want)
			}
		}
	})
}
