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

func TestUnitIsOneTransaction(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		ctx, unit := db.WithUnit(t.Context(), func(ctx context.Context, tx bun.IDB) error { return insert(ctx, tx, newThing("begin")) })
		if unit.Begun() || unit.Tx() != nil {
			t.Error("begun before the first InTx")
		}
		if err := unit.Commit(ctx); err != nil {
			t.Errorf("commit of nothing: %v", err)
		}
		if n := countThings(t, db); n != 0 {
			t.Errorf("%d rows before the first InTx", n)
		}

		ctx, unit = db.WithUnit(t.Context(), func(ctx context.Context, tx bun.IDB) error { return insert(ctx, tx, newThing("begin")) })
		// The call's own context ends with the call, the transaction does not.
		call, cancel := context.WithTimeout(ctx, time.Minute)
		add := func(ctx context.Context, id string, refusal error) error {
			return db.InTx(ctx, func(ctx context.Context, _ bun.IDB) error {
				if err := insert(ctx, db.From(ctx), newThing(id)); err != nil {
					return err
				}
				return refusal
			})
		}
		if err := add(call, "1", nil); err != nil {
			t.Fatal(err)
		}
		cancel()
		if !unit.Begun() {
			t.Error("not begun after the first InTx")
		}
		refused := errors.New("refused")
		if err := add(ctx, "2", refused); !errors.Is(err, refused) {
			t.Errorf("error %v", err)
		}
		if err := add(ctx, "1", nil); !errors.Is(err, database.ErrUnique) {
			t.Errorf("error %v, want ErrUnique", err)
		}
		if err := insert(ctx, unit.Tx(), newThing("the response")); err != nil {
			t.Errorf("after the refusals: %v", err)
		}
		if err := unit.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		if n := countThings(t, db); n != 3 {
			t.Errorf("%d rows, want begin, 1 and the response", n)
		}
		if unit.Begun() || unit.Rollback() != nil {
			t.Error("not over after Commit")
		}
		if err := add(ctx, "after it", nil); err != nil {
			t.Errorf("InTx after the unit: %v", err)
		}
	})
}

func TestUnitRollsBack(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		ctx, unit := db.WithUnit(t.Context(), nil)
		if err := db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error { return insert(ctx, tx, newThing("1")) }); err != nil {
			t.Fatal(err)
		}
		if err := unit.Rollback(); err != nil {
			t.Fatal(err)
		}
		if err := unit.Commit(ctx); err != nil {
			t.Errorf("commit after rollback: %v", err)
		}
		if n := countThings(t, db); n != 0 {
			t.Errorf("%d rows, want 0", n)
		}
	})
}

func TestUnitWhoseBeginFails(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		mustInsert(t, db, newThing("taken"))
		ctx, unit := db.WithUnit(t.Context(), func(ctx context.Context, tx bun.IDB) error { return insert(ctx, tx, newThing("taken")) })
		called := false
		err := db.InTx(ctx, func(context.Context, bun.IDB) error { called = true; return nil })
		if !errors.Is(err, database.ErrUnique) || called || unit.Begun() {
			t.Errorf("error %v, called %v, begun %v", err, called, unit.Begun())
		}
		if _, err := db.From(ctx).NewSelect().Table("things").Count(ctx); err != nil {
			t.Errorf("query after it: %v", err)
		}
		if err := unit.Commit(ctx); !errors.Is(err, database.ErrUnique) {
			t.Errorf("commit: %v, want the error of begin", err)
		}
	})
}

func TestUnitWhoseBeginJoinsOrPanics(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		nothing := func(context.Context, bun.IDB) error { return nil }
		ctx, unit := db.WithUnit(t.Context(), func(ctx context.Context, _ bun.IDB) error {
			return db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error { return insert(ctx, tx, newThing("1")) })
		})
		if err := errors.Join(db.InTx(ctx, nothing), unit.Commit(ctx)); err != nil {
			t.Fatal(err)
		}
		ctx, unit = db.WithUnit(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			if err := insert(ctx, tx, newThing("2")); err != nil {
				return err
			}
			panic("as planned")
		})
		func() {
			defer func() { _ = recover() }()
			_ = db.InTx(ctx, nothing)
		}()
		if unit.Begun() {
			t.Error("still begun after a panic")
		}
		if n := countThings(t, db); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
		mustInsert(t, db, newThing("3")) // nothing holds a lock
	})
}

func TestUnitOfAnEndedRequestIsNotCommitted(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		request, cancel := context.WithCancel(t.Context())
		ctx, unit := db.WithUnit(request, nil)
		if err := db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error { return insert(ctx, tx, newThing("1")) }); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := unit.Commit(context.WithoutCancel(ctx)); !errors.Is(err, context.Canceled) {
			t.Errorf("commit: %v, want context.Canceled", err)
		}
		if n := countThings(t, db); n != 0 {
			t.Errorf("%d rows, want 0", n)
		}
		if err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error { return insert(ctx, tx, newThing("1")) }); err != nil {
			t.Errorf("the next transaction: %v", err)
		}
	})
}

func TestUnitOfAnotherDatabaseIsNotJoined(t *testing.T) {
	one, other := databasetest.SQLite(t), databasetest.SQLite(t)
	makeThings(t, one)
	makeThings(t, other)
	ctx, unit := one.WithUnit(t.Context(), nil)
	for _, db := range []*database.DB{one, other} {
		if err := db.InTx(ctx, func(ctx context.Context, _ bun.IDB) error { return insert(ctx, db.From(ctx), newThing("1")) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := unit.Rollback(); err != nil {
		t.Fatal(err)
	}
	if countThings(t, one) != 0 || countThings(t, other) != 1 {
		t.Errorf("rows: %d and %d, want 0 and 1", countThings(t, one), countThings(t, other))
	}
}

func TestAfterCommitRunsOnceAndOnlyThen(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		makeThings(t, db)
		calls := 0
		count := func() { calls++ }
		write := func(ctx context.Context, id string) error {
			return db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
				db.AfterCommit(ctx, count)
				if calls != 0 {
					t.Error("called before the commit")
				}
				return insert(ctx, tx, newThing(id))
			})
		}

		ctx, unit := db.WithUnit(t.Context(), nil)
		if err := write(ctx, "one"); err != nil {
			t.Fatal(err)
		}
		if err := unit.Commit(ctx); err != nil || calls != 1 {
			t.Fatalf("after the commit: %d calls, error %v", calls, err)
		}

		calls = 0
		ctx, unit = db.WithUnit(t.Context(), nil)
		if err := write(ctx, "two"); err != nil {
			t.Fatal(err)
		}
		if err := unit.Rollback(); err != nil || calls != 0 {
			t.Fatalf("after the rollback: %d calls, error %v", calls, err)
		}
		if err := unit.Commit(ctx); err != nil || calls != 0 {
			t.Errorf("commit after the rollback: %d calls, error %v", calls, err)
		}

		ctx, unit = db.WithUnit(t.Context(), nil)
		if err := write(ctx, "three"); err != nil {
			t.Fatal(err)
		}
		if err := write(ctx, "three"); !errors.Is(err, database.ErrUnique) {
			t.Fatal(err)
		}
		if err := unit.Commit(ctx); err != nil || calls != 1 {
			t.Errorf("one of two joined calls was rolled back: %d calls, error %v", calls, err)
		}
		calls = 0

		db.AfterCommit(t.Context(), count)
		if calls != 1 {
			t.Error("without a transaction it is called at once")
		}
	})
}
