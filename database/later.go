package database

import (
	"context"
	"errors"
)

type laterKey struct{}

// Later returns a context under which a statement of a transaction, whose result
// nobody waits for, may be sent along with the next one, or with the commit: on
// Postgres that spares its round trip. Should it fail, then the statement that it
// travelled with fails with ErrTxFailed, or the commit with what it failed of, and the
// transaction is lost either way; going back to a savepoint does not save it. SQLite
// runs it at once.
//
// It is for writes that cannot fail unless something is wrong. Rows affected are not
// known: a condition that must hold is written so that it violates a constraint where
// it does not.
func Later(ctx context.Context) context.Context {
	return context.WithValue(ctx, laterKey{}, true)
}

func isLater(ctx context.Context) bool {
	later, _ := ctx.Value(laterKey{}).(bool)
	return later
}

// mostPending bounds, in bytes, what waits for the next statement.
const mostPending = 256 << 10

// laterResult is that of a statement which has not been run yet.
type laterResult struct{}

var errLater = errors.New("the statement is sent later: its result is not known")

// LastInsertId implements driver.Result.
func (laterResult) LastInsertId() (int64, error) { return 0, errLater }

// RowsAffected implements driver.Result.
func (laterResult) RowsAffected() (int64, error) { return 0, errLater }

type forgettableKey struct{}

// Forgettable returns a context for what needn't survive a crash of the database, such
// as counts of limits: a statement outside of a transaction, or the transaction that an
// InTx begins, is not waited for until it is on the disk. A crash loses the last
// moments of it; what is not forgettable is as safe as ever.
func Forgettable(ctx context.Context) context.Context {
	return context.WithValue(ctx, forgettableKey{}, true)
}

func isForgettable(ctx context.Context) bool {
	forgettable, _ := ctx.Value(forgettableKey{}).(bool)
	return forgettable
}

// forget lets a transaction of Postgres be committed before it is on the disk.
const forget = "SET LOCAL synchronous_commit TO OFF"
