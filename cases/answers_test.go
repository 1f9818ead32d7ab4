package cases_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"regain/cases"
	"regain/problem"
	"regain/rules"
)

func (c *claimant) revise(answers cases.AnswersRaw) cases.Difference {
	c.t.Helper()
	_, diff, err := c.Revise(c.ctx, c.actor, c.id, 0, cases.Revision{Answers: answers})
	must(c.t, err)
	return diff
}

func (c *claimant) names() []string {
	c.t.Helper()
	var out []string
	for _, i := range c.details().Items {
		out = append(out, key(i))
	}
	return out
}

// While answers are open nothing is asked for; each question leads to the next.
func TestQuestionsOneByOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", nil).prove()
		var asked []string
		for next := c.details().Decision.Next; next != nil; next = c.details().Decision.Next {
			asked = append(asked, next.ID)
			wantSame(t, "items while open", len(c.details().Items), 0)
			_, err := w.Submit(w.ctx, c.actor, c.id, 0)
			wantFields(t, err, "/answers/"+next.ID+" required")
			c.revise(cases.AnswersRaw{next.ID: unpaid()[next.ID]})
		}
		slices.Sort(asked)
		wantSame(t, "questions", asked, []string{"account_type", "card_added", "customer_type", "paid", "phone_registered", "real_name_authenticated"})
		wantSame(t, "items", c.names(), []string{"contact_details/1"})
	})
}

// Answers change in a draft: what is no longer asked for is set aside with what
// was supplied, and is back when it is asked for again.
func TestAnswersChangeItems(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", withCard(3)).prove().supplies()
		before := c.items()
		diff := c.revise(cases.AnswersRaw{"months_of_use": 1})
		wantSame(t, "removed", diff.Removed, []string{before["consumption_proof/2"].ID, before["consumption_proof/3"].ID})
		wantSame(t, "items", c.names(), []string{"card_holder_certificate/1", "card_front/1", "consumption_proof/1"})
		_, err := w.upload(c.actor, c.id, before["consumption_proof/2"].ID, "a.pdf", w.pdf(), nil)
		wantCode(t, err, "item_not_found")

		diff = c.revise(cases.AnswersRaw{"months_of_use": 2})
		wantSame(t, "added again", diff.Added, []string{before["consumption_proof/2"].ID})
		if i := c.item("consumption_proof/2"); i.Supply != cases.Provided || !i.Open || c.details().Current(i) == nil {
			t.Fatalf("what was supplied is back: %+v", i)
		}

		// A question left open sets everything aside; nothing is lost.
		c.revise(cases.AnswersRaw{"months_of_use": nil})
		wantSame(t, "items", len(c.names()), 0)
		c.revise(cases.AnswersRaw{"months_of_use": 3})
		for name, i := range c.items() {
			if i.Supply != cases.Provided || i.ID != before[name].ID {
				t.Fatalf("%s: %+v", name, i)
			}
		}
		c.submit()
		w.wantSound()
	})
}

