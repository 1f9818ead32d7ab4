package web_test

import (
	"context"
	"encoding/csv"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"regain/accounts"
	"regain/cases"
	"regain/internal/browser"
	"regain/internal/testhtml"
	"regain/server/servertest"
)

// lookAt has somebody open every document of a case.
func lookAt(t *testing.T, h *servertest.Harness, who accounts.Staff, id string, times int) {
	t.Helper()
	actor := cases.Actor{Kind: cases.Staff, ID: who.ID, Roles: []string{cases.RoleReviewer}}
	d, err := h.Cases.Details(t.Context(), actor, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range d.Documents {
		for range times {
			_, r, err := h.Cases.Open(t.Context(), actor, id, doc.ID)
			if err != nil {
				t.Fatal(err)
			}
			_ = r.Close()
		}
	}
}

func spoilEvent(t *testing.T, h *servertest.Harness, id string) {
	t.Helper()
	if _, err := h.DB.NewRaw("UPDATE events SET actor_id = 'somebody' WHERE case_id = ? AND seq = 3", id).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestAuditPages: an auditor verifies one record from its page and by reference, and all
// of them in the background; what is found leads to the case.
func TestAuditPages(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		_, id := handedIn(t, h, "ana@example.com", individual())
		found, err := h.Cases.Case(t.Context(), cases.SystemActor(), id)
		if err != nil {
			t.Fatal(err)
		}
		record := "/staff/audit/cases/" + id
		auditor, who := atDesk(t, h, accounts.Auditor)
		auditor.open("/staff/cases/"+id).wants(200, "/staff/cases/"+id, "Verify this record")
		auditor.open("/staff/cases/"+id+"/export").wants(200, "/staff/cases/"+id+"/export", "Verify this record")
		auditor.open("/staff/audit").wants(200, "/staff/audit", "All records were never verified yet")
		auditor.send("/staff/audit/find", "reference", "2222-2222-22").wants(422, "/staff/audit/find", "There is no case with this reference")
		auditor.send("/staff/audit/find", "reference", strings.ToLower(found.Reference)).wants(200, record, "The record is whole and unaltered", "0 times")

		auditor.open("/staff/audit").send("/staff/audit/runs").wants(200, "/staff/audit", "Under way", "0 of 1 case, 0 %.", "Stop")
		if swap := testhtml.Attr(auditor.element("audit-progress"), "hx-swap"); swap != "outerMorph" { // or the focus would be lost with each look
			t.Errorf("the progress is put in by %q", swap)
		}
		if len(auditor.all(func(n *html.Node) bool { return n.Data == "progress" })) != 1 {
			t.Error("no progress is shown")
		}
		auditor.send("/staff/audit/find", "reference", "2222-2222-22").wants(422, "/staff/audit/find", "Under way")
		if !testhtml.Has(auditor.element("audit-progress"), "data-live") { // or each look would take the focus to what is wrong with the reference
			t.Error("the progress is not marked as coming by itself")
		}
		auditor.send("/staff/audit/runs/[^/]+/stop").wants(200, "/staff/audit/runs/[^/]+", "Stopped by "+who.Name, "Nothing was found so far")
		auditor.open("/staff/audit").send("/staff/audit/runs")
		verifyDue(t, h)
		auditor.open("/staff/audit").wants(200, "/staff/audit", "Sound", "1 case, ", who.Name)

		spoilEvent(t, h, id)
		auditor.send("/staff/audit/runs")
		verifyDue(t, h)
		auditor.open("/staff/audit").wants(200, "/staff/audit", "fault")
		run := ""
		for _, n := range auditor.all(func(n *html.Node) bool {
			return n.Data == "a" && strings.HasPrefix(testhtml.Attr(n, "href"), "/staff/audit/runs/")
		}) {
			run = testhtml.Attr(n, "href")
			break
		}
		auditor.open(run).wants(200, run, found.Reference, "The chain of events was changed", "altered", "Event 3")
		auditor.open(record).wants(200, record, "The chain of events was changed", "fault")

		lead, _ := atDesk(t, h, accounts.Lead)
		lead.open(run).wants(200, run, "altered")
		reviewer, _ := atDesk(t, h, accounts.Reviewer)
		for _, path := range []string{"/staff/audit", run, record, "/staff/audit/looks", record + "/looks.csv"} {
			reviewer.open(path).wants(403, path)
		}
		reviewer.open("/staff/cases/"+id).wants(200, "/staff/cases/"+id)
		if strings.Contains(reviewer.body, "/staff/audit") {
			t.Error("a reviewer is led to the audit")
		}
	})
}

// TestOlderAudits: who looks at older verifications is told that one goes on, and begins none.
func TestOlderAudits(t *testing.T) {
	h := open(t)
	lead, who := atDesk(t, h.Harness, accounts.Lead)
	var runs []*cases.AuditRun
	for n := range 27 {
		begun := time.Now().UTC().Add(-time.Duration(n) * time.Hour)
		runs = append(runs, &cases.AuditRun{ID: uuid.NewString(), State: cases.AuditDone, StartedBy: who.ID, StartedAt: begun, FinishedAt: &begun})
	}
	runs[0].State, runs[0].FinishedAt = cases.AuditRunning, nil
	if _, err := h.DB.NewInsert().Model(&runs).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	lead.open("/staff/audit").open(lead.link("next")).wants(200, "/staff/audit", "Under way", "Stop")
	if forms := lead.forms("/staff/audit/runs"); len(forms) > 0 {
		t.Error("another one can be begun")
	}
}

