package database

import (
	"database/sql/driver"
	"errors"
	"strings"
	"unicode/utf8"
)

// errUnencodable is about a value that bun could not write into the statement.
var errUnencodable = errors.New("a value of the statement could not be encoded")

// checkStatement finds what must not reach a server, before anything is sent.
// bun writes the arguments into the statement itself. A string with NUL it
// replaces by a note, "?!(…)", outside any quotes, which the server would call
// a syntax error; invalid UTF-8 and NUL in hand-written SQL go through as they are.
func checkStatement(query string) error {
	if err := checkText(query); err != nil {
		return err
	}
	if !strings.Contains(query, "?!(") {
		return nil
	}
	switch note := unquotedNote(query); {
	case note == "":
		return nil
	case strings.Contains(note, "NUL") || strings.Contains(note, ErrInvalidText.Error()):
		return ErrInvalidText
	default:
		return errUnencodable
	}
}

// checkText refuses what Postgres cannot keep as text.
func checkText(s string) error {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return ErrInvalidText
	}
	return nil
}

// checkArguments refuses such text among the arguments of a prepared statement:
// pgdriver would drop a NUL in silence.
func checkArguments(args []driver.NamedValue) error {
	for _, arg := range args {
		if value, ok := arg.Value.(string); ok {
			if err := checkText(value); err != nil {
				return err
			}
		}
	}
	return nil
}

// unquotedNote is the statement from bun's first "?!(" on that is not inside a
// quoted text or name; "" when there is none.
func unquotedNote(query string) string {
	for i := 0; i < len(query); i++ {
		switch c := query[i]; {
		case c == '\'' || c == '"':
			end := strings.IndexByte(query[i+1:], c)
			if end < 0 {
				return ""
			}
			i += end + 1
		case strings.HasPrefix(query[i:], "?!("):
			return query[i:]
		}
	}
	return ""
}

// isRollback says that a statement may run in a failed transaction.
func isRollback(query string) bool {
	const word = "ROLLBACK"
	query = strings.TrimLeft(query, " \t\r\n")
	return len(query) >= len(word) && strings.EqualFold(query[:len(word)], word)
}
