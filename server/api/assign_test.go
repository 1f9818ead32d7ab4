package api_test

import (
	"fmt"
	"strings"
	"testing"

	"regain/accounts"
)

// TestAssignments: a lead gives cases to a reviewer at one go, sees which could not be
// given, and undoes it; a reviewer hands one over.
func TestAssignments(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		var ids []string
		for n := range 3 {
			ids = append(ids, strings.TrimPrefix(d.submitted(fmt.Sprintf("c%d@example.com", n), individual()).path, "/api/v1/cases/"))
		}
		lead, r := d.staffAt("", accounts.Lead, accounts.Reviewer), d.staffAt("", accounts.Reviewer)
		me := r.want(200, "GET", "/api/v1/staff/session", nil)["id"]
		r.want(200, "POST", "/api/v1/cases/"+ids[0]+"/claim", nil)

		people := objects(lead.want(200, "GET", "/api/v1/reviewers", nil)["reviewers"])
		if len(people) != 2 {
			t.Errorf("%v", people)
		}
		gone := "0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2"
		o := lead.want(200, "POST", "/api/v1/queue/assignments", object{"cases": append(ids, gone), "to": me})
		if len(o["done"].([]any)) != 3 || objects(o["refused"])[0]["code"] != "case_not_found" || o["undo_until"] == nil {
			t.Errorf("%v", o)
		}
		counts := r.want(200, "GET", "/api/v1/queue/counts", nil)["counts"].(object)
		if counts["mine"] != 3.0 {
			t.Errorf("%v", counts)
		}
		undo := "/api/v1/queue/assignments/" + o["id"].(string) + "/undo"
		d.problemOf(d.Call(t, r.token, "POST", undo, nil), 404, "bulk_act_not_found")
		o = lead.want(200, "POST", undo, nil)
		if len(o["done"].([]any)) != 3 || o["undo_until"] != nil {
			t.Errorf("%v", o)
		}
		d.problemOf(d.Call(t, lead.token, "POST", undo, nil), 409, "already_undone")
		if counts = r.want(200, "GET", "/api/v1/queue/counts", nil)["counts"].(object); counts["mine"] != 1.0 || counts["unassigned"] != 2.0 {
			t.Errorf("%v", counts)
		}

		leadID := lead.want(200, "GET", "/api/v1/staff/session", nil)["id"]
		c := r.want(200, "POST", "/api/v1/cases/"+ids[0]+"/assignment", object{"to": leadID})
		if got := c["staff"].(object)["claim"].(object)["by"]; got != leadID {
			t.Errorf("handed over to %v, want %v", got, leadID)
		}
		r.want(200, "POST", "/api/v1/cases/"+ids[1]+"/assignment", object{"to": "me"})
		d.problemOf(d.Call(t, r.token, "POST", "/api/v1/cases/"+ids[0]+"/assignment", object{"to": "me"}), 409, "already_claimed")
		if got := d.problemOf(d.Call(t, lead.token, "POST", "/api/v1/queue/assignments", object{"cases": ids, "to": "nobody"}), 422, "invalid_fields"); fmt.Sprint(got) != "[/to no_such_person]" {
			t.Errorf("%v", got)
		}
		o = lead.want(200, "POST", "/api/v1/queue/assignments", object{"cases": ids})
		if len(o["done"].([]any)) != 2 || objects(o["refused"])[0]["code"] != "wrong_state" {
			t.Errorf("given back: %v", o)
		}
	})
}

// TestSavedViews: what is saved is listed as it was saved, shared by leads alone, and
// removed.
func TestSavedViews(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		lead, r := d.staffAt("", accounts.Lead), d.staffAt("", accounts.Reviewer)
		body := object{"name": "Ana", "view": "all", "text": "ana", "language": "pt-BR", "order": "last", "age": "over_7d"}
		saved := r.want(201, "POST", "/api/v1/queue/views", body)
		for k, v := range body {
			if saved[k] != v {
				t.Errorf("%s is %v, want %v", k, saved[k], v)
			}
		}
		body["shared"] = true
		d.problemOf(d.Call(t, r.token, "POST", "/api/v1/queue/views", body), 403, "role_required")
		shared := lead.want(201, "POST", "/api/v1/queue/views", body)
		if list := objects(r.want(200, "GET", "/api/v1/queue/views", nil)["views"]); len(list) != 2 || list[0]["mine"] == list[1]["mine"] {
			t.Errorf("%v", list)
		}
		d.problemOf(d.Call(t, r.token, "DELETE", "/api/v1/queue/views/"+shared["id"].(string), nil), 404, "view_not_found")
		r.want(204, "DELETE", "/api/v1/queue/views/"+saved["id"].(string), nil)
		if got := d.problemOf(d.Call(t, r.token, "POST", "/api/v1/queue/views", object{"name": " ", "view": "ended", "within": "1d"}), 422, "invalid_fields"); fmt.Sprint(got) != "[/name required /within not_a_choice]" {
			t.Errorf("%v", got)
		}
	})
}
