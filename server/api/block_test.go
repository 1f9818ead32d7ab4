package api_test

import (
	"slices"
	"testing"
	"time"

	"regain/accounts"
)

// TestBlockedFiling: a lead blocks what a case holds; its reviewers see the signal with
// the other case, new cases with it are refused in the same words, and it can be lifted.
func TestBlockedFiling(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		first := d.submitted("ana@example.com", individual())
		lead, auditor := d.staffAt(first.path, accounts.Lead), d.staffAt(first.path, accounts.Auditor)
		until := time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
		d.problemOf(d.Call(t, d.staffAt("", accounts.Reviewer).token, "POST", "/api/v1/blocks", object{"kind": "account", "value": "x", "reason": "y", "expires_at": until}), 403, "role_not_allowed")
		got := d.problemOf(d.Call(t, lead.token, "POST", "/api/v1/blocks", object{"kind": "contact", "value": "nobody", "reason": "", "expires_at": "2020-01-01T00:00:00Z"}), 422, "invalid_fields")
		if want := []string{"/reason required", "/value not_a_contact", "/expires_at too_early"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		block := lead.want(201, "POST", "/api/v1/blocks", object{"kind": "contact", "value": "ANA@example.com", "reason": "Named in a fraud", "expires_at": until, "refuse": true})
		if block["hint"] != "A…@example.com" || block["created_by"] == "" {
			t.Errorf("blocked: %v", block)
		}
		holds(t, "a block", block, "ANA@example.com", "digest")

		signals := objects(auditor.show()["staff"].(object)["signals"])
		if len(signals) != 1 || signals[0]["kind"] != "blocked" || signals[0]["block"].(object)["reason"] != "Named in a fraud" {
			t.Errorf("signals: %v", signals)
		}
		holds(t, "the customer's view", first.show(), "signals", "blocked", "fraud")

		begun := (&caller{d: d}).want(201, "POST", "/api/v1/cases", object{
			"account": "another account", "enterprise": "Exemplo Ltda.", "lost": []string{"email"}, "new_email": "ana@example.com", "answers": individual(),
		})
		second := &caller{d: d, token: begun["session"].(object)["token"].(string), path: "/api/v1/cases/" + begun["case"].(object)["id"].(string)}
		asked := time.Now() // the first one's code is hardly older
		second.want(202, "POST", second.path+"/contacts/email/code", nil)
		second.want(200, "POST", second.path+"/contacts/email/verification", object{"code": d.letter("ana@example.com", codePattern, asked)})
		second.supplyAll()
		etag := d.Call(t, second.token, "GET", second.path, nil).Header.Get("ETag")
		refusal := d.Call(t, second.token, "POST", second.path+"/submission", nil, "If-Match", etag)
		d.problemOf(refusal, 409, "filing_refused")
		holds(t, "the refusal", string(refusal.Body), "block", "contact a", "fraud", "ana@")
		if o := second.show(); o["state"] != "draft" {
			t.Errorf("refused: %v", o)
		}

		list := objects(auditor.want(200, "GET", "/api/v1/blocks", nil)["blocks"])
		if len(list) != 1 || list[0]["id"] != block["id"] {
			t.Errorf("the list: %v", list)
		}
		d.problemOf(d.Call(t, auditor.token, "DELETE", "/api/v1/blocks/"+block["id"].(string), nil), 403, "role_not_allowed")
		for range 2 { // who lost the answer asks again
			lead.want(204, "DELETE", "/api/v1/blocks/"+block["id"].(string), nil, "Idempotency-Key", key(1))
		}
		d.problemOf(d.Call(t, lead.token, "DELETE", "/api/v1/blocks/"+block["id"].(string), nil), 404, "block_not_found")
		second.change(200, "POST", "/submission", nil)
		signals = objects(auditor.show()["staff"].(object)["signals"])
		if len(signals) != 1 || signals[0]["kind"] != "same_email" || signals[0]["case"].(object)["reference"] != second.show()["reference"] {
			t.Errorf("signals after the second: %v", signals)
		}
		if o := objects(lead.want(200, "GET", "/api/v1/blocks", nil)["blocks"])[0]; o["lifted_by"] == nil {
			t.Errorf("lifted: %v", o)
		}
	})
}
