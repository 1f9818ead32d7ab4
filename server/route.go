package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"regain/accounts"
)

// Effect says what a call does, and so how it may be repeated.
type Effect string

// The effects. Every route names one.
const (
	// Reads changes nothing. It may be a POST, whose body is then only a question.
	Reads Effect = "reads"
	// Changes has an effect, which the Idempotency-Key keeps from happening twice:
	// all InTx of the call and the stored answer are one transaction.
	Changes Effect = "changes"
	// Repeats has an effect that does no harm when it happens again, such as a
	// sign-in. It runs outside the one transaction and needs no key.
	Repeats Effect = "repeats"
)

// Route is the one registration of a route, whatever its kind. A route that is not
// made from one cannot exist, and a role that is not named in it is not let in.
type Route struct {
	// ID is unique and stable: the operation's id in the OpenAPI document and the
	// name in limits ("file-document").
	ID string
	// Method and Path are as in OpenAPI: "/api/v1/cases/{case}".
	Method, Path string
	// Roles are who may call it.
	Roles []Role
	// Scope lets programs in whose API key has it, besides Roles. Where none is named it
	// follows from Roles and Effect, see defaultScope; PeopleOnly keeps programs out.
	Scope accounts.Scope
	// Effect says whether it changes anything.
	Effect Effect
	// Limit is how often one caller may call it; the zero Limit is none of its own.
	Limit Limit
	// MaxBody bounds the body in bytes; zero is the server's MaxBody.
	MaxBody int64
	// Upload marks a raw route or a page that receives a file: its deadlines are stretched
	// while bytes keep coming, and it has places of its own under load.
	Upload bool
	// Foresees, on a route that only reads or that receives a file, prepares the call's context
	// for what the handler will read before any transaction, so that it comes with the caller's
	// session. path gives the path's parameters.
	Foresees func(ctx context.Context, path func(name string) string) context.Context
	// Customer names the parameter of an upload's path that is the case of the customer who
	// calls: whether the call has been answered is then asked together with the session, too.
	Customer string
	// Remembers, on a generated route that only reads, lets answers be kept that the handler
	// calls Remember for: they depend on the call, the language, the caller's kind and the
	// text that Remembers gives, such as the version of what is shown.
	Remembers func() string
	// Local answers only whoever asks from this machine and this machine's own
	// address, without a proxy between: for what development shows.
	Local bool
	// Status is the status of success, when it is not 200 (or 204 without a body).
	Status int
	// Tag groups the routes of one noun on the API page; pages have none.
	Tag string
	// Summary is a few words, Description some sentences for the API page.
	Summary, Description string
	// Describe adds to the OpenAPI operation what the code does not show: parameters,
	// bodies and answers of raw routes.
	Describe func(op *huma.Operation)

	raw, page   bool
	operational bool // for the operator's tools: no session, no limit, no load shedding
}

// Limit is how often a route may be called.
type Limit struct {
	N   int
	Per time.Duration
	// By says who is counted.
	By LimitBy
}

// LimitBy is who a limit counts.
type LimitBy string

// What limits count by.
const (
	ByAddress LimitBy = "address" // one client address (IPv6: one /64)
	ByCaller  LimitBy = "caller"  // one case, invitation or member of staff; anonymous callers by address
)

// JSON registers a generated route: input and output are Go types from which Huma
// makes the checks and the OpenAPI document. handle returns problem.Error for what
// the caller did wrong; anything else is shown as an internal error.
func JSON[I, O any](s *Server, r Route, handle func(ctx context.Context, in *I) (*O, error)) {
	s.claim(&r)
	op := s.operation(&r)
	huma.Register(s.api, *op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			p, internal := asProblem(ctx, err)
			if internal {
				requestOf(ctx).failure = err
			}
			return nil, p
		}
		return out, nil
	})
}

// Raw registers a route whose handler reads the body and writes the answer itself,
// for files. What it takes and gives is described by hand in r.Describe. A raw route
// that changes something calls BodyKnown before its first transaction. An error that
// it returns before it has written is answered as a problem.
func (s *Server) Raw(r Route, handle func(c *gin.Context) error) {
	r.raw = true
	s.claim(&r)
	if !r.operational {
		s.api.OpenAPI().AddOperation(s.operation(&r))
	}
	s.mount(&r, s.erring(handle))
}

// Page registers an HTML page or a file that belongs to one. It is not part of the
// OpenAPI document. Errors become a page. A form that changes something carries its
// key in the field FormKey; one that uploads a file carries it in the query, and
// its handler calls BodyKnown before its first transaction.
func (s *Server) Page(r Route, handle func(c *gin.Context) error) {
	r.page = true
	s.claim(&r)
	s.mount(&r, s.erring(handle))
}

func (s *Server) erring(handle func(c *gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := handle(c); err != nil {
			s.fail(c, err)
		}
	}
}

