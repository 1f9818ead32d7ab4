package database

import (
	"context"
	"database/sql"
	"fmt"
)

// migrationLock is the key of the advisory lock: "regain" in hexadecimal.
const migrationLock = 0x72656761696e

func (db *DB) withMigrationLock(ctx context.Context, fn func(conn *sql.Conn) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", Classify(err))
	}
	defer func() { _ = conn.Close() }()
	if db.dialect == Postgres {
		if _, err := conn.ExecContext(ctx, fmt.Sprintf("SELECT pg_advisory_lock(%d)", int64(migrationLock))); err != nil {
			return fmt.Errorf("take the lock: %w", Classify(err))
		}
		defer func() {
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), fmt.Sprintf("SELECT pg_advisory_unlock(%d)", int64(migrationLock)))
		}()
	}
	if _, err := conn.ExecContext(ctx, db.dialect.migrationsTable()); err != nil {
		return fmt.Errorf("make the table of migrations: %w", Classify(err))
	}
	return fn(conn.Conn)
}
func migrationError(err error) error { return err }
