package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"regain/problem"
	"regain/rules"
)

// maxSnooze is how long a case is put away at most: what is put away for longer is
// forgotten.
const maxSnooze = 90 * day

// SnoozePreset is a time to put a case away until, by the calendar of its policy.
type SnoozePreset string

// The presets. Each means the hour at which work begins on a working day.
const (
	SnoozeNextDay  SnoozePreset = "next_business_day"
	SnoozeNextWeek SnoozePreset = "next_week" // Monday, or the first day after it with work
	SnoozeAWeek    SnoozePreset = "in_a_week"
)

// SnoozePresets are all of them, the earliest first.
func SnoozePresets() []SnoozePreset {
	return []SnoozePreset{SnoozeNextDay, SnoozeNextWeek, SnoozeAWeek}
}

// SnoozeInput puts a case away until a time: exactly one of the first three is set.
type SnoozeInput struct {
	Preset SnoozePreset
	// Day is a day as YYYY-MM-DD: the hour at which work begins, or would begin, on it.
	Day   string
	Until time.Time
	// Note is for colleagues; may be empty.
	Note string
}

// SnoozeChoice is a preset with the time that it means for a case now.
type SnoozeChoice struct {
	Preset SnoozePreset
	Until  time.Time
	// BeyondDue says that the case will be late by then.
	BeyondDue bool
}

// SnoozeChoices are what the presets mean for a case at a time.
func SnoozeChoices(c *Case, p *rules.Policy, now time.Time) []SnoozeChoice {
	var out []SnoozeChoice
	for _, preset := range SnoozePresets() {
		until := preset.until(p.Calendar(), now)
		out = append(out, SnoozeChoice{Preset: preset, Until: until, BeyondDue: c.dueBy(until)})
	}
	return out
}

func (p SnoozePreset) until(calendar *rules.Calendar, now time.Time) time.Time {
	switch p {
	case SnoozeNextWeek:
		return calendar.NextWeek(now)
	case SnoozeAWeek:
		return calendar.Opening(now, 7)
	}
	return calendar.Opening(now, 1)
}

// dueBy says whether the review should be done before a time.
func (c *Case) dueBy(at time.Time) bool { return c.ReviewDue != nil && c.ReviewDue.Before(at) }

// SnoozedBeyondDue says that the case comes back when it is late already.
func (c *Case) SnoozedBeyondDue() bool { return c.SnoozedUntil != nil && c.dueBy(*c.SnoozedUntil) }

// when is the time that the input means.
func (in SnoozeInput) when(calendar *rules.Calendar, now time.Time) (time.Time, []problem.Field) {
	fault := func(field, code, message string) (time.Time, []problem.Field) {
		return time.Time{}, []problem.Field{{Pointer: field, Code: code, Message: message}}
	}
	until, field, given := in.Until.UTC(), "/until", 0
	if !in.Until.IsZero() {
		given++
	}
	if in.Day != "" {
		field, given = "/day", given+1
		day, err := time.Parse(time.DateOnly, in.Day)
		if err != nil {
			return fault(field, "not_a_date", "Give a day as YYYY-MM-DD.")
		}
		until = calendar.Morning(day)
	}
	if in.Preset != "" {
		field, given = "/preset", given+1
		if !slices.Contains(SnoozePresets(), in.Preset) {
			return fault(field, "not_a_choice", "Use next_business_day, next_week or in_a_week.")
		}
		until = in.Preset.until(calendar, now)
	}
	switch until = until.Truncate(time.Second); {
	case given != 1:
		return fault("/until", "one_of", "Give either a time, a day, or one of the choices.")
	case !until.After(now):
		return fault(field, "too_early", "Give a time that is still to come.")
	case until.After(now.Add(maxSnooze)):
		return fault(field, "too_late", "A case is put away for 90 days at most.")
	}
	return until, nil
}

