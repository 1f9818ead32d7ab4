package notify

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/database/databasetest"
)

func TestEnqueueBelongsToTheCallersTransaction(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b, sender := newBench(db, nil), &recorder{}
		refused := errors.New("refused")
		err := db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			if err := b.Enqueue(ctx, tx, approved(1)); err != nil {
				return err
			}
			return refused
		})
		if !errors.Is(err, refused) {
			t.Fatal(err)
		}
		if n := b.deliver(t, sender); n != 0 {
			t.Fatalf("%d messages of a change that was rolled back were sent", n)
		}
		err = db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			return b.Enqueue(ctx, tx, approved(1), approved(2))
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := b.deliver(t, sender); n != 2 {
			t.Errorf("want 2 sent, got %d", n)
		}
	})
}

func TestOneKeyIsOneMessage(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b, sender := newBench(db, nil), &recorder{}
		b.put(t, db, approved(1), approved(1))
		b.put(t, db, approved(1))
		b.deliver(t, sender)
		b.put(t, db, approved(1)) // also after it was sent
		b.deliver(t, sender)
		if sent := sender.all(); len(sent) != 1 || sent[0].Subject != "Your request AR-0001 was approved" {
			t.Errorf("sent %+v", sent)
		}
	})
}

func TestEnqueueRefusesMistakes(t *testing.T) {
	b := newBench(databasetest.SQLite(t), nil)
	for name, spoil := range map[string]func(*Message){
		"no key":             func(m *Message) { m.Key = "" },
		"no recipient":       func(m *Message) { m.To = "" },
		"a broken recipient": func(m *Message) { m.To = "ana@example.com\nBcc: eva@example.com" },
		"no channel":         func(m *Message) { m.Channel = "fax" },
		"no template":        func(m *Message) { m.Template = "nonsense" },
		"missing data":       func(m *Message) { m.Data = nil },
	} {
		m := approved(1)
		spoil(&m)
		err := b.Enqueue(t.Context(), b.db.DB, m)
		if err == nil {
			t.Errorf("%s was let pass", name)
		} else if strings.Contains(err.Error(), "example.com") {
			t.Errorf("%s: the error names the recipient: %v", name, err)
		}
	}
}

func TestPersonalDataIsSealedAndWiped(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b, sender := newBench(db, nil), &recorder{}
		b.put(t, db, approved(1))
		waiting := only(t, db)
		if len(waiting.Payload) == 0 || strings.Contains(string(waiting.Payload), "example") {
			t.Errorf("a waiting message is readable in the database: %q", waiting.Payload)
		}
		b.deliver(t, sender)
		done := only(t, db)
		if done.State != stateSent || done.Payload != nil || done.DoneAt == nil || done.LeasedUntil != nil {
			t.Errorf("after sending: %+v", done)
		}
		if sent := sender.all(); sent[0].To != "ana1@example.com" || sent[0].ID != done.ID {
			t.Errorf("sent %+v", sent[0])
		}
	})
}

func TestAnotherKeyCannotRead(t *testing.T) {
	db := databasetest.SQLite(t)
	b, sender := newBench(db, nil), &recorder{}
	b.put(t, db, approved(1))
	other := newBench(db, func(o *Options) { o.Key = [32]byte{9} })
	other.deliver(t, sender)
	if r := only(t, db); len(sender.all()) != 0 || r.State != stateDead || r.Reason != reasonUnreadable || r.Payload != nil {
		t.Errorf("row %+v", r)
	}
}

func TestRetriesBackOffAndThenGiveUp(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(db, func(o *Options) { o.MaxAttempts = 4 })
		sender := &recorder{answer: func(Rendered) error { return &SendError{Code: "smtp_451"} }}
		b.put(t, db, approved(1))
		for attempt, longest := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
			if n := b.deliver(t, sender); n != 1 {
				t.Fatalf("attempt %d: %d tried", attempt+1, n)
			}
			r := only(t, db)
			wait := r.NextAttemptAt.Sub(b.clock.Now())
			if r.State != stateQueued || r.Attempts != attempt+1 || r.LastCode != "smtp_451" || wait > longest || wait < longest/2 {
				t.Fatalf("attempt %d: wait %v, row %+v", attempt+1, wait, r)
			}
			b.clock.Advance(wait - time.Microsecond)
			if n := b.deliver(t, sender); n != 0 {
				t.Fatal("tried before its time")
			}
			b.clock.Advance(time.Microsecond)
		}
		b.deliver(t, sender)
		r := only(t, db)
		if r.State != stateDead || r.Reason != reasonExhausted || r.LastCode != "smtp_451" || r.Payload == nil {
			t.Errorf("row %+v", r)
		}
		if b.count(Retried) != 3 || b.count(Dead) != 1 || b.count(Enqueued) != 1 {
			t.Errorf("events %+v", b.events)
		}
		ids := map[string]bool{}
		for _, m := range sender.all() {
			ids[m.ID] = true
		}
		if len(ids) != 1 {
			t.Errorf("the id changed between attempts: %v", ids)
		}
	})
}

