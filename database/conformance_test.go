package database_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"regain/database"
	"regain/database/databasetest"
)

// The conformance suite: what Regain relies on, on both databases.

type details struct {
	Name  string         `json:"name"`
	Count int            `json:"count"`
	Tags  []string       `json:"tags"`
	Extra map[string]any `json:"extra,omitempty"`
}

type thing struct {
	bun.BaseModel `bun:"table:things"`

	ID      string `bun:",pk"`
	Owner   *string
	Email   string
	Details database.JSON[details]
	Data    []byte
	Active  bool
	Amount  int64
	Version int64
	At      time.Time
	Ended   bun.NullTime
}

// makeThings makes the tables of the suite with the types of migrations.
func makeThings(t *testing.T, db *database.DB) {
	t.Helper()
	types := map[database.Dialect][]string{
		database.Postgres: {"JSONB", "BYTEA", "BIGINT", "TIMESTAMPTZ"},
		database.SQLite:   {"TEXT", "BLOB", "INTEGER", "TIMESTAMP"},
	}[db.Dialect()]
	statements := []string{
		"CREATE TABLE owners (id TEXT PRIMARY KEY)",
		fmt.Sprintf(`CREATE TABLE things (
			id TEXT PRIMARY KEY, owner TEXT REFERENCES owners (id), email TEXT NOT NULL UNIQUE,
			details %[1]s NOT NULL, data %[2]s, active BOOLEAN NOT NULL, amount %[3]s NOT NULL CHECK (amount >= 0),
			version %[3]s NOT NULL, at %[4]s NOT NULL, ended %[4]s)`, types[0], types[1], types[2], types[3]),
		"CREATE INDEX things_at ON things (at, id)",
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func newThing(id string) *thing {
	return &thing{
		ID: id, Email: id + "@example.org", Version: 1, Active: true,
		Details: database.NewJSON(details{Name: "O'Neil \"quoted\" ? \\ 張 🙂", Count: 3, Tags: []string{"a", "b"}, Extra: map[string]any{"k": "v'"}}),
		Data:    []byte{0, 1, 255, '\'', '\\'},
		At:      time.Date(2025, 11, 22, 3, 4, 5, 123456000, time.UTC),
	}
}

func insert(ctx context.Context, q bun.IDB, thing *thing) error {
	_, err := q.NewInsert().Model(thing).Exec(ctx)
	return err
}

func mustInsert(t *testing.T, db *database.DB, things ...*thing) {
	t.Helper()
	for _, thing := range things {
		if err := insert(t.Context(), db.From(t.Context()), thing); err != nil {
			t.Fatal(err)
		}
	}
}

func countThings(t *testing.T, db *database.DB) int64 {
	t.Helper()
	n, err := db.NewSelect().Table("things").Count(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRowComesBackAsWritten(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		plain := newThing("1")
		bare := &thing{ID: "2", Email: "e", At: time.Date(1969, 12, 31, 23, 0, 0, 1000, time.FixedZone("", 7*3600))}
		bare.Details.V.Tags = []string{}
		ended := newThing("3")
		ended.Ended = bun.NullTime{Time: ended.At.Add(time.Microsecond)}
		ended.Active, ended.Data = false, []byte{}
		mustInsert(t, db, plain, bare, ended)
		for _, want := range []*thing{plain, bare, ended} {
			got := &thing{}
			if err := db.NewSelect().Model(got).Where("id = ?", want.ID).Scan(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got.At.Location() != time.UTC {
				t.Errorf("%s: time in %v, want UTC", want.ID, got.At.Location())
			}
			if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b []byte) bool { return string(a) == string(b) }),
				cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
				t.Errorf("%s differs (-written +read):\n%s", want.ID, diff)
			}
			if want.ID == "2" && got.Data != nil {
				t.Errorf("NULL bytes read as %v", got.Data)
			}
		}
	})
}

