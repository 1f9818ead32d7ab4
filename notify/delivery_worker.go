package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/internal/failpoint"
	"regain/problem"
)

// mostResponse is how much of an answer is read.
const mostResponse = 64 << 10

// Run delivers until ctx ends; then it finishes the attempts under way, records their
// results and returns nil. Several workers may run, here and in other processes.
func (w *Webhooks) Run(ctx context.Context) error {
	busy := newBusy(w.options.Concurrency, w.options.PerEndpoint)
	freed := make(chan struct{}, 1)
	var attempts sync.WaitGroup
	defer attempts.Wait()
	poll := time.NewTicker(w.options.Poll)
	defer poll.Stop()
	attempts.Go(func() { w.upkeep(ctx) }) // beside the deliveries, which do not wait for it
	for ctx.Err() == nil {
		for r := w.claimAndLog(ctx, busy); r != nil; r = w.claimAndLog(ctx, busy) {
			busy.enter(r.WebhookID)
			attempts.Go(func() {
				w.deliver(ctx, *r)
				busy.leave(r.WebhookID)
				signal(freed)
			})
		}
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-freed:
		case <-poll.C:
		}
	}
	return nil
}

// DeliverDue makes one attempt at each delivery that is due, one after another, and
// returns how many it tried. For tests; servers use Run.
func (w *Webhooks) DeliverDue(ctx context.Context) (int, error) {
	if err := w.replayMarked(ctx); err != nil {
		return 0, err
	}
	for tried := 0; ; tried++ {
		claimed, err := w.claim(ctx, nil)
		if err != nil || claimed == nil {
			return tried, err
		}
		w.deliver(ctx, *claimed)
	}
}

// busy counts the attempts under way, so that no webhook takes all places.
type busy struct {
	mu          sync.Mutex
	most, each  int
	all         int
	perEndpoint map[string]int
}

func newBusy(most, each int) *busy {
	return &busy{most: most, each: each, perEndpoint: map[string]int{}}
}

// free reports whether another attempt may begin.
func (b *busy) free() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all < b.most
}

// full are the webhooks that have all that is theirs.
func (b *busy) full() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ids []string
	for id, n := range b.perEndpoint {
		if n >= b.each {
			ids = append(ids, id)
		}
	}
	return ids
}

func (b *busy) enter(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all++
	b.perEndpoint[id]++
}

func (b *busy) leave(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all--
	if b.perEndpoint[id]--; b.perEndpoint[id] == 0 {
		delete(b.perEndpoint, id)
	}
}

// claimAndLog is claim while there is a place; nil when there is nothing to do.
func (w *Webhooks) claimAndLog(ctx context.Context, busy *busy) *deliveryRow {
	if ctx.Err() != nil || !busy.free() {
		return nil
	}
	claimed, err := w.claim(ctx, busy.full())
	if err != nil && ctx.Err() == nil {
		w.options.Logger.ErrorContext(ctx, "webhooks: could not look for deliveries", "error", err)
	}
	return claimed
}

// claim takes a delivery that is due, or whose worker was lost, at none of the webhooks
// that are named; nil when there is none. See Outbox.claim for the fence and the counting.
func (w *Webhooks) claim(ctx context.Context, but []string) (*deliveryRow, error) {
	ids, err := w.behind(ctx, but)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		claimed, err := w.claimOf(ctx, id)
		if err != nil || claimed != nil {
			return claimed, err
		}
	}
	return nil, nil //nolint:nilnil // nothing is due, which is no error
}

// due keeps the deliveries whose time has come and that no worker has.
func due(q *bun.SelectQuery, now time.Time) *bun.SelectQuery {
	return q.Where("wd.state = ?", DeliveryQueued).Where("wd.next_attempt_at <= ?", now).Where("(wd.leased_until IS NULL OR wd.leased_until <= ?)", now)
}

// behind are the webhooks for which something is due, first the one that has waited longest.
// The first delivery of each is looked at, by an index of its own: how many wait behind it,
// or for webhooks that are disabled, makes no difference.
func (w *Webhooks) behind(ctx context.Context, but []string) ([]string, error) {
	db := w.db.From(ctx)
	first := due(db.NewSelect().Model((*deliveryRow)(nil)).Column("wd.next_attempt_at").Where("wd.webhook_id = w.id"), w.now()).
		OrderExpr("wd.next_attempt_at, wd.id").Limit(1)
	each := db.NewSelect().Model((*endpointRow)(nil)).Column("w.id").ColumnExpr("(?) AS since", first).Where("w.disabled_at IS NULL")
	if len(but) > 0 {
		each = each.Where("w.id NOT IN (?)", bun.List(but))
	}
	ids := []string{}
	err := db.NewSelect().Column("id").TableExpr("(?) AS waiting", each).Where("since IS NOT NULL").OrderExpr("since, id").Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("look for webhooks to be told: %w", err)
	}
	return ids, nil
}

