package notify

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
)

// DeliveryState is how a delivery stands.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryQueued    DeliveryState = "queued" // waits for a first or a further attempt
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryFailed    DeliveryState = "failed" // ran out of attempts
)

// Happening is something that webhooks are told of.
type Happening struct {
	// ID names the message: the same in every attempt, at every webhook.
	ID   string
	Type string
	// CaseID may be empty.
	CaseID string
	At     time.Time
	// Data is what a receiver reads beside type and time: ids and codes alone.
	Data any
}

// Delivery is one message to one webhook, with how the last attempt went.
type Delivery struct {
	WebhookID, MessageID, Type, CaseID string
	// Body is the very bytes that are sent.
	Body          string
	State         DeliveryState
	Attempts      int
	CreatedAt     time.Time
	NextAttemptAt *time.Time // while it is queued
	LastAttemptAt *time.Time
	// LastStatus is the HTTP status of the last attempt, 0 without an answer; LastCode
	// says what was wrong with it, empty when nothing was.
	LastStatus int
	LastCode   string
	LastTook   time.Duration
	// Tries are the last attempts, at most mostTries, the oldest first. An attempt that took its
	// worker along is not among them.
	Tries  []Try
	DoneAt *time.Time
}

// Try is one attempt to deliver: as the LastX of a Delivery say it of the last.
type Try struct {
	At     time.Time `json:"at"`
	Status int       `json:"status,omitempty"`
	Code   string    `json:"code,omitempty"`
	TookUS int64     `json:"took"` // microseconds
}

// Took is how long it took.
func (t Try) Took() time.Duration { return time.Duration(t.TookUS) * time.Microsecond }

// mostTries is how many attempts are kept of a delivery: as many as are made, unless it is sent
// again by hand.
const mostTries = 20

// deliveryRow is a delivery in the database.
type deliveryRow struct {
	bun.BaseModel `bun:"table:webhook_deliveries,alias:wd"`

	ID            string `bun:",pk"`
	WebhookID     string
	MessageID     string
	Type          string
	CaseID        string
	Body          string
	State         DeliveryState
	Attempts      int
	Fence         int64
	NextAttemptAt time.Time
	LeasedUntil   *time.Time
	LastAttemptAt *time.Time
	LastStatus    int
	LastCode      string
	LastTook      int64 // microseconds
	Tries         database.JSON[[]Try]
	CreatedAt     time.Time
	DoneAt        *time.Time
}

// tried are the attempts with one more.
func (r deliveryRow) tried(t Try) database.JSON[[]Try] {
	tries := append(slices.Clone(r.Tries.V), t)
	return database.NewJSON(tries[max(0, len(tries)-mostTries):])
}

func (r deliveryRow) delivery() Delivery {
	d := Delivery{
		WebhookID: r.WebhookID, MessageID: r.MessageID, Type: r.Type, CaseID: r.CaseID, Body: r.Body, State: r.State, Attempts: r.Attempts,
		CreatedAt: r.CreatedAt.UTC(), LastAttemptAt: r.LastAttemptAt, LastStatus: r.LastStatus, LastCode: r.LastCode,
		LastTook: time.Duration(r.LastTook) * time.Microsecond, Tries: r.Tries.V, DoneAt: r.DoneAt,
	}
	if r.State == DeliveryQueued {
		d.NextAttemptAt = &r.NextAttemptAt
	}
	return d
}

// hookBody is what a receiver reads, as Standard Webhooks writes it.
type hookBody struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      any       `json:"data"`
}

// publish writes a delivery for every webhook that is told of the type; where there is
// none, nothing.
var publish = database.NewShape("INSERT INTO webhook_deliveries (id, webhook_id, message_id, type, case_id, body, state, attempts, fence, next_attempt_at, " +
	"last_status, last_code, last_took, created_at) " +
	"SELECT w.id || '/' || ?, w.id, ?, ?, ?, ?, 'queued', 0, 0, ?, 0, '', 0, ? FROM webhooks AS w " +
	"WHERE w.disabled_at IS NULL AND EXISTS (SELECT 1 FROM webhook_types AS t WHERE t.webhook_id = w.id AND t.type IN (?, '*'))")

