package web_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"regain/accounts"
	"regain/cases"
	"regain/internal/browser"
	"regain/server/servertest"
)

// pastCases are cases of the last weeks in every state.
func pastCases(t *testing.T, h *servertest.Harness, n int) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	listed(t, h, n, func(i int, c *cases.Case) {
		filed := now.Add(-time.Duration(i*i%900) * time.Hour)
		after := func(d time.Duration) *time.Time {
			at := filed.Add(d)
			if at.After(now) {
				at = now
			}
			return &at
		}
		c.FiledAt, c.Scenario = &filed, []string{c.Scenario, "enterprise-authenticated", "no-longer-there"}[i%3]
		c.FirstLookAt, c.SentBack = after(time.Duration(i%30)*time.Hour), i%5/4
		switch i % 4 {
		case 0, 1:
			c.State, c.EndedAt, c.ReviewDue = cases.Approved, after(time.Duration(1+i%90)*time.Hour), nil
		case 2:
			c.State, c.EndedAt, c.ReviewDue = cases.Denied, after(time.Duration(1+i%200)*time.Hour), nil
		default:
			c.State = []cases.State{cases.Submitted, cases.InReview, cases.MaterialsRequested}[i%3]
		}
	})
}

// fetch reads what is no page.
func (v *customer) fetch(path string) (status int, body string) {
	v.t.Helper()
	resp, err := v.client.Get(v.h.URL + path)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

// TestLeadPage: the figures are there without scripts, a period can be chosen, what is
// wrong with it stands beside the field, and every table can be taken along.
func TestLeadPage(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		pastCases(t, h, 60)
		v, _ := desk(t, h, accounts.Lead)
		v.open("/staff/lead").wants(200, "/staff/lead", "Figures", "30 days", "Time to the decision, by situation", "Nobody decided anything in this period.", "no-longer-there")
		v.open("/staff/lead?days=365").wants(200, "/staff/lead", "Week from")
		v.open("/staff/lead?from=2026-01-05&to=2026-01-06").wants(200, "/staff/lead", "5 January 2026 to 6 January 2026.", "No case of this period is decided yet.")
		v.open("/staff/lead?from=2026-01-05&to=2026-01-02").wants(422, "/staff/lead", "There is a problem", "The last day can", "Time to the decision")
		v.open("/staff/lead?from=tomorrow").wants(422, "/staff/lead", "Give a day")
		for _, table := range []string{"open", "days", "scenarios", "reviewers", "dropouts", "cases"} {
			status, body := v.fetch("/staff/lead/" + table + ".csv?from=2026-01-01&to=2026-12-31")
			text, marked := strings.CutPrefix(body, "\ufeff")
			rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
			if status != 200 || !marked || err != nil || len(rows) < 1 {
				t.Errorf("%s: %d %v %.300s", table, status, err, body)
			}
		}
		if status, _ := v.fetch("/staff/lead/secrets.csv"); status != http.StatusNotFound {
			t.Errorf("%d", status)
		}
		other, _ := desk(t, h, accounts.Reviewer)
		other.open("/staff/lead").wants(403, "/staff/lead")
		if other.open("/staff/queue"); strings.Contains(other.text(), "Figures") {
			t.Error("a reviewer is led to the figures")
		}
	})
}

// TestLeadPageInABrowser looks at it everywhere.
func TestLeadPageInABrowser(t *testing.T) {
	h := open(t)
	pastCases(t, h.Harness, 120)
	me := h.NewStaff(t, accounts.Lead, accounts.Reviewer)
	places := []place{
		{"figures", "/en/staff/lead"}, {"figures of a year", "/en/staff/lead?days=365"}, {"figures of nothing", "/en/staff/lead?from=2020-01-01&to=2020-01-07"},
		{"figures refused", "/en/staff/lead?from=2020-02-01&to=2020-01-07"}, {"figures", "/zh-Hans/staff/lead"}, {"figures", "/pt-BR/staff/lead"},
	}
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	signIn(t, p, h.Harness, me)
	checkAll(p, h.Harness, places...)

	plain := browser.Open(t, browser.Options{NoScript: true})
	signIn(t, plain, h.Harness, me)
	for _, at := range places { // folded
		plain.Go(h.URL + at.path)
		plain.CheckAccessible(at.name + " without scripts")
		plain.CheckFits(at.name + " without scripts")
	}
}

// TestChartsAreTold: each chart has a title, a description in words, and a table that
// holds its numbers.
func TestChartsAreTold(t *testing.T) {
	h := open(t)
	pastCases(t, h.Harness, 60)
	me := h.NewStaff(t, accounts.Lead, accounts.Reviewer)
	p := browser.Open(t, browser.Options{})
	signIn(t, p, h.Harness, me)
	p.Go(h.URL + "/en/staff/lead")
	charts := browser.Eval[[]string](p, `[...document.querySelectorAll("svg.chart")].map(s => {
		const told = s.getAttribute("aria-labelledby").split(" ").map(id => document.getElementById(id).textContent.trim());
		const table = s.closest("section").querySelector("table");
		return [told.every(t => t.length > 5), table.rows.length > 1, s.querySelectorAll("[style]").length, s.querySelectorAll("rect:not(.rail)").length > 0].join()
	})`)
	if len(charts) < 3 {
		t.Fatalf("%d charts", len(charts))
	}
	for i, c := range charts {
		if c != "true,true,0,true" {
			t.Errorf("chart %d: %s", i, c)
		}
	}
	days := browser.Eval[int](p, `[...document.querySelector("#backlog-title").closest("section").querySelectorAll("tbody tr")].reduce((n, r) => n + Number(r.cells[1].textContent), 0)`)
	filed := browser.Eval[string](p, `[...document.querySelectorAll(".tiles dt")].find(d => d.textContent === "Filed").nextElementSibling.textContent`)
	if fmt.Sprint(days) != strings.TrimSpace(filed) || days == 0 {
		t.Errorf("the days sum up to %d, filed are %s", days, filed)
	}
}

// TestLeadTakesFiguresAlong: in a browser, a lead takes the tables of the figures along as
// files that a spreadsheet reads.
func TestLeadTakesFiguresAlong(t *testing.T) {
	h := open(t)
	pastCases(t, h.Harness, 60)
	p := browser.Open(t, browser.Options{})
	signIn(t, p, h.Harness, h.NewStaff(t, accounts.Lead))
	p.Go(h.URL + "/en/staff/lead?days=365")
	p.WaitFor(`document.querySelectorAll("a.csv").length >= 5`)
	got := browser.Eval[[]string](p, `Promise.all([...document.querySelectorAll("a.csv")].map(async link => {
		const answer = await fetch(link.href);
		const text = await answer.text();
		return [answer.status, answer.headers.get("Content-Type"), answer.headers.get("Content-Disposition")?.startsWith("attachment"), text.split("\r\n")[0].split(",").length > 1, link.hasAttribute("download")].join();
	}))`)
	if len(got) < 5 {
		t.Fatalf("only %d tables can be taken along", len(got))
	}
	for n, table := range got {
		if table != "200,text/csv; charset=utf-8,true,true,true" {
			t.Errorf("table %d: %s", n, table)
		}
	}
}
