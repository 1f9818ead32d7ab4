package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"regain/database"
)

// Options configure an Outbox. The zero value works; every field has a default.
type Options struct {
	// Clock tells the time; time.Now by default.
	Clock func() time.Time
	// IDs makes ids; UUIDv7 by default.
	IDs func() string
	// Random is for jitter and encryption; crypto/rand by default.
	Random io.Reader
	// Logger is told of deliveries that fail, without recipients or content.
	Logger *slog.Logger
	// Key seals recipients and data at rest. All zero leaves them readable in the
	// database, which is for tests only. After a change of key, messages that wait
	// are dead ("unreadable").
	Key [32]byte
	// Letterhead is shown in every message.
	Letterhead Letterhead
	// Observe is called for each thing that happens, for metrics. It must be quick
	// and safe for concurrent use.
	Observe func(Observation)

	// MaxAttempts is how often a message is tried; 20 by default, about ten hours.
	MaxAttempts int
	// FirstWait is the pause after the first failure, doubled after each further
	// one up to LongestWait, with up to half of it taken off by chance. 5 s and 1 h
	// by default.
	FirstWait, LongestWait time.Duration
	// SendTimeout bounds one attempt; 30 s by default. Lease is how long a claim
	// keeps others away; 2 min by default, and never less than twice SendTimeout.
	SendTimeout, Lease time.Duration
	// Poll is how often the worker looks without being woken; 2 s by default.
	Poll time.Duration
	// Concurrency is how many attempts a worker makes at once; 4 by default.
	Concurrency int
	// KeepDead is how long a message that ran out of attempts can be revived, and
	// KeepDone how long the row of a message, without its content, guards its key.
	// 7 and 90 days by default.
	KeepDead, KeepDone time.Duration
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.IDs == nil {
		o.IDs = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(Observation) {}
	}
	setDefault(&o.MaxAttempts, 20)
	setDefault(&o.FirstWait, 5*time.Second)
	setDefault(&o.LongestWait, time.Hour)
	setDefault(&o.SendTimeout, 30*time.Second)
	setDefault(&o.Lease, 2*time.Minute)
	setDefault(&o.Poll, 2*time.Second)
	setDefault(&o.Concurrency, 4)
	setDefault(&o.KeepDead, 7*24*time.Hour)
	setDefault(&o.KeepDone, 90*24*time.Hour)
	o.Lease = max(o.Lease, 2*o.SendTimeout)
	return o
}

func setDefault[N int | time.Duration](value *N, otherwise N) {
	if *value <= 0 {
		*value = otherwise
	}
}

// Event is what happened to a message, for metrics.
type Event string

// The events. Enqueued counts requests, also those whose key was there already.
const (
	Enqueued  Event = "enqueued"
	Sent      Event = "sent"
	Retried   Event = "retried"
	Dead      Event = "dead"
	Expired   Event = "expired"
	Decoyed   Event = "decoy"
	LostLease Event = "lost_lease"
)

// Observation is one event. Code is that of the failure, if any.
type Observation struct {
	Event    Event
	Channel  Channel
	Template string
	Code     string
}

// The states of a row.
const (
	stateQueued  = "queued"
	stateSent    = "sent"
	stateDead    = "dead"
	stateExpired = "expired"
	stateDecoy   = "decoy"
)

// Why a message is dead.
const (
	reasonPermanent  = "permanent"
	reasonExhausted  = "attempts_exhausted"
	reasonUnreadable = "unreadable"
	reasonTemplate   = "template"
	reasonNoSender   = "no_sender"
)

// Outbox keeps messages until they are delivered. It is safe for concurrent use,
// and any number of processes may share one database.
type Outbox struct {
	db        *database.DB
	options   Options
	templates *templates
	sealer    sealer
	wake      chan struct{}
}

// NewOutbox makes the outbox of a database.
func NewOutbox(db *database.DB, options Options) *Outbox {
	options = options.withDefaults()
	files, err := templateFiles()
	if err != nil {
		panic(err)
	}
	sealer, err := newSealer(options.Key, options.Random)
	if err != nil {
		panic(err)
	}
	return &Outbox{db: db, options: options, templates: newTemplates(files, options.Letterhead), sealer: sealer, wake: make(chan struct{}, 1)}
}

// row is a message in the database.
type row struct {
	bun.BaseModel `bun:"table:outbox,alias:outbox"`

	ID            string `bun:",pk"`
	MessageKey    string
	Channel       Channel
	Template      string
	Locale        string
	Payload       []byte
	State         string
	Reason        string
	LastCode      string
	Attempts      int
	NextAttemptAt time.Time
	LeasedUntil   *time.Time
	Fence         int64
	ExpiresAt     *time.Time
	CreatedAt     time.Time
	DoneAt        *time.Time
}

