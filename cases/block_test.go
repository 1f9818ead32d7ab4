package cases_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"regain/cases"
	"regain/database"
	"regain/problem"
)

func (w *world) block(in cases.BlockInput) *cases.Block {
	w.t.Helper()
	if in.Expires.IsZero() {
		in.Expires = w.clock.now().Add(30 * day)
	}
	b, err := w.Block(w.ctx, lead("mia"), in)
	must(w.t, err)
	return b
}

// What a lead blocks is a signal in every case that has it, until it expires or is
// lifted; how it was spelled is all one.
func TestBlocksAreSignals(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		file := w.pdf()
		c := w.startAs("ana-2019", "ana@mail.example", "+55 11 91234-5678", file)
		c.submit()
		sum := c.details().Current(c.item("card_front/1")).SHA256
		w.block(cases.BlockInput{Kind: cases.BlockAccount, Value: " ANA-2019", Reason: "Sold"})
		w.block(cases.BlockInput{Kind: cases.BlockContact, Value: "ANA@mail.example", Reason: "Named in fraud", Expires: w.clock.now().Add(time.Hour)})
		phone := w.block(cases.BlockInput{Kind: cases.BlockContact, Value: "+55 (11) 91234 5678", Reason: "Seen before"})
		w.block(cases.BlockInput{Kind: cases.BlockFile, Value: strings.ToUpper(sum), Reason: "Forged", Refuse: true})
		w.block(cases.BlockInput{Kind: cases.BlockAccount, Value: "another", Reason: "Other"})
		got := c.signals()
		slices.Sort(got)
		wantSame(t, "signals", got, []string{
			"blocked account Sold false", "blocked contact Named in fraud false", "blocked contact Seen before false", "blocked front.pdf file Forged true"})
		w.clock.move(time.Hour)
		must(t, w.Lift(w.ctx, lead("mia"), phone.ID))
		got = c.signals()
		slices.Sort(got)
		wantSame(t, "two are over", got, []string{"blocked account Sold false", "blocked front.pdf file Forged true"})

		page, err := database.NewTimePage(10, "")
		must(t, err)
		list, _, err := w.Blocks(w.ctx, auditor("ada"), page)
		must(t, err)
		var hints []string
		for _, b := range list {
			hints = append(hints, b.Hint)
			if b.Kind != cases.BlockFile && strings.Contains(b.Digest+b.Hint, "91234") || strings.Contains(strings.ToLower(b.Digest+b.Hint), "ana") {
				t.Errorf("a block holds what it blocks: %+v", b)
			}
		}
		slices.Sort(hints)
		wantSame(t, "hints", hints, []string{"+5…78", sum[:12] + "…", "AN…19", "A…@mail.example", "an…er"})
	})
}

