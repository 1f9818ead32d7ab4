package database

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// Shape is a statement whose text is always the same, with ? for each value. Postgres
// plans it once for each connection, which for small statements costs more than
// carrying them out; it travels like any other statement and needs no round trip of
// its own. Make shapes once: each is remembered by its text. Name the columns: what a
// * stands for must not change under a planned statement.
type Shape struct {
	text     string // as written
	numbered string // with $1, $2 … for Postgres
}

// NewShape reads a statement with ? for each value; it has no other question marks.
func NewShape(text string) *Shape {
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(text, "?") {
		if n > 0 {
			fmt.Fprintf(&b, "$%d", n)
		}
		b.WriteString(part)
		n++
	}
	return &Shape{text: text, numbered: b.String()}
}

type shapeKey struct{}

func shapeOf(ctx context.Context) *Shape {
	s, _ := ctx.Value(shapeKey{}).(*Shape)
	return s
}

// with gives what is handed to the driver: on Postgres the values alone, as literals,
// and the shape in the context; on SQLite the whole statement.
func (db *DB) with(ctx context.Context, s *Shape, args []any) (context.Context, string) {
	gen := db.QueryGen()
	if db.dialect != Postgres {
		return ctx, gen.FormatQuery(s.text, args...)
	}
	var literals []byte
	for n, arg := range args {
		if n > 0 {
			literals = append(literals, ',')
		}
		literals = gen.Append(literals, arg)
	}
	return context.WithValue(ctx, shapeKey{}, s), string(literals)
}

// ReadShape runs a shape that gives rows, in the transaction or pool db, into a slice
// of models, as bun's Scan does.
func (db *DB) ReadShape(ctx context.Context, in bun.IDB, s *Shape, dest any, args ...any) error {
	ctx, query := db.with(ctx, s, args)
	rows, err := in.QueryContext(ctx, query)
	if err != nil {
		return Classify(err)
	}
	defer func() { _ = rows.Close() }()
	if err := db.ScanRows(ctx, rows, dest); err != nil {
		return Classify(err)
	}
	return Classify(rows.Err())
}

// RunShape runs a shape that gives no rows, and whose result nobody needs.
func (db *DB) RunShape(ctx context.Context, in bun.IDB, s *Shape, args ...any) error {
	ctx, query := db.with(ctx, s, args)
	_, err := in.ExecContext(ctx, query)
	return Classify(err)
}

// mostRows is how many rows one statement of Add inserts at most.
const mostRows = 16

