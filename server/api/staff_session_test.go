package api_test

import (
	"strings"
	"testing"

	"regain/accounts"
	"regain/database"
	"regain/database/databasetest"
	"regain/notify"
	"regain/server/api"
	"regain/server/servertest"
)

func TestStaffSession(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		h := servertest.Start(t, db)
		staff := h.NewStaff(t, accounts.Reviewer, accounts.Lead)
		const path = "/api/v1/staff/session"
		got := h.Call(t, "", "POST", path, map[string]string{"email": staff.Email, "password": servertest.StaffPassword})
		var in struct {
			Token string
			Staff api.StaffView
		}
		got.Into(t, &in)
		cookie := got.Header.Get("Set-Cookie")
		if got.Status != 200 || !strings.HasPrefix(in.Token, "rgn_") || in.Staff.ID != staff.ID || len(in.Staff.Roles) != 2 ||
			!strings.HasPrefix(cookie, "regain="+in.Token) || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
			t.Fatalf("%d %s %s", got.Status, got.Body, cookie)
		}
		for _, headers := range [][]string{{"Authorization", "Bearer " + in.Token}, {"Cookie", "regain=" + in.Token}} {
			var me api.StaffView
			h.Call(t, "", "GET", path, nil, headers...).Into(t, &me)
			if me.ID != staff.ID || me.Expires.IsZero() {
				t.Errorf("%v: %+v", headers[0], me)
			}
		}
		out := h.Call(t, in.Token, "DELETE", path, nil)
		if out.Status != 204 || !strings.Contains(out.Header.Get("Set-Cookie"), "Max-Age=0") {
			t.Errorf("%d %s %s", out.Status, out.Body, out.Header.Get("Set-Cookie"))
		}
		if got := h.Call(t, in.Token, "GET", path, nil); got.Problem(t).Code != "unauthenticated" {
			t.Errorf("after signing out: %s", got.Body)
		}
	})
}

func TestSignInTellsNothing(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	staff := h.NewStaff(t, accounts.Reviewer)
	var bodies []string
	for _, c := range []struct{ email, password string }{
		{staff.Email, "wrong"}, {"nobody@example.com", "wrong"}, {"no address", "wrong"},
	} {
		got := h.Call(t, "", "POST", "/api/v1/staff/session", map[string]string{"email": c.email, "password": c.password})
		p := got.Problem(t)
		if p.Status != 401 || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %s", c.email, got.Body)
		}
		bodies = append(bodies, p.Code+p.Detail)
	}
	if bodies[0] != bodies[1] || bodies[1] != bodies[2] {
		t.Errorf("the answers differ: %q", bodies)
	}
}

func TestMailboxPages(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		h := servertest.Start(t, db)
		for _, id := range []string{"one", "two", "three"} {
			err := h.Mailbox.Send(t.Context(), notify.Rendered{ID: id, Channel: notify.Email, To: "ana@example.com", Subject: id, Text: "Code <b>123456</b>", Locale: "en", Template: "code"})
			if err != nil {
				t.Fatal(err)
			}
		}
		var first, second struct {
			Letters []api.LetterView
			Next    string
		}
		h.Call(t, "", "GET", "/api/v1/dev/mailbox?limit=2&to=ana@example.com", nil).Into(t, &first)
		h.Call(t, "", "GET", "/api/v1/dev/mailbox?limit=2&before="+first.Next, nil).Into(t, &second)
		if len(first.Letters) != 2 || first.Letters[0].Subject != "three" || len(second.Letters) != 1 || second.Letters[0].Subject != "one" || second.Next != "" {
			t.Errorf("%+v, then %+v", first, second)
		}
		page := h.Call(t, "", "GET", "/dev/mailbox", nil)
		if page.Status != 200 || !strings.Contains(string(page.Body), "Code &lt;b&gt;123456") {
			t.Errorf("%d %s", page.Status, page.Body)
		}
		if one := h.Call(t, "", "GET", "/dev/mailbox/"+first.Letters[0].ID, nil); one.Status != 200 || strings.Contains(string(one.Body), ">two<") {
			t.Errorf("%d %s", one.Status, one.Body)
		}
		if none := h.Call(t, "", "GET", "/dev/mailbox/none", nil); none.Status != 404 {
			t.Errorf("%d", none.Status)
		}
	})
}
