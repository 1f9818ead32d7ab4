package api_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"regain/accounts"
	"regain/rules"
	"regain/server/servertest"
)

// registrar lets cases be filed under a policy with facts that no customer is asked,
// and a proof by placing a token.
func (d *desk) registrar() {
	d.t.Helper()
	bundle, err := rules.ReadBundle(os.DirFS(filepath.Join(servertest.Root(), "rules", "testdata")), "domains.yaml")
	if err != nil {
		d.t.Fatal(err)
	}
	policy, err := rules.Compile(bundle)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.Policies.Register(d.t.Context(), policy); err != nil {
		d.t.Fatal(err)
	}
}

// dutch is a person who controls the DNS of the domain.
func dutch() object {
	return object{
		"purposes": []string{"second_factor"}, "email_works": true, "holder_type": "individual", "requester": "holder", "holder_country": "NL", "dns_access": "full",
	}
}

func (d *desk) startDomain(answers object) (*caller, servertest.Answer) {
	d.t.Helper()
	a := d.Call(d.t, "", "POST", "/api/v1/cases", object{
		"policy": "domain-holder", "account": "example.nl", "lost": []string{"email"}, "new_email": "ana@example.com", "answers": answers,
	})
	if a.Status != 201 {
		return nil, a
	}
	o := d.decode(201, "start", a)
	return &caller{d: d, token: o["session"].(object)["token"].(string), path: "/api/v1/cases/" + o["case"].(object)["id"].(string)}, a
}

// TestFactsThatAreNotTheCustomers are as unknown to a customer as any misspelt question,
// and never shown, even after staff have answered them.
func TestFactsThatAreNotTheCustomers(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		d.registrar()
		unknown := func(fact string, value any) string {
			answers := dutch()
			answers[fact] = value
			_, started := d.startDomain(answers)
			decided := d.Call(t, "", "POST", "/api/v1/decisions", object{"policy": "domain-holder", "answers": answers})
			for _, a := range []servertest.Answer{started, decided} {
				if got := d.problemOf(a, 422, "invalid_fields"); !slices.Equal(got, []string{"/answers/" + fact + " unknown_fact"}) {
					t.Errorf("%s: %v", fact, got)
				}
			}
			return decided.Problem(t).Errors[0].Message + started.Problem(t).Errors[0].Message
		}
		want := unknown("nonsense", 5)
		for _, fact := range []string{"risk", "disputed", "riskk", "dispute"} { // right and nearly right
			if got := unknown(fact, 5); got != want {
				t.Errorf("%s: %q, nonsense: %q", fact, got, want)
			}
		}
		c, _ := d.startDomain(dutch())
		etag := d.Call(t, c.token, "GET", c.path, nil).Header.Get("ETag")
		a := d.Call(t, c.token, "PATCH", c.path, object{"answers": object{"risk": "usual"}}, "If-Match", etag)
		if got := d.problemOf(a, 422, "invalid_fields"); !slices.Equal(got, []string{"/answers/risk unknown_fact"}) {
			t.Errorf("%v", got)
		}
		o := c.show()
		if o["decision"].(object)["next"] != nil {
			t.Errorf("the customer is asked %v", o["decision"].(object)["next"])
		}
		holds(t, "the customer's view", o, "risk", "disputed")

		r := d.withRisk(c)
		o = r.show()
		if o["answers"].(object)["risk"] != "usual" || o["decision"].(object)["complete"] != true {
			t.Errorf("staff see %v", o["answers"])
		}
		holds(t, "the customer's view after staff have answered", c.show(), "risk", "disputed", "Looked up")
	})
}

// withRisk submits the case and has a reviewer answer what the customer is not asked;
// only then the policy can tell what is needed.
func (d *desk) withRisk(c *caller) (reviewer *caller) {
	d.t.Helper()
	c.prove("ana@example.com")
	c.change(200, "POST", "/submission", nil)
	r := d.staffAt(c.path, accounts.Reviewer)
	r.want(200, "POST", c.path+"/claim", nil)
	r.change(200, "POST", "/corrections", object{"answers": object{"risk": "usual", "disputed": false}, "reason": "Looked up."})
	return r
}

func TestProofByToken(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		d.registrar()
		c, _ := d.startDomain(dutch())
		r := d.withRisk(c)
		proof := r.item("dns_token")
		path := c.path + "/items/" + proof["id"].(string) + "/placement"
		d.problemOf(d.Call(t, c.token, "PUT", path, object{"where": "example.nl"}), 409, "wrong_state")
		r.change(200, "POST", "/requests", object{"asks": []object{{"item": proof["id"]}}, "words": "Please place the token."})

		shown := c.item("dns_token")["proof"].(object)
		if shown["by"] != "dns_txt" || !strings.HasPrefix(shown["token"].(string), "regain-") {
			t.Errorf("%v", shown)
		}
		if got := d.problemOf(d.Call(t, c.token, "PUT", path, object{"where": ""}), 422, "invalid_fields"); !slices.Equal(got, []string{"/where required"}) {
			t.Errorf("%v", got)
		}
		c.want(200, "PUT", path, object{"where": "example.nl"})
		i := c.item("dns_token")
		if i["supply"] != "provided" || i["statement"].(object)["where"] != "example.nl" || i["proof"].(object)["token"] != shown["token"] {
			t.Errorf("%v", i)
		}
	})
}