func TestDeadLetterIsRevivedOrWiped(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(db, func(o *Options) { o.MaxAttempts = 1 })
		failing, sender := &recorder{answer: func(Rendered) error { return errors.New("down") }}, &recorder{}
		b.put(t, db, approved(1))
		b.deliver(t, failing)
		if backlog, err := b.Backlog(t.Context()); err != nil || backlog.Dead != 1 || backlog.Queued != 0 {
			t.Fatalf("backlog %+v, %v", backlog, err)
		}
		list, _, err := b.GivenUp(t.Context(), database.Page{Limit: 10})
		if err != nil || len(list) != 1 || list[0].Reason != reasonExhausted || list[0].Attempts != 1 || !list[0].Revivable || !list[0].At.Equal(b.clock.Now()) {
			t.Errorf("given up: %+v, %v", list, err)
		}
		if n, err := b.Revive(t.Context()); err != nil || n != 1 {
			t.Fatalf("revived %d, %v", n, err)
		}
		b.clock.Advance(3 * time.Minute)
		if backlog, err := b.Backlog(t.Context()); err != nil || backlog.Queued != 1 || backlog.Oldest != 3*time.Minute {
			t.Fatalf("backlog %+v, %v", backlog, err)
		}
		b.deliver(t, sender)
		if len(sender.all()) != 1 {
			t.Error("a revived message was not sent")
		}
		b.put(t, db, approved(2))
		b.deliver(t, failing)
		b.clock.Advance(8 * 24 * time.Hour)
		if err := b.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Revive(t.Context()); err != nil || n != 0 {
			t.Errorf("revived %d that must have been wiped, %v", n, err)
		}
		if list, _, err := b.GivenUp(t.Context(), database.Page{Limit: 10}); err != nil || len(list) != 1 || list[0].Revivable {
			t.Errorf("wiped: %+v, %v", list, err)
		}
		b.clock.Advance(91 * 24 * time.Hour)
		if err := b.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := db.NewSelect().Model((*row)(nil)).Count(t.Context()); err != nil || n != 0 {
			t.Errorf("%d old rows left, %v", n, err)
		}
	})
}

// However much became old in an hour, no statement wipes or removes more than a batch of it.
func TestSweepGoesInBatches(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(db, nil)
		b.put(t, db, approved(1))
		const copies = upkeepBatch + 1
		_, err := db.ExecContext(t.Context(), `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
			INSERT INTO outbox (id, message_key, channel, template, locale, payload, state, reason, last_code, attempts, next_attempt_at, fence, created_at, done_at)
			SELECT 'copy ' || i, 'copy ' || i, channel, template, locale, payload, 'dead', reason, last_code, attempts, next_attempt_at, fence, created_at, created_at FROM outbox, n`, copies)
		if err != nil {
			t.Fatal(err)
		}
		watched := databasetest.WatchDeletes(db)
		left := func(where string) int64 {
			n, err := db.NewSelect().Model((*row)(nil)).Where(where).Count(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for _, step := range []struct {
			passed               time.Duration
			wiped, deleted, rows int64
		}{
			{8 * 24 * time.Hour, upkeepBatch, 0, copies}, {91 * 24 * time.Hour, upkeepBatch, upkeepBatch, 0},
		} {
			b.clock.Advance(step.passed)
			if err := b.sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if left("state = 'dead'") != step.rows || left("state = 'dead' AND payload IS NOT NULL") != 0 || watched.MostUpdated != step.wiped || watched.Most != step.deleted {
				t.Errorf("after %s %d are left, at most %d were wiped and %d deleted at once", step.passed, left("state = 'dead'"), watched.MostUpdated, watched.Most)
			}
		}
	})
}

func TestPermanentFailureIsDeadAtOnce(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(db, nil)
		sender := &recorder{answer: func(Rendered) error { return &SendError{Code: "smtp_550", Permanent: true} }}
		b.put(t, db, approved(1))
		b.deliver(t, sender)
		if r := only(t, db); r.State != stateDead || r.Reason != reasonPermanent || r.LastCode != "smtp_550" || r.Payload != nil {
			t.Errorf("row %+v", r)
		}
		if n, err := b.Revive(t.Context()); err != nil || n != 0 {
			t.Errorf("revived %d, %v", n, err)
		}
	})
}

