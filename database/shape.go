package database

import (
	"context"
	"fmt"
	"reflect"
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
	return Classify(db.ScanRows(ctx, rows, dest))
}

// RunShape runs a shape that gives no rows, and whose result nobody needs.
func (db *DB) RunShape(ctx context.Context, in bun.IDB, s *Shape, args ...any) error {
	ctx, query := db.with(ctx, s, args)
	_, err := in.ExecContext(ctx, query)
	return Classify(err)
}

// Add inserts rows of one model, in a transaction and Later. Every column is written,
// so that the shape is the same for all.
func Add[T any](ctx context.Context, db *DB, tx bun.IDB, rows ...*T) error {
	table := db.Table(reflect.TypeFor[T]())
	s := insertShape(table)
	gen := db.QueryGen()
	ctx = Later(ctx)
	for _, row := range rows {
		if db.dialect != Postgres {
			if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
				return Classify(err)
			}
			continue
		}
		var literals []byte
		value := reflect.ValueOf(row).Elem()
		for n, field := range table.Fields {
			if n > 0 {
				literals = append(literals, ',')
			}
			literals = field.AppendValue(gen, literals, value)
		}
		if _, err := tx.ExecContext(context.WithValue(ctx, shapeKey{}, s), string(literals)); err != nil {
			return Classify(err)
		}
	}
	return nil
}

var insertShapes sync.Map // *schema.Table → *Shape

func insertShape(table *schema.Table) *Shape {
	if s, ok := insertShapes.Load(table); ok {
		return s.(*Shape)
	}
	names := make([]string, len(table.Fields))
	for n, field := range table.Fields {
		names[n] = string(field.SQLName)
	}
	values := strings.TrimSuffix(strings.Repeat("?,", len(names)), ",")
	s := NewShape(fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table.SQLName, strings.Join(names, ","), values))
	known, _ := insertShapes.LoadOrStore(table, s)
	return known.(*Shape)
}

// shapes are the statements that one connection of Postgres has planned.
type shapes struct {
	names map[string]string
	fresh []string // texts whose PREPARE has not been answered yet
	made  int
}

// mostShapes bounds what a connection plans; a program has fewer.
const mostShapes = 256

// statement is what runs the shape with these values. The first time the connection
// is told of the plan in the same breath, and before counts the statement for that.
func (p *shapes) statement(s *Shape, literals string) (query string, before int) {
	if literals != "" {
		literals = "(" + literals + ")"
	}
	if name, ok := p.names[s.numbered]; ok {
		return "EXECUTE " + name + literals, 0
	}
	if p.names == nil {
		p.names = map[string]string{}
	}
	p.made++ // never a name again that an unanswered PREPARE may have taken
	name := fmt.Sprintf("shape_%d", p.made)
	if len(p.names) < mostShapes {
		p.names[s.numbered] = name
		p.fresh = append(p.fresh, s.numbered)
	}
	return "PREPARE " + name + " AS " + s.numbered + ";EXECUTE " + name + literals, 1
}

// answered settles what was fresh: after a failure nobody knows which are there.
func (p *shapes) answered(sound bool) {
	if !sound {
		for _, text := range p.fresh {
			delete(p.names, text)
		}
	}
	p.fresh = p.fresh[:0]
}
