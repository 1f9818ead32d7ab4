package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"regain/accounts"
	"regain/server/servertest"
)

const people = "/api/v1/people"

// signIn answers a member of staff who signs in.
func (d *desk) signIn(email, password string) servertest.Answer {
	return d.Call(d.t, "", "POST", "/api/v1/staff/session", object{"email": email, "password": password})
}

// TestPeopleOfStaff: an administrator adds a person with a password that works once, who
// chooses an own one; changes roles; and keeps the person out, whose cases go back.
func TestPeopleOfStaff(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		admin := d.staffAt("", accounts.Admin)
		if got := d.problemOf(d.Call(t, admin.token, "POST", people, object{"email": "x", "name": "", "roles": []string{"king"}}), 422, "invalid_fields"); !slices.Equal(got, []string{"/name required", "/email invalid_email", "/roles/0 unknown_role"}) {
			t.Errorf("faults %v", got)
		}
		made := admin.want(201, "POST", people, object{"email": "bea@example.com", "name": "Bea", "roles": []string{"reviewer"}})
		bea := made["person"].(object)["id"].(string)
		once := made["one_time"].(object)["password"].(string)
		d.problemOf(d.Call(t, admin.token, "POST", people, object{"email": "BEA@example.com", "name": "Bea", "roles": []string{"reviewer"}}), 409, "email_taken")
		d.problemOf(d.signIn("bea@example.com", once), 409, "own_password_needed")
		choose := func(password, chosen string) servertest.Answer {
			return d.Call(t, "", "PUT", "/api/v1/staff/password", object{"email": "bea@example.com", "password": password, "new_password": chosen})
		}
		d.problemOf(choose("wrong words here", "four plain unrelated words"), 401, "sign_in_failed")
		if got := d.problemOf(choose(once, "password1234"), 422, "invalid_fields"); !slices.Equal(got, []string{"/new_password too_common"}) {
			t.Errorf("faults %v", got)
		}
		session := d.decode(200, "the own password", choose(once, "four plain unrelated words"))
		reviewer := &caller{d: d, token: session["token"].(string)}
		d.problemOf(choose(once, "other plain unrelated words"), 401, "sign_in_failed")
		if o := reviewer.want(200, "GET", people+"/me", nil); o["id"] != bea || o["state"] != "active" || o["one_time_until"] != nil {
			t.Errorf("self: %v", o)
		}

		customer := d.submitted("ana@example.com", individual())
		held := strings.TrimPrefix(customer.path, "/api/v1/cases/")
		claim := func() {
			t.Helper()
			reviewer.path = customer.path
			reviewer.change(200, "POST", "/claim", nil)
			if o := admin.want(200, "GET", people+"/"+bea, nil); o["holds"] != 1.0 {
				t.Errorf("holds: %v", o)
			}
		}
		claim()
		if o := admin.want(200, "PUT", people+"/"+bea+"/roles", object{"roles": []string{"auditor"}}); o["given_back"] != 1.0 || fmt.Sprint(o["roles"]) != "[auditor]" {
			t.Errorf("roles: %v", o)
		}
		if o := admin.want(200, "PUT", people+"/"+bea+"/roles", object{"roles": []string{"reviewer"}}); o["given_back"] != 0.0 {
			t.Errorf("roles: %v", o)
		}
		claim()
		if o := admin.want(200, "POST", people+"/"+bea+"/disablement", nil); o["given_back"] != 1.0 || o["state"] != "disabled" {
			t.Errorf("disabled: %v", o)
		}
		lead := d.staffAt(customer.path, accounts.Lead)
		if o := lead.show(); o["state"] != "submitted" {
			t.Errorf("the case: %v", o["state"])
		}
		var releases []string
		for _, e := range objects(lead.want(200, "GET", customer.path+"/events", nil)["events"]) {
			if e["type"] == "release" {
				releases = append(releases, fmt.Sprint(e["actor"], e["data"]))
			}
		}
		if len(releases) != 2 || !strings.Contains(releases[1], "left") {
			t.Errorf("events of %s: %v", held, releases)
		}
		d.problemOf(d.Call(t, reviewer.token, "GET", people+"/me", nil), 401, "unauthenticated")
		d.problemOf(d.signIn("bea@example.com", "four plain unrelated words"), 401, "sign_in_failed")
		admin.want(200, "DELETE", people+"/"+bea+"/disablement", nil)
		again := admin.want(201, "POST", people+"/"+bea+"/one-time-password", nil)
		d.problemOf(d.signIn("bea@example.com", again["password"].(string)), 409, "own_password_needed")

		me := admin.want(200, "GET", people+"/me", nil)["id"].(string)
		for _, call := range [][2]string{{"PUT", "/roles"}, {"POST", "/disablement"}, {"POST", "/one-time-password"}} {
			var body any
			if call[0] == "PUT" {
				body = object{"roles": []string{"admin", "lead"}}
			}
			for _, who := range []string{"me", me} {
				d.problemOf(d.Call(t, admin.token, call[0], people+"/"+who+call[1], body), 409, "own_account")
			}
		}
		d.problemOf(d.Call(t, admin.token, "POST", people+"/none/disablement", nil), 404, "not_found")
		policyAuthor := d.staffAt("", accounts.PolicyAuthor)
		d.problemOf(d.Call(t, policyAuthor.token, "GET", people+"/"+bea, nil), 404, "not_found")
	})
}

