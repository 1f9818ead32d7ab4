package chaos

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"

	"regain/database"
)

// TestDatabaseHeld has somebody else hold what every call needs for longer than a call
// may wait, so that the pool is taken by calls that wait; then it refuses all new
// connections. Every call ends by its deadline, and the server heals by itself.
func TestDatabaseHeld(t *testing.T) {
	long(t)
	stacks(t, func(t *testing.T, w *world) {
		w.server.Args = append(w.server.Args, "--request-timeout", "8s", "--upload-timeout", "8s")
		w.deadline, w.uploadDeadline = 10*time.Second, 10*time.Second
		w.server.MustStart(t)
		db := w.open()
		reviewers := w.staff(4)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		clients := w.clients(ctx, 24, reviewers)
		until(t, 30*time.Second, "clients work", func() bool { return w.answered() >= 20 })
		release := w.hold()
		until(t, 30*time.Second, "calls are refused", func() bool { return w.ledger.statuses()[503] >= 10 })
		release()
		w.heals("held tables")
		if release, ok := w.refuseConnections(); ok {
			refused := w.ledger.statuses()[503]
			until(t, 30*time.Second, "calls are refused", func() bool { return w.ledger.statuses()[503] >= refused+10 })
			release()
			w.heals("refused connections")
		}
		w.finish(db, stop, clients.Wait)
		w.assertSound(db, nil)
		t.Logf("the slowest attempt was %+v", w.ledger.slowest())
	})
}

// hold takes the lock that every change needs. Calls under way may hold one of the tables and wait for the other
// just then, so that somebody has to give way: it is this that tries again.
func (w *world) hold() (release func()) {
	w.t.Helper()
	db := w.open()
	for tries := 1; ; tries++ {
		tx, err := db.BeginTx(context.Background(), nil) // on SQLite, this is the lock
		if err == nil && db.Dialect() == database.Postgres {
			_, err = tx.ExecContext(context.Background(), "LOCK TABLE cases, sessions IN ACCESS EXCLUSIVE MODE")
		}
		if err == nil {
			return func() { _ = tx.Rollback() }
		}
		_ = tx.Rollback()
		if tries == 10 || !errors.Is(database.Classify(err), database.ErrBusy) {
			w.t.Fatalf("hold the database: %v", err)
		}
	}
}

// refuseConnections has Postgres end the connections to the database and take no new
// ones, as it does when it has none left.
func (w *world) refuseConnections() (release func(), ok bool) {
	w.t.Helper()
	address, err := url.Parse(w.database)
	if err != nil || address.Scheme == "sqlite" {
		return nil, false
	}
	name := strings.TrimPrefix(address.Path, "/")
	address.Path = "/postgres"
	admin := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(address.String())))
	w.t.Cleanup(func() { _ = admin.Close() })
	run := func(query string) {
		if _, err := admin.ExecContext(context.Background(), query); err != nil {
			w.t.Fatalf("%s: %v", query, err)
		}
	}
	run("ALTER DATABASE " + name + " ALLOW_CONNECTIONS false")
	run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name + "'")
	return func() { run("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true") }, true
}

// TestFilesExhausted gives the server few files to open and has somebody take more
// connections than it may have. Others go on: the quiet connections make room, and what
// the database and uploads need is left to them.
func TestFilesExhausted(t *testing.T) {
	long(t)
	stacks(t, func(t *testing.T, w *world) {
		w.server.Binary = withFiles(t, w.server.Binary, 128)
		w.server.MustStart(t)
		db := w.open()
		reviewers := w.staff(3)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		clients := w.clients(ctx, 6, reviewers)
		until(t, 30*time.Second, "clients work", func() bool { return w.answered() >= 20 })
		release := w.hog(300)
		before := w.answered()
		time.Sleep(6 * time.Second) // for longer than the server waits for a first byte
		if now := w.answered(); now < before+20 {
			t.Errorf("%d calls were answered while somebody had all connections", now-before)
		}
		release()
		w.heals("taken connections")
		w.finish(db, stop, clients.Wait)
		w.assertSound(db, nil)
		t.Logf("the slowest attempt was %+v", w.ledger.slowest())
	})
}

// withFiles is the program with a limit of its own of open files.
func withFiles(t *testing.T, binary string, files int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "limited")
	script := fmt.Sprintf("#!/bin/sh\nulimit -n %d\nexec %s \"$@\"\n", files, binary)
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// hog keeps n connections on which nothing is ever said, and takes new ones for those
// that the server ends.
func (w *world) hog(n int) (release func()) {
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for ctx.Err() == nil {
				conn, err := new(net.Dialer).DialContext(ctx, "tcp", w.server.Address)
				if err != nil {
					continue
				}
				ended := context.AfterFunc(ctx, func() { _ = conn.Close() })
				_, _ = conn.Read(make([]byte, 1))
				ended()
				_ = conn.Close()
			}
		})
	}
	return func() { stop(); all.Wait() }
}