// Publish writes what happened for every webhook that is told of it, in the caller's
// transaction, so that it leaves only if the change is committed.
func (w *Webhooks) Publish(ctx context.Context, tx bun.IDB, h Happening) error {
	body, err := json.Marshal(hookBody{Type: h.Type, Timestamp: h.At.UTC(), Data: h.Data})
	if err != nil {
		return fmt.Errorf("encode a webhook's message: %w", err)
	}
	now := w.now()
	err = w.db.RunShape(database.Later(ctx), tx, publish, h.ID, h.ID, h.Type, h.CaseID, string(body), now, now, h.Type)
	if err != nil {
		return fmt.Errorf("write to webhooks: %w", err)
	}
	w.db.AfterCommit(ctx, w.Wake)
	return nil
}

// Wake tells the worker of this process to look at once.
func (w *Webhooks) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // it is going to look anyway
	}
}

// Test queues a message of the type TestType for one webhook, whatever it is told of.
// Errors: webhook_not_found, webhook_disabled.
func (w *Webhooks) Test(ctx context.Context, id string) (Delivery, error) {
	now := w.now()
	message := "evt_test_" + w.options.IDs()
	body, err := json.Marshal(hookBody{Type: TestType, Timestamp: now, Data: map[string]string{"webhook": id}})
	if err != nil {
		return Delivery{}, fmt.Errorf("encode a webhook's test: %w", err)
	}
	row := deliveryRow{
		ID: deliveryID(id, message), WebhookID: id, MessageID: message, Type: TestType, Body: string(body), State: DeliveryQueued,
		NextAttemptAt: now, CreatedAt: now,
	}
	err = w.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		if err := w.enabled(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		w.db.AfterCommit(ctx, w.Wake)
		return err
	})
	if err != nil {
		return Delivery{}, fmt.Errorf("test a webhook: %w", err)
	}
	return row.delivery(), nil
}

func deliveryID(webhook, message string) string { return webhook + "/" + message }

// enabled refuses what would wait for a webhook that is not told anything.
func (w *Webhooks) enabled(ctx context.Context, db bun.IDB, id string) error {
	row, err := w.row(ctx, db, id)
	if err == nil && row.DisabledAt != nil {
		return problem.New(problem.Conflict, "webhook_disabled", "This webhook is disabled. Enable it first.")
	}
	return err
}

// DeliveryQuery asks for a page of a webhook's deliveries, newest first.
type DeliveryQuery struct {
	// State narrows; empty is all.
	State DeliveryState
	Page  database.Page
}

// Deliveries lists the record of a webhook. Error: webhook_not_found.
func (w *Webhooks) Deliveries(ctx context.Context, id string, in DeliveryQuery) ([]Delivery, string, error) {
	if _, err := w.row(ctx, w.db.From(ctx), id); err != nil {
		return nil, "", err
	}
	var rows []deliveryRow
	q := in.Page.Descending(w.db.From(ctx).NewSelect().Model(&rows).Where("webhook_id = ?", id), "created_at", "id")
	if in.State != "" {
		q = q.Where("state = ?", in.State)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list deliveries: %w", err)
	}
	rows, next, err := database.Next(in.Page, rows, func(r deliveryRow) (any, string) { return r.CreatedAt, r.ID })
	out := make([]Delivery, len(rows))
	for i, r := range rows {
		out[i] = r.delivery()
	}
	return out, next, err
}

// Delivery finds one. Error: delivery_not_found.
func (w *Webhooks) Delivery(ctx context.Context, id, message string) (Delivery, error) {
	var row deliveryRow
	// What is left of a webhook that was removed is not to be seen any more.
	err := w.db.From(ctx).NewSelect().Model(&row).Where("id = ?", deliveryID(id, message)).
		Where("EXISTS (SELECT 1 FROM webhooks AS w WHERE w.id = wd.webhook_id)").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Delivery{}, errNoDelivery()
	}
	if err != nil {
		return Delivery{}, fmt.Errorf("read a delivery: %w", err)
	}
	return row.delivery(), nil
}

func errNoDelivery() error {
	return problem.New(problem.NotFound, "delivery_not_found", "There is no such delivery; they are kept for some weeks.")
}

// Replay sends a message again, with all its attempts before it, whether it was taken
// or not; what waits is sent at once. An attempt that is under way does not count, however
// it ends. Its id stays the same. Errors:
// webhook_not_found, webhook_disabled, delivery_not_found.
func (w *Webhooks) Replay(ctx context.Context, id, message string) error {
	err := w.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		if err := w.enabled(ctx, tx, id); err != nil {
			return err
		}
		done, err := w.requeue(tx).Where("id = ?", deliveryID(id, message)).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errNoDelivery())
		}
		w.db.AfterCommit(ctx, w.Wake)
		return nil
	})
	if err != nil {
		return fmt.Errorf("send again: %w", err)
	}
	return nil
}
