package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
)

// cancelGrace is how long after its context ended a statement may still take to
// return: the time for the server to be told and to answer.
const cancelGrace = time.Second

// postgresConn guards one connection of pgdriver:
//   - after a failed statement, Commit rolls back and says so;
//   - a context that ends cancels the statement on the server;
//   - a connection whose state is in doubt is not used again;
//   - errors hold no values.
//
// It also saves round trips: BEGIN, SAVEPOINT and RELEASE, and writes that are
// marked by Later, are sent along with the statement that follows them.
type postgresConn struct {
	inner     *pgdriver.Conn
	wire      *wire
	canceller *canceller
	backend   backend
	logger    *slog.Logger

	broken  bool // never to be used again
	tx      txState
	begun   bool   // the server was told of the transaction
	pending string // statements that go with the next one, each ending in ";"
	waiting int    // how many those are
	owed    bool   // some of them are writes
	carried int    // how many went before the statement that is under way
	shapes  shapes
}

// prepareSession runs the setup query and learns which backend this is.
func (c *postgresConn) prepareSession(ctx context.Context, setup string) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	unwatch := context.AfterFunc(ctx, func() { c.wire.endBy(time.Now()) })
	defer unwatch()
	rows, err := c.inner.QueryContext(ctx, setup, nil)
	if err != nil {
		return err
	}
	values := make([]driver.Value, len(rows.Columns()))
	err = rows.Next(values)
	if err = errors.Join(err, rows.Close()); err != nil {
		return err
	}
	c.backend = backend{process: text(values[0]), start: text(values[1])}
	c.backend.key = [2]uint32{c.wire.messages.process, c.wire.messages.secret}
	if c.backend.process == "" || c.backend.start == "" {
		return errors.New("the server did not name its backend")
	}
	if !unwatch() {
		return context.Cause(ctx)
	}
	return nil
}

// text is a column that pgdriver gives as text or bytes.
func text(v driver.Value) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

// allow says whether a statement may be sent now.
func (c *postgresConn) allow(ctx context.Context, query string) error {
	if c.broken && !c.tx.active {
		return driver.ErrBadConn // nothing was sent: database/sql takes another
	}
	if c.broken {
		return c.lostTx()
	}
	c.settle()
	return c.tx.refuse(ctx, query)
}

// settle takes the server's word on the transaction. One that ended without
// Commit or Rollback, by a statement in it or because the server refused BEGIN
// together with a faulty statement, must not go on as single statements.
func (c *postgresConn) settle() {
	if !c.tx.active || c.tx.rowsOpen > 0 {
		return
	}
	switch status := c.wire.messages.status; {
	case status == statusFailed:
		c.tx.note(errFailed)
	case c.begun && status == statusIdle:
		c.tx.note(errEnded)
		c.tx.lost = true
	}
}

// Causes of a failed transaction where no statement's error was seen.
var (
	errFailed = errors.New("a statement failed")
	errEnded  = errors.New("the transaction was ended by a statement in it")
)

// lostTx is about a transaction whose connection cannot be used any more.
func (c *postgresConn) lostTx() error {
	return &Error{Kind: ErrUnavailable, Detail: "the connection of the transaction was lost", cause: c.tx.failure}
}

// call runs one exchange with the server, cancelling it when ctx ends.
func (c *postgresConn) call(ctx context.Context, exchange func(ctx context.Context) error) error {
	stop := c.watch(ctx)
	err := exchange(context.WithoutCancel(ctx))
	stop()
	if err == nil {
		c.shapes.answered(true)
	}
	return c.finish(ctx, err)
}

// watch cancels what the server does once ctx ends, until stop is called. A
// cancelled connection is not used again, because the request may arrive after
// its statement.
func (c *postgresConn) watch(ctx context.Context) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	unwatch := context.AfterFunc(ctx, func() { //nolint:contextcheck // that context is over: cancelling needs one of its own
		c.wire.endBy(time.Now().Add(cancelGrace))
		if err := c.canceller.cancel(c.backend); err != nil {
			c.logger.Warn("a statement may run on until the server's time-out", "error", err.Error())
		}
	})
	return func() {
		if !unwatch() {
			c.broken = true
			c.tx.note(ctx.Err())
		}
	}
}

// finish settles the connection's state after an exchange and makes its error
// fit to be seen.
func (c *postgresConn) finish(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var fromServer pgdriver.Error
	if !errors.As(err, &fromServer) || fromServer.Field('V') != "ERROR" || !c.inner.IsValid() {
		c.broken = true // the exchange was cut short, or pgdriver closed it
	}
	err = Classify(err)
	switch {
	case c.broken && ctx.Err() != nil && !errors.Is(err, driver.ErrBadConn):
		err = &Error{Detail: "statement cancelled", cause: ctx.Err()}
	case !c.broken && c.wire.messages.completed < c.carried:
		err = notItsOwn(err)
	}
	c.shapes.answered(false)
	c.tx.note(err)
	return err
}

