package api

import (
	"encoding/csv"
	"io"
	"strings"
)

// byteOrderMark tells spreadsheets that what follows is UTF-8.
const byteOrderMark = "\ufeff"

// sheet writes a table as CSV (RFC 4180) that is safe to open in a spreadsheet: no cell
// of it is taken for a formula.
type sheet struct{ out *csv.Writer }

// newSheet begins with the byte order mark and the names of the columns.
func newSheet(w io.Writer, columns ...string) (*sheet, error) {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return nil, err
	}
	s := &sheet{out: csv.NewWriter(w)}
	s.out.UseCRLF = true
	return s, s.row(columns...)
}

// row writes a line.
func (s *sheet) row(cells ...string) error {
	safe := make([]string, len(cells))
	for i, c := range cells {
		safe[i] = harmless(c)
	}
	return s.out.Write(safe)
}

// end sends what is left.
func (s *sheet) end() error {
	s.out.Flush()
	return s.out.Error()
}

// harmless puts an apostrophe before what spreadsheets would take for a formula. They
// overlook some characters before it, so those count, too.
func harmless(cell string) string {
	begins := strings.TrimLeft(cell, " \u00a0\u3000\"'")
	if begins != "" && strings.ContainsRune("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20|%", []rune(begins)[0]) {
		return "'" + cell
	}
	return cell
}
