package accounts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const oneDay = 24 * time.Hour

// TestAbsence: a person is away for the time that was set, and back when it is over or
// was ended.
func TestAbsence(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		bea, boss := newStaff(t, b, "bea@example.com", Reviewer), newStaff(t, b, "boss@example.com", Lead)
		clerk, gone := newStaff(t, b, "clerk@example.com", PolicyAuthor), newStaff(t, b, "gone@example.com", Reviewer)
		ok(t, b.DisableStaff(t.Context(), Operator(), gone.ID))
		begun := b.clock.Now()
		away := func() string {
			t.Helper()
			got, err := b.Away(t.Context(), []string{bea.ID, boss.ID, clerk.ID, gone.ID, "key_1", "nobody"})
			ok(t, err)
			var out []string
			for _, id := range slices.Sorted(maps.Keys(got)) {
				out = append(out, map[string]string{bea.ID: "bea", boss.ID: "boss", clerk.ID: "clerk", gone.ID: "gone"}[id]+" "+got[id])
			}
			slices.Sort(out)
			return strings.Join(out, ", ")
		}
		const others = "clerk left, gone left"
		first, err := b.SetAbsence(t.Context(), as(boss), NewAbsence{Staff: bea.ID, From: begun.Add(oneDay), Until: begun.Add(3 * oneDay), Reason: " on leave "})
		ok(t, err)
		if first.Reason != "on leave" || first.SetBy != boss.ID || first.Holds(begun) || first.Over(begun) || !first.Holds(begun.Add(oneDay)) || !first.Over(begun.Add(3*oneDay)) {
			t.Errorf("set %+v", first)
		}
		if got := away(); got != others {
			t.Errorf("before: %s", got)
		}
		b.clock.Advance(oneDay)
		if got := away(); got != "bea absent, "+others {
			t.Errorf("while: %s", got)
		}
		people := []Staff{bea, boss}
		ok(t, b.markAway(t.Context(), people))
		if people[0].AwayUntil == nil || !people[0].AwayUntil.Equal(first.Until) || people[1].AwayUntil != nil {
			t.Errorf("marked %+v", people)
		}
		if now, more, err := b.AwayNow(t.Context(), as(boss)); err != nil || len(now) != 1 || more != 0 || now[0].ID != first.ID {
			t.Errorf("now %+v %v", now, err)
		}
		b.clock.Advance(2 * oneDay)
		if got := away(); got != others {
			t.Errorf("after: %s", got)
		}
		ok(t, b.EndAbsence(t.Context(), as(bea), bea.ID, first.ID)) // it is over anyway

		second, err := b.SetAbsence(t.Context(), as(bea), NewAbsence{Staff: bea.ID, From: b.clock.Now().Add(-oneDay), Until: b.clock.Now().Add(oneDay)})
		ok(t, err)
		if !second.From.Equal(b.clock.Now().Truncate(time.Microsecond)) {
			t.Errorf("begins %v", second.From)
		}
		ok(t, b.EndAbsence(t.Context(), as(bea), bea.ID, second.ID))
		if got := away(); got != others {
			t.Errorf("ended early: %s", got)
		}
		if list, err := b.Absences(t.Context(), as(bea), bea.ID); err != nil || len(list) != 0 {
			t.Errorf("left: %+v %v", list, err)
		}
		b.clock.Advance(500 * oneDay)
		ok(t, b.Purge(t.Context()))
		if content := dump(t, t.Context(), b.db, "absences"); content != "" {
			t.Errorf("kept: %s", content)
		}
	})
}

func TestAbsencesThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		bea, boss := newStaff(t, b, "bea@example.com", Reviewer), newStaff(t, b, "boss@example.com", Lead)
		gone := newStaff(t, b, "gone@example.com", Reviewer)
		ok(t, b.DisableStaff(t.Context(), Operator(), gone.ID))
		now := b.clock.Now()
		set := func(by Staff, whose string, from, until time.Duration, reason string) error {
			_, err := b.SetAbsence(t.Context(), as(by), NewAbsence{Staff: whose, From: now.Add(from), Until: now.Add(until), Reason: reason})
			return err
		}
		refused(t, set(bea, boss.ID, 0, oneDay, ""), "role_required")
		refused(t, set(boss, "none", 0, oneDay, ""), "not_found")
		refused(t, set(boss, gone.ID, 0, oneDay, ""), "not_found")
		for _, test := range []struct {
			from, until time.Duration
			reason      string
			want        string
		}{
			{-3 * oneDay, oneDay, "", "[/from too_early]"}, {400 * oneDay, 401 * oneDay, "", "[/from too_late]"}, {0, 0, "", "[/until too_early]"},
			{-oneDay, -oneDay / 2, "", "[/until too_early]"}, {0, 367 * oneDay, "", "[/until too_late]"},
			{2 * oneDay, oneDay, strings.Repeat("x", 121), "[/reason too_long /until too_early]"}, {0, oneDay, "a\nb", "[/reason forbidden_character]"},
		} {
			if got := fmt.Sprint(pointers(set(bea, bea.ID, test.from, test.until, test.reason))); got != test.want {
				t.Errorf("%v to %v: %s, want %s", test.from, test.until, got, test.want)
			}
		}
		ok(t, set(bea, bea.ID, 2*oneDay, 4*oneDay, ""))
		for _, overlap := range [][2]time.Duration{{0, 3 * oneDay}, {2 * oneDay, 4 * oneDay}, {3 * oneDay, 9 * oneDay}, {oneDay, 9 * oneDay}} {
			refused(t, set(bea, bea.ID, overlap[0], overlap[1], ""), "absence_overlaps")
		}
		ok(t, set(bea, bea.ID, 4*oneDay, 5*oneDay, ""))
		ok(t, set(bea, bea.ID, 0, 2*oneDay, ""))
		for n := range 17 {
			ok(t, set(bea, bea.ID, time.Duration(10+2*n)*oneDay, time.Duration(11+2*n)*oneDay, ""))
		}
		refused(t, set(bea, bea.ID, 99*oneDay, 100*oneDay, ""), "too_many_absences")
		list, err := b.Absences(t.Context(), as(bea), bea.ID)
		ok(t, err)
		if len(list) != 20 || !list[0].Holds(now) {
			t.Errorf("%d, %+v", len(list), list[0])
		}
		refused(t, b.EndAbsence(t.Context(), as(newStaff(t, b, "c@example.com", Reviewer)), bea.ID, list[0].ID), "role_required")
		refused(t, b.EndAbsence(t.Context(), as(boss), boss.ID, list[0].ID), "absence_not_found")
		refused(t, b.EndAbsence(t.Context(), as(boss), bea.ID, "none"), "absence_not_found")
		_, err = b.Absences(t.Context(), as(bea), boss.ID)
		refused(t, err, "not_found")
		_, _, err = b.AwayNow(t.Context(), as(bea))
		refused(t, err, "role_required")
	})
}

// TestAbsencesAtOnce: of many that are set for the same days, one is.
func TestAbsencesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		bea := newStaff(t, b, "bea@example.com", Reviewer)
		var callers sync.WaitGroup
		set := make([]error, 6)
		for n := range set {
			callers.Go(func() {
				_, set[n] = b.SetAbsence(t.Context(), as(bea), NewAbsence{Staff: bea.ID, From: b.clock.Now(), Until: b.clock.Now().Add(oneDay)})
			})
		}
		callers.Wait()
		done := 0
		for _, err := range set {
			if err == nil {
				done++
				continue
			}
			refused(t, err, "absence_overlaps")
		}
		if done != 1 {
			t.Errorf("%d were set", done)
		}
	})
}
