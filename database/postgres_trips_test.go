package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"github.com/uptrace/bun"

	"regain/internal/testservers"
)

// countedConn counts what is sent: one message of pgdriver is one round trip.
type countedConn struct {
	net.Conn
	sent *atomic.Int64
}

func (c countedConn) Write(b []byte) (int, error) {
	c.sent.Add(1)
	return c.Conn.Write(b)
}

func openCounted(t *testing.T) (*DB, *atomic.Int64) {
	t.Helper()
	config := Config{URL: testservers.Postgres(t), MaxOpen: 1}.withDefaults()
	connector, err := newPostgresConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	sent := new(atomic.Int64)
	dial := connector.inner.Config().Dialer
	connector.inner.Config().Dialer = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if w, ok := conn.(*wire); ok {
			w.Conn = countedConn{Conn: w.Conn, sent: sent}
		}
		return conn, err
	}
	pool := sql.OpenDB(connector)
	limitPool(pool, 1, 1)
	db := newDB(pool, Postgres, config)
	db.close = connector.canceller.close
	t.Cleanup(func() { _ = db.Close() })
	return db, sent
}

type trip struct {
	bun.BaseModel `bun:"table:trips,alias:trips"`

	ID int64
}

// What begins, joins and releases goes along with the statements.
func TestRoundTrips(t *testing.T) {
	db, sent := openCounted(t)
	ctx := t.Context()
	if _, err := db.ExecContext(ctx, "CREATE TABLE trips (id INTEGER)"); err != nil {
		t.Fatal(err)
	}
	add := func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO trips VALUES (1)")
		return err
	}
	nothing := func(context.Context, bun.IDB) error { return nil }
	unit := func(ctx context.Context) error {
		ctx, unit := db.WithUnit(ctx, add)
		for range 2 {
			if err := db.InTx(ctx, add); err != nil {
				return err
			}
		}
		return unit.Commit(ctx)
	}
	shape := NewShape("INSERT INTO trips VALUES (?)")
	for _, c := range []struct {
		name string
		run  func() error
		want int64
	}{
		{"one statement", func() error { return add(ctx, db.DB) }, 1},
		{"transaction of nothing", func() error { return db.InTx(ctx, nothing) }, 0},
		{"transaction of one statement: it, COMMIT", func() error { return db.InTx(ctx, add) }, 2},
		{"unit: its begin, two joined, COMMIT", func() error { return unit(ctx) }, 4},
		{"transaction of two statements for later: all with COMMIT", func() error {
			return db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
				return errors.Join(add(Later(ctx), tx), db.RunShape(Later(ctx), tx, shape, 1))
			})
		}, 1},
		{"what is read, with what is foreseen", func() error {
			var read, foreseen []*trip
			ctx, f := Foresee(ctx, ListOf(&foreseen, "trips.id = ?", 1))
			err := db.ReadTogether(ctx, db.From(ctx), ListOf(&read, "trips.id = ?", 0))
			if !f.Take() || len(foreseen) == 0 {
				return errors.Join(err, errors.New("it did not come"))
			}
			return err
		}, 1},
		{"a shape, planned in the same breath", func() error { return db.RunShape(ctx, db.DB, NewShape("INSERT INTO trips VALUES (0 + ?)"), 1) }, 1},
	} {
		before := sent.Load()
		if err := c.run(); err != nil {
			t.Fatal(err)
		}
		if got := sent.Load() - before; got != c.want {
			t.Errorf("%s: %d round trips, want %d", c.name, got, c.want)
		}
	}
	var rows int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM trips").Scan(&rows); err != nil || rows != 8 {
		t.Errorf("%d rows, %v, want 8", rows, err)
	}
}

// A connection gives up its oldest plans, and keeps no more than it knows of.
func TestShapesMakeRoom(t *testing.T) {
	db, _ := openCounted(t)
	ctx := t.Context()
	shapes := make([]*Shape, mostShapes+20)
	for n := range shapes {
		shapes[n] = NewShape(fmt.Sprintf("SELECT CAST(? AS BIGINT) + %d AS id", n))
	}
	for range 2 {
		for n, shape := range shapes {
			var found []*trip
			if err := db.ReadShape(ctx, db.DB, shape, &found, 1); err != nil || len(found) != 1 || found[0].ID != int64(n)+1 {
				t.Fatalf("shape %d: %v, %v", n, found, err)
			}
		}
	}
	var planned int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM pg_prepared_statements").Scan(&planned); err != nil || planned != mostShapes {
		t.Errorf("%d plans, %v, want %d", planned, err, mostShapes)
	}
}
