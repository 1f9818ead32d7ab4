package api

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
)

// TestSheet: every cell comes back as it was, but for an apostrophe before what would be
// a formula.
func TestSheet(t *testing.T) {
	cells := map[string]bool{
		"ana@example.com": false, "": false, "a,b": false, "a \"quoted\" word": false, "two\nlines": false, "北辰科技": false, "2026-01-01": false, "12": false, "x=1": false,
		"=1+1": true, "+49 30 1234": true, "-2": true, "@SUM(A1)": true, "\tx": true, "\r=1": true, "\n=1": true, " =1": true, "\u00a0=1": true, "\"=1": true,
		"'=1": true, "\uff1dHYPERLINK()": true, "=cmd|' /C calc'!A0": true, "|x": true, "%0A=1": true,
	}
	for cell, guarded := range cells {
		var out bytes.Buffer
		s, err := newSheet(&out, "first", "second")
		if err == nil {
			err = s.row(cell, "end")
		}
		if err == nil {
			err = s.end()
		}
		if err != nil {
			t.Fatal(err)
		}
		text, marked := strings.CutPrefix(out.String(), "\ufeff")
		if !marked || !strings.HasPrefix(text, "first,second\r\n") || !strings.HasSuffix(text, "\r\n") {
			t.Errorf("%q", text)
		}
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		want := cell
		if guarded {
			want = "'" + cell
		}
		want = strings.ReplaceAll(want, "\r\n", "\n")
		if err != nil || len(rows) != 2 || rows[1][0] != want && rows[1][0] != strings.ReplaceAll(want, "\r", "") {
			t.Errorf("%q: %q, want %q: %v", cell, rows, want, err)
		}
		if first := strings.TrimLeft(rows[1][0], " "); guarded && first[0] != '\'' {
			t.Errorf("%q begins as a formula", rows[1][0])
		}
	}
}
