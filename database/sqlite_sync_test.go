package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/uptrace/bun"
)

// Whoever waits is told after a sync that began once they had asked, and many share one.
func TestSyncsAreShared(t *testing.T) {
	var syncs, begun atomic.Int64
	ended := map[int64]bool{}
	var mu sync.Mutex
	w := newWALSync(func() error {
		n := begun.Add(1)
		time.Sleep(2 * time.Millisecond)
		mu.Lock()
		ended[n] = true
		mu.Unlock()
		syncs.Add(1)
		return nil
	})
	var callers sync.WaitGroup
	const each, all = 25, 32
	for range all {
		callers.Go(func() {
			for range each {
				after := begun.Load()
				if err := w.wait(); err != nil {
					t.Error(err)
				}
				mu.Lock()
				if n := begun.Load(); n == after || !ended[after+1] {
					t.Errorf("told with sync %d begun before, and %d begun since", after, n)
				}
				mu.Unlock()
			}
		})
	}
	callers.Wait()
	if n := syncs.Load(); n > each*all/4 {
		t.Errorf("%d syncs for %d commits", n, each*all)
	}
}

// openWatched opens a database whose syncs are seen, or fail.
func openWatched(t *testing.T, path string, log func() error) *DB {
	t.Helper()
	disk := newWALSync(log)
	connector, err := newSQLiteConnector(sqliteDSN(path, seconds(5)), seconds(5), disk)
	if err != nil {
		t.Fatal(err)
	}
	pool := sql.OpenDB(connector)
	limitPool(pool, 0, defaultSQLiteOpen)
	db := newDB(pool, SQLite, Config{})
	db.sound = disk.sound
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Every way to write waits for the disk, and reading does not.
func TestWhatIsSynced(t *testing.T) {
	var syncs atomic.Int64
	db := openWatched(t, filepath.Join(t.TempDir(), "synced.db"), func() error { syncs.Add(1); return nil })
	exec := func(query string) func(context.Context) error {
		return func(ctx context.Context) error { _, err := db.ExecContext(ctx, query); return err }
	}
	one := func(query string) func(context.Context) error {
		return func(ctx context.Context) error {
			var n int
			return db.QueryRowContext(ctx, query).Scan(&n)
		}
	}
	all := func(query string) func(context.Context) error {
		return func(ctx context.Context) error {
			var n []int
			return db.NewRaw(query).Scan(ctx, &n)
		}
	}
	refused := errors.New("refused")
	tx := func(answer error) func(context.Context) error {
		return func(ctx context.Context) error {
			err := db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
				_, err := tx.ExecContext(ctx, "INSERT INTO rows VALUES (7)")
				return errors.Join(err, answer)
			})
			if answer != nil && errors.Is(err, answer) {
				return nil
			}
			return err
		}
	}
	for _, c := range []struct {
		name string
		run  func(context.Context) error
		want int64
	}{
		{"a statement", exec("CREATE TABLE rows (n INTEGER)"), 1},
		{"a statement that gives a row", one("INSERT INTO rows VALUES (1) RETURNING n"), 1},
		{"a statement that gives rows", all("INSERT INTO rows VALUES (2), (3) RETURNING n"), 1},
		{"a statement that begins otherwise", all("WITH more AS (SELECT 4) INSERT INTO rows SELECT * FROM more RETURNING n"), 1},
		{"a transaction", tx(nil), 1},
		{"a transaction rolled back", tx(refused), 0},
		{"reading", one("SELECT count(*) FROM rows"), 0},
		{"reading with WITH", all("WITH few AS (SELECT n FROM rows) SELECT n FROM few"), 0},
	} {
		before := syncs.Load()
		if err := c.run(t.Context()); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := syncs.Load() - before; got != c.want {
			t.Errorf("%s: %d syncs, want %d", c.name, got, c.want)
		}
		before = syncs.Load()
		if err := c.run(Forgettable(t.Context())); err != nil && c.name != "a statement" { // the table is there
			t.Fatalf("%s, forgettable: %v", c.name, err)
		}
		if got := syncs.Load() - before; got != 0 {
			t.Errorf("%s, forgettable: %d syncs", c.name, got)
		}
	}
}

