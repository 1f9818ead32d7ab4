package notify

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
)

// MostEndpoints bounds how many webhooks there are: every event is written once for
// each.
const MostEndpoints = 50

// EveryType subscribes to all types of events, those to come included.
const EveryType = "*"

// TestType is the type of the event by which a webhook is tried out.
const TestType = "webhook.test"

// Why a webhook is disabled.
const (
	DisabledByAdmin = "by_admin"
	DisabledFailing = "failing" // nothing was taken for long
	DisabledGone    = "gone"    // it answered 410
)

// What WebhooksOptions.Record is told of.
const (
	EndpointAdded    = "webhook_added"
	EndpointChanged  = "webhook_changed"
	EndpointEnabled  = "webhook_enabled"
	EndpointDisabled = "webhook_disabled"
	EndpointSecret   = "webhook_secret" // it got a new one
	EndpointRemoved  = "webhook_removed"
)

// WebhooksOptions configure Webhooks. Every field has a default.
type WebhooksOptions struct {
	Clock  func() time.Time
	IDs    func() string
	Random io.Reader
	Logger *slog.Logger
	// Key seals the secrets at rest; all zero leaves them readable, for tests only.
	Key [32]byte
	// Types are what can be subscribed to, beside EveryType.
	Types []string
	// Anywhere allows http and private addresses, for development.
	Anywhere bool
	// Alarm is told, in the transaction that disables a webhook because nothing was
	// taken for long.
	Alarm func(ctx context.Context, tx bun.IDB, e Endpoint) error
	// Record writes what somebody did to a webhook into a record that is only added to, in
	// the transaction that does it: who, one of the acts above, and the webhook's id.
	Record func(ctx context.Context, tx bun.IDB, by, act, id, other string) error

	// MaxAttempts is how often a delivery is tried, FirstWait the pause after the first
	// failure, doubled up to LongestWait: 20, 5 s and 8 h, which makes one to two and a half days.
	MaxAttempts            int
	FirstWait, LongestWait time.Duration
	// Timeout bounds one attempt (15 s), Lease a claim (1 min, and never less than twice Timeout).
	Timeout, Lease time.Duration
	// Poll is how often the worker looks without being woken (2 s), Concurrency how many
	// attempts it makes at once (8), PerEndpoint how many at one webhook (2), so that a
	// slow one does not hold up the others.
	Poll                     time.Duration
	Concurrency, PerEndpoint int
	// GiveUp is how long all attempts at a webhook fail before it is disabled (5 days),
	// Overlap how long a secret that was replaced still signs (24 h), Keep how long
	// deliveries are on record (30 days).
	GiveUp, Overlap, Keep time.Duration
}

func (o WebhooksOptions) withDefaults() WebhooksOptions {
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
	if o.Alarm == nil {
		o.Alarm = func(context.Context, bun.IDB, Endpoint) error { return nil }
	}
	if o.Record == nil {
		o.Record = func(context.Context, bun.IDB, string, string, string, string) error { return nil }
	}
	setDefault(&o.MaxAttempts, 20)
	setDefault(&o.FirstWait, 5*time.Second)
	setDefault(&o.LongestWait, 8*time.Hour)
	setDefault(&o.Timeout, 15*time.Second)
	setDefault(&o.Lease, time.Minute)
	setDefault(&o.Poll, 2*time.Second)
	setDefault(&o.Concurrency, 8)
	setDefault(&o.PerEndpoint, 2)
	setDefault(&o.GiveUp, 5*24*time.Hour)
	setDefault(&o.Overlap, 24*time.Hour)
	setDefault(&o.Keep, 30*24*time.Hour)
	o.Lease = max(o.Lease, 2*o.Timeout)
	return o
}

// Webhooks sends events to the endpoints that admins have named, each signed as the
// Standard Webhooks specification says. Events are written in the transaction of the
// change that they tell of. It is safe for concurrent use, by any number of processes.
type Webhooks struct {
	db      *database.DB
	options WebhooksOptions
	sealer  sealer
	client  *http.Client
	wake    chan struct{}
	// removed and marked tell upkeep of work.
	removed, marked chan struct{}
}

// NewWebhooks makes them.
func NewWebhooks(db *database.DB, options WebhooksOptions) (*Webhooks, error) {
	options = options.withDefaults()
	sealer, err := newSealer(options.Key, options.Random)
	if err != nil {
		return nil, err
	}
	return &Webhooks{
		db: db, options: options, sealer: sealer, client: hookClient(options.Timeout, options.Anywhere), wake: make(chan struct{}, 1),
		removed: make(chan struct{}, 1), marked: make(chan struct{}, 1),
	}, nil
}

