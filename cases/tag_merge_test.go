package cases_test

import (
	"errors"
	"sync"
	"testing"

	"regain/cases"
)

// A tag of very many cases becomes part of another some at a time, whoever changes them
// meanwhile: every case is in the lists of what it has, and where it stands; and at the end
// it is as if all had been done at once.
func TestMergeOfATagOfManyCases(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva, boss := reviewer("ben"), reviewer("eva"), lead("boss")
		old, both, other, late := w.filed("old", withCard(0)), w.filed("both", withCard(0)), w.filed("other", withCard(0)), w.filed("late", withCard(0))
		must(t, old.tag(ben, "heirs"))
		must(t, both.tag(ben, "heirs", "inheritance"))
		must(t, other.tag(ben, "inheritance"))
		must(t, other.tag(ben, "also"))
		heirs, into, third := w.tagNamed("heirs").ID, w.tagNamed("inheritance").ID, w.tagNamed("also").ID
		crowd(t, w, 1200)
		_, err := w.db.NewRaw("INSERT INTO case_tags (case_id, tag_id, lane, queue_at) SELECT id, ?, lane, queue_at FROM cases WHERE id LIKE 'c-%'", heirs).Exec(w.ctx)
		must(t, err)
		sound := func(when string) {
			t.Helper()
			for _, c := range []*claimant{old, both, other, late} {
				report, err := w.VerifyCase(w.ctx, boss, c.id)
				must(t, err)
				wantSame(t, when+", "+c.id, len(report.Findings), 0)
				for _, f := range report.Findings {
					t.Log(f)
				}
			}
		}

		_, err = w.MergeTags(w.ctx, boss, heirs, into)
		must(t, err)
		wantSame(t, "begun", w.tagNamed("heirs").MergingInto, into)
		for _, pair := range [][2]string{{heirs, third}, {third, heirs}, {into, third}} {
			_, err = w.MergeTags(w.ctx, boss, pair[0], pair[1])
			wantCode(t, err, "tag_merging")
		}
		must(t, late.tag(eva, "heirs"))
		wantSame(t, "given meanwhile", late.tags(), "inheritance")
		_, err = w.Tag(w.ctx, eva, both.id, cases.Tagging{Remove: []string{into}})
		must(t, err)
		wantSame(t, "taken meanwhile", both.tags(), "heirs")
		sound("meanwhile")

		var errs [4]error
		var at sync.WaitGroup
		for n := range 2 {
			at.Go(func() { errs[n] = w.MergeOn(w.ctx) })
		}
		at.Go(func() {
			for range 10 {
				_, err := w.Claim(w.ctx, ben, old.id, 0)
				_, err2 := w.Release(w.ctx, ben, old.id, 0)
				errs[2] = errors.Join(errs[2], err, err2)
			}
		})
		at.Go(func() {
			for range 10 {
				_, err := w.Tag(w.ctx, eva, both.id, cases.Tagging{Add: []string{"also"}})
				_, err2 := w.Tag(w.ctx, eva, both.id, cases.Tagging{Remove: []string{third}})
				errs[3] = errors.Join(errs[3], err, err2)
			}
		})
		at.Wait()
		must(t, errors.Join(errs[:]...))
		must(t, w.MergeOn(w.ctx)) // nothing is left to do
		sound("at the end")
		for _, c := range []*claimant{old, both, late} {
			wantSame(t, "tags of "+c.id, c.tags(), "inheritance")
		}
		left, err := w.db.NewSelect().Table("case_tags").Where("tag_id = ?", heirs).Count(w.ctx)
		must(t, err)
		listed, err := w.db.NewSelect().Table("case_tags").Where("tag_id = ?", into).Count(w.ctx)
		must(t, err)
		wantSame(t, "left in the old list", left, 0)
		wantSame(t, "in the other list", listed, 1204)
		must(t, old.tag(eva, "heirs")) // which it has
		wantSame(t, "by the old name", old.tags(), "inheritance")
	})
}
