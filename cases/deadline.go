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

// overdue guards expiry.
func overdue(ch *change) error {
	if ch.Case.CustomerDue == nil || ch.now.Before(*ch.Case.CustomerDue) {
		return problem.New(problem.Conflict, "not_overdue", "The customer still has time.")
	}
	return nil
}

// reminderBefore are the times before the deadline at which a customer is
// reminded, one after the other.
func reminderBefore() []time.Duration { return []time.Duration{7 * 24 * time.Hour, 48 * time.Hour} }

// tickBatch bounds one look for due cases; the next tick goes on.
const tickBatch = 100

// Tick does what time brings: releases claims that ran out, reminds customers,
// and expires what they let pass. Safe to run on several servers at once. One
// case's failure does not stop the others. It returns how many cases it changed.
func (s *Service) Tick(ctx context.Context) (int, error) {
	done := 0
	for _, step := range []struct {
		name string
		find func(context.Context) ([]string, error)
		act  func(*change) error
	}{
		{"release expired claim", s.claimsRunOut, releaseRunOut},
		{"expire", s.customersOverdue, expireOverdue},
		{"remind", s.customersToRemind, remindCustomer},
	} {
		ids, err := step.find(ctx)
		if err != nil {
			return done, fmt.Errorf("%s: %w", step.name, err)
		}
		for _, id := range ids {
			if _, err := s.change(ctx, SystemActor(), target{id: id}, step.act); err != nil {
				s.opt.Logger.Error("deadline not handled", slog.String("step", step.name), slog.String("case", id), slog.Any("error", err))
				continue
			}
			done++
		}
	}
	return done, nil
}

func (s *Service) claimsRunOut(ctx context.Context) ([]string, error) {
	return s.dueCases(ctx, "c.claim_expires <= ?", s.now())
}

func (s *Service) customersOverdue(ctx context.Context) ([]string, error) {
	return s.dueCases(ctx, "c.customer_due <= ?", s.now())
}

// customersToRemind finds the cases whose next reminder is due.
func (s *Service) customersToRemind(ctx context.Context) ([]string, error) {
	var out []string
	for n, before := range reminderBefore() {
		ids, err := s.dueCases(ctx, "c.customer_due <= ? AND c.reminders <= ?", s.now().Add(before), n)
		if err != nil {
			return nil, err
		}
		out = append(out, ids...)
	}
	return out, nil
}

func (s *Service) dueCases(ctx context.Context, where string, args ...any) ([]string, error) {
	ids := []string{}
	err := s.db.NewSelect().Model((*Case)(nil)).Column("id").Where(where, args...).Order("c.id").Limit(tickBatch).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("find due cases: %w", err)
	}
	return ids, nil
}

// releaseRunOut gives a case back whose holder stopped working on it.
func releaseRunOut(ch *change) error {
	if ch.Case.ClaimExpires == nil || ch.Case.ClaimedNow(ch.now) {
		return nil
	}
	holder := ch.Case.ClaimedBy
	if err := ch.do(actRelease, Facts{"holder": holder, "expired": true}); err != nil {
		return err
	}
	ch.dropClaim()
	return nil
}

func expireOverdue(ch *change) error {
	if err := ch.do(actExpire, nil); err != nil {
		return err
	}
	ch.tell("case_expired", nil)
	return ch.end()
}

// remindCustomer sends the latest reminder that is due, and none twice.
func remindCustomer(ch *change) error {
	c := ch.Case
	if c.CustomerDue == nil {
		return nil
	}
	due := 0
	for _, before := range reminderBefore() {
		if !ch.now.Before(c.CustomerDue.Add(-before)) {
			due++
		}
	}
	if due <= c.Reminders {
		return nil
	}
	c.Reminders = due
	if err := ch.do(actRemind, Facts{"reminder": due}); err != nil {
		return err
	}
	ch.tell("item_reminder", map[string]string{"deadline": c.CustomerDue.Format(time.DateOnly)})
	return nil
}