func (w *Webhooks) now() time.Time { return w.options.Clock().UTC().Truncate(time.Microsecond) }

// Endpoint is one webhook, without its secret.
type Endpoint struct {
	ID, URL, Description string
	// Types are what it is told of.
	Types                []string
	CreatedBy            string
	CreatedAt, UpdatedAt time.Time
	// FailingSince is when its present run of failures began; nil while all is well.
	FailingSince *time.Time
	// DisabledAt is when it was disabled, for DisabledReason; nil while it is not.
	DisabledAt     *time.Time
	DisabledReason string
	// ReplayUntil is until when it failed what is being sent again; nil when nothing is.
	ReplayUntil *time.Time
	// OldSecretUntil is until when the secret before the present one signs, too.
	OldSecretUntil *time.Time
}

// Host is where it leads, for people: the address may hold a secret in its path.
func (e Endpoint) Host() string {
	if u, err := url.Parse(e.URL); err == nil {
		return u.Host
	}
	return ""
}

// Origin is its scheme and host.
func (e Endpoint) Origin() string {
	u, err := url.Parse(e.URL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// endpointRow is a webhook in the database.
type endpointRow struct {
	bun.BaseModel `bun:"table:webhooks,alias:w"`

	ID             string `bun:",pk"`
	URL            string
	Description    string
	Secret         []byte
	OldSecret      []byte
	OldSecretUntil *time.Time
	CreatedBy      string
	CreatedAt      time.Time
	UpdatedAt      time.Time
	FailingSince   *time.Time
	DisabledAt     *time.Time
	DisabledReason string
	ReplayUntil    *time.Time
}

// endpointTypeRow is one subscription.
type endpointTypeRow struct {
	bun.BaseModel `bun:"table:webhook_types,alias:wt"`

	WebhookID string `bun:",pk"`
	Type      string `bun:",pk"`
}

func (r endpointRow) endpoint(types []string, now time.Time) Endpoint {
	e := Endpoint{
		ID: r.ID, URL: r.URL, Description: r.Description, Types: types, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt.UTC(),
		UpdatedAt: r.UpdatedAt.UTC(), FailingSince: r.FailingSince, DisabledAt: r.DisabledAt, DisabledReason: r.DisabledReason, ReplayUntil: r.ReplayUntil,
	}
	if r.OldSecretUntil != nil && now.Before(*r.OldSecretUntil) {
		e.OldSecretUntil = r.OldSecretUntil
	}
	return e
}

// EndpointInput is what an admin says of a webhook.
type EndpointInput struct {
	URL, Description string
	Types            []string
}

// CreateEndpoint adds a webhook and returns it with its secret, which cannot be had
// again. Errors: invalid_fields with pointers "/url", "/types", "/description";
// too_many_webhooks.
func (w *Webhooks) CreateEndpoint(ctx context.Context, in EndpointInput, by string) (Endpoint, string, error) {
	if err := problem.InvalidFields(w.check(in)); err != nil {
		return Endpoint{}, "", err
	}
	now := w.now()
	row := endpointRow{ID: "wh_" + w.options.IDs(), URL: in.URL, Description: in.Description, CreatedBy: by, CreatedAt: now, UpdatedAt: now}
	secret, sealed, err := w.newSecret(row.ID)
	if err != nil {
		return Endpoint{}, "", err
	}
	row.Secret = sealed
	types := sortedTypes(in.Types)
	err = w.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		if err := w.db.Alone(ctx, tx, "webhooks"); err != nil {
			return err
		}
		n, err := tx.NewSelect().Model((*endpointRow)(nil)).Count(ctx)
		if err != nil {
			return err
		}
		if n >= MostEndpoints {
			return problem.Newf(problem.Conflict, "too_many_webhooks", "There are %d webhooks, which is the most. Remove one first.", n)
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		if err := writeTypes(ctx, tx, row.ID, types); err != nil {
			return err
		}
		return w.options.Record(ctx, tx, by, EndpointAdded, row.ID, "")
	})
	if err != nil {
		return Endpoint{}, "", fmt.Errorf("add a webhook: %w", err)
	}
	return row.endpoint(types, now), secret, nil
}

func sortedTypes(types []string) []string { return slices.Compact(slices.Sorted(slices.Values(types))) }

func writeTypes(ctx context.Context, tx bun.IDB, id string, types []string) error {
	if _, err := tx.NewDelete().Model((*endpointTypeRow)(nil)).Where("webhook_id = ?", id).Exec(ctx); err != nil {
		return err
	}
	rows := make([]endpointTypeRow, len(types))
	for i, t := range types {
		rows[i] = endpointTypeRow{WebhookID: id, Type: t}
	}
	_, err := tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}

// newSecret makes a secret, and what is stored of it.
func (w *Webhooks) newSecret(id string) (secret string, sealed []byte, err error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(w.options.Random, raw); err != nil {
		return "", nil, fmt.Errorf("make a webhook's secret: %w", err)
	}
	if sealed, err = w.sealer.sealed(id, raw); err != nil {
		return "", nil, fmt.Errorf("seal a webhook's secret: %w", err)
	}
	return secretPrefix + base64.StdEncoding.EncodeToString(raw), sealed, nil
}

// check finds what is wrong with what an admin typed.
func (w *Webhooks) check(in EndpointInput) []problem.Field {
	var fields []problem.Field
	if bad := problem.CheckText("/description", in.Description, 0, 200, problem.OneLine); bad != nil {
		fields = append(fields, *bad)
	}
	if bad := w.checkURL(in.URL); bad != nil {
		fields = append(fields, *bad)
	}
	if len(in.Types) == 0 {
		fields = append(fields, problem.Field{Pointer: "/types", Code: "required", Message: "Choose at least one type of event."})
	}
	for i, t := range in.Types {
		if t != EveryType && !slices.Contains(w.options.Types, t) {
			fields = append(fields, problem.Field{Pointer: fmt.Sprintf("/types/%d", i), Code: "not_a_choice", Message: "There is no such type of event."})
		}
	}
	return fields
}

func (w *Webhooks) checkURL(typed string) *problem.Field {
	fault := func(code, message string) *problem.Field {
		return &problem.Field{Pointer: "/url", Code: code, Message: message}
	}
	if bad := problem.CheckText("/url", typed, 1, 2000, problem.OneLine); bad != nil {
		return bad
	}
	u, err := url.Parse(typed)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(typed, " \\"):
		return fault("invalid_url", "Give a whole address, such as https://hooks.example.com/regain.")
	case u.User != nil || u.Fragment != "":
		return fault("invalid_url", "Leave out user names, passwords and what comes after #.")
	case u.Scheme != "https" && !w.options.Anywhere:
		return fault("https_required", "The address must begin with https://.")
	}
	if address, err := netip.ParseAddr(strings.Trim(u.Hostname(), "[]")); err == nil && !isPublic(address) && !w.options.Anywhere {
		return fault("private_address", "This address is not on the open internet. Webhooks can't lead there.")
	}
	return nil
}

