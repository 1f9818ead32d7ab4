// Package server is the foundation that every route stands on: one registration
// for a route, and around each the same guards, in the same order. The JSON API
// lies in server/api and the pages in server/web; both only register routes here.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"golang.org/x/text/language"

	"regain/accounts"
	"regain/database"
)

// Config is what an operator may choose. Zero values are replaced by the defaults
// that each field names.
type Config struct {
	// PublicURL is where browsers reach the server ("https://recovery.example"). An
	// https URL makes cookies secure. Nil is plain HTTP on the listening address.
	PublicURL *url.URL
	// TrustedProxies are the networks whose X-Forwarded-For is believed; none by default.
	TrustedProxies []string
	// LocalMailbox shows the development's mailbox on this machine only.
	LocalMailbox bool
	// Secret keys everything that is hashed or encrypted here; 32 bytes at least.
	Secret []byte
	// MetricsToken, when set, must be sent as a bearer token to read /metrics.
	MetricsToken string

	// RequestTimeout bounds the work of a call; 30 s.
	RequestTimeout time.Duration
	// UploadTimeout bounds an upload; 10 min.
	UploadTimeout time.Duration
	// ReadHeaderTimeout, ReadTimeout, WriteTimeout and IdleTimeout bound a
	// connection; 5 s, 30 s, 60 s and 120 s.
	ReadHeaderTimeout, ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	// ShutdownTimeout bounds how long calls under way may go on; 30 s.
	ShutdownTimeout time.Duration
	// DrainDelay is how long the server still takes calls after it stopped being
	// ready, so that a load balancer notices; none.
	DrainDelay time.Duration
	// MaxInFlight and MaxUploads are how many calls are under way at most; 256 and 64.
	MaxInFlight, MaxUploads int
	// MaxConnections is how many connections are open at once; as many as the process may
	// open files, but for those that it needs itself, and 10,000 at most.
	MaxConnections int
	// MaxBody bounds the body of a JSON call or a form in bytes; 1 MiB.
	MaxBody int64
}

func orElse[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}

func (c Config) withDefaults() Config {
	orElse(&c.RequestTimeout, 30*time.Second)
	orElse(&c.UploadTimeout, 10*time.Minute)
	orElse(&c.ReadHeaderTimeout, 5*time.Second)
	orElse(&c.ReadTimeout, 30*time.Second)
	orElse(&c.WriteTimeout, 60*time.Second)
	orElse(&c.IdleTimeout, 120*time.Second)
	orElse(&c.ShutdownTimeout, 30*time.Second)
	orElse(&c.MaxInFlight, 256)
	orElse(&c.MaxUploads, 64)
	orElse(&c.MaxConnections, connectionsWith(openFiles(), c.MaxUploads))
	orElse(&c.MaxBody, 1<<20)
	return c
}

func (c Config) secure() bool { return c.PublicURL != nil && c.PublicURL.Scheme == "https" }

// Sessions tells who a token belongs to. A token that is unknown, ended or expired
// is a problem of kind Unauthenticated.
type Sessions interface {
	Authenticate(ctx context.Context, token string) (accounts.Principal, error)
}

// Limits counts calls. One too many is a problem of kind TooMany.
type Limits interface {
	Take(ctx context.Context, limits ...accounts.Limit) error
}

// Parts are what the server stands on.
type Parts struct {
	DB       *database.DB
	Sessions Sessions
	Limits   Limits
	// Ready are the checks of /readyz by the name of the part.
	Ready map[string]func(ctx context.Context) error
	// Logger, Now and NewID default to slog's default, the clock, and UUIDs.
	Logger *slog.Logger
	Now    func() time.Time
	NewID  func() string
}

// Server is one HTTP server. Register routes first, then Listen and Serve.
type Server struct {
	config      Config
	parts       Parts
	engine      *gin.Engine
	api         huma.API
	routes      []*Route
	routeByID   map[string]*Route
	metrics     *metrics
	locales     language.Matcher
	crossOrigin *http.CrossOriginProtection
	idempotency *idempotency
	memory      memory
	headers     http.Header
	buffers     buffers
	chunks      sync.Pool // of *bufio.Reader, for uploads
	calls       chan struct{}
	uploads     chan struct{}
	readiness   *readiness

	pageOfProblem func(c *gin.Context, p *Problem)
	draining      atomic.Bool
	listener      net.Listener
}

// New makes a server with health, metrics and the OpenAPI document, and no other
// routes.
func New(config Config, parts Parts) (*Server, error) {
	if len(config.Secret) < 32 {
		return nil, errors.New("server: the secret has fewer than 32 bytes")
	}
	if parts.DB == nil || parts.Sessions == nil || parts.Limits == nil {
		return nil, errors.New("server: database, sessions and limits are needed")
	}
	if parts.Logger == nil {
		parts.Logger = slog.Default()
	}
	if parts.Now == nil {
		parts.Now = time.Now
	}
	if parts.NewID == nil {
		parts.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	config = config.withDefaults()
	s := &Server{
		config: config, parts: parts,
		routeByID:   map[string]*Route{},
		metrics:     newMetrics(),
		locales:     localeMatcher(),
		headers:     securityHeaders(config.secure()),
		crossOrigin: http.NewCrossOriginProtection(),
		idempotency: &idempotency{db: parts.DB, sealer: sealer{secret: config.Secret}, now: parts.Now},
		calls:       make(chan struct{}, config.MaxInFlight),
		uploads:     make(chan struct{}, config.MaxUploads),
		readiness:   newReadiness(parts),
	}
	if config.PublicURL != nil {
		origin := config.PublicURL.Scheme + "://" + config.PublicURL.Host
		if err := s.crossOrigin.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("public URL: %w", err)
		}
	}
	if err := s.newEngine(); err != nil {
		return nil, err
	}
	s.newAPI()
	s.registerHealth()
	return s, nil
}

