package api_test

import (
	"fmt"
	"testing"
	"time"

	"regain/accounts"
)

// TestSnooze: a case is put away with its version, is in the view for those, and comes
// back when somebody wakes it or its customer writes.
func TestSnooze(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.submitted("ana@example.com", individual())
		r, auditor := d.staffAt(c.path, accounts.Reviewer), d.staffAt(c.path, accounts.Auditor)
		me := r.want(200, "GET", "/api/v1/staff/session", nil)["id"]
		d.problemOf(d.Call(t, r.token, "PUT", r.path+"/snooze", object{"preset": "in_a_week"}), 428, "if_match_required")
		d.problemOf(d.Call(t, r.token, "PUT", r.path+"/snooze", object{"preset": "in_a_week"}, "If-Match", `"1"`), 412, "case_changed")
		d.problemOf(d.Call(t, auditor.token, "PUT", r.path+"/snooze", object{"preset": "in_a_week"}), 403, "role_not_allowed")
		etag := d.Call(t, r.token, "GET", r.path, nil).Header.Get("ETag")
		for _, e := range []struct {
			body any
			want string
		}{
			{object{}, "[/until one_of]"}, {object{"preset": "soon"}, "[/preset not_a_choice]"}, {object{"day": "x"}, "[/day not_a_date]"},
			{object{"until": time.Now().Add(-time.Hour).UTC()}, "[/until too_early]"}, {object{"until": time.Now().AddDate(1, 0, 0).UTC()}, "[/until too_late]"},
		} {
			if got := d.problemOf(d.Call(t, r.token, "PUT", r.path+"/snooze", e.body, "If-Match", etag), 422, "invalid_fields"); fmt.Sprint(got) != e.want {
				t.Errorf("%v: %v, want %s", e.body, got, e.want)
			}
		}
		o := r.change(200, "PUT", "/snooze", object{"preset": "in_a_week", "note": "The bank needs a week."})
		snooze := o["staff"].(object)["snooze"].(object)
		if snooze["by"] != me || snooze["beyond_due"] != true || o["staff"].(object)["people"].(object)[me.(string)] == nil {
			t.Errorf("%v", o["staff"])
		}
		holds(t, "the customer's view", c.show(), "snooze", "needs a week")
		counts := r.want(200, "GET", "/api/v1/queue/counts", nil)["counts"].(object)
		if counts["snoozed"] != 1.0 || counts["unassigned"] != 0.0 {
			t.Errorf("%v", counts)
		}
		d.problemOf(d.Call(t, r.token, "POST", "/api/v1/queue/next", nil), 404, "queue_empty")
		list := r.want(200, "GET", "/api/v1/queue?view=snoozed", nil)
		if entry := objects(list["cases"]); len(entry) != 1 || entry[0]["snooze"].(object)["by"] != me || list["people"].(object)[me.(string)] == nil {
			t.Errorf("%v", list)
		}
		r.change(200, "DELETE", "/snooze", nil)
		etag = d.Call(t, r.token, "GET", r.path, nil).Header.Get("ETag")
		d.problemOf(d.Call(t, r.token, "DELETE", r.path+"/snooze", nil, "If-Match", etag), 409, "not_snoozed")
		r.change(200, "PUT", "/snooze", object{"day": time.Now().AddDate(0, 0, 30).UTC().Format(time.DateOnly)})
		c.want(201, "POST", c.path+"/messages", object{"body": "Here it is."})
		if got := r.show()["staff"].(object)["snooze"]; got != nil {
			t.Errorf("its customer wrote, and it is away: %v", got)
		}
	})
}
