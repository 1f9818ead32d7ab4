package notify

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"regain/database"
	"regain/internal/testservers"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// fakeClock is a clock that stands until it is moved.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 11, 22, 9, 0, 0, 123456000, time.UTC)}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// recorder is a sender that keeps what it is given and answers as told.
type recorder struct {
	mu     sync.Mutex
	sent   []Rendered
	answer func(m Rendered) error
}

func (r *recorder) Send(_ context.Context, m Rendered) error {
	r.mu.Lock()
	r.sent = append(r.sent, m)
	answer := r.answer
	r.mu.Unlock()
	if answer == nil {
		return nil
	}
	return answer(m)
}

func (r *recorder) all() []Rendered {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Rendered(nil), r.sent...)
}

// logBuffer is a log that tests can read while it is written.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// bench is an outbox with a clock that stands and a log to read.
type bench struct {
	*Outbox
	clock  *fakeClock
	log    *logBuffer
	mu     sync.Mutex
	events []Observation
}

var testLetterhead = Letterhead{Service: "Northwind Cloud", SiteURL: "https://recover.northwind.example", Support: "help@northwind.example"}

func newBench(db *database.DB, change func(*Options)) *bench {
	b := &bench{clock: newClock(), log: &logBuffer{}}
	options := Options{
		Clock: b.clock.Now, Letterhead: testLetterhead, Key: [32]byte{1, 2, 3}, Poll: 5 * time.Millisecond,
		Logger: slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Observe: func(o Observation) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.events = append(b.events, o)
		},
	}
	if change != nil {
		change(&options)
	}
	b.Outbox = NewOutbox(db, options)
	return b
}

func (b *bench) count(event Event) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, o := range b.events {
		if o.Event == event {
			n++
		}
	}
	return n
}

// put enqueues outside any other transaction.
func (b *bench) put(t *testing.T, db *database.DB, messages ...Message) {
	t.Helper()
	if err := b.Enqueue(t.Context(), db.DB, messages...); err != nil {
		t.Fatal(err)
	}
}

// deliver makes one attempt at everything that is due.
func (b *bench) deliver(t *testing.T, sender Sender) int {
	t.Helper()
	n, err := b.DeliverDue(t.Context(), map[Channel]Sender{Email: sender, SMS: sender})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// only returns the one row that there is.
func only(t *testing.T, db *database.DB) row {
	t.Helper()
	var rows []row
	if err := db.NewSelect().Model(&rows).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 {
		t.Fatalf("want one row, got %d", len(rows))
	}
	return rows[0]
}

func approved(n int) Message {
	return Message{
		Key: fmt.Sprintf("event-%d:customer", n), Channel: Email, To: fmt.Sprintf("ana%d@example.com", n),
		Locale: "en", Template: "case_approved", Data: map[string]string{"reference": fmt.Sprintf("AR-%04d", n)},
	}
}
