package database_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/database/databasetest"
)

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
