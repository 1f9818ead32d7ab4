package database

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// errRowsOpen is a mistake in the code: pgdriver would read the open rows as
// the answer to the new statement.
var errRowsOpen = errors.New("rows of an earlier query on this connection are still open")

// errEndsTx is a mistake in the code too: what came after would be committed
// statement by statement.
var errEndsTx = errors.New("a statement must not end the transaction: return from InTx instead")

// endsTransactionItself finds a transaction command other than savepoints.
func endsTransactionItself(query string) bool {
	words := strings.Fields(query[:min(len(query), 40)])
	if len(words) == 0 {
		return false
	}
	switch strings.ToUpper(strings.TrimSuffix(words[0], ";")) {
	case "COMMIT", "END", "ABORT", "BEGIN", "START":
		return true
	case "ROLLBACK":
		return !slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(word, "TO") })
	}
	return false
}

// txState is what the guards of both databases know of a connection's
// transaction, so that both behave alike: a failed statement keeps the
// transaction from going on, until it goes back to a savepoint.
type txState struct {
	active   bool  // between BeginTx and the end
	failure  error // what first failed
	lost     bool  // the database ended the transaction: no savepoint helps
	rowsOpen int
}

func (t *txState) begin() {
	t.active, t.failure, t.lost = true, nil, false
}

func (t *txState) end() { t.active, t.failure, t.lost = false, nil, false }

// note remembers the first failure of the transaction.
func (t *txState) note(err error) {
	if t.active && t.failure == nil {
		t.failure = err
	}
}

// wentBack says that a rollback to a savepoint succeeded.
func (t *txState) wentBack() {
	if !t.lost {
		t.failure = nil
	}
}

// refuse says why a statement must not be run now, before anything is sent.
func (t *txState) refuse(ctx context.Context, query string) error {
	if t.rowsOpen > 0 {
		return errRowsOpen
	}
	if t.active && t.failure != nil && (t.lost || !isRollback(query)) {
		return t.failed()
	}
	if t.active && endsTransactionItself(query) {
		return errEndsTx
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return checkStatement(query)
}

// failed is ErrTxFailed with what failed first.
func (t *txState) failed() error {
	return &Error{Kind: ErrTxFailed, cause: t.failure}
}
