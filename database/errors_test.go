package database_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/database/databasetest"
	"regain/internal/testservers"
)

// The server itself is made to say each code.
func TestPostgresCodes(t *testing.T) {
	db, _ := openPostgres(t, database.Config{})
	for code, want := range map[string]error{
		"23505": database.ErrUnique, "23503": database.ErrForeignKey, "40001": database.ErrBusy, "40P01": database.ErrBusy,
		"55P03": database.ErrBusy, "57014": database.ErrBusy, "57P01": database.ErrUnavailable, "57P03": database.ErrUnavailable,
		"53100": database.ErrUnavailable, "53300": database.ErrUnavailable, "08006": database.ErrUnavailable, "58030": database.ErrUnavailable,
		"XX001": database.ErrUnavailable, "22021": database.ErrInvalidText, "23514": nil, "22012": nil, "42P01": nil,
	} {
		_, err := db.ExecContext(t.Context(), fmt.Sprintf("DO $$ BEGIN RAISE EXCEPTION 'as planned' USING ERRCODE = '%s'; END $$", code))
		var known *database.Error
		if !errors.As(err, &known) || known.Code != code || !errors.Is(known.Kind, want) {
			t.Errorf("%s: %v, want %v", code, err, want)
		}
	}
}

func TestSQLiteCodes(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "codes.db")
	db := open(t, database.Config{URL: url, LockTimeout: 100 * time.Millisecond, MaxOpen: 1})
	makeThings(t, db)
	other := open(t, database.Config{URL: url, LockTimeout: 100 * time.Millisecond})
	err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
		if err := insert(ctx, tx, newThing("1")); err != nil {
			return err
		}
		if err := insert(ctx, other.DB, newThing("2")); !errors.Is(err, database.ErrBusy) {
			t.Errorf("statement of another process: %v, want ErrBusy", err)
		}
		err := other.InTx(t.Context(), func(context.Context, bun.IDB) error { return nil })
		if !errors.Is(err, database.ErrBusy) {
			t.Errorf("transaction of another process: %v, want ErrBusy", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	if _, err := db.ExecContext(t.Context(), "PRAGMA max_page_count = 1"); err != nil { // the disk is full from here
		t.Fatal(err)
	}
	err = db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
		for i := range 1000 {
			thing := newThing(fmt.Sprint("full", i))
			thing.Data = make([]byte, 4096)
			if err := insert(ctx, tx, thing); err != nil {
				if !errors.Is(err, database.ErrUnavailable) {
					t.Errorf("full disk: %v, want ErrUnavailable", err)
				}
				break
			}
		}
		return nil // swallowed: SQLite has rolled back by itself
	})
	if !errors.Is(err, database.ErrTxFailed) {
		t.Errorf("commit on a full disk: %v, want ErrTxFailed", err)
	}
	if n := countThings(t, db); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

func TestClassifyErrorsFromElsewhere(t *testing.T) {
	other := errors.New("other")
	for _, c := range []struct {
		err, want error
	}{
		{nil, nil}, {sql.ErrNoRows, sql.ErrNoRows}, {context.Canceled, context.Canceled},
		{fmt.Errorf("wrapped: %w", context.DeadlineExceeded), context.DeadlineExceeded},
		{driver.ErrBadConn, database.ErrUnavailable}, {io.ErrUnexpectedEOF, database.ErrUnavailable},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, database.ErrUnavailable}, {other, other},
	} {
		if err := database.Classify(c.err); !errors.Is(err, c.want) {
			t.Errorf("%v: %v, want %v", c.err, err, c.want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, url := range []string{"", "mysql://localhost/x", "sqlite:", "sqlite::memory:", "sqlite://host/file.db", "postgres://"} {
		if db, err := database.Open(t.Context(), database.Config{URL: url}); err == nil {
			_ = db.Close()
			t.Errorf("%q was opened", url)
		}
	}
	if _, err := database.Open(t.Context(), database.Config{URL: "postgres://u:secret@" + testservers.Address(t) + "/x"}); !errors.Is(err, database.ErrUnavailable) {
		t.Errorf("nobody listens: %v, want ErrUnavailable", err)
	}
}

// A server that accepts and says nothing must not hold a request.
func TestConnectingEndsWithItsContext(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	started := time.Now()
	_, err = database.Open(ctx, database.Config{URL: "postgres://u:secret@" + listener.Addr().String() + "/x"})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, database.ErrUnavailable) {
		t.Errorf("error %v, want the context's", err)
	}
	if took := time.Since(started); took > 4*time.Second { // connecting may take 5 s
		t.Errorf("took %v", took)
	}
}

func TestCheckAndSQLiteFile(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		if err := db.Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(t.TempDir(), "new folder?", "100% private#.db")
	db := open(t, database.Config{URL: "sqlite:" + path})
	makeThings(t, db)
	mustInsert(t, db, newThing("1"))
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v: it holds personal data", filepath.Base(name), info.Mode().Perm())
		}
	}
	fillPool(t, db, 3) // every connection has the settings
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "1", "foreign_keys": "1", "busy_timeout": "5000"} {
		for range 3 {
			var got string
			if err := db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s = %q, %v, want %q", pragma, got, err, want)
			}
		}
	}
	if _, err := db.ExecContext(t.Context(), `SELECT "no such column"`); err == nil {
		t.Error("a misspelt name was taken for a text")
	}
}
