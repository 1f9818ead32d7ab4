package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/uptrace/bun"
)

// cleanupTimeout bounds a rollback whose own context is already over.
const cleanupTimeout = 5 * time.Second

// session is a transaction that a context carries: begun by InTx, or, in a unit
// of work, by the first InTx under it.
type session struct {
	db    *DB
	base  context.Context // the transaction lives as long as this
	begin func(ctx context.Context, tx bun.IDB) error

	mu         sync.Mutex
	tx         *bun.Tx
	ended      bool
	committed  bool
	failure    error // sticky: the transaction can no longer be committed
	savepoints int
	after      []func() // run once it is committed
}

// sessionKey finds the session in a context.
type sessionKey struct{}

// sessionIn is the context's session on this database, if it is not over.
func (db *DB) sessionIn(ctx context.Context) *session {
	s, _ := ctx.Value(sessionKey{}).(*session)
	if s == nil || s.db != db || s.isEnded() {
		return nil
	}
	return s
}

func (s *session) isEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// current is the transaction when it has begun and is not over.
func (s *session) current() *bun.Tx {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil
	}
	return s.tx
}

// From is what to query with: the transaction in ctx, else the pool.
func (db *DB) From(ctx context.Context) bun.IDB {
	if s := db.sessionIn(ctx); s != nil {
		if tx := s.current(); tx != nil {
			return *tx
		}
	}
	return db.DB
}

// Joins says whether InTx under ctx joins a transaction that somebody else ends, one that
// has not begun yet, too.
func (db *DB) Joins(ctx context.Context) bool { return db.sessionIn(ctx) != nil }

// InTx runs fn in a transaction: IMMEDIATE on SQLite, READ COMMITTED on
// Postgres. It commits when fn returns nil and rolls back when it returns an
// error or panics. The context given to fn carries the transaction, so that
// From and InTx under it join.
//
// Joined to a transaction in ctx, fn runs behind a savepoint: its error undoes
// what it did and nothing before it, and the outer transaction goes on. The first InTx
// of a unit of work needs none: before it nothing was done. What
// must survive a refusal is therefore written in an InTx that returns nil, and
// the refusal is returned after it. A transaction is not for several goroutines.
func (db *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx bun.IDB) error) error {
	if s := db.sessionIn(ctx); s != nil {
		return s.join(ctx, fn)
	}
	s := &session{db: db, base: ctx}
	if _, err := s.start(ctx); err != nil {
		return err
	}
	defer func() { _ = s.rollback() }() // after a commit it does nothing
	if err := fn(context.WithValue(ctx, sessionKey{}, s), *s.tx); err != nil {
		return err
	}
	return s.commit()
}

// start begins the transaction unless it has begun.
func (s *session) start(ctx context.Context) (began bool, err error) {
	began, err = s.open()
	if err != nil || !began || s.begin == nil {
		return began, err
	}
	sound := false
	defer func() {
		if !sound { // also after a panic
			_ = s.rollback()
		}
	}()
	if err := s.begin(ctx, *s.tx); err != nil {
		s.fail(err)
		return true, err
	}
	sound = true
	return true, nil
}

// open begins the transaction unless it has begun before.
func (s *session) open() (began bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil || s.tx != nil {
		return false, s.failure
	}
	// Not a call's own, shorter context: that must not end the whole transaction.
	tx, err := s.db.BeginTx(s.base, nil)
	if err != nil {
		return false, fmt.Errorf("begin a transaction: %w", Classify(err))
	}
	s.tx = &tx
	return true, nil
}

// fail keeps the transaction from being committed.
func (s *session) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = err
}

// join runs fn in the transaction so that its error undoes what it did.
func (s *session) join(ctx context.Context, fn func(ctx context.Context, tx bun.IDB) error) error {
	first, err := s.start(ctx)
	if err != nil {
		return err
	}
	if first {
		return s.lead(ctx, fn)
	}
	return s.follow(ctx, fn)
}

// lead runs what comes first in the transaction: its error takes the whole of that back,
// and whatever comes next begins anew.
func (s *session) lead(ctx context.Context, fn func(ctx context.Context, tx bun.IDB) error) (err error) {
	done := false
	defer func() {
		if !done {
			s.reopen(err)
		}
	}()
	if err = fn(ctx, *s.tx); err != nil {
		return err
	}
	done = true
	return nil
}

// reopen rolls back as if nothing had begun. Where the transaction was lost, and not just
// refused, nobody goes on as if nothing had happened.
func (s *session) reopen(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	for _, lost := range []error{ErrTxFailed, ErrUnavailable, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(cause, lost) {
			s.failure = errors.Join(ErrTxFailed, cause)
		}
	}
	if err := s.tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		s.failure = errors.Join(ErrTxFailed, fmt.Errorf("roll back: %w", Classify(err)))
	}
	s.tx, s.after = nil, nil
}

// follow runs fn behind a savepoint.
func (s *session) follow(ctx context.Context, fn func(ctx context.Context, tx bun.IDB) error) error {
	s.savepoints++
	name := fmt.Sprintf("joined_%d", s.savepoints)
	if _, err := s.tx.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return fmt.Errorf("set a savepoint: %w", Classify(err))
	}
	done, after := false, len(s.after)
	defer func() {
		if !done {
			s.undo(ctx, name)
			s.after = s.after[:min(after, len(s.after))]
		}
	}()
	if err := fn(ctx, *s.tx); err != nil {
		return err
	}
	if _, err := s.tx.ExecContext(ctx, "RELEASE SAVEPOINT "+name); err != nil {
		return fmt.Errorf("release a savepoint: %w", Classify(err))
	}
	done = true
	return nil
}

// undo goes back to a savepoint. When that fails, nothing of the transaction
// can be trusted any more, so it will not be committed.
func (s *session) undo(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	_, err := s.tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+name)
	if err == nil {
		_, err = s.tx.ExecContext(ctx, "RELEASE SAVEPOINT "+name)
	}
	if err != nil {
		s.fail(errors.Join(ErrTxFailed, fmt.Errorf("go back to a savepoint: %w", Classify(err))))
	}
}

func (s *session) commit() error {
	if err := s.finish(); err != nil {
		return err
	}
	for _, fn := range s.after {
		fn()
	}
	s.after = nil
	return nil
}

// AfterCommit calls fn when the transaction in ctx is committed, and not at all
// when it, or the joined InTx of the call, is rolled back; at once when there is none. For what only hastens
// things, such as waking a worker: a crash in between loses the call.
func (db *DB) AfterCommit(ctx context.Context, fn func()) {
	s := db.sessionIn(ctx)
	if s == nil {
		fn()
		return
	}
	s.after = append(s.after, fn)
}

func (s *session) finish() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.tx == nil {
		return s.failure
	}
	s.ended = true
	if s.failure != nil {
		_ = s.tx.Rollback()
		return s.failure
	}
	if err := s.tx.Commit(); err != nil {
		_ = s.tx.Rollback()
		if ctxErr := s.base.Err(); ctxErr != nil && errors.Is(err, sql.ErrTxDone) {
			err = ctxErr // database/sql rolled it back when the context ended
		}
		return fmt.Errorf("commit: %w", Classify(err))
	}
	s.committed = true
	return nil
}

func (s *session) rollback() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.tx == nil {
		return nil
	}
	s.ended, s.after = true, nil
	if err := s.tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("roll back: %w", Classify(err))
	}
	return nil
}
