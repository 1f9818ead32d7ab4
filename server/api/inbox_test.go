package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"regain/accounts"
	"regain/internal/testdocs"
)

// told are the entries of the caller's inbox, as "why event".
func (c *caller) told() []string {
	c.d.t.Helper()
	var out []string
	for _, e := range objects(c.want(200, "GET", "/api/v1/inbox", nil)["entries"]) {
		out = append(out, fmt.Sprint(e["why"], " ", e["event"]))
	}
	return out
}

func (d *desk) colleague(path string, roles ...accounts.Role) (*caller, string) {
	d.t.Helper()
	who := d.NewStaff(d.t, roles...)
	token, err := d.Accounts.OpenSession(d.t.Context(), accounts.StaffMember, who.ID, 0)
	if err != nil {
		d.t.Fatal(err)
	}
	return &caller{d: d, token: token, path: path}, who.ID
}

// TestMentionsAndInbox: a note mentions colleagues by their ids; they are told, read it a
// page at a time, and choose how they want to be told. Whoever is nobody, or sees no
// cases, can't be mentioned.
func TestMentionsAndInbox(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.submitted("ana@example.com", individual())
		ben, benID := d.colleague(c.path, accounts.Reviewer)
		eva, evaID := d.colleague(c.path, accounts.Auditor)
		_, authorID := d.colleague(c.path, accounts.PolicyAuthor)
		var known []string
		for _, p := range objects(ben.want(200, "GET", "/api/v1/colleagues", nil)["colleagues"]) {
			known = append(known, fmt.Sprint(p["id"]))
		}
		if all := strings.Join(known, " "); !strings.Contains(all, evaID) || !strings.Contains(all, benID) || strings.Contains(all, authorID) {
			t.Errorf("colleagues: %v", known)
		}

		note := ben.want(201, "POST", c.path+"/notes", object{"body": "Odd stamp", "mentions": []string{evaID}})
		if got := fmt.Sprint(note["mentions"]); got != "["+evaID+"]" {
			t.Errorf("mentions: %s", got)
		}
		for _, bad := range []string{"nobody", authorID, ""} {
			got := d.problemOf(d.Call(t, ben.token, "POST", c.path+"/notes", object{"body": "x", "mentions": []string{evaID, bad}}), 422, "invalid_fields")
			if len(got) != 1 || got[0] != "/mentions/1 no_such_person" {
				t.Errorf("%q: %v", bad, got)
			}
		}
		notes := eva.want(200, "GET", c.path+"/notes", nil)
		if list := objects(notes["messages"]); len(list) != 1 || fmt.Sprint(list[0]["mentions"]) != "["+evaID+"]" || notes["people"].(object)[evaID] == nil {
			t.Errorf("the notes: %v", notes)
		}

		inbox := eva.want(200, "GET", "/api/v1/inbox?unread=true", nil)
		entry := objects(inbox["entries"])[0]
		if inbox["unread"] != 1.0 || entry["by"] != benID || entry["message"].(object)["excerpt"] != "Odd stamp" || inbox["people"].(object)[benID] != "Ana Lima" || !strings.HasSuffix(c.path, entry["case"].(object)["id"].(string)) {
			t.Errorf("the inbox: %v", inbox)
		}
		eva.want(204, "POST", "/api/v1/inbox/read", object{"until": "0000-01-01T00:00:00Z"}) // before everything
		if got := eva.want(200, "GET", "/api/v1/inbox?unread=true", nil); got["unread"] != 1.0 {
			t.Errorf("the inbox: %v", got)
		}
		eva.want(204, "POST", "/api/v1/inbox/"+entry["id"].(string)+"/read", nil)
		d.problemOf(d.Call(t, ben.token, "POST", "/api/v1/inbox/"+entry["id"].(string)+"/read", nil), 404, "notice_not_found")
		if inbox = eva.want(200, "GET", "/api/v1/inbox?unread=true", nil); inbox["unread"] != 0.0 || len(objects(inbox["entries"])) != 0 {
			t.Errorf("after reading: %v", inbox)
		}

		followers := ben.want(200, "GET", c.path+"/followers", nil)
		if list := objects(followers["followers"]); followers["following"] != false || len(list) != 1 || list[0]["id"] != evaID {
			t.Errorf("followers: %v", followers)
		}
		ben.want(204, "PUT", c.path+"/followers", nil)
		ben.want(204, "PUT", c.path+"/followers", nil)
		for n := range 3 {
			c.want(201, "POST", c.path+"/messages", object{"body": fmt.Sprintf("Message %d", n)})
		}
		page := ben.want(200, "GET", "/api/v1/inbox?limit=2", nil)
		rest := ben.want(200, "GET", page["next"].(string), nil)
		if len(objects(page["entries"])) != 2 || len(objects(rest["entries"])) != 1 || rest["next"] != nil {
			t.Errorf("pages: %v %v", page, rest)
		}
		if got := objects(ben.want(200, "GET", "/api/v1/queue?view=followed", nil)["cases"]); len(got) != 1 {
			t.Errorf("followed: %v", got)
		}
		newest := objects(page["entries"])[0]
		ben.want(204, "POST", "/api/v1/inbox/read", object{"until": objects(page["entries"])[1]["at"]})
		if seen := ben.want(200, "POST", c.path+"/presence", nil); seen["unread"] != 0.0 { // the case that is looked at has no news
			t.Errorf("presence: %v", seen)
		}
		if got := ben.want(200, "GET", "/api/v1/inbox", nil); objects(got["entries"])[0]["id"] != newest["id"] || got["unread"] != 0.0 {
			t.Errorf("after a look: %v", got)
		}
		ben.want(204, "DELETE", c.path+"/followers", nil)
		c.want(201, "POST", c.path+"/messages", object{"body": "Unheard"})
		if got := ben.told(); len(got) != 3 {
			t.Errorf("told: %v", got)
		}

		if got := eva.want(200, "GET", "/api/v1/inbox/choices", nil); got["mail"] != true || got["follow"] != true {
			t.Errorf("choices: %v", got)
		}
		eva.want(200, "PUT", "/api/v1/inbox/choices", object{"mail": false, "follow": true})
		if got := eva.want(200, "GET", "/api/v1/inbox/choices", nil); got["mail"] != false || got["follow"] != true {
			t.Errorf("choices: %v", got)
		}
		key, _ := d.NewKey(t, accounts.Scopes()...)
		for _, path := range []string{"/api/v1/inbox", "/api/v1/inbox/choices", c.path + "/followers"} {
			d.problemOf(d.Call(t, key, "GET", path, nil), 403, "people_only")
			d.problemOf(d.Call(t, c.token, "GET", path, nil), 403, "role_not_allowed")
		}
		d.problemOf(d.Call(t, ben.token, "GET", "/api/v1/inbox?cursor=x", nil), 400, "cursor_unknown")
	})
}

