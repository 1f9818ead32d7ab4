package cases_test

import (
	"strings"
	"testing"
	"time"

	"regain/cases"
)

// Who may give a case to whom, and to whom nobody may.
func TestAssign(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva, boss := reviewer("ben"), reviewer("eva"), lead("boss")
		c := w.filed("ana-2019", withCard(0))
		assign := func(by, to cases.Actor) error {
			_, err := w.Assign(w.ctx, by, c.id, 0, to)
			return err
		}
		wantCode(t, assign(auditor("ada"), ben), "role_required")
		wantCode(t, assign(ben, eva), "not_holder")
		wantCode(t, assign(boss, auditor("ada")), "not_a_reviewer")
		wantCode(t, assign(boss, cases.Actor{Kind: cases.Staff, ID: "x", Email: c.email, Roles: []string{cases.RoleReviewer}}), "assignee_involved")
		name, domain, _ := strings.Cut(c.email, "@")
		wantCode(t, assign(boss, cases.Actor{Kind: cases.Staff, ID: "x", Email: strings.ToUpper(name) + "+work@" + domain, Roles: []string{cases.RoleReviewer}}), "assignee_involved")
		must(t, assign(ben, ben))
		wantCode(t, assign(eva, eva), "already_claimed")
		must(t, assign(ben, eva)) // hands it over
		wantCode(t, assign(ben, ben), "already_claimed")
		must(t, assign(boss, ben)) // takes it from her
		got := c.wantState(cases.InReview)
		wantSame(t, "the holder", got.ClaimedBy, ben.ID)
		wantSame(t, "until", got.ClaimExpires.Sub(w.clock.now()), 24*time.Hour)
		_, err := w.Assign(w.ctx, boss, c.id, 1, eva)
		wantCode(t, err, "case_changed")

		// What was given lasts longer than a claim, and work does not shorten it.
		w.clock.move(2 * time.Hour)
		_, err = w.Tick(w.ctx)
		must(t, err)
		c.accepts(ben)
		got = c.read()
		wantSame(t, "the holder still", got.ClaimedBy, ben.ID)
		wantSame(t, "left", got.ClaimExpires.Sub(w.clock.now()), 22*time.Hour)
		w.clock.move(23 * time.Hour)
		_, err = w.Tick(w.ctx)
		must(t, err)
		c.wantState(cases.Submitted)

		// On appeal it goes to nobody who worked on it; who only gave it to others may.
		must(t, assign(boss, ben))
		_, err = w.Deny(w.ctx, ben, c.id, 0, denial())
		must(t, err)
		wantCode(t, assign(boss, eva), "wrong_state")
		_, err = w.Appeal(w.ctx, c.actor, c.id, 0, "You are mistaken.")
		must(t, err)
		wantCode(t, assign(boss, ben), "assignee_involved")
		must(t, assign(boss, boss))
		w.wantSound()
	})
}

// Several are given at one go; what can't be is told of; and undoing puts back what
// nobody has touched since.
func TestAssignMany(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva, boss := reviewer("ben"), reviewer("eva"), lead("boss")
		free, hers, gone := w.filed("free", withCard(0)), w.filed("hers", withCard(0)), w.filed("gone", withCard(0))
		hers.claim(eva)
		_, err := w.Withdraw(w.ctx, gone.actor, gone.id, 0)
		must(t, err)
		all := []string{gone.id, free.id, hers.id, free.id}

		a, err := w.AssignMany(w.ctx, ben, all, ben)
		must(t, err)
		wantSame(t, "what ben could take", len(a.Changed()), 1)
		wantSame(t, "what he could not", refusals(a), map[string]string{gone.id: "wrong_state", hers.id: "already_claimed"})
		undone, err := w.UndoAssignment(w.ctx, ben, a.ID)
		must(t, err)
		wantSame(t, "put back", len(undone.Changed()), 1)
		free.wantState(cases.Submitted)
		_, err = w.UndoAssignment(w.ctx, ben, a.ID)
		wantCode(t, err, "already_undone")

		until := hers.read().ClaimExpires
		a, err = w.AssignMany(w.ctx, boss, all, ben)
		must(t, err)
		wantSame(t, "given by the lead", len(a.Changed()), 2)
		_, err = w.UndoAssignment(w.ctx, ben, a.ID)
		wantCode(t, err, "bulk_act_not_found")
		free.accepts(ben)
		undone, err = w.UndoAssignment(w.ctx, boss, a.ID)
		must(t, err)
		wantSame(t, "was worked on", refusals(undone), map[string]string{free.id: "case_changed"})
		got := hers.wantState(cases.InReview)
		wantSame(t, "hers again", got.ClaimedBy, eva.ID)
		wantSame(t, "as long as before", got.ClaimExpires.Equal(*until), true)
		wantSame(t, "his still", free.read().ClaimedBy, ben.ID)

		a, err = w.AssignMany(w.ctx, boss, []string{free.id, hers.id}, cases.Actor{})
		must(t, err)
		wantSame(t, "given back", len(a.Changed()), 2)
		free.wantState(cases.Submitted)
		w.clock.move(61 * time.Minute)
		_, err = w.UndoAssignment(w.ctx, boss, a.ID)
		wantCode(t, err, "undo_too_late")

		_, err = w.AssignMany(w.ctx, boss, nil, ben)
		wantFields(t, err, "/cases wrong_number")
		w.wantSound()
	})
}

func refusals(a *cases.BulkAct) map[string]string {
	out := map[string]string{}
	for _, r := range a.Refused() {
		out[r.CaseID] = r.Refused
	}
	return out
}

// Two leads who give the same cases at one moment do not wait for each other for ever,
// and each case is somebody's.
func TestAssignManyTogether(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var ids []string
		for _, name := range []string{"a1", "b1", "c1", "d1", "e1"} {
			ids = append(ids, w.filed(name, withCard(0)).id)
		}
		turned := []string{ids[4], ids[3], ids[2], ids[1], ids[0]}
		done := make(chan error, 2)
		for n, list := range [][]string{ids, turned} {
			go func() {
				a, err := w.AssignMany(w.ctx, lead("boss"), list, reviewer([]string{"ben", "eva"}[n]))
				if err == nil && len(a.Changed()) != 5 {
					t.Errorf("given: %d, refused: %v", len(a.Changed()), refusals(a))
				}
				done <- err
			}()
		}
		must(t, <-done)
		must(t, <-done)
		w.wantSound()
	})
}