func TestExpiredMessagesAreDropped(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b, sender := newBench(db, nil), &recorder{}
		m := approved(1)
		m.Expires = b.clock.Now().Add(10 * time.Minute)
		b.put(t, db, m)
		b.clock.Advance(10 * time.Minute)
		b.deliver(t, sender)
		r := only(t, db)
		if len(sender.all()) != 0 || r.State != stateExpired || r.Reason != stateExpired || r.Payload != nil || b.count(Expired) != 1 {
			t.Errorf("row %+v", r)
		}
	})
}

func TestDecoyIsWrittenAndNeverSent(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b, sender := newBench(db, nil), &recorder{}
		m := approved(1)
		m.Decoy, m.To = true, ""
		b.put(t, db, m)
		if n := b.deliver(t, sender); n != 0 || len(sender.all()) != 0 {
			t.Error("a decoy was tried")
		}
		if r := only(t, db); r.State != stateDecoy || r.Payload != nil || b.count(Decoyed) != 1 {
			t.Errorf("row %+v", r)
		}
	})
}

// A worker that lost its lease must not record a result over the one who took
// the message over.
func TestCompletionIsFenced(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(db, nil)
		b.put(t, db, approved(1))
		slow, err := b.claim(t.Context(), 5)
		if err != nil || len(slow) != 1 {
			t.Fatalf("claimed %d, %v", len(slow), err)
		}
		if again, err := b.claim(t.Context(), 5); err != nil || len(again) != 0 {
			t.Fatalf("claimed twice: %d, %v", len(again), err)
		}
		b.clock.Advance(b.options.Lease)
		taken, err := b.claim(t.Context(), 5)
		if err != nil || len(taken) != 1 || taken[0].Fence <= slow[0].Fence || taken[0].Attempts != 2 {
			t.Fatalf("not taken over: %+v, %v", taken, err)
		}
		b.record(t.Context(), slow[0], result{state: stateDead, reason: reasonPermanent})
		if r := only(t, db); r.State != stateQueued || r.Payload == nil || b.count(LostLease) != 1 {
			t.Errorf("the late worker had its way: %+v", r)
		}
		b.record(t.Context(), taken[0], result{state: stateSent})
		b.record(t.Context(), slow[0], result{state: stateQueued, wait: time.Second})
		if r := only(t, db); r.State != stateSent {
			t.Errorf("the late worker brought it back: %+v", r)
		}
	})
}

// A message that kills its worker each time runs out of attempts too.
func TestCrashesUseUpAttempts(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b, sender := newBench(db, func(o *Options) { o.MaxAttempts = 2 }), &recorder{}
		b.put(t, db, approved(1))
		for range 2 { // claimed, and never heard of again
			if claimed, err := b.claim(t.Context(), 1); err != nil || len(claimed) != 1 {
				t.Fatalf("claimed %d, %v", len(claimed), err)
			}
			b.clock.Advance(b.options.Lease)
		}
		b.deliver(t, sender)
		if r := only(t, db); len(sender.all()) != 0 || r.State != stateDead || r.Reason != reasonExhausted {
			t.Errorf("row %+v", r)
		}
	})
}

func TestPanickingSenderFailsOneAttempt(t *testing.T) {
	db := databasetest.SQLite(t)
	b := newBench(db, nil)
	b.put(t, db, approved(1))
	b.deliver(t, &recorder{answer: func(m Rendered) error { panic("cannot write to " + m.To) }})
	if r := only(t, db); r.State != stateQueued || r.LastCode != "panic" || strings.Contains(b.log.String(), "ana1@") {
		t.Errorf("row %+v, log %s", r, b.log)
	}
}

func TestWithoutSenderMessagesAreDead(t *testing.T) {
	db := databasetest.SQLite(t)
	b := newBench(db, nil)
	m := approved(1)
	m.Channel, m.To = SMS, "+5511987654321"
	b.put(t, db, m)
	if _, err := b.DeliverDue(t.Context(), map[Channel]Sender{Email: &recorder{}}); err != nil {
		t.Fatal(err)
	}
	if r := only(t, db); r.State != stateDead || r.Reason != reasonNoSender || r.Payload != nil {
		t.Errorf("row %+v", r)
	}
}

