package cases

import (
	"context"
	"fmt"
	"time"
)

// Export is everything of a case that staff may take out of the program: to print it, to
// answer an inquiry, or to keep it apart.
type Export struct {
	*Details
	// Talk are the messages and the notes, oldest first.
	Talk []*CaseMessage
	// Events are the whole chain, with the event of this very export at its end.
	Events []*Event
	// Findings are the faults of the chain: none when it is whole and unaltered.
	Findings []AuditFinding
	// At is when it was made.
	At time.Time
}

// Export reads a case whole for somebody who reviews or audits it, and records who took
// it out. Errors: case_not_found, wrong_state for a case that was never filed.
func (s *Service) Export(ctx context.Context, actor Actor, caseID string) (*Export, error) {
	err := s.quietly(ctx, actor, caseID, func(ch *change) error {
		return ch.do(actExport, Facts{"events": ch.Case.EventSeq})
	})
	if err != nil {
		return nil, err
	}
	out := &Export{At: s.now()}
	if out.Details, err = s.Details(ctx, actor, caseID); err != nil {
		return nil, err
	}
	db := s.db.From(ctx)
	// What others do meanwhile is left out: the chain is that of the case as it was read.
	err = db.NewSelect().Model(&out.Events).Where("e.case_id = ?", caseID).Where("e.seq <= ?", out.Case.EventSeq).Order("e.seq").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	if err := db.NewSelect().Model(&out.Talk).Where("m.case_id = ?", caseID).Order("m.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	out.Findings = verifyChain(out.Case, out.Events)
	return out, nil
}
