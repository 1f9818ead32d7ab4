package database_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
			if !errors.As(err, &known) || !errors.Is(known.Kind, c.want) {
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