// notItsOwn is the failure of a statement that was carried along: whoever asks whether
// its own statement met a key that is taken must not take this for an answer.
func notItsOwn(err error) error {
	if errors.Is(err, ErrUnique) || errors.Is(err, ErrForeignKey) {
		err = errors.New(err.Error())
	}
	return &Error{Kind: ErrTxFailed, cause: err}
}

// withPending is the query with what waited for it; before counts the statements in it
// that come before its last.
func (c *postgresConn) withPending(query string, before int) string {
	query = c.pending + query
	c.carried = c.waiting + before
	c.wire.messages.completed = 0
	c.forgetPending()
	c.begun = c.tx.active
	return query
}

func (c *postgresConn) forgetPending() { c.pending, c.waiting, c.owed = "", 0, false }

// dropPending forgets what will never be sent.
func (c *postgresConn) dropPending() {
	c.forgetPending()
	c.shapes.answered(false)
}

// wait lets a statement wait for the next one.
func (c *postgresConn) wait(query string, before int) {
	c.pending += query + ";"
	c.waiting += before + 1
}

// statement is the query as the server gets it, and how many come before it.
func (c *postgresConn) statement(ctx context.Context, query string) (string, int) {
	before := 0
	if s := shapeOf(ctx); s != nil {
		query, before = c.shapes.statement(s, query)
	}
	if !c.tx.active && isForgettable(ctx) {
		query, before = forget+";"+query, before+1
	}
	return query, before
}

// ExecContext runs a statement.
func (c *postgresConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.allow(ctx, query); err != nil {
		return nil, err
	}
	query, before := c.statement(ctx, query)
	if c.tx.active && len(args) == 0 {
		if isDeferrable(query) {
			c.wait(query, before)
			return driver.RowsAffected(0), nil
		}
		if isLater(ctx) && len(c.pending)+len(query) < mostPending {
			c.wait(query, before)
			c.owed = true
			return laterResult{}, nil
		}
	}
	var result driver.Result
	err := c.call(ctx, func(ctx context.Context) (err error) {
		result, err = c.inner.ExecContext(ctx, c.withPending(query, before), args)
		return err
	})
	if err != nil {
		return nil, err
	}
	if c.tx.active && isRollback(query) {
		c.tx.wentBack()
	}
	return result, nil
}

// isDeferrable says that a statement cannot fail in a sound transaction and has
// no answer that anyone waits for.
func isDeferrable(query string) bool {
	return (strings.HasPrefix(query, "SAVEPOINT ") || strings.HasPrefix(query, "RELEASE SAVEPOINT ")) &&
		!strings.Contains(query, ";")
}

// QueryContext runs a statement that gives rows. Its context counts until the
// rows are closed.
func (c *postgresConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.allow(ctx, query); err != nil {
		return nil, err
	}
	query, before := c.statement(ctx, query)
	return c.rows(ctx, func(ctx context.Context) (driver.Rows, error) {
		return c.inner.QueryContext(ctx, c.withPending(query, before), args)
	})
}

func (c *postgresConn) rows(ctx context.Context, query func(ctx context.Context) (driver.Rows, error)) (driver.Rows, error) {
	stop := c.watch(ctx)
	rows, err := query(context.WithoutCancel(ctx))
	if err != nil {
		stop()
		return nil, c.finish(ctx, err)
	}
	c.shapes.answered(true) // what gives rows was planned
	c.tx.rowsOpen++
	return &postgresRows{inner: rows, conn: c, ctx: ctx, stop: stop}, nil
}

