package database_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"

	"regain/database"
	"regain/internal/testservers"
)

// What pgdriver loses as it comes, each proved against a real server: a failed
// statement swallowed before Commit is in the conformance suite.

// openPostgres opens an empty database, and beside it a connection of pgdriver
// alone to look at the server with.
func openPostgres(t *testing.T, config database.Config) (*database.DB, *sql.DB) {
	t.Helper()
	config.URL = testservers.Postgres(t)
	return open(t, config), plain(t, config.URL)
}

// plain is pgdriver as it comes.
func plain(t testing.TB, url string) *sql.DB {
	t.Helper()
	pool := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url), pgdriver.WithApplicationName("watcher")))
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

func withDatabase(t *testing.T, raw, name string) string {
	t.Helper()
	parsed, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	parsed.Path = "/" + name
	return parsed.String()
}

func open(t *testing.T, config database.Config) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// number asks the watcher for one number.
func number(t *testing.T, watcher *sql.DB, query string) int {
	t.Helper()
	var n int
	if err := watcher.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// running counts the statements that Regain's connections run on the server.
const running = `SELECT count(*) FROM pg_stat_activity
	WHERE datname = current_database() AND application_name = 'regain' AND state <> 'idle'`

// eventually waits until the server reaches a state, which it reports late. It gives up
// before the server ends a statement by itself, which is after 10 s.
func eventually(t *testing.T, watcher *sql.DB, query string, want int) {
	t.Helper()
	got := -1
	for end := time.Now().Add(8 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if got = number(t, watcher, query); got == want {
			return
		}
	}
	t.Errorf("%s: %d, want %d", query, got, want)
}

// soon does something until it took no longer than it may, up to five times: whatever else
// the machine does makes it longer, never shorter, and what is slow by itself is slow again.
func soon(t *testing.T, most time.Duration, do func()) {
	t.Helper()
	var took time.Duration
	for range 5 {
		started := time.Now()
		do()
		if took = time.Since(started); took <= most {
			return
		}
	}
	t.Errorf("took %v each time, want %v at most", took, most)
}

func TestEndedContextStopsTheStatementOnTheServer(t *testing.T) {
	cases := []struct {
		name, query string
		within      func(ctx context.Context) (context.Context, context.CancelFunc)
		want        error
	}{
		{"cancelled at 0.3 s of a minute", "SELECT pg_sleep(60)", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(300*time.Millisecond, cancel)
			return ctx, cancel
		}, context.Canceled},
		{"deadline at 0.3 s of a minute", "SELECT pg_sleep(60)", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 300*time.Millisecond)
		}, context.DeadlineExceeded},
		{"while rows come", "SELECT i, pg_sleep(0.05), repeat('x', 3000) FROM generate_series(1, 1000) i", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 300*time.Millisecond)
		}, context.DeadlineExceeded},
	}
	db, watcher := openPostgres(t, database.Config{})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			soon(t, 900*time.Millisecond, func() {
				ctx, cancel := c.within(t.Context())
				defer cancel()
				started := time.Now()
				if err := readAll(ctx, db, c.query); !errors.Is(err, c.want) {
					t.Errorf("error %v, want %v", err, c.want)
				}
				if took := time.Since(started); took < 250*time.Millisecond {
					t.Errorf("returned after %v, want 0.3 s", took)
				}
			})
			eventually(t, watcher, running, 0)
		})
	}
}

func readAll(ctx context.Context, db *database.DB, query string) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		continue
	}
	return rows.Err()
}

func TestReportedFailureIsNotAppliedLater(t *testing.T) {
	limits := map[string]struct {
		config  database.Config
		timeout time.Duration
		want    error
	}{
		"deadline":          {database.Config{}, 300 * time.Millisecond, context.DeadlineExceeded},
		"lock timeout":      {database.Config{LockTimeout: 300 * time.Millisecond}, time.Minute, database.ErrBusy},
		"statement timeout": {database.Config{StatementTimeout: 300 * time.Millisecond}, time.Minute, database.ErrBusy},
	}
	for name, limit := range limits {
		t.Run(name, func(t *testing.T) {
			db, watcher := openPostgres(t, limit.config)
			makeThings(t, db)
			mustInsert(t, db, newThing("1"))
			holder, err := watcher.Begin()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = holder.Rollback() }()
			if _, err := holder.Exec("UPDATE things SET amount = 1"); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit.timeout)
			defer cancel()
			started := time.Now()
			if _, err := db.ExecContext(ctx, "UPDATE things SET amount = 99"); !errors.Is(err, limit.want) {
				t.Errorf("write behind a lock: %v, want %v", err, limit.want)
			}
			if took := time.Since(started); took > 4*time.Second { // the usual time-outs are 5 and 10 s
				t.Errorf("write behind a lock: took %v", took)
			}
			if err := holder.Commit(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond) // time for a waiting write to be applied
			if n := number(t, watcher, "SELECT amount FROM things"); n != 1 {
				t.Errorf("amount is %d: the write that was reported as failed was applied", n)
			}
			eventually(t, watcher, running, 0)
		})
	}
}

