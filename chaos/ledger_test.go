package chaos

import (
	"net/http"
	"sync"
	"time"
)

// call is one unsafe call as its client knows it: written down before it is first
// sent, and again when it is answered.
type call struct {
	What    string // the route's id
	CaseID  string // empty for the start of a case
	Address string // where it came from
	Token   string
	Method  string
	Path    string
	Header  http.Header
	Body    []byte
	// Sum is the SHA-256 of the uploaded file, in hexadecimal.
	Sum string

	Tries int
	// Acked is set when a 2xx came. Without it the outcome is unknown: the call must
	// have been carried out as a whole, or not at all.
	Acked    bool
	Status   int
	ETag     string
	Response []byte
}

// attempt is one sending of a call, for the deadlines and the cleanness of errors.
type attempt struct {
	What   string
	Status int // 0 when the connection broke
	Took   time.Duration
}

// ledger is what all clients have written down.
type ledger struct {
	mu       sync.Mutex
	calls    []*call
	attempts []attempt
	// faults are answers that no client may ever get.
	faults []string
	// replays counts calls whose first answer to arrive was a repetition.
	replays int
	// accepted counts denials whose customer does not appeal.
	accepted int
}

func (l *ledger) intend(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
}

func (l *ledger) ack(c *call, status int, h http.Header, body []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.Acked, c.Status, c.ETag, c.Response = true, status, h.Get("ETag"), body
	if h.Get("Idempotency-Replayed") != "" {
		l.replays++
	}
}

func (l *ledger) tried(a attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts = append(l.attempts, a)
}

func (l *ledger) denialAccepted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accepted++
}

func (l *ledger) denialsAccepted() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accepted
}

func (l *ledger) fault(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, text)
}

// acked are the calls that were answered well, by what they did.
func (l *ledger) acked(what ...string) []*call {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []*call
	for _, c := range l.calls {
		for _, w := range what {
			if c.Acked && c.What == w {
				out = append(out, c)
			}
		}
	}
	return out
}

// statuses counts the attempts by their status.
func (l *ledger) statuses() map[int]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := map[int]int{}
	for _, a := range l.attempts {
		n[a.Status]++
	}
	return n
}

// slowest is the longest attempt.
func (l *ledger) slowest() attempt {
	l.mu.Lock()
	defer l.mu.Unlock()
	var slow attempt
	for _, a := range l.attempts {
		if a.Took > slow.Took {
			slow = a
		}
	}
	return slow
}
