package cases_test

import (
	"testing"
	"time"

	"regain/cases"
)

// Views are kept under names, read by their owner and, when shared, by all; a search
// without a name ends after a day.
func TestSavedViews(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva, boss := reviewer("ben"), reviewer("eva"), lead("boss")
		query := cases.SavedQuery{View: cases.ViewAll, Order: cases.OrderLast, Filter: cases.QueueFilter{Text: "ana", Locale: "pt-BR", Within: ""}}
		own, err := w.SaveView(w.ctx, ben, cases.NewView{Name: " Ana ", Query: query})
		must(t, err)
		_, err = w.SaveView(w.ctx, ben, cases.NewView{Name: "Ours", Shared: true, Query: query})
		wantCode(t, err, "role_required")
		shared, err := w.SaveView(w.ctx, boss, cases.NewView{Name: "Ours", Shared: true, Query: query})
		must(t, err)
		names := func(who cases.Actor) []string {
			list, err := w.SavedViews(w.ctx, who)
			must(t, err)
			got := []string{}
			for _, v := range list {
				got = append(got, v.Name)
			}
			return got
		}
		wantSame(t, "ben's", names(ben), []string{"Ana", "Ours"})
		wantSame(t, "eva's", names(eva), []string{"Ours"})
		read, err := w.SavedView(w.ctx, eva, shared.ID)
		must(t, err)
		wantSame(t, "the query", read.Query.V, query)
		_, err = w.SavedView(w.ctx, eva, own.ID)
		wantCode(t, err, "view_not_found")
		wantCode(t, w.RemoveView(w.ctx, eva, shared.ID), "view_not_found")
		again, err := w.SaveView(w.ctx, ben, cases.NewView{Name: "Ana", Query: cases.SavedQuery{View: cases.ViewMine}})
		must(t, err)
		wantSame(t, "one of a name", names(ben), []string{"Ana", "Ours"})
		must(t, w.RemoveView(w.ctx, ben, again.ID))
		wantSame(t, "removed", names(ben), []string{"Ours"})
		_, err = w.SaveView(w.ctx, ben, cases.NewView{Query: cases.SavedQuery{View: "x", Filter: cases.QueueFilter{Text: "?"}}})
		wantFields(t, err, "/name required", "/view not_a_choice", "/text too_short")

		id, err := w.KeepSearch(w.ctx, ben, query)
		must(t, err)
		same, err := w.KeepSearch(w.ctx, ben, query)
		must(t, err)
		other, err := w.KeepSearch(w.ctx, eva, query)
		must(t, err)
		wantSame(t, "the same search", same, id)
		wantSame(t, "another's", other != id, true)
		_, err = w.SavedView(w.ctx, eva, id)
		wantCode(t, err, "view_not_found")
		wantSame(t, "searches have no name", names(ben), []string{"Ours"})
		w.clock.move(13 * time.Hour)
		_, err = w.SavedView(w.ctx, ben, id)
		wantCode(t, err, "view_not_found")
		must(t, w.PurgeSearches(w.ctx))
		n, err := w.db.NewSelect().Model((*cases.SavedView)(nil)).Count(w.ctx)
		must(t, err)
		wantSame(t, "left", n, 1)
		_, err = w.KeepSearch(w.ctx, cases.Actor{Kind: cases.Customer, ID: "x"}, query)
		wantCode(t, err, "role_required")
	})
}

// One person keeps so many views and no more.
func TestTooManyViews(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for n := range 51 {
			_, err := w.SaveView(w.ctx, reviewer("ben"), cases.NewView{Name: string(rune('a'+n%26)) + string(rune('a'+n/26)), Query: cases.SavedQuery{View: cases.ViewMine}})
			if n == 50 {
				wantCode(t, err, "too_many_views")
				return
			}
			must(t, err)
		}
	})
}