// claimOf takes what is due first for one webhook; nil when others have it all.
func (w *Webhooks) claimOf(ctx context.Context, id string) (*deliveryRow, error) {
	var claimed []deliveryRow
	err := w.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		now := w.now()
		enabled := tx.NewSelect().Model((*endpointRow)(nil)).Column("id").Where("id = ?", id).Where("disabled_at IS NULL")
		due := due(tx.NewSelect().Model((*deliveryRow)(nil)).Column("wd.id").Where("wd.webhook_id = ?", id), now).Where("wd.webhook_id IN (?)", enabled)
		_, err := tx.NewUpdate().Model((*deliveryRow)(nil)).
			Set("leased_until = ?", now.Add(w.options.Lease)).
			Set("fence = fence + 1").
			Set("attempts = attempts + 1").
			Where("id IN (?)", w.db.ForUpdateSkipLocked(due.OrderExpr("wd.next_attempt_at, wd.id").Limit(1))).
			Returning("*").Exec(ctx, &claimed)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim a delivery: %w", err)
	}
	if len(claimed) == 0 {
		return nil, nil //nolint:nilnil // others were faster, which is no error
	}
	return &claimed[0], nil
}

// outcome is how an attempt went.
type outcome struct {
	address string // where it was made; empty when it was not
	status  int
	took    time.Duration
	failure *SendError // nil when it was taken
}

// gone reports whether the receiver says that it wants nothing any more.
func (o outcome) gone() bool { return o.status == http.StatusGone }

// isOf reports whether the outcome says something of the webhook as it is now: what the
// receiver at an address that it had before answers does not.
func (o outcome) isOf(row endpointRow) bool { return o.address == "" || o.address == row.URL }

// deliver makes one attempt and records its result, also when ctx ends meanwhile.
func (w *Webhooks) deliver(ctx context.Context, r deliveryRow) {
	ctx = context.WithoutCancel(ctx)
	failpoint.Hit("webhook.claimed", "")
	began := time.Now()
	out := w.attempt(ctx, r)
	out.took = time.Since(began)
	failpoint.Hit("webhook.sent", "")
	w.record(ctx, r, out)
}

func (w *Webhooks) attempt(ctx context.Context, r deliveryRow) (out outcome) {
	if r.Attempts > w.options.MaxAttempts { // each one before took its worker along
		return outcome{failure: &SendError{Code: "interrupted"}}
	}
	defer func() {
		if recover() != nil {
			out = outcome{failure: &SendError{Code: "panic"}}
		}
	}()
	endpoint, err := w.row(ctx, w.db.From(ctx), r.WebhookID)
	if err != nil {
		return outcome{failure: &SendError{Code: "interrupted"}}
	}
	keys, err := w.keys(endpoint)
	if err != nil {
		return outcome{failure: &SendError{Code: "secret_unreadable"}}
	}
	ctx, cancel := context.WithTimeout(ctx, w.options.Timeout)
	defer cancel()
	request, err := w.signedRequest(ctx, endpoint.URL, r, keys)
	if err != nil {
		return outcome{failure: &SendError{Code: "configuration"}}
	}
	response, err := w.client.Do(request)
	if err != nil {
		return outcome{address: endpoint.URL, failure: noAnswer(ctx, err)}
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, mostResponse)) // so that the connection can be used again
	return outcome{address: endpoint.URL, status: response.StatusCode, failure: hookAnswer(response, w.options.Clock())}
}

