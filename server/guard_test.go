package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/database/databasetest"
	"regain/internal/testservers"
)

func TestWhoIsLetIn(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t), testConfig(), func(s *Server) {
		for name, roles := range map[string][]Role{"staff": Staff(), "customer": {Customer}, "lead": {Lead}, "any": Everyone()} {
			s.Raw(Route{ID: name, Method: "GET", Path: "/api/v1/" + name, Roles: roles, Effect: Reads, Tag: "T", Summary: "S"},
				func(c *gin.Context) error {
					c.String(http.StatusOK, string(Caller(c.Request.Context()).Kind))
					return nil
				})
		}
	})
	for _, c := range []struct {
		path, token string
		status      int
		code        string
	}{
		{"staff", "", 401, "session_required"}, {"staff", "rgn_customer", 403, "role_not_allowed"},
		{"staff", "rgn_partner", 403, "role_not_allowed"}, {"staff", "rgn_reviewer", 200, ""}, {"staff", "rgn_admin", 200, ""},
		{"customer", "rgn_customer", 200, ""}, {"customer", "rgn_admin", 403, "role_not_allowed"}, {"lead", "rgn_reviewer", 403, "role_not_allowed"},
		{"any", "", 200, ""}, {"any", "rgn_partner", 200, ""}, {"any", "rgn_stale", 401, "session_over"}, {"customer", "rgn_stale", 401, "session_over"},
	} {
		header := []string{}
		if c.token != "" {
			header = []string{"Authorization", "Bearer " + c.token}
		}
		got := b.call("GET", "/api/v1/"+c.path, "", header...)
		if got.status != c.status || c.code != "" && got.problem(t).Code != c.code {
			t.Errorf("%s as %q: %d %s", c.path, c.token, got.status, got.body)
		}
	}
	if got := b.call("GET", "/api/v1/customer", "", "Cookie", "regain=rgn_customer"); got.status != 200 {
		t.Errorf("by cookie: %d", got.status)
	}
	if got := b.call("GET", "/api/v1/any", "", "Cookie", "regain=rgn_stale"); got.status != 200 || string(got.body) != "anonymous" {
		t.Errorf("a stale cookie on a public route: %d %s", got.status, got.body)
	}
}

func TestOtherOriginsAreRefused(t *testing.T) {
	config := testConfig()
	config.PublicURL = &url.URL{Scheme: "https", Host: "recovery.example"}
	b := newBench(t, databasetest.SQLite(t), config, echoes)
	for _, c := range []struct {
		name, value string
		status      int
	}{
		{"Sec-Fetch-Site", "cross-site", 403}, {"Sec-Fetch-Site", "same-site", 403}, {"Origin", "https://evil.example", 403}, {"Origin", "null", 403},
		{"Sec-Fetch-Site", "same-origin", 200}, {"Sec-Fetch-Site", "none", 200}, {"Origin", "https://recovery.example", 200}, {"X-None", "", 200},
	} {
		got := b.call("POST", "/api/v1/echo", `{"name":"a"}`, c.name, c.value)
		if got.status != c.status {
			t.Errorf("%s: %s: %d %s", c.name, c.value, got.status, got.body)
		}
	}
	got := b.call("GET", "/api/v1/echo/x", "")
	if got.header.Get("Strict-Transport-Security") == "" || b.cookieName() != "__Host-regain" {
		t.Error("HTTPS is not made use of")
	}
}

func TestSecurityHeadersAreEverywhere(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t), testConfig(), echoes)
	for _, path := range []string{"/api/v1/echo/x", "/nothing", "/healthz", "/boom", "/api/v1/openapi.json"} {
		h := b.call("GET", path, "").header
		for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "X-Request-Id", "Cache-Control", "Cross-Origin-Resource-Policy"} {
			if h.Get(name) == "" {
				t.Errorf("%s has no %s", path, name)
			}
		}
		if strings.Contains(h.Get("Content-Security-Policy"), "unsafe") || h.Get("Server") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestPanicIsAPlainFailure(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t), testConfig(), echoes)
	got := b.call("GET", "/boom", "")
	if p := got.problem(t); p.Status != 500 || strings.Contains(string(got.body), "secret words") {
		t.Errorf("%s", got.body)
	}
	if log := b.log.String(); !strings.Contains(log, "a handler panicked") || strings.Contains(log, "secret words") {
		t.Errorf("log: %s", log)
	}
}

