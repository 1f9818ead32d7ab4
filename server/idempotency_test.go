package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/uptrace/bun"

	"regain/database"
	"regain/database/databasetest"
	"regain/problem"
)

type thing struct {
	Body struct {
		Name   string `json:"name" maxLength:"40"`
		Refuse bool   `json:"refuse,omitempty"`
		Break  bool   `json:"break,omitempty"`
	}
}

type made struct {
	Location string `header:"Location"`
	Body     struct {
		Name   string `json:"name"`
		Number int    `json:"number"`
		Token  string `json:"token"`
	}
}

// things registers routes that make things in two transactions, as a handler that
// calls two services does.
func things(t *testing.T, db *database.DB) func(s *Server) {
	for _, statement := range []string{
		"CREATE TABLE things (number INTEGER NOT NULL, name TEXT NOT NULL)", "CREATE TABLE tries (name TEXT NOT NULL)",
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	insert := func(ctx context.Context, query string, args ...any) error {
		return db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
			_, err := tx.ExecContext(ctx, query, args...)
			return err
		})
	}
	handle := func(ctx context.Context, in *thing) (*made, error) {
		if err := insert(ctx, "INSERT INTO tries (name) VALUES (?)", in.Body.Name); err != nil {
			return nil, err
		}
		out := &made{Location: "/things/1"}
		err := db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
			var n int
			if err := tx.NewSelect().TableExpr("things").ColumnExpr("count(*)").Scan(ctx, &n); err != nil {
				return err
			}
			out.Body.Number, out.Body.Name, out.Body.Token = n+1, in.Body.Name, fmt.Sprintf("secret-%d", n+1)
			_, err := tx.ExecContext(ctx, "INSERT INTO things (number, name) VALUES (?, ?)", n+1, in.Body.Name)
			if err == nil && in.Body.Break {
				return errors.New("broken: who@example.com")
			}
			return err
		})
		if err == nil && in.Body.Refuse {
			err = problem.New(problem.Conflict, "refused", "No.")
		}
		return out, err
	}
	return func(s *Server) {
		JSON(s, Route{ID: "make", Method: "POST", Path: "/api/v1/things", Roles: Everyone(), Effect: Changes, Status: 201, Tag: "Things", Summary: "Make"}, handle)
		JSON(s, Route{ID: "make-other", Method: "POST", Path: "/api/v1/others", Roles: Everyone(), Effect: Changes, Tag: "Things", Summary: "Make"}, handle)
		s.Raw(Route{ID: "file", Method: "POST", Path: "/api/v1/files", Roles: Everyone(), Effect: Changes, Upload: true, MaxBody: 1 << 16, Tag: "Things", Summary: "File"},
			func(c *gin.Context) error {
				ctx := c.Request.Context()
				h := sha256.New()
				if _, err := io.Copy(h, c.Request.Body); err != nil {
					return err
				}
				if err := BodyKnown(ctx, [32]byte(h.Sum(nil))); err != nil {
					return err
				}
				if err := insert(ctx, "INSERT INTO things (number, name) VALUES (0, 'file')"); err != nil {
					return err
				}
				c.Data(http.StatusCreated, "text/plain", []byte("filed"))
				return nil
			})
	}
}

func count(t *testing.T, db *database.DB, table string) int {
	t.Helper()
	var n int
	if err := db.NewSelect().TableExpr(table).ColumnExpr("count(*)").Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

const aKey = "0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2"

func TestRepeatedCallIsAnsweredAlike(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, testConfig(), things(t, db))
		first := b.call("POST", "/api/v1/things", `{"name":"a"}`, idempotencyHeader, aKey)
		again := b.call("POST", "/api/v1/things", `{"name":"a"}`, idempotencyHeader, aKey)
		if first.status != 201 || again.status != 201 || !bytes.Equal(first.body, again.body) {
			t.Fatalf("first %d %s, again %d %s", first.status, first.body, again.status, again.body)
		}
		if first.header.Get(replayedHeader) != "" || again.header.Get(replayedHeader) != "true" {
			t.Error("the header says the wrong thing")
		}
		for _, name := range []string{"Location", "Content-Type"} {
			if again.header.Get(name) != first.header.Get(name) || first.header.Get(name) == "" {
				t.Errorf("header %s: %q, then %q", name, first.header.Get(name), again.header.Get(name))
			}
		}
		if first.header.Get("X-Request-Id") == again.header.Get("X-Request-Id") {
			t.Error("two calls have one request id")
		}
		if n := count(t, db, "things"); n != 1 {
			t.Errorf("%d effects", n)
		}
	})
}

func TestKeyReusedForAnotherCall(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, testConfig(), things(t, db))
		b.call("POST", "/api/v1/things", `{"name":"a"}`, idempotencyHeader, aKey)
		for _, other := range []struct{ path, body string }{
			{"/api/v1/things", `{"name":"b"}`}, {"/api/v1/others", `{"name":"a"}`},
		} {
			got := b.call("POST", other.path, other.body, idempotencyHeader, aKey)
			if p := got.problem(t); p.Status != 422 || p.Code != "idempotency_key_reused" {
				t.Errorf("%v: %s", other, got.body)
			}
		}
		if got := b.call("POST", "/api/v1/things", `{"name":"b"}`, idempotencyHeader, aKey, "Authorization", "Bearer rgn_customer"); got.status != 201 {
			t.Errorf("another caller's key is in the way: %d %s", got.status, got.body)
		}
		if n := count(t, db, "things"); n != 2 {
			t.Errorf("%d effects", n)
		}
	})
}

