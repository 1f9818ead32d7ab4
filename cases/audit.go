package cases

import (
	"context"
	"fmt"
	"slices"
)

// AuditFinding is something in the record that should not be.
type AuditFinding struct {
	CaseID string
	Seq    int64 // 0 when it concerns the case as a whole
	Code   string
	Detail string
}

// AuditReport is what a verification looked at and found.
type AuditReport struct {
	Cases, Events int
	Findings      []AuditFinding
}

// auditBatch is how many cases are read at a time.
const auditBatch = 200

// VerifyAudit checks every case's chain of events: no gap, no altered or
// reordered link, the head that the case names, and a state and version of
// events that the lifecycle allows. It reports and goes on.
func (s *Service) VerifyAudit(ctx context.Context) (*AuditReport, error) {
	report := &AuditReport{Findings: []AuditFinding{}}
	after := ""
	for {
		batch := []*Case{}
		err := s.db.NewSelect().Model(&batch).Where("c.id > ?", after).Order("c.id").Limit(auditBatch).Scan(ctx)
		if err != nil {
			return report, fmt.Errorf("read cases: %w", err)
		}
		for _, c := range batch {
			if err := s.verifyCase(ctx, c, report); err != nil {
				return report, err
			}
		}
		if len(batch) < auditBatch {
			return report, nil
		}
		after = batch[len(batch)-1].ID
	}
}

func (s *Service) verifyCase(ctx context.Context, c *Case, report *AuditReport) error {
	events := []*Event{}
	err := s.db.NewSelect().Model(&events).Where("e.case_id = ?", c.ID).Order("e.seq").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	report.Cases++
	report.Events += len(events)
	report.Findings = append(report.Findings, verifyChain(c, events)...)
	report.Findings = append(report.Findings, verifyStates(c, events)...)
	return nil
}

// verifyChain checks numbers, links, hashes and the head.
func verifyChain(c *Case, events []*Event) []AuditFinding {
	var out []AuditFinding
	found := func(seq int64, code, detail string) {
		out = append(out, AuditFinding{CaseID: c.ID, Seq: seq, Code: code, Detail: detail})
	}
	prev := ""
	for n, e := range events {
		if e.Seq != int64(n)+1 {
			found(e.Seq, "gap", fmt.Sprintf("event %d stands where %d should", e.Seq, n+1))
		}
		if e.Prev != prev {
			found(e.Seq, "broken_link", "the event does not follow the one before it")
		}
		if e.sum() != e.Hash {
			found(e.Seq, "altered", "the event's content does not match its hash")
		}
		prev = e.Hash
	}
	if c.EventSeq != int64(len(events)) {
		found(0, "truncated", fmt.Sprintf("the case counts %d events, %d are there", c.EventSeq, len(events)))
	}
	if c.EventHead != prev {
		found(0, "wrong_head", "the case's head is not its last event")
	}
	return out
}

// verifyStates replays the events over the table of transitions.
func verifyStates(c *Case, events []*Event) []AuditFinding {
	var out []AuditFinding
	state := Draft
	for _, e := range events {
		if !legal(Action(e.Type), state, e.State) {
			out = append(out, AuditFinding{c.ID, e.Seq, "illegal_transition", fmt.Sprintf("%s led from %s to %s", e.Type, state, e.State)})
		}
		state = e.State
	}
	if state != c.State {
		out = append(out, AuditFinding{c.ID, 0, "wrong_state", fmt.Sprintf("the events lead to %s, the case is %s", state, c.State)})
	}
	return out
}

// legal reports whether the table lets the action lead from one state to the
// other. Events that are no actions of the table change no state.
func legal(action Action, from, to State) bool {
	known := false
	for _, t := range transitions() {
		if t.action != action {
			continue
		}
		known = true
		if slices.Contains(t.from, from) && (t.to == to || t.to == same && from == to) {
			return true
		}
	}
	return !known && from == to
}