// PrepareContext prepares a statement on the server.
func (c *postgresConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if err := c.allow(ctx, query); err != nil {
		return nil, err
	}
	if err := c.flush(ctx); err != nil {
		return nil, err
	}
	c.carried = 0
	var stmt driver.Stmt
	err := c.call(ctx, func(ctx context.Context) (err error) {
		stmt, err = c.inner.PrepareContext(ctx, query)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &postgresStmt{inner: stmt, conn: c, query: query}, nil
}

// flush sends what is pending, where nothing can carry it.
func (c *postgresConn) flush(ctx context.Context) error {
	if c.pending == "" {
		return nil
	}
	return c.call(ctx, func(ctx context.Context) error {
		_, err := c.inner.ExecContext(ctx, c.withPending("", 0), nil)
		return err
	})
}

// Prepare is PrepareContext for callers without a context.
func (c *postgresConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// Ping asks the server for an answer.
func (c *postgresConn) Ping(ctx context.Context) error {
	if err := c.allow(ctx, ""); err != nil {
		return err
	}
	return c.call(ctx, c.inner.Ping)
}

// ResetSession is called when the connection is taken from the pool: one that
// died meanwhile is replaced, which costs a look at the socket and no ping.
func (c *postgresConn) ResetSession(ctx context.Context) error {
	if !c.IsValid() || !c.wire.quiet() {
		c.broken = true
		c.logger.Debug("a pooled connection had died and is replaced")
		return driver.ErrBadConn
	}
	return c.inner.ResetSession(ctx)
}

// IsValid is called when the connection is given back: one in the middle of
// something is not kept.
func (c *postgresConn) IsValid() bool {
	return !c.broken && !c.tx.active && c.wire.messages.ready && c.wire.messages.status == statusIdle && c.inner.IsValid()
}

// Close ends the connection, politely when its state is known.
func (c *postgresConn) Close() error {
	c.broken = true
	return closeInner(c.inner, c.wire)
}

// closeInner tells an idle server goodbye, which spares its log a complaint,
// and closes.
func closeInner(conn *pgdriver.Conn, w *wire) error {
	if conn.IsValid() && w.messages.ready {
		w.endBy(time.Now().Add(cancelGrace))
		_, _ = w.Write([]byte{'X', 0, 0, 0, 4})
	}
	return conn.Close()
}

// postgresRows are rows whose context still counts.
type postgresRows struct {
	inner driver.Rows
	conn  *postgresConn
	ctx   context.Context
	stop  func() // nil once stopped

	closed bool
}

// Columns names the columns.
func (r *postgresRows) Columns() []string { return r.inner.Columns() }

// Next reads a row, or io.EOF.
func (r *postgresRows) Next(dest []driver.Value) error {
	err := r.inner.Next(dest)
	if err == nil {
		return nil
	}
	r.end()
	if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return r.conn.finish(r.ctx, err)
}

// Close reads what is left, because the protocol needs it.
func (r *postgresRows) Close() error {
	err := r.inner.Close()
	r.end()
	if !r.closed {
		r.closed = true
		r.conn.tx.rowsOpen--
	}
	return r.conn.finish(r.ctx, err)
}

func (r *postgresRows) end() {
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
}

// postgresStmt is a prepared statement under the same guard.
type postgresStmt struct {
	inner driver.Stmt
	conn  *postgresConn
	query string
}

// Close forgets the statement.
func (s *postgresStmt) Close() error {
	if s.conn.broken || !s.conn.inner.IsValid() {
		return nil // it went with the connection
	}
	return s.conn.finish(context.Background(), s.inner.Close())
}

// NumInput is the number of parameters.
func (s *postgresStmt) NumInput() int { return s.inner.NumInput() }

// ExecContext runs the statement.
func (s *postgresStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.ready(ctx, args); err != nil {
		return nil, err
	}
	execer, ok := s.inner.(driver.StmtExecContext)
	if !ok {
		return nil, fmt.Errorf("prepared statement of %T", s.inner)
	}
	var result driver.Result
	err := s.conn.call(ctx, func(ctx context.Context) (err error) {
		result, err = execer.ExecContext(ctx, args)
		return err
	})
	return result, err
}

// QueryContext runs the statement for rows.
func (s *postgresStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.ready(ctx, args); err != nil {
		return nil, err
	}
	queryer, ok := s.inner.(driver.StmtQueryContext)
	if !ok {
		return nil, fmt.Errorf("prepared statement of %T", s.inner)
	}
	return s.conn.rows(ctx, func(ctx context.Context) (driver.Rows, error) {
		return queryer.QueryContext(ctx, args)
	})
}

// ready says whether the statement may be run now.
func (s *postgresStmt) ready(ctx context.Context, args []driver.NamedValue) error {
	if err := s.conn.allow(ctx, s.query); err != nil {
		return err
	}
	if err := checkArguments(args); err != nil {
		return err
	}
	err := s.conn.flush(ctx)
	s.conn.carried = 0
	return err
}

// Exec is the old form, which database/sql does not use here.
func (s *postgresStmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), named(args))
}

// Query is the old form, which database/sql does not use here.
func (s *postgresStmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), named(args))
}

func named(values []driver.Value) []driver.NamedValue {
	args := make([]driver.NamedValue, len(values))
	for i, value := range values {
		args[i] = driver.NamedValue{Ordinal: i + 1, Value: value}
	}
	return args
}
