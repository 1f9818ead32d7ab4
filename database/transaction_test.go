package database_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/database/databasetest"
)

func TestTransactionCommitsOrRollsBack(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		refused := errors.New("refused")
		run := func(id string, end func() error) error {
			return db.InTx(t.Context(), func(ctx context.Context, _ bun.IDB) error {
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
			defer func() { _ = rows.Close() }()
			if !rows.Next() {
				t.Errorf("no rows: %v", rows.Err())
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
		if took := time.Since(started); took > 8*time.Second { // where a statement may take 10 s
			t.Errorf("returned after %v", took)
		}
		mustInsert(t, db, newThing("1")) // the pool is sound
	})
}

// enough is for a statement to be sent, so that its context ends while it runs.
const enough = time.Second

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
			short, cancel := context.WithTimeout(ctx, enough)
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

// Going back to a savepoint mends a failed statement, not a cancelled one: with
// Postgres the connection is gone, with SQLite perhaps the transaction.
func TestSavepointDoesNotMendACancelledStatement(t *testing.T) {
	slow := map[database.Dialect]string{
		database.Postgres: "SELECT pg_sleep(30)",
		database.SQLite:   "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
	}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		ctx, unit := db.WithUnit(t.Context(), func(ctx context.Context, tx bun.IDB) error { return insert(ctx, tx, newThing("1")) })
		err := db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
			short, cancel := context.WithTimeout(ctx, enough)
			defer cancel()
			_, err := tx.ExecContext(short, slow[db.Dialect()])
			return err
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		if err := unit.Commit(ctx); err == nil {
			t.Error("the unit was committed")
		}
		if n := countThings(t, db); n != 0 {
			t.Errorf("%d rows, want 0", n)
		}
	})
}
