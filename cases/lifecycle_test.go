package cases_test

import (
	"testing"

	"regain/cases"
)

// The main job: from the first question to an approval, and what everybody hears
// of it.
func TestApproval(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", withCard(2))
		if got := c.read(); got.State != cases.Draft || got.Version != 1 || got.Scenario != "direct-card" || got.ApprovalsNeeded != 1 {
			t.Fatalf("a draft: %+v", got)
		}
		_, err := c.Submit(w.ctx, c.actor, c.id, 0)
		wantFields(t, err, "/new_email not_verified")
		c.prove()
		_, err = c.Submit(w.ctx, c.actor, c.id, 0)
		items := c.items()
		wantFields(t, err,
			"/items/"+items["card_holder_certificate/1"].ID+" missing", "/items/"+items["card_front/1"].ID+" missing",
			"/items/"+items["consumption_proof/1"].ID+" missing", "/items/"+items["consumption_proof/2"].ID+" missing")
		c.supplies().submit()
		c.wantState(cases.Submitted)

		ben := reviewer("ben")
		_, err = w.Judge(w.ctx, ben, c.id, items["card_front/1"].ID, 0, c.good(items["card_front/1"]))
		wantCode(t, err, "wrong_state")
		c.claim(ben)
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		if p := wantCode(t, err, "invalid_fields"); len(p.Fields) != 4 || p.Fields[0].Code != "not_accepted" {
			t.Fatalf("four items are not accepted: %+v", p.Fields)
		}
		c.accepts(ben)
		_, err = w.Approve(w.ctx, ben, c.id, 0, "All agrees.")
		must(t, err)
		got := c.wantState(cases.Approved)
		if got.EndedAt == nil || got.Open || got.ClaimedBy != "" || got.ReviewDue != nil {
			t.Fatalf("an ended case: %+v", got)
		}
		wantSame(t, "events", c.events(), []string{
			"start", "verify_contact", "supply", "supply", "supply", "supply", "submit", "claim",
			"decide_item", "decide_item", "decide_item", "decide_item", "approve",
		})
		w.wantLetters(c.email, "case_started", "case_submitted", "case_approved")
		w.wantSound()
	})
}
