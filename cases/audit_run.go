package cases

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
)

// AuditState is how a verification of all records stands.
type AuditState string

// The states of a run.
const (
	AuditRunning AuditState = "running"
	AuditDone    AuditState = "done"
	AuditStopped AuditState = "stopped" // by somebody, before its end
)

// AuditRun is a verification of the records of all cases. It goes on in the background,
// a batch of cases at a time, and from where it was when a server ends meanwhile.
type AuditRun struct {
	bun.BaseModel `bun:"table:audit_runs,alias:ar"`

	ID         string     `bun:"id,pk"`
	State      AuditState `bun:"state"`
	StartedBy  string     `bun:"started_by"`
	StartedAt  time.Time  `bun:"started_at"`
	FinishedAt *time.Time `bun:"finished_at"`
	StoppedBy  string     `bun:"stopped_by"`
	// Total is how many cases there were at its beginning; Cases and Events are verified,
	// Findings is how many faults there are.
	Total    int64 `bun:"total"`
	Cases    int64 `bun:"cases"`
	Events   int64 `bun:"events"`
	Findings int64 `bun:"findings"`
	// After is the last case that was verified.
	After       string     `bun:"after"`
	LeasedUntil *time.Time `bun:"leased_until"`
	Fence       int64      `bun:"fence"`
}

// Percent is how far it is, as a whole number up to 100; less while it goes on.
func (r *AuditRun) Percent() int {
	switch {
	case r.State == AuditDone:
		return 100
	case r.Total <= 0:
		return 0
	}
	return int(min(r.Cases*100/r.Total, 99))
}

// KeptFinding is a fault that a run found, with its number in the run.
type KeptFinding struct {
	bun.BaseModel `bun:"table:audit_findings,alias:af"`

	RunID  string `bun:"run_id,pk"`
	Number int64  `bun:"number,pk"`
	CaseID string `bun:"case_id"`
	Seq    int64  `bun:"seq"`
	Code   string `bun:"code"`
	Detail string `bun:"detail"`
	// Reference is the case's, where it was filed: others are nobody's to open.
	Reference string `bun:"reference,scanonly"`
}

// Finding is what was found.
func (f *KeptFinding) Finding() AuditFinding {
	return AuditFinding{CaseID: f.CaseID, Seq: f.Seq, Code: f.Code, Detail: f.Detail}
}

const (
	// auditStep is how many cases are verified between two pauses, auditPause the least
	// of these: they are as long as the step was, so that half of one connection is used.
	auditStep  = 25
	auditPause = 20 * time.Millisecond
	// auditLease is how long a server that was lost is waited for, auditPoll how often a
	// server looks for what others have left.
	auditLease = time.Minute
	auditPoll  = 5 * time.Second
	// MostFindings is how many findings of a run are kept; all are counted.
	MostFindings = 1000
)

func errAuditors() error {
	return problem.New(problem.Forbidden, "role_required", "Records are verified by leads and auditors.")
}

func errNoRun() error {
	return problem.New(problem.NotFound, "audit_run_not_found", "There is no such verification.")
}

// StartAudit asks for a verification of all records, by leads and auditors. Errors:
// role_required, audit_running.
func (s *Service) StartAudit(ctx context.Context, actor Actor) (*AuditRun, error) {
	if !actor.Has(RoleLead, RoleAuditor) {
		return nil, errAuditors()
	}
	run := &AuditRun{ID: s.opt.IDs(), State: AuditRunning, StartedBy: actor.ID, StartedAt: s.now()}
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) (err error) {
		if run.Total, err = tx.NewSelect().Model((*Case)(nil)).Count(ctx); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(run).Exec(ctx)
		s.db.AfterCommit(ctx, s.wakeAudits)
		return err
	})
	if errors.Is(err, database.ErrUnique) {
		return nil, problem.New(problem.Conflict, "audit_running", "All records are being verified already. Stop that first, or wait for it.")
	}
	if err != nil {
		return nil, fmt.Errorf("begin a verification: %w", err)
	}
	return run, nil
}