func TestTimesCompareAndSortAtMicroseconds(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		base := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
		offsets := []time.Duration{0, time.Microsecond, 450 * time.Millisecond, 500 * time.Millisecond, 550 * time.Millisecond, time.Second}
		for i, offset := range offsets {
			thing := newThing(fmt.Sprint(len(offsets) - i)) // ids against the order of time
			thing.At = base.Add(offset)
			mustInsert(t, db, thing)
		}
		var got []string
		if err := db.NewSelect().Table("things").Column("id").Order("at").Where("at > ?", base.Add(time.Microsecond)).Scan(t.Context(), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"4", "3", "2", "1"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOptimisticVersion(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		mustInsert(t, db, newThing("1"))
		update := func(version int64) int64 {
			result, err := db.NewUpdate().Table("things").Set("version = version + 1").Where("id = ? AND version = ?", "1", version).Exec(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			n, err := result.RowsAffected()
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := update(1); n != 1 {
			t.Errorf("update with the right version changed %d rows", n)
		}
		if n := update(1); n != 0 {
			t.Errorf("update with a stale version changed %d rows", n)
		}
	})
}

func TestConstraintErrors(t *testing.T) {
	nobody := "nobody"
	cases := []struct {
		name   string
		change func(*thing)
		want   error
	}{
		{"primary key", func(th *thing) { th.Email = "other" }, database.ErrUnique},
		{"unique column", func(th *thing) { th.ID = "2" }, database.ErrUnique},
		{"foreign key", func(th *thing) { th.ID, th.Email, th.Owner = "2", "other", &nobody }, database.ErrForeignKey},
		{"check", func(th *thing) { th.ID, th.Email, th.Amount = "2", "other", -4711 }, nil},
	}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		mustInsert(t, db, newThing("1"))
		for _, c := range cases {
			thing := newThing("1")
			c.change(thing)
			err := insert(t.Context(), db.From(t.Context()), thing)
			var known *database.Error
			if !errors.As(err, &known) || known.Kind != c.want {
				t.Errorf("%s: error %v, want %v", c.name, err, c.want)
			}
			if !errors.Is(database.Classify(err), err) {
				t.Errorf("%s: Classify changed the error", c.name)
			}
		}
	})
}

// Errors end in logs, and the values of a statement are often personal data.
func TestErrorsHoldNoValues(t *testing.T) {
	const secret = "zhang.wei4711@example.org"
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		first := newThing("1")
		first.Email = secret
		mustInsert(t, db, first)
		statements := map[string]string{
			"unique":         "INSERT INTO things (id, email, details, active, amount, version, at) SELECT '2', email, details, active, amount, version, at FROM things",
			"not null":       "INSERT INTO things (id, email) VALUES ('" + secret + "', NULL)",
			"foreign key":    "UPDATE things SET owner = '" + secret + "'",
			"syntax":         "SELECT '" + secret + "' 4711 '" + secret + "' FROM",
			"quoted in half": "SELECT * FROM things WHERE email = '" + secret + " 4711",
			"no column":      "SELECT nothing FROM things WHERE email = '" + secret + "'",
			"check":          "UPDATE things SET amount = -4711",
		}
		if db.Dialect() == database.Postgres { // SQLite takes any text for a number
			statements["wrong type"] = "SELECT CAST('" + secret + "' AS INTEGER)"
			statements["wrong JSON"] = "SELECT CAST('{" + secret + "' AS JSONB)"
		}
		for name, statement := range statements {
			_, err := db.ExecContext(t.Context(), statement)
			if err == nil {
				t.Errorf("%s: no error", name)
				continue
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if text := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(text, "zhang") || strings.Contains(text, "4711") {
					t.Errorf("%s: the error holds a value: %s", name, text)
				}
			}
		}
	})
}

