package database_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"regain/database"
	"regain/database/databasetest"
	"regain/internal/testservers"
)

// BenchmarkTransaction writes three rows in a transaction: through the guards,
// and through pgdriver as it comes, for what they cost. The scratch server does
// not sync, so that the drivers are compared and not the disk.
func BenchmarkTransaction(b *testing.B) {
	const table = "CREATE TABLE rows (id TEXT PRIMARY KEY, body TEXT NOT NULL)"
	guarded := func(db *database.DB) func(*testing.B) {
		return func(b *testing.B) {
			if _, err := db.ExecContext(b.Context(), table); err != nil {
				b.Fatal(err)
			}
			writeRows(b, func(ctx context.Context, fn func(tx bun.IDB) error) error {
				return db.InTx(ctx, func(_ context.Context, tx bun.IDB) error { return fn(tx) })
			})
		}
	}
	b.Run("sqlite", func(b *testing.B) { guarded(databasetest.SQLite(b))(b) })
	b.Run("postgres", func(b *testing.B) { guarded(databasetest.Postgres(b))(b) })
	b.Run("pgdriver alone", func(b *testing.B) {
		db := bun.NewDB(plain(b, testservers.Postgres(b)), pgdialect.New())
		db.SetMaxOpenConns(16)
		db.SetMaxIdleConns(16)
		if _, err := db.ExecContext(b.Context(), table); err != nil {
			b.Fatal(err)
		}
		writeRows(b, func(ctx context.Context, fn func(tx bun.IDB) error) error {
			return db.RunInTx(ctx, nil, func(_ context.Context, tx bun.Tx) error { return fn(tx) })
		})
	})
}

func writeRows(b *testing.B, inTx func(ctx context.Context, fn func(tx bun.IDB) error) error) {
	b.Helper()
	var next atomic.Int64
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			ctx, cancel := context.WithCancel(b.Context()) // as a request's
			err := inTx(ctx, func(tx bun.IDB) error {
				for range 3 {
					_, err := tx.NewRaw("INSERT INTO rows VALUES (?, ?)", fmt.Sprint(next.Add(1)), "a body of some words").Exec(ctx)
					if err != nil {
						return err
					}
				}
				return nil
			})
			cancel()
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
}