// A document serves another requirement for the same material: the certificate of
// a verified customer becomes that of a partner, and comes back.
func TestDocumentsFollowTheMaterial(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("Example Ltd", cases.AnswersRaw{
			"customer_type": "direct", "account_type": "enterprise", "real_name_authenticated": true, "card_added": false, "enterprise_country": "CN",
		}).prove()
		d := c.details()
		certificate, letter := c.item("real_name_certificate/1"), c.item("authorization_letter/1")
		must(t, c.fill(c.actor, d, certificate))
		must(t, c.fill(c.actor, d, letter))

		diff := c.revise(cases.AnswersRaw{"customer_type": "partner"})
		if got := c.item("partner_certificate/1"); got.ID != certificate.ID || got.Supply != cases.Provided || !got.SuppliedBy("partner") {
			t.Fatalf("the certificate did not move: %+v", got)
		}
		if got := c.item("partner_authorization_letter/1"); got.ID != letter.ID || got.Supply != cases.Provided {
			t.Fatalf("the letter did not move: %+v", got)
		}
		if !slices.Contains(diff.Kept, certificate.ID) || len(diff.Removed) != 3 { // three transaction records
			t.Fatalf("difference: %+v", diff)
		}
		for _, i := range c.details().Items {
			if want := i.Slot > 1; i.Optional != want {
				t.Fatalf("%s: optional %v, want %v", key(i), i.Optional, want)
			}
		}
		// Questions that came back are asked again.
		c.revise(cases.AnswersRaw{"customer_type": "direct"})
		if next := c.details().Decision.Next; next == nil || next.ID == "card_added" {
			t.Fatalf("dropped answers are asked again, from the first: %+v", next)
		}
		c.revise(cases.AnswersRaw{"account_type": "enterprise", "real_name_authenticated": true, "card_added": false})
		if got := c.item("real_name_certificate/1"); got.ID != certificate.ID || got.Supply != cases.Provided {
			t.Fatalf("the certificate did not come back: %+v", got)
		}
		w.wantSound()
	})
}

// An empty item that was set aside does not stand in the way of a document that
// fits its slot.
func TestDocumentGoesBeforeEmptyItem(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		answers := cases.AnswersRaw{"customer_type": "direct", "account_type": "enterprise", "real_name_authenticated": true, "card_added": false, "enterprise_country": "CN"}
		c := w.begin("Example Ltd", answers).prove()
		c.revise(cases.AnswersRaw{"customer_type": "partner"})
		partner := c.item("partner_certificate/1")
		must(t, c.fill(c.actor, c.details(), partner))
		c.revise(answers)
		if got := c.item("real_name_certificate/1"); got.ID != partner.ID || got.Supply != cases.Provided {
			t.Fatalf("the document stayed behind: %+v", got)
		}
		w.wantSound()
	})
}

// A statement is kept while it answers the fields that are live, and asked again
// when it does not.
func TestStatementJudgedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", unpaid()).prove()
		d := c.details()
		i := c.item("contact_details/1")
		_, err := w.State(w.ctx, c.actor, c.id, i.ID, map[string]any{"email": "not an address", "name": "A\u202eB", "address": map[string]any{"country": "XX"}})
		p := wantCode(t, err, "invalid_fields")
		for _, pointer := range []string{"/phone", "/email", "/name", "/address/line", "/address/country"} {
			if !slices.ContainsFunc(p.Fields, func(f problem.Field) bool { return f.Pointer == pointer }) {
				t.Fatalf("%s is not named: %+v", pointer, p.Fields)
			}
		}
		if c.item("contact_details/1").Supply != cases.Missing {
			t.Fatal("nothing is kept of a bad statement")
		}
		must(t, c.fill(c.actor, d, i))
		c.revise(cases.AnswersRaw{"phone_registered": false})
		if got := c.item("contact_details/1"); got.Supply != cases.Provided {
			t.Fatalf("a statement that still fits is kept: %+v", got)
		}
		c.revise(cases.AnswersRaw{"account_type": "enterprise"})
		if got := c.item("contact_details/1"); got.Supply != cases.Missing || !got.Open {
			t.Fatalf("an enterprise's name is asked now: %+v", got)
		}
		w.wantSound()
	})
}

