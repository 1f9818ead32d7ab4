package cases_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"regain/cases"
	"regain/database"
)

// rui and bea are members of one organisation, eva of another.
func rui() cases.Member {
	return cases.Member{ID: "member-rui", Email: "rui@parceira.example", Addresses: []string{"rui@parceira.example", "bea@parceira.example"}}
}

func bea() cases.Member {
	m := rui()
	m.ID, m.Email = "member-bea", "bea@parceira.example"
	return m
}

func eva() cases.Member {
	return cases.Member{ID: "member-eva", Email: "eva@outra.example", Addresses: []string{"eva@outra.example"}, Domains: []string{"outra.example"}}
}

// owed lists what an organisation owes, as "account state".
func (w *world) owed(m cases.Member, ended bool) []string {
	w.t.Helper()
	page, err := database.NewPage(10, "")
	must(w.t, err)
	entries, _, err := w.OwedBy(w.ctx, m, cases.OwedQuery{Ended: ended, Page: page, Locale: "en"})
	must(w.t, err)
	out := []string{}
	for _, e := range entries {
		out = append(out, e.Case.Account+" "+string(e.State))
	}
	return out
}

func (w *world) actFor(m cases.Member, invitation string) cases.Actor {
	w.t.Helper()
	actor, _, err := w.ActFor(w.ctx, m, invitation)
	must(w.t, err)
	return actor
}

// What an organisation owes is found by the addresses that invitations went to, and
// goes from owed to accepted; every event says which member did what.
func TestOrganisationOwes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, second := w.begin("ana-2019", ofReseller()).prove(), w.begin("eva-2020", ofReseller()).prove()
		inv := first.invite("reseller", "Rui@Parceira.example")
		w.clock.move(time.Minute)
		second.invite("reseller", "bea@parceira.example")
		second.invite("reseller", "someone@outra.example")
		wantSame(t, "rui's list", w.owed(rui(), false), []string{"ana-2019 owed", "eva-2020 owed"})
		wantSame(t, "bea's list", w.owed(bea(), false), w.owed(rui(), false))
		wantSame(t, "eva's list", w.owed(eva(), false), []string{"eva-2020 owed"}) // by its domain

		// Another's invitation is as absent as none.
		for _, id := range []string{inv.ID, "none"} {
			_, _, err := w.ActFor(w.ctx, eva(), id)
			wantCode(t, err, "invitation_not_found")
			_, err = w.OwedEntry(w.ctx, eva(), id, "en")
			wantCode(t, err, "invitation_not_found")
		}

		actor := w.actFor(bea(), inv.ID)
		consent, letter := first.item("partner_consent/1").ID, first.item("authorization_letter/1").ID
		_, err := w.upload(actor, first.id, consent, "consent.pdf", w.pdf(), nil)
		must(t, err)
		w.wantLetters("bea@parceira.example", "invitation", "partner_receipt") // the invitation is to the other case
		w.wantLetters("Rui@Parceira.example", "invitation")
		wantSame(t, "half sent", w.owed(rui(), false)[0], "ana-2019 owed")
		doc, err := w.upload(w.actFor(rui(), inv.ID), first.id, letter, "letter.pdf", w.pdf(), nil)
		must(t, err)
		wantSame(t, "sent", w.owed(rui(), false)[0], "ana-2019 sent")
		_, r, err := w.Open(w.ctx, actor, first.id, doc.ID) // a colleague's
		must(t, err)
		must(t, r.Close())
		_, err = w.upload(actor, second.id, second.item("partner_consent/1").ID, "a.pdf", w.pdf(), nil)
		wantCode(t, err, "case_not_found")

		var members []string
		for _, e := range first.eventRows() {
			if e.Type == "supply" {
				at := strings.Index(e.Data, `"member":"`)
				members = append(members, e.Data[at+len(`"member":"`):][:len("member-rui")])
			}
		}
		wantSame(t, "members in events", members, []string{"member-bea", "member-rui"})

		// What reviewers think shows when they are done, not before.
		first.supplies().submit()
		first.claim(reviewer("rita"))
		_, err = w.Judge(w.ctx, reviewer("rita"), first.id, letter, 0, bad())
		must(t, err)
		wantSame(t, "in review", w.owed(rui(), false)[0], "ana-2019 sent")
		first.accepts(reviewer("rita"))
		_, err = w.RequestMaterials(w.ctx, reviewer("rita"), first.id, 0, cases.RequestInput{Asks: []cases.Ask{{Item: letter}}, Words: "Once more, please."})
		must(t, err)
		wantSame(t, "rejected", slices.Contains(w.owed(rui(), false), "ana-2019 rejected"), true)
		w.clock.move(time.Minute)
		_, err = w.upload(w.actFor(rui(), inv.ID), first.id, letter, "letter-2.pdf", w.pdf(), nil)
		must(t, err)
		first.submit()
		first.claim(reviewer("rita"))
		first.accepts(reviewer("rita"))
		_, err = w.Approve(w.ctx, reviewer("rita"), first.id, 0, "")
		must(t, err)
		first.wantState(cases.Approved)
		wantSame(t, "the end", w.owed(rui(), true), []string{"ana-2019 accepted"})
		_, _, err = w.ActFor(w.ctx, rui(), inv.ID)
		wantCode(t, err, "invitation_ended")
		w.wantSound()
	})
}

