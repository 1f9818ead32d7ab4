package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
)

const (
	// connectTimeout bounds connecting, TLS and signing in.
	connectTimeout = 5 * time.Second
	// readMargin is how much longer than a statement may take the client waits:
	// the server's own time-out must come first, so that a statement reported as
	// failed is not applied later.
	readMargin = 5 * time.Second
	// connectionLifetime has connections made anew now and then, so that they
	// follow the name of the server to another machine.
	connectionLifetime = 30 * time.Minute
	// idleInTransactionTimeout frees the locks of a client that vanished.
	idleInTransactionTimeout = 60 * time.Second
)

func openPostgres(ctx context.Context, config Config) (*DB, error) {
	connector, err := newPostgresConnector(config)
	if err != nil {
		return nil, err
	}
	// Reserved now, so that it is there when the server has no connection left.
	if err := connector.canceller.reserve(ctx); err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	pool := sql.OpenDB(connector)
	limitPool(pool, config.MaxOpen, defaultPostgresOpen)
	pool.SetConnMaxLifetime(connectionLifetime)
	db := newDB(pool, Postgres, config)
	db.close = connector.canceller.close
	return db, nil
}

// postgresConnector makes guarded connections.
type postgresConnector struct {
	target    postgresTarget
	inner     *pgdriver.Connector
	setup     string // the one query that prepares a session
	canceller *canceller
	logger    *slog.Logger
}

func newPostgresConnector(config Config) (*postgresConnector, error) {
	target, err := parsePostgresURL(config.URL)
	if err != nil {
		return nil, err
	}
	connector := plainConnector(target, config.StatementTimeout)
	connector.setup = setupQuery(config.StatementTimeout, config.LockTimeout)
	connector.logger = config.Logger
	connector.canceller = newCanceller(target, config.Logger)
	return connector, nil
}

// plainConnector makes connections without a canceller of their own.
func plainConnector(target postgresTarget, statementTimeout time.Duration) *postgresConnector {
	readTimeout := time.Duration(0) // none
	if statementTimeout > 0 {
		readTimeout = statementTimeout + readMargin
	}
	c := &postgresConnector{target: target, logger: slog.New(slog.DiscardHandler)}
	options := []pgdriver.Option{
		pgdriver.WithNetwork(target.network), pgdriver.WithAddr(target.address), pgdriver.WithTLSConfig(nil), // dial sees to TLS
		pgdriver.WithUser(target.user), pgdriver.WithPassword(target.password), pgdriver.WithDatabase(target.database),
		pgdriver.WithApplicationName(target.application),
		pgdriver.WithReadTimeout(readTimeout), pgdriver.WithWriteTimeout(connectTimeout), pgdriver.WithTracing(false),
	}
	c.inner = pgdriver.NewConnector(options...)
	c.inner.Config().Dialer = c.dial
	return c
}

// setupQuery prepares a session in one round trip, and asks when its backend
// started: with the process id, that names it without doubt.
func setupQuery(statementTimeout, lockTimeout time.Duration) string {
	settings := []struct {
		name  string
		value time.Duration
	}{
		{"statement_timeout", max(0, statementTimeout)},
		{"lock_timeout", max(0, lockTimeout)},
		{"idle_in_transaction_session_timeout", max(idleInTransactionTimeout, 2*statementTimeout)},
	}
	columns := []string{"set_config('TimeZone', 'UTC', false)", "set_config('default_transaction_isolation', 'read committed', false)"}
	for _, s := range settings {
		milliseconds := (s.value + time.Millisecond - 1).Milliseconds() // 0 would mean none
		columns = append(columns, fmt.Sprintf("set_config('%s', '%d', false)", s.name, milliseconds))
	}
	return "SELECT pg_backend_pid()::text, extract(epoch FROM backend_start)::text, " + strings.Join(columns, ", ") +
		" FROM pg_stat_get_activity(pg_backend_pid())"
}

// wireSlot carries the wire from dial, where pgdriver has it made, to
// connectInner, under wireKey in the context.
type wireSlot struct {
	wire    *wire
	unwatch func() bool
}

type wireKey struct{}

func (c *postgresConnector) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	w, err := dialWire(ctx, c.target)
	if err != nil {
		return nil, err
	}
	if slot, ok := ctx.Value(wireKey{}).(*wireSlot); ok {
		slot.wire = w
		slot.unwatch = context.AfterFunc(ctx, func() { w.endBy(time.Now()) }) // pgdriver heeds deadlines only
	}
	return w, nil
}

// connectInner makes pgdriver's connection and the wire under it.
func (c *postgresConnector) connectInner(ctx context.Context) (*pgdriver.Conn, *wire, error) {
	slot := &wireSlot{}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, wireKey{}, slot), connectTimeout)
	defer cancel()
	conn, err := c.inner.Connect(ctx)
	if err != nil {
		if slot.wire != nil {
			_ = slot.wire.Close() // pgdriver forgets it
		}
		return nil, nil, err
	}
	inner, ok := conn.(*pgdriver.Conn)
	if !ok || slot.wire == nil {
		return nil, nil, errors.Join(fmt.Errorf("unexpected connection %T", conn), conn.Close())
	}
	if !slot.unwatch() {
		return nil, nil, errors.Join(context.Cause(ctx), conn.Close())
	}
	return inner, slot.wire, nil
}

// Connect makes a guarded connection with its session prepared.
func (c *postgresConnector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, w, err := c.connectInner(ctx)
	if err != nil {
		return nil, connectError(ctx, err)
	}
	conn := &postgresConn{inner: inner, wire: w, canceller: c.canceller, logger: c.logger}
	if err := conn.prepareSession(ctx, c.setup); err != nil {
		return nil, errors.Join(connectError(ctx, err), conn.Close())
	}
	return conn, nil
}

// connectError says that the database cannot be reached; nothing was sent, so a
// deadline of connecting itself is not the caller's.
func connectError(ctx context.Context, err error) error {
	if ctxErr := ctx.Err(); ctxErr != nil {
		return &Error{Kind: ErrUnavailable, cause: ctxErr}
	}
	var known *Error
	var fromPostgres pgdriver.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &fromPostgres):
		classified := postgresError(fromPostgres)
		if classified.Kind == nil {
			classified.Kind = ErrUnavailable
		}
		return classified
	default:
		return &Error{Kind: ErrUnavailable, Detail: "connect: " + err.Error()}
	}
}

// Driver is pgdriver's.
func (c *postgresConnector) Driver() driver.Driver { return c.inner.Driver() }