func TestLogAndMetricsHoldNothingPersonal(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t), testConfig(), echoes)
	b.call("GET", "/api/v1/echo/AR-SECRET?limit=7&person=Zhang", "", "Authorization", "Bearer rgn_customer", "User-Agent", "agent-x")
	b.call("POST", "/api/v1/echo", `{"name":"who@example.com"}`)
	b.call("GET", "/stolen-token", "")
	seen := b.log.String() + string(b.call("GET", "/metrics", "").body)
	for _, word := range []string{"AR-SECRET", "person", "Zhang", "rgn_", "case-1", "agent-x", "who@", "127.0.0.1", "stolen"} {
		if strings.Contains(seen, word) {
			t.Errorf("%q is in the log or the metrics", word)
		}
	}
	for _, word := range []string{`"route":"/api/v1/echo/:id"`, `"caller":"customer"`, `regain_http_requests_total{method="GET",route="/api/v1/echo/:id",status="422"} 1`, `route="none"`} {
		if !strings.Contains(seen, word) {
			t.Errorf("%s is missing", word)
		}
	}
}

func TestLimits(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t), testConfig(), func(s *Server) {
		s.Raw(Route{ID: "rare", Method: "GET", Path: "/api/v1/rare", Roles: Everyone(), Effect: Reads, Tag: "T", Summary: "S",
			Limit: Limit{N: 2, Per: time.Minute, By: ByCaller}}, func(c *gin.Context) error { c.Status(204); return nil })
	})
	for i, want := range []int{204, 204, 429} {
		got := b.call("GET", "/api/v1/rare", "")
		if got.status != want || want == 429 && got.header.Get("Retry-After") != "60" {
			t.Errorf("call %d: %d, Retry-After %q", i, got.status, got.header.Get("Retry-After"))
		}
	}
	if got := b.call("GET", "/api/v1/rare", "", "Authorization", "Bearer rgn_customer"); got.status != 204 {
		t.Errorf("another caller: %d", got.status)
	}
}

func TestForwardedAddressNeedsATrustedProxy(t *testing.T) {
	for name, c := range map[string]struct {
		proxies []string
		want    string
	}{"none": {nil, "127.0.0.1"}, "trusted": {[]string{"127.0.0.0/8"}, "203.0.113.9"}} {
		t.Run(name, func(t *testing.T) {
			config := testConfig()
			config.TrustedProxies = c.proxies
			b := newBench(t, databasetest.SQLite(t), config, func(s *Server) {
				s.Raw(Route{ID: "who", Method: "GET", Path: "/api/v1/who", Roles: Everyone(), Effect: Reads, Tag: "T", Summary: "S"},
					func(g *gin.Context) error { g.String(200, Address(g.Request.Context())); return nil })
			})
			if got := b.call("GET", "/api/v1/who", "", "X-Forwarded-For", "198.51.100.7, 203.0.113.9"); string(got.body) != c.want {
				t.Errorf("%s", got.body)
			}
		})
	}
}

func TestOverloadIsRefusedQuicklyAndHealthIsNot(t *testing.T) {
	config := testConfig()
	config.MaxInFlight = 1
	entered, release := make(chan struct{}), make(chan struct{})
	b := newBench(t, databasetest.SQLite(t), config, func(s *Server) {
		s.Raw(Route{ID: "slow", Method: "GET", Path: "/api/v1/slow", Roles: Everyone(), Effect: Reads, Tag: "T", Summary: "S"},
			func(c *gin.Context) error { close(entered); <-release; c.Status(204); return nil })
		echoes(s)
	})
	done := make(chan answer)
	go func() { done <- b.call("GET", "/api/v1/slow", "") }()
	<-entered
	got := b.call("GET", "/api/v1/echo/x", "")
	if p := got.problem(t); p.Status != 503 || p.Code != "overloaded" || got.header.Get("Retry-After") == "" {
		t.Errorf("%s", got.body)
	}
	if got := b.call("GET", "/readyz", ""); got.status != 200 {
		t.Errorf("readyz: %d %s", got.status, got.body)
	}
	close(release)
	if got := <-done; got.status != 204 {
		t.Errorf("the slow call: %d", got.status)
	}
	if got := b.call("GET", "/api/v1/echo/x", ""); got.status != 200 {
		t.Errorf("afterwards: %d", got.status)
	}
}