func TestTextThatPostgresCannotKeepIsRefusedBeforeSending(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		inColumn, inJSON := newThing("1"), newThing("2")
		inColumn.Email = "a\x00b"
		inJSON.Details.V.Name = "a\x00b"
		for _, thing := range []*thing{inColumn, inJSON} {
			if err := insert(t.Context(), db.From(t.Context()), thing); !errors.Is(err, database.ErrInvalidText) {
				t.Errorf("%s: %v, want ErrInvalidText", thing.ID, err)
			}
		}
		for _, statement := range []string{"SELECT 'a\x00b'", "SELECT 'a\xffb'"} {
			if _, err := db.ExecContext(t.Context(), statement); !errors.Is(err, database.ErrInvalidText) {
				t.Errorf("%q: %v, want ErrInvalidText", statement, err)
			}
		}
		stmt, err := db.PrepareContext(t.Context(), map[database.Dialect]string{
			database.SQLite: "SELECT count(*) FROM things WHERE email = ?", database.Postgres: "SELECT count(*) FROM things WHERE email = $1",
		}[db.Dialect()])
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = stmt.Close() }()
		var n int
		if err := stmt.QueryRowContext(t.Context(), "a\x00b").Scan(&n); !errors.Is(err, database.ErrInvalidText) {
			t.Errorf("prepared: %v, want ErrInvalidText", err)
		}
		harmless := newThing("3")
		harmless.Email = "?!(NUL)' ?!("
		harmless.Details.V.Name = `backslash \u0000 as text`
		mustInsert(t, db, harmless)
		got := &thing{}
		if err := db.NewSelect().Model(got).Where("email = ?", harmless.Email).Scan(t.Context()); err != nil || got.Details.V.Name != harmless.Details.V.Name {
			t.Errorf("harmless text: %q, %v", got.Details.V.Name, err)
		}
	})
}

func TestTransactionCommitsOrRollsBack(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		refused := errors.New("refused")
		run := func(id string, end func() error) error {
			return db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
				if err := insert(ctx, db.From(ctx), newThing(id)); err != nil {
					return err
				}
				return end()
			})
		}
		if err := run("1", func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		if err := run("2", func() error { return refused }); !errors.Is(err, refused) {
			t.Errorf("error %v, want the one of fn", err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = run("3", func() error { panic("as planned") })
		}()
		if n := countThings(t, db); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	})
}

func TestJoinedTransactionUndoesOnlyItself(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		refused := errors.New("refused")
		err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			if err := insert(ctx, tx, newThing("outer")); err != nil {
				return err
			}
			err := db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
				if err := insert(ctx, tx, newThing("kept by nobody")); err != nil {
					return err
				}
				// One deeper, a failed statement of the database itself.
				err := db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error { return insert(ctx, tx, newThing("outer")) })
				if !errors.Is(err, database.ErrUnique) {
					t.Errorf("inner error %v, want ErrUnique", err)
				}
				if err := insert(ctx, tx, newThing("after it")); err != nil {
					t.Errorf("after a failure that was rolled back: %v", err)
				}
				return refused
			})
			if !errors.Is(err, refused) {
				t.Errorf("joined error %v", err)
			}
			return insert(ctx, tx, newThing("also outer"))
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := countThings(t, db); n != 2 {
			t.Errorf("%d rows, want 2", n)
		}
	})
}

// First row of the table in notes on drivers: pgdriver answers nil and stores
// nothing. SQLite would store the half that worked.
func TestSwallowedFailureIsNotCommitted(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		mustInsert(t, db, newThing("1"))
		err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			if err := insert(ctx, tx, newThing("2")); err != nil {
				return err
			}
			if err := insert(ctx, tx, newThing("1")); !errors.Is(err, database.ErrUnique) {
				t.Errorf("error %v, want ErrUnique", err)
			}
			if err := insert(ctx, tx, newThing("3")); !errors.Is(err, database.ErrTxFailed) {
				t.Errorf("statement after a failed one: %v, want ErrTxFailed", err)
			}
			return nil // swallowed
		})
		if !errors.Is(err, database.ErrTxFailed) || !errors.Is(err, database.ErrUnique) {
			t.Errorf("commit: %v, want ErrTxFailed with its cause", err)
		}
		if n := countThings(t, db); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
		mustInsert(t, db, newThing("4")) // the connection is sound
	})
}