// The history tells of links, files and decisions, each with who it was.
func TestOwedHistory(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", ofReseller()).prove()
		inv := c.invite("reseller", "rui@parceira.example")
		letter := c.item("authorization_letter/1").ID
		w.clock.move(time.Minute)
		link := c.exchange("rui@parceira.example")
		w.clock.move(time.Minute)
		_, err := w.upload(link, c.id, letter, "one.pdf", w.pdf(), nil)
		must(t, err)
		w.clock.move(time.Minute)
		_, err = w.Clear(w.ctx, w.actFor(bea(), inv.ID), c.id, letter)
		must(t, err)
		w.clock.move(time.Minute)
		_, err = w.upload(w.actFor(bea(), inv.ID), c.id, letter, "two.pdf", w.pdf(), nil)
		must(t, err)
		w.clock.move(time.Minute)
		must(t, w.Revoke(w.ctx, c.actor, c.id, inv.ID))
		entry, err := w.OwedEntry(w.ctx, rui(), inv.ID, "en")
		must(t, err)
		wantSame(t, "state", entry.State, cases.OwedRevoked)
		history, err := w.OwedHistory(w.ctx, entry, "en")
		must(t, err)
		var got []string
		for _, m := range history {
			got = append(got, strings.Join([]string{string(m.Deed), m.Member, m.Item, m.File}, "|"))
		}
		wantSame(t, "history", got, []string{
			"asked|||", "opened|||", "sent||Authorization letter|one.pdf", "removed|member-bea|Authorization letter|",
			"sent|member-bea|Authorization letter|two.pdf", "ended|||",
		})
	})
}

// What a reviewer decided and took back was never told to anybody, and no partner reads it.
func TestOwedHistoryLeavesOutWhatWasTakenBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, ben := w.begin("ana-2019", ofReseller()).prove(), reviewer("ben")
		inv := c.invite("reseller", "rui@parceira.example")
		letter := c.item("authorization_letter/1").ID
		_, err := w.upload(c.exchange("rui@parceira.example"), c.id, letter, "one.pdf", w.pdf(), nil)
		must(t, err)
		c.supplies().submit()
		c.claim(ben)
		wrong := bad()
		wrong.WordsCustomer = "This is another customer's letter."
		_, err = w.Judge(w.ctx, ben, c.id, letter, 0, wrong)
		must(t, err)
		_, err = w.Undo(w.ctx, ben, c.id, letter, 0)
		must(t, err)
		w.clock.move(time.Minute)
		c.accepts(ben)
		w.clock.move(time.Minute)
		_, err = w.Judge(w.ctx, ben, c.id, letter, 0, wrong)
		must(t, err)
		_, err = w.Undo(w.ctx, ben, c.id, letter, 0) // accepted, as before
		must(t, err)
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		must(t, err)
		entry, err := w.OwedEntry(w.ctx, rui(), inv.ID, "en")
		must(t, err)
		history, err := w.OwedHistory(w.ctx, entry, "en")
		must(t, err)
		var got []string
		for _, m := range history {
			got = append(got, string(m.Deed)+m.Words)
		}
		wantSame(t, "history", strings.Join(got, " "), "asked opened sent accepted accepted ended")
	})
}

