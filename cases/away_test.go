package cases_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"regain/cases"
)

// absences tell who is away, and when.
type absences struct {
	w    *world
	away map[string]func(at time.Time) string
}

// withAbsences is the world with somebody who knows who is away.
func withAbsences(w *world) *absences {
	a := &absences{w: w, away: map[string]func(time.Time) string{}}
	w.options.Away = func(_ context.Context, ids []string) (map[string]string, error) {
		out := map[string]string{}
		for _, id := range ids {
			if f := a.away[id]; f != nil && f(w.clock.now()) != "" {
				out[id] = f(w.clock.now())
			}
		}
		return out, nil
	}
	w.restart(defaultPolicy(w.t))
	return a
}

func (a *absences) from(who cases.Actor, from, until time.Time) {
	a.away[who.ID] = func(at time.Time) string {
		if at.Before(from) || !at.Before(until) {
			return ""
		}
		return "absent"
	}
}

// releases are the events that gave a case back: who did it, and why.
func (c *claimant) releases() []string {
	c.t.Helper()
	events, err := c.Events(c.ctx, lead("boss"), c.id, 0, 100)
	must(c.t, err)
	var out []string
	for _, e := range events {
		if e.Type != "release" {
			continue
		}
		var facts struct{ Holder, Away string }
		must(c.t, json.Unmarshal([]byte(e.Data), &facts))
		out = append(out, string(e.ActorKind)+" "+facts.Holder+" "+facts.Away)
	}
	return out
}

// TestAwayHoldsNothing: while somebody is away nobody gives them cases, nor do they take
// any; when an absence begins their cases go back, each with one event; and afterwards
// all is as before.
func TestAwayHoldsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := withAbsences(w)
		ben, eva, boss := reviewer("ben"), reviewer("eva"), lead("boss")
		claimed, given, hers, free := w.filed("claimed", withCard(0)), w.filed("given", withCard(0)), w.filed("hers", withCard(0)), w.filed("free", withCard(0))
		from := w.clock.now().Add(20 * time.Minute)
		a.from(ben, from, from.Add(48*time.Hour))

		claimed.claim(ben)
		_, err := w.Assign(w.ctx, boss, given.id, 0, ben)
		must(t, err)
		hers.claim(eva)
		n, err := w.HeldCount(w.ctx, ben.ID)
		must(t, err)
		wantSame(t, "what ben holds", n, 2)
		w.tick(0)
		n, err = w.GiveBackOf(w.ctx, ben.ID)
		must(t, err)
		wantSame(t, "given back while he is here", n, 0)

		w.clock.move(20 * time.Minute)
		w.tick(2)
		w.tick(0)
		for _, c := range []*claimant{claimed, given} {
			c.wantState(cases.Submitted)
			wantSame(t, "the events", c.releases(), []string{"system " + ben.ID + " absent"})
		}
		wantSame(t, "hers", hers.wantState(cases.InReview).ClaimedBy, eva.ID)

		_, err = w.Claim(w.ctx, ben, free.id, 0)
		wantCode(t, err, "away")
		_, err = w.ClaimNext(w.ctx, ben)
		wantCode(t, err, "away")
		_, err = w.Assign(w.ctx, ben, free.id, 0, ben)
		wantCode(t, err, "away")
		_, err = w.Assign(w.ctx, boss, free.id, 0, ben)
		wantCode(t, err, "assignee_away")
		_, err = w.Assign(w.ctx, eva, hers.id, 0, ben)
		wantCode(t, err, "assignee_away")
		many, err := w.AssignMany(w.ctx, boss, []string{free.id, hers.id}, ben)
		must(t, err)
		wantSame(t, "given at one go", len(many.Changed()), 0)
		wantSame(t, "and why not", refusals(many), map[string]string{free.id: "assignee_away", hers.id: "assignee_away"})
		free.wantState(cases.Submitted)

		w.clock.move(48 * time.Hour)
		_, err = w.Claim(w.ctx, ben, free.id, 0)
		must(t, err)
		w.wantSound()
	})
}

