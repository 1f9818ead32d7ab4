// Package problem holds the one error type that a user may see. Every room
// returns it for what a caller did wrong or must wait for; the server turns it
// into an RFC 9457 problem document, and pages put its fields beside their
// inputs. Everything else is an internal error, whose text is never shown.
package problem

import (
	"errors"
	"fmt"
	"time"
)

// Kind is the class of a problem. The server maps each to one HTTP status.
type Kind string

// The kinds, with the status that the API answers.
const (
	Malformed            Kind = "malformed"             // 400: the request cannot be read
	Unauthenticated      Kind = "unauthenticated"       // 401: who are you?
	Forbidden            Kind = "forbidden"             // 403: known, but not allowed
	NotFound             Kind = "not_found"             // 404: absent, or none of the caller's business
	Conflict             Kind = "conflict"              // 409: the state does not allow it
	Gone                 Kind = "gone"                  // 410: was there, and is over
	PreconditionFailed   Kind = "precondition_failed"   // 412: someone else changed it first
	TooLarge             Kind = "too_large"             // 413
	UnsupportedType      Kind = "unsupported_type"      // 415
	OutOfRange           Kind = "out_of_range"          // 416: the file has no such bytes
	Invalid              Kind = "invalid"               // 422: readable, but fields are wrong
	PreconditionRequired Kind = "precondition_required" // 428: send If-Match
	TooMany              Kind = "too_many"              // 429: wait RetryAfter
	Unavailable          Kind = "unavailable"           // 503: a part is away, try again
)

// Field is one bad input.
type Field struct {
	// Pointer is a JSON pointer (RFC 6901) into the request's body.
	Pointer string `json:"pointer"`
	// Code is stable and machine-readable, such as "required" or "too_long".
	Code string `json:"code"`
	// Message says in English what is wrong and what would be right.
	Message string `json:"message"`
}

// Error is a problem that may be shown to the caller. Detail, Fields and Code
// never hold internals, secrets or another person's data; the wrapped cause is
// for logs alone.
type Error struct {
	Kind Kind
	// Code is stable and unique for the rule that was broken ("code_expired").
	Code string
	// Detail is one or two sentences for a person.
	Detail string
	// Fields are the bad inputs, if any.
	Fields []Field
	// RetryAfter is how long to wait (TooMany, Unavailable); zero if unknown.
	RetryAfter time.Duration

	cause error
}

// New makes a problem.
func New(kind Kind, code, detail string) *Error {
	return &Error{Kind: kind, Code: code, Detail: detail}
}

// Newf makes a problem whose detail is formatted. Arguments must be safe to show.
func Newf(kind Kind, code, format string, args ...any) *Error {
	return New(kind, code, fmt.Sprintf(format, args...))
}

// InvalidFields makes the problem for bad inputs; it returns nil when there are none,
// as an error, so that callers can return it as it is.
func InvalidFields(fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Code: "invalid_fields", Detail: "Some of what was sent is missing or wrong.", Fields: fields}
}

// WithCause returns a copy that wraps err for logs.
func (e *Error) WithCause(err error) *Error {
	c := *e
	c.cause = err
	return &c
}

// After returns a copy that tells the caller to wait.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// Error implements error. The cause is left out: it may hold what logs must not.
func (e *Error) Error() string { return e.Code + ": " + e.Detail }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// As finds the problem in err's chain.
func As(err error) (*Error, bool) {
	var p *Error
	ok := errors.As(err, &p)
	return p, ok
}

// Is reports whether err is a problem with the code.
func Is(err error, code string) bool {
	p, ok := As(err)
	return ok && p.Code == code
}

// At returns fields with their pointers put below prefix, for a value that is
// part of a larger body.
func At(prefix string, fields []Field) []Field {
	out := make([]Field, len(fields))
	for i, f := range fields {
		f.Pointer = prefix + f.Pointer
		out[i] = f
	}
	return out
}
