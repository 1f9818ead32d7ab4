package notify

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"regain/problem"
)

// What is done with many deliveries at once is done some at a time, each a transaction of
// its own: were it all in one statement, then one that takes too long would fail, and the
// next would have still more to do. What a process leaves undone, another does.

// upkeepBatch is how many deliveries, or messages of the outbox, one statement removes, wipes or
// sends again.
const upkeepBatch = 5000

// inBatches does what takes a batch at a time until fewer are left.
func inBatches(some func() (sql.Result, error)) error {
	for {
		done, err := some()
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n < upkeepBatch {
			return err
		}
	}
}

// upkeep does what is due of that until ctx ends.
func (w *Webhooks) upkeep(ctx context.Context) {
	poll := time.NewTicker(w.options.Poll)
	defer poll.Stop()
	var swept time.Time
	for ctx.Err() == nil {
		if now := w.now(); now.Sub(swept) >= sweepEvery {
			swept = now
			w.sweepAndLog(ctx)
		}
		if err := w.replayMarked(ctx); err != nil && ctx.Err() == nil {
			w.options.Logger.ErrorContext(ctx, "webhooks: could not send again what failed", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-w.removed:
			swept = time.Time{}
		case <-w.marked:
		case <-poll.C:
		}
	}
}

func (w *Webhooks) sweepAndLog(ctx context.Context) {
	if err := w.sweep(ctx); err != nil && ctx.Err() == nil {
		w.options.Logger.ErrorContext(ctx, "webhooks: could not clean up", "error", err)
	}
}

// sweep removes the deliveries whose time on record is over, and those of webhooks that were
// removed.
func (w *Webhooks) sweep(ctx context.Context) error {
	until := w.now().Add(-w.options.Keep)
	if err := w.remove(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("wd.created_at <= ?", until) }); err != nil {
		return err
	}
	db := w.db.From(ctx)
	for after := ""; ; {
		ids := []string{}
		err := db.NewSelect().Model((*deliveryRow)(nil)).Column("wd.webhook_id").Where("wd.webhook_id > ?", after).OrderExpr("wd.webhook_id").Limit(1).Scan(ctx, &ids)
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[0]
		// A webhook is there before its first delivery, so one that is not there now was removed.
		there, err := db.NewSelect().Model((*endpointRow)(nil)).Where("id = ?", after).Exists(ctx)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		if err := w.remove(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("wd.webhook_id = ?", after) }); err != nil {
			return err
		}
	}
}

// remove removes deliveries, the oldest first.
func (w *Webhooks) remove(ctx context.Context, which func(*bun.SelectQuery) *bun.SelectQuery) error {
	db := w.db.From(ctx)
	return inBatches(func() (sql.Result, error) {
		some := which(db.NewSelect().Model((*deliveryRow)(nil)).Column("wd.id")).OrderExpr("wd.created_at").Limit(upkeepBatch)
		return db.NewDelete().Model((*deliveryRow)(nil)).Where("id IN (?)", some).Exec(ctx)
	})
}

// ReplayFailed sends everything again that ran out of attempts until now. Where that is much,
// the rest of it follows after the call; see ReplayLeft. Errors: webhook_not_found,
// webhook_disabled, nothing_failed.
func (w *Webhooks) ReplayFailed(ctx context.Context, id string) error {
	err := w.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		if err := w.enabled(ctx, tx, id); err != nil {
			return err
		}
		now := w.now()
		n, err := w.replayBatch(ctx, tx, id, now)
		switch {
		case err != nil:
			return err
		case n == 0:
			return problem.New(problem.Conflict, "nothing_failed", "No delivery of this webhook has failed for good.")
		case n < upkeepBatch:
			return nil
		}
		w.db.AfterCommit(ctx, func() { signal(w.marked) })
		_, err = tx.NewUpdate().Model((*endpointRow)(nil)).Set("replay_until = ?", now).Where("id = ?", id).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("send again: %w", err)
	}
	return nil
}

// replayBatch sends some again of what failed until then, and says how many.
func (w *Webhooks) replayBatch(ctx context.Context, tx bun.IDB, id string, until time.Time) (int64, error) {
	failed := tx.NewSelect().Model((*deliveryRow)(nil)).Column("wd.id").Where("wd.webhook_id = ?", id).Where("wd.state = ?", DeliveryFailed).
		Where("wd.done_at <= ?", until).OrderExpr("wd.created_at, wd.id").Limit(upkeepBatch)
	done, err := w.requeue(tx).Where("id IN (?)", w.db.ForUpdateSkipLocked(failed)).Exec(ctx)
	if err != nil {
		return 0, err
	}
	w.db.AfterCommit(ctx, w.Wake)
	return done.RowsAffected()
}

// replayMarked goes on with what calls of ReplayFailed have left.
func (w *Webhooks) replayMarked(ctx context.Context) error {
	for {
		more := false
		err := w.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
			var marked []endpointRow
			q := tx.NewSelect().Model(&marked).Column("id", "replay_until").Where("replay_until IS NOT NULL").OrderExpr("replay_until, id").Limit(1)
			if err := w.db.ForUpdateSkipLocked(q).Scan(ctx); err != nil || len(marked) == 0 {
				return err
			}
			more = true
			n, err := w.replayBatch(ctx, tx, marked[0].ID, *marked[0].ReplayUntil)
			if err != nil || n == upkeepBatch {
				return err
			}
			_, err = tx.NewUpdate().Model((*endpointRow)(nil)).Set("replay_until = NULL").Where("id = ?", marked[0].ID).Exec(ctx)
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}

// MostReplayLeft is as far as what is left to be sent again is counted.
const MostReplayLeft = 10_000

// ReplayLeft is how many deliveries of a webhook are still to be sent again after
// ReplayFailed, MostReplayLeft at most.
func (w *Webhooks) ReplayLeft(ctx context.Context, e Endpoint) (int, error) {
	if e.ReplayUntil == nil {
		return 0, nil
	}
	db := w.db.From(ctx)
	some := db.NewSelect().Model((*deliveryRow)(nil)).ColumnExpr("1").Where("wd.webhook_id = ?", e.ID).Where("wd.state = ?", DeliveryFailed).
		Where("wd.done_at <= ?", *e.ReplayUntil).Limit(MostReplayLeft)
	var n int
	if err := db.NewSelect().ColumnExpr("count(*)").TableExpr("(?) AS left_over", some).Scan(ctx, &n); err != nil {
		return 0, fmt.Errorf("count what is to be sent again: %w", err)
	}
	return n, nil
}

// requeue makes deliveries wait for a first attempt again. The fence keeps the result of an
// attempt under way from being taken for the new one's.
func (w *Webhooks) requeue(tx bun.IDB) *bun.UpdateQuery {
	return tx.NewUpdate().Model((*deliveryRow)(nil)).Set("state = ?", DeliveryQueued).Set("attempts = 0").Set("fence = fence + 1").
		Set("leased_until = NULL").Set("next_attempt_at = ?", w.now()).Set("done_at = NULL")
}
