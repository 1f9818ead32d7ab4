package database

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"regain/internal/failpoint"
)

//go:embed migrations
var embeddedMigrations embed.FS

var (
	// ErrNewerSchema says that the database was migrated by a newer version of Regain.
	ErrNewerSchema = errors.New("the database's schema is newer than this version of Regain")
	// ErrChangedMigration says that a migration that was applied has other content now.
	ErrChangedMigration = errors.New("an applied migration was changed afterwards")
)

// migration is one numbered file.
type migration struct {
	version  int
	name     string // of the file
	checksum string // hex SHA-256 of the file
	sql      string
}

// Migrate brings the schema up to what this binary holds, forward only. Several
// processes may call it at once: one works, the others wait until ctx ends.
func (db *DB) Migrate(ctx context.Context) error {
	files, err := fs.Sub(embeddedMigrations, "migrations")
	if err != nil {
		return fmt.Errorf("embedded migrations: %w", err)
	}
	return db.migrateFrom(ctx, files)
}

func (db *DB) migrateFrom(ctx context.Context, files fs.FS) error {
	migrations, err := readMigrations(files)
	if err != nil {
		return err
	}
	// A connection of its own, because a migration may take longer than any
	// statement of a request, and may have to wait for another process.
	config := db.config
	config.MaxOpen, config.StatementTimeout, config.LockTimeout = 1, -1, -1
	single, err := Open(ctx, config)
	if err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	defer func() { _ = single.Close() }()
	if err := single.runMigrations(ctx, migrations); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return nil
}

// runMigrations does all that are pending, under the lock.
func (db *DB) runMigrations(ctx context.Context, migrations []migration) error {
	conn, err := db.DB.DB.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", Classify(err))
	}
	defer func() { _ = conn.Close() }()
	if lock := db.dialect.migrationLock(); lock != "" {
		if _, err := conn.ExecContext(ctx, lock); err != nil {
			return fmt.Errorf("take the lock: %w", Classify(err))
		}
		// Nobody unlocks: the lock ends with the connection, also when that is lost.
	}
	if _, err := conn.ExecContext(ctx, db.dialect.migrationsTable()); err != nil {
		return fmt.Errorf("make the table of migrations: %w", Classify(err))
	}
	for {
		more, err := db.migrateOne(ctx, conn, migrations)
		if err != nil || !more {
			return err
		}
	}
}

// migrateOne applies the first pending migration and marks it, in one
// transaction, which on SQLite is also the lock against other processes: what
// is pending is therefore read inside it.
func (db *DB) migrateOne(ctx context.Context, conn *sql.Conn, migrations []migration) (more bool, err error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("begin: %w", Classify(err))
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	applied, err := appliedMigrations(ctx, tx)
	if err != nil {
		return false, err
	}
	pending, err := pendingMigrations(migrations, applied)
	if err != nil || len(pending) == 0 {
		return false, err
	}
	if err := db.apply(ctx, tx, pending[0]); err != nil {
		return false, fmt.Errorf("%s: %w", pending[0].name, err)
	}
	failpoint.Hit("migration.applied", "")
	if err := tx.Commit(); err != nil {
		return false, fmt.Errorf("%s: commit: %w", pending[0].name, Classify(err))
	}
	failpoint.Hit("migration.committed", "")
	return len(pending) > 1, nil
}

var migrationName = regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.sql$`)

// readMigrations reads the files in order of their numbers.
func readMigrations(files fs.FS) ([]migration, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	var migrations []migration
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".sql") {
			continue
		}
		match := migrationName.FindStringSubmatch(entry.Name())
		if match == nil {
			return nil, fmt.Errorf("migration %s: want a name like 0001_accounts.sql", entry.Name())
		}
		content, err := fs.ReadFile(files, entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		version, err := strconv.Atoi(match[1])
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", entry.Name(), err)
		}
		sum := sha256.Sum256(content)
		migrations = append(migrations, migration{
			version: version, name: entry.Name(), checksum: hex.EncodeToString(sum[:]), sql: string(content),
		})
	}
	slices.SortFunc(migrations, func(a, b migration) int { return a.version - b.version })
	for i := 1; i < len(migrations); i++ {
		if migrations[i-1].version == migrations[i].version {
			return nil, fmt.Errorf("migrations %s and %s have one number", migrations[i-1].name, migrations[i].name)
		}
	}
	return migrations, nil
}

// pendingMigrations checks what was applied against the files and returns those
// still to do.
func pendingMigrations(migrations []migration, applied map[int]migration) ([]migration, error) {
	newest := 0
	known := map[int]bool{}
	for _, m := range migrations {
		known[m.version] = true
	}
	for version, m := range applied {
		if !known[version] {
			return nil, fmt.Errorf("%w: it has %s", ErrNewerSchema, m.name)
		}
		newest = max(newest, version)
	}
	var pending []migration
	for _, m := range migrations {
		done, ok := applied[m.version]
		switch {
		case ok && done.checksum != m.checksum:
			return nil, fmt.Errorf("%w: %s", ErrChangedMigration, m.name)
		case !ok && m.version < newest:
			return nil, fmt.Errorf("migration %s has a number below one that was applied", m.name)
		case !ok:
			pending = append(pending, m)
		}
	}
	return pending, nil
}

func appliedMigrations(ctx context.Context, tx *sql.Tx) (map[int]migration, error) {
	rows, err := tx.QueryContext(ctx, "SELECT version, name, checksum FROM schema_migrations")
	if err != nil {
		return nil, fmt.Errorf("read applied migrations: %w", Classify(err))
	}
	defer func() { _ = rows.Close() }()
	applied := map[int]migration{}
	for rows.Next() {
		var m migration
		if err := rows.Scan(&m.version, &m.name, &m.checksum); err != nil {
			return nil, fmt.Errorf("read applied migrations: %w", Classify(err))
		}
		applied[m.version] = m
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read applied migrations: %w", Classify(err))
	}
	return applied, nil
}

func (db *DB) apply(ctx context.Context, tx *sql.Tx, m migration) error {
	statements, err := db.dialect.statements(m.sql)
	if err != nil {
		return err
	}
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, s.text); err != nil {
			return fmt.Errorf("line %d: %w", s.line, Classify(err))
		}
	}
	mark := db.QueryGen().FormatQuery(
		"INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (?, ?, ?, ?)",
		m.version, m.name, m.checksum, time.Now().UTC().Truncate(time.Microsecond))
	if _, err := tx.ExecContext(ctx, mark); err != nil {
		return fmt.Errorf("mark as applied: %w", Classify(err))
	}
	return nil
}

var placeholder = regexp.MustCompile(`\{\{(.*?)\}\}`)

// statements puts the dialect's types in and splits.
func (d Dialect) statements(sql string) ([]statement, error) {
	types := d.columnTypes()
	var unknown []string
	sql = placeholder.ReplaceAllStringFunc(sql, func(found string) string {
		name := strings.Trim(found, "{}")
		if _, ok := types[name]; !ok {
			unknown = append(unknown, found)
		}
		return types[name]
	})
	if len(unknown) > 0 {
		return nil, fmt.Errorf("unknown placeholder %s", strings.Join(unknown, ", "))
	}
	return splitStatements(sql)
}
