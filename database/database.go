// Package database opens the one database that Regain keeps its rows in, SQLite
// or Postgres, through bun; migrates it; and gives transactions that the rooms
// above share. What the drivers lose (cancellation, failed statements, dead
// connections) is put right here, so that callers see the same guarantees on
// both.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// Config says which database to open and how.
type Config struct {
	// URL is "sqlite:/path/file.db" or "postgres://user:password@host:port/name".
	// A Postgres server on another host must prove itself (sslmode verify-full is
	// the default there), unless the URL says sslmode=disable. A pooler between
	// must pool by session: the settings of a connection are relied on.
	URL string
	// MaxOpen caps the pool; zero means 8 for SQLite and 16 for Postgres. Postgres
	// uses one connection more, reserved for cancelling statements.
	MaxOpen int
	// StatementTimeout ends a statement on the server; it should be below the
	// deadline of a request. Zero means 10 s, negative none. Postgres only:
	// SQLite's statements end with their context.
	StatementTimeout time.Duration
	// LockTimeout ends waiting for a lock, with ErrBusy. Zero means 5 s, negative
	// none.
	LockTimeout time.Duration
	// Logger is told of connections that had to be replaced. Nil means none.
	Logger *slog.Logger
}

const (
	defaultStatementTimeout = 10 * time.Second
	defaultLockTimeout      = 5 * time.Second
	defaultSQLiteOpen       = 8
	defaultPostgresOpen     = 16
)

func (c Config) withDefaults() Config {
	if c.StatementTimeout == 0 {
		c.StatementTimeout = defaultStatementTimeout
	}
	if c.LockTimeout == 0 {
		c.LockTimeout = defaultLockTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// DB is an open database. It is safe for concurrent use. Queries go through
// From(ctx), never through the embedded pool, wherever a transaction may be in
// the context: on SQLite the pool waits for the transaction's own lock.
type DB struct {
	*bun.DB
	dialect Dialect
	config  Config
	unions  unions
	close   func() error
	sound   func() error // an error once writing has ended until a restart
}

// Open connects to the database that the configuration names and checks that it
// answers. It does not migrate. Errors never hold the URL's password.
func Open(ctx context.Context, config Config) (*DB, error) {
	config = config.withDefaults()
	var db *DB
	var err error
	switch scheme, _, _ := strings.Cut(config.URL, ":"); scheme {
	case "sqlite":
		db, err = openSQLite(config)
	case "postgres", "postgresql":
		db, err = openPostgres(ctx, config)
	default:
		return nil, errors.New(`database URL: want "sqlite:/path/file.db" or "postgres://…"`)
	}
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("connect to the database: %w", Classify(err))
	}
	return db, nil
}

// newDB puts bun over a pool.
func newDB(pool *sql.DB, dialect Dialect, config Config) *DB {
	return &DB{DB: bun.NewDB(pool, dialect.schema()), dialect: dialect, config: config, close: func() error { return nil }, sound: func() error { return nil }}
}

// Dialect says which kind of database this is. Only this package should need it.
func (db *DB) Dialect() Dialect { return db.dialect }

// Close ends every connection.
func (db *DB) Close() error {
	return errors.Join(db.DB.Close(), db.close())
}

// Check reports whether the database answers, for readiness.
func (db *DB) Check(ctx context.Context) error {
	if err := db.sound(); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	var one int
	if err := db.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		return fmt.Errorf("database: %w", Classify(err))
	}
	return nil
}
