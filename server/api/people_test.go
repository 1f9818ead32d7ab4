package api_test

import (
	"strings"
	"testing"

	"regain/accounts"
)

// TestStaffSeeNames: where staff see a colleague's id they see the name, too; customers
// see neither.
func TestStaffSeeNames(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.submitted("ana@example.com", individual())
		r := d.staffAt(c.path, accounts.Reviewer)
		r.want(200, "POST", r.path+"/claim", nil)
		r.want(201, "POST", r.path+"/messages", object{"body": "Good morning."})
		r.want(201, "POST", r.path+"/notes", object{"body": "A note."})
		r.accept()
		claim := r.show()["staff"].(object)["claim"].(object)["by"].(string)
		auditor := d.staffAt(c.path, accounts.Auditor)
		for _, path := range []string{c.path, c.path + "/events", c.path + "/messages", c.path + "/notes", "/api/v1/queue?view=all"} {
			o := auditor.want(200, "GET", path, nil)
			if path == c.path {
				o = o["staff"].(object)
			}
			people, _ := o["people"].(object)
			if len(people) != 1 || people[claim] != "Ana Lima" {
				t.Errorf("%s: %v", path, people)
			}
		}
		for _, path := range []string{c.path, c.path + "/messages"} {
			if a := d.Call(t, c.token, "GET", path, nil); a.Status != 200 || strings.Contains(string(a.Body), claim) || strings.Contains(string(a.Body), "people") {
				t.Errorf("the customer sees %s", a.Body)
			}
		}
	})
}
