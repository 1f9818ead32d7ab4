package notify

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/internal/failpoint"
)

const (
	// recordTimeout bounds writing a result, also while the process is stopping.
	recordTimeout = 10 * time.Second
	// sweepEvery is how often a worker cleans up after finished messages.
	sweepEvery = time.Hour
)

// Run delivers messages until ctx ends; then it finishes the attempts under way,
// records their results and returns nil. Without a sender for a channel its
// messages are dead at once. Several workers may run, here and in other processes.
func (o *Outbox) Run(ctx context.Context, senders map[Channel]Sender) error {
	slots := make(chan struct{}, o.options.Concurrency)
	freed := make(chan struct{}, 1)
	var attempts sync.WaitGroup
	defer attempts.Wait()
	poll := time.NewTicker(o.options.Poll)
	defer poll.Stop()
	var swept time.Time
	for ctx.Err() == nil {
		if now := o.now(); now.Sub(swept) >= sweepEvery {
			swept = now
			o.sweepAndLog(ctx)
		}
		claimed := o.claimAndLog(ctx, cap(slots)-len(slots))
		for _, r := range claimed {
			slots <- struct{}{}
			attempts.Go(func() {
				o.deliver(ctx, senders, r)
				<-slots
				signal(freed)
			})
		}
		if len(claimed) > 0 && len(slots) < cap(slots) {
			continue // there may be more that is due
		}
		select {
		case <-ctx.Done():
		case <-o.wake:
		case <-freed:
		case <-poll.C:
		}
	}
	return nil
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// DeliverDue makes one attempt at each message that is due, one after another,
// and returns how many it tried. For commands and tests; servers use Run.
func (o *Outbox) DeliverDue(ctx context.Context, senders map[Channel]Sender) (int, error) {
	for tried := 0; ; tried++ {
		claimed, err := o.claim(ctx, 1)
		if err != nil || len(claimed) == 0 {
			return tried, err
		}
		o.deliver(ctx, senders, claimed[0])
	}
}

func (o *Outbox) claimAndLog(ctx context.Context, n int) []row {
	claimed, err := o.claim(ctx, n)
	if err != nil && ctx.Err() == nil {
		o.options.Logger.ErrorContext(ctx, "outbox: could not look for messages", "error", err)
	}
	return claimed
}

// claim takes up to n messages that are due, or whose worker was lost. The fence
// number is raised, so that an earlier claimant can no longer record a result, and
// the attempt is counted before it is made: a message that kills its worker every
// time still runs out of attempts.
func (o *Outbox) claim(ctx context.Context, n int) ([]row, error) {
	if n <= 0 {
		return nil, nil
	}
	var claimed []row
	err := o.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		now := o.now()
		due := o.db.ForUpdateSkipLocked(tx.NewSelect().Model((*row)(nil)).Column("id").
			Where("state = ?", stateQueued).
			Where("next_attempt_at <= ?", now).
			Where("leased_until IS NULL OR leased_until <= ?", now).
			OrderExpr("next_attempt_at, id").Limit(int64(n)))
		_, err := tx.NewUpdate().Model((*row)(nil)).
			Set("leased_until = ?", now.Add(o.options.Lease)).
			Set("fence = fence + 1").
			Set("attempts = attempts + 1").
			Where("id IN (?)", due).
			Returning("*").Exec(ctx, &claimed)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim messages: %w", err)
	}
	slices.SortFunc(claimed, func(a, b row) int { return a.NextAttemptAt.Compare(b.NextAttemptAt) })
	return claimed, nil
}

// deliver makes one attempt and records its result. It goes on when ctx ends,
// because a message that has left must be recorded as sent.
func (o *Outbox) deliver(ctx context.Context, senders map[Channel]Sender, r row) {
	ctx = context.WithoutCancel(ctx)
	failpoint.Hit("outbox.claimed", "")
	result := o.attempt(ctx, senders, r)
	failpoint.Hit("outbox.sent", "")
	o.record(ctx, r, result)
}

// result is what became of an attempt.
type result struct {
	state  string // stateQueued: to be tried again
	reason string
	code   string
	wait   time.Duration
}

