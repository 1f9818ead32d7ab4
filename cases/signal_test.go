package cases_test

import (
	"fmt"
	"testing"
	"time"

	"regain/cases"
)

// startAs begins a draft with contacts of one's own choice, proves them, supplies what
// is asked for, and hands it in.
func (w *world) startAs(account, email, phone string, file []byte) *claimant {
	w.t.Helper()
	lost := []cases.Channel{cases.Email}
	if phone != "" {
		lost = append(lost, cases.Phone)
	}
	started, err := w.Start(w.ctx, cases.StartInput{Locale: "en", Answers: withCard(0), Particulars: cases.Particulars{Account: account, Lost: lost, NewEmail: email, NewPhone: phone}})
	must(w.t, err)
	w.seed++
	c := &claimant{world: w, id: started.ID, actor: cases.Actor{Kind: cases.Customer, ID: started.ID}, email: email, ref: started.Reference}
	for _, channel := range []cases.Channel{cases.Email, cases.Phone} {
		if to, _ := started.Contact(channel); to != "" {
			must(w.t, w.SendContactCode(w.ctx, c.actor, c.id, channel, fmt.Sprintf("198.51.100.%d", w.seed%250)))
			_, err := w.VerifyContact(w.ctx, c.actor, c.id, channel, c.code(to))
			must(w.t, err)
		}
	}
	if file != nil {
		_, err := w.upload(c.actor, c.id, c.item("card_front/1").ID, "front.pdf", file, nil)
		must(w.t, err)
	}
	return c.supplies()
}

// signalsOf are a case's signals as its reviewer sees them.
func (c *claimant) signals() []string {
	c.t.Helper()
	d, err := c.Details(c.ctx, reviewer("ben"), c.id)
	must(c.t, err)
	out := []string{}
	for _, s := range d.Signals {
		text := string(s.Kind)
		if s.Document != nil {
			text += " " + s.Document.Name
		}
		if s.Other != nil {
			text += " " + s.Other.Reference
			if s.Other.SameAccount {
				text += " (same account)"
			}
		}
		if s.Block != nil {
			text += fmt.Sprintf(" %s %s %t", s.Block.Kind, s.Block.Reason, s.Block.Refuse)
		}
		out = append(out, text)
	}
	return out
}

// A case that has something in common with another one says so, to staff alone.
func TestSignals(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		file := w.pdf()
		first := w.startAs("ana-2019", "ana@mail.example", "+55 11 91234-5678", file)
		first.submit()
		draft := w.startAs("hidden", "ana@mail.example", "", file) // was not filed: nobody may see it
		alone := w.filed("nothing in common", withCard(0))
		second := w.startAs("eva-2020", "Ana@Mail.example", "+5511912345678", file)
		second.submit()
		third := w.startAs(" ANA-2019 ", "third@mail.example", "", nil)
		third.submit() // it waits: the account is taken

		wantSame(t, "alone", alone.signals(), []string{})
		wantSame(t, "the second", second.signals(), []string{"same_email " + first.ref, "same_file front.pdf " + first.ref, "same_phone " + first.ref})
		wantSame(t, "the first", first.signals(), []string{
			"same_account " + third.ref + " (same account)", "same_email " + second.ref, "same_file front.pdf " + second.ref, "same_phone " + second.ref})
		if d := first.details(); d.Signals != nil {
			t.Errorf("the customer sees %v", d.Signals)
		}
		draft.submit()
		if got := second.signals(); len(got) != 5 {
			t.Errorf("with one more: %v", got)
		}
		w.wantSound()
	})
}

// What was stored before there were keys is found once time has passed over it.
func TestSignalsOfOldRows(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.startAs("ana-2019", "ana@mail.example", "+55 11 91234-5678", nil)
		first.submit()
		second := w.startAs("eva-2020", "ana@mail.example", "+55 11 91234-5678", nil)
		second.submit()
		_, err := w.db.ExecContext(w.ctx, "UPDATE cases SET email_key = '', phone_key = ''")
		must(t, err)
		wantSame(t, "without keys", second.signals(), []string{})
		_, err = w.Tick(w.ctx)
		must(t, err)
		wantSame(t, "with keys", second.signals(), []string{"same_email " + first.ref, "same_phone " + first.ref})
		for _, table := range []string{"cases", "blocks"} { // no index holds a contact: they are columns of digests
			if table == "cases" && first.read().EmailKey == "ana@mail.example" {
				t.Error("the key is the address")
			}
		}
	})
}

// slowSignals says so of a case with its signals.
func slowSignals(small, large time.Duration) bool {
	return large > max(3*small+5*time.Millisecond, 6*small)
}

// signalsAreQuick looks at a case with which a hundred thousand share a contact, and some ten
// thousand a file.
func signalsAreQuick(t *testing.T, few, w *world) {
	targets := map[*world]string{}
	for _, in := range []*world{few, w} {
		var target string
		must(t, in.db.NewSelect().Model((*cases.Case)(nil)).Column("id").Where("c.account = 'the copied one'").Scan(in.ctx, &target))
		targets[in] = target
		in.lay("INSERT INTO items (id, case_id, requirement, slot, material, kind, origin, label, suppliers, optional, supply, unavailable_reason, review, open, retired, created_at, updated_at) "+
			"SELECT 'i-' || c.id, c.id, i.requirement, i.slot, i.material, i.kind, i.origin, i.label, i.suppliers, i.optional, i.supply, '', i.review, i.open, i.retired, i.created_at, i.updated_at "+
			"FROM cases c, items i WHERE i.case_id = ? AND i.kind = 'document' AND c.id LIKE 'c-1%' AND i.id = (SELECT min(id) FROM items WHERE case_id = ? AND kind = 'document')", targets[in], targets[in])
		in.lay("INSERT INTO documents (id, case_id, item_id, name, type, size, sha256, object_key, version, state, actor_kind, actor_id, created_at) "+
			"SELECT 'd-' || i.case_id, i.case_id, i.id, d.name, d.type, d.size, d.sha256, 'k-' || i.case_id, 1, 'current', d.actor_kind, d.actor_id, d.created_at "+
			"FROM items i, documents d WHERE i.id LIKE 'i-c-1%' AND d.case_id = ? AND d.id = (SELECT min(id) FROM documents WHERE case_id = ?)", targets[in], targets[in])
		in.lay("ANALYZE")
	}
	small, large := fastest(few, w, slowSignals, func(in *world) {
		d, err := in.Details(in.ctx, reviewer("ben"), targets[in])
		must(t, err)
		kinds := map[cases.SignalKind]int{}
		for _, s := range d.Signals {
			kinds[s.Kind]++
		}
		if kinds[cases.SameEmail] != 10 || kinds[cases.SameFile] != 10 {
			t.Fatalf("signals: %v", kinds)
		}
	})
	t.Logf("%s of many, %s of few", large, small)
	if slowSignals(small, large) {
		t.Errorf("a case takes %s among many, %s among few", large, small)
	}
}
