package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"regain/accounts"
	"regain/internal/testdocs"
)

// member signs somebody in for an organisation that has the address.
func (d *desk) member(email string) *caller {
	d.t.Helper()
	m := &caller{d: d}
	asked := time.Now().Add(-time.Second)
	m.want(202, "POST", "/api/v1/organisation/code", object{"email": email})
	o := m.want(201, "POST", "/api/v1/organisation/session", object{"email": email, "code": d.letter(email, codePattern, asked)})
	m.token = o["token"].(string)
	return m
}

// organisation makes one through the API, with members.
func (d *desk) organisation(name string, members ...string) string {
	d.t.Helper()
	lead := d.staffAt("", accounts.Lead)
	o := lead.want(201, "POST", "/api/v1/organisations", object{"name": name})
	id := o["id"].(string)
	for _, email := range members {
		lead.want(201, "POST", "/api/v1/organisations/"+id+"/members", object{"email": email})
	}
	return id
}

// asked is a case whose reseller, at the address, owes a letter.
func (d *desk) asked(customer, reseller string) (c *caller, invitation string) {
	d.t.Helper()
	c = d.start(customer, resold())
	c.prove(customer)
	o := c.want(201, "POST", c.path+"/invitations", object{"supplier": "reseller", "organisation": "Nuvem Parceira Ltda.", "email": reseller})
	return c, o["id"].(string)
}

const owedList = "/api/v1/organisation/invitations"

func TestMemberSuppliesWhatIsOwed(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		d.organisation("Nuvem Parceira", "rui@parceira.example", "bea@parceira.example")
		c, invitation := d.asked("ana@example.com", "bea@parceira.example")
		rui := d.member("rui@parceira.example")
		if o := rui.want(200, "GET", "/api/v1/organisation", nil); o["organisation"] != "Nuvem Parceira" || o["email"] != "rui@parceira.example" {
			t.Errorf("membership %v", o)
		}
		list := objects(rui.want(200, "GET", owedList, nil)["invitations"])
		if len(list) != 1 || list[0]["state"] != "owed" || list[0]["customer"] != "Exemplo Ltda." || list[0]["id"] != invitation {
			t.Fatalf("the list: %v", list)
		}
		caseID := strings.TrimPrefix(c.path, "/api/v1/cases/")
		path := owedList + "/" + invitation
		shown := rui.want(200, "GET", path, nil)
		holds(t, "what a member sees", shown, caseID, "answers", "customer_type", "contacts", "staff", "real_name_certificate", `"ana@example.com"`)
		for n, i := range objects(shown["owed"].(object)["items"]) {
			content := testdocs.PDF(uint64(n+1), 1, "x")
			doc := d.decode(201, "a member's upload", rui.upload(path+"/items/"+i["id"].(string)+"/documents", "letter.pdf", content))
			if got := d.Call(t, rui.token, "GET", doc["download"].(string), nil); got.Status != 200 || len(got.Body) != len(content) {
				t.Errorf("download: %d", got.Status)
			}
			if letter, ok := i["letter"].(string); ok {
				if got := d.Call(t, rui.token, "GET", letter, nil); got.Status != 200 || !strings.Contains(string(got.Body), c.show()["reference"].(string)) {
					t.Errorf("letter: %d %s", got.Status, got.Body)
				}
			}
		}
		if list := objects(rui.want(200, "GET", owedList+"?limit=1", nil)["invitations"]); list[0]["state"] != "sent" {
			t.Errorf("all was sent: %v", list)
		}
		first := objects(shown["owed"].(object)["items"])[0]["id"].(string)
		bea := d.member("bea@parceira.example")
		cleared := bea.want(200, "DELETE", path+"/items/"+first+"/supply", nil)
		var deeds []string
		for _, m := range objects(cleared["history"]) {
			by, _ := m["by"].(string)
			deeds = append(deeds, m["deed"].(string)+" "+by)
		}
		if want := []string{"asked ", "sent rui@parceira.example", "sent rui@parceira.example", "removed bea@parceira.example"}; !slices.Equal(deeds, want) {
			t.Errorf("history %v", deeds)
		}
		c.want(204, "DELETE", c.path+"/invitations/"+invitation, nil)
		d.problemOf(bea.upload(path+"/items/"+first+"/documents", "a.pdf", testdocs.PDF(9, 1, "x")), 410, "invitation_ended")
		over := bea.want(200, "GET", path, nil)
		if over["owed"] != nil || over["entry"].(object)["state"] != "revoked" {
			t.Errorf("what is over shows %v", over)
		}
		if len(objects(bea.want(200, "GET", owedList+"?over=true", nil)["invitations"])) != 1 {
			t.Error("it is not in the list of what is over")
		}
		for _, elsewhere := range []string{c.path, c.path + "/messages", "/api/v1/queue", "/api/v1/invitation"} {
			d.problemOf(d.Call(t, bea.token, "GET", elsewhere, nil), 403, "role_not_allowed")
		}
	})
}

