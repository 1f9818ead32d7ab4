package cases

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
)

// AuditFinding is something in the record that should not be.
type AuditFinding struct {
	CaseID string // empty when it is in another record than a case's
	Seq    int64  // 0 when it concerns the case as a whole
	Code   string
	Detail string
}

// AuditReport is what a verification looked at and found.
type AuditReport struct {
	Cases, Events int
	Findings      []AuditFinding
}

// auditBatch is how many cases, or documents, are looked up at a time.
const auditBatch = 200

// VerifyAudit checks the record of every case. Its chain of events: no gap, no
// altered or reordered link, the head that the case names, and nothing that the
// lifecycle does not allow. Its rows: each change has its event and each event
// what it tells of, the items are those that the pinned policy asks for under the
// answers, what is accepted was accepted as it is now, approved cases have all that
// was asked, and an account has one open case. It reports and goes on. What
// documents hold is VerifyDocuments' matter.
func (s *Service) VerifyAudit(ctx context.Context) (*AuditReport, error) {
	report := &AuditReport{Findings: []AuditFinding{}}
	for after := ""; ; {
		last, err := s.verifyBatch(ctx, after, auditBatch, report)
		if err != nil {
			return report, err
		}
		if last == "" {
			return report, s.verifyAccounts(ctx, report)
		}
		after = last
	}
}

// verifyBatch checks the cases after one, and returns the last of them; "" when there
// are no more.
func (s *Service) verifyBatch(ctx context.Context, after string, limit int, report *AuditReport) (last string, err error) {
	ids := []string{}
	err = s.db.NewSelect().Model((*Case)(nil)).Column("id").Where("c.id > ?", after).Order("c.id").Limit(int64(limit)).Scan(ctx, &ids)
	if err != nil {
		return "", fmt.Errorf("list cases: %w", err)
	}
	for _, id := range ids {
		if err := s.verifyCase(ctx, id, report); err != nil {
			return "", err
		}
		last = id
	}
	return last, nil
}

// verifyAccounts looks for accounts with more than one open case, which the unique
// index forbids: it may have been lost in a restore.
func (s *Service) verifyAccounts(ctx context.Context, report *AuditReport) error {
	doubled := []string{}
	err := s.db.From(ctx).NewSelect().Model((*Case)(nil)).ColumnExpr("MIN(c.id)").Where("c.open = ?", true).
		Group("c.account_key").Having("COUNT(*) > 1").Scan(ctx, &doubled)
	if err != nil {
		return fmt.Errorf("look for accounts with several open cases: %w", err)
	}
	for _, id := range doubled {
		report.Findings = append(report.Findings, AuditFinding{CaseID: id, Code: "account_open_twice", Detail: "another case on the same account is open, too"})
	}
	return nil
}

// verifyCase reads a case with its events and judges them. The case may change between
// the reads, so what looks wrong, or can't be read, is looked at again with the case
// locked. What can't be read even then, on a database that answers, is a finding.
func (s *Service) verifyCase(ctx context.Context, id string, report *AuditReport) error {
	n, findings, err := s.readAndVerify(ctx, s.db.DB, id, s.readCase)
	if err != nil || len(findings) > 0 {
		err = s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
			n, findings, err = s.readAndVerify(ctx, tx, id, s.lock)
			return err
		})
	}
	if problem.Is(err, "case_not_found") { // it was removed meanwhile
		return nil
	}
	if err != nil {
		if ctx.Err() != nil || s.db.Check(ctx) != nil || errors.Is(err, database.ErrBusy) {
			return err
		}
		s.opt.Logger.ErrorContext(ctx, "a case can't be read", "case", id, "error", err)
		n, findings = 0, []AuditFinding{{CaseID: id, Code: "case_unreadable", Detail: "the case's rows can't be read; the server's log says why"}}
	}
	report.Cases++
	report.Events += n
	report.Findings = append(report.Findings, findings...)
	return nil
}

func (s *Service) readCase(ctx context.Context, db bun.IDB, id string) (*Case, error) {
	found := []*Case{}
	if err := db.NewSelect().Model(&found).Where("c.id = ?", id).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read case: %w", err)
	}
	if len(found) == 0 {
		return nil, errNotFound()
	}
	return found[0], nil
}

func (s *Service) readAndVerify(ctx context.Context, db bun.IDB, id string, read func(context.Context, bun.IDB, string) (*Case, error)) (int, []AuditFinding, error) {
	c, err := read(ctx, db, id)
	if err != nil {
		return 0, nil, err
	}
	events := []*Event{}
	err = db.NewSelect().Model(&events).Where("e.case_id = ?", c.ID).Order("e.seq").Scan(ctx)
	if err != nil {
		return 0, nil, fmt.Errorf("read events: %w", err)
	}
	findings := slices.Concat(verifyChain(c, events), verifyLife(c, events))
	rows, err := s.readRows(ctx, db, c)
	if err != nil {
		return 0, nil, err
	}
	findings = append(findings, rows.verifyEffects(events)...)
	more, err := s.verifyItems(ctx, rows)
	return len(events), append(findings, more...), err
}

// verifyChain checks numbers, links, hashes and the head.
func verifyChain(c *Case, events []*Event) []AuditFinding {
	var out []AuditFinding
	found := func(seq int64, code, detail string) {
		out = append(out, AuditFinding{CaseID: c.ID, Seq: seq, Code: code, Detail: detail})
	}
	last, head := int64(0), ""
	for _, e := range events {
		if e.Seq != last+1 {
			found(e.Seq, "gap", fmt.Sprintf("the event before it is %d", last))
		}
		if e.Prev != head {
			found(e.Seq, "broken_link", "the event does not follow the one before it")
		}
		if e.sum() != e.Hash {
			found(e.Seq, "altered", "the event's content does not match its hash")
		}
		last, head = e.Seq, e.Hash
	}
	if c.EventSeq != last {
		found(0, "truncated", fmt.Sprintf("the case counts %d events, the last one there is %d", c.EventSeq, last))
	}
	if c.EventHead != head {
		found(0, "wrong_head", "the case's head is not its last event")
	}
	return out
}

// verifyLife replays the events over the table of transitions.
func verifyLife(c *Case, events []*Event) []AuditFinding {
	var out []AuditFinding
	found := func(seq int64, code, detail string) {
		out = append(out, AuditFinding{CaseID: c.ID, Seq: seq, Code: code, Detail: detail})
	}
	state, round := State(""), 1
	for _, e := range events {
		if !legal(e, state) {
			found(e.Seq, "illegal_transition", fmt.Sprintf("%s by %s led from %q to %q", e.Type, e.ActorKind, state, e.State))
		}
		if Action(e.Type) == actAppeal {
			round++
		}
		if e.Round != round {
			found(e.Seq, "wrong_round", fmt.Sprintf("the event is of round %d, the case was in round %d", e.Round, round))
		}
		state = e.State
	}
	if state != c.State {
		found(0, "wrong_state", fmt.Sprintf("the events lead to %q, the case is %q", state, c.State))
	}
	if round != c.Round {
		found(0, "wrong_round", fmt.Sprintf("the events lead to round %d, the case is in round %d", round, c.Round))
	}
	return out
}

// legal reports whether the table lets the event's actor do what it says from
// the state.
func legal(e *Event, from State) bool {
	return slices.ContainsFunc(transitions(), func(t transition) bool {
		begins := t.from == nil && from == ""
		return string(t.action) == e.Type && slices.Contains(t.by, e.ActorKind) &&
			(begins || slices.Contains(t.from, from)) && (t.to == e.State || t.to == same && from == e.State)
	})
}
