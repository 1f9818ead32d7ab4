package api_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"regain/internal/testdocs"
)

// invited is a case with its reseller, who has just come in by the link.
func (d *desk) invited() (c, partner *caller, token string) {
	d.t.Helper()
	c = d.start("ana@example.com", resold())
	c.prove("ana@example.com")
	asked := time.Now().Add(-time.Second)
	c.want(201, "POST", c.path+"/invitations", object{"supplier": "reseller", "organisation": "Nuvem Parceira Ltda.", "email": "ops@parceira.example"})
	token = d.letter("ops@parceira.example", linkPattern, asked)
	partner = &caller{d: d}
	o := partner.want(201, "POST", "/api/v1/invitations/session", object{"token": token})
	partner.token = o["session"].(object)["token"].(string)
	return c, partner, token
}

func TestPartnerSuppliesWhatIsOwed(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c, partner, _ := d.invited()
		owed := partner.want(200, "GET", "/api/v1/invitation", nil)
		if owed["reference"] != c.show()["reference"] || owed["supplier"] != "reseller" {
			t.Errorf("%v", owed)
		}
		caseID := strings.TrimPrefix(c.path, "/api/v1/cases/")
		holds(t, "what a partner sees", owed, caseID, "answers", "customer_type", "contacts", "staff", "real_name_certificate", `"ana@example.com"`)
		var names []string
		for n, i := range objects(owed["items"]) {
			names = append(names, i["requirement"].(string))
			name, content := "letter.pdf", testdocs.PDF(uint64(n+1), 1, "x")
			a := partner.upload("/api/v1/invitation/items/"+i["id"].(string)+"/documents", name, content)
			doc := d.decode(201, "partner's upload", a)
			holds(t, "the partner's document", doc, caseID)
			if got := d.Call(t, partner.token, "GET", doc["download"].(string), nil); got.Status != 200 || len(got.Body) != len(content) {
				t.Errorf("download: %d", got.Status)
			}
			if letter, ok := i["letter"].(string); ok {
				if got := d.Call(t, partner.token, "GET", letter, nil); got.Status != 200 || !strings.Contains(string(got.Body), owed["reference"].(string)) {
					t.Errorf("letter: %d %s", got.Status, got.Body)
				}
			}
		}
		slices.Sort(names)
		if !slices.Contains(names, "partner_consent") || !slices.Contains(names, "authorization_letter") {
			t.Errorf("owed: %v", names)
		}
		if i := c.item("partner_consent"); i["supply"] != "provided" || objects(i["documents"])[0]["from"] != "partner" {
			t.Errorf("the customer sees %v", i)
		}
		first := objects(owed["items"])[0]["id"].(string)
		cleared := partner.want(200, "DELETE", "/api/v1/invitation/items/"+first+"/supply", nil)
		if objects(cleared["items"])[0]["supply"] != "missing" {
			t.Errorf("%v", cleared)
		}
		mine := c.item("real_name_certificate")["id"].(string)
		d.problemOf(partner.upload("/api/v1/invitation/items/"+mine+"/documents", "a.pdf", testdocs.PDF(77, 1, "x")), 404, "item_not_found")
		for _, path := range []string{c.path, c.path + "/messages", "/api/v1/queue"} {
			d.problemOf(d.Call(t, partner.token, "GET", path, nil), 403, "role_not_allowed")
		}
	})
}

// TestInvitationTokenWorksOnce, whatever is fetched with GET before.
func TestInvitationTokenWorksOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		_, _, token := d.invited()
		used := d.Call(t, "", "POST", "/api/v1/invitations/session", object{"token": token})
		d.problemOf(used, 404, "invitation_invalid")
		unknown := d.Call(t, "", "POST", "/api/v1/invitations/session", object{"token": strings.Repeat("x", 43)})
		if plain(string(used.Body)) != plain(string(unknown.Body)) {
			t.Errorf("%s\n%s", used.Body, unknown.Body)
		}
		if got := d.Call(t, "", "GET", "/api/v1/invitations/session?token="+token, nil); got.Status != 405 {
			t.Errorf("GET: %d %s", got.Status, got.Body)
		}
	})
}

func TestExpiredInvitation(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c, partner, _ := d.invited()
		asked := time.Now()
		c.want(201, "POST", c.path+"/invitations", object{"supplier": "reseller", "organisation": "Another", "email": "late@parceira.example"})
		token := d.letter("late@parceira.example", linkPattern, asked.Add(-time.Second))
		if _, err := d.DB.ExecContext(t.Context(), "UPDATE invitations SET expires_at = ?", time.Now().UTC().Add(-time.Second)); err != nil {
			t.Fatal(err)
		}
		d.problemOf(d.Call(t, "", "POST", "/api/v1/invitations/session", object{"token": token}), 410, "invitation_expired")
		d.problemOf(d.Call(t, partner.token, "GET", "/api/v1/invitation", nil), 404, "case_not_found") // and what was opened ends with it
	})
}

func TestRevokedInvitation(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c, partner, _ := d.invited()
		list := objects(c.want(200, "GET", c.path+"/invitations", nil)["invitations"])
		if len(list) != 1 || list[0]["opened_at"] == nil {
			t.Fatalf("%v", list)
		}
		holds(t, "the list of invitations", list, "token")
		c.want(204, "DELETE", c.path+"/invitations/"+list[0]["id"].(string), nil)
		d.problemOf(d.Call(t, partner.token, "GET", "/api/v1/invitation", nil), 404, "case_not_found")
		d.problemOf(d.Call(t, c.token, "DELETE", c.path+"/invitations/"+list[0]["id"].(string), nil), 404, "invitation_not_found")
	})
}

func TestBadInvitation(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.start("ana@example.com", resold())
		c.prove("ana@example.com")
		for _, e := range []struct {
			body object
			want []string
		}{
			{object{"supplier": "reseller", "organisation": " ", "email": "nobody"}, []string{"/organisation required", "/email not_an_email"}},
			{object{"supplier": "partner", "organisation": "Nuvem", "email": "a@b.example"}, []string{"/supplier nothing_owed"}},
			{object{"supplier": "friend", "organisation": "Nuvem", "email": "a@b.example"}, []string{"/supplier not_a_choice"}},
		} {
			a := d.Call(t, c.token, "POST", c.path+"/invitations", e.body)
			if got := d.problemOf(a, 422, "invalid_fields"); !slices.Equal(got, e.want) {
				t.Errorf("%v, want %v", got, e.want)
			}
		}
	})
}
