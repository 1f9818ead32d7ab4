package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/uptrace/bun/driver/pgdriver"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What a caller may want to tell apart, by errors.Is. Every error of a query
// already satisfies them; Classify is for errors from elsewhere.
var (
	// ErrUnique: the row would repeat a unique key.
	ErrUnique = errors.New("unique key already taken")
	// ErrForeignKey: the row refers to one that is not there, or is referred to.
	ErrForeignKey = errors.New("foreign key violated")
	// ErrBusy: a lock was not had in time, a deadlock, or a serialisation failure.
	// Nothing was applied; the whole transaction may be tried again.
	ErrBusy = errors.New("database busy")
	// ErrUnavailable: the connection was lost, the server is shutting down, or the
	// disk is full. Whether a commit was applied may be unknown.
	ErrUnavailable = errors.New("database unavailable")
	// ErrInvalidText: a string holds NUL or is not UTF-8, which Postgres cannot
	// keep. Nothing was sent.
	ErrInvalidText = errors.New("text holds a NUL character or is not UTF-8")
	// ErrTxFailed: a statement of the transaction failed before, so it was rolled
	// back and not committed.
	ErrTxFailed = errors.New("transaction rolled back because a statement failed")
)

// Error is what a database said, without the values of the statement: those
// are often personal data, and errors end in logs.
type Error struct {
	// Kind is one of this package's sentinels, or nil.
	Kind error
	// Code is the SQLSTATE (Postgres) or the extended result code (SQLite).
	Code string
	// Detail is the server's message where it can hold no values, else empty.
	Detail string
	// Constraint, Table and Column are names, where the server gave them.
	Constraint, Table, Column string

	cause error // only causes without text of the server: context errors, ErrBadConn
}

// Error describes the failure without any value of the statement.
func (e *Error) Error() string {
	text := "database"
	if e.Kind != nil {
		text += ": " + e.Kind.Error()
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	} else {
		for _, name := range []struct{ label, value string }{
			{"constraint", e.Constraint}, {"table", e.Table}, {"column", e.Column},
		} {
			if name.value != "" {
				text += fmt.Sprintf(", %s %s", name.label, name.value)
			}
		}
	}
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap gives the sentinel and the cause to errors.Is and errors.As.
func (e *Error) Unwrap() []error {
	var chain []error
	if e.Kind != nil {
		chain = append(chain, e.Kind)
	}
	if e.cause != nil {
		chain = append(chain, e.cause)
	}
	return chain
}

// Classify turns a driver's error into one that holds no values and satisfies
// the sentinels. Nil, sql.ErrNoRows, context errors and errors that are
// classified already come back unchanged.
func Classify(err error) error {
	var known *Error
	var fromPostgres pgdriver.Error
	var fromSQLite *sqlite.Error
	var network net.Error
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, sql.ErrNoRows),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &fromPostgres):
		return postgresError(fromPostgres)
	case errors.As(err, &fromSQLite):
		return sqliteError(fromSQLite)
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.As(err, &network):
		return &Error{Kind: ErrUnavailable, cause: err}
	default:
		return err
	}
}

// postgresError keeps the message of those classes whose messages name
// objects only. A bad value, for one, is quoted in the message of class 22.
func postgresError(err pgdriver.Error) *Error {
	code := err.Field('C')
	classified := &Error{
		Kind: postgresKind(code), Code: code,
		Constraint: err.Field('n'), Table: err.Field('t'), Column: err.Field('c'),
	}
	switch class := postgresClass(code); {
	case class == "08", class == "23", class == "40", class == "53", class == "55", class == "57",
		class == "28", class == "3D",
		code == "25P02", code == "42P01", code == "42703", code == "42883", code == "42P07", code == "42501":
		classified.Detail = err.Field('M')
	case code == "42601" && namesNoValue(err.Field('M')):
		classified.Detail = err.Field('M')
	}
	return classified
}

// namesNoValue says that the words which a syntax error quotes are keywords or
// names, not a text or a number of the statement.
func namesNoValue(message string) bool {
	return !strings.ContainsAny(message, "'0123456789@")
}

func postgresClass(code string) string {
	if len(code) < 2 {
		return ""
	}
	return code[:2]
}

func postgresKind(code string) error {
	switch code {
	case "23505":
		return ErrUnique
	case "23503":
		return ErrForeignKey
	case "40001", "40P01", "55P03":
		return ErrBusy
	case "57014": // a statement timeout: the server is too slow for now
		return ErrBusy
	case "25P02":
		return ErrTxFailed
	case "22021", "22P05":
		return ErrInvalidText
	}
	switch postgresClass(code) {
	case "08", "53", "57", "58", "XX":
		return ErrUnavailable
	}
	return nil
}

// sqliteError keeps SQLite's message where it can only name tables, columns
// and keywords.
func sqliteError(err *sqlite.Error) *Error {
	code := err.Code()
	classified := &Error{Kind: sqliteKind(code), Code: fmt.Sprintf("SQLite %d", code)}
	message := strings.TrimPrefix(err.Error(), "SQL logic error: ")
	switch code & 0xff {
	case sqlite3.SQLITE_CONSTRAINT:
		classified.Detail = err.Error()
	case sqlite3.SQLITE_ERROR:
		for _, prefix := range []string{"no such table", "no such column", "no such function", "table ", "index ", "duplicate column", "near "} {
			if strings.HasPrefix(message, prefix) && namesNoValue(strings.TrimSuffix(message, fmt.Sprintf(" (%d)", code))) {
				classified.Detail = message
			}
		}
	}
	return classified
}

func sqliteKind(code int) error {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return ErrUnique
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return ErrForeignKey
	}
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		return ErrBusy
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return ErrUnavailable
	}
	return nil
}
