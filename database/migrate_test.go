package database

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"regain/internal/testservers"
)

// eachEmpty runs test on an empty database of each kind.
func eachEmpty(t *testing.T, test func(t *testing.T, db *DB)) {
	t.Helper()
	run := func(name string, url func(t *testing.T) string) {
		t.Run(name, func(t *testing.T) {
			db, err := Open(t.Context(), Config{URL: url(t)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			test(t, db)
		})
	}
	run("sqlite", func(t *testing.T) string { return "sqlite:" + t.TempDir() + "/empty.db" })
	run("postgres", func(t *testing.T) string { return testservers.Postgres(t) })
}

func files(contents map[string]string) fs.FS {
	result := fstest.MapFS{"README.md": {Data: []byte("not a migration")}}
	for name, content := range contents {
		result[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return result
}

const firstMigration = `-- people's table; with a ' in the comment
CREATE TABLE people (
	id TEXT PRIMARY KEY, -- ; not an end
	at {{timestamp}} NOT NULL,
	more {{json}}, photo {{bytes}}, size {{bigint}}
);
/* a semicolon; here, and a ' too */
INSERT INTO people (id, at) VALUES ('a;b''c--d/*e*/', '2025-01-02 03:04:05+00:00');
`

func TestMigrateForward(t *testing.T) {
	eachEmpty(t, func(t *testing.T, db *DB) {
		ctx := t.Context()
		one := map[string]string{"0001_people.sql": firstMigration}
		two := map[string]string{"0001_people.sql": firstMigration, "0007_later.sql": "ALTER TABLE people ADD COLUMN name TEXT"}
		for _, contents := range []map[string]string{one, one, two, two} {
			if err := db.migrateFrom(ctx, files(contents)); err != nil {
				t.Fatal(err)
			}
		}
		var id string
		if err := db.QueryRowContext(ctx, "SELECT id FROM people WHERE name IS NULL").Scan(&id); err != nil || id != "a;b'c--d/*e*/" {
			t.Errorf("row %q, %v", id, err)
		}
		for name, c := range map[string]struct {
			contents map[string]string
			want     error
			text     string
		}{
			"older binary":  {one, ErrNewerSchema, "0007_later.sql"},
			"changed since": {map[string]string{"0001_people.sql": firstMigration + " ", "0007_later.sql": two["0007_later.sql"]}, ErrChangedMigration, "0001_people.sql"},
			"put between":   {map[string]string{"0001_people.sql": firstMigration, "0003_between.sql": "SELECT 1", "0007_later.sql": two["0007_later.sql"]}, nil, "0003_between.sql"},
		} {
			err := db.migrateFrom(ctx, files(c.contents))
			if err == nil || (c.want != nil && !errors.Is(err, c.want)) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	eachEmpty(t, func(t *testing.T, db *DB) {
		contents := map[string]string{
			"0001_good.sql": "CREATE TABLE good (id TEXT)",
			"0002_bad.sql":  "CREATE TABLE half (id TEXT);\n\nINSERT INTO nowhere VALUES (1);",
		}
		err := db.migrateFrom(t.Context(), files(contents))
		if err == nil || !strings.Contains(err.Error(), "0002_bad.sql: line 3") || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("error %v", err)
		}
		for table, there := range map[string]bool{"good": true, "half": false} {
			if _, err := db.ExecContext(t.Context(), "SELECT * FROM "+table); (err == nil) != there {
				t.Errorf("table %s: %v", table, err)
			}
		}
		contents["0002_bad.sql"] = "CREATE TABLE half (id TEXT)"
		if err := db.migrateFrom(t.Context(), files(contents)); err != nil {
			t.Errorf("after it was mended: %v", err)
		}
	})
}

func TestMigrationFilesAreChecked(t *testing.T) {
	for name, contents := range map[string]map[string]string{
		"name":   {"1_people.sql": "SELECT 1"},
		"number": {"0001_a.sql": "SELECT 1", "0001_b.sql": "SELECT 1"},
	} {
		if _, err := readMigrations(files(contents)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := SQLite.statements("CREATE TABLE a (id {{uuid}}, at {{timestamp}})"); err == nil || !strings.Contains(err.Error(), "{{uuid}}") {
		t.Errorf("unknown placeholder: %v", err)
	}
}

func TestSplitStatements(t *testing.T) {
	for _, c := range []struct {
		sql   string
		want  []string
		lines []int
	}{
		{"", nil, nil},
		{" ; ;\n; -- nothing", nil, nil},
		{"A;B", []string{"A", "B"}, []int{1, 1}},
		{"-- c'\n\nA 'x;y''z--' ;\n B \"n;\"\"m\" /* ; ' */ C;", []string{"A 'x;y''z--'", "B \"n;\"\"m\"   C"}, []int{3, 4}},
		{"A '\n;\n';\nB", []string{"A '\n;\n'", "B"}, []int{1, 4}},
		{"A - - B -- end", []string{"A - - B"}, []int{1}},
	} {
		got, err := splitStatements(c.sql)
		if err != nil {
			t.Errorf("%q: %v", c.sql, err)
		}
		var texts []string
		var lines []int
		for _, s := range got {
			texts, lines = append(texts, s.text), append(lines, s.line)
		}
		if diff := cmp.Diff(c.want, texts) + cmp.Diff(c.lines, lines); diff != "" {
			t.Errorf("%q: %s", c.sql, diff)
		}
	}
	for sql, want := range map[string]string{
		"A;\nB 'x": "line 2", "A \"x": "no end", "/* x": "no end", "/* /* */ */": "comment in a comment",
		"DO $$ BEGIN; END $$": "dollar",
	} {
		if _, err := splitStatements(sql); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", sql, err, want)
		}
	}
}

func TestMigrateWaitsAsLongAsItsContext(t *testing.T) {
	eachEmpty(t, func(t *testing.T, db *DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := db.migrateFrom(ctx, files(map[string]string{"0001_a.sql": "SELECT 1"})); err == nil {
			t.Error("migrated although the context had ended")
		}
	})
}
