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
	from  string // instead of the model's table
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

// From reads the list from a query in parentheses that gives the model's columns, and
// not from its table.
func (l List) From(query string) List {
	l.from = query
	return l
}

// ReadTogether reads several lists by one statement, and so as of one moment; those
// that are foreseen, too. Rows come in no particular order.
func (db *DB) ReadTogether(ctx context.Context, in bun.IDB, lists ...List) error {
	foreseen := foreseenIn(ctx, in)
	for _, f := range foreseen {
		lists = append(lists, f.lists...)
	}
	if err := db.readTogether(ctx, in, lists); err != nil {
		return err
	}
	for _, f := range foreseen {
		f.state = arrived
	}
	return nil
}

func (db *DB) readTogether(ctx context.Context, in bun.IDB, lists []List) error {
	var args []any
	tables := make([]*schema.Table, len(lists))
	for n, l := range lists {
		tables[n] = db.Table(l.model)
		args = append(args, l.args...)
	}
	u := db.together(tables, lists)
	ctx, query := db.with(ctx, u.shape, args)
	rows, err := in.QueryContext(ctx, query)
	if err != nil {
		return Classify(err)
	}
	defer func() { _ = rows.Close() }()
	var number, text sql.RawBytes
	into := []any{&number, &text}
	r := record{values: make([]sql.RawBytes, u.width)}
	if u.columns {
		into = into[:1]
		for i := range r.values {
			into = append(into, &r.values[i])
		}
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return Classify(err)
		}
		n, err := strconv.Atoi(string(number))
		if err != nil || n >= len(lists) {
			return fmt.Errorf("read lists together: row of list %q", number)
		}
		if !u.columns {
			if err := r.split(text); err != nil {
				return fmt.Errorf("read lists together: %s: %w", tables[n].Name, err)
			}
		}
		row := reflect.New(lists[n].model)
		if err := scanTexts(tables[n], row.Elem(), r.values); err != nil {
			return err
		}
		lists[n].add(row)
	}
	return Classify(rows.Err())
}

func scanTexts(table *schema.Table, row reflect.Value, values []sql.RawBytes) error {
	if len(values) < len(table.Fields) {
		return fmt.Errorf("%d values for the columns of %s", len(values), table.Name)
	}
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
type unions struct{ known sync.Map }

type union struct {
	shape   *Shape
	width   int  // columns of the widest list
	columns bool // each in a column of its own
}

// together makes the statement: the rows of all lists under each other, after the number
// of its list. Postgres writes a row as one text, which costs both sides less than
// many columns; on SQLite every value is a text of its own.
func (db *DB) together(tables []*schema.Table, lists []List) union {
	var key strings.Builder
	key.Grow(512)
	u := union{columns: db.dialect != Postgres}
	for n, t := range tables {
		u.width = max(u.width, len(t.Fields))
		key.WriteString(t.Name + "\x00" + lists[n].from + "\x00" + lists[n].where + "\x00")
	}
	if known, ok := db.unions.known.Load(key.String()); ok {
		return known.(union)
	}
	var b strings.Builder
	for n, t := range tables {
		if n > 0 {
			b.WriteString(" UNION ALL ")
		}
		_, _ = fmt.Fprintf(&b, "SELECT %d, ", n)
		if u.columns {
			b.WriteString(textColumns(t, u.width))
		} else {
			b.WriteString(recordColumn(t))
		}
		from := lists[n].from
		if from == "" {
			from = string(t.SQLName)
		}
		_, _ = fmt.Fprintf(&b, " FROM %s AS %s WHERE %s", from, t.SQLAlias, lists[n].where)
	}
	u.shape = NewShape(b.String())
	db.unions.known.Store(key.String(), u)
	return u
}

func textColumns(t *schema.Table, width int) string {
	columns := make([]string, width)
	for i := range columns {
		columns[i] = "CAST(NULL AS TEXT)"
		if i < len(t.Fields) {
			columns[i] = fmt.Sprintf("CAST(%s.%s AS TEXT)", t.SQLAlias, t.Fields[i].SQLName)
		}
	}
	return strings.Join(columns, ", ")
}

func recordColumn(t *schema.Table) string {
	columns := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		columns[i] = fmt.Sprintf("%s.%s", t.SQLAlias, f.SQLName)
	}
	return "CAST(ROW(" + strings.Join(columns, ", ") + ") AS TEXT)"
}