// TestListOfPeople goes a page at a time and keeps who is asked for; the record tells what
// was done, to administrators and auditors alone.
func TestListOfPeople(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		admin, lead, auditor := d.staffAt("", accounts.Admin), d.staffAt("", accounts.Lead), d.staffAt("", accounts.Auditor)
		for n := range 3 {
			admin.want(201, "POST", people, object{"email": fmt.Sprintf("p%d@example.com", n), "name": fmt.Sprintf("Zoë %d", n), "roles": []string{"policy_author"}})
		}
		var names []string
		for path := people + "?limit=2&role=policy_author&state=active"; path != ""; {
			o := lead.want(200, "GET", path, nil)
			for _, p := range objects(o["people"]) {
				names = append(names, p["name"].(string))
			}
			path, _ = o["next"].(string)
		}
		for cursor := "begin"; cursor != ""; {
			o := auditor.want(200, "POST", people+"-search", object{"limit": 2, "text": "ZOË", "cursor": strings.TrimPrefix(cursor, "begin")})
			for _, p := range objects(o["people"]) {
				names = append(names, p["name"].(string))
			}
			cursor, _ = o["next"].(string)
		}
		if !slices.Equal(names, []string{"Zoë 0", "Zoë 1", "Zoë 2", "Zoë 0", "Zoë 1", "Zoë 2"}) {
			t.Errorf("listed %v", names)
		}
		for _, bad := range []string{"cursor=x", "cursor=eyJ0IjoiMjAyNi0wMS0wMVQwMDowMDowMFoiLCJpIjoieCJ9", "state=asleep", "role=king", "limit=0"} {
			if a := d.Call(t, lead.token, "GET", people+"?"+bad, nil); a.Status != 400 && a.Status != 422 {
				t.Errorf("%s: %d %s", bad, a.Status, a.Body)
			}
		}
		var kinds []string
		for path := people + "/changes?limit=2"; path != ""; {
			o := auditor.want(200, "GET", path, nil)
			for _, c := range objects(o["changes"]) {
				if name := o["people"].(object)[c["person"].(string)]; name == nil {
					t.Errorf("nobody is named in %v", c)
				}
				kinds = append(kinds, c["kind"].(string))
			}
			path, _ = o["next"].(string)
		}
		if len(kinds) != 6 || slices.ContainsFunc(kinds, func(k string) bool { return k != "added" }) {
			t.Errorf("changes %v", kinds)
		}
		d.problemOf(d.Call(t, lead.token, "GET", people+"/changes", nil), 403, "role_not_allowed")
	})
}