// An invitation that is over is in the other list, and takes nothing any more.
func TestOwedEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", ofReseller()).prove()
		inv := c.invite("reseller", "rui@parceira.example")
		actor := w.actFor(rui(), inv.ID)
		w.clock.move(7 * 24 * time.Hour)
		wantSame(t, "owed", w.owed(rui(), false), []string{})
		wantSame(t, "over", w.owed(rui(), true), []string{"ana-2019 expired"})
		_, _, err := w.ActFor(w.ctx, rui(), inv.ID)
		wantCode(t, err, "invitation_ended")
		_, err = w.upload(actor, c.id, c.item("partner_consent/1").ID, "late.pdf", w.pdf(), nil)
		wantCode(t, err, "case_not_found")
	})
}

// Pages of the list follow each other without a hole, and rows from before there were
// keys are found once time has passed over them.
func TestOwedPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var want []string
		for _, account := range []string{"a-1", "b-2", "c-3", "d-4", "e-5"} {
			w.begin(account, ofReseller()).prove().invite("reseller", "rui@parceira.example")
			want = append(want, account)
			w.clock.move(time.Second)
		}
		_, err := w.db.ExecContext(w.ctx, "UPDATE invitations SET email_key = '', domain_key = ''")
		must(t, err)
		wantSame(t, "without keys", w.owed(rui(), false), []string{})
		_, err = w.Tick(w.ctx)
		must(t, err)
		var got []string
		for cursor := ""; ; {
			page, err := database.NewPage(2, cursor)
			must(t, err)
			entries, next, err := w.OwedBy(w.ctx, rui(), cases.OwedQuery{Page: page, Locale: "pt-BR"})
			must(t, err)
			for _, e := range entries {
				got = append(got, e.Case.Account)
				wantSame(t, "asked", e.Asked, []string{"E-mail que comprova o consentimento do parceiro", "Carta de autorização"})
			}
			if cursor = next; next == "" {
				break
			}
		}
		wantSame(t, "pages", got, want)
	})
}

// A chain forged so that another case's invitation supplied something is found.
func TestForeignPartnerIsFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, other := w.begin("ana-2019", ofReseller()).prove(), w.begin("eva-2020", ofReseller()).prove()
		inv, foreign := c.invite("reseller", "rui@parceira.example"), other.invite("reseller", "rui@parceira.example")
		doc, err := w.upload(w.actFor(rui(), inv.ID), c.id, c.item("partner_consent/1").ID, "a.pdf", w.pdf(), nil)
		must(t, err)
		w.wantSound()
		head := ""
		for _, e := range c.eventRows() {
			if e.ActorKind == cases.Partner {
				e.ActorID = foreign.ID
			}
			e.Seal(head)
			head = e.Hash
			_, err := w.db.NewUpdate().Model(e).WherePK().Exec(w.ctx)
			must(t, err)
		}
		for _, q := range []string{"UPDATE cases SET event_head = '" + head + "' WHERE id = '" + c.id + "'", "UPDATE documents SET actor_id = '" + foreign.ID + "' WHERE id = '" + doc.ID + "'"} {
			_, err := w.db.ExecContext(w.ctx, q)
			must(t, err)
		}
		report, err := w.VerifyAudit(w.ctx)
		must(t, err)
		var codes []string
		for _, f := range report.Findings {
			codes = append(codes, f.Code)
		}
		wantSame(t, "findings", codes, []string{"foreign_partner", "foreign_partner"})
	})
}
