package server

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"regain/database"
	"regain/problem"
)

// Problem is the RFC 9457 document that every failed call is answered with. It
// implements huma.StatusError, so that generated routes can return it.
type Problem struct {
	// Type leads to the page that explains the code.
	Type string `json:"type" format:"uri-reference" example:"/problems/invalid_fields" doc:"Where the code is explained. Stable: programs may compare it."`
	// Title is the same for every occurrence of the code.
	Title string `json:"title" example:"Invalid fields" doc:"A short name of the problem, the same for every occurrence."`
	// Status repeats the HTTP status.
	Status int `json:"status" example:"422" doc:"The HTTP status."`
	// Code is the last part of Type.
	Code string `json:"code" example:"invalid_fields" doc:"Stable and machine-readable; the last part of type."`
	// Detail is for a person.
	Detail string `json:"detail" doc:"What happened, for a person, and what to do."`
	// Instance names this occurrence: the request's id, which the logs carry too.
	Instance string `json:"instance" format:"uri" example:"urn:uuid:0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2" doc:"Names this occurrence; quote it when you ask for help."`
	// Errors are the bad inputs.
	Errors []BadInput `json:"errors,omitempty" doc:"Each bad input."`

	retryAfter time.Duration
}

// BadInput is one bad input of a Problem: a place in the body, or a parameter.
type BadInput struct {
	Pointer   *string `json:"pointer,omitempty" example:"/answers/months_of_use" doc:"JSON pointer (RFC 6901) into the request's body. Absent when a parameter is meant."`
	Parameter string  `json:"parameter,omitempty" example:"query.limit" doc:"The parameter that is wrong, as place.name."`
	Code      string  `json:"code" example:"wrong_type" doc:"Stable and machine-readable."`
	Message   string  `json:"message" doc:"What is wrong, and what would be right."`
}

// Error implements error; it holds nothing that a caller may not see.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return problemType }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	p.setHeaders(h)
	return h
}

const problemType = "application/problem+json"

func (p *Problem) setHeaders(h http.Header) {
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="regain"`)
	}
}

func (p *Problem) write(w http.ResponseWriter) {
	p.setHeaders(w.Header())
	w.Header().Set("Content-Type", problemType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	body, err := json.Marshal(p)
	if err != nil {
		return // only strings and numbers: cannot happen
	}
	_, _ = w.Write(append(body, '\n'))
}

// Two kinds that only the server itself answers.
const (
	internalKind problem.Kind = "internal"           // 500
	methodKind   problem.Kind = "method_not_allowed" // 405
)

// StatusOf is the HTTP status of a kind of problem.
func StatusOf(kind problem.Kind) int { return statusOf(kind) }

// statusOf is the one table from kinds to statuses.
func statusOf(kind problem.Kind) int {
	switch kind {
	case problem.Malformed:
		return http.StatusBadRequest
	case problem.Unauthenticated:
		return http.StatusUnauthorized
	case problem.Forbidden:
		return http.StatusForbidden
	case problem.NotFound:
		return http.StatusNotFound
	case problem.Conflict:
		return http.StatusConflict
	case problem.Gone:
		return http.StatusGone
	case problem.PreconditionFailed:
		return http.StatusPreconditionFailed
	case problem.TooLarge:
		return http.StatusRequestEntityTooLarge
	case problem.UnsupportedType:
		return http.StatusUnsupportedMediaType
	case problem.OutOfRange:
		return http.StatusRequestedRangeNotSatisfiable
	case problem.Invalid:
		return http.StatusUnprocessableEntity
	case problem.PreconditionRequired:
		return http.StatusPreconditionRequired
	case problem.TooMany:
		return http.StatusTooManyRequests
	case problem.Unavailable:
		return http.StatusServiceUnavailable
	case methodKind:
		return http.StatusMethodNotAllowed
	}
	return http.StatusInternalServerError
}

// newProblem turns what a domain function returned into the document. Nothing of
// an internal error is shown.
func newProblem(ctx context.Context, e *problem.Error) *Problem {
	p := &Problem{
		Type:       "/problems/" + e.Code,
		Title:      titleOf(e.Code),
		Status:     statusOf(e.Kind),
		Code:       e.Code,
		Detail:     e.Detail,
		Instance:   instanceOf(ctx),
		retryAfter: e.RetryAfter,
	}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, inputAt(ctx, f))
	}
	return p
}

// inputAt says where a fault is. Rooms below speak of members of a body; a call by GET
// has none, and gave them in its query.
func inputAt(ctx context.Context, f problem.Field) BadInput {
	in := BadInput{Pointer: &f.Pointer, Code: f.Code, Message: f.Message}
	if r := requestOf(ctx).route; r != nil && r.Method == http.MethodGet && !r.page {
		in.Pointer, in.Parameter = nil, "query."+strings.TrimPrefix(f.Pointer, "/")
	}
	return in
}

// asProblem finds the problem that a caller should see for err, and whether the
// error is the server's own fault and should be logged with its text.
func asProblem(ctx context.Context, err error) (p *Problem, internal bool) {
	if already, ok := errors.AsType[*Problem](err); ok {
		return already, already.Status >= http.StatusInternalServerError
	}
	if e, ok := problem.As(err); ok {
		return newProblem(ctx, e), statusOf(e.Kind) >= http.StatusInternalServerError && e.Unwrap() != nil
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return newProblem(ctx, bodyTooLarge(tooLarge.Limit)), false
	}
	return newProblem(ctx, internalError(ctx, err)), true
}

func internalError(ctx context.Context, err error) *problem.Error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return problem.New(problem.Unavailable, "took_too_long",
			"The server could not answer in time. Try again with the same Idempotency-Key.").After(2 * time.Second)
	case errors.Is(err, database.ErrBusy):
		return problem.New(problem.Unavailable, "busy",
			"Someone else was changing the same data. Nothing was changed; try again.").After(time.Second)
	case errors.Is(err, database.ErrUnavailable):
		return problem.New(problem.Unavailable, "unavailable",
			"A part of the server is away. Try again with the same Idempotency-Key.").After(5 * time.Second)
	}
	return problem.New(internalKind, "internal_error",
		"Something went wrong on our side. It was recorded; quote the instance when you ask for help.")
}

// titleOf makes the fixed title of a code: "file_too_large" is "File too large".
func titleOf(code string) string {
	words := strings.ReplaceAll(code, "_", " ")
	if words == "" {
		return "Problem"
	}
	return strings.ToUpper(words[:1]) + words[1:]
}