// TestAbsenceOfAReviewer: while somebody is away nobody gives them cases, the list of
// reviewers says so, and what they held is back in the queue.
func TestAbsenceOfAReviewer(t *testing.T) {
	onBothFromNoon(t, func(t *testing.T, d *desk) {
		customer, other := d.submitted("ana@example.com", individual()), d.submitted("eva@example.com", individual())
		ben, lead := d.staffAt(customer.path, accounts.Reviewer), d.staffAt(other.path, accounts.Lead)
		ben.change(200, "POST", "/claim", nil)
		id := ben.want(200, "GET", people+"/me", nil)["id"].(string)
		today, tomorrow := d.now().UTC(), d.now().UTC().AddDate(0, 0, 1)
		set := func(c *caller, who, from, until string) servertest.Answer {
			return d.Call(t, c.token, "POST", people+"/"+who+"/absences", object{"from": from, "until": until, "reason": "on leave"})
		}
		if got := d.problemOf(set(ben, "me", "tomorrow", "2026-02-30"), 422, "invalid_fields"); !slices.Equal(got, []string{"/from invalid_date", "/until invalid_date"}) {
			t.Errorf("faults %v", got)
		}
		if got := d.problemOf(set(ben, "me", tomorrow.Format(time.DateOnly), today.AddDate(0, 0, -1).Format(time.DateOnly)), 422, "invalid_fields"); !slices.Equal(got, []string{"/until too_early"}) {
			t.Errorf("faults %v", got)
		}
		leadID := lead.want(200, "GET", people+"/me", nil)["id"].(string)
		d.problemOf(set(ben, leadID, today.Format(time.DateOnly), tomorrow.Format(time.DateOnly)), 403, "role_required")

		o := d.decode(201, "an absence", set(lead, id, today.Format(time.DateOnly), tomorrow.Format(time.DateOnly)))
		absence := o["absence"].(object)
		if o["given_back"] != 1.0 || absence["now"] != true || absence["from"] != today.Format(time.DateOnly) || absence["until"] != tomorrow.Format(time.DateOnly) || absence["set_by"] != leadID {
			t.Errorf("set: %v", o)
		}
		d.problemOf(set(ben, "me", today.Format(time.DateOnly), today.Format(time.DateOnly)), 409, "absence_overlaps")
		if o := ben.show(); o["state"] != "submitted" {
			t.Errorf("the case is %v", o["state"])
		}
		etag := d.Call(t, ben.token, "GET", ben.path, nil).Header.Get("ETag")
		d.problemOf(d.Call(t, ben.token, "POST", ben.path+"/claim", nil, "If-Match", etag), 409, "away")
		d.problemOf(d.Call(t, ben.token, "POST", "/api/v1/queue/next", nil), 409, "away")
		d.problemOf(d.Call(t, lead.token, "POST", other.path+"/assignment", object{"to": id}), 409, "assignee_away")
		given := lead.want(200, "POST", "/api/v1/queue/assignments", object{"cases": []string{strings.TrimPrefix(other.path, "/api/v1/cases/")}, "to": id})
		if refused := objects(given["refused"]); len(refused) != 1 || refused[0]["code"] != "assignee_away" {
			t.Errorf("given: %v", given)
		}
		for _, r := range objects(lead.want(200, "GET", "/api/v1/reviewers", nil)["reviewers"]) {
			if (r["away_until"] != nil) != (r["id"] == id) {
				t.Errorf("reviewer %v", r)
			}
		}
		if list := objects(lead.want(200, "GET", people+"?state=away", nil)["people"]); len(list) != 1 || list[0]["id"] != id || list[0]["state"] != "away" {
			t.Errorf("away: %v", list)
		}
		ben.want(204, "DELETE", people+"/me/absences/"+absence["id"].(string), nil)
		d.problemOf(d.Call(t, ben.token, "DELETE", people+"/me/absences/none", nil), 404, "absence_not_found")
		ben.change(200, "POST", "/claim", nil)
	})
}