// attempt decides what to do with a claimed message, and does it.
func (o *Outbox) attempt(ctx context.Context, senders map[Channel]Sender, r row) result {
	if r.ExpiresAt != nil && !o.now().Before(*r.ExpiresAt) {
		return result{state: stateExpired, reason: stateExpired, code: r.LastCode}
	}
	if r.Attempts > o.options.MaxAttempts {
		return result{state: stateDead, reason: reasonExhausted, code: r.LastCode}
	}
	sender := senders[r.Channel]
	if sender == nil {
		return result{state: stateDead, reason: reasonNoSender}
	}
	content, err := o.sealer.open(r.ID, r.Payload)
	if err != nil {
		return result{state: stateDead, reason: reasonUnreadable}
	}
	rendered, err := o.templates.render(Message{
		Channel: r.Channel, To: content.To, Locale: r.Locale, Template: r.Template, Data: content.Data,
	})
	if err != nil {
		o.options.Logger.ErrorContext(ctx, "outbox: message cannot be put into words", "id", r.ID, "error", err)
		return result{state: stateDead, reason: reasonTemplate}
	}
	rendered.ID = r.ID
	return o.judge(r, o.send(ctx, sender, rendered))
}

// send calls the sender, bounded in time; a panic in it fails the attempt only.
func (o *Outbox) send(ctx context.Context, sender Sender, m Rendered) (err error) {
	ctx, cancel := context.WithTimeout(ctx, o.options.SendTimeout)
	defer cancel()
	defer func() {
		if recover() != nil { // what it says may hold the message
			err = &SendError{Code: "panic"}
		}
	}()
	return sender.Send(ctx, m)
}

// judge says what the answer of a sender means.
func (o *Outbox) judge(r row, err error) result {
	if err == nil {
		return result{state: stateSent}
	}
	failure := sendErrorOf(err)
	switch {
	case failure.Permanent:
		return result{state: stateDead, reason: reasonPermanent, code: failure.Code}
	case r.Attempts >= o.options.MaxAttempts:
		return result{state: stateDead, reason: reasonExhausted, code: failure.Code}
	}
	wait := max(backoff(o.options.FirstWait, o.options.LongestWait, r.Attempts, o.options.Random), min(failure.RetryAfter, o.options.LongestWait))
	return result{state: stateQueued, code: failure.Code, wait: wait}
}

// backoff doubles with each attempt; chance takes up to half of it off, so that
// messages that failed together do not come back together.
func backoff(first, longest time.Duration, attempts int, random io.Reader) time.Duration {
	wait := longest
	if shift := attempts - 1; shift < 20 {
		wait = min(wait, first<<shift)
	}
	var seed [8]byte
	if _, err := io.ReadFull(random, seed[:]); err != nil {
		return wait
	}
	fraction := float64(binary.BigEndian.Uint64(seed[:])>>11) / (1 << 53)
	return wait - time.Duration(fraction*float64(wait)/2)
}

// record writes the result, if the claim still stands. Recipient and data go as
// soon as they are of no more use; only what ran out of attempts keeps them, so
// that it can be revived.
func (o *Outbox) record(ctx context.Context, r row, res result) {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	updated, err := o.write(ctx, r, res)
	for tries := 1; errors.Is(err, database.ErrBusy) && tries < 3; tries++ {
		updated, err = o.write(ctx, r, res)
	}
	log := o.options.Logger.With("id", r.ID, "channel", string(r.Channel), "template", r.Template,
		"attempt", r.Attempts, "code", res.code)
	switch {
	case err != nil:
		log.ErrorContext(ctx, "outbox: result not recorded, so the message may be sent again", "error", err)
		return
	case !updated:
		log.WarnContext(ctx, "outbox: another worker had taken the message over", "state", res.state)
		o.observe(r, LostLease, res.code)
		return
	}
	switch res.state {
	case stateSent:
		o.observe(r, Sent, "")
	case stateExpired:
		log.InfoContext(ctx, "outbox: message expired unsent")
		o.observe(r, Expired, res.code)
	case stateDead:
		log.ErrorContext(ctx, "outbox: message given up", "reason", res.reason)
		o.observe(r, Dead, res.code)
	default:
		log.WarnContext(ctx, "outbox: message will be tried again", "wait", res.wait)
		o.observe(r, Retried, res.code)
	}
}

