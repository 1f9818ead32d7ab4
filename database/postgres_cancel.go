package database

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
)

// cancelTimeout bounds one attempt to cancel a statement.
const cancelTimeout = 2 * time.Second

// backend names a server process. The start guards against cancelling another
// one that was given the same process id since.
type backend struct {
	process, start string
	key            [2]uint32 // process id and secret of the cancel protocol
}

// canceller cancels statements of other connections. It keeps one connection of
// its own, outside the pool, so that it works when the pool, or the server, has
// none left.
type canceller struct {
	target    postgresTarget
	connector *postgresConnector
	logger    *slog.Logger

	turn chan struct{} // holds one token: whoever has it uses conn

	mu     sync.Mutex
	conn   *pgdriver.Conn
	wire   *wire
	closed bool
}

func newCanceller(target postgresTarget, logger *slog.Logger) *canceller {
	target.application += " (cancel)"
	c := &canceller{target: target, connector: plainConnector(target, cancelTimeout), logger: logger, turn: make(chan struct{}, 1)}
	c.turn <- struct{}{}
	return c
}

// cancel ends the statement that the backend runs, through the reserved
// connection, else with the protocol's own request, which needs no connection
// slot of the server.
func (c *canceller) cancel(b backend) error {
	ctx, cancel := context.WithTimeout(context.Background(), cancelTimeout)
	defer cancel()
	err := c.cancelReserved(ctx, b)
	if err == nil {
		return nil
	}
	c.logger.Warn("cancel a statement through the reserved connection", "error", err.Error())
	ctx, cancel = context.WithTimeout(context.Background(), cancelTimeout)
	defer cancel()
	return c.cancelRequest(ctx, b)
}

func (c *canceller) cancelReserved(ctx context.Context, b backend) error {
	select {
	case <-c.turn:
		defer func() { c.turn <- struct{}{} }()
	case <-ctx.Done():
		return errors.New("the reserved connection is taken")
	}
	conn, err := c.connection(ctx)
	if err != nil {
		return err
	}
	query := fmt.Sprintf("SELECT pg_cancel_backend(pid) FROM pg_stat_get_activity(%s) WHERE extract(epoch FROM backend_start)::text = '%s'",
		b.process, b.start)
	if _, err := conn.ExecContext(ctx, query, nil); err != nil {
		c.drop()
		return Classify(err)
	}
	return nil
}

// reserve makes the connection ahead of need.
func (c *canceller) reserve(ctx context.Context) error {
	_, err := c.connection(ctx)
	return err
}

// connection is the reserved one, made anew when it died. Only the holder of
// the turn calls it.
func (c *canceller) connection(ctx context.Context) (*pgdriver.Conn, error) {
	c.mu.Lock()
	conn, w, closed := c.conn, c.wire, c.closed
	c.mu.Unlock()
	if closed {
		return nil, errors.New("the database is closed")
	}
	if conn != nil && w.quiet() {
		return conn, nil
	}
	c.drop()
	conn, w, err := c.connector.connectInner(ctx)
	if err != nil {
		return nil, connectError(ctx, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errors.Join(errors.New("the database is closed"), conn.Close())
	}
	c.conn, c.wire = conn, w
	return conn, nil
}

func (c *canceller) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		_ = closeInner(c.conn, c.wire)
		c.conn, c.wire = nil, nil
	}
}

func (c *canceller) close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	select {
	case <-c.turn: // for good
	case <-time.After(2 * cancelTimeout): // longer than anyone holds it
	}
	c.drop()
	return nil
}

// cancelRequestCode marks the protocol's request to cancel.
const cancelRequestCode = 80877102

func (c *canceller) cancelRequest(ctx context.Context, b backend) error {
	w, err := dialWire(ctx, c.target)
	if err != nil {
		return fmt.Errorf("cancel a statement: %w", err)
	}
	defer func() { _ = w.Close() }()
	deadline, _ := ctx.Deadline()
	w.endBy(deadline)
	request := binary.BigEndian.AppendUint32(nil, 16)
	for _, word := range []uint32{cancelRequestCode, b.key[0], b.key[1]} {
		request = binary.BigEndian.AppendUint32(request, word)
	}
	if _, err := w.Write(request); err != nil {
		return fmt.Errorf("cancel a statement: %w", err)
	}
	// The server closes when it has passed the request on.
	if _, err := w.Read(make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("cancel a statement: %w", err)
	}
	return nil
}