// Endpoints are all webhooks, oldest first; MostEndpoints at most.
func (w *Webhooks) Endpoints(ctx context.Context) ([]Endpoint, error) {
	var rows []endpointRow
	var types []endpointTypeRow
	db := w.db.From(ctx)
	if err := db.NewSelect().Model(&rows).Order("created_at", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list webhooks: %w", err)
	}
	if err := db.NewSelect().Model(&types).Order("type").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list the types of webhooks: %w", err)
	}
	out := make([]Endpoint, len(rows))
	for i, r := range rows {
		own := []string{}
		for _, t := range types {
			if t.WebhookID == r.ID {
				own = append(own, t.Type)
			}
		}
		out[i] = r.endpoint(own, w.now())
	}
	return out, nil
}

func errNoWebhook() error {
	return problem.New(problem.NotFound, "webhook_not_found", "There is no such webhook.")
}

// Endpoint finds one. Error: webhook_not_found.
func (w *Webhooks) Endpoint(ctx context.Context, id string) (Endpoint, error) {
	row, err := w.row(ctx, w.db.From(ctx), id)
	if err != nil {
		return Endpoint{}, err
	}
	types := []string{}
	err = w.db.From(ctx).NewSelect().Model((*endpointTypeRow)(nil)).Column("type").Where("webhook_id = ?", id).Order("type").Scan(ctx, &types)
	if err != nil {
		return Endpoint{}, fmt.Errorf("read the types of a webhook: %w", err)
	}
	return row.endpoint(types, w.now()), nil
}

func (w *Webhooks) row(ctx context.Context, db bun.IDB, id string) (endpointRow, error) {
	var row endpointRow
	err := db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, errNoWebhook()
	}
	if err != nil {
		return row, fmt.Errorf("read a webhook: %w", err)
	}
	return row, nil
}

// hold keeps others from changing a webhook until the transaction ends: of two who change
// what it is told of at once, one comes after the other. Error: webhook_not_found.
func (w *Webhooks) hold(ctx context.Context, tx bun.IDB, id string) error {
	ids := []string{}
	if err := w.db.ForUpdate(tx.NewSelect().Model((*endpointRow)(nil)).Column("id").Where("id = ?", id)).Scan(ctx, &ids); err != nil {
		return fmt.Errorf("lock a webhook: %w", err)
	}
	if len(ids) == 0 {
		return errNoWebhook()
	}
	return nil
}