// A case with what a lead wants refused is not taken. Whatever it was, the answer is the
// same; the record says which block it was, and nothing else has changed.
func TestRefusedFiling(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		file := w.pdf()
		account := w.startAs("ana-2019", "ana@mail.example", "", nil)
		contact := w.startAs("eva-2020", "eva@mail.example", "", nil)
		forged := w.startAs("rui-2021", "rui@mail.example", "", file)
		fine := w.startAs("leo-2022", "leo@mail.example", "", nil)
		sum := forged.details().Current(forged.item("card_front/1")).SHA256
		blocks := []*cases.Block{
			w.block(cases.BlockInput{Kind: cases.BlockAccount, Value: "ana-2019", Reason: "Sold", Refuse: true}),
			w.block(cases.BlockInput{Kind: cases.BlockContact, Value: "eva@mail.example", Reason: "Fraud", Refuse: true}),
			w.block(cases.BlockInput{Kind: cases.BlockFile, Value: sum, Reason: "Forged", Refuse: true}),
		}
		var answers []problem.Error
		for n, c := range []*claimant{account, contact, forged} {
			before := c.read()
			_, err := w.Submit(w.ctx, c.actor, c.id, before.Version)
			answers = append(answers, wantCode(t, err, "filing_refused"))
			after := c.wantState(cases.Draft)
			if after.Version != before.Version || after.FiledAt != nil || !c.item("card_front/1").Open {
				t.Errorf("something changed: %+v", after)
			}
			var facts struct{ Blocks []string }
			rows := c.eventRows()
			must(t, json.Unmarshal([]byte(rows[len(rows)-1].Data), &facts))
			if rows[len(rows)-1].Type != "refuse" || !slices.Equal(facts.Blocks, []string{blocks[n].ID}) {
				t.Errorf("the record says %+v", rows[len(rows)-1])
			}
		}
		wantSame(t, "answers", answers[1:], []problem.Error{answers[0], answers[0]})
		fine.submit()
		w.wantLetters("ana@mail.example", "case_started")

		// One that only signals lets the case through, and the record says that it was there.
		must(t, w.Lift(w.ctx, lead("mia"), blocks[1].ID))
		again := w.block(cases.BlockInput{Kind: cases.BlockContact, Value: "eva@mail.example", Reason: "Look closely"})
		contact.submit()
		rows := contact.eventRows()
		if last := rows[len(rows)-1]; last.Type != "submit" || !strings.Contains(last.Data, again.ID) {
			t.Errorf("the record says %+v", last)
		}
		wantSame(t, "signals", contact.signals(), []string{"blocked contact Look closely false"})

		// Who is with us already is not turned away: reviewers see the signal.
		ben := reviewer("ben")
		fine.claim(ben)
		_, err := w.RequestMaterials(w.ctx, ben, fine.id, 0, cases.RequestInput{Words: "More.", Asks: []cases.Ask{{Text: "A letter"}}})
		must(t, err)
		w.block(cases.BlockInput{Kind: cases.BlockAccount, Value: "leo-2022", Reason: "Sold", Refuse: true})
		fine.supplies().submit()
		w.wantSound()
	})
}

func TestBlocksAreForLeads(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		good := cases.BlockInput{Kind: cases.BlockAccount, Value: "ana-2019", Reason: "Sold", Expires: w.clock.now().Add(day)}
		for _, who := range []cases.Actor{reviewer("ben"), auditor("ada"), {Kind: cases.Customer, ID: "x"}, {}} {
			_, err := w.Block(w.ctx, who, good)
			wantCode(t, err, "role_required")
			wantCode(t, w.Lift(w.ctx, who, "x"), "role_required")
		}
		_, _, err := w.Blocks(w.ctx, reviewer("ben"), database.Page{Limit: 1})
		wantCode(t, err, "role_required")
		for _, test := range []struct {
			in   cases.BlockInput
			want []string
		}{
			{cases.BlockInput{}, []string{"/expires_at too_early", "/kind not_a_choice", "/reason required"}},
			{cases.BlockInput{Kind: cases.BlockContact, Value: "nobody", Reason: "Sold", Expires: w.clock.now().Add(day)}, []string{"/value not_a_contact"}},
			{cases.BlockInput{Kind: cases.BlockFile, Value: "abc", Reason: "Sold", Expires: w.clock.now().Add(6 * 365 * day)}, []string{"/expires_at too_late", "/value not_a_digest"}},
			{cases.BlockInput{Kind: cases.BlockAccount, Value: "\x00", Reason: "Sold", Expires: w.clock.now().Add(day)}, []string{"/value forbidden_character"}},
		} {
			_, err := w.Block(w.ctx, lead("mia"), test.in)
			if test.want[0] == "/value forbidden_character" {
				p := wantCode(t, err, "invalid_fields")
				wantSame(t, "place", p.Fields[0].Pointer, "/value")
				continue
			}
			wantFields(t, err, test.want...)
		}
		b := w.block(good)
		_, err = w.Block(w.ctx, lead("mia"), good)
		wantCode(t, err, "already_blocked")
		w.clock.move(day) // it is over, and makes room
		wantCode(t, w.Lift(w.ctx, lead("mia"), b.ID), "block_not_found")
		w.block(cases.BlockInput{Kind: good.Kind, Value: good.Value, Reason: "Again"})
	})
}
