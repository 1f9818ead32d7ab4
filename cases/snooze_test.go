package cases_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"regain/cases"
)

func (c *claimant) snooze(who cases.Actor, in cases.SnoozeInput) error {
	_, err := c.Snooze(c.ctx, who, c.id, 0, in)
	return err
}

func inAWeek() cases.SnoozeInput { return cases.SnoozeInput{Preset: cases.SnoozeAWeek} }

// A case that was put away is in no list of what is to do, keeps its due time, and comes
// back to where it was at the time.
func TestSnooze(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva := reviewer("ben"), reviewer("eva")
		mine, free := w.filed("mine", withCard(0)), w.filed("free", withCard(0))
		mine.claim(ben)
		due := mine.read().ReviewDue
		must(t, mine.snooze(ben, cases.SnoozeInput{Preset: cases.SnoozeNextDay, Note: "The bank answers tomorrow."}))
		must(t, free.snooze(eva, inAWeek()))
		w.wantQueue(ben, cases.ViewMine)
		w.wantQueue(ben, cases.ViewUnassigned)
		w.wantQueue(auditor("ada"), cases.ViewSnoozed, mine, free)
		w.wantQueue(ben, cases.ViewAll, mine, free)
		_, err := w.ClaimNext(w.ctx, eva)
		wantCode(t, err, "queue_empty")
		counts, err := w.QueueCounts(w.ctx, ben)
		must(t, err)
		wantSame(t, "counts", fmt.Sprint(counts[cases.ViewMine], counts[cases.ViewUnassigned], counts[cases.ViewSnoozed]), "0 0 2")
		got := mine.wantState(cases.InReview)
		wantSame(t, "until", got.SnoozedUntil.Format(time.RFC3339), "2026-03-03T08:00:00Z") // the next morning
		wantSame(t, "by", got.SnoozedBy, ben.ID)
		wantSame(t, "the clock runs on", got.ReviewDue.Equal(*due), true)
		notes, err := w.Messages(w.ctx, ben, mine.id, cases.MessageQuery{Kind: cases.Note, Limit: 10})
		must(t, err)
		wantSame(t, "the note", notes[0].Body, "The bank answers tomorrow.")

		// Whoever holds it keeps it until it is back, and a day more.
		w.clock.move(22 * time.Hour)
		w.tick(0)
		w.clock.move(time.Hour)
		w.tick(1)
		w.wantQueue(ben, cases.ViewMine, mine)
		wantSame(t, "held for", mine.read().ClaimExpires.Sub(w.clock.now()), 24*time.Hour)
		w.clock.move(25 * time.Hour)
		w.tick(3) // the claim ran out, and both are late: the one that is put away, too
		free.wantState(cases.Submitted)
		wantSame(t, "late", free.read().Priority, 1)
		wantSame(t, "beyond due", free.read().SnoozedBeyondDue(), true)
		w.wantQueue(ben, cases.ViewOverdue, mine, free)
		w.clock.move(6 * 24 * time.Hour)
		w.tick(1)
		w.wantQueue(ben, cases.ViewUnassigned, mine, free)
		w.wantSound()
	})
}

// What ends the time that a case is put away, and what does not.
func TestSnoozeEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva, boss := reviewer("ben"), reviewer("eva"), lead("boss")
		away := func(name string) *claimant {
			c := w.filed(name, withCard(0))
			must(t, c.snooze(ben, inAWeek()))
			return c
		}
		for name, end := range map[string]struct {
			act   func(c *claimant) error
			event string
		}{
			"its customer writes":   {func(c *claimant) error { _, err := w.Write(w.ctx, c.actor, c.id, "Here it is."); return err }, "write"},
			"somebody wakes it":     {func(c *claimant) error { _, err := w.Wake(w.ctx, eva, c.id, c.read().Version); return err }, "wake"},
			"somebody takes it":     {func(c *claimant) error { _, err := w.Claim(w.ctx, eva, c.id, 0); return err }, "claim"},
			"a lead gives it":       {func(c *claimant) error { _, err := w.Assign(w.ctx, boss, c.id, 0, eva); return err }, "assign"},
			"its customer gives up": {func(c *claimant) error { _, err := w.Withdraw(w.ctx, c.actor, c.id, 0); return err }, "withdraw"},
		} {
			c := away(name)
			must(t, end.act(c))
			if got := c.read(); got.SnoozedUntil != nil || got.SnoozedBy != "" {
				t.Errorf("%s, and it is put away until %s", name, got.SnoozedUntil)
			}
			wantSame(t, name, c.events()[len(c.events())-1], end.event)
			_, err := w.Wake(w.ctx, ben, c.id, 0)
			if end.event == "withdraw" {
				wantCode(t, err, "wrong_state")
			} else {
				wantCode(t, err, "not_snoozed")
			}
		}
		stays := away("stays")
		for name, act := range map[string]func() error{
			"a message of ours": func() error { _, err := w.Write(w.ctx, eva, stays.id, "We wait."); return err },
			"a note":            func() error { _, err := w.WriteNote(w.ctx, eva, stays.id, "Hm."); return err },
			"a tag":             func() error { return stays.tag(eva, "vip") },
			"a look": func() error {
				_, r, err := w.Open(w.ctx, eva, stays.id, stays.details().Current(stays.item("card_front/1")).ID)
				if err == nil {
					err = r.Close()
				}
				return err
			},
		} {
			must(t, act())
			if stays.read().SnoozedUntil == nil {
				t.Errorf("%s wakes the case", name)
			}
		}

		// A decision of its holder that sends it on ends it, too.
		half := w.filed("half", enterpriseWithCard("CN"))
		half.claim(ben)
		half.accepts(ben)
		must(t, half.snooze(ben, inAWeek()))
		_, err := w.Approve(w.ctx, ben, half.id, 0, "")
		must(t, err)
		wantSame(t, "half approved, away", half.read().SnoozedUntil == nil, true)
		w.wantSound()
	})
}