// Bad answers name the question; impossible ones name all that are part of it.
func TestBadAnswers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", withCard(0))
		for _, test := range []struct {
			answers cases.AnswersRaw
			want    []string
		}{
			{cases.AnswersRaw{"colour": "red"}, []string{"/answers/colour unknown_fact"}},
			{cases.AnswersRaw{"card_added": "yes"}, []string{"/answers/card_added wrong_type"}},
			{cases.AnswersRaw{"customer_type": "directt"}, []string{"/answers/customer_type unknown_value"}},
			{cases.AnswersRaw{"months_of_use": -1}, []string{"/answers/months_of_use out_of_range"}},
			{cases.AnswersRaw{"account_type": "enterprise", "card_added": false, "paid": true}, []string{
				"/answers/paid impossible_combination", "/answers/months_of_use impossible_combination"}},
		} {
			_, _, err := w.Revise(w.ctx, c.actor, c.id, 0, cases.Revision{Answers: test.answers})
			wantFields(t, err, test.want...)
			_, err = w.Start(w.ctx, cases.StartInput{Answers: merged(withCard(0), test.answers), Particulars: cases.Particulars{
				Account: "ana", Lost: []cases.Channel{cases.Email}, NewEmail: "new@mail.example"}})
			wantFields(t, err, test.want...)
		}
		_, _, err := w.Revise(w.ctx, c.actor, c.id, 0, cases.Revision{
			Answers: cases.AnswersRaw{"colour": "red"}, Particulars: &cases.Particulars{Account: "x", Lost: []cases.Channel{cases.Email}, NewEmail: "nobody"},
		})
		wantFields(t, err, "/account too_short", "/new_email not_an_email", "/answers/colour unknown_fact")
		if got := c.read(); got.Version != 1 {
			t.Fatalf("refused answers changed the case: version %d", got.Version)
		}
	})
}

func merged(base, over cases.AnswersRaw) cases.AnswersRaw {
	out := cases.AnswersRaw{}
	for _, a := range []cases.AnswersRaw{base, over} {
		for k, v := range a {
			out[k] = v
		}
	}
	return out
}

// Outcomes without materials are told, and are nothing to submit.
func TestOutcomeWithoutMaterials(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		answers := unpaid()
		answers["paid"] = true
		delete(answers, "phone_registered")
		c := w.begin("ana-2019", answers).prove()
		wantSame(t, "outcome", c.read().Outcome, string(rules.ContactSupport))
		_, err := w.Submit(w.ctx, c.actor, c.id, 0)
		wantCode(t, err, "outcome_not_collect")
	})
}

// A reviewer corrects answers with a reason, and sees the difference.
func TestCorrection(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(1))
		ben := reviewer("ben")
		_, _, err := w.Correct(w.ctx, ben, c.id, 0, cases.AnswersRaw{"months_of_use": 3}, "There are three bills.")
		wantCode(t, err, "wrong_state")
		c.claim(ben)
		c.accepts(ben)
		_, _, err = w.Correct(w.ctx, ben, c.id, 0, cases.AnswersRaw{"months_of_use": 3}, "")
		wantFields(t, err, "/reason required")
		_, _, err = w.Correct(w.ctx, ben, c.id, 0, nil, "No change.")
		wantFields(t, err, "/answers required")
		_, _, err = w.Correct(w.ctx, ben, c.id, 0, cases.AnswersRaw{"card_added": false}, "No card.")
		wantFields(t, err, "/answers/paid required")
		_, _, err = w.Correct(w.ctx, ben, c.id, 0, cases.AnswersRaw{"card_added": false, "paid": true}, "No card.")
		wantCode(t, err, "outcome_not_collect")
		_, diff, err := w.Correct(w.ctx, ben, c.id, 0, cases.AnswersRaw{"months_of_use": 3}, "There are three bills.")
		must(t, err)
		second, third := c.item("consumption_proof/2"), c.item("consumption_proof/3")
		wantSame(t, "added", diff.Added, []string{second.ID, third.ID})
		wantSame(t, "kept", len(diff.Kept), 3)
		if second.Open || c.item("consumption_proof/1").Review != cases.Accepted {
			t.Fatal("what is new is closed until asked for, what is unchanged stays accepted")
		}
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		wantFields(t, err, "/items/"+second.ID+" not_accepted", "/items/"+third.ID+" not_accepted")
		_, err = w.RequestMaterials(w.ctx, ben, c.id, 0, cases.RequestInput{Words: "Two more months.", Asks: []cases.Ask{{Item: second.ID}, {Item: third.ID}}})
		must(t, err)
		c.supplies().submit()
		notes, err := w.Messages(w.ctx, ben, c.id, cases.MessageQuery{Kind: cases.Note, Limit: 5})
		must(t, err)
		wantSame(t, "note", notes[0].Body, "There are three bills.")
		_, err = w.Messages(w.ctx, c.actor, c.id, cases.MessageQuery{Kind: cases.Note, Limit: 5})
		wantCode(t, err, "role_required")
		w.wantSound()
	})
}

