package database

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"fmt"
)

// JSON is a column that holds V as JSON text: a {{json}} column in a migration,
// a field of this type in a model. NULL scans to the zero value. Postgres keeps
// the meaning, not the bytes: key order and spacing change.
type JSON[T any] struct {
	V T
}

// NewJSON wraps v for a query.
func NewJSON[T any](v T) JSON[T] { return JSON[T]{V: v} }

// Value encodes V. A NUL character in any string is ErrInvalidText, because
// Postgres cannot keep one.
func (j JSON[T]) Value() (driver.Value, error) {
	encoded, err := json.Marshal(j.V)
	if err != nil {
		return nil, fmt.Errorf("encode JSON column: %w", err)
	}
	if holdsEscapedNUL(encoded) {
		return nil, ErrInvalidText
	}
	return string(encoded), nil
}

// Scan decodes a column into V.
func (j *JSON[T]) Scan(src any) error {
	var encoded []byte
	switch src := src.(type) {
	case nil:
		j.V = *new(T)
		return nil
	case []byte:
		encoded = src
	case string:
		encoded = []byte(src)
	default:
		return fmt.Errorf("decode JSON column: unexpected %T", src)
	}
	var v T
	if err := json.Unmarshal(encoded, &v); err != nil {
		return fmt.Errorf("decode JSON column into %T: %w", v, err)
	}
	j.V = v
	return nil
}

// MarshalJSON writes V alone, so that a model can be shown as it is.
func (j JSON[T]) MarshalJSON() ([]byte, error) { return json.Marshal(j.V) }

// UnmarshalJSON reads V alone.
func (j *JSON[T]) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &j.V) }

// holdsEscapedNUL finds \u0000 that is an escape and not an escaped backslash
// followed by "u0000".
func holdsEscapedNUL(encoded []byte) bool {
	for i := 0; i+1 < len(encoded); i++ {
		if encoded[i] != '\\' {
			continue
		}
		if bytes.HasPrefix(encoded[i+1:], []byte("u0000")) {
			return true
		}
		i++ // skip what the backslash escapes
	}
	return false
}