// StopAudit ends a run before its end; what it found is kept. Errors: role_required,
// audit_run_not_found, audit_over.
func (s *Service) StopAudit(ctx context.Context, actor Actor, id string) error {
	run, err := s.AuditRun(ctx, actor, id)
	if err != nil {
		return err
	}
	n, err := s.affecting(ctx, func(tx bun.IDB) (sql.Result, error) {
		return tx.NewUpdate().Model((*AuditRun)(nil)).
			Set("state = ?", AuditStopped).Set("stopped_by = ?", actor.ID).Set("finished_at = ?", s.now()).Set("leased_until = NULL").
			Where("id = ?", run.ID).Where("state = ?", AuditRunning).Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("stop a verification: %w", err)
	}
	if n == 0 {
		return problem.New(problem.Conflict, "audit_over", "This verification is over.")
	}
	return nil
}

// AuditRun finds one. Errors: role_required, audit_run_not_found.
func (s *Service) AuditRun(ctx context.Context, actor Actor, id string) (*AuditRun, error) {
	if !actor.Has(RoleLead, RoleAuditor) {
		return nil, errAuditors()
	}
	found := []*AuditRun{}
	if err := s.db.From(ctx).NewSelect().Model(&found).Where("ar.id = ?", id).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read a verification: %w", err)
	}
	if len(found) == 0 {
		return nil, errNoRun()
	}
	return found[0], nil
}

// AuditRuns lists them, the newest first, with the cursor of the next page, "" at the
// end. Error: role_required.
func (s *Service) AuditRuns(ctx context.Context, actor Actor, page database.Page) ([]*AuditRun, string, error) {
	if !actor.Has(RoleLead, RoleAuditor) {
		return nil, "", errAuditors()
	}
	list := []*AuditRun{}
	if err := page.Descending(s.db.From(ctx).NewSelect().Model(&list), "ar.started_at", "ar.id").Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list verifications: %w", err)
	}
	return database.Next(page, list, func(r *AuditRun) (any, string) { return r.StartedAt, r.ID })
}

// AuditFindings lists what a run found, in the order in which it was found, after a
// number. Errors: role_required, audit_run_not_found.
func (s *Service) AuditFindings(ctx context.Context, actor Actor, id string, after int64, limit int) ([]*KeptFinding, error) {
	if _, err := s.AuditRun(ctx, actor, id); err != nil {
		return nil, err
	}
	list := []*KeptFinding{}
	err := s.db.From(ctx).NewSelect().Model(&list).ColumnExpr("af.*").ColumnExpr("COALESCE(c.reference, '') AS reference").
		Join("LEFT JOIN cases AS c ON c.id = af.case_id AND c.filed_at IS NOT NULL").
		Where("af.run_id = ?", id).Where("af.number > ?", after).Order("af.number").Limit(int64(min(max(limit, 1), 200))).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list findings: %w", err)
	}
	return list, nil
}

// VerifyCase verifies the record of one case, by leads and auditors. Errors:
// role_required, case_not_found.
func (s *Service) VerifyCase(ctx context.Context, actor Actor, caseID string) (*AuditReport, error) {
	if !actor.Has(RoleLead, RoleAuditor) {
		return nil, errAuditors()
	}
	if _, err := s.Case(ctx, actor, caseID); err != nil {
		return nil, err
	}
	report := &AuditReport{Findings: []AuditFinding{}}
	return report, s.verifyCase(ctx, caseID, report)
}

// wakeAudits has the worker of this process look at once.
func (s *Service) wakeAudits() {
	select {
	case s.audits <- struct{}{}:
	default: // it is going to look anyway
	}
}

// RunAudits carries out verifications until ctx ends. Several servers may run it: one at
// a time works on a run, and another goes on where a server was lost.
func (s *Service) RunAudits(ctx context.Context) error {
	poll := time.NewTicker(auditPoll)
	defer poll.Stop()
	for ctx.Err() == nil {
		if err := s.audit(ctx, func(took time.Duration) { rest(ctx, max(auditPause, took)) }); err != nil && ctx.Err() == nil {
			s.opt.Logger.ErrorContext(ctx, "the verification of records could not go on", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
		case <-s.audits:
		case <-poll.C:
		}
	}
	return nil
}

// AuditDue carries out at once whatever was asked for. For tests and the demo; servers
// use RunAudits.
func (s *Service) AuditDue(ctx context.Context) error {
	return s.audit(ctx, func(time.Duration) {})
}

func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// audit works on the run that goes on, if nobody else does, until it is over.
func (s *Service) audit(ctx context.Context, between func(took time.Duration)) error {
	run, err := s.claimAudit(ctx)
	if err != nil || run == nil {
		return err
	}
	for ctx.Err() == nil && err == nil && run.State == AuditRunning {
		began := time.Now()
		if err = s.auditNext(ctx, run); err == nil && run.State == AuditRunning {
			between(time.Since(began))
		}
	}
	if run.State == AuditRunning { // another server may go on at once
		s.leaveAudit(context.WithoutCancel(ctx), run)
	}
	return err
}

// claimAudit takes the run that goes on and that nobody works on; nil when there is none.
func (s *Service) claimAudit(ctx context.Context) (*AuditRun, error) {
	now := s.now()
	claimed := []*AuditRun{}
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.NewUpdate().Model((*AuditRun)(nil)).Set("leased_until = ?", now.Add(auditLease)).Set("fence = fence + 1").
			Where("state = ?", AuditRunning).Where("leased_until IS NULL OR leased_until <= ?", now).
			Returning("*").Exec(ctx, &claimed)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("take a verification: %w", err)
	}
	if len(claimed) == 0 {
		return nil, nil //nolint:nilnil // there is nothing to do, which is no error
	}
	return claimed[0], nil
}

