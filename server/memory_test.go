package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"regain/database/databasetest"
)

// parroted answers with what it was sent, and with how often it was asked.
type parroted struct {
	Body struct {
		Text   string `json:"text"`
		Locale string `json:"locale"`
		Caller string `json:"caller"`
		Asked  int64  `json:"asked"`
		Filler string `json:"filler"`
	}
}

type parrotIn struct {
	Localized
	Body struct {
		Text string `json:"text"`
	}
}

// rememberingBench has a route that remembers whatever does not begin with "private",
// as long as the state is the same.
func rememberingBench(t *testing.T) (b *bench, asked *atomic.Int64, state *atomic.Int64) {
	asked, state = new(atomic.Int64), new(atomic.Int64)
	b = newBench(t, databasetest.SQLite(t), testConfig(), func(s *Server) {
		JSON(s, Route{
			ID: "parrot", Method: "POST", Path: "/api/v1/parrot", Roles: Everyone(), Effect: Reads, Tag: "Test", Summary: "Repeat",
			Remembers: func() string { return fmt.Sprint(state.Load()) },
		}, func(ctx context.Context, in *parrotIn) (*parroted, error) {
			out := &parroted{}
			out.Body.Text, out.Body.Locale, out.Body.Caller = in.Body.Text, Locale(ctx), string(Caller(ctx).Kind)
			out.Body.Asked, out.Body.Filler = asked.Add(1), strings.Repeat("filler ", 2000)
			if !strings.HasPrefix(in.Body.Text, "private") {
				Remember(ctx)
			}
			return out, nil
		})
	})
	return b, asked, state
}

func TestRememberedAnswers(t *testing.T) {
	b, asked, state := rememberingBench(t)
	const path = "/api/v1/parrot"
	first := b.call("POST", path, `{"text":"a"}`)
	for name, c := range map[string]struct {
		path, body string
		header     []string
		again      bool // the handler is asked once more
	}{
		"the same call":        {path, `{"text":"a"}`, nil, false},
		"another body":         {path, `{"text":"b"}`, nil, true},
		"another language":     {path, `{"text":"a"}`, []string{"Accept-Language", "pt-BR"}, true},
		"the language by name": {path + "?locale=zh-Hans", `{"text":"a"}`, nil, true},
		"another caller":       {path, `{"text":"a"}`, []string{"Authorization", "Bearer rgn_reviewer"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			before := asked.Load()
			got := b.call("POST", c.path, c.body, c.header...)
			if got.status != 200 || (asked.Load() > before) != c.again {
				t.Fatalf("status %d, asked %d times: %.100s", got.status, asked.Load()-before, got.body)
			}
			if !c.again && (!bytes.Equal(got.body, first.body) || got.header.Get("Content-Type") != first.header.Get("Content-Type")) {
				t.Errorf("another answer: %.100s", got.body)
			}
			if got.header.Get("X-Request-Id") == first.header.Get("X-Request-Id") {
				t.Error("the id of another call")
			}
			before = asked.Load()
			if repeated := b.call("POST", c.path, c.body, c.header...); asked.Load() != before || !bytes.Equal(repeated.body, got.body) {
				t.Errorf("asked again: %.100s", repeated.body)
			}
		})
	}
	state.Add(1)
	if got := b.call("POST", path, `{"text":"a"}`); bytes.Equal(got.body, first.body) {
		t.Error("an answer outlived what it depends on")
	}
}

func TestWhatIsNotRemembered(t *testing.T) {
	b, asked, _ := rememberingBench(t)
	for name, c := range map[string]struct {
		path, body, contentType string
		status                  int
	}{
		"what the handler keeps to itself": {"/api/v1/parrot", `{"text":"private"}`, "application/json", 200},
		"a long call":                      {"/api/v1/parrot", `{"text":"` + strings.Repeat("x", mostOfRemembered) + `"}`, "application/json", 200},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				before := asked.Load()
				if got := b.call("POST", c.path, c.body); got.status != c.status || asked.Load() == before {
					t.Errorf("status %d, asked %d times", got.status, asked.Load()-before)
				}
			}
		})
	}
	// What is refused is refused each time, also when a like call is remembered.
	b.call("POST", "/api/v1/parrot", `{"text":"c"}`)
	for _, refused := range []answer{
		b.call("POST", "/api/v1/parrot", `{"text":"c","text":"c"}`),
		b.call("POST", "/api/v1/parrot", `{"text":"c"}`, "Content-Type", "text/plain"),
		b.call("POST", "/api/v1/parrot?unknown=1", `{"text":"c"}`),
		b.call("POST", "/api/v1/parrot", `{"text":"c"}`, "Authorization", "Bearer rgn_nobody"),
	} {
		if refused.status < 400 {
			t.Errorf("status %d: %.100s", refused.status, refused.body)
		}
	}
}

func TestRememberedAnswersAsGzip(t *testing.T) {
	b, _, _ := rememberingBench(t)
	plain := b.call("POST", "/api/v1/parrot", `{"text":"a"}`, "Accept-Encoding", "identity")
	short := b.call("POST", "/api/v1/parrot", `{"text":"a"}`, "Accept-Encoding", "gzip")
	if short.header.Get("Content-Encoding") != "gzip" || short.header.Get("Vary") != "Accept-Encoding" || plain.header.Get("Content-Encoding") != "" {
		t.Fatalf("%v, %v", plain.header, short.header)
	}
	r, err := gzip.NewReader(bytes.NewReader(short.body))
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := io.ReadAll(r); err != nil || !bytes.Equal(opened, plain.body) {
		t.Errorf("%v: %.100s", err, opened)
	}
	if refused := b.call("POST", "/api/v1/parrot", `{"text":"a"}`, "Accept-Encoding", "gzip;q=0"); !bytes.Equal(refused.body, plain.body) {
		t.Error("gzip for who refuses it")
	}
}

// A memory that is full forgets something, and keeps what is new.
func TestMemoryIsBounded(t *testing.T) {
	var m memory
	for n := range 3 * mostAnswers {
		key := fmt.Append(nil, n)
		m.put(key, &kept{plain: key})
		if got := m.get(key); got == nil || !bytes.Equal(got.plain, key) {
			t.Fatalf("answer %d: %v", n, got)
		}
	}
	if len(m.known) != mostAnswers {
		t.Errorf("%d answers are kept", len(m.known))
	}
}
