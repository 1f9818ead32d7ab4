package cases

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"regain/problem"
	"regain/rules"
)

// reviewDue adds a policy's review time to a moment. Business days are Monday
// to Friday in UTC; a holiday calendar is the policy's to bring.
func reviewDue(from time.Time, d rules.Duration) time.Time {
	switch d.Unit {
	case "hours":
		return from.Add(time.Duration(d.N) * time.Hour)
	case "days":
		return from.AddDate(0, 0, d.N)
	}
	due := from
	for left := max(1, d.N); left > 0; {
		due = due.AddDate(0, 0, 1)
		if wd := due.Weekday(); wd != time.Saturday && wd != time.Sunday {
			left--
		}
	}
	return due
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

// Tick does what time brings: releases claims that ran out, expires what
// customers let pass, and reminds them before. Safe to run on several servers at
// once. One case's failure does not stop the others. It returns how many cases
// it changed.
func (s *Service) Tick(ctx context.Context) (int, error) {
	if err := s.fillKeys(ctx); err != nil {
		return 0, err
	}
	done := 0
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
	ch.tell("item_reminder", map[string]string{"deadline": c.CustomerDue.Format(time.DateOnly)})
	return true, nil
}
