package database_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/database/databasetest"
)

// parcel is a row of a table made here.
type parcel struct {
	bun.BaseModel `bun:"table:parcels,alias:parcels"`

	ID    string                        `bun:"id,pk"`
	Count int                           `bun:"count"`
	Tags  database.JSON[[]string]       `bun:"tags"`
	Held  bool                          `bun:"held"`
	Note  *string                       `bun:"note"`
	More  database.JSON[map[string]any] `bun:"more"`
}

func withParcels(t *testing.T, test func(*testing.T, *database.DB)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		_, err := db.ExecContext(t.Context(), "CREATE TABLE parcels (id TEXT PRIMARY KEY, count INTEGER NOT NULL, tags TEXT NOT NULL, held BOOLEAN NOT NULL, note TEXT, more TEXT)")
		if err != nil {
			t.Fatal(err)
		}
		test(t, db)
	})
}

func count(t *testing.T, db *database.DB) int {
	t.Helper()
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM parcels").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

var readParcels = database.NewShape("SELECT id, count, tags, held, note, more FROM parcels WHERE count >= ? AND id <> ? ORDER BY id")

// What is written later is there for the next statement and after the commit, with
// every value as it was.
func TestAddAndReadShape(t *testing.T) {
	withParcels(t, func(t *testing.T, db *database.DB) {
		note := "a 'quoted' note; with ? and $1 -- and more \\"
		for round := range 7 { // Postgres changes its plans after five
			id := fmt.Sprint("p", round)
			err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
				one := &parcel{ID: id, Count: -round, Tags: database.NewJSON([]string{"a", "b"}), Held: true, Note: &note}
				two := &parcel{ID: id + "b", Count: round, Tags: database.NewJSON([]string{})}
				if err := database.Add(ctx, db, tx, one, two); err != nil {
					return err
				}
				var found []*parcel
				if err := db.ReadShape(ctx, tx, readParcels, &found, -round, id+"b"); err != nil {
					return err
				}
				at := 2*round - round
				if at >= len(found) || found[at].ID == "" {
					return fmt.Errorf("found %d", len(found))
				}
				for _, f := range found {
					if f.ID == id && (f.Count != -round || !f.Held || *f.Note != note || len(f.Tags.V) != 2) {
						return fmt.Errorf("read %+v", f)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if n := count(t, db); n != 14 {
			t.Errorf("%d rows", n)
		}
	})
}

// A write that fails later fails the whole transaction, and is not taken for the
// failure of the statement that it travelled with. The connection is as good as before.
func TestLaterFails(t *testing.T) {
	row := func(id string) *parcel { return &parcel{ID: id, Tags: database.NewJSON([]string{})} }
	for _, c := range []struct {
		name string
		fn   func(ctx context.Context, db *database.DB, tx bun.IDB) error
	}{
		{"at the commit", func(ctx context.Context, db *database.DB, tx bun.IDB) error {
			return database.Add(ctx, db, tx, row("new"), row("taken"))
		}},
		{"with a read", func(ctx context.Context, db *database.DB, tx bun.IDB) error {
			if err := database.Add(ctx, db, tx, row("new"), row("taken")); err != nil {
				return err
			}
			var found []*parcel
			err := db.ReadShape(ctx, tx, readParcels, &found, 0, "")
			if errors.Is(err, database.ErrUnique) {
				t.Errorf("the read failed with %v", err)
			}
			return err
		}},
		{"before a savepoint, whose failure is forgiven", func(ctx context.Context, db *database.DB, tx bun.IDB) error {
			if err := database.Add(ctx, db, tx, row("new"), row("taken")); err != nil {
				return err
			}
			err := db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
				_, err := tx.ExecContext(ctx, "UPDATE parcels SET count = 3")
				return err
			})
			if errors.Is(err, database.ErrUnique) {
				t.Errorf("the update failed with %v", err)
			}
			return nil // as if it had not mattered
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			withParcels(t, func(t *testing.T, db *database.DB) {
				if err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
					return database.Add(ctx, db, tx, row("taken"))
				}); err != nil {
					t.Fatal(err)
				}
				for range 3 {
					if err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error { return c.fn(ctx, db, tx) }); err == nil {
						t.Fatal("committed")
					}
				}
				if n := count(t, db); n != 1 {
					t.Errorf("%d rows", n)
				}
				if err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
					return database.Add(ctx, db, tx, row("another"))
				}); err != nil || count(t, db) != 2 {
					t.Errorf("afterwards: %v", err)
				}
			})
		})
	}
}

// What is rolled back before it was sent was never there, and its shape is planned anew.
func TestLaterRolledBack(t *testing.T) {
	withParcels(t, func(t *testing.T, db *database.DB) {
		changed := errors.New("changed my mind")
		for range 2 {
			err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
				if err := database.Add(ctx, db, tx, &parcel{ID: "x"}); err != nil {
					return err
				}
				return changed
			})
			if !errors.Is(err, changed) {
				t.Fatal(err)
			}
		}
		err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			if err := database.Add(ctx, db, tx, &parcel{ID: "x"}); err != nil {
				return err
			}
			err := db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
				if err := database.Add(ctx, db, tx, &parcel{ID: "y"}); err != nil {
					return err
				}
				return changed
			})
			if !errors.Is(err, changed) {
				t.Errorf("inside: %v", err)
			}
			return nil
		})
		if err != nil || count(t, db) != 1 {
			t.Errorf("%v, %d rows", err, count(t, db))
		}
	})
}

// Shapes on many connections at once.
func TestShapesConcurrently(t *testing.T) {
	withParcels(t, func(t *testing.T, db *database.DB) {
		var group sync.WaitGroup
		for worker := range 8 {
			group.Go(func() {
				for n := range 20 {
					err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
						return database.Add(ctx, db, tx, &parcel{ID: fmt.Sprint(worker, "/", n), Count: n, Tags: database.NewJSON([]string{})})
					})
					var found []*parcel
					err = errors.Join(err, db.ReadShape(t.Context(), db.DB, readParcels, &found, n, ""))
					if err != nil || len(found) == 0 {
						t.Errorf("%d found, %v", len(found), err)
						return
					}
				}
			})
		}
		group.Wait()
		if n := count(t, db); n != 160 {
			t.Errorf("%d rows", n)
		}
	})
}