func verifyDue(t *testing.T, h *servertest.Harness) {
	t.Helper()
	if err := h.Cases.AuditDue(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// TestLookPages: who saw which document is shown by case, by document and by person, a
// page at a time, and can be taken along as a table that no spreadsheet runs.
func TestLookPages(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		_, id := handedIn(t, h, "ana@example.com", individual())
		ben, eva := h.NewStaff(t, accounts.Reviewer), h.NewStaff(t, accounts.Reviewer)
		rename(t, h, ben, "=cmd|ben")
		lookAt(t, h, ben, id, 10)
		lookAt(t, h, eva, id, 1)
		auditor, _ := atDesk(t, h, accounts.Auditor)
		record := "/staff/audit/cases/" + id
		auditor.open(record).wants(200, record, "11 times", "by 2 people", "Every look", "Ana Lima", "=cmd|ben")
		auditor.open(auditor.link("next")).wants(200, record)
		for _, n := range auditor.open(record).all(func(n *html.Node) bool {
			return n.Data == "a" && strings.Contains(testhtml.Attr(n, "href"), "?document=")
		}) {
			auditor.open(testhtml.Attr(n, "href")).wants(200, record, "Every look at this document", "At all documents")
			break
		}
		auditor.open("/staff/audit/looks").wants(200, "/staff/audit/looks", "What somebody has seen")
		auditor.open("/staff/audit/looks?person="+ben.ID).wants(200, "/staff/audit/looks", "What =cmd|ben has seen")
		auditor.open(auditor.link("next")).wants(200, "/staff/audit/looks", "What =cmd|ben has seen")
		auditor.open("/staff/audit/looks?person="+ben.ID+"&from=2020-01-01&to=2020-01-31").wants(200, "/staff/audit/looks", "No document was opened in this period")
		auditor.open("/staff/audit/looks?person="+ben.ID+"&from=x").wants(422, "/staff/audit/looks", "Give a day", "There is a problem")
		auditor.open("/staff/audit/looks?person=nobody").wants(200, "/staff/audit/looks", "No document was opened")

		for path, rows := range map[string]int{record + "/looks.csv": 1 + 11*4, "/staff/audit/looks.csv?" + url.Values{"person": {ben.ID}}.Encode(): 1 + 10*4} {
			status, body := auditor.fetch(path)
			text, marked := strings.CutPrefix(body, "\ufeff")
			got, err := csv.NewReader(strings.NewReader(text)).ReadAll()
			if status != 200 || !marked || err != nil || len(got) != rows || len(got) > 1 && got[len(got)-1][2] != "'=cmd|ben" {
				t.Errorf("%s: %d, %d rows, %v, %.300s", path, status, len(got), err, body)
			}
		}
	})
}

func rename(t *testing.T, h *servertest.Harness, who accounts.Staff, name string) {
	t.Helper()
	if _, err := h.DB.NewRaw("UPDATE staff SET name = ? WHERE id = ?", name, who.ID).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestAuditInABrowser: the auditor's pages follow the rules of accessibility in both
// themes and all languages, and fit; a run that goes on shows by itself when it is over.
func TestAuditInABrowser(t *testing.T) {
	h := open(t)
	_, id := handedIn(t, h.Harness, "ana@example.com", individual())
	_, broken := handedIn(t, h.Harness, "bia@example.com", individual())
	ben := h.NewStaff(t, accounts.Reviewer)
	lookAt(t, h.Harness, ben, id, 12)
	spoilEvent(t, h.Harness, broken)
	ada := cases.Actor{Kind: cases.Staff, ID: ben.ID, Roles: []string{cases.RoleAuditor}}
	over, err := h.Cases.StartAudit(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	verifyDue(t, h.Harness)
	p := signedIn(t, h.Harness, browser.Options{Width: 390, Height: 844}, accounts.Auditor)
	run, err := h.Cases.StartAudit(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	checkAll(p, h.Harness, place{"a verification under way", "/en/staff/audit"})
	verifyDue(t, h.Harness)
	p.WaitFor(`!document.querySelector("progress") && document.querySelector("#audit-progress").innerText.includes("fault") && document.getElementById("live").textContent.includes("fault")`)
	checkAll(p, h.Harness,
		place{"the audit", "/en/staff/audit"}, place{"the audit", "/zh-Hans/staff/audit"},
		place{"a verification", "/en/staff/audit/runs/" + over.ID}, place{"a verification", "/pt-BR/staff/audit/runs/" + run.ID},
		place{"the audit of a case", "/en/staff/audit/cases/" + id}, place{"the audit of a broken case", "/zh-Hans/staff/audit/cases/" + broken},
		place{"what somebody saw", "/en/staff/audit/looks?person=" + ben.ID}, place{"what somebody saw, refused", "/pt-BR/staff/audit/looks?from=x&person=" + ben.ID},
	)
}
