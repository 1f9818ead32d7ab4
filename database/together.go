package database

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// List is one of the lists that ReadTogether reads: all rows of a model's table for
// which the condition holds. Make it by ListOf.
type List struct {
	model reflect.Type
	where string // with ? for each value
	args  []any
	add   func(row reflect.Value)
}

// ListOf reads into dest the rows of T's table for which the condition holds; it
// names columns by the model's alias, and has ? for each value.
func ListOf[T any](dest *[]*T, where string, args ...any) List {
	*dest = []*T{}
	return List{
		model: reflect.TypeFor[T](), where: where, args: args,
		add: func(row reflect.Value) { *dest = append(*dest, row.Interface().(*T)) },
	}
}

// ReadTogether reads several lists by one statement, and so as of one moment. Rows come
// in no particular order.
func (db *DB) ReadTogether(ctx context.Context, in bun.IDB, lists ...List) error {
	var args []any
	tables := make([]*schema.Table, len(lists))
	for n, l := range lists {
		tables[n] = db.Table(l.model)
		args = append(args, l.args...)
	}
	s, width := together(tables, lists)
	ctx, query := db.with(ctx, s, args)
	rows, err := in.QueryContext(ctx, query)
	if err != nil {
		return Classify(err)
	}
	defer func() { _ = rows.Close() }()
	values := make([]sql.RawBytes, width+1)
	into := make([]any, width+1)
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return Classify(err)
		}
		n, err := strconv.Atoi(string(values[0]))
		if err != nil || n >= len(lists) {
			return fmt.Errorf("read lists together: row of list %q", values[0])
		}
		row := reflect.New(lists[n].model)
		if err := scanTexts(tables[n], row.Elem(), values[1:]); err != nil {
			return err
		}
		lists[n].add(row)
	}
	return Classify(rows.Err())
}

func scanTexts(table *schema.Table, row reflect.Value, values []sql.RawBytes) error {
	for i, field := range table.Fields {
		var value any
		if values[i] != nil {
			value = []byte(values[i])
		}
		if err := field.ScanValue(row, value); err != nil {
			return fmt.Errorf("read column %s of %s: %w", field.Name, table.Name, err)
		}
	}
	return nil
}

// unions are the statements of ReadTogether by what they read.
var unions sync.Map // string → union

type union struct {
	shape *Shape
	width int
}

// together makes the statement: the rows of all lists under each other, every value as
// text, after the number of its list.
func together(tables []*schema.Table, lists []List) (*Shape, int) {
	var key strings.Builder
	width := 0
	for n, t := range tables {
		width = max(width, len(t.Fields))
		key.WriteString(t.Name + "\x00" + lists[n].where + "\x00")
	}
	if known, ok := unions.Load(key.String()); ok {
		u := known.(union)
		return u.shape, u.width
	}
	var b strings.Builder
	for n, t := range tables {
		if n > 0 {
			b.WriteString(" UNION ALL ")
		}
		fmt.Fprintf(&b, "SELECT %d", n)
		for i := range width {
			if i < len(t.Fields) {
				fmt.Fprintf(&b, ", CAST(%s.%s AS TEXT)", t.SQLAlias, t.Fields[i].SQLName)
			} else {
				b.WriteString(", CAST(NULL AS TEXT)")
			}
		}
		fmt.Fprintf(&b, " FROM %s AS %s WHERE %s", t.SQLName, t.SQLAlias, lists[n].where)
	}
	u := union{NewShape(b.String()), width}
	unions.Store(key.String(), u)
	return u.shape, u.width
}
