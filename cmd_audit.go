package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"regain/cases"
	"regain/notify"
	"regain/storage"
)

// auditCommands are about the record of what happened.
type auditCommands struct {
	Verify auditVerifyCommand `cmd:"" help:"Verify the record of every case: its chain of events is whole and unaltered, each step was allowed, each change has its event, the items are those that its policy asks for, and what is approved was settled. So is the record of changes of staff, and each address is one organisation's. Reports all findings; the exit status is 1 when there are any."`
}

// auditVerifyCommand verifies all cases.
type auditVerifyCommand struct {
	dataFlags
	storageFlags
	Documents bool `help:"Read every document, too, and compare its bytes with its row."`
}

// errFindings ends the command with a status of 1; everything has been said by then.
var errFindings = errors.New("the record does not verify")

// Run verifies, prints each finding on its own line, and then the count.
func (c *auditVerifyCommand) Run(ctx context.Context, t terminal) error {
	p, err := c.open(ctx, c.logger(t), notify.Letterhead{})
	if err != nil {
		return err
	}
	defer p.close()
	var store storage.Store
	if c.Documents {
		if store, err = c.openStore(ctx, c.Data); err != nil {
			return err
		}
	}
	service, err := p.openCases(cases.NewPolicies(p.db, time.Now), store, nil, "")
	if err != nil {
		return err
	}
	changes, wrong, err := p.accounts.VerifyStaffChanges(ctx)
	if err != nil {
		return err
	}
	doubled, err := p.accounts.VerifyOrganisations(ctx)
	if err != nil {
		return err
	}
	report, err := service.VerifyAudit(ctx)
	if err != nil {
		return err
	}
	count := fmt.Sprintf("cases: %d, events: %d", report.Cases, report.Events)
	findings := report.Findings
	if c.Documents {
		read, err := service.VerifyDocuments(ctx)
		if err != nil {
			return err
		}
		findings = append(findings, read.Findings...)
		count += fmt.Sprintf(", documents: %d", read.Documents)
	}
	for _, f := range findings {
		_, _ = fmt.Fprintf(t.out, "case %s event %d: %s: %s\n", f.CaseID, f.Seq, f.Code, f.Detail)
	}
	for _, f := range wrong {
		_, _ = fmt.Fprintf(t.out, "staff change %d: %s: %s\n", f.Seq, f.Code, f.Detail)
	}
	for _, f := range doubled {
		_, _ = fmt.Fprintf(t.out, "organisation: %s: %s\n", f.Code, f.Detail)
	}
	all := len(findings) + len(wrong) + len(doubled)
	_, _ = fmt.Fprintf(t.out, "%s, changes of staff: %d, findings: %d\n", count, changes, all)
	if all > 0 {
		return errFindings
	}
	return nil
}
