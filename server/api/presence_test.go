package api_test

import (
	"testing"

	"regain/accounts"
)

// TestPresence: two reviewers see each other on a case, and nothing of the case changes.
func TestPresence(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.submitted("ana@example.com", individual())
		ben, eva := d.staffAt(c.path, accounts.Reviewer), d.staffAt(c.path, accounts.Auditor)
		before := ben.show()
		if o := ben.want(200, "POST", c.path+"/presence", nil); len(objects(o["others"])) != 0 || o["version"] == nil {
			t.Errorf("alone: %v", o)
		}
		o := eva.want(200, "POST", c.path+"/presence", nil)
		if others := objects(o["others"]); len(others) != 1 || others[0]["name"] != "Ana Lima" {
			t.Errorf("two: %v", o)
		}
		ben.want(204, "DELETE", c.path+"/presence", nil)
		if o := eva.want(200, "POST", c.path+"/presence", nil); len(objects(o["others"])) != 0 {
			t.Errorf("after one has left: %v", o)
		}
		if after := ben.show(); after["staff"].(object)["events"] != before["staff"].(object)["events"] {
			t.Error("looking on is an event")
		}
		d.problemOf(d.Call(t, c.token, "POST", c.path+"/presence", nil), 403, "role_not_allowed")
		d.problemOf(d.Call(t, ben.token, "POST", "/api/v1/cases/nothing/presence", nil), 404, "case_not_found")
	})
}

// TestUndoDecision: a decision is taken back by whoever made it, with the version seen.
func TestUndoDecision(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.submitted("ana@example.com", individual())
		ben, eva := d.staffAt(c.path, accounts.Reviewer), d.staffAt(c.path, accounts.Reviewer)
		ben.want(200, "POST", c.path+"/claim", nil)
		item := "/items/" + ben.item("real_name_certificate")["id"].(string)
		ben.change(200, "POST", item+"/decision", object{"verdict": "rejected", "reason_code": "unreadable", "words_customer": "Again, please."})
		etag := d.Call(t, ben.token, "GET", c.path, nil).Header.Get("ETag")
		d.problemOf(d.Call(t, ben.token, "POST", c.path+item+"/undo", nil), 428, "if_match_required")
		d.problemOf(d.Call(t, eva.token, "POST", c.path+item+"/undo", nil, "If-Match", etag), 409, "nothing_to_undo")
		d.problemOf(d.Call(t, ben.token, "POST", c.path+item+"/undo", nil, "If-Match", `"1"`), 412, "case_changed")
		ben.change(200, "POST", item+"/undo", nil)
		shown := ben.item("real_name_certificate")
		decision := shown["staff"].(object)["decision"].(object)
		if shown["review"] != "pending" || decision["verdict"] != "pending" || decision["undoes"] == nil || shown["rejected"] != nil {
			t.Errorf("taken back: %v", shown)
		}
	})
}
