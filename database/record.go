package database

import (
	"database/sql"
	"errors"
)

// errRecord is about text that is no record of Postgres.
var errRecord = errors.New("malformed record")

// record takes records of Postgres apart, such as (a,,"b ""c"""): nothing at all is
// NULL, and quotes and backslashes are doubled between quotes.
type record struct {
	values  []sql.RawBytes // of the last record, which they may lie in
	scratch []byte         // values that had to be copied
}

func (r *record) split(text []byte) error {
	r.values, r.scratch = r.values[:0], r.scratch[:0]
	if len(text) < 2 || text[0] != '(' || text[len(text)-1] != ')' {
		return errRecord
	}
	for at := 1; ; at++ { // past ( or ,
		var value []byte
		if text[at] == '"' {
			if value, at = r.unquote(text, at+1); at < 0 {
				return errRecord
			}
		} else {
			start := at
			for text[at] != ',' && at < len(text)-1 {
				at++
			}
			if at > start {
				value = text[start:at]
			}
		}
		r.values = append(r.values, value)
		if at == len(text)-1 {
			return nil
		}
		if text[at] != ',' {
			return errRecord
		}
	}
}

// unquote reads a value from after its first quote to after its last; end is -1 where
// there is none.
func (r *record) unquote(text []byte, at int) (value []byte, end int) {
	start, copied := at, len(r.scratch)
	for ; at < len(text)-1; at++ {
		c := text[at]
		if c != '"' && c != '\\' {
			continue
		}
		if text[at+1] == c {
			r.scratch = append(r.scratch, text[start:at+1]...)
			at++
			start = at + 1
			continue
		}
		if c == '\\' {
			return nil, -1
		}
		if len(r.scratch) == copied {
			return text[start:at], at + 1
		}
		r.scratch = append(r.scratch, text[start:at]...)
		return r.scratch[copied:], at + 1
	}
	return nil, -1
}