func (s *Service) leaveAudit(ctx context.Context, run *AuditRun) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := s.db.From(ctx).NewUpdate().Model((*AuditRun)(nil)).Set("leased_until = NULL").
		Where("id = ?", run.ID).Where("fence = ?", run.Fence).Exec(ctx)
	if err != nil { // it is free when its lease ends
		s.opt.Logger.WarnContext(ctx, "a verification was not given back", slog.Any("error", err))
	}
}

// auditNext verifies some cases, and keeps what was found together with how far it is:
// so nothing is counted twice or passed over, whoever goes on.
func (s *Service) auditNext(ctx context.Context, run *AuditRun) error {
	report := &AuditReport{}
	last, err := s.verifyBatch(ctx, run.After, auditStep, report)
	if err == nil && last == "" {
		err = s.verifyRest(ctx, report)
	}
	if err != nil {
		return err
	}
	next := *run
	if last == "" {
		next.State = AuditDone
	} else {
		next.After = last
	}
	next.Cases += int64(report.Cases)
	next.Events += int64(report.Events)
	next.Findings += int64(len(report.Findings))
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		kept, err := s.keepAudit(ctx, tx, &next)
		if err != nil {
			return err
		}
		if !kept { // it was stopped, or another server has it
			run.State = AuditStopped
			return nil
		}
		if err := keepFindings(ctx, tx, run, report.Findings); err != nil {
			return err
		}
		*run = next
		return nil
	})
}

// verifyRest verifies what is no single case's.
func (s *Service) verifyRest(ctx context.Context, report *AuditReport) error {
	if err := s.verifyAccounts(ctx, report); err != nil || s.opt.Others == nil {
		return err
	}
	findings, err := s.opt.Others(ctx)
	report.Findings = append(report.Findings, findings...)
	return err
}

// keepAudit writes how far a run is, if it still goes on and is this server's.
func (s *Service) keepAudit(ctx context.Context, tx bun.IDB, run *AuditRun) (kept bool, err error) {
	now := s.now()
	update := tx.NewUpdate().Model((*AuditRun)(nil)).
		Set("after = ?", run.After).Set("cases = ?", run.Cases).Set("events = ?", run.Events).Set("findings = ?", run.Findings).
		Where("id = ?", run.ID).Where("fence = ?", run.Fence).Where("state = ?", AuditRunning)
	if run.State == AuditDone {
		run.FinishedAt = &now
		update = update.Set("state = ?", AuditDone).Set("finished_at = ?", now).Set("leased_until = NULL")
	} else {
		update = update.Set("leased_until = ?", now.Add(auditLease))
	}
	n, err := affected(update.Exec(ctx))
	if err != nil {
		return false, fmt.Errorf("keep a verification: %w", err)
	}
	return n > 0, nil
}

// keepFindings writes the first of them.
func keepFindings(ctx context.Context, tx bun.IDB, run *AuditRun, findings []AuditFinding) error {
	rows := []*KeptFinding{}
	for n, f := range findings {
		number := run.Findings + int64(n) + 1
		if number > MostFindings {
			break
		}
		rows = append(rows, &KeptFinding{RunID: run.ID, Number: number, CaseID: f.CaseID, Seq: f.Seq, Code: f.Code, Detail: f.Detail})
	}
	if len(rows) == 0 {
		return nil
	}
	if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return fmt.Errorf("keep findings: %w", err)
	}
	return nil
}