// TestOtherOrganisationsInvitations are as absent as none, in every call.
func TestOtherOrganisationsInvitations(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		d.organisation("Nuvem Parceira", "rui@parceira.example")
		other := d.organisation("Nuvem Parceira Ltda.", "eva@outra.example") // the very name that the customer typed
		c, invitation := d.asked("ana@example.com", "desk@parceira.example")
		item := c.item("authorization_letter")["id"].(string)
		rui, eva := d.member("rui@parceira.example"), d.member("eva@outra.example")
		absent := strings.Repeat("0", 8) + "-0000-7000-8000-000000000000"
		for _, m := range []*caller{rui, eva} { // desk@ is nobody's address
			if list := objects(m.want(200, "GET", owedList, nil)["invitations"]); len(list) != 0 {
				t.Errorf("a stranger's list: %v", list)
			}
			for _, call := range [][2]string{{"GET", ""}, {"DELETE", "/items/" + item + "/supply"}, {"GET", "/items/" + item + "/letter"}, {"GET", "/documents/" + item}} {
				foreign := d.Call(t, m.token, call[0], owedList+"/"+invitation+call[1], nil)
				none := d.Call(t, m.token, call[0], owedList+"/"+absent+call[1], nil)
				d.problemOf(foreign, 404, "invitation_not_found")
				if plain(string(foreign.Body)) != plain(string(none.Body)) {
					t.Errorf("%s told apart:\n%s\n%s", call, foreign.Body, none.Body)
				}
			}
			d.problemOf(m.upload(owedList+"/"+invitation+"/items/"+item+"/documents", "a.pdf", testdocs.PDF(3, 1, "x")), 404, "invitation_not_found")
		}
		// An administrator makes sure of a domain: from then on it is rui's.
		admin := d.staffAt("", accounts.Admin)
		organisations := objects(admin.want(200, "GET", "/api/v1/organisations", nil)["organisations"])
		if len(organisations) != 2 || organisations[1]["id"] != other {
			t.Fatalf("organisations by name: %v", organisations)
		}
		path := "/api/v1/organisations/" + organisations[0]["id"].(string)
		d.problemOf(d.Call(t, d.staffAt("", accounts.Lead).token, "PUT", path+"/domains", object{"domains": []string{"parceira.example"}}), 403, "role_not_allowed")
		admin.want(200, "PUT", path+"/domains", object{"domains": []string{"parceira.example"}})
		if list := objects(rui.want(200, "GET", owedList, nil)["invitations"]); len(list) != 1 {
			t.Errorf("with the domain: %v", list)
		}
		if list := objects(eva.want(200, "GET", owedList, nil)["invitations"]); len(list) != 0 {
			t.Errorf("the other's: %v", list)
		}
		// Those who keep organisations see how much is asked of each, and leads what.
		for _, o := range objects(admin.want(200, "GET", "/api/v1/organisations?text=NUVEM+parc", nil)["organisations"]) {
			if open := map[bool]float64{true: 0, false: 1}[o["id"] == other]; o["open"] != open || o["members"] != 1.0 {
				t.Errorf("kept: %v", o)
			}
		}
		if list := objects(admin.want(200, "GET", "/api/v1/organisations?text=%25", nil)["organisations"]); len(list) != 0 {
			t.Errorf("with a percent sign: %v", list)
		}
		lead := d.staffAt("", accounts.Lead)
		if list := objects(lead.want(200, "GET", path+"/invitations", nil)["invitations"]); len(list) != 1 || list[0]["id"] != invitation || list[0]["reference"] != nil || list[0]["case"] != nil {
			t.Errorf("a lead sees of a draft %v", list)
		}
		if list := objects(lead.want(200, "GET", path+"/invitations?over=true", nil)["invitations"]); len(list) != 0 {
			t.Errorf("over: %v", list)
		}
		d.problemOf(d.Call(t, admin.token, "GET", path+"/invitations", nil), 403, "role_not_allowed")
		if o := admin.want(200, "GET", path, nil); o["open"] != 1.0 {
			t.Errorf("shown: %v", o)
		}
		// The pages go on in the language that was asked for.
		d.asked("bia@example.com", "desk@parceira.example")
		page := rui.want(200, "GET", owedList+"?limit=1&locale=pt-BR", nil)
		next, _ := page["next"].(string)
		first := objects(page["invitations"])[0]["asked"]
		if list := objects(rui.want(200, "GET", next, nil)["invitations"]); len(list) != 1 || fmt.Sprint(list[0]["asked"]) != fmt.Sprint(first) {
			t.Errorf("%s: %v after %v", next, list, first)
		}
		// Whoever is removed is out at once.
		shown := admin.want(200, "GET", path, nil)
		admin.want(204, "DELETE", path+"/members/"+objects(shown["members"])[0]["id"].(string), nil)
		d.problemOf(d.Call(t, rui.token, "GET", owedList, nil), 401, "unauthenticated")
	})
}

// TestMemberCodeTellsNothing: an address that is nobody's is answered like a member's.
func TestMemberCodeTellsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		d.organisation("Nuvem Parceira", "rui@parceira.example")
		for _, step := range []struct {
			method, path string
			body         func(email string) object
		}{
			{"POST", "/api/v1/organisation/code", func(email string) object { return object{"email": email} }},
			{"POST", "/api/v1/organisation/code", func(email string) object { return object{"email": email} }}, // too early
			{"POST", "/api/v1/organisation/session", func(email string) object { return object{"email": email, "code": "not it"} }},
		} {
			known, unknown := d.Call(t, "", step.method, step.path, step.body("rui@parceira.example")), d.Call(t, "", step.method, step.path, step.body("eva@parceira.example"))
			if known.Status != unknown.Status || plain(string(known.Body)) != plain(string(unknown.Body)) {
				t.Errorf("%s: %d %s\n%d %s", step.path, known.Status, known.Body, unknown.Status, unknown.Body)
			}
		}
		d.problemOf(d.Call(t, "", "POST", "/api/v1/organisation/code", object{"email": "no address"}), 422, "invalid_fields")
	})
}
