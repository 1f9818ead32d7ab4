package cases

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/notify"
	"regain/problem"
	"regain/rules"
)

// change is one transaction on one case: the only way in which a case moves.
type change struct {
	ctx   context.Context
	s     *Service
	tx    bun.IDB
	actor Actor
	now   time.Time

	Case *Case
	// was is the state before this change, stored the whole row.
	was    State
	stored database.Snapshot
	// items are loaded by the first call of Items.
	items []*Item

	// supplied is loaded where a document is attached.
	supplied *supplied
	policy   *rules.Policy
	decision *rules.Decision
	// before is what the policy asked before this change of the answers.
	before *rules.Decision
	// permitted is the row of the table whose guards have agreed.
	permitted transition

	events   []*Event
	messages []notify.Message
	// quiet changes append events and rows beside the case, and nothing that
	// anybody decides on: they leave the version alone.
	quiet bool
	// assignee is whom the case is given to, undoes that this undoes what its actor did.
	assignee *Actor
	undoes   bool
	// mentioned are whom a note is for.
	mentioned []Actor
	// filed says that the case was filed before, place where it stood in the queue.
	filed bool
	place QueueKey
	// new is the change that begins the case: nothing of it is written yet.
	new bool
}

// target names the case to change and the version that the caller last saw;
// zero accepts any version.
type target struct {
	id      string
	version int64
}