func (o *Outbox) write(ctx context.Context, r row, res result) (bool, error) {
	now := o.now()
	update := o.db.From(ctx).NewUpdate().Model((*row)(nil)).
		Set("state = ?", res.state).Set("reason = ?", res.reason).Set("last_code = ?", res.code).
		Set("leased_until = NULL").
		Where("id = ?", r.ID).Where("fence = ?", r.Fence).Where("state = ?", stateQueued)
	if res.state == stateQueued {
		update = update.Set("next_attempt_at = ?", now.Add(res.wait).Truncate(time.Microsecond))
	} else {
		update = update.Set("done_at = ?", now)
		if res.reason != reasonExhausted {
			update = update.Set("payload = NULL")
		}
	}
	done, err := update.Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("record a message: %w", err)
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

// reviveBatch is how many messages one statement revives.
const reviveBatch = 1000

// revivable keeps what ran out of attempts and is not wiped yet.
func revivable(q *bun.SelectQuery) *bun.SelectQuery {
	return q.Where("state = ?", stateDead).Where("reason = ?", reasonExhausted).Where("payload IS NOT NULL")
}

// Revive queues again what ran out of attempts until now and is not wiped yet, for when
// the mail server was away for long; some at a time. It returns how many.
func (o *Outbox) Revive(ctx context.Context) (int, error) {
	db, began := o.db.From(ctx), o.now()
	for all := 0; ; {
		some := revivable(db.NewSelect().Model((*row)(nil)).Column("id")).Where("done_at <= ?", began).OrderExpr("done_at, id").Limit(reviveBatch)
		done, err := db.NewUpdate().Model((*row)(nil)).
			Set("state = ?", stateQueued).Set("reason = ''").Set("attempts = 0").
			Set("next_attempt_at = ?", began).Set("leased_until = NULL").Set("done_at = NULL").
			Where("id IN (?)", o.db.ForUpdateSkipLocked(some)).Exec(ctx)
		if err != nil {
			return all, fmt.Errorf("revive messages: %w", err)
		}
		n, err := done.RowsAffected()
		all += int(n)
		if err != nil || n < reviveBatch {
			o.Wake()
			return all, err
		}
	}
}

// GivenUp is a message that was given up, without whom it was for.
type GivenUp struct {
	Channel  Channel
	Template string
	Attempts int
	// Reason is why, LastCode how the last attempt failed.
	Reason, LastCode string
	// At is when it was given up.
	At time.Time
	// Revivable says that Revive takes it up again.
	Revivable bool
}

// GivenUp lists messages that were given up, the latest first, and gives the cursor of the
// next page.
func (o *Outbox) GivenUp(ctx context.Context, page database.Page) ([]GivenUp, string, error) {
	var rows []row
	q := o.db.From(ctx).NewSelect().Model(&rows).Where("state = ?", stateDead).Where("done_at IS NOT NULL")
	if err := page.Descending(q, "done_at", "id").Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list messages that were given up: %w", err)
	}
	rows, next, err := database.Next(page, rows, func(r row) (any, string) { return *r.DoneAt, r.ID })
	list := make([]GivenUp, len(rows))
	for i, r := range rows {
		list[i] = GivenUp{
			Channel: r.Channel, Template: r.Template, Attempts: r.Attempts, Reason: r.Reason, LastCode: r.LastCode, At: r.DoneAt.UTC(),
			Revivable: r.Reason == reasonExhausted && r.Payload != nil,
		}
	}
	return list, next, err
}

func (o *Outbox) sweepAndLog(ctx context.Context) {
	if err := o.sweep(ctx); err != nil && ctx.Err() == nil {
		o.options.Logger.ErrorContext(ctx, "outbox: could not clean up", "error", err)
	}
}

// sweep wipes dead messages that nobody revived, and deletes old rows, the oldest first and some
// at a time.
func (o *Outbox) sweep(ctx context.Context) error {
	now, db := o.now(), o.db.From(ctx)
	some := func() *bun.SelectQuery {
		return db.NewSelect().Model((*row)(nil)).Column("id").OrderExpr("done_at").Limit(upkeepBatch)
	}
	err := inBatches(func() (sql.Result, error) {
		dead := some().Where("state = ?", stateDead).Where("payload IS NOT NULL").Where("done_at <= ?", now.Add(-o.options.KeepDead))
		return db.NewUpdate().Model((*row)(nil)).Set("payload = NULL").Where("id IN (?)", dead).Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("wipe dead messages: %w", err)
	}
	err = inBatches(func() (sql.Result, error) {
		old := some().Where("done_at <= ?", now.Add(-o.options.KeepDone))
		return db.NewDelete().Model((*row)(nil)).Where("id IN (?)", old).Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("delete old messages: %w", err)
	}
	return nil
}
