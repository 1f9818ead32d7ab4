package api_test

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"regain/accounts"
)

// TestAudit: an auditor verifies one case and all of them, reads how far it is and what
// was found, and who saw which document; a program with the scope does the same; nobody
// else does.
func TestAudit(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		filed := d.submitted("ana@example.com", individual())
		id := filed.path[strings.LastIndex(filed.path, "/")+1:]
		auditor, reviewer := d.staffAt(filed.path, accounts.Auditor), d.staffAt(filed.path, accounts.Reviewer)
		for _, path := range []string{"/api/v1/audit/runs", "/api/v1/audit/cases/" + id, "/api/v1/audit/cases/" + id + "/looks.csv"} {
			d.problemOf(d.Call(t, reviewer.token, "GET", path, nil), 403, "role_not_allowed")
		}
		documents := objects(auditor.want(200, "GET", "/api/v1/audit/cases/"+id+"/looks", nil)["documents"])
		first := documents[0]["id"].(string)
		for range 3 {
			if got := d.Call(t, reviewer.token, "GET", filed.path+"/documents/"+first, nil); got.Status != 200 {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
		}
		seen := auditor.want(200, "GET", "/api/v1/audit/cases/"+id+"/looks?limit=2", nil)
		if looks := objects(seen["looks"]); len(looks) != 2 || looks[0]["document"] != first || objects(seen["documents"])[0]["looks"] != 3.0 || len(seen["people"].(object)) != 1 {
			t.Errorf("seen: %v", seen)
		}
		rest := auditor.want(200, "GET", seen["next"].(string), nil)
		if looks := objects(rest["looks"]); len(looks) != 1 || rest["next"] != nil {
			t.Errorf("the rest: %v", rest)
		}
		who := objects(seen["looks"])[0]["actor_id"].(string)
		by := auditor.want(200, "GET", "/api/v1/audit/people/"+who+"/looks?limit=2", nil)
		if looks := objects(by["looks"]); len(looks) != 2 || looks[0]["reference"] == "" || looks[0]["name"] == "" {
			t.Errorf("by person: %v", by)
		}
		if looks := objects(auditor.want(200, "GET", by["next"].(string), nil)["looks"]); len(looks) != 1 {
			t.Errorf("the rest by person: %v", looks)
		}
		d.problemOf(d.Call(t, auditor.token, "GET", "/api/v1/audit/people/"+who+"/looks?from=x", nil), 422, "invalid_fields")
		d.problemOf(d.Call(t, auditor.token, "GET", "/api/v1/audit/people/"+who+"/looks.csv?from=x", nil), 422, "invalid_fields")
		for _, path := range []string{"/api/v1/audit/cases/" + id + "/looks.csv", "/api/v1/audit/people/" + who + "/looks.csv"} {
			got := d.Call(t, auditor.token, "GET", path, nil)
			rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(got.Body), "\ufeff"))).ReadAll()
			if got.Status != 200 || err != nil || len(rows) != 4 || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/csv") {
				t.Errorf("%s: %d %v %s", path, got.Status, err, got.Body)
			}
		}

		if one := auditor.want(200, "GET", "/api/v1/audit/cases/"+id, nil); one["sound"] != true || one["events"] == 0.0 {
			t.Errorf("one case: %v", one)
		}
		token, key := d.NewKey(t, accounts.ScopeExport)
		program := &caller{d: d, token: token}
		run := program.want(202, "POST", "/api/v1/audit/runs", nil)
		if run["state"] != "running" || run["started_by"] != key || run["percent"] != 0.0 {
			t.Errorf("begun: %v", run)
		}
		d.problemOf(d.Call(t, auditor.token, "POST", "/api/v1/audit/runs", nil), 409, "audit_running")
		path := "/api/v1/audit/runs/" + run["id"].(string)
		if stopped := auditor.want(200, "POST", path+"/stop", nil); stopped["state"] != "stopped" {
			t.Errorf("stopped: %v", stopped)
		}
		d.problemOf(d.Call(t, auditor.token, "POST", path+"/stop", nil), 409, "audit_over")
		d.problemOf(d.Call(t, auditor.token, "GET", "/api/v1/audit/runs/none", nil), 404, "audit_run_not_found")

		for _, statement := range []string{"UPDATE events SET data = '{}' WHERE case_id = '" + id + "' AND seq = 3", "UPDATE staff_changes SET hash = 'x' WHERE seq = 1"} {
			if _, err := d.DB.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		path = "/api/v1/audit/runs/" + auditor.want(202, "POST", "/api/v1/audit/runs", nil)["id"].(string)
		if err := d.Cases.AuditDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		done := program.want(200, "GET", path, nil)
		if done["state"] != "done" || done["percent"] != 100.0 || done["cases"] != 1.0 || done["finished_at"] == nil {
			t.Errorf("done: %v", done)
		}
		var codes []string
		for next := path + "/findings?limit=1"; next != ""; {
			page := program.want(200, "GET", next, nil)
			for _, f := range objects(page["findings"]) {
				codes = append(codes, f["code"].(string))
			}
			next, _ = page["next"].(string)
		}
		if !slices.Contains(codes, "altered") || !slices.Contains(codes, "staff_altered") || float64(len(codes)) != done["findings"] {
			t.Errorf("found %v, counted %v", codes, done["findings"])
		}
		if list := objects(auditor.want(200, "GET", "/api/v1/audit/runs", nil)["runs"]); len(list) != 2 || list[0]["id"] != done["id"] {
			t.Errorf("runs: %v", list)
		}
	})
}