// Add inserts rows of one model, in a transaction and Later. Every column is written,
// so that the shape is the same for all. Several rows go by one statement, for each power of two.
func Add[T any](ctx context.Context, db *DB, tx bun.IDB, rows ...*T) error {
	table := db.Table(reflect.TypeFor[T]())
	for len(rows) > 0 {
		n := mostRows
		for n > len(rows) {
			n /= 2
		}
		s := writeShapes.of(fmt.Sprint("INSERT ", n, " ", table.Name), func() *Shape { return insertShape(table, n) })
		literals := make([]any, 0, n*len(table.Fields))
		for _, row := range rows[:n] {
			literals = db.literals(literals, row, table.Fields, nil)
		}
		if err := db.RunShape(Later(ctx), tx, s, literals...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func insertShape(table *schema.Table, rows int) *Shape {
	names := namesOf(table.Fields)
	values := "(" + strings.TrimSuffix(strings.Repeat("?,", len(names)), ",") + ")"
	return NewShape(fmt.Sprintf("INSERT INTO %s (%s) VALUES %s", table.SQLName, strings.Join(names, ","),
		strings.TrimSuffix(strings.Repeat(values+",", rows), ",")))
}

// Save writes columns of a row that is there, in a transaction and Later; all columns
// when none is named. Where the row's column version is no longer what was read, the
// statement violates that column's NOT NULL; an empty version has nothing to guard.
func Save[T any](ctx context.Context, db *DB, tx bun.IDB, row *T, version string, read int64, columns ...string) error {
	table := db.Table(reflect.TypeFor[T]())
	fields := fieldsOf(table, columns)
	s := writeShapes.of("UPDATE "+table.Name+" "+version+" "+strings.Join(columns, ","), func() *Shape {
		var set []string
		for _, f := range fields {
			value := "?"
			if f.Name == version {
				value = fmt.Sprintf("CASE WHEN %s = ? THEN CAST(? AS BIGINT) END", f.SQLName)
			}
			set = append(set, string(f.SQLName)+" = "+value)
		}
		return NewShape(fmt.Sprintf("UPDATE %s SET %s WHERE %s = ?", table.SQLName, strings.Join(set, ", "), table.PKs[0].SQLName))
	})
	return db.write(ctx, tx, s, row, append(fields, table.PKs[0]), func(f *schema.Field) []any {
		if f.Name == version {
			return []any{read}
		}
		return nil
	})
}

// Snapshot is how the columns of a row stood when it was read.
type Snapshot struct {
	literals []byte
	ends     []int
}

// SnapshotOf keeps how a row stands now, whatever is then done to what it refers to.
func SnapshotOf[T any](db *DB, row *T) Snapshot {
	fields, gen, value := db.Table(reflect.TypeFor[T]()).DataFields, db.QueryGen(), reflect.ValueOf(row).Elem()
	s := Snapshot{literals: make([]byte, 0, 1024), ends: make([]int, 0, len(fields))}
	for _, f := range fields {
		s.literals = f.AppendValue(gen, s.literals, value)
		s.ends = append(s.ends, len(s.literals))
	}
	return s
}

// changed are the columns of a row that now stand otherwise.
func changed[T any](db *DB, was Snapshot, row *T) []string {
	now := SnapshotOf(db, row)
	var names []string
	from, fromNow := 0, 0
	for n, f := range db.Table(reflect.TypeFor[T]()).DataFields {
		if !bytes.Equal(was.literals[from:was.ends[n]], now.literals[fromNow:now.ends[n]]) {
			names = append(names, f.Name)
		}
		from, fromNow = was.ends[n], now.ends[n]
	}
	return names
}

// SaveChanged is Save for the columns that changed since the snapshot, and for the version:
// most changes are of few columns, and each costs both sides.
func SaveChanged[T any](ctx context.Context, db *DB, tx bun.IDB, row *T, was Snapshot, version string, read int64) error {
	columns := changed(db, was, row)
	if !slices.Contains(columns, version) {
		columns = append(columns, version)
	}
	return Save(ctx, db, tx, row, version, read, columns...)
}

// fieldsOf are the named columns of a table, or all but its key.
func fieldsOf(table *schema.Table, columns []string) []*schema.Field {
	if len(columns) == 0 {
		return slices.Clone(table.DataFields)
	}
	var fields []*schema.Field
	for _, name := range columns {
		if f := table.FieldMap[name]; f != nil {
			fields = append(fields, f)
		}
	}
	return fields
}

func namesOf(fields []*schema.Field) []string {
	names := make([]string, len(fields))
	for n, f := range fields {
		names[n] = string(f.SQLName)
	}
	return names
}

// Lock reads the row with the key id, or none, into a slice of its model, and keeps
// others from changing it until the transaction ends. SQLite has one writer anyway. The
// model may have some of the table's columns only.
func (db *DB) Lock(ctx context.Context, tx bun.IDB, dest any, id string) error {
	table := db.Table(reflect.TypeOf(dest).Elem().Elem().Elem())
	s := writeShapes.of("LOCK "+string(db.dialect)+" "+table.TypeName, func() *Shape {
		text := fmt.Sprintf("SELECT %s FROM %s WHERE %s = ?", strings.Join(namesOf(table.Fields), ","), table.SQLName, table.PKs[0].SQLName)
		if db.dialect == Postgres {
			text += " FOR UPDATE"
		}
		return NewShape(text)
	})
	return db.ReadShape(ctx, tx, s, dest, id)
}

// write runs a shape later with the values of a row's fields, each after what more it takes.
func (db *DB) write(ctx context.Context, tx bun.IDB, s *Shape, row any, fields []*schema.Field, more func(*schema.Field) []any) error {
	return db.RunShape(Later(ctx), tx, s, db.literals(make([]any, 0, len(fields)+1), row, fields, more)...)
}

func (db *DB) literals(literals []any, row any, fields []*schema.Field, more func(*schema.Field) []any) []any {
	gen, value := db.QueryGen(), reflect.ValueOf(row).Elem()
	for _, f := range fields {
		if more != nil {
			literals = append(literals, more(f)...)
		}
		literals = append(literals, bun.Safe(f.AppendValue(gen, nil, value)))
	}
	return literals
}

// writeShapes are the shapes of Add and Save.
var writeShapes shapeCache

// shapeCache makes each shape once.
type shapeCache struct{ known sync.Map }

func (c *shapeCache) of(key string, make func() *Shape) *Shape {
	if s, ok := c.known.Load(key); ok {
		return s.(*Shape)
	}
	s, _ := c.known.LoadOrStore(key, make())
	return s.(*Shape)
}

// shapes are the statements that one connection of Postgres has planned.
type shapes struct {
	names map[string]string
	order []string // texts, the oldest first
	fresh []string // texts whose PREPARE has not been answered yet
	made  int
}

// mostShapes bounds what a connection plans; a program has fewer.
const mostShapes = 256

// statement is what runs the shape with these values. The first time the connection
// is told of the plan in the same breath, and before counts the statements for that.
func (p *shapes) statement(s *Shape, literals string) (query string, before int) {
	if literals != "" {
		literals = "(" + literals + ")"
	}
	if name, ok := p.names[s.numbered]; ok {
		return "EXECUTE " + name + literals, 0
	}
	room := p.makeRoom()
	if room != "" {
		before++
	}
	p.made++ // never a name again that an unanswered PREPARE may have taken
	name := fmt.Sprintf("shape_%d", p.made)
	p.names[s.numbered] = name
	p.order, p.fresh = append(p.order, s.numbered), append(p.fresh, s.numbered)
	return room + "PREPARE " + name + " AS " + s.numbered + ";EXECUTE " + name + literals, before + 1
}

// makeRoom is what gives up the oldest plan when there are too many.
func (p *shapes) makeRoom() string {
	if p.names == nil {
		p.names = map[string]string{}
	}
	if len(p.order) < mostShapes {
		return ""
	}
	oldest := p.order[0]
	p.order = p.order[1:]
	name := p.names[oldest]
	delete(p.names, oldest)
	return "DEALLOCATE " + name + ";"
}

// answered settles what was fresh: after a failure nobody knows which are there.
func (p *shapes) answered(sound bool) {
	if !sound {
		for _, text := range p.fresh {
			delete(p.names, text)
		}
		p.order = slices.DeleteFunc(p.order, func(text string) bool { return slices.Contains(p.fresh, text) })
	}
	p.fresh = p.fresh[:0]
}
