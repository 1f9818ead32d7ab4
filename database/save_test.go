package database_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/uptrace/bun"

	"regain/database"
)

// SaveChanged writes what changed, in place too, and leaves alone what did not.
func TestSaveChanged(t *testing.T) {
	withParcels(t, func(t *testing.T, db *database.DB) {
		read := func() *parcel {
			var found []*parcel
			if err := db.ReadShape(t.Context(), db.DB, readParcels, &found, 0, ""); err != nil || len(found) != 1 {
				t.Fatalf("%d found, %v", len(found), err)
			}
			return found[0]
		}
		save := func(row *parcel, was database.Snapshot, version int64) error {
			return db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
				return database.SaveChanged(ctx, db, tx, row, was, "count", version)
			})
		}
		note := "first"
		err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			return database.Add(ctx, db, tx, &parcel{ID: "p", Count: 1, Tags: database.NewJSON([]string{"a", "b"}), Note: &note})
		})
		if err != nil {
			t.Fatal(err)
		}
		row := read()
		was := database.SnapshotOf(db, row)
		if _, err := db.ExecContext(t.Context(), "UPDATE parcels SET held = TRUE"); err != nil { // by somebody else
			t.Fatal(err)
		}
		row.Tags.V[0], *row.Note, row.Count = "c", "second", 2
		if err := save(row, was, 1); err != nil {
			t.Fatal(err)
		}
		now := read()
		if now.Tags.V[0] != "c" || *now.Note != "second" || now.Count != 2 || !now.Held {
			t.Errorf("saved %+v", now)
		}
		row.Note, row.Count = nil, 3
		if err := save(row, was, 1); err == nil {
			t.Error("a stale version was saved")
		}
		if now := read(); now.Note == nil || now.Count != 2 {
			t.Errorf("a stale version left %+v", now)
		}
		row.Count = 2 // nothing but the version is written, and judged
		if err := save(row, database.SnapshotOf(db, row), 2); err != nil {
			t.Errorf("nothing changed: %v", err)
		}
	})
}

// Any number of rows is added, each once and with its own values.
func TestAddMany(t *testing.T) {
	withParcels(t, func(t *testing.T, db *database.DB) {
		want := 0
		for _, n := range []int{0, 1, 2, 3, 9, 16, 17, 47} {
			rows := make([]*parcel, n)
			for i := range rows {
				want++
				rows[i] = &parcel{ID: fmt.Sprintf("%03d", want), Count: want, Tags: database.NewJSON([]string{fmt.Sprint(n)})}
			}
			err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error { return database.Add(ctx, db, tx, rows...) })
			if err != nil {
				t.Fatalf("%d rows: %v", n, err)
			}
		}
		var found []*parcel
		if err := db.ReadShape(t.Context(), db.DB, readParcels, &found, 0, ""); err != nil || len(found) != want {
			t.Fatalf("%d rows of %d, %v", len(found), want, err)
		}
		for i, row := range found {
			if row.Count != i+1 || row.ID != fmt.Sprintf("%03d", i+1) {
				t.Errorf("row %d is %+v", i, row)
			}
		}
	})
}
