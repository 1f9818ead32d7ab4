package database_test

import (
	"context"
	"errors"
	"testing"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/database/databasetest"
)

func TestSmoke(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		if _, err := db.ExecContext(ctx, "CREATE TABLE things (id TEXT PRIMARY KEY, body TEXT)"); err != nil {
			t.Fatal(err)
		}
		uctx, unit := db.WithUnit(ctx, func(ctx context.Context, tx bun.IDB) error {
			_, err := tx.NewRaw("INSERT INTO things VALUES (?, ?)", "begin", "x").Exec(ctx)
			return err
		})
		insert := func(id string, fail error) error {
			return db.InTx(uctx, func(ctx context.Context, tx bun.IDB) error {
				if _, err := tx.NewRaw("INSERT INTO things VALUES (?, ?)", id, "y").Exec(ctx); err != nil {
					return err
				}
				return fail
			})
		}
		if err := insert("a", nil); err != nil {
			t.Fatal(err)
		}
		refused := errors.New("refused")
		if err := insert("b", refused); !errors.Is(err, refused) {
			t.Fatal(err)
		}
		if err := insert("a", nil); !errors.Is(database.Classify(err), database.ErrUnique) {
			t.Fatal(err)
		}
		if err := unit.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		n, err := db.NewSelect().Table("things").Count(ctx)
		if err != nil || n != 2 {
			t.Fatal(n, err)
		}
	})
}
