package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"regain/accounts"
	"regain/database"
	"regain/problem"
)

// callers are the sessions of a test: token to principal.
type callers map[string]accounts.Principal

func (c callers) Authenticate(_ context.Context, token string) (accounts.Principal, error) {
	if p, ok := c[token]; ok {
		return p, nil
	}
	return accounts.Principal{}, problem.New(problem.Unauthenticated, "session_over", "Sign in again.")
}

// counted is a limit that never ends but remembers what it was asked.
type counted struct {
	mu    sync.Mutex
	asked []accounts.Limit
}

func (c *counted) Take(_ context.Context, limits ...accounts.Limit) error {
	l := limits[0]
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, l)
	n := 0
	for _, a := range c.asked {
		if a.Name == l.Name && a.Key == l.Key {
			n++
		}
	}
	if n > l.N {
		return problem.New(problem.TooMany, "too_many_requests", "Wait.").After(l.Per)
	}
	return nil
}

func testCallers() callers {
	return callers{
		"rgn_customer": {Kind: "customer", ID: "case-1"},
		"rgn_partner":  {Kind: "partner", ID: "invitation-1"},
		"rgn_reviewer": {Kind: "staff", ID: "staff-1", Roles: []accounts.Role{"reviewer"}},
		"rgn_admin":    {Kind: "staff", ID: "staff-2", Roles: []accounts.Role{"admin"}},
	}
}

// bench is a server under test with its log.
type bench struct {
	*testing.T
	*Server
	url string
	log *safeBuffer
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func testConfig() Config { return Config{Secret: []byte(strings.Repeat("s", 32))} }

// newBench makes a server on db; register adds its routes.
func newBench(t *testing.T, db *database.DB, config Config, register func(s *Server)) *bench {
	t.Helper()
	log := &safeBuffer{}
	s, err := New(config, Parts{
		DB: db, Sessions: testCallers(), Limits: &counted{},
		Ready:  map[string]func(context.Context) error{"database": db.Check},
		Logger: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	register(s)
	h := httptest.NewServer(s.Handler())
	t.Cleanup(h.Close)
	return &bench{T: t, Server: s, url: h.URL, log: log}
}

// answer is a whole response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) problem(t testing.TB) Problem {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(a.body, &p); err != nil || a.header.Get("Content-Type") != problemType {
		t.Fatalf("want a problem, got %d %s: %s", a.status, a.header.Get("Content-Type"), a.body)
	}
	if p.Status != a.status || p.Type != "/problems/"+p.Code || p.Title == "" || p.Detail == "" ||
		p.Instance != "urn:uuid:"+a.header.Get("X-Request-Id") {
		t.Errorf("incomplete problem: %s", a.body)
	}
	return p
}

// call sends a request; header holds names and values in turn.
func (b *bench) call(method, path, body string, header ...string) answer {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return b.send(req)
}

func (b *bench) send(req *http.Request) answer {
	b.Helper()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: got}
}