func (s *Server) newEngine() error {
	gin.SetMode(gin.ReleaseMode) // otherwise Gin prints to standard output
	e := gin.New()
	if err := e.SetTrustedProxies(s.config.TrustedProxies); err != nil { // nil trusts none
		return fmt.Errorf("trusted proxies: %w", err)
	}
	e.RedirectTrailingSlash = false
	e.RedirectFixedPath = false
	e.HandleMethodNotAllowed = true
	e.Use(s.observe)
	e.NoRoute(func(c *gin.Context) { s.fail(c, notFound()) })
	e.NoMethod(func(c *gin.Context) { s.fail(c, methodNotAllowed()) })
	s.engine = e
	return nil
}

// ShowProblemsAs sets how pages show a failed call, instead of as JSON.
func (s *Server) ShowProblemsAs(show func(c *gin.Context, p *Problem)) { s.pageOfProblem = show }

// Handler is the whole server as an http.Handler, for tests.
func (s *Server) Handler() http.Handler { return withLanguagePrefix(s.engine) }

// Config is the configuration with its defaults filled in.
func (s *Server) Config() Config { return s.config }

// Logger is what the server and its pages log to.
func (s *Server) Logger() *slog.Logger { return s.parts.Logger }

// Worker is a part that runs beside the server for as long as it serves.
type Worker struct {
	Name string
	// Run works until ctx ends. It is started again, after a pause, when it returns
	// before that.
	Run func(ctx context.Context) error
}

// Listen takes the address, so that its port is known before Serve.
func (s *Server) Listen(ctx context.Context, address string) (net.Addr, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s.listener = l
	return l.Addr(), nil
}

// Serve answers calls and runs the workers until ctx ends. Then it stops being
// ready, finishes the calls under way, lets the workers finish what they hold, and
// returns.
func (s *Server) Serve(ctx context.Context, workers ...Worker) error {
	if s.listener == nil {
		return errors.New("server: Serve before Listen")
	}
	crowd := newCrowd(s.listener, s.config.MaxConnections)
	h := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: s.config.ReadHeaderTimeout,
		ReadTimeout:       s.config.ReadTimeout,
		WriteTimeout:      s.config.WriteTimeout,
		IdleTimeout:       s.config.IdleTimeout,
		MaxHeaderBytes:    32 << 10,
		ConnContext:       withConnection,
		ConnState:         crowd.watch,
		ErrorLog:          slog.NewLogLogger(s.parts.Logger.Handler(), slog.LevelDebug),
	}
	workCtx, stopWorkers := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorkers()
	var running sync.WaitGroup
	for _, w := range append(workers, s.purgeWorker()) {
		running.Go(func() { s.keepRunning(workCtx, w) })
	}
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(newGatheringListener(crowd)) }()
	var err error
	select {
	case err = <-failed:
		err = fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		err = s.shutDown(context.WithoutCancel(ctx), h)
	}
	stopWorkers()
	running.Wait()
	return err
}

func (s *Server) shutDown(ctx context.Context, h *http.Server) error {
	s.draining.Store(true)
	s.parts.Logger.Info("stopping: no longer ready, finishing the calls under way")
	time.Sleep(s.config.DrainDelay)
	ctx, cancel := context.WithTimeout(ctx, s.config.ShutdownTimeout)
	defer cancel()
	if err := h.Shutdown(ctx); err != nil {
		_ = h.Close()
		return fmt.Errorf("some calls had to be cut: %w", err)
	}
	return nil
}

// keepRunning starts a worker again when it fails, after a pause that grows.
func (s *Server) keepRunning(ctx context.Context, w Worker) {
	pause := time.Second
	for ctx.Err() == nil {
		started := s.parts.Now()
		err := w.Run(ctx)
		if ctx.Err() != nil {
			return
		}
		s.parts.Logger.Error("a worker ended and will be started again", slog.String("worker", w.Name), slog.Any("error", err))
		if s.parts.Now().Sub(started) > time.Minute {
			pause = time.Second
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, 30*time.Second)
	}
}

// Every is a worker that does something now and then.
func Every(name string, period time.Duration, do func(ctx context.Context) error, logger *slog.Logger) Worker {
	return Worker{Name: name, Run: func(ctx context.Context) error {
		ticker := time.NewTicker(period)
		defer ticker.Stop()
		for {
			if err := do(ctx); err != nil && ctx.Err() == nil {
				logger.Error("a periodic task failed", slog.String("task", name), slog.Any("error", err))
			}
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
			}
		}
	}}
}

func (s *Server) purgeWorker() Worker {
	return Every("purge of stored answers", time.Hour, s.idempotency.purge, s.parts.Logger)
}
