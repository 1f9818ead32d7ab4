package cases_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"regain/cases"
	"regain/database"
)

func (w *world) run(id string) *cases.AuditRun {
	w.t.Helper()
	run, err := w.AuditRun(w.ctx, auditor("ada"), id)
	must(w.t, err)
	return run
}

func (w *world) findings(id string) []string {
	w.t.Helper()
	var all []string
	for after := int64(0); ; {
		list, err := w.AuditFindings(w.ctx, auditor("ada"), id, after, 200)
		must(w.t, err)
		for _, f := range list {
			if f.Number != after+1 {
				w.t.Fatalf("finding %d after %d", f.Number, after)
			}
			after = f.Number
			all = append(all, fmt.Sprint(f.CaseID, " ", f.Seq, " ", f.Code))
		}
		if len(list) < 200 {
			return all
		}
	}
}

// TestAuditRun: a run finds exactly what audit verify finds, is one at a time, and is
// kept with who began it and when.
func TestAuditRun(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada, lea := auditor("ada"), lead("lea")
		scattered(t, w, 60) // copies without events: every one of them is at fault
		w.filed("sound", withCard(0))
		_, err := w.StartAudit(w.ctx, reviewer("ben"))
		wantCode(t, err, "role_required")
		run, err := w.StartAudit(w.ctx, ada)
		must(t, err)
		_, err = w.StartAudit(w.ctx, lea)
		wantCode(t, err, "audit_running")
		must(t, w.AuditDue(w.ctx))
		must(t, w.AuditDue(w.ctx)) // there is nothing more to do

		report, err := w.VerifyAudit(w.ctx)
		must(t, err)
		var want []string
		for _, f := range report.Findings {
			want = append(want, fmt.Sprint(f.CaseID, " ", f.Seq, " ", f.Code))
		}
		got := w.run(run.ID)
		if got.State != cases.AuditDone || got.StartedBy != ada.ID || got.Total != 62 || got.Cases != 62 || got.Events != int64(report.Events) || got.Findings != int64(len(want)) || got.Percent() != 100 || got.FinishedAt == nil {
			t.Errorf("%+v, want %d events and %d findings", got, report.Events, len(want))
		}
		kept := w.findings(run.ID)
		slices.Sort(kept)
		slices.Sort(want)
		if len(want) < 60 || !slices.Equal(kept, want[:min(len(want), cases.MostFindings)]) {
			t.Errorf("%d kept, %d found", len(kept), len(want))
		}
		wantCode(t, w.StopAudit(w.ctx, lea, run.ID), "audit_over")
		again, err := w.StartAudit(w.ctx, lea)
		must(t, err)
		must(t, w.StopAudit(w.ctx, ada, again.ID))
		must(t, w.AuditDue(w.ctx))
		if got := w.run(again.ID); got.State != cases.AuditStopped || got.StoppedBy != ada.ID || got.Cases != 0 {
			t.Errorf("stopped: %+v", got)
		}
		page, err := database.NewTimePage(1, "")
		must(t, err)
		list, next, err := w.AuditRuns(w.ctx, ada, page)
		must(t, err)
		if len(list) != 1 || next == "" {
			t.Errorf("%d runs, next %q", len(list), next)
		}
		for _, err := range []error{
			func() error { _, err := w.AuditRun(w.ctx, reviewer("ben"), run.ID); return err }(),
			func() error { _, _, err := w.AuditRuns(w.ctx, reviewer("ben"), page); return err }(),
			w.StopAudit(w.ctx, reviewer("ben"), run.ID),
		} {
			wantCode(t, err, "role_required")
		}
	})
}

// before does something when a statement is about to be run for the nth time.
type before struct {
	statement string
	nth       int
	do        func()
}

func (b *before) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	if strings.Contains(e.Query, b.statement) {
		if b.nth--; b.nth == 0 {
			b.do()
		}
	}
	return ctx
}
func (b *before) AfterQuery(context.Context, *bun.QueryEvent) {}

