package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"regain/database"
)

// SignalKind is what a signal points out.
type SignalKind string

// The kinds of signals: what a case has in common with others, and what is blocked.
const (
	SameAccount SignalKind = "same_account"
	SameEmail   SignalKind = "same_email"
	SamePhone   SignalKind = "same_phone"
	SameFile    SignalKind = "same_file"
	IsBlocked   SignalKind = "blocked"
)

// Signal is something that reviewers should know about a case. It proves nothing.
type Signal struct {
	Kind SignalKind
	// Document is the case's file that is concerned; nil for signals of other kinds.
	Document *Document
	// Other is the case that has it in common; nil for what is blocked.
	Other *SeenCase
	// Block is set for what is blocked.
	Block *Block
}

// SeenCase is another case in a signal.
type SeenCase struct {
	ID, Reference string
	State         State
	FiledAt       time.Time
	// SameAccount says that it is about the same account.
	SameAccount bool
}

// mostSignals is how many other cases a signal of one kind names; the newest ones.
const mostSignals = 10

// signalRow is a line of the one statement that finds signals: another case with what
// it has in common, or a block with what it blocks.
type signalRow struct {
	Kind       SignalKind
	About      string // the id of the case's document, or a block's kind
	ID         string
	Label      string // the reference, or the reason
	State      string // of the case, or "refuse"
	At         time.Time
	AccountKey string // of the case, or the block's hint
}

// signalsOf finds in one statement what a case has in common with others that were
// filed, and what of it is blocked. Each part reads an index in order and ends after a
// few rows, so that it costs the same however many cases there are.
var signalsOf = database.NewShape(sameColumn("same_account", "account_key") + " UNION ALL " +
	sameColumn("same_email", "email_key") + " UNION ALL " + sameColumn("same_phone", "phone_key") + " UNION ALL " +
	"SELECT * FROM (SELECT 'same_file' AS kind, m.id AS about, c.id AS id, c.reference AS label, c.state AS state, c.filed_at AS at, c.account_key AS account_key " +
	"FROM documents m JOIN documents o ON o.sha256 = m.sha256 AND o.case_id <> m.case_id JOIN cases c ON c.id = o.case_id " +
	"WHERE m.case_id = ? AND c.filed_at IS NOT NULL LIMIT 100) AS same_file UNION ALL " +
	"SELECT 'blocked' AS kind, b.kind AS about, b.id AS id, b.reason AS label, CASE WHEN b.refuse THEN 'refuse' ELSE '' END AS state, b.expires_at AS at, b.hint AS account_key " +
	"FROM blocks b WHERE b.lifted_at IS NULL AND b.expires_at > ? AND b.digest IN (?, ?, ?) UNION ALL " +
	"SELECT 'blocked' AS kind, d.id AS about, b.id AS id, b.reason AS label, CASE WHEN b.refuse THEN 'refuse' ELSE '' END AS state, b.expires_at AS at, b.hint AS account_key " +
	"FROM documents d JOIN blocks b ON b.digest = d.sha256 WHERE d.case_id = ? AND b.lifted_at IS NULL AND b.expires_at > ?")

// sameColumn finds the newest filed cases with the same value in a column.
func sameColumn(kind, column string) string {
	return fmt.Sprintf("SELECT * FROM (SELECT '%s' AS kind, '' AS about, c.id AS id, c.reference AS label, c.state AS state, c.filed_at AS at, c.account_key AS account_key "+
		"FROM cases c WHERE c.%s = ? AND c.%s <> '' AND c.id <> ? AND c.filed_at IS NOT NULL ORDER BY c.id DESC LIMIT %d) AS %s", kind, column, column, mostSignals, kind)
}

// signals are what reviewers should know about the case: what it has in common with
// others, and what is blocked.
func (s *Service) signals(ctx context.Context, d *Details) ([]Signal, error) {
	c, now := d.Case, s.now()
	rows := []signalRow{}
	err := s.db.ReadShape(ctx, s.db.From(ctx), signalsOf, &rows,
		c.AccountKey, c.ID, c.EmailKey, c.ID, c.PhoneKey, c.ID, c.ID, now, c.AccountKey, c.EmailKey, c.PhoneKey, c.ID, now)
	if err != nil {
		return nil, fmt.Errorf("look for signals: %w", err)
	}
	slices.SortStableFunc(rows, func(a, b signalRow) int { // what is blocked first, then the newest
		if a.Kind != b.Kind {
			return strings.Compare(string(a.Kind), string(b.Kind))
		}
		return strings.Compare(b.ID, a.ID)
	})
	signals := make([]Signal, 0, len(rows))
	named := map[string]int{}
	for _, r := range rows {
		about := fmt.Sprint(r.Kind, "/", r.About)
		if seen := slices.ContainsFunc(signals, func(s Signal) bool { return r.repeats(s) }); seen || named[about] >= mostSignals {
			continue
		}
		named[about]++
		signals = append(signals, r.signal(d))
	}
	return signals, nil
}

// repeats says that a row tells what a signal told already: a file that is in the other
// case more than once, or a blocked file that is in this one more than once.
func (r signalRow) repeats(s Signal) bool {
	if r.Kind != s.Kind {
		return false
	}
	if s.Block != nil {
		return s.Block.ID == r.ID
	}
	return s.Other.ID == r.ID && (s.Document == nil || s.Document.ID == r.About)
}

func (r signalRow) signal(d *Details) Signal {
	out := Signal{Kind: r.Kind}
	if at := slices.IndexFunc(d.Documents, func(doc *Document) bool { return doc.ID == r.About }); at >= 0 {
		out.Document = d.Documents[at]
	}
	if r.Kind != IsBlocked {
		out.Other = &SeenCase{ID: r.ID, Reference: r.Label, State: State(r.State), FiledAt: r.At.UTC(), SameAccount: r.AccountKey == d.Case.AccountKey}
		return out
	}
	out.Block = &Block{ID: r.ID, Kind: BlockKind(r.About), Reason: r.Label, Refuse: r.State == "refuse", ExpiresAt: r.At.UTC(), Hint: r.AccountKey}
	if out.Document != nil {
		out.Block.Kind = BlockFile
	}
	return out
}
