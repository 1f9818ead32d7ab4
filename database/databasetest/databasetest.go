// Package databasetest gives tests a fresh, migrated database of each kind.
package databasetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"regain/database"
	"regain/internal/testservers"
)

// Each runs test twice as a subtest: on a new SQLite file and on a new Postgres
// database, both migrated. Packages that use it call testservers.Main from
// TestMain.
func Each(t *testing.T, test func(t *testing.T, db *database.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite is a new, migrated SQLite database that ends with the test: a copy of one that
// was migrated once for the process.
func SQLite(t testing.TB) *database.DB {
	t.Helper()
	content, err := migratedFile()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "regain.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, "sqlite:"+path)
}

// migratedFile is the file of a migrated SQLite database that nobody has open.
var migratedFile = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "regain-migrated-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "regain.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// Postgres is a new, migrated Postgres database that ends with the test: a copy
// of one that was migrated once for the process.
func Postgres(t testing.TB) *database.DB {
	t.Helper()
	return open(t, testservers.PostgresTemplate(t, "migrated", migrate))
}

func migrate(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := database.Open(ctx, database.Config{URL: url})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return db.Migrate(ctx)
}

func open(t testing.TB, url string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return db
}