func TestDeadlineEndsACall(t *testing.T) {
	config := testConfig()
	config.RequestTimeout = 50 * time.Millisecond
	b := newBench(t, databasetest.SQLite(t), config, func(s *Server) {
		s.Raw(Route{ID: "stuck", Method: "GET", Path: "/api/v1/stuck", Roles: Everyone(), Effect: Reads, Tag: "T", Summary: "S"},
			func(c *gin.Context) error {
				<-c.Request.Context().Done()
				return fmt.Errorf("waiting: %w", c.Request.Context().Err())
			})
	})
	got := b.call("GET", "/api/v1/stuck", "")
	if p := got.problem(t); p.Status != 503 || p.Code != "took_too_long" || got.header.Get("Retry-After") == "" {
		t.Errorf("%s", got.body)
	}
}

func TestReadyTellsWhichPartIsAway(t *testing.T) {
	db := databasetest.SQLite(t)
	b := newBench(t, db, testConfig(), echoes)
	b.readiness.parts.Ready = map[string]func(context.Context) error{"database": db.Check, "store": func(context.Context) error { return errors.New("away: password") }}
	got := b.call("GET", "/readyz", "")
	var ready struct {
		Ready bool
		Parts map[string]bool
	}
	if err := json.Unmarshal(got.body, &ready); err != nil || got.status != 503 || ready.Ready || !ready.Parts["database"] || ready.Parts["store"] {
		t.Errorf("%d %s %v", got.status, got.body, err)
	}
	if strings.Contains(string(got.body), "password") {
		t.Error("the cause is shown")
	}
}

func TestMetricsToken(t *testing.T) {
	config := testConfig()
	config.MetricsToken = "let me see"
	b := newBench(t, databasetest.SQLite(t), config, echoes)
	if got := b.call("GET", "/metrics", ""); got.status != 401 {
		t.Errorf("%d", got.status)
	}
	if got := b.call("GET", "/metrics", "", "Authorization", "Bearer let me see"); got.status != 200 || !strings.Contains(string(got.body), "go_goroutines") {
		t.Errorf("%d", got.status)
	}
}

func TestIfMatch(t *testing.T) {
	for header, want := range map[string]int64{
		`"7"`: 7, ` "7" `: 7, `W/"7"`: NoVersion, "7": NoVersion, `"x"`: NoVersion, `"-1"`: NoVersion, `"0"`: NoVersion,
		`"`: NoVersion, `"7","8"`: NoVersion, `"99999999999999999999"`: NoVersion,
	} {
		if version, err := (Conditional{IfMatch: header}).Version(); err != nil || version != want {
			t.Errorf("%q: %d %v", header, version, err)
		}
	}
	for _, header := range []string{"", "*"} {
		_, err := Conditional{IfMatch: header}.Version()
		if p, _ := asProblem(t.Context(), err); p.Code != "if_match_required" || p.Status != 428 {
			t.Errorf("%q: %+v", header, p)
		}
	}
	if ETag(7) != `"7"` {
		t.Error(ETag(7))
	}
}