// Snooze puts a case away until a time: out of its holder's list and of the list of what
// waits. Its review clock runs on. It comes back at that time, as soon as its customer
// does something, or when somebody wakes or takes it. Whoever holds it keeps it until it
// is back. Errors: role_required, not_holder, held, wrong_state, case_changed,
// invalid_fields.
func (s *Service) Snooze(ctx context.Context, actor Actor, caseID string, version int64, in SnoozeInput) (*Case, error) {
	in.Note = strings.TrimSpace(in.Note)
	return s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		if _, err := ch.permit(actSnooze); err != nil {
			return err
		}
		p, err := ch.Policy()
		if err != nil {
			return err
		}
		until, bad := in.when(p.Calendar(), ch.now)
		if f := problem.CheckText("/note", in.Note, 0, maxWords, problem.ManyLines); f != nil {
			bad = append(bad, *f)
		}
		if err := problem.InvalidFields(bad); err != nil {
			return err
		}
		return ch.snooze(until, in.Note)
	})
}

func (ch *change) snooze(until time.Time, note string) error {
	facts := Facts{"until": until.Format(time.RFC3339)}
	if note != "" {
		m, err := ch.addMessage(Note, note)
		if err != nil {
			return err
		}
		facts["note"] = m.ID
	}
	if err := ch.do(actSnooze, facts); err != nil {
		return err
	}
	c := ch.Case
	c.SnoozedUntil, c.SnoozedBy = &until, ch.actor.ID
	if back := until.Add(ch.s.opt.AssignTTL); c.ClaimedNow(ch.now) && c.ClaimExpires.Before(back) {
		c.ClaimExpires = &back
	}
	return nil
}

// Wake brings a case back that was put away. Errors: role_required, not_snoozed,
// wrong_state, case_changed.
func (s *Service) Wake(ctx context.Context, actor Actor, caseID string, version int64) (*Case, error) {
	return s.change(ctx, actor, target{id: caseID, version: version}, (*change).wake)
}

func (ch *change) wake() error {
	return ch.wakeFor(nil)
}

// wakeFor is wake with what the event tells of why.
func (ch *change) wakeFor(why Facts) error {
	if err := ch.do(actWake, why); err != nil {
		return err
	}
	ch.comeBack()
	return nil
}

// comeBack ends what keeps the case out of the lists. Its holder, if there is one, has
// as long for it as for one that is given to them.
func (ch *change) comeBack() {
	c := ch.Case
	c.SnoozedUntil, c.SnoozedBy = nil, ""
	if until := ch.now.Add(ch.s.opt.AssignTTL); c.ClaimExpires != nil && c.ClaimExpires.After(until) {
		c.ClaimExpires = &until
	}
}

// wakes says that an action brings a case back that was put away: what its customer or
// a partner does, whatever gives it to somebody, and what ends its review.
func (ch *change) wakes(action Action) bool {
	if ch.Case.SnoozedUntil == nil {
		return false
	}
	fromOutside := ch.actor.Kind == Customer || ch.actor.Kind == Partner
	return fromOutside && slices.Contains([]Action{actWrite, actProve, actSupply, actSubmit, actAppeal}, action) ||
		action == actClaim || action == actApprovePart || action == actAssign && !ch.undoes || // what is undone leaves it as it was
		ch.Case.State != Submitted && ch.Case.State != InReview
}

// mayPutAway keeps a case that somebody holds from being put away by others.
func mayPutAway(ch *change) error {
	if !ch.Case.ClaimedNow(ch.now) || ch.Case.ClaimedBy == ch.actor.ID || ch.actor.Has(RoleLead) {
		return nil
	}
	return errNotHolder()
}

// putAway guards waking.
func putAway(ch *change) error {
	if ch.Case.SnoozedUntil == nil {
		return problem.New(problem.Conflict, "not_snoozed", "This case is not put away (any more).")
	}
	return nil
}

// wakeDue brings back a case whose time has come.
func wakeDue(ch *change) (bool, error) {
	c := ch.Case
	if c.SnoozedUntil == nil || ch.now.Before(*c.SnoozedUntil) {
		return false, nil
	}
	if err := ch.wake(); err != nil {
		return false, fmt.Errorf("bring back what was put away: %w", err)
	}
	return true, nil
}
