package database

import (
	"context"
	"errors"

	"github.com/uptrace/bun"
)

// Unit is a unit of work: the one transaction that every InTx under a context
// shares. The caller of WithUnit ends it with Commit or Rollback.
type Unit struct {
	session *session
}

// WithUnit returns a context under which the first InTx begins a transaction,
// calls begin in it, and later ones join. Nothing happens before that first
// InTx. An error of begin rolls back, ends the unit, and is what that InTx
// returns. The transaction is rolled back when ctx ends before Commit.
func (db *DB) WithUnit(ctx context.Context, begin func(ctx context.Context, tx bun.IDB) error) (context.Context, *Unit) {
	s := &session{db: db, base: ctx, begin: begin}
	return context.WithValue(ctx, sessionKey{}, s), &Unit{session: s}
}

// Begun says whether a transaction is under way.
func (u *Unit) Begun() bool { return u.session.current() != nil }

// Committed says whether a transaction was committed.
func (u *Unit) Committed() bool {
	u.session.mu.Lock()
	defer u.session.mu.Unlock()
	return u.session.committed
}

// Tx is the transaction, or nil when none is under way.
func (u *Unit) Tx() bun.IDB {
	if tx := u.session.current(); tx != nil {
		return *tx
	}
	return nil
}

// Commit makes everything of the unit durable. It does nothing when no
// transaction was begun. After an error nothing was applied, except that with
// ErrUnavailable the outcome may be unknown.
func (u *Unit) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return errors.Join(err, u.Rollback())
	}
	return u.session.commit()
}

// Rollback undoes everything of the unit. After Commit it does nothing.
func (u *Unit) Rollback() error { return u.session.rollback() }