// Enqueue writes messages in the caller's transaction, so that they leave only if
// the change that they tell of is committed. A key that is there already, in
// whatever state, is left as it is. The worker is woken when the transaction is
// committed. An error other than the database's is a mistake of the calling code: no such template, data
// missing, an empty recipient.
func (o *Outbox) Enqueue(ctx context.Context, tx bun.IDB, messages ...Message) error {
	if len(messages) == 0 {
		return nil
	}
	now := o.now()
	rows := make([]row, 0, len(messages))
	for _, m := range messages {
		if err := o.check(m); err != nil {
			return fmt.Errorf("message %q: %w", m.Template, err)
		}
		r, err := o.rowOf(m, now)
		if err != nil {
			return fmt.Errorf("message %q: %w", m.Template, err)
		}
		rows = append(rows, r)
	}
	_, err := tx.NewInsert().Model(&rows).On("CONFLICT (message_key) DO NOTHING").Exec(database.Later(ctx))
	if err != nil {
		return fmt.Errorf("write to the outbox: %w", err)
	}
	o.db.AfterCommit(ctx, o.Wake)
	for _, r := range rows {
		if r.State == stateDecoy {
			o.observe(r, Decoyed, "")
			continue
		}
		o.observe(r, Enqueued, "")
	}
	return nil
}

// check finds mistakes of the calling code.
func (o *Outbox) check(m Message) error {
	switch {
	case m.Key == "":
		return errors.New("has no key")
	case m.Channel != Email && m.Channel != SMS:
		return errors.New("has no channel")
	case !m.Decoy && (m.To == "" || strings.ContainsFunc(m.To, unicode.IsControl)):
		return errors.New("has no recipient that could be written to")
	}
	return o.templates.check(m)
}

// Preview is a message as it would be sent; nothing is.
func (o *Outbox) Preview(m Message) (Rendered, error) { return o.templates.render(m) }

// rowOf does the same work for a decoy; only the end of it differs.
func (o *Outbox) rowOf(m Message, now time.Time) (row, error) {
	r := row{
		ID: o.options.IDs(), MessageKey: m.Key, Channel: m.Channel, Template: m.Template, Locale: nearestLocale(m.Locale),
		State: stateQueued, NextAttemptAt: now, CreatedAt: now,
	}
	sealed, err := o.sealer.seal(r.ID, payload{To: m.To, Data: m.Data})
	if err != nil {
		return row{}, err
	}
	r.Payload = sealed
	if !m.Expires.IsZero() {
		expires := m.Expires.UTC().Truncate(time.Microsecond)
		r.ExpiresAt = &expires
	}
	if m.Decoy {
		r.State, r.Payload, r.DoneAt = stateDecoy, nil, &now
	}
	return r, nil
}

// Wake tells the worker of this process to look at once. Call it after a commit
// that may have enqueued something; calling it too often does no harm.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default: // it is going to look anyway
	}
}

// Backlog is how much waits, for metrics and readiness.
type Backlog struct {
	// Queued waits for a first or a further attempt.
	Queued int
	// Dead ran out of attempts or was refused for good, and is not purged yet.
	Dead int
	// Oldest is the age of the oldest queued message; zero when there is none.
	Oldest time.Duration
}

// Backlog counts, each state by an index of its own: what was sent is not read.
func (o *Outbox) Backlog(ctx context.Context) (Backlog, error) {
	var b Backlog
	var queued struct {
		N      int
		Oldest *time.Time
	}
	db := o.db.From(ctx)
	err := db.NewSelect().Model((*row)(nil)).ColumnExpr("count(*) AS n").ColumnExpr("min(created_at) AS oldest").Where("state = ?", stateQueued).Scan(ctx, &queued)
	if err != nil {
		return Backlog{}, fmt.Errorf("count the outbox: %w", err)
	}
	dead, err := db.NewSelect().Model((*row)(nil)).Where("state = ?", stateDead).Count(ctx)
	if err != nil {
		return Backlog{}, fmt.Errorf("count the outbox: %w", err)
	}
	b.Queued, b.Dead = queued.N, int(dead)
	if queued.Oldest != nil {
		b.Oldest = o.now().Sub(*queued.Oldest)
	}
	return b, nil
}

func (o *Outbox) now() time.Time { return o.options.Clock().UTC().Truncate(time.Microsecond) }

func (o *Outbox) observe(r row, event Event, code string) {
	o.options.Observe(Observation{Event: event, Channel: r.Channel, Template: r.Template, Code: code})
}
