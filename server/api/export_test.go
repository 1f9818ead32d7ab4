package api_test

import (
	"net/http"
	"strings"
	"testing"

	"regain/accounts"
)

// TestExport: the whole case as one document to save, for those who review or audit, and
// its last event is the export itself.
func TestExport(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.submitted("ana@example.com", individual())
		r := d.staffAt(c.path, accounts.Reviewer)
		r.change(200, "POST", "/claim", nil)
		item := r.item("real_name_certificate")["id"].(string)
		r.change(200, "POST", "/items/"+item+"/decision", object{"verdict": "rejected", "reason_code": "unreadable", "words_customer": "Please scan it again."})
		r.want(201, "POST", c.path+"/notes", object{"body": "Only for us."})
		c.want(201, "POST", c.path+"/messages", object{"body": "Is it enough?"})

		r.change(200, "POST", "/items/"+item+"/undo", nil)

		auditor := d.staffAt(c.path, accounts.Auditor)
		a := d.Call(t, auditor.token, "GET", c.path+"/export", nil)
		o := d.decode(200, "export", a)
		shown := o["case"].(object)
		if got := a.Header.Get("Content-Disposition"); !strings.HasPrefix(got, `attachment; filename="case-`+shown["reference"].(string)+"-") || !strings.HasSuffix(got, `.json"`) {
			t.Errorf("to be saved as %q", got)
		}
		if a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("may be kept: %s", a.Header.Get("Cache-Control"))
		}
		events := objects(o["events"])
		last, chain := events[len(events)-1], o["chain"].(object)
		if last["type"] != "export_case" || chain["head"] != last["hash"] || chain["sound"] != true {
			t.Errorf("ends with %v, chain %v", last, chain)
		}
		if n := len(objects(o["notes"])); n != 1 || len(objects(o["messages"])) != 1 {
			t.Errorf("%d notes, messages %v", n, o["messages"])
		}
		judged := objects(o["judged"])
		if len(judged) != 2 || judged[0]["item"] != item || o["people"].(object)[judged[0]["by"].(string)] == nil {
			t.Fatalf("decided: %v by %v", judged, o["people"])
		}
		if judged[0]["verdict"] != "rejected" || judged[1]["verdict"] != "pending" || judged[1]["undoes"] != judged[0]["id"] {
			t.Errorf("taken back: %v", judged)
		}
		files := objects(shown["staff"].(object)["documents"])
		if len(files) == 0 || len(files[0]["sha256"].(string)) != 64 {
			t.Errorf("files: %v", files)
		}
		for who, token := range map[string]string{"the customer": c.token, "an admin": d.staffAt("", accounts.Admin).token, "nobody": ""} {
			if a := d.Call(t, token, "GET", c.path+"/export", nil); a.Status != http.StatusForbidden && a.Status != http.StatusUnauthorized {
				t.Errorf("%s: %d", who, a.Status)
			}
		}
		d.problemOf(d.Call(t, auditor.token, "GET", "/api/v1/cases/none/export", nil), 404, "case_not_found")
	})
}
