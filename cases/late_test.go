package cases_test

import (
	"strings"
	"testing"
	"time"

	"regain/cases"
	"regain/rules"
)

// atOffice is the default policy with an office that works by a calendar.
func atOffice(t testing.TB) *rules.Policy {
	t.Helper()
	bundle := defaultPolicy(t).Bundle()
	bundle.Base = append(bundle.Base, []byte("\ncalendar:\n  time_zone: America/Sao_Paulo\n  working_hours: 09:00-18:00\n  holidays: {2026-03-04: Dia de teste}\n")...)
	return compile(t, bundle)
}

func (c *claimant) dueAt(want string) {
	c.t.Helper()
	got := c.read().ReviewDue
	if got == nil || got.UTC().Format(time.RFC3339) != want {
		c.t.Fatalf("the review is due %v, want %s", got, want)
	}
}

// The policy's two business days are counted by its calendar, stand still while the
// customer acts, and go on from where they stood.
func TestReviewClockGoesByTheCalendar(t *testing.T) {
	each(t, func(t *testing.T, w *world) { // it is Monday, 2 March, six o'clock in São Paulo
		c := w.filed("ana-2019", withCard(0))
		c.dueAt("2026-03-03T21:00:00Z") // Tuesday's end
		ben := reviewer("ben")
		w.clock.move(31 * time.Hour) // Tuesday, 13:00 there: five working hours are left
		c.claim(ben)
		_, err := w.RequestMaterials(w.ctx, ben, c.id, 0, cases.RequestInput{Words: "More.", Asks: []cases.Ask{{Text: "A letter"}}})
		must(t, err)
		if got := c.read(); got.ReviewDue != nil || got.ReviewLeft != 5*time.Hour {
			t.Fatalf("paused: due %v, left %s", got.ReviewDue, got.ReviewLeft)
		}
		w.clock.move(24 * time.Hour) // Wednesday, a holiday
		c.supplies().submit()
		c.dueAt("2026-03-05T17:00:00Z") // Thursday, five hours after work begins
		w.wantSound()
	}, atOffice(t))
}

// A late case is raised once in a round, leads are told, and the version that a
// reviewer has read stays good.
func TestLateReviewIsRaised(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(0))
		held := w.filed("ana-2019", withCard(0)) // it waits for the first
		ben := reviewer("ben")
		c.dueAt("2026-03-04T09:00:00Z")
		w.clock.move(48*time.Hour - time.Second)
		w.tick(0)
		w.clock.move(time.Second)
		c.claim(ben)
		before := c.read()
		w.tick(1)
		w.tick(0)
		after := c.read()
		if after.Priority != 1 || after.Version != before.Version || held.read().Priority != 0 {
			t.Fatalf("priority %d at version %d, was at %d; the one that waits has %d", after.Priority, after.Version, before.Version, held.read().Priority)
		}
		wantSame(t, "told", w.late, []cases.LateReview{{Reference: c.ref, Due: *before.ReviewDue, At: w.clock.now(), Locale: "en"}})
		wantSame(t, "the last event", c.events()[len(c.events())-1], "late")

		list, err := w.Queue(w.ctx, ben, cases.QueueQuery{View: cases.ViewOverdue, Filter: cases.QueueFilter{Raised: true}, Limit: 10})
		must(t, err)
		if len(list) != 1 || list[0].ID != c.id {
			t.Fatalf("raised: %v", list)
		}
		list, err = w.Queue(w.ctx, ben, cases.QueueQuery{View: cases.ViewAll, Limit: 10})
		must(t, err)
		if len(list) != 2 {
			t.Fatalf("all: %v", list)
		}

		// It goes on to be raised while the customer acts and afterwards, and an appeal begins anew.
		_, err = w.RequestMaterials(w.ctx, ben, c.id, before.Version, cases.RequestInput{Words: "More.", Asks: []cases.Ask{{Text: "A letter"}}})
		must(t, err)
		c.supplies().submit()
		c.dueAt("2026-03-04T10:00:00Z") // at least an hour
		w.clock.move(2 * time.Hour)
		w.tick(0)
		c.claim(ben)
		_, err = w.Deny(w.ctx, ben, c.id, 0, cases.Denial{ReasonCode: "not_proven", WordsCustomer: "No."})
		must(t, err)
		_, err = w.Appeal(w.ctx, c.actor, c.id, 0, "Please look again, I can prove it.")
		must(t, err)
		wantSame(t, "priority on appeal", c.read().Priority, 0)
		w.wantSound()

		_, err = w.db.ExecContext(w.ctx, "UPDATE cases SET priority = 1 WHERE id = '"+c.id+"'")
		must(t, err)
		report, err := w.VerifyAudit(w.ctx)
		must(t, err)
		if len(report.Findings) != 1 || report.Findings[0].Code != "wrong_priority" || !strings.Contains(report.Findings[0].Detail, "false") {
			t.Fatalf("findings: %+v", report.Findings)
		}
	})
}

// A claim that waited behind another keeps the time that its customer was told: nobody is
// told that it is late while nobody may review it, and they are as soon as somebody may.
func TestClaimThatWaitedKeepsItsDueTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.filed("ana-2019", withCard(0))
		held := w.filed("ana-2019", withCard(0))
		due := *held.read().ReviewDue
		w.clock.move(due.Sub(w.clock.now()) + 24*time.Hour)
		w.tick(1) // the first alone
		wantSame(t, "told of", w.late[0].Reference, first.ref)
		_, err := w.Withdraw(w.ctx, first.actor, first.id, 0)
		must(t, err)
		if got := held.read(); got.Held || !got.ReviewDue.Equal(due) {
			t.Fatalf("held %t, due %v, was due %v", got.Held, got.ReviewDue, due)
		}
		w.wantQueue(reviewer("ben"), cases.ViewOverdue, held)
		w.tick(1)
		wantSame(t, "told of", w.late[1].Reference, held.ref)
		w.wantSound()
	})
}
