package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"regain/accounts"
)

// metrics are one server's, in a registry of its own. Labels are route patterns and
// statuses, never ids.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight prometheus.Gauge
	shed     prometheus.Counter
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "regain_http_requests_total", Help: "Answered calls by method, route pattern and status."},
			[]string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "regain_http_request_seconds", Help: "Time to answer, by method and route pattern.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}},
			[]string{"method", "route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "regain_http_requests_in_flight", Help: "Calls under way."}),
		shed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "regain_http_requests_shed_total", Help: "Calls refused because too many were under way."}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.inFlight, m.shed,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Metrics is where other parts register what they count.
func (s *Server) Metrics() prometheus.Registerer { return s.metrics.registry }

// observe is around everything: it names the call, counts it, logs it without
// personal data, and turns a panic into a plain 500.
func (s *Server) observe(c *gin.Context) {
	started := s.parts.Now()
	req := &request{
		id:      s.parts.NewID(),
		caller:  accounts.Principal{Kind: accounts.Anonymous},
		locale:  chooseLocale(s.locales, c.Request),
		address: clientAddress(c),
		took:    func() time.Duration { return s.parts.Now().Sub(started) },
	}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestKey{}, req))
	// The guard puts a context of its own into the request, and ends it when it is done.
	arrived := c.Request.Context()
	h := c.Writer.Header()
	maps.Copy(h, s.headers) // whose values nobody changes in place
	h.Set("X-Request-Id", req.id)
	if s.draining.Load() {
		// A client that is told so does not send its next call on a connection that is about to end.
		h.Set("Connection", "close")
	}
	s.metrics.inFlight.Inc()
	defer func() {
		abort := s.recovered(c, recover())
		s.metrics.inFlight.Dec()
		s.record(c, req, clientGone(arrived), started)
		if abort {
			panic(http.ErrAbortHandler) // the answer is half sent: cut the connection
		}
	}()
	c.Next()
}

// recovered answers after a panic and says whether the connection must be cut.
func (s *Server) recovered(c *gin.Context, panicked any) (abort bool) {
	if panicked == nil {
		return false
	}
	if err, ok := panicked.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		return true
	}
	stack := make([]byte, 8<<10)
	stack = stack[:runtime.Stack(stack, false)]
	s.parts.Logger.Error("a handler panicked", slog.String("request", requestOf(c.Request.Context()).id),
		slog.String("panic", fmt.Sprintf("%T", panicked)), slog.String("stack", string(stack)))
	if c.Writer.Written() {
		return true
	}
	s.fail(c, fmt.Errorf("panic"))
	return false
}

// record counts and logs an answered call. The log has the route's pattern and
// never the path or the query, which may hold references and tokens; and who called
// only by kind.
func (s *Server) record(c *gin.Context, req *request, gone bool, started time.Time) {
	now := s.parts.Now()
	took := now.Sub(started)
	pattern := c.FullPath()
	if pattern == "" {
		pattern = "none"
	}
	method := knownMethod(c.Request.Method)
	status := c.Writer.Status()
	s.metrics.requests.WithLabelValues(method, pattern, strconv.Itoa(status)).Inc()
	s.metrics.seconds.WithLabelValues(method, pattern).Observe(took.Seconds())
	level := slog.LevelInfo
	switch {
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	case pattern == "/healthz" || pattern == "/readyz" || pattern == "/metrics":
		level = slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("request", req.id), slog.String("method", method), slog.String("route", pattern),
		slog.Int("status", status), slog.Duration("took", took.Round(time.Microsecond)),
		slog.Int("bytes", max(c.Writer.Size(), 0)), slog.String("caller", string(req.caller.Kind)),
	}
	if req.failure != nil {
		if gone {
			level = slog.LevelInfo
			attrs = append(attrs, slog.Bool("client_gone", true))
		}
		attrs = append(attrs, slog.String("error", causes(req.failure)))
	}
	log := s.parts.Logger.Handler()
	if !log.Enabled(c.Request.Context(), level) {
		return
	}
	line := slog.NewRecord(now, level, "call", 0) // without its place in the source, which is always here
	line.AddAttrs(attrs...)
	_ = log.Handle(c.Request.Context(), line) // as slog's own Logger: who can't log can't say so
}

// causes tells an error for the log, with the cause that a problem hides.
func causes(err error) string {
	text := err.Error()
	if cause := errors.Unwrap(err); cause != nil && len(cause.Error()) > 0 && text != cause.Error() {
		text += ": " + cause.Error()
	}
	return text
}

func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// securityHeaders are what every answer has. Routes that serve files override
// the policy with a stricter one.
func securityHeaders(secure bool) http.Header {
	h := http.Header{
		"Content-Security-Policy": {"default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
		"X-Content-Type-Options":       {"nosniff"},
		"X-Frame-Options":              {"DENY"},
		"Referrer-Policy":              {"no-referrer"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Permissions-Policy":           {"camera=(), geolocation=(), microphone=(), payment=()"},
		"Cache-Control":                {"no-store"},
	}
	if secure {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	return h
}
