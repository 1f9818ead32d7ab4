package database

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
	"modernc.org/sqlite"
)

// The guards must offer every optional interface that the drivers do: what is
// missing, database/sql replaces by something slower or weaker without a word.
func TestGuardsOfferWhatTheDriversOffer(t *testing.T) {
	optional := []reflect.Type{
		reflect.TypeFor[driver.Pinger](), reflect.TypeFor[driver.ExecerContext](), reflect.TypeFor[driver.QueryerContext](),
		reflect.TypeFor[driver.ConnPrepareContext](), reflect.TypeFor[driver.ConnBeginTx](), reflect.TypeFor[driver.SessionResetter](),
		reflect.TypeFor[driver.Validator](), reflect.TypeFor[driver.NamedValueChecker](), reflect.TypeFor[driver.StmtExecContext](),
		reflect.TypeFor[driver.StmtQueryContext](),
		reflect.TypeFor[driver.RowsNextResultSet](), reflect.TypeFor[driver.RowsColumnTypeDatabaseTypeName](),
		reflect.TypeFor[driver.RowsColumnTypeLength](), reflect.TypeFor[driver.RowsColumnTypeNullable](),
		reflect.TypeFor[driver.RowsColumnTypePrecisionScale](), reflect.TypeFor[driver.RowsColumnTypeScanType](),
	}
	connector, err := sqlite.NewConnector(":memory:")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := connector.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	stmt, err := conn.(driver.ConnPrepareContext).PrepareContext(t.Context(), "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stmt.Close() }()
	rows, err := conn.(driver.QueryerContext).QueryContext(t.Context(), "SELECT 1", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for _, pair := range []struct{ inner, guard any }{
		{&pgdriver.Conn{}, &postgresConn{}}, {conn, &sqliteConn{}}, {stmt, &sqliteStmt{}}, {rows, &sqliteRows{}},
	} {
		for _, wanted := range optional {
			if reflect.TypeOf(pair.inner).Implements(wanted) && !reflect.TypeOf(pair.guard).Implements(wanted) {
				t.Errorf("%T has %v, %T has not", pair.inner, wanted, pair.guard)
			}
		}
	}
	// Named, so that a new version of pgdriver cannot drop one unnoticed.
	var _ interface {
		driver.Pinger
		driver.ExecerContext
		driver.QueryerContext
		driver.ConnPrepareContext
		driver.ConnBeginTx
		driver.SessionResetter
		driver.Validator
	} = &pgdriver.Conn{}
}

func TestClientWaitsLongerThanTheServer(t *testing.T) {
	for _, c := range []struct{ statement, wantAbove int64 }{{10, 10}, {15, 15}, {120, 120}} {
		connector := plainConnector(postgresTarget{network: "tcp", address: "localhost:1", user: "u", database: "d"}, seconds(c.statement))
		if got := connector.inner.Config().ReadTimeout; got <= seconds(c.wantAbove) {
			t.Errorf("statement time-out %d s: the client reads for %v", c.statement, got)
		}
	}
	connector := plainConnector(postgresTarget{network: "tcp", address: "localhost:1", user: "u", database: "d"}, -1)
	if got := connector.inner.Config().ReadTimeout; got != 0 {
		t.Errorf("no statement time-out: the client reads for %v, want no limit", got)
	}
}

// The messages of a server arrive in pieces of any size.
func TestMessagesAreFollowedInAnyPieces(t *testing.T) {
	message := func(kind byte, body []byte) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4)), body...)
	}
	key := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 4711), 0xdeadbeef)
	var stream []byte
	stream = append(stream, message('R', []byte{0, 0, 0, 0})...)
	stream = append(stream, message('K', key)...)
	stream = append(stream, message('Z', []byte{'I'})...)
	stream = append(stream, message('D', []byte("Z\x00\x00\x00\x05E a row that looks like a message"))...)
	stream = append(stream, message('n', nil)...)
	stream = append(stream, message('Z', []byte{'T'})...)
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var m messages
		for rest := stream; len(rest) > 0; {
			n := 1 + random.IntN(min(len(rest), 9))
			m.follow(rest[:n])
			rest = rest[n:]
			if m.ready && len(rest) > 0 && m.status == statusInTx {
				t.Fatal("ready in the middle")
			}
		}
		if m.process != 4711 || m.secret != 0xdeadbeef || m.status != statusInTx || !m.ready {
			t.Fatalf("followed to %+v", m)
		}
		m.follow([]byte{'N'})
		if m.ready {
			t.Fatal("ready although something came")
		}
	}
}

func TestRefusedNotesOfBun(t *testing.T) {
	for query, want := range map[string]error{
		"SELECT 'a ?!(b) c'":           nil,
		`SELECT "?!("`:                 nil,
		"SELECT 'it''s ?!('":           nil,
		"SELECT ?!(bun: a NUL byte)":   ErrInvalidText,
		"SELECT 'x', ?!(json: broken)": errUnencodable,
	} {
		if err := checkStatement(query); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", query, err, want)
		}
	}
}

func TestSQLiteTurnEndsWithTheContext(t *testing.T) {
	connector, err := newSQLiteConnector("file:"+t.TempDir()+"/turn.db", seconds(60), newWALSync(func() error { return nil }))
	if err != nil {
		t.Fatal(err)
	}
	if err := connector.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := connector.take(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	connector.giveBack()
	if err := connector.take(t.Context()); err != nil {
		t.Error(err)
	}
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