// Who may put a case away, and until when.
func TestSnoozeRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva, boss := reviewer("ben"), reviewer("eva"), lead("boss")
		c := w.filed("ana-2019", withCard(0))
		second := w.filed("ana-2019", withCard(0))
		wantCode(t, second.snooze(ben, inAWeek()), "held")
		wantCode(t, c.snooze(auditor("ada"), inAWeek()), "role_required")
		wantCode(t, c.snooze(c.actor, inAWeek()), "not_allowed")
		c.claim(ben)
		wantCode(t, c.snooze(eva, inAWeek()), "not_holder")
		must(t, c.snooze(boss, inAWeek()))
		_, err := w.Snooze(w.ctx, ben, c.id, 1, inAWeek())
		wantCode(t, err, "case_changed")
		now := w.clock.now()
		for _, test := range []struct {
			in   cases.SnoozeInput
			want string
		}{
			{cases.SnoozeInput{}, "/until one_of"},
			{cases.SnoozeInput{Preset: "soon"}, "/preset not_a_choice"},
			{cases.SnoozeInput{Preset: cases.SnoozeAWeek, Day: "2026-03-04"}, "/until one_of"},
			{cases.SnoozeInput{Day: "tomorrow"}, "/day not_a_date"},
			{cases.SnoozeInput{Day: "2026-03-02"}, "/day too_early"}, // its morning is over
			{cases.SnoozeInput{Day: "2027-03-02"}, "/day too_late"},
			{cases.SnoozeInput{Until: now}, "/until too_early"},
			{cases.SnoozeInput{Until: now.Add(91 * 24 * time.Hour)}, "/until too_late"},
			{cases.SnoozeInput{Preset: cases.SnoozeAWeek, Note: "a\x00b"}, "/note forbidden_character"},
		} {
			wantFields(t, c.snooze(ben, test.in), test.want)
		}
		must(t, c.snooze(ben, cases.SnoozeInput{Day: "2026-03-07"})) // a Saturday, if that is wanted
		wantSame(t, "until", c.read().SnoozedUntil.Format(time.RFC3339), "2026-03-07T08:00:00Z")
		must(t, c.snooze(ben, cases.SnoozeInput{Until: now.Add(time.Minute)}))
		wantSame(t, "events", slices.Contains(c.events(), "snooze"), true)
		w.wantSound()
	})
}

// Undoing what was done with a case that was put away leaves it put away, where it still is,
// and with its holder no longer than anybody is given a case.
func TestUndoOfWhatWasPutAway(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, boss := reviewer("ben"), lead("boss")
		for _, test := range []struct {
			name string
			to   cases.Actor
			away bool
		}{{"given back", cases.Actor{}, true}, {"given away", boss, false}} {
			c := w.filed(test.name, withCard(0))
			c.claim(ben)
			must(t, c.snooze(ben, cases.SnoozeInput{Day: "2026-04-30"}))
			done, err := w.AssignMany(w.ctx, boss, []string{c.id}, test.to)
			must(t, err)
			_, err = w.UndoAssignment(w.ctx, boss, done.ID)
			must(t, err)
			got := c.wantState(cases.InReview)
			wantSame(t, test.name+", holder", got.ClaimedBy, ben.ID)
			wantSame(t, test.name+", put away", got.SnoozedUntil != nil, test.away)
			if held := got.ClaimExpires.Sub(w.clock.now()); !test.away && held > 24*time.Hour {
				t.Errorf("%s, it is his for %s", test.name, held)
			}
		}
		w.wantSound()
	})
}

// What the presets mean, by the calendar, and whether the case is late by then.
func TestSnoozeChoices(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(0)) // on Monday at nine, due on Wednesday at nine
		p, err := w.PolicyOf(w.ctx, c.read())
		must(t, err)
		for now, want := range map[string]string{
			"2026-03-02T09:00:00Z": "03-03 false, 03-09 true, 03-09 true",
			"2026-03-06T23:00:00Z": "03-09 true, 03-09 true, 03-13 true", // Friday
			"2026-03-08T09:00:00Z": "03-09 true, 03-09 true, 03-16 true", // Sunday
		} {
			at, err := time.Parse(time.RFC3339, now)
			must(t, err)
			got := ""
			for n, choice := range cases.SnoozeChoices(c.read(), p, at) {
				if n > 0 {
					got += ", "
				}
				got += choice.Until.Format("01-02") + fmt.Sprint(" ", choice.BeyondDue)
			}
			wantSame(t, now, got, want)
		}
	})
}