// claim checks a registration and takes its id. Faults are the programmer's, so it
// panics: no server starts with a route that says too little.
func (s *Server) claim(r *Route) {
	unsafe := r.Method != http.MethodGet
	fault := ""
	switch {
	case r.ID == "" || r.Method == "" || !strings.HasPrefix(r.Path, "/"):
		fault = "needs an id, a method and a path"
	case s.routeByID[r.ID] != nil:
		fault = "has an id that is taken"
	case len(r.Roles) == 0:
		fault = "lets nobody in"
	case r.Effect != Reads && r.Effect != Changes && r.Effect != Repeats:
		fault = "does not name its effect"
	case r.Effect != Reads && !unsafe:
		fault = "changes something by GET"
	case r.Limit.N > 0 && (r.Limit.Per <= 0 || r.Limit.By == ""):
		fault = "has half a limit"
	case !r.page && !r.operational && (r.Tag == "" || r.Summary == ""):
		fault = "has no tag or no summary"
	case r.Foresees != nil && r.Effect != Reads && !r.Upload:
		fault = "foresees what it reads, and changes something"
	case r.Customer != "" && (!r.Upload || r.page || r.Effect != Changes):
		fault = "names its customer, and is no upload with a key"
	case r.Remembers != nil && (r.raw || r.page || r.Effect != Reads):
		fault = "remembers, but is no generated route that only reads"
	case r.Upload && !r.raw && !r.page:
		fault = "is an upload, but neither raw nor a page"
	}
	for _, role := range r.Roles {
		if !slices.Contains(Roles(), role) {
			fault = fmt.Sprintf("names the unknown role %q", role)
		}
	}
	if fault != "" {
		panic(fmt.Sprintf("route %q %s", r.ID, fault))
	}
	if r.Scope != "" && r.Scope != PeopleOnly && !slices.Contains(accounts.Scopes(), r.Scope) {
		panic(fmt.Sprintf("route %q names the unknown scope %q", r.ID, r.Scope))
	}
	if r.Scope == "" {
		r.Scope = defaultScope(r)
	}
	if r.MaxBody == 0 {
		r.MaxBody = s.config.MaxBody
	}
	s.routeByID[r.ID] = r
	s.routes = append(s.routes, r)
}

// Routes are all registered routes in the order of registration.
func (s *Server) Routes() []Route {
	out := make([]Route, len(s.routes))
	for i, r := range s.routes {
		out[i] = *r
	}
	return out
}

// RouteAt is the route that was registered with the method and the path; false without one.
// Pages ask it for every place that they lead to, so it copies no other.
func (s *Server) RouteAt(method, path string) (Route, bool) {
	for _, r := range s.routes {
		if r.Method == method && r.Path == path {
			return *r, true
		}
	}
	return Route{}, false
}

// PageAbove is the nearest page that an address lies below, as it is written in the address:
// …/cases/7/approval lies below …/cases/7. The address itself counts; false without any.
func (s *Server) PageAbove(path string) (string, bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for n := len(parts); n > 0; n-- {
		if slices.ContainsFunc(s.routes, func(r *Route) bool { return r.page && r.Method == http.MethodGet && r.fits(parts[:n]) }) {
			return "/" + strings.Join(parts[:n], "/"), true
		}
	}
	return "", false
}

// fits says whether the parts of an address are those of the route's.
func (r *Route) fits(parts []string) bool {
	own := strings.Split(strings.Trim(r.Path, "/"), "/")
	if len(own) != len(parts) {
		return false
	}
	for i, part := range own {
		if part != parts[i] && (parts[i] == "" || !strings.HasPrefix(part, "{")) {
			return false
		}
	}
	return true
}

// mount puts a route into the router, behind everything that guards it. HEAD is
// answered wherever GET is.
func (s *Server) mount(r *Route, handle gin.HandlerFunc) {
	guarded := s.guard(r, handle)
	s.engine.Handle(r.Method, ginPath(r.Path), guarded)
	if r.Method == http.MethodGet {
		s.engine.Handle(http.MethodHead, ginPath(r.Path), guarded)
	}
}

func ginPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// adapter puts Huma's operations into the router through mount; humagin gives the
// view of a Gin context that Huma works on.
type adapter struct{ server *Server }

// Handle implements huma.Adapter.
func (a adapter) Handle(op *huma.Operation, handle func(ctx huma.Context)) {
	r := a.server.routeByID[op.OperationID]
	if r == nil {
		panic(fmt.Sprintf("operation %q was not registered through server.JSON", op.OperationID))
	}
	a.server.mount(r, func(c *gin.Context) { handle(humagin.NewContext(op, c)) })
}

// ServeHTTP implements huma.Adapter.
func (a adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.server.engine.ServeHTTP(w, r) }