// A statement which the server refuses as a whole never runs the BEGIN that
// was sent along; what follows must not run outside the transaction.
func TestRefusedFirstStatementDoesNotLeaveTheTransaction(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			if _, err := tx.ExecContext(ctx, "SELEKT 1"); err == nil {
				t.Error("a syntax error went through")
			}
			if err := insert(ctx, tx, newThing("1")); !errors.Is(err, database.ErrTxFailed) {
				t.Errorf("after it: %v, want ErrTxFailed", err)
			}
			return nil
		})
		if !errors.Is(err, database.ErrTxFailed) {
			t.Errorf("commit: %v, want ErrTxFailed", err)
		}
		if n := countThings(t, db); n != 0 {
			t.Errorf("%d rows, want 0", n)
		}
	})
}

func TestStatementCannotEndTheTransaction(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		for _, statement := range []string{"COMMIT", "rollback", " ROLLBACK WORK", "END", "BEGIN;"} {
			err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
				if err := insert(ctx, tx, newThing("1")); err != nil {
					return err
				}
				_, err := tx.ExecContext(ctx, statement)
				return err
			})
			if err == nil {
				t.Errorf("%s was run", statement)
			}
		}
		if n := countThings(t, db); n != 0 {
			t.Errorf("%d rows, want 0", n)
		}
	})
}

func TestOpenRowsKeepOtherStatementsOut(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		mustInsert(t, db, newThing("1"), newThing("2"))
		err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			rows, err := tx.QueryContext(ctx, "SELECT id FROM things")
			if err != nil {
				return err
			}
			if !rows.Next() {
				t.Error("no rows")
			}
			if _, err := tx.ExecContext(ctx, "DELETE FROM things"); err == nil {
				t.Error("a statement ran between the rows of another")
			}
			if err := rows.Close(); err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, "DELETE FROM things WHERE id = '1'")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := countThings(t, db); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	})
}

func TestSixteenWritersLoseNothing(t *testing.T) {
	const writers, rounds = 16, 12
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		mustInsert(t, db, newThing("1"))
		var wait sync.WaitGroup
		for range writers {
			wait.Go(func() {
				for range rounds {
					if err := addOne(t.Context(), db); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wait.Wait()
		got := &thing{}
		if err := db.NewSelect().Model(got).Where("id = '1'").Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got.Amount != writers*rounds || got.Version != 1+writers*rounds {
			t.Errorf("amount %d, version %d: updates were lost", got.Amount, got.Version)
		}
	})
}

// addOne reads, computes and writes: lost without the row's lock.
func addOne(ctx context.Context, db *database.DB) error {
	return db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		row := &thing{}
		if err := db.ForUpdate(tx.NewSelect().Model(row).Where("id = '1'")).Scan(ctx); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Table("things").Set("amount = ?", row.Amount+1).Set("version = ?", row.Version+1).Where("id = '1'").Exec(ctx)
		return err
	})
}

func TestWorkersShareAQueue(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		for i := range 40 {
			mustInsert(t, db, newThing(fmt.Sprintf("%02d", i)))
		}
		var mu sync.Mutex
		claimed := map[string]int{}
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				for {
					ids, err := claim(t.Context(), db, 3)
					if err != nil {
						t.Error(err)
						return
					}
					if len(ids) == 0 {
						return
					}
					mu.Lock()
					for _, id := range ids {
						claimed[id]++
					}
					mu.Unlock()
				}
			})
		}
		wait.Wait()
		for id, n := range claimed {
			if n != 1 {
				t.Errorf("%s was claimed %d times", id, n)
			}
		}
		if len(claimed) != 40 {
			t.Errorf("%d claimed, want 40", len(claimed))
		}
	})
}

