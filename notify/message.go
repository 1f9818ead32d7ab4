// Package notify holds what leaves the product: mail and text messages. Callers
// put messages into the outbox in the transaction of the change that they tell
// of; a worker renders them in the reader's language and hands them to a sender,
// again and again until one attempt succeeds or giving up is right. It does not
// decide who is told what.
package notify

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Channel is a way to reach a person.
type Channel string

// The channels.
const (
	Email Channel = "email"
	SMS   Channel = "sms"
)

// Message asks for one message to one recipient.
type Message struct {
	// Key is unique for what is told to whom: the event's id and the recipient's
	// role. Enqueueing a key again does nothing. It outlives the message, so it
	// never holds personal data.
	Key     string
	Channel Channel
	// To is an e-mail address, or a phone number as E.164 ("+5511987654321").
	To string
	// Locale is a BCP 47 tag; the nearest language that there is gets used, else English.
	Locale string
	// Template is one of Templates.
	Template string
	// Data fills the template: every key that Required names. Points in time are
	// RFC 3339 ("2026-12-06T00:00:00Z"), days "2026-12-06"; lists have one entry a line.
	Data map[string]string
	// Expires, when set, is the time after which the message is dropped unsent.
	Expires time.Time
	// Decoy makes the outbox do the same work and send nothing, so that how long
	// an answer takes does not tell whether there was anyone to write to.
	Decoy bool
}

// Rendered is a message in words, ready for a sender.
type Rendered struct {
	// ID is the same in every attempt, so that a receiver can drop a repetition.
	ID       string
	Channel  Channel
	To       string
	Subject  string // one line; empty for text messages
	Text     string
	HTML     string // empty for text messages
	Locale   string // the one that was found
	Template string
}

// Sender hands a message to the world. It may be called again for a message that
// it already delivered (a crash between delivery and its record), with the same
// ID. An error that is not a *SendError counts as passing.
type Sender interface {
	Send(ctx context.Context, m Rendered) error
}

// SendError says why an attempt failed, without naming the recipient: its text
// may be logged.
type SendError struct {
	// Code is stable and short: "smtp_550", "webhook_429", "timeout".
	Code string
	// Permanent means that trying again cannot help.
	Permanent bool
	// RetryAfter is the wait that the other side asked for, zero if it did not.
	RetryAfter time.Duration
}

// Error implements error.
func (e *SendError) Error() string {
	if e.Permanent {
		return fmt.Sprintf("message refused for good (%s)", e.Code)
	}
	return fmt.Sprintf("message not delivered yet (%s)", e.Code)
}

// sendErrorOf reads err as a SendError. Text of foreign errors is dropped, since
// mail libraries put the recipient's address in it.
func sendErrorOf(err error) *SendError {
	var se *SendError
	switch {
	case errors.As(err, &se):
		return se
	case errors.Is(err, context.DeadlineExceeded):
		return &SendError{Code: "timeout"}
	case errors.Is(err, context.Canceled):
		return &SendError{Code: "interrupted"}
	default:
		return &SendError{Code: "failed"}
	}
}