// TestNotesStayInside: whatever a customer, an invited partner, or anybody without a
// session reads of a case, it is nothing of its notes, nor of whom they mention.
func TestNotesStayInside(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		const secret = "the-stamp-is-pasted"
		c, partner, _ := d.invited()
		for n, i := range objects(partner.want(200, "GET", "/api/v1/invitation", nil)["items"]) {
			d.decode(201, "partner's upload", partner.upload("/api/v1/invitation/items/"+i["id"].(string)+"/documents", "letter.pdf", testdocs.PDF(uint64(n+1), 1, "x")))
		}
		c.supplyAll()
		c.change(200, "POST", "/submission", nil)
		ben, _ := d.colleague(c.path, accounts.Reviewer)
		_, evaID := d.colleague(c.path, accounts.Lead)
		ben.want(201, "POST", c.path+"/notes", object{"body": secret, "mentions": []string{evaID}})
		ben.want(200, "POST", c.path+"/claim", nil)
		read := 0
		for _, r := range d.Server.Routes() {
			if r.Method != "GET" || r.Path == "/metrics" {
				continue
			}
			path := strings.ReplaceAll(r.Path, "/api/v1/cases/{case}", c.path)
			path = strings.ReplaceAll(path, "{case}", strings.TrimPrefix(c.path, "/api/v1/cases/"))
			path = fillPath(path)
			for who, token := range map[string]string{"the customer": c.token, "the partner": partner.token, "nobody": ""} {
				got := d.Call(t, token, "GET", path, nil)
				read++
				if strings.Contains(string(got.Body), secret) || strings.Contains(string(got.Body), evaID) {
					t.Errorf("%s reads %s at %s", who, secret, path)
				}
			}
		}
		if read < 100 {
			t.Errorf("only %d pages and calls were read", read)
		}
		if list := objects(ben.want(200, "GET", c.path+"/notes", nil)["messages"]); len(list) != 1 || list[0]["body"] != secret {
			t.Errorf("its reviewer reads %v", list)
		}
		d.problemOf(d.Call(t, c.token, "GET", c.path+"/notes", nil), 403, "role_not_allowed")
		d.problemOf(d.Call(t, partner.token, "GET", c.path+"/notes", nil), 403, "role_not_allowed")
	})
}

// TestWhoLeftFollowsNothing: whoever sees no cases any more follows none from then on, and is
// told nothing; an auditor, who holds no cases either, goes on.
func TestWhoLeftFollowsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.submitted("ana@example.com", individual())
		admin := d.staffAt("", accounts.Admin)
		follows := func(path string) (names []string) {
			t.Helper()
			for _, f := range objects(d.staffAt(path, accounts.Lead).want(200, "GET", path+"/followers", nil)["followers"]) {
				names = append(names, f["id"].(string))
			}
			return names
		}
		var ids []string
		for _, role := range []accounts.Role{accounts.Reviewer, accounts.Reviewer, accounts.Reviewer, accounts.Auditor} {
			who := d.staffAt(c.path, role)
			who.want(204, "PUT", c.path+"/followers", nil)
			ids = append(ids, who.want(200, "GET", "/api/v1/people/me", nil)["id"].(string))
		}
		admin.want(200, "POST", "/api/v1/people/"+ids[0]+"/disablement", nil)
		admin.want(200, "PUT", "/api/v1/people/"+ids[1]+"/roles", object{"roles": []string{"policy_author"}})
		if got := follows(c.path); !slices.Equal(got, ids[2:]) {
			t.Errorf("followed by %v, want %v", got, ids[2:])
		}
		// Who left without this server's knowledge is found later.
		if err := d.Accounts.DisableStaff(t.Context(), accounts.Operator(), ids[2]); err != nil {
			t.Fatal(err)
		}
		if err := d.Cases.PurgeNotices(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := follows(c.path); !slices.Equal(got, ids[3:]) {
			t.Errorf("followed by %v, want %v", got, ids[3:])
		}
		d.staffAt(c.path, accounts.Reviewer).change(200, "POST", "/claim", nil)
		c.want(201, "POST", c.path+"/messages", object{"body": "Is there any news?"})
		for n, id := range ids {
			told, err := d.DB.NewSelect().Table("notices").Where("staff_id = ?", id).Count(t.Context())
			if err != nil || told > 0 != (n == 3) {
				t.Errorf("person %d was told %d times, %v", n, told, err)
			}
		}
	})
}
