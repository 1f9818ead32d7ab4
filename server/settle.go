package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"regain/database"
	"regain/internal/failpoint"
	"regain/problem"
)

// settle runs an unsafe call as one unit of work: what the handler changes in any
// number of transactions, and the answer to it, are committed together, and only
// then is the answer sent.
func (s *Server) settle(c *gin.Context, req *request, body []byte, handle gin.HandlerFunc) {
	ctx := c.Request.Context()
	call, err := s.idempotency.open(c, req, body)
	if err != nil {
		s.fail(c, err)
		return
	}
	if !req.route.raw && !req.route.Upload {
		call.bodyKnown(sha256.Sum256(body))
	}
	workCtx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	call.stop = stop
	req.unsettled = call
	unitCtx, unit := s.parts.DB.WithUnit(workCtx, call.begin)
	defer func() { _ = unit.Rollback() }() // nothing is left open when the handler panics

	held := s.buffers.take(c.Writer)
	original, request := c.Writer, c.Request
	c.Writer, c.Request = held, c.Request.WithContext(unitCtx)
	defer func() { c.Writer, c.Request = original, request }()
	handle(c)
	c.Writer, c.Request = original, request

	if s.sendEarlier(c, call) {
		return
	}
	failed := s.conclude(ctx, call, unit, held)
	if s.sendEarlier(c, call) {
		req.failure = nil
		return
	}
	if failed != nil {
		s.fail(c, failed)
		return
	}
	held.send(c)
	s.buffers.give(held)
}

// conclude commits or rolls back by what the handler answered. Where nothing was
// committed, that may be because an identical call has been carried out: then its answer
// is looked up.
func (s *Server) conclude(ctx context.Context, call *unsettledCall, unit *database.Unit, held *bufferedWriter) error {
	failed := s.commit(ctx, call, unit, held)
	if unit.Committed() {
		return nil
	}
	if err := call.lookUp(ctx); err != nil && call.replay == nil && call.refusal == nil {
		return errors.Join(failed, err)
	}
	return failed
}

func (s *Server) commit(ctx context.Context, call *unsettledCall, unit *database.Unit, held *bufferedWriter) error {
	var err error
	switch {
	case !unit.Begun():
		return nil
	case held.status >= http.StatusInternalServerError:
		return unit.Rollback()
	case held.status >= http.StatusBadRequest:
		err = call.forget(ctx, unit.Tx())
	default:
		answer := storedResponse{Status: held.status, Header: held.header, Body: held.body.Bytes()}
		err = call.keep(ctx, unit.Tx(), answer)
	}
	if err == nil {
		failpoint.Hit("call.finished", call.route)
		err = unit.Commit(ctx)
	}
	if err != nil {
		_ = unit.Rollback() // the answer that may be there is read outside of it
		return err
	}
	failpoint.Hit("call.committed", call.route)
	return nil
}

// sendEarlier sends the answer that the call was given before, if there is one.
func (s *Server) sendEarlier(c *gin.Context, call *unsettledCall) bool {
	if call.refusal != nil {
		s.fail(c, call.refusal)
		return true
	}
	if call.replay == nil {
		return false
	}
	h := c.Writer.Header()
	for name, values := range call.replay.Header {
		h[name] = values
	}
	h.Set(replayedHeader, "true")
	c.Writer.WriteHeader(call.replay.Status)
	_, _ = c.Writer.Write(call.replay.Body)
	c.Writer.WriteHeaderNow()
	return true
}

// fail answers a problem, as JSON or, on pages, in the product's own look. An answer that
// is half sent is cut off, so that nobody takes it for the whole.
func (s *Server) fail(c *gin.Context, err error) {
	ctx := c.Request.Context()
	p, internal := asProblem(ctx, err)
	if internal {
		requestOf(ctx).failure = err
	}
	if c.Writer.Written() {
		held, ok := c.Writer.(*bufferedWriter)
		if !ok {
			panic(http.ErrAbortHandler)
		}
		held.reset()
	}
	if s.pageOfProblem != nil && wantsPage(c) {
		p.setHeaders(c.Writer.Header())
		c.Writer.Header().Set("Cache-Control", "no-store")
		s.pageOfProblem(c, p)
		return
	}
	p.write(c.Writer)
}

// wantsPage says whether a person with a browser will read the answer.
func wantsPage(c *gin.Context) bool {
	if route := requestOf(c.Request.Context()).route; route != nil {
		return route.page
	}
	return !strings.HasPrefix(c.Request.URL.Path, "/api/") && strings.Contains(c.Request.Header.Get("Accept"), "text/html")
}

func methodNotAllowed() *problem.Error {
	return problem.New(methodKind, "method_not_allowed", "This address does not take this method; the header Allow names those that it takes.")
}

func notFound() error {
	return problem.New(problem.NotFound, "not_found", "There is nothing at this address.")
}