func TestKilledIdleConnectionsAreReplaced(t *testing.T) {
	const idle = 8
	db, watcher := openPostgres(t, database.Config{MaxOpen: idle})
	fillPool(t, db, idle)
	killed := number(t, watcher, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'regain'`)
	if killed != idle {
		t.Fatalf("killed %d, want %d", killed, idle)
	}
	eventually(t, watcher, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'regain'`, 0)
	for i := range 20 {
		if _, err := db.ExecContext(t.Context(), "SELECT 1"); err != nil {
			t.Errorf("query %d after the kill: %v", i, err)
		}
		err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			_, err := tx.ExecContext(ctx, "SELECT 1")
			return err
		})
		if err != nil {
			t.Errorf("transaction %d after the kill: %v", i, err)
		}
	}
}

// fillPool opens n connections and gives them back.
func fillPool(t *testing.T, db *database.DB, n int) {
	t.Helper()
	conns := make([]*sql.Conn, n)
	for i := range conns {
		var err error
		if conns[i], err = db.DB.DB.Conn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, conn := range conns {
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConnectionKilledInUseIsUnavailable(t *testing.T) {
	db, watcher := openPostgres(t, database.Config{})
	makeThings(t, db)
	err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
		if err := insert(ctx, tx, newThing("1")); err != nil {
			return err
		}
		number(t, watcher, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'regain'`)
		return insert(ctx, tx, newThing("2"))
	})
	if !errors.Is(err, database.ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
	if n := countThings(t, db); n != 0 {
		t.Errorf("%d rows, want 0", n)
	}
}

// pgdriver gives up reading after 10 s, whatever the server does; here the
// server's time-out decides, and the client waits longer than that.
func TestServerDecidesHowLongAStatementTakes(t *testing.T) {
	for _, c := range []struct {
		timeout time.Duration
		want    error
	}{{200 * time.Millisecond, database.ErrBusy}, {15 * time.Second, nil}, {-1, nil}} {
		db, watcher := openPostgres(t, database.Config{StatementTimeout: c.timeout})
		soon(t, 2*time.Second, func() {
			if _, err := db.ExecContext(t.Context(), "SELECT pg_sleep(0.5)"); !errors.Is(err, c.want) {
				t.Errorf("time-out %v: %v, want %v", c.timeout, err, c.want)
			}
		})
		eventually(t, watcher, running, 0)
		if _, err := db.ExecContext(t.Context(), "SELECT 1"); err != nil {
			t.Errorf("time-out %v: the next statement: %v", c.timeout, err)
		}
	}
}

func TestCancellingWorksWhenThePoolIsExhausted(t *testing.T) {
	const size, waiting = 4, 24
	db, watcher := openPostgres(t, database.Config{MaxOpen: size})
	soon(t, 2*time.Second, func() {
		var wait sync.WaitGroup
		for range waiting {
			wait.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				defer cancel()
				if _, err := db.ExecContext(ctx, "SELECT pg_sleep(60)"); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v, want the deadline", err)
				}
			})
		}
		wait.Wait()
	})
	eventually(t, watcher, running, 0)
}

// The reserved connection is made anew, or where that cannot be, the
// protocol's own request does it.
func TestCancellingSurvivesItsConnection(t *testing.T) {
	url := testservers.Postgres(t)
	db := open(t, database.Config{URL: url})
	watcher, maintenance := plain(t, url), plain(t, withDatabase(t, url, "postgres"))
	const reserved = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'regain (cancel)'`
	const left = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'regain (cancel)'`
	lost := func(t *testing.T) {
		t.Helper()
		if n := number(t, watcher, reserved); n != 1 {
			t.Fatalf("%d reserved connections, want 1", n)
		}
		eventually(t, watcher, left, 0)
	}
	cancelled := func(t *testing.T) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error, 1)
		go func() {
			_, err := db.ExecContext(ctx, "SELECT pg_sleep(60)")
			ended <- err
		}()
		eventually(t, watcher, running, 1)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want the context's", err)
		}
		eventually(t, watcher, running, 0)
	}
	lost(t)
	cancelled(t)

	fillPool(t, db, 1) // connected before nobody can
	lost(t)
	var name string
	if err := watcher.QueryRow("SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	if _, err := maintenance.Exec("ALTER DATABASE " + name + " ALLOW_CONNECTIONS false"); err != nil {
		t.Fatal(err)
	}
	cancelled(t)
}

func TestSessionSettings(t *testing.T) {
	db, _ := openPostgres(t, database.Config{StatementTimeout: 1500 * time.Millisecond, LockTimeout: 700 * time.Millisecond})
	for setting, want := range map[string]string{
		"statement_timeout": "1500ms", "lock_timeout": "700ms", "TimeZone": "UTC",
		"idle_in_transaction_session_timeout": "1min", "transaction_isolation": "read committed",
	} {
		var got string
		if err := db.QueryRowContext(t.Context(), "SELECT current_setting('"+setting+"')").Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, %v, want %q", setting, got, err, want)
		}
	}
}

// What is forgettable is committed without the disk, and nothing else is.
func TestForgettable(t *testing.T) {
	address := testservers.Postgres(t) // which is careless
	_, err := plain(t, address).ExecContext(t.Context(), "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit TO on', current_database()); END $$")
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, database.Config{URL: address, MaxOpen: 1})
	setting := database.NewShape("SELECT current_setting('synchronous_commit')")
	read := func(ctx context.Context, in bun.IDB) string {
		var got []string
		if err := db.ReadShape(ctx, in, setting, &got); err != nil || len(got) != 1 {
			t.Fatalf("%q, %v", got, err)
		}
		return got[0]
	}
	within := func(ctx context.Context) (got string) {
		err := db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
			got = read(ctx, tx)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	usual, forgettable := t.Context(), database.Forgettable(t.Context())
	usualTx, unit := db.WithUnit(usual, func(context.Context, bun.IDB) error { return nil })
	for _, c := range []struct{ name, got, want string }{
		{"a statement", read(forgettable, db.DB), "off"},
		{"the statement after it", read(usual, db.DB), "on"},
		{"a transaction", within(forgettable), "off"},
		{"the transaction after it", within(usual), "on"},
		{"a unit", within(usualTx), "on"},
		{"what joins a unit", within(database.Forgettable(usualTx)), "on"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.name, c.got, c.want)
		}
	}
	if err := unit.Commit(usual); err != nil {
		t.Error(err)
	}
}

func TestDeadlockAndSerialisationAreBusy(t *testing.T) {
	db, _ := openPostgres(t, database.Config{})
	makeThings(t, db)
	mustInsert(t, db, newThing("1"), newThing("2"))
	touch := func(ctx context.Context, tx bun.IDB, id string) error {
		_, err := tx.NewUpdate().Table("things").Set("amount = amount + 1").Where("id = ?", id).Exec(ctx)
		return err
	}
	var both sync.WaitGroup
	both.Add(2)
	results := make(chan error, 2)
	for _, order := range [][2]string{{"1", "2"}, {"2", "1"}} {
		go func() {
			results <- db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
				if err := touch(ctx, tx, order[0]); err != nil {
					return err
				}
				both.Done()
				both.Wait()
				return touch(ctx, tx, order[1])
			})
		}()
	}
	one, other := <-results, <-results
	if (one == nil) == (other == nil) || !errors.Is(errors.Join(one, other), database.ErrBusy) {
		t.Errorf("deadlock: %v and %v, want one ErrBusy", one, other)
	}

	tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), "SELECT * FROM things"); err != nil {
		t.Fatal(err)
	}
	if err := touch(t.Context(), db.DB, "1"); err != nil {
		t.Fatal(err)
	}
	if err := touch(t.Context(), tx, "1"); !errors.Is(err, database.ErrBusy) {
		t.Errorf("serialisation failure: %v, want ErrBusy", err)
	}
}

func TestReadOnlyTransaction(t *testing.T) {
	db, _ := openPostgres(t, database.Config{})
	makeThings(t, db)
	tx, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := insert(t.Context(), tx, newThing("1")); err == nil {
		t.Error("a read-only transaction wrote")
	}
}

func TestPreparedStatementUnderTheGuard(t *testing.T) {
	db, watcher := openPostgres(t, database.Config{})
	stmt, err := db.PrepareContext(t.Context(), "SELECT pg_sleep($1::float), $2::text")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stmt.Close() }()
	var slept, text string
	if err := stmt.QueryRowContext(t.Context(), 0.0, "words").Scan(&slept, &text); err != nil || text != "words" {
		t.Errorf("%q, %v", text, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := stmt.ExecContext(ctx, 60.0, "words"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the deadline", err)
	}
	eventually(t, watcher, running, 0)
}

func TestNothingIsLeftOnTheServer(t *testing.T) {
	config := database.Config{URL: testservers.Postgres(t)}
	db, err := database.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	fillPool(t, db, 3)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, plain(t, config.URL), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'regain%'", 0)
}

// The server's own word is taken where no rule of ours saw the transaction end.
func TestTransactionThatEndedUnseenDoesNotGoOn(t *testing.T) {
	db, _ := openPostgres(t, database.Config{})
	makeThings(t, db)
	err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
		if _, err := tx.ExecContext(ctx, "SELECT 1; COMMIT"); err != nil {
			return err
		}
		if err := insert(ctx, tx, newThing("1")); !errors.Is(err, database.ErrTxFailed) {
			t.Errorf("a statement after the end of its transaction: %v, want ErrTxFailed", err)
		}
		return nil
	})
	if !errors.Is(err, database.ErrTxFailed) {
		t.Errorf("commit: %v, want ErrTxFailed", err)
	}
	if n := countThings(t, db); n != 0 {
		t.Errorf("%d rows, want 0", n)
	}
}
