package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"regain/accounts"
)

// TestActsAreOnRecord: whatever staff do to organisations, keys, webhooks, tags and blocks
// has its sealed line, which says who did it to what; what changes nothing has none.
func TestActsAreOnRecord(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		customer := d.submitted("ana@example.com", individual())
		admin, lead, auditor := d.staffAt("", accounts.Admin), d.staffAt(customer.path, accounts.Lead), d.staffAt("", accounts.Auditor)

		firm := "/api/v1/organisations/" + lead.want(201, "POST", "/api/v1/organisations", object{"name": "Nuvem"})["id"].(string)
		rui := lead.want(201, "POST", firm+"/members", object{"email": "rui@parceira.example"})["id"].(string)
		for range 2 {
			admin.want(200, "PUT", firm+"/domains", object{"domains": []string{"parceira.example"}})
		}
		lead.want(204, "DELETE", firm+"/members/"+rui, nil)
		admin.want(200, "PUT", firm+"/domains", object{"domains": []string{}})

		key := admin.want(201, "POST", "/api/v1/api-keys", object{"name": "Ticket system", "scopes": []string{"cases:read"}})["key"].(object)["id"].(string)
		for range 2 {
			admin.want(204, "DELETE", "/api/v1/api-keys/"+key, nil)
		}

		input := object{"url": "https://hooks.example.com/a-secret", "types": []string{"*"}}
		hook := "/api/v1/webhooks/" + admin.want(201, "POST", "/api/v1/webhooks", input)["webhook"].(object)["id"].(string)
		admin.want(200, "PUT", hook, input)
		admin.want(200, "PUT", hook+"/enabled", object{"enabled": false})
		admin.want(200, "PUT", hook+"/enabled", object{"enabled": true})
		admin.want(200, "POST", hook+"/secret", nil)
		admin.want(204, "DELETE", hook, nil)

		lead.want(200, "POST", customer.path+"/tags", object{"add": []string{"heirs", "heir"}})
		ids := map[string]string{}
		for _, tag := range objects(lead.want(200, "GET", "/api/v1/tags", nil)["tags"]) {
			ids[tag["name"].(string)] = "/api/v1/tags/" + tag["id"].(string)
		}
		for range 2 {
			lead.want(200, "PUT", ids["heirs"]+"/name", object{"name": "inheritance"})
			lead.want(200, "PUT", ids["heirs"]+"/retired", object{"retired": true})
		}
		lead.want(200, "PUT", ids["heirs"]+"/retired", object{"retired": false})
		lead.want(200, "POST", ids["heir"]+"/merger", object{"into": strings.TrimPrefix(ids["heirs"], "/api/v1/tags/")})

		until := time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
		block := lead.want(201, "POST", "/api/v1/blocks", object{"kind": "account", "value": "somebody", "reason": "Named in a fraud", "expires_at": until})["id"].(string)
		lead.want(204, "DELETE", "/api/v1/blocks/"+block, nil)

		var told []string
		for path := people + "/changes?limit=5"; path != ""; {
			o := auditor.want(200, "GET", path, nil)
			for _, c := range objects(o["changes"]) {
				if c["subject"] == nil {
					continue
				}
				say := func(id any) string {
					if name := o["people"].(object)[fmt.Sprint(id)]; name != nil {
						return fmt.Sprint(" ", name)
					}
					return ""
				}
				if o["people"].(object)[c["by"].(string)] == nil {
					t.Errorf("nobody is named as the one who did %v", c)
				}
				line := c["kind"].(string) + say(c["subject"]) + say(c["other"])
				for _, values := range []any{c["was"], c["is"]} {
					if values != nil {
						line += fmt.Sprint(" ", values)
					}
				}
				told = append(told, line)
			}
			path, _ = o["next"].(string)
		}
		slices.Reverse(told)
		want := []string{
			"organisation_added Nuvem", "member_added Nuvem rui@parceira.example", "domains_set Nuvem [parceira.example]", "member_removed Nuvem rui@parceira.example",
			"domains_set Nuvem [parceira.example]", "key_made Ticket system [cases:read]", "key_revoked Ticket system",
			"webhook_added", "webhook_changed", "webhook_disabled", "webhook_enabled", "webhook_secret", "webhook_removed",
			"tag_renamed inheritance", "tag_retired inheritance", "tag_restored inheritance", "tag_merged heir inheritance", "block_set", "block_lifted",
		}
		if !slices.Equal(told, want) {
			t.Errorf("told\n%q, want\n%q", told, want)
		}
		d.VerifyRecords(t)
	})
}
