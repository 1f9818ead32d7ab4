package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/problem"
)

// guard is everything between the router and a handler, in one order for every
// kind of route: cheap refusals first, and nothing of the body is read before the
// caller is known to be let in.
func (s *Server) guard(r *Route, handle gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		req := requestOf(c.Request.Context())
		req.route = r
		leave, err := s.enter(r)
		if err != nil {
			s.fail(c, err)
			return
		}
		defer leave()
		quick := asksNobody(r, c.Request)
		if !quick {
			defer s.bound(c, req)()
		}
		body, err := s.admit(c, req)
		if r.Upload {
			defer s.giveBack(c.Request.Body)
		}
		req.body = body
		if err != nil {
			s.fail(c, err)
			return
		}
		if req.remembered != nil {
			req.remembered.send(c)
			return
		}
		if quick {
			defer s.bound(c, req)()
		}
		switch {
		case r.Effect == Changes:
			s.settle(c, req, body, handle)
		case r.raw || r.page:
			handle(c)
		default:
			s.answer(c, req, handle)
		}
	}
}

// asksNobody says that admitting a call and remembering its answer takes nothing but this
// process and the call itself, so that a deadline, which costs more than that, can wait.
func asksNobody(r *Route, call *http.Request) bool {
	h := call.Header
	return r.Remembers != nil && r.Limit.N == 0 && h["Authorization"] == nil && h["Cookie"] == nil
}

// bound gives a call its deadline, and what is foreseen of it.
func (s *Server) bound(c *gin.Context, req *request) context.CancelFunc {
	r := req.route
	ctx, cancel := context.WithTimeout(c.Request.Context(), s.deadline(r))
	if r.Foresees != nil {
		ctx = r.Foresees(ctx, c.Param)
	}
	if r.Customer != "" {
		ctx = s.idempotency.foresee(ctx, req, c.Request.Header, c.Param(r.Customer))
	}
	c.Request = c.Request.WithContext(ctx)
	return cancel
}

// answer runs a call that gives JSON, and sends its answer when it is there as a whole.
func (s *Server) answer(c *gin.Context, req *request, handle gin.HandlerFunc) {
	held := s.buffers.take(c.Writer)
	original := c.Writer
	c.Writer = held
	defer func() { c.Writer = original }() // also when the handler panics
	handle(c)
	c.Writer = original
	if kept := s.memory.keep(req, held); kept != nil {
		kept.send(c)
	} else {
		held.send(c)
	}
	s.buffers.give(held)
}

// admit lets a call in or says why not, and returns the body of a JSON call.
func (s *Server) admit(c *gin.Context, req *request) ([]byte, error) {
	if err := checkURL(c.Request.URL); err != nil {
		return nil, err
	}
	if req.route.Local && !isLocal(c.Request) {
		return nil, notFound()
	}
	if err := s.crossOrigin.Check(c.Request); err != nil {
		return nil, problem.New(problem.Forbidden, "cross_origin", "Browsers may call this from the server's own pages only.")
	}
	if req.route.operational {
		return nil, nil
	}
	if err := s.identify(c, req); err != nil {
		return nil, err
	}
	if err := authorise(req); err != nil {
		return nil, err
	}
	if err := s.takeLimit(c.Request.Context(), req); err != nil {
		return nil, err
	}
	return s.receive(c, req)
}

// identify finds out who calls. A bad bearer token is refused even where nobody
// needs one, since the caller believes in it; a stale cookie is only left behind.
func (s *Server) identify(c *gin.Context, req *request) error {
	token, explicit := bearer(c.Request.Header.Get("Authorization"))
	if !explicit {
		if cookie, err := c.Request.Cookie(s.cookieName()); err == nil && !accounts.IsAPIKey(cookie.Value) {
			token = cookie.Value
		}
	}
	if token == "" && !explicit {
		return nil
	}
	caller, err := s.parts.Sessions.Authenticate(c.Request.Context(), token)
	if err == nil {
		req.caller = caller
		return nil
	}
	if p, ok := problem.As(err); ok && p.Kind == problem.Unauthenticated {
		if explicit {
			return err
		}
		req.ended = true
		return nil
	}
	return err
}

func authorise(req *request) error {
	if req.caller.Kind == accounts.Program {
		return authoriseProgram(req)
	}
	if anyAllowed(req.route.Roles, rolesOf(req.caller)) {
		return nil
	}
	if isAnonymous(req.caller) {
		return problem.New(problem.Unauthenticated, "session_required", "This needs a session: send its token as Authorization: Bearer …, or its cookie.")
	}
	return problem.New(problem.Forbidden, "role_not_allowed", "Your role does not allow this.")
}