// A disk that fails is heard of by everyone who waits for it; then nothing is written
// any more, and what is there can be read.
func TestFailedSync(t *testing.T) {
	var broken atomic.Bool
	db := openWatched(t, filepath.Join(t.TempDir(), "failing.db"), func() error {
		if broken.Load() {
			return syscall.EIO
		}
		return nil
	})
	ctx := t.Context()
	if _, err := db.ExecContext(ctx, "CREATE TABLE rows (n INTEGER)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Check(ctx); err != nil {
		t.Fatal(err)
	}
	insert := func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO rows VALUES (1)")
		return err
	}
	broken.Store(true)
	var n int
	for name, err := range map[string]error{
		"a transaction":                db.InTx(ctx, insert),
		"a statement":                  insert(ctx, db.DB),
		"a statement that gives a row": db.QueryRowContext(ctx, "INSERT INTO rows VALUES (2) RETURNING n").Scan(&n),
		"the check":                    db.Check(ctx),
	} {
		if !errors.Is(err, ErrUnavailable) || !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken.Store(false)
	if err := insert(ctx, db.DB); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a disk that seems to work again: %v", err)
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM rows").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows, %v: the first may be there, and no other", n, err)
	}
}

// diskImage is what the disk held after a sync.
type diskImage struct{ path string }

// TestPowerLoss keeps a copy of the files as they are after each sync, and lets writers
// note which was the last when their commit was acknowledged: that copy, and every later
// one, has what they wrote. Some of them fail.
func TestPowerLoss(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lost.db")
	var mu sync.Mutex
	var images []diskImage
	log := &walFile{path: path + "-wal"}
	db := openWatched(t, path, func() error {
		if err := log.sync(); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		image := diskImage{filepath.Join(dir, fmt.Sprintf("image-%d.db", len(images)))}
		for _, suffix := range []string{"", "-wal"} {
			content, err := os.ReadFile(path + suffix)
			if err != nil {
				return err
			}
			if err := os.WriteFile(image.path+suffix, content, 0o600); err != nil {
				return err
			}
		}
		images = append(images, image)
		return nil
	})
	t.Cleanup(func() { _ = log.close() })
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE rows (n INTEGER PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[int]int{} // row to the newest image by then
	const writers, each = 8, 12
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				row := w*each + i
				err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
					_, err := tx.ExecContext(ctx, "INSERT INTO rows VALUES (?)", row)
					if err == nil && row%5 == 0 {
						_, err = tx.ExecContext(ctx, "INSERT INTO rows VALUES (?)", row) // is there already
					}
					return err
				})
				mu.Lock()
				if err == nil {
					acknowledged[row] = len(images) - 1
				}
				mu.Unlock()
				if (err != nil) != (row%5 == 0) {
					t.Errorf("row %d: %v", row, err)
				}
			}
		})
	}
	group.Wait()
	for n, image := range images {
		held := image.rows(t)
		for row, newest := range acknowledged {
			if newest <= n && !held[row] {
				t.Errorf("row %d was acknowledged after image %d, and is not in image %d", row, newest, n)
			}
		}
		for row := range held {
			if row%5 == 0 {
				t.Errorf("image %d has row %d of a transaction that failed", n, row)
			}
		}
	}
	if len(acknowledged) < writers*each/2 || len(images) > writers*each {
		t.Errorf("%d rows, %d syncs", len(acknowledged), len(images))
	}
}

// rows are those of the image, opened as after a loss of power.
func (d diskImage) rows(t *testing.T) map[int]bool {
	t.Helper()
	db, err := Open(t.Context(), Config{URL: "sqlite:" + d.path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var rows []int
	if err := db.NewRaw("SELECT n FROM rows").Scan(t.Context(), &rows); err != nil {
		t.Fatalf("%s: %v", d.path, err)
	}
	held := map[int]bool{}
	for _, n := range rows {
		held[n] = true
	}
	return held
}

// The log that is synced is the one that has the name, also after SQLite made it anew.
func TestLogIsFoundAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f := &walFile{path: path}
	if err := f.sync(); err != nil || f.open != nil {
		t.Fatalf("without a log: %v", err)
	}
	for n := range 3 {
		if err := os.WriteFile(path, []byte("frames"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := f.sync(); err != nil {
			t.Fatal(err)
		}
		named, err := os.Stat(path)
		if err != nil || !f.is(named) {
			t.Errorf("log %d: another file was synced, %v", n, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.close(); err != nil {
		t.Error(err)
	}
}