func claim(ctx context.Context, db *database.DB, n int) (ids []string, err error) {
	err = db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		free := db.ForUpdateSkipLocked(tx.NewSelect().Table("things").Column("id").Where("active").Order("id").Limit(int64(n)))
		_, err := tx.NewUpdate().Table("things").Set("active = ?", false).Where("id IN (?)", free).Returning("id").Exec(ctx, &ids)
		return err
	})
	return ids, err
}

func TestContextEndsAStatement(t *testing.T) {
	endless := map[database.Dialect]string{
		database.Postgres: "SELECT pg_sleep(30)",
		database.SQLite:   "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
	}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		started := time.Now()
		var n any
		err := db.QueryRowContext(ctx, endless[db.Dialect()]).Scan(&n)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		if took := time.Since(started); took > 2*time.Second {
			t.Errorf("returned after %v", took)
		}
		mustInsert(t, db, newThing("1")) // the pool is sound
	})
}

// A statement's own, shorter context ends while the transaction goes on:
// nothing of the transaction may be applied, as its connection is in doubt.
func TestCancelledStatementDoomsItsTransaction(t *testing.T) {
	slow := map[database.Dialect]string{
		database.Postgres: "UPDATE things SET amount = (SELECT 1 FROM pg_sleep(30))",
		database.SQLite: "UPDATE things SET amount = (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)" +
			" SELECT count(*) FROM n)",
	}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		mustInsert(t, db, newThing("1"))
		err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			if err := insert(ctx, tx, newThing("2")); err != nil {
				return err
			}
			short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			if _, err := tx.ExecContext(short, slow[db.Dialect()]); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want the context's", err)
			}
			if err := insert(ctx, tx, newThing("3")); err == nil {
				t.Error("a statement ran after its transaction was lost")
			}
			return nil
		})
		if err == nil {
			t.Error("the commit succeeded")
		}
		if n := countThings(t, db); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	})
}

func TestPagesCoverEveryRowOnce(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		base := newThing("").At
		var oldestFirst []string
		for i := range 23 {
			thing := newThing(fmt.Sprintf("%02d", i))
			thing.At = base.Add(time.Duration(i/4) * time.Microsecond) // equal times, so that ids decide
			mustInsert(t, db, thing)
			oldestFirst = append(oldestFirst, thing.ID)
		}
		newestFirst := make([]string, len(oldestFirst))
		for i, id := range oldestFirst {
			newestFirst[len(oldestFirst)-1-i] = id
		}
		if diff := cmp.Diff(newestFirst, walkPages(t, db, 5, database.Page.Descending)); diff != "" {
			t.Errorf("descending: %s", diff)
		}
		if diff := cmp.Diff(oldestFirst, walkPages(t, db, 23, database.Page.Ascending)); diff != "" {
			t.Errorf("ascending: %s", diff)
		}
	})
}

func walkPages(t *testing.T, db *database.DB, limit int, order func(database.Page, *bun.SelectQuery, string, string) *bun.SelectQuery) []string {
	t.Helper()
	var seen []string
	for after := ""; ; {
		page, err := database.NewPage(limit, after)
		if err != nil {
			t.Fatal(err)
		}
		var things []thing
		if err := order(page, db.NewSelect().Model(&things), "at", "id").Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		things, after, err = database.Next(page, things, func(th thing) (any, string) { return th.At, th.ID })
		if err != nil {
			t.Fatal(err)
		}
		for _, thing := range things {
			seen = append(seen, thing.ID)
		}
		if after == "" {
			return seen
		}
		if len(things) != limit || len(seen) > 1000 {
			t.Fatalf("page of %d, %d in all", len(things), len(seen))
		}
	}
}
