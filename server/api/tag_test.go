package api_test

import (
	"fmt"
	"strings"
	"testing"

	"regain/accounts"
)

func names(tags any) string {
	var out []string
	for _, t := range objects(tags) {
		out = append(out, t["name"].(string))
	}
	return strings.Join(out, ", ")
}

// TestTags: tags are given to one case and to several, found by, undone, and kept in
// order by a lead; an auditor sees them, and their customer does not.
func TestTags(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		var all []*caller
		var ids []string
		for n := range 3 {
			c := d.submitted(fmt.Sprintf("c%d@example.com", n), individual())
			all, ids = append(all, c), append(ids, strings.TrimPrefix(c.path, "/api/v1/cases/"))
		}
		lead, r, auditor := d.staffAt(all[0].path, accounts.Lead), d.staffAt(all[0].path, accounts.Reviewer), d.staffAt(all[0].path, accounts.Auditor)
		etag := d.Call(t, r.token, "GET", r.path, nil).Header.Get("ETag")
		o := r.want(200, "POST", r.path+"/tags", object{"add": []string{" Heirs ", "fraud desk"}})
		if got := names(o["staff"].(object)["tags"]); got != "fraud desk, heirs" {
			t.Errorf("tags: %s", got)
		}
		if now := d.Call(t, r.token, "GET", r.path, nil).Header.Get("ETag"); now != etag {
			t.Errorf("a tag moved the version from %s to %s", etag, now)
		}
		if got := names(auditor.show()["staff"].(object)["tags"]); got != "fraud desk, heirs" {
			t.Errorf("the auditor sees %s", got)
		}
		holds(t, "the customer's view", all[0].show(), "heirs", "tags", "snooze")
		d.problemOf(d.Call(t, auditor.token, "POST", r.path+"/tags", object{"add": []string{"x1"}}), 403, "role_not_allowed")
		d.problemOf(d.Call(t, all[0].token, "POST", r.path+"/tags", object{"add": []string{"x1"}}), 403, "role_not_allowed")
		if got := d.problemOf(d.Call(t, r.token, "POST", r.path+"/tags", object{"add": []string{"ok", "<b>"}}), 422, "invalid_fields"); fmt.Sprint(got) != "[/add/1 not_a_tag]" {
			t.Errorf("%v", got)
		}

		act := r.want(200, "POST", "/api/v1/queue/tags", object{"cases": append(ids, "0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2"), "add": []string{"heirs"}})
		if len(act["done"].([]any)) != 2 || len(act["unchanged"].([]any)) != 1 || objects(act["refused"])[0]["code"] != "case_not_found" {
			t.Errorf("%v", act)
		}
		list := objects(r.want(200, "GET", "/api/v1/tags?limit=1", nil)["tags"])
		heirs := objects(r.want(200, "GET", r.want(200, "GET", "/api/v1/tags?limit=1", nil)["next"].(string), nil)["tags"])[0]
		if len(list) != 1 || list[0]["name"] != "fraud desk" || heirs["name"] != "heirs" || heirs["cases"] != 3.0 {
			t.Errorf("%v, then %v", list, heirs)
		}
		id := heirs["id"].(string)
		found := func(query string) int { return len(objects(r.want(200, "GET", "/api/v1/queue?"+query, nil)["cases"])) }
		if n := found("view=all&tag=" + id); n != 3 {
			t.Errorf("%d cases of the tag", n)
		}
		page := r.want(200, "GET", "/api/v1/queue?view=unassigned&limit=2&tag="+id, nil)
		if next := r.want(200, "GET", page["next"].(string), nil); len(objects(next["cases"])) != 1 || names(objects(next["cases"])[0]["tags"]) != "heirs" {
			t.Errorf("the next page of the tag: %v", next)
		}
		if got := objects(r.want(200, "POST", "/api/v1/queue/search", object{"text": "c1@example.com", "tag": id})["cases"]); len(got) != 1 {
			t.Errorf("searched: %v", got)
		}
		if saved := r.want(201, "POST", "/api/v1/queue/views", object{"name": "Heirs", "view": "all", "tag": id}); saved["tag"] != id {
			t.Errorf("saved: %v", saved)
		}
		both := id + "," + list[0]["id"].(string)
		if saved := r.want(201, "POST", "/api/v1/queue/views", object{"name": "Both", "view": "all", "tag": both}); saved["tag"] != both || found("view=all&tag="+both) != found("view=all&tag="+list[0]["id"].(string)) {
			t.Errorf("with both tags: %v, %d", saved, found("view=all&tag="+both))
		}
		if got := d.problemOf(d.Call(t, r.token, "GET", "/api/v1/queue?view=all&tag=1,2,3,4,5,6", nil), 422, "invalid_fields"); fmt.Sprint(got) != "[query.tag wrong_number]" {
			t.Errorf("too many tags: %v", got)
		}
		d.problemOf(d.Call(t, lead.token, "POST", "/api/v1/queue/tags/"+act["id"].(string)+"/undo", nil), 404, "bulk_act_not_found")
		undone := r.want(200, "POST", "/api/v1/queue/tags/"+act["id"].(string)+"/undo", nil)
		if len(undone["done"].([]any)) != 2 || undone["undo_until"] != nil || found("view=all&tag="+id) != 1 {
			t.Errorf("undone: %v", undone)
		}

		d.problemOf(d.Call(t, r.token, "PUT", "/api/v1/tags/"+id+"/name", object{"name": "x1"}), 403, "role_not_allowed")
		d.problemOf(d.Call(t, lead.token, "PUT", "/api/v1/tags/"+id+"/name", object{"name": "Fraud Desk"}), 409, "tag_exists")
		if renamed := lead.want(200, "PUT", "/api/v1/tags/"+id+"/name", object{"name": "Inheritance"}); renamed["name"] != "inheritance" {
			t.Errorf("renamed: %v", renamed)
		}
		fraud := list[0]["id"].(string)
		if got := d.problemOf(d.Call(t, lead.token, "POST", "/api/v1/tags/"+fraud+"/merger", object{"into": fraud}), 422, "invalid_fields"); fmt.Sprint(got) != "[/into not_a_choice]" {
			t.Errorf("%v", got)
		}
		lead.want(200, "POST", "/api/v1/tags/"+fraud+"/merger", object{"into": id})
		if got := names(r.show()["staff"].(object)["tags"]); got != "inheritance" {
			t.Errorf("merged: %s", got)
		}
		d.problemOf(d.Call(t, lead.token, "PUT", "/api/v1/tags/"+fraud+"/retired", object{"retired": true}), 404, "tag_not_found")
		if retired := lead.want(200, "PUT", "/api/v1/tags/"+id+"/retired", object{"retired": true}); retired["retired"] != true {
			t.Errorf("retired: %v", retired)
		}
		if got := d.problemOf(d.Call(t, r.token, "POST", all[1].path+"/tags", object{"add": []string{"inheritance"}}), 422, "invalid_fields"); fmt.Sprint(got) != "[/add/0 tag_retired]" {
			t.Errorf("%v", got)
		}
		d.problemOf(d.Call(t, r.token, "GET", "/api/v1/tags?cursor=x", nil), 400, "cursor_unknown")
	})
}
