package cases_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"regain/cases"
	"regain/database"
)

// TestLooks: every look at a document is found again, by case, by document and by person,
// newest first and a page at a time; nobody but leads and auditors finds any.
func TestLooks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva, ada := reviewer("ben"), reviewer("eva"), auditor("ada")
		first, second := w.filed("first", withCard(0)), w.filed("second", withCard(0))
		docs := first.details().Documents
		look := func(who cases.Actor, c *claimant, document string) {
			t.Helper()
			_, r, err := w.Open(w.ctx, who, c.id, document)
			must(t, err)
			must(t, r.Close())
		}
		for n := range 5 {
			look(ben, first, docs[0].ID)
			if n%2 == 0 {
				w.clock.move(time.Hour) // some at the same moment
			}
		}
		look(eva, first, docs[0].ID)
		look(eva, first, docs[1].ID)
		look(ben, second, second.details().Documents[0].ID)
		look(first.actor, first, docs[0].ID)

		seen, err := w.SeenDocuments(w.ctx, ada, first.id)
		must(t, err)
		got := map[string]string{}
		for _, d := range seen {
			got[d.ID] = fmt.Sprint(d.Looks, d.People)
		}
		wantSame(t, "counts", fmt.Sprint(got[docs[0].ID], " ", got[docs[1].ID]), "7 3 1 1")

		var paged []cases.Look
		for before := int64(0); ; {
			page, err := w.Looks(w.ctx, ada, first.id, cases.LookQuery{Before: before, Limit: 3})
			must(t, err)
			paged = append(paged, page...)
			if len(page) < 3 {
				break
			}
			before = page[2].Seq
		}
		if len(paged) != 8 || !slices.IsSortedFunc(paged, func(a, b cases.Look) int { return int(b.Seq - a.Seq) }) || paged[0].ActorKind != cases.Customer || paged[1].Document != docs[1].ID || paged[1].SHA256 != docs[1].SHA256 {
			t.Errorf("paged: %+v", paged)
		}
		only, err := w.Looks(w.ctx, lead("lea"), first.id, cases.LookQuery{Document: docs[1].ID, Limit: 10})
		must(t, err)
		if len(only) != 1 || only[0].ActorID != eva.ID {
			t.Errorf("one document: %+v", only)
		}

		week := cases.LastDays(w.clock.now(), 7)
		var found []string
		for cursor := ""; ; {
			page, err := database.NewTimePage(2, cursor)
			must(t, err)
			list, next, err := w.LooksBy(w.ctx, ada, ben.ID, week, page)
			must(t, err)
			for _, l := range list {
				if l.Name == "" || l.Version != 1 {
					t.Errorf("a look without its file: %+v", l)
				}
				found = append(found, l.Reference)
			}
			if cursor = next; next == "" {
				break
			}
		}
		wantSame(t, "ben's", found, []string{second.ref, first.ref, first.ref, first.ref, first.ref, first.ref})
		for name, list := range map[string]func() (int, error){
			"before": func() (int, error) {
				page, err := database.NewTimePage(10, "")
				must(t, err)
				list, _, err := w.LooksBy(w.ctx, ada, ben.ID, cases.Period{From: week.From.AddDate(0, 0, -7), To: week.From}, page)
				return len(list), err
			},
			"a customer's": func() (int, error) {
				page, err := database.NewTimePage(10, "")
				must(t, err)
				list, _, err := w.LooksBy(w.ctx, ada, first.id, week, page)
				return len(list), err
			},
		} {
			if n, err := list(); n != 0 || err != nil {
				t.Errorf("%s: %d %v", name, n, err)
			}
		}
		exported := 0
		must(t, w.ExportLooks(w.ctx, ada, first.id, func(l []*cases.SeenLook) error { exported += len(l); return nil }))
		must(t, w.ExportLooksBy(w.ctx, ada, ben.ID, week, func(l []*cases.SeenLook) error { exported += len(l); return nil }))
		wantSame(t, "exported", exported, 14)

		draft := w.begin("draft", withCard(0))
		_, err = w.Looks(w.ctx, ada, draft.id, cases.LookQuery{Limit: 10})
		wantCode(t, err, "case_not_found")
		_, err = w.SeenDocuments(w.ctx, ben, first.id)
		wantCode(t, err, "role_required")
		_, err = w.Looks(w.ctx, first.actor, first.id, cases.LookQuery{Limit: 10})
		wantCode(t, err, "role_required")
		page, err := database.NewTimePage(10, "")
		must(t, err)
		_, _, err = w.LooksBy(w.ctx, ben, ben.ID, week, page)
		wantCode(t, err, "role_required")
		w.wantSound()
	})
}