// TestAuditRunGoesOn: where a server was lost in the middle, another waits for the lease
// to end, and goes on from there; nothing is counted twice, nothing is passed over.
func TestAuditRunGoesOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		scattered(t, w, 80)
		run, err := w.StartAudit(w.ctx, auditor("ada"))
		must(t, err)
		ctx, stop := context.WithTimeout(w.ctx, 30*time.Second)
		plain := w.db.DB
		w.db.DB = plain.WithQueryHook(&before{statement: "SET after =", nth: 2, do: stop})
		must(t, w.RunAudits(ctx))
		w.db.DB = plain
		part := w.run(run.ID)
		if part.State != cases.AuditRunning || part.Cases == 0 || part.Cases >= 81 || part.LeasedUntil != nil || part.Percent() >= 100 {
			t.Fatalf("interrupted: %+v", part)
		}
		_, err = w.db.NewRaw("UPDATE audit_runs SET leased_until = ?", w.clock.now().Add(time.Minute)).Exec(w.ctx) // by one that was lost
		must(t, err)
		must(t, w.AuditDue(w.ctx))
		if got := w.run(run.ID); got.Cases != part.Cases {
			t.Fatalf("two at once: %+v", got)
		}
		w.clock.move(time.Minute)
		must(t, w.AuditDue(w.ctx))
		got := w.run(run.ID)
		report, err := w.VerifyAudit(w.ctx)
		must(t, err)
		if got.State != cases.AuditDone || got.Cases != 81 || got.Events != int64(report.Events) || got.Findings != int64(len(report.Findings)) {
			t.Errorf("%+v, want %d cases, %d events, %d findings", got, report.Cases, report.Events, len(report.Findings))
		}
	})
}

// TestAuditRunOnTwoServers: two servers at once count every case once.
func TestAuditRunOnTwoServers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		scattered(t, w, 60)
		run, err := w.StartAudit(w.ctx, auditor("ada"))
		must(t, err)
		other := cases.New(w.db, w.store, w.spool, w.outbox, w.codes, w.policies, w.options)
		done := make(chan error, 2)
		for _, s := range []*cases.Service{w.Service, other} {
			go func() { done <- s.AuditDue(w.ctx) }()
		}
		must(t, <-done)
		must(t, <-done)
		if got := w.run(run.ID); got.State != cases.AuditDone || got.Cases != 61 {
			t.Errorf("%+v", got)
		}
	})
}

// TestUnreadableCaseIsAFinding: a row that can't be read ends no verification.
func TestUnreadableCaseIsAFinding(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("spoilt", withCard(0))
		w.filed("sound", withCard(0))
		_, err := w.db.NewRaw("UPDATE cases SET answers = '[1]' WHERE id = ?", c.id).Exec(w.ctx)
		must(t, err)
		report, err := w.VerifyAudit(w.ctx)
		must(t, err)
		if report.Cases != 2 || len(report.Findings) != 1 || report.Findings[0].Code != "case_unreadable" || report.Findings[0].CaseID != c.id {
			t.Errorf("%+v", report)
		}
	})
}

// TestVerifyCase: one record, by those who may, with what is wrong in it.
func TestVerifyCase(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, draft := w.filed("one", withCard(0)), w.begin("draft", withCard(0))
		for _, who := range []cases.Actor{lead("lea"), auditor("ada")} {
			report, err := w.VerifyCase(w.ctx, who, c.id)
			must(t, err)
			if report.Cases != 1 || report.Events != len(c.events()) || len(report.Findings) != 0 {
				t.Errorf("%+v", report)
			}
		}
		_, err := w.VerifyCase(w.ctx, reviewer("ben"), c.id)
		wantCode(t, err, "role_required")
		_, err = w.VerifyCase(w.ctx, auditor("ada"), draft.id)
		wantCode(t, err, "case_not_found")
		_, err = w.db.NewRaw("UPDATE events SET data = '{}' WHERE case_id = ? AND seq = 2", c.id).Exec(w.ctx)
		must(t, err)
		report, err := w.VerifyCase(w.ctx, auditor("ada"), c.id)
		must(t, err)
		if !slices.ContainsFunc(report.Findings, func(f cases.AuditFinding) bool { return f.Seq == 2 && f.Code == "altered" }) {
			t.Errorf("%+v", report.Findings)
		}
	})
}