// A statement that a correction outdates is no longer accepted.
func TestCorrectionOutdatesStatement(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", unpaid())
		ben := reviewer("ben")
		c.claim(ben)
		c.accepts(ben)
		_, _, err := w.Correct(w.ctx, ben, c.id, 0, cases.AnswersRaw{"account_type": "enterprise"}, "It is a company.")
		must(t, err)
		if i := c.item("contact_details/1"); i.Supply != cases.Missing || i.Review != cases.Pending {
			t.Fatalf("the statement: %+v", i)
		}
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		wantFields(t, err, "/items/"+c.item("contact_details/1").ID+" not_accepted")
	})
}

// A case is finished under the policy that it was filed under, after a restart
// with a changed file; a new one is filed under the new.
func TestPinnedPolicy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old := w.begin("ana-2019", withCard(3)).prove()
		d := old.details()
		must(t, old.fill(old.actor, d, old.item("consumption_proof/3")))

		bundle, err := rules.ReadBundle(os.DirFS(".."), "rules.yaml")
		must(t, err)
		bundle.Base = []byte(strings.Replace(string(bundle.Base),
			"- consumption_proof: {last: 3, each: month", "- consumption_proof: {last: 2, each: month", 1))
		changed := compile(t, bundle)
		w.restart(changed)

		fresh := w.begin("ana-2020", withCard(3))
		if _, there := fresh.items()["consumption_proof/3"]; there || fresh.read().PolicyHash != changed.Hash() {
			t.Fatal("a new case is filed under the new policy")
		}
		if old.read().PolicyHash != d.Policy.Hash() || old.details().Policy.Hash() != d.Policy.Hash() {
			t.Fatal("the old case was moved")
		}
		old.revise(cases.AnswersRaw{"account_type": "enterprise", "enterprise_country": "CN"})
		old.supplies().submit()
		ben, eva := reviewer("ben"), reviewer("eva")
		old.claim(ben)
		old.accepts(ben)
		_, err = w.Approve(w.ctx, ben, old.id, 0, "")
		must(t, err)
		old.claim(eva)
		_, err = w.Approve(w.ctx, eva, old.id, 0, "")
		must(t, err)
		old.wantState(cases.Approved)
		wantSame(t, "items", old.names(), []string{"card_holder_certificate/1", "card_front/1", "consumption_proof/1", "consumption_proof/2", "consumption_proof/3", "authorization_letter/1"})
		w.wantSound()
	})
}

func TestStartErrors(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, err := w.Start(w.ctx, cases.StartInput{Policy: "nothing"})
		wantCode(t, err, "policy_not_found")
		c, err := w.Start(w.ctx, cases.StartInput{Policy: "huawei-id", Locale: "fr", Particulars: cases.Particulars{
			Account: "ana", Lost: []cases.Channel{cases.Phone}, NewPhone: "+55 11 91234-5678"}})
		must(t, err)
		wantSame(t, "locale, phone", []string{c.Locale, c.NewPhone}, []string{"en", "+5511912345678"})
		_, _, err = w.Revise(w.ctx, cases.Actor{Kind: cases.Customer, ID: c.ID}, c.ID, c.Version+1, cases.Revision{Locale: "zh-Hans"})
		wantCode(t, err, "case_changed")
		got, _, err := w.Revise(w.ctx, cases.Actor{Kind: cases.Customer, ID: c.ID}, c.ID, c.Version, cases.Revision{Locale: "zh-Hans"})
		must(t, err)
		wantSame(t, "locale", got.Locale, "zh-Hans")
	})
}