// change locks the case, lets fn work on it, and writes what came of it. A change
// that records no event leaves no trace in the case's row. Errors:
// case_not_found, case_changed (a stale version), and whatever fn returns.
func (s *Service) change(ctx context.Context, actor Actor, t target, fn func(*change) error) (*Case, error) {
	var out *Case
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		c, err := s.lock(ctx, tx, t.id)
		if err != nil {
			return err
		}
		ch := &change{ctx: ctx, s: s, tx: tx, actor: actor, now: s.now(), Case: c, was: c.State, filed: c.FiledAt != nil, place: c.Key()}
		ch.stored = database.SnapshotOf(s.db, c)
		if err := ch.admit(); err != nil {
			return err
		}
		if t.version != 0 && t.version != c.Version {
			return errChanged(c.Version)
		}
		if err := fn(ch); err != nil {
			return err
		}
		out = c
		return ch.write()
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// errChanged tells the loser of two that somebody was faster.
func errChanged(current int64) error {
	return problem.Newf(problem.PreconditionFailed, "case_changed",
		"The case was changed by somebody else since you read it (it is at version %d now). Read it again and decide anew.", current)
}

// lock reads the case and keeps others from changing it until the transaction ends.
func (s *Service) lock(ctx context.Context, tx bun.IDB, id string) (*Case, error) {
	if c, err := s.lockForeseen(ctx, tx, id); c != nil || err != nil {
		return c, err
	}
	found := []*Case{}
	if err := s.db.Lock(ctx, tx, &found, id); err != nil {
		return nil, fmt.Errorf("lock case: %w", err)
	}
	if len(found) == 0 {
		return nil, errNotFound()
	}
	return found[0], nil
}

// admit checks that the actor may touch this case at all. What it may do is the
// table's matter.
func (ch *change) admit() error {
	if ch.actor.Kind == Partner {
		_, err := ch.s.activeInvitation(ch.ctx, ch.tx, ch.actor.ID, ch.Case.ID)
		return err
	}
	return ch.actor.mayRead(ch.Case)
}

// record appends an event, to be sealed when the change is written.
func (ch *change) record(action Action, facts Facts) error {
	if ch.actor.Member != "" {
		if facts == nil {
			facts = Facts{}
		}
		facts["member"] = ch.actor.Member
	}
	data, err := facts.encode()
	if err != nil {
		return err
	}
	ch.events = append(ch.events, &Event{
		CaseID: ch.Case.ID, Type: string(action), State: ch.Case.State, Round: ch.Case.Round,
		ActorKind: ch.actor.Kind, ActorID: ch.actor.ID, At: ch.now, Data: data,
	})
	return nil
}

// tell queues a message to the customer's proved contact, if there is one.
func (ch *change) tell(template string, data map[string]string) {
	if m := ch.letter(template, data); m != nil {
		ch.send(*m)
	}
}

// letter is a message to the customer's proved contact; nil when there is none. Its key
// is the event that it tells of, so that it is queued once.
func (ch *change) letter(template string, data map[string]string) *notify.Message {
	channel, to := ch.Case.Reach()
	if to == "" {
		return nil
	}
	if data == nil {
		data = map[string]string{}
	}
	data["reference"] = ch.Case.Reference
	return &notify.Message{
		Key:     fmt.Sprintf("%s/%d/%s/customer", ch.Case.ID, ch.Case.EventSeq+int64(len(ch.events)), template),
		Channel: notifyChannel(channel), To: to, Locale: ch.Case.Locale, Template: template, Data: data,
	}
}

func (ch *change) send(m notify.Message) { ch.messages = append(ch.messages, m) }

// notifyChannel maps how a person is reached to how a message travels.
func notifyChannel(c Channel) notify.Channel {
	if c == Phone {
		return notify.SMS
	}
	return notify.Email
}

// write seals and stores the events, the case and the messages.
func (ch *change) write() error {
	if len(ch.events) == 0 {
		return nil
	}
	c := ch.Case
	if ch.actor.Kind == Staff && c.ClaimedBy == ch.actor.ID && c.ClaimedNow(ch.now) {
		ch.prolong() // whoever works on a case keeps it
	}
	ch.sealEvents()
	if err := database.Add(ch.ctx, ch.s.db, ch.tx, ch.events...); err != nil {
		return fmt.Errorf("append events: %w", err)
	}
	if err := ch.writeCase(); err != nil {
		return err
	}
	if err := ch.placeTags(); err != nil {
		return err
	}
	if !ch.filed && c.FiledAt != nil {
		if err := ch.s.addWords(database.Later(ch.ctx), ch.tx, c.ID, particularWords(c)); err != nil {
			return err
		}
	}
	if err := ch.publish(); err != nil {
		return fmt.Errorf("tell webhooks: %w", err)
	}
	if err := ch.giveNotice(); err != nil {
		return err
	}
	return ch.queueMessages()
}

// sealEvents links the events to the end of the case's chain.
func (ch *change) sealEvents() {
	c := ch.Case
	for _, e := range ch.events {
		c.EventSeq++
		e.Seq = c.EventSeq
		e.seal(c.EventHead)
		c.EventHead = e.Hash
	}
}

func (ch *change) queueMessages() error {
	if len(ch.messages) == 0 {
		return nil
	}
	if err := ch.s.outbox.Enqueue(ch.ctx, ch.tx, ch.messages...); err != nil {
		return fmt.Errorf("queue messages: %w", err)
	}
	return nil
}

// writeCase updates the row, guarded by the version that was read: the lock
// makes a mismatch impossible, and this makes a broken lock harmless.
func (ch *change) writeCase() error {
	c := ch.Case
	read := c.Version
	if !ch.quiet {
		c.Version++
		c.UpdatedAt = ch.now
		c.Place()
	}
	if err := database.SaveChanged(ch.ctx, ch.s.db, ch.tx, c, ch.stored, "version", read); err != nil {
		return fmt.Errorf("write case: %w", err)
	}
	return nil
}

// affected is how many rows a statement changed.
func affected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// affecting makes one change beside the cases, in a transaction: the one of the call, which
// keeps its answer for when it is repeated. It says how many rows were changed.
func (s *Service) affecting(ctx context.Context, change func(tx bun.IDB) (sql.Result, error)) (n int64, err error) {
	err = s.db.InTx(ctx, func(_ context.Context, tx bun.IDB) error {
		n, err = affected(change(tx))
		return err
	})
	return n, err
}

// Policy is the policy that the case is pinned to.
func (ch *change) Policy() (*rules.Policy, error) {
	if ch.policy == nil {
		p, err := ch.s.policies.Pinned(ch.ctx, ch.Case.PolicyHash)
		if err != nil {
			return nil, err
		}
		ch.policy = p
	}
	return ch.policy, nil
}

// Decision is what the pinned policy makes of the case's answers.
func (ch *change) Decision() (*rules.Decision, error) {
	if ch.decision != nil {
		return ch.decision, nil
	}
	p, err := ch.Policy()
	if err != nil {
		return nil, err
	}
	d, err := decide(p, ch.Case.Answers.V)
	if err != nil {
		return nil, err
	}
	ch.decision = &d
	return ch.decision, nil
}

// decide parses and decides; stored answers were valid when they were stored.
func decide(p *rules.Policy, raw AnswersRaw) (rules.Decision, error) {
	answers, bad := p.ParseAnswers(raw)
	if len(bad) > 0 {
		return rules.Decision{}, problem.InvalidFields(problem.At("/answers", bad))
	}
	return p.Decide(answers), nil
}