// isLocal says whether a call comes from this machine to this machine, and through
// no proxy that says so: a page for development that a proxy made public by mistake
// would show one-time codes.
func isLocal(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() {
		return false
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && address.IsLoopback()
}

func isAnonymous(p accounts.Principal) bool { return p.Kind == "" || p.Kind == accounts.Anonymous }

// takeLimit counts the call against the route's limit, and a program's against that of
// its key.
func (s *Server) takeLimit(ctx context.Context, req *request) error {
	var limits []accounts.Limit
	caller := string(req.caller.Kind) + " " + req.caller.ID
	if l := req.route.Limit; l.N > 0 {
		key := "address " + AddressBlock(ctx)
		if l.By == ByCaller && !isAnonymous(req.caller) {
			key = caller
		}
		limits = append(limits, accounts.Limit{Name: "route " + req.route.ID, Key: key, N: l.N, Per: l.Per})
	}
	if req.caller.Kind == accounts.Program {
		limits = append(limits, accounts.Limit{Name: "api_key", Key: caller, N: CallsPerMinute, Per: time.Minute})
	}
	if len(limits) == 0 {
		return nil
	}
	return s.parts.Limits.Take(ctx, limits...)
}

// receive bounds the body, and reads and checks it where it is JSON.
func (s *Server) receive(c *gin.Context, req *request) ([]byte, error) {
	r := req.route
	if c.Request.Body == nil {
		c.Request.Body = http.NoBody
	}
	if r.Upload {
		c.Request.Body = s.stretch(c, r)
		return nil, nil
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, r.MaxBody)
	if r.raw {
		return nil, nil
	}
	if r.page {
		return s.receiveForm(c, r)
	}
	body, err := readJSON(c.Request, r.MaxBody)
	if err != nil {
		return nil, err
	}
	if r.Remembers != nil {
		req.memoryKey = memoryKey(c, req, body)
		if req.remembered = s.memory.get(req.memoryKey); req.remembered != nil {
			return body, nil // which was checked the first time
		}
	}
	if err := checkJSON(body); err != nil {
		return nil, err
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// receiveForm reads the form of a page whole, for its fingerprint.
func (s *Server) receiveForm(c *gin.Context, r *Route) ([]byte, error) {
	if r.Effect == Reads {
		return nil, nil
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return nil, bodyError(err, r.MaxBody)
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

func (s *Server) deadline(r *Route) time.Duration {
	if r.Upload {
		return s.config.UploadTimeout
	}
	return s.config.RequestTimeout
}

// enter takes a place among the calls under way, or refuses at once: under too much
// load a quick refusal serves callers better than a slow answer.
func (s *Server) enter(r *Route) (leave func(), err error) {
	places := s.calls
	switch {
	case r.operational: // health and metrics, which must answer under load
		return func() {}, nil
	case r.Upload:
		places = s.uploads
	}
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	default:
		s.metrics.shed.Inc()
		return nil, problem.New(problem.Unavailable, "overloaded", "Too much is going on right now. Try again in a moment.").After(time.Second)
	}
}

// stretch gives an upload new deadlines for as long as its bytes keep coming,
// within the time that an upload may take in all. A connection's deadlines are in real
// time, whatever clock the server is given.
func (s *Server) stretch(c *gin.Context, r *Route) io.ReadCloser {
	control := http.NewResponseController(c.Writer)
	last := time.Now().Add(s.config.UploadTimeout)
	_ = control.SetWriteDeadline(last.Add(s.config.WriteTimeout)) // not every writer has deadlines; then the server's stay
	body := &stretched{
		ReadCloser: http.MaxBytesReader(c.Writer, c.Request.Body, r.MaxBody),
		extend: func() {
			next := time.Now().Add(s.config.ReadTimeout)
			if next.After(last) {
				next = last
			}
			_ = control.SetReadDeadline(next)
		},
	}
	in, ok := s.chunks.Get().(*bufio.Reader)
	if !ok {
		in = bufio.NewReaderSize(nil, uploadChunk)
	}
	in.Reset(body)
	return chunked{in, body}
}

// giveBack makes the memory of an upload's body that of another's, once nobody reads it.
func (s *Server) giveBack(body io.ReadCloser) {
	if c, ok := body.(chunked); ok {
		c.Reset(nil)
		s.chunks.Put(c.Reader)
	}
}

// uploadChunk is how much of an upload is read from the connection at once: what reads
// forms asks for 4 KiB at a time, each of which would be a system call and a new deadline.
const uploadChunk = 64 << 10

// chunked reads a body in large pieces, whoever reads it.
type chunked struct {
	*bufio.Reader
	io.Closer
}

type stretched struct {
	io.ReadCloser
	extend func()
	ended  bool
}

// Read gives no new deadline once the body has ended: from then on it would be the
// connection's own, and end the work on the upload when it passes.
func (s *stretched) Read(p []byte) (int, error) {
	if !s.ended {
		s.extend()
	}
	n, err := s.ReadCloser.Read(p)
	s.ended = s.ended || err != nil
	return n, err
}

// clientGone says that the caller did not wait for the answer.
func clientGone(ctx context.Context) bool {
	return errors.Is(ctx.Err(), context.Canceled)
}