func TestLocale(t *testing.T) {
	for _, c := range []struct{ query, header, want string }{
		{"", "", "en"}, {"", "zh-CN,zh;q=0.9", "zh-Hans"}, {"", "pt", "pt-BR"}, {"", "fr, pt-BR;q=0.5", "pt-BR"}, {"", "xx", "en"},
		{"zh-Hans", "pt-BR", "zh-Hans"}, {"pt-BR", "", "pt-BR"}, {"tlh", "", "en"}, {"", "%%%", "en"}, {"", strings.Repeat("a,", 500), "en"},
	} {
		r := &http.Request{URL: &url.URL{RawQuery: url.Values{"locale": {c.query}}.Encode()}, Header: http.Header{"Accept-Language": {c.header}}}
		if got := chooseLocale(localeMatcher(), r); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// TestShutdown: calls under way are finished, new ones are refused, workers end.
func TestShutdown(t *testing.T) {
	db := databasetest.SQLite(t)
	entered, release := make(chan struct{}), make(chan struct{})
	b := newBench(t, db, testConfig(), func(s *Server) {
		s.Raw(Route{ID: "slow", Method: "GET", Path: "/api/v1/slow", Roles: Everyone(), Effect: Reads, Tag: "T", Summary: "S"},
			func(c *gin.Context) error { close(entered); <-release; c.Status(204); return nil })
	})
	address, err := b.Listen(t.Context(), testservers.Address(t))
	if err != nil {
		t.Fatal(err)
	}
	b.url = "http://" + address.String()
	ctx, stop := context.WithCancel(t.Context())
	served, worked := make(chan error, 1), make(chan struct{})
	go func() {
		served <- b.Serve(ctx, Worker{Name: "w", Run: func(ctx context.Context) error { <-ctx.Done(); close(worked); return nil }})
	}()
	slow := make(chan answer, 1)
	go func() { slow <- b.call("GET", "/api/v1/slow", "") }()
	<-entered
	stop()
	for b.draining.Load() == false {
		time.Sleep(time.Millisecond)
	}
	select {
	case <-worked:
		t.Error("a worker ended before the calls that may need it")
	case <-time.After(20 * time.Millisecond):
	}
	close(release)
	if got := <-slow; got.status != 204 {
		t.Errorf("the call under way: %d", got.status)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	<-worked
	if c, err := net.Dial("tcp", address.String()); err == nil {
		_ = c.Close()
		t.Error("the port is still open")
	}
}

// TestDrainingEndsConnections: while load balancers learn that the server is not ready, it
// answers each call and tells its client not to send another on the same connection.
func TestDrainingEndsConnections(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t), testConfig(), func(*Server) {})
	for _, draining := range []bool{false, true} {
		b.draining.Store(draining)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK || res.Close != draining {
			t.Errorf("draining %v: %d, the connection ends: %v", draining, res.StatusCode, res.Close)
		}
	}
}

// TestSlowUploadIsStretched: a body that takes longer than the read time-out
// arrives whole as long as its bytes keep coming, and one that stalls is cut off.
func TestSlowUploadIsStretched(t *testing.T) {
	config := testConfig()
	config.ReadTimeout = 1500 * time.Millisecond
	b := newBench(t, databasetest.SQLite(t), config, func(s *Server) {
		s.Raw(Route{ID: "up", Method: "POST", Path: "/api/v1/up", Roles: Everyone(), Effect: Reads, Upload: true, Tag: "T", Summary: "S"},
			func(c *gin.Context) error {
				body, err := io.ReadAll(c.Request.Body)
				if err != nil {
					return bodyError(err, 0)
				}
				c.String(200, "%d", len(body))
				return nil
			})
	})
	address, err := b.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- b.Serve(ctx) }()
	upload := func(pause time.Duration) answer {
		r, w := io.Pipe()
		answered := make(chan struct{})
		defer close(answered)
		go func() {
			defer func() { _ = w.Close() }()
			for range 8 {
				_, _ = w.Write([]byte("0123456789"))
				select {
				case <-time.After(pause):
				case <-answered:
					return
				}
			}
		}()
		req, _ := http.NewRequestWithContext(ctx, "POST", "http://"+address.String()+"/api/v1/up", r)
		return b.send(req)
	}
	if got := upload(300 * time.Millisecond); got.status != 200 || string(got.body) != "80" {
		t.Errorf("steady: %d %s", got.status, got.body)
	}
	if got := upload(3 * time.Second); got.problem(t).Code != "body_too_slow" {
		t.Errorf("stalled: %d %s", got.status, got.body)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestBadRegistrationsPanic(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t), testConfig(), echoes)
	good := Route{ID: "good", Method: "POST", Path: "/api/v1/good", Roles: Everyone(), Effect: Changes, Tag: "T", Summary: "S"}
	for name, change := range map[string]func(r *Route){
		"nobody": func(r *Route) { r.Roles = nil }, "unknown role": func(r *Route) { r.Roles = []Role{"king"} }, "no effect": func(r *Route) { r.Effect = "" },
		"GET that changes": func(r *Route) { r.Method = "GET" }, "taken": func(r *Route) { r.ID = "echo" }, "half a limit": func(r *Route) { r.Limit.N = 1 },
		"no summary": func(r *Route) { r.Summary = "" }, "no path": func(r *Route) { r.Path = "" },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("was taken")
				}
			}()
			r := good
			change(&r)
			b.Raw(r, func(*gin.Context) error { return nil })
		})
	}
}

func TestRolesOfACaller(t *testing.T) {
	if got := rolesOf(accounts.Principal{Kind: "unheard of"}); len(got) != 1 || got[0] != Anonymous {
		t.Errorf("%v", got)
	}
}
