package server

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"regain/problem"
)

// readiness asks the parts, at most once a second however often it is asked.
type readiness struct {
	parts Parts

	mu      sync.Mutex
	asked   time.Time
	answers map[string]bool
}

const (
	readinessKept    = time.Second
	readinessTimeout = 2 * time.Second
)

func newReadiness(parts Parts) *readiness { return &readiness{parts: parts} }

// ask returns the parts and whether each is there.
func (r *readiness) ask(ctx context.Context) map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.parts.Now()
	if r.answers != nil && now.Sub(r.asked) < readinessKept {
		return r.answers
	}
	// Not the asker's context alone: its going away must not be kept as an answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readinessTimeout)
	defer cancel()
	names := slices.Sorted(maps.Keys(r.parts.Ready))
	ok := make([]bool, len(names))
	var asking sync.WaitGroup
	for i, name := range names {
		asking.Go(func() {
			err := r.parts.Ready[name](ctx)
			ok[i] = err == nil
			if err != nil {
				r.parts.Logger.Warn("a part is away", slog.String("part", name), slog.Any("error", err))
			}
		})
	}
	asking.Wait()
	answers := make(map[string]bool, len(names))
	for i, name := range names {
		answers[name] = ok[i]
	}
	r.answers, r.asked = answers, r.parts.Now()
	return answers
}

// registerHealth registers what operators' tools ask.
func (s *Server) registerHealth() {
	s.Raw(operational("live", "/healthz"), s.live)
	s.Raw(operational("ready", "/readyz"), s.ready)
	s.Raw(operational("metrics", "/metrics"), s.showMetrics)
}

func operational(id, path string) Route {
	return Route{ID: id, Method: http.MethodGet, Path: path, Roles: Everyone(), Effect: Reads, operational: true}
}

func (s *Server) live(c *gin.Context) error {
	c.JSON(http.StatusOK, gin.H{"live": true})
	return nil
}

func (s *Server) ready(c *gin.Context) error {
	parts := s.readiness.ask(c.Request.Context())
	ready := !s.draining.Load()
	for _, ok := range parts {
		ready = ready && ok
	}
	status := http.StatusOK
	if !ready {
		status = http.StatusServiceUnavailable
		c.Header("Retry-After", "1")
	}
	c.JSON(status, gin.H{"ready": ready, "parts": parts})
	return nil
}

func (s *Server) showMetrics(c *gin.Context) error {
	if want := s.config.MetricsToken; want != "" {
		got, _ := bearer(c.Request.Header.Get("Authorization"))
		if subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
			return problem.New(problem.Unauthenticated, "metrics_token_required", "Send the metrics token as a bearer token.")
		}
	}
	promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}).ServeHTTP(c.Writer, c.Request)
	return nil
}