// Several workers share one queue: every message is sent, none twice.
func TestWorkersShareTheQueue(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		const messages, workers = 60, 4
		sender := &recorder{}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		var first *bench
		for range workers {
			b := newBench(db, nil)
			first = b
			running.Go(func() {
				if err := b.Run(ctx, map[Channel]Sender{Email: sender}); err != nil {
					t.Error(err)
				}
			})
		}
		for i := range messages {
			first.put(t, db, approved(i))
			first.Wake()
		}
		waitFor(t, func() bool { return len(sender.all()) >= messages })
		stop()
		running.Wait()
		ids := map[string]int{}
		for _, m := range sender.all() {
			ids[m.To]++
		}
		for to, n := range ids {
			if n != 1 {
				t.Errorf("%s got %d", to, n)
			}
		}
		sent, err := db.NewSelect().Model((*row)(nil)).Where("state = ?", stateSent).Count(t.Context())
		if err != nil || sent != messages || len(ids) != messages {
			t.Errorf("%d recorded, %d received, %v", sent, len(ids), err)
		}
	})
}

// Stopping waits for the attempt under way and records it.
func TestGracefulStop(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(db, func(o *Options) { o.Poll = time.Hour })
		begun, finish := make(chan struct{}), make(chan struct{})
		sender := &recorder{answer: func(Rendered) error {
			close(begun)
			<-finish
			return nil
		}}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx, map[Channel]Sender{Email: sender}) }()
		b.put(t, db, approved(1))
		b.Wake() // the next poll would be in an hour
		<-begun
		stop()
		select {
		case err := <-ended:
			t.Fatalf("stopped in the middle of an attempt: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
		close(finish)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if r := only(t, db); r.State != stateSent {
			t.Errorf("row %+v", r)
		}
	})
}

func TestSlowMessageHoldsUpNoOther(t *testing.T) {
	db := databasetest.SQLite(t)
	b := newBench(db, func(o *Options) { o.Concurrency = 2 })
	finish := make(chan struct{})
	sender := &recorder{answer: func(m Rendered) error {
		if m.To == "ana0@example.com" {
			<-finish
		}
		return nil
	}}
	for i := range 8 {
		b.put(t, db, approved(i))
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx, map[Channel]Sender{Email: sender}) }()
	waitFor(t, func() bool { return len(sender.all()) == 8 })
	close(finish)
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func TestRetryAfterIsHeeded(t *testing.T) {
	db := databasetest.SQLite(t)
	b := newBench(db, nil)
	b.put(t, db, approved(1))
	b.deliver(t, &recorder{answer: func(Rendered) error { return &SendError{Code: "webhook_429", RetryAfter: 10 * time.Minute} }})
	if r := only(t, db); r.NextAttemptAt.Sub(b.clock.Now()) != 10*time.Minute {
		t.Errorf("next attempt in %v", r.NextAttemptAt.Sub(b.clock.Now()))
	}
}

func TestBackoffIsBounded(t *testing.T) {
	b := newBench(databasetest.SQLite(t), nil)
	var waits []time.Duration
	for range 50 {
		for _, attempts := range []int{11, 40, 1 << 30} {
			wait := backoff(b.options.FirstWait, b.options.LongestWait, attempts, b.options.Random)
			if wait > time.Hour || wait < 30*time.Minute {
				t.Fatalf("attempt %d: %v", attempts, wait)
			}
			waits = append(waits, wait)
		}
	}
	slices.Sort(waits)
	if len(slices.Compact(waits)) < 100 {
		t.Error("the waits hardly differ")
	}
}

// Logs and errors of a whole life hold no address, code or content.
func TestLogsHoldNoPersonalData(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(db, func(o *Options) { o.MaxAttempts = 2 })
		code := Message{Key: "k1", Channel: Email, To: "secret.person@example.com", Template: "code",
			Data: map[string]string{"code": "918273", "minutes": "10", "purpose": "verify_contact"}}
		denied := Message{Key: "k2", Channel: SMS, To: "+5511987654321", Template: "case_denied",
			Data: map[string]string{"reference": "AR-SECRET", "reason": "private words", "appeal_until": ""}}
		b.put(t, db, code, denied)
		for range 3 {
			b.deliver(t, &recorder{answer: func(m Rendered) error {
				return errors.New("could not write to " + m.To + ": " + m.Text)
			}})
			b.clock.Advance(time.Hour)
		}
		if b.count(Dead) != 2 {
			t.Fatal("they should have died")
		}
		log := b.log.String()
		for _, private := range []string{"secret.person", "918273", "5511987654321", "AR-SECRET", "private words"} {
			if strings.Contains(log, private) {
				t.Errorf("the log holds %q: %s", private, log)
			}
		}
	})
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited too long")
		}
	}
}
