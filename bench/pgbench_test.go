package bench

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"

	"regain/bench/measure"
)

func openPostgres(t *testing.T, address string) *sql.DB {
	t.Helper()
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(address), pgdriver.WithTimeout(10*time.Minute)))
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// filingScript files one case through the API and turns every row that came of it into
// a script for pgbench: one transaction, one statement a trip.
func filingScript(t *testing.T, c *client, database string) string {
	t.Helper()
	f, err := c.file()
	if err != nil {
		t.Fatal(err)
	}
	id := filepath.Base(f.path)
	db := openPostgres(t, database)
	// Ids become other ones of the same length: n is a random number of twelve digits.
	fresh := func(place int) string { return fmt.Sprintf("%08d-bbbb-7ccc-8ddd-:n", place) }
	var b strings.Builder
	b.WriteString("\\set n random(100000000000, 999999999999)\nBEGIN;\n")
	for _, table := range []struct{ name, where, key, unique string }{
		{"limits", "true", "id", ""},
		{"idempotency", "route = 'start-case'", "id", ""},
		{"cases", "id = '" + id + "'", "id", "reference"},
		{"items", "case_id = '" + id + "'", "id", ""},
		{"events", "case_id = '" + id + "'", "", ""},
		{"sessions", "subject = '" + id + "'", "id", "token_hash"},
	} {
		columns, rows := tableRows(t, db, table.name, table.where)
		fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", table.name, strings.Join(columns, ", "))
		for n, row := range rows {
			for i, name := range columns {
				switch {
				case name == table.key && table.name != "cases":
					row[i] = "'" + fresh(n+1) + "'"
				case name == table.unique:
					row[i] = "':n'"
				}
				row[i] = strings.ReplaceAll(row[i], id, fresh(0))
			}
			if n > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "(%s)", strings.Join(row, ", "))
		}
		b.WriteString(";\n")
	}
	b.WriteString("END;\n")
	path := filepath.Join(t.TempDir(), "file.sql")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// tableRows reads rows as SQL literals.
func tableRows(t *testing.T, db *sql.DB, table, where string) (columns []string, rows [][]string) {
	t.Helper()
	names, err := db.QueryContext(t.Context(), "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '"+table+"' ORDER BY ordinal_position")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = names.Close() }()
	for names.Next() {
		var name string
		if err := names.Scan(&name); err != nil {
			t.Fatal(err)
		}
		columns = append(columns, name)
	}
	if err := names.Err(); err != nil {
		t.Fatal(err)
	}
	literals := make([]string, len(columns))
	for i, name := range columns {
		literals[i] = "quote_nullable(" + name + "::text)"
	}
	found, err := db.QueryContext(t.Context(), "SELECT "+strings.Join(literals, ", ")+" FROM "+table+" WHERE "+where)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = found.Close() }()
	for found.Next() {
		row := make([]string, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := found.Scan(into...); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if err := found.Err(); err != nil || len(rows) == 0 {
		t.Fatalf("%d rows of %s, %v", len(rows), table, err)
	}
	return columns, rows
}

// pgbench runs the script for a turn, at least a second because pgbench counts whole ones.
func pgbench(t *testing.T, database, script string, clients int, turn time.Duration) (measure.Sample, error) {
	u, err := url.Parse(database)
	if err != nil {
		return measure.Sample{}, err
	}
	dir := t.TempDir()
	program, err := findPgbench()
	if err != nil {
		return measure.Sample{}, err
	}
	cmd := exec.CommandContext(context.Background(), program, "--no-vacuum", "--client", strconv.Itoa(clients), "--jobs", strconv.Itoa(min(clients, 2)),
		"--time", strconv.Itoa(max(1, int(turn.Seconds()+0.5))), "--file", script, "--log", "--log-prefix", filepath.Join(dir, "log"),
		"--host", u.Hostname(), "--port", u.Port(), "--username", u.User.Username(), strings.TrimPrefix(u.Path, "/"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return measure.Sample{}, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	_, after, _ := strings.Cut(string(out), "tps = ")
	number, _, _ := strings.Cut(after, " ")
	rate, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return measure.Sample{}, fmt.Errorf("pgbench printed %s", out)
	}
	s := measure.Sample{Rate: rate}
	logs, err := filepath.Glob(filepath.Join(dir, "log*"))
	for _, log := range logs {
		if s.Latencies, err = appendLatencies(s.Latencies, log); err != nil {
			return s, err
		}
	}
	return s, err
}

// appendLatencies reads the third column of a log, in microseconds.
func appendLatencies(to []time.Duration, log string) ([]time.Duration, error) {
	f, err := os.Open(log)
	if err != nil {
		return to, err
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 3 {
			continue
		}
		n, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return to, err
		}
		to = append(to, time.Duration(n)*time.Microsecond)
	}
	return to, nil
}

func findPgbench() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if len(found) > 0 {
		return found[len(found)-1], nil
	}
	return exec.LookPath("pgbench")
}
