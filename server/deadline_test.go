package server

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"regain/database/databasetest"
)

type slowIn struct {
	Body struct {
		Name string `json:"name"`
	}
}

type slowOut struct {
	Body struct {
		Name string `json:"name"`
	}
}

// A JSON call may work for longer than the routing library waits for a body (5 s), and
// the connection that it came on is as good as before.
func TestSlowCallKeepsItsConnection(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 6 s")
	}
	t.Parallel()
	b := newBench(t, databasetest.SQLite(t), testConfig(), func(s *Server) {
		JSON(s, Route{ID: "slow", Method: "POST", Path: "/api/v1/slow", Roles: Everyone(), Effect: Changes, Tag: "T", Summary: "S", Description: "D"},
			func(ctx context.Context, in *slowIn) (*slowOut, error) {
				if in.Body.Name == "slow" {
					select {
					case <-time.After(5500 * time.Millisecond):
					case <-ctx.Done():
						return nil, ctx.Err()
					}
				}
				return &slowOut{Body: in.Body}, ctx.Err()
			})
	})
	for _, name := range []string{"slow", "quick"} {
		if got := b.call("POST", "/api/v1/slow", `{"name":"`+name+`"}`); got.status != 200 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

// What fails on our side is logged as an error, and not as a caller that went away.
func TestFailureIsLoggedAsError(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t), testConfig(), func(s *Server) {
		JSON(s, Route{ID: "broken", Method: "POST", Path: "/api/v1/broken", Roles: Everyone(), Effect: Changes, Tag: "T", Summary: "S", Description: "D"},
			func(context.Context, *slowIn) (*slowOut, error) { return nil, errors.New("the well is dry") })
	})
	if got := b.call("POST", "/api/v1/broken", `{"name":"x"}`); got.status != 500 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	log := b.log.String()
	if !strings.Contains(log, `"level":"ERROR","msg":"call"`) || !strings.Contains(log, "the well is dry") || strings.Contains(log, "client_gone") {
		t.Errorf("log: %s", log)
	}
}
