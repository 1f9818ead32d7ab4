package accounts

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"regain/database"
	"regain/database/databasetest"
	"regain/internal/testservers"
	"regain/notify"
	"regain/problem"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// fakeClock is a clock that stands until it is moved.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
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

// bench is a service with a clock that stands, a mailbox and a log to read.
type bench struct {
	*Service
	db      *database.DB
	clock   *fakeClock
	outbox  *notify.Outbox
	mailbox *notify.Mailbox
	log     *logBuffer
}

func newBench(t *testing.T, db *database.DB, change func(*Options)) *bench {
	t.Helper()
	b := &bench{db: db, log: &logBuffer{}, clock: &fakeClock{now: time.Date(2026, 11, 22, 9, 0, 0, 123456000, time.UTC)}}
	logger := slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	secrets, err := DeriveSecrets([]byte(strings.Repeat("master-key ", 4)))
	if err != nil {
		t.Fatal(err)
	}
	b.outbox = notify.NewOutbox(db, notify.Options{Clock: b.clock.Now, Logger: logger, Key: secrets.Outbox(),
		Letterhead: notify.Letterhead{Service: "Northwind Cloud"}})
	b.mailbox = notify.NewMailbox(db, notify.MailboxOptions{Clock: b.clock.Now})
	options := Options{Secrets: secrets, Outbox: b.outbox, Clock: b.clock.Now, Logger: logger}
	if change != nil {
		change(&options)
	}
	if b.Service, err = NewService(db, options); err != nil {
		t.Fatal(err)
	}
	return b
}

// each runs a test on a bench over each database.
func each(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) { test(t, newBench(t, db, nil)) })
}

// letters delivers what waits and returns all letters to one recipient, newest first.
func (b *bench) letters(t *testing.T, to string) []notify.Letter {
	t.Helper()
	senders := map[notify.Channel]notify.Sender{notify.Email: b.mailbox, notify.SMS: b.mailbox}
	if _, err := b.outbox.DeliverDue(t.Context(), senders); err != nil {
		t.Fatal(err)
	}
	letters, err := b.mailbox.List(t.Context(), notify.LetterQuery{To: to})
	if err != nil {
		t.Fatal(err)
	}
	return letters
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, code string) {
	t.Helper()
	_ = refusal(t, err, code)
}

// refusal is refused, for a closer look.
func refusal(t *testing.T, err error, code string) *problem.Error {
	t.Helper()
	p, is := problem.As(err)
	if !is || p.Code != code {
		t.Fatalf("want %s, got %v", code, err)
	}
	return p
}

// pointers are the fields of a problem, sorted, as "pointer code".
func pointers(err error) []string {
	var out []string
	if p, is := problem.As(err); is {
		for _, f := range p.Fields {
			out = append(out, f.Pointer+" "+f.Code)
		}
	}
	slices.Sort(out)
	return out
}

// dump is everything in a table, as text.
func dump(t *testing.T, ctx context.Context, db *database.DB, table string) string {
	t.Helper()
	var rows []map[string]any
	if err := db.NewSelect().TableExpr(table).Scan(ctx, &rows); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, row := range rows {
		for column, value := range row {
			if raw, is := value.([]byte); is {
				value = string(raw)
			}
			_, _ = out.WriteString(column + "=" + strings.TrimSpace(toText(value)) + "\n")
		}
	}
	return out.String()
}
