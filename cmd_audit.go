package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"regain/cases"
	"regain/notify"
)

// auditCommands are about the record of what happened.
type auditCommands struct {
	Verify auditVerifyCommand `cmd:"" help:"Verify every case's chain of events: nothing missing, altered or out of order, and no step that the lifecycle does not allow. Reports all findings; the exit status is 1 when there are any."`
}

// auditVerifyCommand verifies all chains.
type auditVerifyCommand struct{ dataFlags }

// errFindings ends the command with a status of 1; everything has been said by then.
var errFindings = errors.New("the record does not verify")

// Run verifies, prints each finding on its own line, and then the count.
func (c *auditVerifyCommand) Run(ctx context.Context, t terminal) error {
	p, err := c.open(ctx, c.logger(t), notify.Letterhead{})
	if err != nil {
		return err
	}
	defer p.close()
	service, err := p.openCases(cases.NewPolicies(p.db, time.Now), nil, nil, "")
	if err != nil {
		return err
	}
	report, err := service.VerifyAudit(ctx)
	if err != nil {
		return err
	}
	for _, f := range report.Findings {
		_, _ = fmt.Fprintf(t.out, "case %s event %d: %s: %s\n", f.CaseID, f.Seq, f.Code, f.Detail)
	}
	_, _ = fmt.Fprintf(t.out, "cases: %d, events: %d, findings: %d\n", report.Cases, report.Events, len(report.Findings))
	if len(report.Findings) > 0 {
		return errFindings
	}
	return nil
}