func TestHundredIdenticalCallsAtOnce(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, testConfig(), things(t, db))
		answers := make([]answer, 100)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = b.call("POST", "/api/v1/things", `{"name":"a"}`, idempotencyHeader, aKey) })
		}
		all.Wait()
		fresh := 0
		for _, a := range answers {
			if a.status != 201 || !bytes.Equal(a.body, answers[0].body) {
				t.Fatalf("%d %s, not %s", a.status, a.body, answers[0].body)
			}
			if a.header.Get(replayedHeader) == "" {
				fresh++
			}
		}
		if things, tries := count(t, db, "things"), count(t, db, "tries"); things != 1 || tries != 1 || fresh != 1 {
			t.Errorf("%d things, %d tries, %d answers that are not replayed", things, tries, fresh)
		}
	})
}

func TestRefusalKeepsWhatWasMeantAndNoRecord(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, testConfig(), things(t, db))
		for range 2 {
			got := b.call("POST", "/api/v1/things", `{"name":"a","refuse":true}`, idempotencyHeader, aKey)
			if p := got.problem(t); p.Status != 409 || got.header.Get(replayedHeader) != "" {
				t.Errorf("%d %s", got.status, got.body)
			}
		}
		if tries, records := count(t, db, "tries"), count(t, db, "idempotency"); tries != 2 || records != 0 {
			t.Errorf("%d tries, %d records", tries, records)
		}
	})
}

func TestFailureUndoesTheWholeCall(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, testConfig(), things(t, db))
		got := b.call("POST", "/api/v1/things", `{"name":"a","break":true}`, idempotencyHeader, aKey)
		if p := got.problem(t); p.Status != 500 || p.Code != "internal_error" || strings.Contains(string(got.body), "broken") {
			t.Errorf("%s", got.body)
		}
		if n := count(t, db, "things") + count(t, db, "tries") + count(t, db, "idempotency"); n != 0 {
			t.Errorf("%d rows are left", n)
		}
		if got := b.call("POST", "/api/v1/things", `{"name":"a"}`, idempotencyHeader, aKey); got.status != 201 {
			t.Errorf("the key is spent: %d %s", got.status, got.body)
		}
	})
}

func TestUploadIsRepeatedByItsDigest(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, testConfig(), things(t, db))
		first := b.call("POST", "/api/v1/files", "content", idempotencyHeader, aKey)
		again := b.call("POST", "/api/v1/files", "content", idempotencyHeader, aKey)
		other := b.call("POST", "/api/v1/files", "other content", idempotencyHeader, aKey)
		if first.status != 201 || again.status != 201 || again.header.Get(replayedHeader) != "true" {
			t.Errorf("%d, %d", first.status, again.status)
		}
		if p := other.problem(t); p.Code != "idempotency_key_reused" {
			t.Errorf("%s", other.body)
		}
		if n := count(t, db, "things"); n != 1 {
			t.Errorf("%d effects", n)
		}
	})
}

func TestStoredAnswersAreSealedAndPurged(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, testConfig(), things(t, db))
		b.call("POST", "/api/v1/things", `{"name":"a"}`, idempotencyHeader, aKey)
		var row idempotencyRow
		if err := db.NewSelect().Model(&row).Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(row.Response, []byte("secret-1")) || strings.Contains(row.ID, aKey) || len(row.Response) == 0 {
			t.Error("the record can be read")
		}
		kept := b.idempotency
		kept.now = func() time.Time { return time.Now().Add(25 * time.Hour) }
		if got := b.call("POST", "/api/v1/things", `{"name":"other"}`, idempotencyHeader, aKey); got.status != 201 {
			t.Errorf("a key is taken after its day: %d %s", got.status, got.body)
		}
		kept.now = func() time.Time { return time.Now().Add(50 * time.Hour) }
		if err := kept.purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "idempotency"); n != 0 {
			t.Errorf("%d records after the purge", n)
		}
	})
}

func TestMalformedKeyIsRefused(t *testing.T) {
	db := databasetest.SQLite(t)
	b := newBench(t, db, testConfig(), things(t, db))
	for _, key := range []string{"short", strings.Repeat("k", 256), "with a space in the key", "schlüssel-schlüssel"} {
		got := b.call("POST", "/api/v1/things", `{"name":"a"}`, idempotencyHeader, key)
		if p := got.problem(t); p.Status != 400 || p.Code != "idempotency_key_malformed" {
			t.Errorf("%q: %s", key, got.body)
		}
	}
}

// A stored answer comes back as it was, and takes a fraction of its length.
func TestPackedAnswers(t *testing.T) {
	for name, r := range map[string]storedResponse{
		"nothing":   {Status: 204, Header: http.Header{}},
		"a few":     {Status: 201, Header: http.Header{"Etag": {`"1"`}}, Body: []byte(`{"id":"1"}` + "\n")},
		"an answer": {Status: 201, Header: http.Header{"Etag": {`"1"`}, "Set-Cookie": {"a=b", "c=d"}}, Body: []byte(strings.Repeat(`{"text":"of some length"}`+"\n", 400))},
	} {
		packed, err := pack(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := unpack(packed)
		if err != nil || got.Status != r.Status || !maps.EqualFunc(got.Header, r.Header, slices.Equal) || !bytes.Equal(got.Body, r.Body) {
			t.Errorf("%s: %v, %+v", name, err, got)
		}
		if len(r.Body) > 1000 && len(packed) > len(r.Body)/4 {
			t.Errorf("%s: %d bytes of %d", name, len(packed), len(r.Body))
		}
	}
	for _, bad := range []string{"", "{}", "S", "S\xff\xff\xff", "no answer at all"} {
		if got, err := unpack([]byte(bad)); err == nil {
			t.Errorf("%q was read as %+v", bad, got)
		}
	}
}
