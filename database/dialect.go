package database

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
)

// This file holds every difference between the two databases that queries and
// migrations can see. Connections differ in sqlite.go and postgres_*.go.

// Dialect names a kind of database.
type Dialect string

// The databases that Regain runs on.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// schema is how bun writes this dialect.
func (d Dialect) schema() schema.Dialect {
	if d == Postgres {
		return pgdialect.New()
	}
	return sqlitedialect.New()
}

// columnTypes is what each placeholder of a migration stands for.
func (d Dialect) columnTypes() map[string]string {
	if d == Postgres {
		return map[string]string{"timestamp": "TIMESTAMPTZ", "json": "JSONB", "bytes": "BYTEA", "bigint": "BIGINT"}
	}
	return map[string]string{"timestamp": "TIMESTAMP", "json": "TEXT", "bytes": "BLOB", "bigint": "INTEGER"}
}

// ForUpdate locks the rows that q selects until the transaction ends. SQLite
// needs nothing: its transactions hold the only write lock from the beginning.
func (db *DB) ForUpdate(q *bun.SelectQuery) *bun.SelectQuery {
	if db.dialect == Postgres {
		return q.For("UPDATE")
	}
	return q
}

// ForShare keeps the rows that q selects as they are until the transaction ends, and
// lets others do so, too.
func (db *DB) ForShare(q *bun.SelectQuery) *bun.SelectQuery {
	if db.dialect == Postgres {
		return q.For("SHARE")
	}
	return q
}

// ForUpdateSkipLocked is ForUpdate that leaves out rows which another
// transaction holds, so that workers share a queue without waiting.
func (db *DB) ForUpdateSkipLocked(q *bun.SelectQuery) *bun.SelectQuery {
	if db.dialect == Postgres {
		return q.For("UPDATE SKIP LOCKED")
	}
	return q
}

// Alone has whoever else asks for the same in a transaction wait until this one ends: of
// two who count and then add, the second counts what the first has added. What is read
// after it is what they have left. It takes no row, so it is for what has none, such as a
// list of somebody's own. Whoever asks for several, or locks rows, too, does so in one
// order. SQLite needs nothing: its transactions are one after the other.
func (db *DB) Alone(ctx context.Context, tx bun.IDB, what string) error {
	if db.dialect != Postgres {
		return nil
	}
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", what); err != nil {
		return fmt.Errorf("wait for others with %s: %w", what, Classify(err))
	}
	return nil
}

// migrationsTable is the table that records what has been applied.
func (d Dialect) migrationsTable() string {
	return fmt.Sprintf(`CREATE TABLE IF NOT EXISTS schema_migrations (
		version INTEGER PRIMARY KEY,
		name TEXT NOT NULL,
		checksum TEXT NOT NULL,
		applied_at %s NOT NULL
	)`, d.columnTypes()["timestamp"])
}

// migrationLock is the statement that makes other processes wait until this
// connection ends; its key is "regain" in hexadecimal. SQLite needs none: the
// transaction of a migration excludes every other.
func (d Dialect) migrationLock() string {
	if d == Postgres {
		return fmt.Sprintf("SELECT pg_advisory_lock(%d)", 0x72656761696e)
	}
	return ""
}