// keys are those that sign: the present one, and for a while the one before it.
func (w *Webhooks) keys(r endpointRow) ([][]byte, error) {
	key, err := w.sealer.plain(r.ID, r.Secret)
	if err != nil {
		return nil, err
	}
	keys := [][]byte{key}
	if r.OldSecretUntil != nil && w.now().Before(*r.OldSecretUntil) {
		if key, err := w.sealer.plain(r.ID, r.OldSecret); err == nil {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func (w *Webhooks) signedRequest(ctx context.Context, address string, r deliveryRow, keys [][]byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader([]byte(r.Body)))
	if err != nil {
		return nil, err
	}
	timestamp := strconv.FormatInt(w.now().Unix(), 10)
	signatures := make([]string, len(keys))
	for i, key := range keys {
		signatures[i] = "v1," + webhookSignature(key, r.MessageID, timestamp, []byte(r.Body))
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Regain-Webhooks")
	request.Header.Set("webhook-id", r.MessageID)
	request.Header.Set("webhook-timestamp", timestamp)
	request.Header.Set("webhook-signature", strings.Join(signatures, " "))
	return request, nil
}

// noAnswer says why there was none; the error's own text would hold the address.
func noAnswer(ctx context.Context, err error) *SendError {
	switch {
	case errors.Is(err, errPrivateAddress):
		return &SendError{Code: "private_address"}
	case timedOut(ctx, err):
		return &SendError{Code: "timeout"}
	}
	return &SendError{Code: "no_connection"}
}

// hookAnswer reads an answer: any 2xx is taken, a redirect is not followed.
func hookAnswer(response *http.Response, now time.Time) *SendError {
	status := response.StatusCode
	if status >= 200 && status <= 299 {
		return nil
	}
	return &SendError{Code: "http_" + strconv.Itoa(status), RetryAfter: retryAfter(response.Header.Get("Retry-After"), now)}
}

// record writes the result, if the claim still stands, and what it says of the webhook.
func (w *Webhooks) record(ctx context.Context, r deliveryRow, out outcome) {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	err := w.write(ctx, r, out)
	for tries := 1; errors.Is(err, database.ErrBusy) && tries < 3; tries++ {
		err = w.write(ctx, r, out)
	}
	if err != nil {
		w.options.Logger.ErrorContext(ctx, "webhooks: result not recorded, so it may be sent again", "webhook", r.WebhookID, "message", r.MessageID, "error", err)
	}
}

func (w *Webhooks) write(ctx context.Context, r deliveryRow, out outcome) error {
	return w.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		now := w.now()
		var endpoint endpointRow
		if out.failure != nil { // otherwise nothing of it is asked
			var err error
			if endpoint, err = w.row(ctx, tx, r.WebhookID); err != nil {
				return ignoreRemoved(err)
			}
		}
		try := Try{At: now, Status: out.status, TookUS: out.took.Microseconds()}
		if out.failure != nil {
			try.Code = out.failure.Code
		}
		update := tx.NewUpdate().Model((*deliveryRow)(nil)).Set("tries = ?", r.tried(try)).
			Set("leased_until = NULL").Set("last_attempt_at = ?", now).Set("last_status = ?", out.status).Set("last_took = ?", out.took.Microseconds()).
			Where("id = ?", r.ID).Where("fence = ?", r.Fence).Where("state = ?", DeliveryQueued)
		switch {
		case out.failure == nil:
			update = update.Set("state = ?", DeliveryDelivered).Set("last_code = ''").Set("done_at = ?", now)
		case out.gone() && out.isOf(endpoint) || r.Attempts >= w.options.MaxAttempts:
			update = update.Set("state = ?", DeliveryFailed).Set("last_code = ?", out.failure.Code).Set("done_at = ?", now)
		default:
			wait := backoff(w.options.FirstWait, w.options.LongestWait, r.Attempts, w.options.Random)
			wait = max(wait, min(out.failure.RetryAfter, w.options.LongestWait))
			update = update.Set("last_code = ?", out.failure.Code).Set("next_attempt_at = ?", now.Add(wait).Truncate(time.Microsecond))
		}
		if _, err := update.Exec(ctx); err != nil {
			return fmt.Errorf("record a delivery: %w", err)
		}
		failpoint.Hit("webhook.recorded", "")
		switch {
		case out.failure == nil:
			return w.isWell(ctx, tx, r.WebhookID, out.address)
		case out.isOf(endpoint):
			return w.judgeEndpoint(ctx, tx, endpoint, out)
		}
		return nil
	})
}

// isWell ends a webhook's run of failures.
func (w *Webhooks) isWell(ctx context.Context, tx bun.IDB, id, address string) error {
	_, err := tx.NewUpdate().Model((*endpointRow)(nil)).Set("failing_since = NULL").
		Where("id = ?", id).Where("url = ?", address).Where("failing_since IS NOT NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("note that a webhook is well: %w", err)
	}
	return nil
}

// ignoreRemoved makes nothing of it that a webhook was removed meanwhile, with its deliveries.
func ignoreRemoved(err error) error {
	if problem.Is(err, "webhook_not_found") {
		return nil
	}
	return err
}

// judgeEndpoint notes that a webhook fails, and disables one that has taken nothing for
// long, or says that it is gone.
func (w *Webhooks) judgeEndpoint(ctx context.Context, tx bun.IDB, row endpointRow, out outcome) error {
	now := w.now()
	update := tx.NewUpdate().Model((*endpointRow)(nil)).Where("id = ?", row.ID).Where("url = ?", row.URL)
	reason := ""
	switch {
	case row.DisabledAt != nil:
		return nil
	case out.gone():
		reason = DisabledGone
	case row.FailingSince != nil && now.Sub(*row.FailingSince) >= w.options.GiveUp:
		reason = DisabledFailing
	case row.FailingSince != nil:
		return nil
	}
	update = update.Set("failing_since = COALESCE(failing_since, ?)", now)
	if reason != "" {
		update = update.Set("disabled_at = ?", now).Set("disabled_reason = ?", reason).Where("disabled_at IS NULL")
	}
	done, err := update.Exec(ctx)
	if err != nil || reason == "" {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 { // another worker was faster, and raised the alarm
		return err
	}
	row.DisabledAt, row.DisabledReason = &now, reason
	w.options.Logger.WarnContext(ctx, "webhook disabled", "webhook", row.ID, "reason", reason)
	if err := w.options.Alarm(ctx, tx, row.endpoint(nil, now)); err != nil {
		return fmt.Errorf("tell of a disabled webhook: %w", err)
	}
	return nil
}