// ChangeEndpoint replaces what an admin has said of a webhook. What waits goes to the new
// address. Errors: as those of
// CreateEndpoint, and webhook_not_found.
func (w *Webhooks) ChangeEndpoint(ctx context.Context, by, id string, in EndpointInput) (Endpoint, error) {
	if err := problem.InvalidFields(w.check(in)); err != nil {
		return Endpoint{}, err
	}
	err := w.change(ctx, by, id, EndpointChanged, func(ctx context.Context, tx bun.IDB, update *bun.UpdateQuery) (*bun.UpdateQuery, error) {
		// Another address has not failed yet.
		return update.Set("url = ?", in.URL).Set("failing_since = CASE WHEN url = ? THEN failing_since END", in.URL).Set("description = ?", in.Description), writeTypes(ctx, tx, id, sortedTypes(in.Types))
	})
	if err != nil {
		return Endpoint{}, err
	}
	return w.Endpoint(ctx, id)
}

// EnableEndpoint lets a webhook be told again, with what still waits for it.
func (w *Webhooks) EnableEndpoint(ctx context.Context, by, id string) error {
	return w.change(ctx, by, id, EndpointEnabled, func(ctx context.Context, _ bun.IDB, update *bun.UpdateQuery) (*bun.UpdateQuery, error) {
		w.db.AfterCommit(ctx, w.Wake)
		return update.Set("disabled_at = NULL").Set("disabled_reason = ''").Set("failing_since = NULL"), nil
	})
}

// DisableEndpoint keeps a webhook from being told: what waits is kept, and what
// happens meanwhile is not.
func (w *Webhooks) DisableEndpoint(ctx context.Context, by, id string) error {
	return w.change(ctx, by, id, EndpointDisabled, func(_ context.Context, _ bun.IDB, update *bun.UpdateQuery) (*bun.UpdateQuery, error) {
		return update.Set("disabled_at = COALESCE(disabled_at, ?)", w.now()).
			Set("disabled_reason = CASE WHEN disabled_reason = '' THEN ? ELSE disabled_reason END", DisabledByAdmin), nil
	})
}

// RotateSecret gives a webhook a new secret and returns it, once. The one before
// signs, too, for as long as Overlap, so that the receiver can change over.
func (w *Webhooks) RotateSecret(ctx context.Context, by, id string) (string, error) {
	secret, sealed, err := w.newSecret(id)
	if err != nil {
		return "", err
	}
	err = w.change(ctx, by, id, EndpointSecret, func(_ context.Context, _ bun.IDB, update *bun.UpdateQuery) (*bun.UpdateQuery, error) {
		return update.Set("old_secret = secret").Set("secret = ?", sealed).Set("old_secret_until = ?", w.now().Add(w.options.Overlap)), nil
	})
	return secret, err
}

// DeleteEndpoint removes a webhook. The record of its deliveries, which may be long, goes
// after the call, some of it at a time.
func (w *Webhooks) DeleteEndpoint(ctx context.Context, by, id string) error {
	err := w.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		if err := w.hold(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*endpointTypeRow)(nil)).Where("webhook_id = ?", id).Exec(ctx); err != nil {
			return err
		}
		done, err := tx.NewDelete().Model((*endpointRow)(nil)).Where("id = ?", id).Exec(ctx)
		if err := oneRow(done, err); err != nil {
			return err
		}
		w.db.AfterCommit(ctx, func() { signal(w.removed) })
		return w.options.Record(ctx, tx, by, EndpointRemoved, id, "")
	})
	if err != nil {
		return fmt.Errorf("remove a webhook: %w", err)
	}
	return nil
}

// change changes a webhook's row, and records it as what by did.
func (w *Webhooks) change(ctx context.Context, by, id string, act string, set func(context.Context, bun.IDB, *bun.UpdateQuery) (*bun.UpdateQuery, error)) error {
	err := w.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		if err := w.hold(ctx, tx, id); err != nil {
			return err
		}
		update, err := set(ctx, tx, tx.NewUpdate().Model((*endpointRow)(nil)).Set("updated_at = ?", w.now()).Where("id = ?", id))
		if err != nil {
			return err
		}
		done, err := update.Exec(ctx)
		if err := oneRow(done, err); err != nil {
			return err
		}
		return w.options.Record(ctx, tx, by, act, id, "")
	})
	if err != nil {
		return fmt.Errorf("change a webhook: %w", err)
	}
	return nil
}

func oneRow(done sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errNoWebhook())
	}
	return nil
}
