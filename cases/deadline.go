package cases

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"regain/problem"
	"regain/rules"
)

// reviewTime is the time for a review that the policy promises; where it says nothing,
// one business day.
func reviewTime(d *rules.Decision) rules.Duration {
	if within := d.Handling.ReviewWithin; within.N > 0 {
		return within
	}
	return rules.Duration{N: 1, Unit: rules.BusinessDays}
}

// overdue reports whether the customer's time is over.
func (c *Case) overdue(now time.Time) bool {
	return c.CustomerDue != nil && !now.Before(*c.CustomerDue)
}

// overdue guards expiry.
func overdue(ch *change) error {
	if !ch.Case.overdue(ch.now) {
		return problem.New(problem.Conflict, "not_overdue", "The customer still has time.")
	}
	return nil
}

// reminderBefore are the times before the deadline at which a customer is
// reminded, one after the other.
func reminderBefore() []time.Duration { return []time.Duration{7 * 24 * time.Hour, 48 * time.Hour} }

// remindersDue is how many of a deadline's reminders have had their time.
func remindersDue(now, deadline time.Time) int {
	n := 0
	for _, before := range reminderBefore() {
		if !now.Before(deadline.Add(-before)) {
			n++
		}
	}
	return n
}

// tickBatch is how many due cases are looked up at a time.
const tickBatch = 100

// Tick does what time brings: releases claims that ran out or whose holder is away, brings back
// what was put away, expires what customers let pass, and reminds them before. Safe to run on several servers at
// once. One case's failure does not stop the others. It returns how many cases
// it changed.
func (s *Service) Tick(ctx context.Context) (int, error) {
	if err := s.fillKeys(ctx); err != nil {
		return 0, err
	}
	done, err := s.giveBackOfAway(ctx)
	if err != nil {
		return done, fmt.Errorf("give back the cases of who is away: %w", err)
	}
	for _, step := range s.tickSteps() {
		n, err := s.tickStep(ctx, step)
		done += n
		if err != nil {
			return done, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return done, s.forgetPresences(ctx)
}

// tickStep is one thing that time brings. Where is a superset of the cases that
// it is due for; act looks again, with the case locked.
type tickStep struct {
	name  string
	where string
	args  []any
	act   func(*change) (acted bool, err error)
}

func (s *Service) tickSteps() []tickStep {
	now := s.now()
	steps := []tickStep{
		{"release expired claim", "c.claim_expires <= ?", []any{now}, releaseRunOut},
		{"expire", "c.customer_due <= ?", []any{now}, expireOverdue},
		{"wake", "c.snoozed_until <= ? AND c.snoozed_by <> ''", []any{now}, wakeDue},
		{"raise what is late", "c.review_due <= ? AND c.priority = 0", []any{now}, raiseLate},
	}
	for n, before := range reminderBefore() {
		steps = append(steps, tickStep{"remind", "c.customer_due <= ? AND c.reminders <= ?", []any{now.Add(before), n}, remindCustomer})
	}
	return steps
}

func (s *Service) tickStep(ctx context.Context, step tickStep) (int, error) {
	done, after := 0, ""
	for {
		ids := []string{}
		err := s.db.NewSelect().Model((*Case)(nil)).Column("id").Where("c.id > ?", after).Where(step.where, step.args...).
			Order("c.id").Limit(tickBatch).Scan(ctx, &ids)
		if err != nil {
			return done, fmt.Errorf("find due cases: %w", err)
		}
		for _, id := range ids {
			acted := false
			_, err := s.change(ctx, SystemActor(), target{id: id}, func(ch *change) error {
				var err error
				acted, err = step.act(ch)
				return err
			})
			switch {
			case err != nil:
				s.opt.Logger.ErrorContext(ctx, "deadline not handled", slog.String("step", step.name), slog.String("case", id), slog.Any("error", err))
			case acted:
				done++
			}
		}
		if len(ids) < tickBatch || ctx.Err() != nil {
			return done, ctx.Err()
		}
		after = ids[len(ids)-1]
	}
}

// releaseRunOut gives a case back whose holder stopped working on it.
func releaseRunOut(ch *change) (bool, error) {
	c := ch.Case
	if c.State != InReview || c.ClaimExpires == nil || c.ClaimedNow(ch.now) {
		return false, nil
	}
	if err := ch.do(actRelease, Facts{"holder": c.ClaimedBy, "expired": true}); err != nil {
		return false, err
	}
	ch.dropClaim()
	return true, nil
}

// raiseLate raises the priority of a case whose review takes longer than it should, and
// has leads told. A claim that waits for another one is nobody's to review yet. Whoever
// works on the case needs not read it again for that.
func raiseLate(ch *change) (bool, error) {
	c := ch.Case
	if c.ReviewDue == nil || ch.now.Before(*c.ReviewDue) || c.Priority > 0 || c.Held || c.State != Submitted && c.State != InReview {
		return false, nil
	}
	ch.quiet = true
	c.Priority = 1
	if err := ch.do(actLate, Facts{"due": c.ReviewDue.UTC().Format(time.RFC3339)}); err != nil {
		return false, err
	}
	if ch.s.opt.Late == nil {
		return true, nil
	}
	p, err := ch.Policy()
	if err != nil {
		return false, err
	}
	if err := ch.s.opt.Late(ch.ctx, ch.tx, LateReview{Reference: c.Reference, Due: *c.ReviewDue, At: ch.now, Locale: p.Language()}); err != nil {
		return false, fmt.Errorf("tell leads of a late review: %w", err)
	}
	return true, nil
}

func expireOverdue(ch *change) (bool, error) {
	if !ch.Case.WithCustomer() || !ch.Case.overdue(ch.now) {
		return false, nil
	}
	if err := ch.do(actExpire, nil); err != nil {
		return false, err
	}
	ch.tell("case_expired", nil)
	return true, ch.end()
}

// remindCustomer sends the latest reminder that is due, and none twice. It is no
// change of the case that anybody has to read again for.
func remindCustomer(ch *change) (bool, error) {
	c := ch.Case
	if !c.WithCustomer() || c.CustomerDue == nil {
		return false, nil
	}
	due := remindersDue(ch.now, *c.CustomerDue)
	if due <= c.Reminders {
		return false, nil
	}
	ch.quiet = true
	c.Reminders = due
	if err := ch.do(actRemind, Facts{"reminder": due}); err != nil {
		return false, err
	}
	ch.tell("item_reminder", map[string]string{"deadline": c.CustomerDue.UTC().Format(time.RFC3339)})
	return true, nil
}