// TestGiveBackOf: the cases of somebody who left go back at once; a case that somebody
// else has taken meanwhile stays.
func TestGiveBackOf(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := withAbsences(w)
		ben, boss := reviewer("ben"), lead("boss")
		one, two := w.filed("one", withCard(0)), w.filed("two", withCard(0))
		one.claim(ben)
		two.claim(ben)
		_, err := w.Assign(w.ctx, boss, two.id, 0, boss)
		must(t, err)
		a.away[ben.ID] = func(time.Time) string { return "left" }
		n, err := w.GiveBackOf(w.ctx, ben.ID)
		must(t, err)
		wantSame(t, "given back", n, 1)
		wantSame(t, "the events", one.releases(), []string{"system " + ben.ID + " left"})
		wantSame(t, "the other", two.wantState(cases.InReview).ClaimedBy, boss.ID)
		w.wantSound()
	})
}

// TestUndoGivesNothingToWhoIsAway: what is put back goes to the queue when who had it is
// away by now.
func TestUndoGivesNothingToWhoIsAway(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := withAbsences(w)
		ben, boss := reviewer("ben"), lead("boss")
		c := w.filed("ana-2019", withCard(0))
		c.claim(ben)
		given, err := w.AssignMany(w.ctx, boss, []string{c.id}, boss)
		must(t, err)
		a.from(ben, w.clock.now(), w.clock.now().Add(time.Hour))
		undone, err := w.UndoAssignment(w.ctx, boss, given.ID)
		must(t, err)
		wantSame(t, "put back", len(undone.Changed()), 1)
		c.wantState(cases.Submitted)
		if got := c.releases(); !slices.Equal(got, []string{"staff " + boss.ID + " "}) {
			t.Errorf("the events %v", got)
		}
		w.wantSound()
	})
}

// TestWhatWhoLeftPutAwayComesBack: a case that was put away by somebody who left, and that
// nobody holds, waits for its time no longer; of one who is absent it does, and so does one
// that another holds.
func TestWhatWhoLeftPutAwayComesBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := withAbsences(w)
		ben, eva, boss := reviewer("ben"), reviewer("eva"), lead("boss")
		held, free, hers, bosses := w.filed("held", withCard(0)), w.filed("free", withCard(0)), w.filed("hers", withCard(0)), w.filed("bosses", withCard(0))
		held.claim(ben)
		hers.claim(eva)
		for _, c := range []*claimant{held, free} {
			must(t, c.snooze(ben, cases.SnoozeInput{Day: "2026-03-30"}))
		}
		must(t, hers.snooze(boss, cases.SnoozeInput{Day: "2026-03-30"}))
		must(t, bosses.snooze(boss, cases.SnoozeInput{Day: "2026-03-30"}))

		a.from(ben, w.clock.now(), w.clock.now().Add(time.Hour))
		w.tick(1) // what he holds goes back, to be seen again at its time
		held.wantState(cases.Submitted)
		w.wantQueue(eva, cases.ViewUnassigned)

		a.away[ben.ID] = func(time.Time) string { return cases.LeftForGood }
		n, err := w.GiveBackOf(w.ctx, ben.ID)
		must(t, err)
		wantSame(t, "brought back", n, 2)
		w.wantQueue(eva, cases.ViewUnassigned, held, free)
		a.away[boss.ID] = func(time.Time) string { return cases.LeftForGood }
		w.tick(1)
		w.tick(0)
		w.wantQueue(eva, cases.ViewUnassigned, held, free, bosses)
		wantSame(t, "hers", hers.read().SnoozedUntil != nil, true)
		rows := free.eventRows()
		wantSame(t, "the event", rows[len(rows)-1].Type+rows[len(rows)-1].Data, `wake{"away":"left"}`)
		w.wantSound()
	})
}

// TestBackInTime: whoever is back, and takes a case, keeps it, though they were away when the
// tick looked who is.
func TestBackInTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := withAbsences(w)
		ben := reviewer("ben")
		c := w.filed("ana-2019", withCard(0))
		c.claim(ben)
		asked := 0
		a.away[ben.ID] = func(time.Time) string {
			if asked++; asked <= 2 { // each question asks twice
				return "absent"
			}
			return ""
		}
		w.tick(0)
		wantSame(t, "his", c.wantState(cases.InReview).ClaimedBy, ben.ID)
	})
}
