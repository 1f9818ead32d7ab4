package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteConnector makes guarded connections that take turns to write. SQLite
// has one writer at a time anyway; waiting for the turn here is fair and ends
// with the context, where SQLite's own waiting polls. Whoever has committed gives the
// turn back and then waits for the disk.
type sqliteConnector struct {
	inner   driver.Connector
	timeout time.Duration // for the turn
	turn    chan struct{} // holds one token: who has it may write
	disk    *walSync
}

func newSQLiteConnector(dsn string, lockTimeout time.Duration, disk *walSync) (*sqliteConnector, error) {
	inner, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	c := &sqliteConnector{inner: inner, timeout: lockTimeout, turn: make(chan struct{}, 1), disk: disk}
	c.turn <- struct{}{}
	return c, nil
}

// Driver is modernc's.
func (c *sqliteConnector) Driver() driver.Driver { return c.inner.Driver() }

// sqliteInner is everything that modernc's connection offers to database/sql.
type sqliteInner interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// connectTries is how often a new connection that meets a lock is made. A new file is made
// one with a log ahead by whoever opens it first, under a lock that others meet who have
// read before that it is none; some of them are not made to wait, and some wait for what never
// comes, as the first one stays. The next time they read what the file has become.
const connectTries = 4

// connectPause is for whoever was not made to wait.
const connectPause = 50 * time.Millisecond

// Connect makes a guarded connection.
func (c *sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := conn.(sqliteInner)
	if !ok {
		return nil, errors.Join(fmt.Errorf("unexpected connection %T", conn), conn.Close())
	}
	return &sqliteConn{sqliteInner: inner, connector: c}, nil
}

func (c *sqliteConnector) connect(ctx context.Context) (conn driver.Conn, err error) {
	for n := range connectTries {
		if n > 0 {
			select {
			case <-time.After(connectPause):
			case <-ctx.Done():
				return nil, err
			}
		}
		conn, err = c.inner.Connect(ctx)
		if err = Classify(err); err == nil || !errors.Is(err, ErrBusy) {
			break
		}
	}
	return conn, err
}

// take waits for the turn to write.
func (c *sqliteConnector) take(ctx context.Context) error {
	if err := c.disk.sound(); err != nil {
		return err
	}
	select {
	case <-c.turn:
		return nil
	default:
	}
	timer := time.NewTimer(c.timeout)
	defer timer.Stop()
	select {
	case <-c.turn:
		return nil
	case <-timer.C:
		return &Error{Kind: ErrBusy, Detail: "another transaction writes"}
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *sqliteConnector) giveBack() { c.turn <- struct{}{} }

// written gives the turn back after a write, and waits until it is on the disk.
func (c *sqliteConnector) written(ctx context.Context) error {
	c.giveBack()
	if isForgettable(ctx) {
		return nil
	}
	return c.disk.wait()
}

// sqliteConn guards a connection of modernc's driver, so that it fails as
// Postgres does: a failed statement dooms its transaction, and errors hold no
// values.
type sqliteConn struct {
	sqliteInner
	connector *sqliteConnector
	tx        txState
}

// finish notes a failure and makes it fit to be seen. After some errors SQLite
// rolls the whole transaction back by itself; what came next would then be
// committed alone.
func (c *sqliteConn) finish(err error) error {
	if err == nil {
		return nil
	}
	if c.tx.active {
		c.tx.lost = c.tx.lost || endsTransaction(err)
	}
	err = Classify(err)
	c.tx.note(err)
	return err
}

func endsTransaction(err error) bool {
	var fromSQLite *sqlite.Error
	if !errors.As(err, &fromSQLite) {
		return true // a context that ended: the statement was interrupted
	}
	switch fromSQLite.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE:
		return false
	}
	return true
}

// ExecContext runs a statement; outside a transaction it takes the turn.
func (c *sqliteConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.tx.refuse(ctx, query); err != nil {
		return nil, err
	}
	single := !c.tx.active
	if single {
		if err := c.connector.take(ctx); err != nil {
			return nil, err
		}
	}
	result, err := c.sqliteInner.ExecContext(ctx, query, args)
	if single {
		err = errors.Join(err, c.connector.written(ctx))
	}
	if err != nil {
		return nil, c.finish(err)
	}
	if c.tx.active && isRollback(query) {
		c.tx.wentBack()
	}
	return result, nil
}

// QueryContext runs a statement that gives rows; one that also writes takes the turn
// outside a transaction.
func (c *sqliteConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.tx.refuse(ctx, query); err != nil {
		return nil, err
	}
	written := func() error { return nil }
	if !c.tx.active && writes(query) {
		if err := c.connector.take(ctx); err != nil {
			return nil, err
		}
		written = sync.OnceValue(func() error { return c.connector.written(ctx) })
	}
	rows, err := c.sqliteInner.QueryContext(ctx, query, args)
	if err != nil {
		return nil, c.finish(errors.Join(err, written()))
	}
	inner, ok := rows.(sqliteRowsInner)
	if !ok {
		return nil, errors.Join(fmt.Errorf("unexpected rows %T", rows), rows.Close(), written())
	}
	c.tx.rowsOpen++
	return &sqliteRows{sqliteRowsInner: inner, conn: c, written: written}, nil
}

