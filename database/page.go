package database

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// ErrCursor says that a cursor was not one that Next made.
var ErrCursor = errors.New("not a cursor of this list")

// How many rows a page may have.
const (
	DefaultPageLimit = 50
	MaxPageLimit     = 200
)

// Page asks for one page of a list that is ordered by a key and, among equal
// keys, by id. It is found by comparing, not by counting, so that rows added or
// removed meanwhile neither repeat nor hide others.
type Page struct {
	// Limit is the number of rows wanted.
	Limit int
	after *cursor
}

// cursor is the last row of the page before. Exactly one key is set.
type cursor struct {
	Time *time.Time `json:"t,omitempty"`
	Int  *int64     `json:"n,omitempty"`
	Text *string    `json:"s,omitempty"`
	ID   string     `json:"i"`
}

// NewPage reads what a client sent: a limit (zero or less for the default, at
// most MaxPageLimit) and the cursor of the page before ("" for the first page).
// The error is ErrCursor.
func NewPage(limit int, after string) (Page, error) {
	if limit <= 0 {
		limit = DefaultPageLimit
	}
	page := Page{Limit: min(limit, MaxPageLimit)}
	if after == "" {
		return page, nil
	}
	encoded, err := base64.RawURLEncoding.DecodeString(after)
	if err != nil {
		return Page{}, ErrCursor
	}
	var c cursor
	if err := json.Unmarshal(encoded, &c); err != nil || c.key() == nil || checkText(c.ID) != nil {
		return Page{}, ErrCursor
	}
	if c.Text != nil && checkText(*c.Text) != nil || c.Time != nil && c.Time.UTC().Year() < 1 {
		return Page{}, ErrCursor
	}
	page.after = &c
	return page, nil
}

// NewTimePage is NewPage for a list whose key is a time: the cursor of another list
// is none of it.
func NewTimePage(limit int, after string) (Page, error) {
	page, err := NewPage(limit, after)
	if err == nil && page.after != nil && page.after.Time == nil {
		return Page{}, ErrCursor
	}
	return page, err
}

// NewTextPage is NewPage for a list whose key is a text, as NewTimePage is for a time.
func NewTextPage(limit int, after string) (Page, error) {
	page, err := NewPage(limit, after)
	if err == nil && page.after != nil && page.after.Text == nil {
		return Page{}, ErrCursor
	}
	return page, err
}

func (c *cursor) key() any {
	switch {
	case c.Time != nil:
		return *c.Time
	case c.Int != nil:
		return *c.Int
	case c.Text != nil:
		return *c.Text
	}
	return nil
}

// Descending orders q by key and id, greatest first, and keeps what comes after
// the page before. The columns are names of the code, never of a client. It
// selects one row more than Limit, which Next cuts off. An index on (key, id)
// serves it.
func (p Page) Descending(q *bun.SelectQuery, key, id string) *bun.SelectQuery {
	return p.apply(q, key, id, "<", "DESC")
}

// Ascending is Descending, smallest first.
func (p Page) Ascending(q *bun.SelectQuery, key, id string) *bun.SelectQuery {
	return p.apply(q, key, id, ">", "ASC")
}

func (p Page) apply(q *bun.SelectQuery, key, id, comparison, order string) *bun.SelectQuery {
	if p.after != nil {
		q = q.Where("(?, ?) "+comparison+" (?, ?)", bun.Ident(key), bun.Ident(id), p.after.key(), p.after.ID)
	}
	return q.OrderExpr("? "+order, bun.Ident(key)).OrderExpr("? "+order, bun.Ident(id)).Limit(int64(p.Limit) + 1)
}

// Next cuts rows, selected with p, to the limit and gives the cursor of the
// page after, "" when this is the last one. The key of a row is a time.Time, a
// string or an int64: the value of the key column.
func Next[T any](p Page, rows []T, key func(row T) (key any, id string)) ([]T, string, error) {
	if len(rows) <= p.Limit {
		return rows, "", nil
	}
	rows = rows[:p.Limit]
	value, id := key(rows[p.Limit-1])
	c := cursor{ID: id}
	switch value := value.(type) {
	case time.Time:
		c.Time = new(value.UTC())
	case int64:
		c.Int = &value
	case string:
		c.Text = &value
	default:
		return nil, "", fmt.Errorf("cursor: the key is a %T", value)
	}
	encoded, err := json.Marshal(c)
	if err != nil {
		return nil, "", fmt.Errorf("cursor: %w", err)
	}
	return rows, base64.RawURLEncoding.EncodeToString(encoded), nil
}
