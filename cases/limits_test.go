package cases_test

import (
	"fmt"
	"sync"
	"testing"

	"regain/cases"
	"regain/problem"
)

// TestLimitsHoldAtOnce: of many who add at the same moment to a list with one place left,
// one adds and the others are told that it is full.
func TestLimitsHoldAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva := reviewer("ben"), reviewer("eva")
		const callers = 6
		atOnce := func(code string, add func(n int) error) {
			t.Helper()
			var errs [callers]error
			var at sync.WaitGroup
			for n := range callers {
				at.Go(func() { errs[n] = add(n) })
			}
			at.Wait()
			added := 0
			for _, err := range errs {
				switch {
				case err == nil:
					added++
				case !problem.Is(err, code):
					t.Errorf("%s: %v", code, err)
				}
			}
			wantSame(t, "added before "+code, added, 1)
		}
		var filed [callers]*claimant
		for n := range filed {
			filed[n] = w.filed(fmt.Sprintf("account-%d", n), withCard(0))
		}

		var tags []*cases.Tag
		for n := range cases.MostTags - 1 {
			tags = append(tags, &cases.Tag{ID: fmt.Sprintf("t-%d", n), Name: fmt.Sprintf("n %d", n), CreatedAt: w.clock.now()})
		}
		_, err := w.db.NewInsert().Model(&tags).Exec(w.ctx)
		must(t, err)
		atOnce("too_many_tags", func(n int) error { return filed[n].tag(ben, fmt.Sprintf("new %d", n)) })
		for n := range callers {
			_, err = w.RetireTag(w.ctx, lead("boss"), fmt.Sprintf("t-%d", n), true)
			must(t, err)
		}
		for n := range callers - 1 {
			must(t, filed[n].tag(ben, fmt.Sprintf("another %d", n)))
		}
		atOnce("too_many_tags", func(n int) error {
			if n%2 == 0 {
				_, err := w.RetireTag(w.ctx, lead("boss"), fmt.Sprintf("t-%d", n), false)
				return err
			}
			return filed[n].tag(ben, fmt.Sprintf("one more %d", n))
		})

		view := func(n int) (*cases.SavedView, error) {
			return w.SaveView(w.ctx, ben, cases.NewView{Name: fmt.Sprintf("view %d", n), Query: cases.SavedQuery{View: cases.ViewMine}})
		}
		last, n := "", 0
		for ; ; n++ {
			v, err := view(n)
			if problem.Is(err, "too_many_views") {
				break
			}
			must(t, err)
			last = v.ID
		}
		must(t, w.RemoveView(w.ctx, ben, last))
		atOnce("too_many_views", func(more int) error {
			_, err := view(n + more)
			return err
		})

		crowd(t, w, 2*cases.MostFollowed)
		ids := []string{}
		must(t, w.db.NewSelect().Table("cases").Column("id").Where("id LIKE 'c-%'").Where("lane <> 4").OrderExpr("id").Scan(w.ctx, &ids))
		var followed []*cases.Follower
		for _, id := range ids[:cases.MostFollowed-1] {
			followed = append(followed, &cases.Follower{CaseID: id, StaffID: ben.ID, Since: w.clock.now()})
		}
		_, err = w.db.NewInsert().Model(&followed).Exec(w.ctx)
		must(t, err)
		// A note that mentions somebody who follows too much already is written all the same.
		var at sync.WaitGroup
		for n := range filed {
			at.Go(func() {
				if _, err := w.WriteNote(w.ctx, eva, filed[n].id, "See this", ben); err != nil {
					t.Error(err)
				}
			})
			at.Go(func() {
				if err := w.Follow(w.ctx, ben, filed[n].id); err != nil && !problem.Is(err, "too_many_followed") {
					t.Error(err)
				}
			})
		}
		at.Wait()
		many, err := w.db.NewSelect().Table("followers").Where("staff_id = ?", ben.ID).Count(w.ctx)
		must(t, err)
		wantSame(t, "followed", many, int64(cases.MostFollowed))
	})
}
