package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// errNested cannot happen: database/sql never nests transactions on a connection.
var errNested = errors.New("a transaction is already under way on this connection")

// Begin is BeginTx for callers without a context.
func (c *postgresConn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// beginStatement is BEGIN with the options of database/sql.
func beginStatement(opts driver.TxOptions) (string, error) {
	begin := "BEGIN"
	switch level := sql.IsolationLevel(opts.Isolation); level {
	case sql.LevelDefault:
	case sql.LevelReadUncommitted, sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable:
		begin += " ISOLATION LEVEL " + level.String()
	default:
		return "", fmt.Errorf("no isolation level %s in Postgres", level)
	}
	if opts.ReadOnly {
		begin += " READ ONLY"
	}
	return begin, nil
}

// BeginTx begins a transaction; the server hears of it with the first statement.
func (c *postgresConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := c.allow(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	if c.tx.active {
		return nil, errNested
	}
	begin, err := beginStatement(opts)
	if err != nil {
		return nil, err
	}
	c.tx.begin()
	c.begun = false
	c.dropPending()
	c.wait(begin, 0)
	if isForgettable(ctx) {
		c.wait(forget, 0)
	}
	return &postgresTx{conn: c}, nil
}

// postgresTx is a transaction that a failed statement keeps from committing.
type postgresTx struct {
	conn *postgresConn
}

// Commit commits. After a failed statement, which the server would answer with
// a silent rollback, it rolls back and returns ErrTxFailed with the cause.
func (t *postgresTx) Commit() error {
	c := t.conn
	defer c.leaveTx()
	if c.broken {
		return c.lostTx()
	}
	c.settle()
	if c.tx.failure != nil {
		err := c.tx.failed()
		c.dropPending()
		return errors.Join(err, t.end("ROLLBACK"))
	}
	if !c.begun && !c.owed {
		return nil // nothing was done in it
	}
	err := t.end("COMMIT")
	if err != nil && !c.broken && c.wire.messages.status == statusFailed {
		_ = t.end("ROLLBACK") // a write that came with it failed: the connection is sound
	}
	return err
}

// Rollback rolls back.
func (t *postgresTx) Rollback() error {
	c := t.conn
	defer c.leaveTx()
	if c.broken || !c.begun {
		return nil // when a connection closes, the server rolls back
	}
	c.dropPending()
	return t.end("ROLLBACK")
}

// leaveTx forgets the transaction. Should the server still be in one, the
// connection is given up.
func (c *postgresConn) leaveTx() {
	c.tx.end()
	c.begun = false
	c.dropPending()
	c.broken = c.broken || c.wire.messages.status != statusIdle
}

// end sends the last statement of the transaction, without a context of the
// caller: half a commit helps nobody. The read time-out bounds it.
func (t *postgresTx) end(statement string) error {
	ctx := context.Background()
	_, err := t.conn.inner.ExecContext(ctx, t.conn.withPending(statement, 0), nil)
	if err == nil {
		t.conn.shapes.answered(true)
	}
	return t.conn.finish(ctx, err)
}
