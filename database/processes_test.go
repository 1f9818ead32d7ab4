package database_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"regain/database"
	"regain/internal/testservers"
)

// migrateURL makes this test binary a process that only migrates.
const migrateURL = "REGAIN_TEST_MIGRATE_URL"

func TestMain(m *testing.M) {
	if url := os.Getenv(migrateURL); url != "" {
		os.Exit(migrateProcess(url))
	}
	testservers.Main(m)
}

func migrateProcess(url string) int {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := database.Open(ctx, database.Config{URL: url})
	if err == nil {
		defer func() { _ = db.Close() }()
		err = db.Migrate(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestProcessesMigrateAtOnce(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + t.TempDir() + "/shared.db", "postgres": testservers.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			var wait sync.WaitGroup
			for range 4 {
				wait.Go(func() {
					cmd := exec.Command(os.Args[0])
					cmd.Env = append(os.Environ(), migrateURL+"="+url)
					if out, err := cmd.CombinedOutput(); err != nil {
						t.Errorf("%v: %s", err, out)
					}
				})
			}
			wait.Wait()
			db := open(t, database.Config{URL: url})
			applied, err := db.NewSelect().Table("schema_migrations").Count(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			files, err := os.ReadDir("migrations")
			if err != nil {
				t.Fatal(err)
			}
			if want := int64(len(files) - 1); applied != want { // one is the README
				t.Errorf("%d migrations are marked, want %d", applied, want)
			}
		})
	}
}

// TestOpenedWhileSomebodyReads: a file that has no log yet is opened even when somebody reads it for longer than
// a lock is waited for.
func TestOpenedWhileSomebodyReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.db")
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if _, err := other.ExecContext(t.Context(), "CREATE TABLE a (b INTEGER)"); err != nil {
		t.Fatal(err)
	}
	tx, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := tx.QueryRowContext(t.Context(), "SELECT count(*) FROM a").Scan(&n); err != nil {
		t.Fatal(err)
	}
	const locked = 150 * time.Millisecond
	reads := time.AfterFunc(locked*5/4, func() { _ = tx.Rollback() })
	defer reads.Stop()
	db, err := database.Open(t.Context(), database.Config{URL: "sqlite:" + path, LockTimeout: locked})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
