package database_test

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/database/databasetest"
)

// stamp is a row with every kind of column that lists are read of.
type stamp struct {
	bun.BaseModel `bun:"table:stamps,alias:st"`

	ID     string                        `bun:"id,pk"`
	Size   int64                         `bun:"size"`
	Small  int                           `bun:"small"`
	Took   time.Duration                 `bun:"took"`
	Open   bool                          `bun:"open"`
	Shut   bool                          `bun:"shut"`
	At     time.Time                     `bun:"at"`
	Ended  *time.Time                    `bun:"ended"`
	Never  *time.Time                    `bun:"never"`
	Facts  database.JSON[map[string]any] `bun:"facts"`
	Nobody database.JSON[map[string]any] `bun:"nobody"`
}

// Lists that are read together are what they are when read singly.
func TestReadTogether(t *testing.T) {
	withParcels(t, func(t *testing.T, db *database.DB) {
		stamped, encoded := "TIMESTAMP", "TEXT"
		if db.Dialect() == database.Postgres {
			stamped, encoded = "TIMESTAMPTZ", "JSONB"
		}
		_, err := db.ExecContext(t.Context(), "CREATE TABLE stamps (id TEXT PRIMARY KEY, size BIGINT NOT NULL, small BIGINT NOT NULL, took BIGINT NOT NULL, open BOOLEAN NOT NULL, shut BOOLEAN NOT NULL,"+
			" at "+stamped+" NOT NULL, ended "+stamped+", never "+stamped+", facts "+encoded+" NOT NULL, nobody "+encoded+")")
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 3, 1, 23, 59, 59, 123456000, time.UTC)
		whole := at.Truncate(time.Second)
		stamps := []*stamp{
			{ID: "a", Size: 1 << 40, Small: -3, Took: time.Hour, Open: true, At: at, Ended: &whole, Facts: database.NewJSON(map[string]any{"é": []any{"x", true, 1.5}})},
			{ID: "b", At: whole, Facts: database.NewJSON(map[string]any{})},
			{ID: "c", At: at},
		}
		parcels := []*parcel{{ID: "p", Count: 7, Held: true, Tags: database.NewJSON([]string{"'"})}}
		err = db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			if err := database.Add(ctx, db, tx, stamps...); err != nil {
				return err
			}
			return database.Add(ctx, db, tx, parcels...)
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 7 {
			var gotStamps []*stamp
			var gotParcels, none []*parcel
			err = db.ReadTogether(t.Context(), db.DB,
				database.ListOf(&gotParcels, "parcels.id = ?", "p"),
				database.ListOf(&gotStamps, "st.id IN (?, ?) AND st.at > ?", "a", "b", at.Add(-time.Hour)),
				database.ListOf(&none, "parcels.count > ?", 1000))
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range gotStamps {
				s.At = s.At.UTC()
				if s.Ended != nil {
					*s.Ended = s.Ended.UTC()
				}
			}
			if !reflect.DeepEqual(gotParcels, parcels) || len(none) != 0 || none == nil {
				t.Fatalf("parcels %+v and %+v", gotParcels, none)
			}
			if len(gotStamps) != 2 {
				t.Fatalf("%d stamps", len(gotStamps))
			}
			for n, s := range gotStamps {
				if !reflect.DeepEqual(s, stamps[n]) {
					t.Fatalf("stamp %+v, want %+v", s, stamps[n])
				}
			}
		}
	})
}

// What is foreseen comes with what is read first, once, and not within a transaction.
func TestForesee(t *testing.T) {
	withParcels(t, func(t *testing.T, db *database.DB) {
		err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			return database.Add(ctx, db, tx, &parcel{ID: "first"}, &parcel{ID: `"a" \ (b,c)`, Tags: database.NewJSON([]string{`\"x"`, ""})})
		})
		if err != nil {
			t.Fatal(err)
		}
		var foreseen, first, within []*parcel
		var earlier []*parcel
		ctx, before := database.Foresee(t.Context(), database.ListOf(&earlier, "parcels.id = ?", "first"))
		ctx, f := database.Foresee(ctx, database.ListOf(&foreseen, "parcels.id = ?", `"a" \ (b,c)`))
		err = db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
			return db.ReadTogether(ctx, tx, database.ListOf(&within, "parcels.id = ?", "first"))
		})
		if err != nil || len(within) != 1 || len(foreseen) != 0 {
			t.Fatalf("within a transaction: %v, %v, %v", err, within, foreseen)
		}
		from := database.ListOf(&first, "TRUE", "first").From("(SELECT * FROM parcels WHERE id = ?)")
		if err := db.ReadTogether(ctx, db.From(ctx), from); err != nil || len(first) != 1 || first[0].ID != "first" {
			t.Fatalf("%v, %v", err, first)
		}
		if !f.Take() || len(foreseen) != 1 || foreseen[0].ID != `"a" \ (b,c)` || !slices.Equal(foreseen[0].Tags.V, []string{`\"x"`, ""}) {
			t.Fatalf("foreseen: %+v", foreseen)
		}
		if !before.Take() || len(earlier) != 1 || earlier[0].ID != "first" {
			t.Fatalf("foreseen before: %+v", earlier)
		}
		if f.Take() {
			t.Error("what was foreseen is there a second time")
		}
		if err := db.ReadTogether(ctx, db.From(ctx), database.ListOf(&first, "parcels.id = ?", "first")); err != nil || len(foreseen) != 1 {
			t.Errorf("%v; foreseen again: %v", err, foreseen)
		}
		_, never := database.Foresee(t.Context(), database.ListOf(&foreseen, "FALSE"))
		if never.Take() {
			t.Error("what was never read is there")
		}
	})
}

// A list whose column cannot be read says so.
func TestReadTogetherRefuses(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		var rows []*stamp
		if err := db.ReadTogether(t.Context(), db.DB, database.ListOf(&rows, "st.id = ?", "x")); err == nil {
			t.Error("read a table that is not there")
		}
		var one int
		if err := db.QueryRowContext(t.Context(), "SELECT 1").Scan(&one); err != nil || one != 1 {
			t.Errorf("afterwards: %v", err)
		}
	})
}