// writes says whether a statement may change something.
func writes(query string) bool {
	word, rest, _ := strings.Cut(strings.TrimLeft(query, " \t\n"), " ")
	switch strings.ToUpper(word) {
	case "INSERT", "UPDATE", "DELETE", "REPLACE":
		return true
	case "WITH":
		rest = strings.ToUpper(rest)
		return strings.Contains(rest, "INSERT ") || strings.Contains(rest, "UPDATE ") || strings.Contains(rest, "DELETE ")
	}
	return false
}

// PrepareContext prepares a statement.
func (c *sqliteConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if err := c.tx.refuse(ctx, query); err != nil {
		return nil, err
	}
	stmt, err := c.sqliteInner.PrepareContext(ctx, query)
	if err != nil {
		return nil, c.finish(err)
	}
	return &sqliteStmt{inner: stmt, conn: c, query: query}, nil
}

// Prepare is PrepareContext for callers without a context.
func (c *sqliteConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// Begin is BeginTx for callers without a context.
func (c *sqliteConn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx begins a transaction that holds the write lock from now on, unless it
// is read-only.
func (c *sqliteConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := c.tx.refuse(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	t := &sqliteTx{conn: c, release: func() {}, written: func() error { return nil }}
	if !opts.ReadOnly {
		if err := c.connector.take(ctx); err != nil {
			return nil, err
		}
		t.release, t.written = c.connector.giveBack, func() error { return c.connector.written(ctx) }
	}
	inner, err := c.sqliteInner.BeginTx(ctx, opts)
	if err != nil {
		t.release()
		return nil, c.finish(err)
	}
	t.inner = inner
	c.tx.begin()
	return t, nil
}

// Ping checks the connection.
func (c *sqliteConn) Ping(ctx context.Context) error { return Classify(c.sqliteInner.Ping(ctx)) }

// sqliteTx is a transaction that a failed statement keeps from committing.
type sqliteTx struct {
	inner   driver.Tx
	conn    *sqliteConn
	release func()       // gives the turn back, when nothing was committed
	written func() error // gives the turn back, and waits for the disk
}

// Commit commits, or after a failed statement rolls back and says so.
func (t *sqliteTx) Commit() error {
	defer t.conn.tx.end()
	if t.conn.tx.failure != nil {
		defer t.release()
		err := t.conn.tx.failed()
		if t.conn.tx.lost {
			_ = t.inner.Rollback() // most likely done already
			return err
		}
		return errors.Join(err, Classify(t.inner.Rollback()))
	}
	if err := t.inner.Commit(); err != nil {
		t.release()
		return Classify(err)
	}
	return t.written()
}

// Rollback rolls back.
func (t *sqliteTx) Rollback() error {
	defer t.release()
	defer t.conn.tx.end()
	err := t.inner.Rollback()
	if t.conn.tx.lost {
		return nil
	}
	return Classify(err)
}

// sqliteRowsInner is everything that modernc's rows offer.
type sqliteRowsInner interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

type sqliteRows struct {
	sqliteRowsInner
	conn    *sqliteConn
	written func() error // once the statement has ended
	closed  bool
}

// Next reads a row, or io.EOF. The statement has ended by then, and nobody would hear of
// an error later.
func (r *sqliteRows) Next(dest []driver.Value) error {
	err := r.sqliteRowsInner.Next(dest)
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		if err := r.written(); err != nil {
			return err
		}
		return io.EOF
	}
	return r.conn.finish(err)
}

// Close ends the statement.
func (r *sqliteRows) Close() error {
	if !r.closed {
		r.closed = true
		r.conn.tx.rowsOpen--
	}
	err := r.conn.finish(r.sqliteRowsInner.Close())
	return errors.Join(err, r.written())
}

// sqliteStmt runs a prepared statement's text through the guard.
type sqliteStmt struct {
	inner driver.Stmt
	conn  *sqliteConn
	query string
}

// Close forgets the statement.
func (s *sqliteStmt) Close() error { return s.conn.finish(s.inner.Close()) }

// NumInput is the number of parameters.
func (s *sqliteStmt) NumInput() int { return s.inner.NumInput() }

// ExecContext runs the statement.
func (s *sqliteStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := checkArguments(args); err != nil {
		return nil, err
	}
	return s.conn.ExecContext(ctx, s.query, args)
}

// QueryContext runs the statement for rows.
func (s *sqliteStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := checkArguments(args); err != nil {
		return nil, err
	}
	return s.conn.QueryContext(ctx, s.query, args)
}

// Exec is the old form, which database/sql does not use here.
func (s *sqliteStmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), named(args))
}

// Query is the old form, which database/sql does not use here.
func (s *sqliteStmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), named(args))
}
