package cases_test

import (
	"fmt"
	"strings"
	"testing"

	"regain/cases"
)

// search gives the accounts that are found, in the order of the list.
func (w *world) search(f cases.QueueFilter) string {
	w.t.Helper()
	list, err := w.Queue(w.ctx, reviewer("eva"), cases.QueueQuery{View: cases.ViewAll, Filter: f, Limit: 100})
	must(w.t, err)
	return accountsOf(list)
}

// A case is found by all that staff know of it, as people type it, and by nothing else.
func TestSearch(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ana, joao := w.filed("ana.lima-2019", withCard(0)), w.begin("João Prado", withCard(0))
		_, err := w.Write(w.ctx, joao.actor, joao.id, "My son moved to São Tomé.")
		must(t, err)
		if got := w.search(cases.QueueFilter{Text: "tomé"}); got != "" {
			t.Errorf("a draft is found: %s", got)
		}
		joao.prove().supplies()
		joao.submit()
		firm := w.begin("北辰科技有限公司", enterpriseWithCard("CN"))
		_, _, err = w.Revise(w.ctx, firm.actor, firm.id, 0, cases.Revision{Particulars: &cases.Particulars{
			Account: "北辰科技有限公司", Enterprise: "Exemplo & Filhos Ltda.", Lost: []cases.Channel{cases.Email}, NewEmail: firm.email}})
		must(t, err)
		firm.prove().supplies()
		firm.submit()
		_, err = w.WriteNote(w.ctx, reviewer("ben"), ana.id, "Rang twice; the Widerspruch is in the file.")
		must(t, err)
		resold := w.begin("resold", ofReseller()).prove()
		_, err = w.Invite(w.ctx, resold.actor, resold.id, cases.InviteInput{Supplier: "reseller", Organisation: "Nuvem Parceira", Email: "ops@parceira.example"})
		must(t, err)
		resold.supplies().submit()

		for text, want := range map[string]string{
			"ana": "ana.lima-2019", "LIMA 2019": "ana.lima-2019", "lim": "ana.lima-2019", "ima": "",
			ana.ref: "ana.lima-2019", strings.ToLower(strings.ReplaceAll(ana.ref, "-", "")): "ana.lima-2019", ana.ref[:6]: "ana.lima-2019",
			ana.email: "ana.lima-2019", "joao": "João Prado", "PRADO joão": "João Prado", "prado ana": "",
			"sao tome": "João Prado", "widerspruch": "ana.lima-2019", "北辰": "北辰科技有限公司", "科技": "北辰科技有限公司", "司": "北辰科技有限公司", "辰北": "",
			"filhos exemplo": "北辰科技有限公司", "parceira": "resold", "ops@parceira.example": "resold", "ＡＮＡ": "ana.lima-2019",
			"' OR 1=1 --": "", "%%": "!", "a": "!", strings.Repeat("x", 201): "!",
		} {
			if want == "!" {
				_, err := w.Queue(w.ctx, reviewer("eva"), cases.QueueQuery{View: cases.ViewAll, Filter: cases.QueueFilter{Text: text}})
				wantCode(t, err, "invalid_fields")
				continue
			}
			wantSame(t, "found by "+text, w.search(cases.QueueFilter{Text: text}), want)
		}
		wantSame(t, "by the organisation", w.search(cases.QueueFilter{Organisation: "nuvem"}), "resold")
		wantSame(t, "by the owner", w.search(cases.QueueFilter{Organisation: "exemplo"}), "北辰科技有限公司")
		wantSame(t, "no organisation", w.search(cases.QueueFilter{Organisation: "lima"}), "")
		wantSame(t, "both", w.search(cases.QueueFilter{Organisation: "nuvem", Text: "resold"}), "resold")
		list, err := w.Queue(w.ctx, reviewer("eva"), cases.QueueQuery{View: cases.ViewWaiting, Filter: cases.QueueFilter{Text: "ana"}})
		must(t, err)
		wantSame(t, "in another view", accountsOf(list), "")
		w.wantSound()

		before := w.search(cases.QueueFilter{Text: "example"})
		_, err = w.db.ExecContext(w.ctx, "DELETE FROM case_words")
		must(t, err)
		wantSame(t, "without words", w.search(cases.QueueFilter{Text: "example"}), "")
		n, err := w.IndexWords(w.ctx)
		must(t, err)
		wantSame(t, "looked through", n, 4)
		wantSame(t, "with words again", w.search(cases.QueueFilter{Text: "example"}), before)
		wantSame(t, "notes too", w.search(cases.QueueFilter{Text: "widerspruch"}), "ana.lima-2019")
		n, err = w.IndexWords(w.ctx)
		must(t, err)
		wantSame(t, "looked through again", n, 0)
	})
}

// Many cases with the same word come page by page, each once, and a word beside it
// finds the one.
func TestSearchManyFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		crowd(t, w, 1200)
		for _, text := range []string{"common", "common often", "often"} {
			seen := map[string]bool{}
			page := cases.QueueQuery{View: cases.ViewAll, Filter: cases.QueueFilter{Text: text}, Limit: 100}
			for {
				list, err := w.Queue(w.ctx, reviewer("eva"), page)
				must(t, err)
				for _, c := range list {
					if seen[c.ID] {
						t.Fatalf("%q: %s comes twice", text, c.ID)
					}
					seen[c.ID] = true
				}
				if len(list) < page.Limit {
					break
				}
				page.After = list[len(list)-1].Key()
			}
			want := 1200
			if text != "common" {
				want = 400
			}
			wantSame(t, fmt.Sprintf("found by %q", text), len(seen), want)
		}
		wantSame(t, "the one", w.search(cases.QueueFilter{Text: "common number777"}), "account-777")
	})
}
