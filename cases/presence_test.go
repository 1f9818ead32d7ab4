package cases_test

import (
	"slices"
	"testing"
	"time"

	"regain/cases"
)

// Whoever has a case open is seen by the others for as long as that is renewed, and
// leaves no trace in the case.
func TestPresence(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(1))
		before := c.read()
		ben, eva := reviewer("ben"), auditor("eva")
		sees := func(who cases.Actor, want ...string) {
			t.Helper()
			got, err := w.LookOn(w.ctx, who, c.id)
			must(t, err)
			if !slices.Equal(got.Staff, append([]string{}, want...)) || got.Version != before.Version || got.Newest != before.EventSeq {
				t.Errorf("%s sees %+v, want %v", who.ID, got, want)
			}
		}
		sees(ben)
		sees(eva, ben.ID)
		w.clock.move(30 * time.Second)
		sees(ben, eva.ID)
		w.clock.move(30 * time.Second)
		sees(eva, ben.ID)
		must(t, w.LookAway(w.ctx, ben, c.id))
		sees(eva)
		w.clock.move(2 * time.Hour)
		sees(ben)
		_, err := w.Tick(w.ctx)
		must(t, err)
		n, err := w.db.NewSelect().Model((*cases.Presence)(nil)).Count(w.ctx)
		must(t, err)
		if n != 1 {
			t.Errorf("%d presences are kept", n)
		}
		_, err = w.LookOn(w.ctx, c.actor, c.id)
		wantCode(t, err, "role_required")
		_, err = w.LookOn(w.ctx, ben, "nothing")
		wantCode(t, err, "case_not_found")
		if after := c.read(); after.EventSeq != before.EventSeq || after.Version != before.Version {
			t.Errorf("looking on left a trace: %+v", after)
		}
		w.wantSound()
	})
}

// The next case is the next in the view, going round, and one that nobody else has open.
func TestNextCase(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva := reviewer("ben"), reviewer("eva")
		var all []*claimant
		for _, account := range []string{"ana-1", "ana-2", "ana-3"} {
			all = append(all, w.filed(account, withCard(1)))
			w.clock.move(2 * time.Hour)
		}
		next := func(want string) {
			t.Helper()
			got, err := w.After(w.ctx, ben, cases.ViewUnassigned, all[0].id)
			must(t, err)
			if (got == nil) != (want == "") || got != nil && got.ID != want {
				t.Errorf("next is %+v, want %s", got, want)
			}
		}
		next(all[1].id)
		beside, err := w.Beside(w.ctx, ben, cases.ViewUnassigned, all[1].read())
		must(t, err)
		if beside.Previous.ID != all[0].id || beside.Next.ID != all[2].id {
			t.Errorf("beside: %+v", beside)
		}
		_, err = w.LookOn(w.ctx, eva, all[1].id)
		must(t, err)
		next(all[2].id)
		_, err = w.LookOn(w.ctx, eva, all[2].id)
		must(t, err)
		next(all[1].id) // better one that is looked at than none
		all[1].claim(eva)
		all[2].claim(eva)
		next("")
	})
}
