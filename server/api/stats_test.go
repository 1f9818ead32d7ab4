package api_test

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"regain/accounts"
	"regain/server"
	"regain/server/api"
)

// TestStatsByAPI: what happened to two cases shows in the figures and in every table,
// and no cell of a table is a formula.
func TestStatsByAPI(t *testing.T) {
	onBothFromNoon(t, func(t *testing.T, d *desk) {
		c := d.startAs("=HYPERLINK(\"http://x\")", "ana@example.com", individual())
		c.prove("ana@example.com")
		c.supplyAll()
		c.change(200, "POST", "/submission", nil)
		d.submitted("bo@example.com", individual())
		r := d.staffAt(c.path, accounts.Reviewer)
		r.want(200, "POST", c.path+"/claim", nil)
		r.accept()
		r.change(200, "POST", "/approval", object{})
		d.start("cy@example.com", individual())

		lead := d.staffAt("", accounts.Lead)
		o := lead.want(200, "GET", "/api/v1/stats", nil)
		if all := o["all"].(object); all["filed"] != 2.0 || all["approved"] != 1.0 || all["to_look"].(object)["count"] != 1.0 {
			t.Errorf("%v", all)
		}
		if days := objects(o["days"]); len(days) != api.DefaultDays || days[len(days)-1]["filed"] != 2.0 || days[len(days)-1]["ended"] != 1.0 || days[len(days)-1]["open"] != 1.0 {
			t.Errorf("%v", o["days"])
		}
		if open := objects(o["open"]); len(open) != 3 || open[0]["total"] != 1.0 || open[0]["ages"].(object)["1d"] != 1.0 {
			t.Errorf("%v", o["open"])
		}
		scenario, reviewer := objects(o["scenarios"])[0], objects(o["reviewers"])[0]
		if scenario["title"] == nil || scenario["policy"] != "huawei-id" || scenario["filed"] != 2.0 {
			t.Errorf("%v", scenario)
		}
		if reviewer["approvals"] != 1.0 || reviewer["items_accepted"].(float64) < 4 || o["people"].(object)[reviewer["id"].(string)] != "Ana Lima" {
			t.Errorf("%v %v", reviewer, o["people"])
		}
		for table, want := range map[string][]string{
			"open":      {"submitted,1,1,0,0,0,0,0"},
			"days":      {d.now().UTC().Format(time.DateOnly) + ",2,1,1"},
			"scenarios": {",,,2,1,0,0,", "huawei-id,"},
			"reviewers": {reviewer["id"].(string) + ",Ana Lima,1,0,"},
			"dropouts":  {"contact,0"},
			"cases":     {"'=HYPERLINK", ",submitted,", ",approved,"},
		} {
			got := d.Call(t, lead.token, "GET", "/api/v1/stats/"+table, nil)
			text, marked := strings.CutPrefix(string(got.Body), "\ufeff")
			if got.Status != 200 || !marked || got.Header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(got.Header.Get("Content-Disposition"), `filename="regain-`+table) {
				t.Fatalf("%s: %d %v %s", table, got.Status, got.Header, got.Body)
			}
			rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
			if err != nil || len(rows) < 2 {
				t.Errorf("%s: %v %s", table, err, text)
			}
			for _, row := range rows {
				for _, cell := range row {
					if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
						t.Errorf("%s: the cell %q", table, cell)
					}
				}
			}
			for _, w := range want {
				if !strings.Contains(text, w) {
					t.Errorf("%s lacks %q:\n%s", table, w, text)
				}
			}
		}
		if rows := len(slices.Collect(strings.Lines(string(d.Call(t, lead.token, "GET", "/api/v1/stats/cases", nil).Body)))); rows != 3 {
			t.Errorf("%d lines of cases", rows)
		}
	})
}

func TestStatsArePeriods(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		lead := d.staffAt("", accounts.Lead)
		o := lead.want(200, "GET", "/api/v1/stats?from=2026-02-27&to=2026-03-02", nil)
		if days := objects(o["days"]); len(days) != 4 || days[0]["day"] != "2026-02-27" || o["from"] != "2026-02-27" || o["to"] != "2026-03-02" {
			t.Errorf("%v", o)
		}
		for _, bad := range []string{"?from=2026-03-03&to=2026-03-02", "?from=2020-01-01&to=2026-03-02", "/days?from=yesterday", "/days?from=0000-01-01&to=0000-01-02", "?from=9999-12-01&to=9999-12-31"} {
			if got := d.Call(t, lead.token, "GET", "/api/v1/stats"+bad, nil); got.Status != 400 && got.Status != 422 {
				t.Errorf("%s: %d %s", bad, got.Status, got.Body)
			}
		}
		d.problemOf(d.Call(t, lead.token, "GET", "/api/v1/stats/secrets", nil), 404, "table_not_found")
		d.problemOf(d.Call(t, d.NewSession(t, server.Reviewer), "GET", "/api/v1/stats", nil), 403, "role_not_allowed")
		token, _ := d.NewKey(t, accounts.ScopeExport)
		(&caller{d: d, token: token}).want(200, "GET", "/api/v1/stats", nil)
	})
}
