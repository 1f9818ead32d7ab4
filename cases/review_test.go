package cases_test

import (
	"strings"
	"testing"
	"time"

	"regain/cases"
	"regain/problem"
)

// Two approvals come from two people, and each of them holds the case for it.
func TestTwoApprovals(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("Example Ltd", enterpriseWithCard("BR"))
		ben, eva := reviewer("ben"), reviewer("eva")
		c.claim(ben)
		c.accepts(ben)
		_, err := w.Approve(w.ctx, ben, c.id, 0, "")
		must(t, err)
		got := c.wantState(cases.Submitted)
		if got.ClaimedBy != "" || got.ReviewDue == nil {
			t.Fatalf("a case that waits for its second approval: %+v", got)
		}
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		wantCode(t, err, "wrong_state")
		c.claim(ben)
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		wantCode(t, err, "already_approved")
		_, err = w.Approve(w.ctx, eva, c.id, 0, "")
		wantCode(t, err, "not_claimed")
		_, err = w.Release(w.ctx, ben, c.id, 0)
		must(t, err)
		c.claim(eva)
		_, err = w.Approve(w.ctx, eva, c.id, 0, "")
		must(t, err)
		c.wantState(cases.Approved)
		w.wantLetters(c.email, "case_started", "case_submitted", "case_approved")
		if d := c.details(); len(d.Decisions) != 2 || d.Decisions[0].StaffID != ben.ID || d.Decisions[1].StaffID != eva.ID {
			t.Fatalf("decisions: %+v", d.Decisions)
		}
		w.wantSound()
	})
}

// An approval falls when what it approved is no longer accepted, or the answers
// are corrected.
func TestApprovalsFallWithWhatTheyApproved(t *testing.T) {
	ben, eva := reviewer("ben"), reviewer("eva")
	for _, test := range []struct {
		name   string
		change func(t *testing.T, c *claimant)
	}{
		{"an item is rejected", func(t *testing.T, c *claimant) {
			i := c.item("card_front/1")
			_, err := c.Judge(c.ctx, eva, c.id, i.ID, 0, bad())
			must(t, err)
			_, err = c.Judge(c.ctx, eva, c.id, i.ID, 0, c.good(i))
			must(t, err)
		}},
		{"an answer is corrected", func(t *testing.T, c *claimant) {
			_, _, err := c.Correct(c.ctx, eva, c.id, 0, cases.AnswersRaw{"enterprise_country": "DE"}, "The letter says so.")
			must(t, err)
			c.accepts(eva)
		}},
		{"more is requested", func(t *testing.T, c *claimant) {
			_, err := c.RequestMaterials(c.ctx, eva, c.id, 0, cases.RequestInput{Asks: []cases.Ask{{Item: c.item("card_front/1").ID}}, Words: "Once more, please."})
			must(t, err)
			c.submit()
			c.claim(eva)
			c.accepts(eva)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				c := w.filed("Example Ltd", enterpriseWithCard("BR"))
				c.claim(ben)
				c.accepts(ben)
				_, err := w.Approve(w.ctx, ben, c.id, 0, "")
				must(t, err)
				c.claim(eva)
				test.change(t, c)
				_, err = w.Approve(w.ctx, eva, c.id, 0, "")
				must(t, err)
				c.wantState(cases.Submitted) // the first of two, again
				c.claim(ben)
				_, err = w.Approve(w.ctx, ben, c.id, 0, "")
				must(t, err)
				c.wantState(cases.Approved)
				w.wantSound()
			})
		})
	}
}

// Rejected, asked again, supplied anew: only what is named opens, and the
// reviewers' clock stands while the customer acts.
func TestRejectionAndResubmission(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(1))
		ben := reviewer("ben")
		due := *c.read().ReviewDue
		w.clock.move(5 * time.Hour)
		c.claim(ben)
		front, other := c.item("card_front/1"), c.item("consumption_proof/1")
		for _, wrong := range []struct {
			judgement cases.Judgement
			fields    []string
		}{
			{cases.Judgement{}, []string{"/reason_code not_a_choice", "/words_customer required"}},
			{cases.Judgement{ReasonCode: "because", WordsCustomer: "No.\x00"}, []string{"/reason_code not_a_choice", "/words_customer forbidden_character"}},
			{cases.Judgement{Accept: true, Checks: []string{"six_and_four_clear", "sealed"}}, []string{
				"/checks/1 unknown_check", "/checks check_missing", "/checks check_missing", "/checks check_missing"}},
		} {
			_, err := w.Judge(w.ctx, ben, c.id, front.ID, 0, wrong.judgement)
			wantFields(t, err, wrong.fields...)
		}
		_, err := w.Judge(w.ctx, ben, c.id, front.ID, 0, cases.Judgement{ReasonCode: "because", WordsCustomer: "No proof."})
		if p, ok := problem.As(err); !ok || len(p.Fields) != 1 || !strings.HasPrefix(p.Fields[0].Message, "Choose one of the reasons: unreadable, incomplete, ") {
			t.Errorf("an unknown reason: %v", p)
		}
		_, err = w.Judge(w.ctx, ben, c.id, front.ID, 0, bad())
		must(t, err)
		_, err = w.RequestMaterials(w.ctx, ben, c.id, 0, cases.RequestInput{Asks: []cases.Ask{{Item: front.ID}}, Words: "Please photograph the card again."})
		must(t, err)
		got := c.wantState(cases.MaterialsRequested)
		if got.ReviewDue != nil || got.ReviewLeft != due.Sub(w.clock.now()) || got.ClaimedBy != "" || !got.Open {
			t.Fatalf("a case with its customer: %+v", got)
		}
		wantSame(t, "deadline", *got.CustomerDue, w.clock.now().AddDate(0, 0, 14))
		w.wantWords(c.email, "more_requested", "Front of the credit card – "+bad().WordsCustomer, got.CustomerDue.UTC().Format("2 January 2006, 15:04 UTC"))

		// Only the named item is open.
		_, err = w.upload(c.actor, c.id, other.ID, "a.pdf", w.pdf(), nil)
		wantCode(t, err, "item_closed")
		_, err = w.Submit(w.ctx, c.actor, c.id, 0)
		wantFields(t, err, "/items/"+front.ID+" rejected")
		w.clock.move(3 * 24 * time.Hour)
		c.supplies().submit()
		got = c.wantState(cases.Submitted)
		wantSame(t, "review due", *got.ReviewDue, due.Add(5*24*time.Hour)) // two days of work, with a weekend between

		c.claim(ben)
		c.accepts(ben)
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		must(t, err)
		c.wantState(cases.Approved)
		w.wantLetters(c.email, "case_started", "case_submitted", "more_requested", "case_submitted", "case_approved")
		msgs, err := w.Messages(w.ctx, c.actor, c.id, cases.MessageQuery{Kind: cases.Message, Limit: 10})
		must(t, err)
		if len(msgs) != 1 || msgs[0].Body != "Please photograph the card again." {
			t.Fatalf("messages: %+v", msgs)
		}
		w.wantSound()
	})
}

// More can be asked from the catalogue and in free text; it gates like the rest.
func TestRequestBeyondThePolicy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(0))
		ben := reviewer("ben")
		c.claim(ben)
		c.accepts(ben)
		for _, wrong := range []struct {
			in     cases.RequestInput
			fields []string
		}{
			{cases.RequestInput{}, []string{"/asks required", "/words required"}},
			{cases.RequestInput{Words: "More.", Asks: []cases.Ask{{Item: "x", Text: "y"}, {Text: "  "}}}, []string{"/asks/0 one_of", "/asks/1 one_of"}},
			{cases.RequestInput{Words: "More.", Asks: []cases.Ask{{Item: "x"}}}, []string{"/asks/0/item item_not_found"}},
			{cases.RequestInput{Words: "More.", Asks: []cases.Ask{{Material: "contact_details"}}}, []string{"/asks/0/material unknown_material"}},
		} {
			_, err := w.RequestMaterials(w.ctx, ben, c.id, 0, wrong.in)
			wantFields(t, err, wrong.fields...)
		}
		_, err := w.RequestMaterials(w.ctx, ben, c.id, 0, cases.RequestInput{
			Words: "Two things more.", Asks: []cases.Ask{{Material: "card_front"}, {Text: " A photo of the bill's envelope "}},
		})
		must(t, err)
		_, err = w.Submit(w.ctx, c.actor, c.id, 0)
		asked, text := c.item("asked:card_front"), c.item("asked:A photo of the bill's envelope")
		wantFields(t, err, "/items/"+asked.ID+" missing", "/items/"+text.ID+" missing")
		_, err = w.upload(c.actor, c.id, asked.ID, "mail.eml", []byte("From: a@b.example\r\n\r\nx"), nil)
		wantCode(t, err, "file_type_not_allowed") // the catalogue's limits hold
		c.supplies().submit()
		c.claim(ben)
		_, err = w.Judge(w.ctx, ben, c.id, asked.ID, 0, cases.Judgement{Accept: true})
		if p := wantCode(t, err, "invalid_fields"); len(p.Fields) != 4 {
			t.Fatalf("the policy's checks hold for what is asked of the catalogue: %+v", p.Fields)
		}
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		wantFields(t, err, "/items/"+asked.ID+" not_accepted", "/items/"+text.ID+" not_accepted")
		c.accepts(ben)
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		must(t, err)
		w.wantWords(c.email, "more_requested", "Front of the credit card", "A photo of the bill's envelope")
		w.wantSound()
	})
}

// The preview of a request says what is sent: a material by the name that the policy has for it in this
// very case, in the order in which it is asked for.
func TestPreviewOfARequestIsWhatIsSent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", cases.AnswersRaw{"customer_type": "partner", "enterprise_country": "BR"})
		ben := reviewer("ben")
		c.claim(ben)
		in := cases.RequestInput{Words: "Three things more.", Asks: []cases.Ask{
			{Text: "A photo of the envelope"}, {Material: "authorization_letter"}, {Item: c.item("partner_certificate/1").ID},
		}}
		shown, err := w.PreviewRequest(w.ctx, ben, c.id, in)
		must(t, err)
		_, err = w.RequestMaterials(w.ctx, ben, c.id, 0, in)
		must(t, err)
		w.wantWords(c.email, "more_requested", "Partner authorization letter", shown.Letter.Text)
	})
}

// What is out of reach can be submitted, and takes a waiver by a second person.
func TestWaiver(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", withCard(1)).prove()
		proof := c.item("consumption_proof/1")
		_, err := w.CannotProvide(w.ctx, c.actor, c.id, proof.ID, " no ")
		wantFields(t, err, "/reason too_short")
		_, err = w.CannotProvide(w.ctx, c.actor, c.id, proof.ID, "My bank was closed.")
		must(t, err)
		_, err = w.CanProvide(w.ctx, c.actor, c.id, proof.ID)
		must(t, err)
		_, err = w.CanProvide(w.ctx, c.actor, c.id, proof.ID)
		wantCode(t, err, "item_not_unavailable")
		_, err = w.CannotProvide(w.ctx, c.actor, c.id, proof.ID, "My bank was closed.")
		must(t, err)
		c.supplies().submit()

		ben, eva, tom := reviewer("ben"), reviewer("eva"), reviewer("tom")
		c.claim(ben)
		c.accepts(ben)
		_, err = w.Judge(w.ctx, ben, c.id, proof.ID, 0, cases.Judgement{Accept: true})
		wantCode(t, err, "nothing_supplied")
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		wantFields(t, err, "/items/"+proof.ID+" not_accepted")
		_, err = w.Waive(w.ctx, ben, c.id, proof.ID, 0, "I believe it.")
		wantCode(t, err, "second_person_required")
		_, err = w.Waive(w.ctx, eva, c.id, c.item("card_front/1").ID, 0, "Enough.")
		wantCode(t, err, "item_accepted")
		_, err = w.Waive(w.ctx, eva, c.id, proof.ID, 0, "The bank no longer exists.")
		must(t, err)
		_, err = w.Waive(w.ctx, tom, c.id, proof.ID, 0, "So it is.")
		wantCode(t, err, "item_waived")
		// Whoever waived does not approve.
		_, err = w.Release(w.ctx, ben, c.id, 0)
		must(t, err)
		c.claim(eva)
		_, err = w.Approve(w.ctx, eva, c.id, 0, "")
		wantCode(t, err, "second_person_required")
		_, err = w.Release(w.ctx, lead("mia"), c.id, 0)
		must(t, err)
		c.claim(tom)
		_, err = w.Approve(w.ctx, tom, c.id, 0, "")
		must(t, err)
		c.wantState(cases.Approved)
		w.wantSound()
	})
}

// A denial can be appealed once, in time, and is then for other eyes.
func TestAppeal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(1))
		ben, eva, tom := reviewer("ben"), reviewer("eva"), reviewer("tom")
		_, err := w.WriteNote(w.ctx, tom, c.id, "Only looked.")
		must(t, err)
		_, err = w.Appeal(w.ctx, c.actor, c.id, 0, "You are mistaken.")
		wantCode(t, err, "wrong_state")
		c.claim(ben)
		c.accepts(ben)
		_, err = w.Deny(w.ctx, ben, c.id, 0, cases.Denial{ReasonCode: "not_proven"})
		wantFields(t, err, "/words_customer required")
		_, err = w.Deny(w.ctx, ben, c.id, 0, cases.Denial{ReasonCode: "not_proven", WordsCustomer: "This does not prove enough.", WordsStaff: "Name differs."})
		must(t, err)
		got := c.wantState(cases.Denied)
		wantSame(t, "appeal until", *got.AppealUntil, w.clock.now().AddDate(0, 0, 30))

		_, err = w.Appeal(w.ctx, c.actor, c.id, 0, "No!")
		wantFields(t, err, "/reason too_short")
		w.clock.move(30 * 24 * time.Hour)
		_, err = w.Appeal(w.ctx, c.actor, c.id, 0, "The name is my maiden name.")
		must(t, err)
		got = c.wantState(cases.Submitted)
		if got.Round != 2 || !got.Open || got.EndedAt != nil || got.ReviewDue == nil {
			t.Fatalf("an appealed case: %+v", got)
		}
		for _, i := range c.details().Items {
			if i.Review != cases.Pending {
				t.Fatalf("%s is %s, want it judged afresh", key(i), i.Review)
			}
		}
		_, err = w.Claim(w.ctx, ben, c.id, 0)
		wantCode(t, err, "involved")
		_, err = w.Waive(w.ctx, ben, c.id, c.item("card_front/1").ID, 0, "Enough.")
		wantCode(t, err, "involved")
		c.claim(tom) // a note is no decision
		_, err = w.Release(w.ctx, tom, c.id, 0)
		must(t, err)
		c.claim(eva)
		c.accepts(eva)
		_, err = w.Approve(w.ctx, eva, c.id, 0, "")
		must(t, err)
		c.wantState(cases.Approved)
		w.wantLetters(c.email, "case_started", "case_submitted", "case_denied", "appeal_received", "case_approved")
		w.wantSound()
	})
}

func TestAppealOnceAndInTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva := reviewer("ben"), reviewer("eva")
		deny := func(c *claimant, who cases.Actor) {
			c.claim(who)
			_, err := w.Deny(w.ctx, who, c.id, 0, cases.Denial{ReasonCode: "not_proven", WordsCustomer: "Not enough."})
			must(t, err)
		}
		late := w.filed("late", withCard(0))
		deny(late, ben)
		w.clock.move(30*24*time.Hour + time.Second)
		_, err := w.Appeal(w.ctx, late.actor, late.id, 0, "The name is my maiden name.")
		wantCode(t, err, "appeal_too_late")

		twice := w.filed("twice", withCard(0))
		deny(twice, ben)
		_, err = w.Appeal(w.ctx, twice.actor, twice.id, 0, "The name is my maiden name.")
		must(t, err)
		deny(twice, eva)
		if got := twice.wantState(cases.Denied); got.AppealUntil != nil {
			t.Fatalf("no second appeal is offered: %v", got.AppealUntil)
		}
		_, err = w.Appeal(w.ctx, twice.actor, twice.id, 0, "The name is my maiden name.")
		wantCode(t, err, "appeal_used")
		w.wantSound()
	})
}

// A customer may withdraw whenever the case is alive.
func TestWithdraw(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben := reviewer("ben")
		for _, from := range []cases.State{cases.Draft, cases.Submitted, cases.InReview, cases.MaterialsRequested} {
			c := w.begin("withdrawn-"+string(from), withCard(0)).prove()
			if from != cases.Draft {
				c.supplies().submit()
			}
			if from == cases.InReview || from == cases.MaterialsRequested {
				c.claim(ben)
			}
			if from == cases.MaterialsRequested {
				_, err := w.RequestMaterials(w.ctx, ben, c.id, 0, cases.RequestInput{Words: "More.", Asks: []cases.Ask{{Text: "A letter"}}})
				must(t, err)
			}
			c.wantState(from)
			_, err := w.Withdraw(w.ctx, c.actor, c.id, 0)
			must(t, err)
			got := c.wantState(cases.Withdrawn)
			if got.Open || got.ClaimedBy != "" || got.CustomerDue != nil || got.ReviewDue != nil || got.EndedAt == nil {
				t.Fatalf("withdrawn from %s: %+v", from, got)
			}
			_, err = w.Withdraw(w.ctx, c.actor, c.id, 0)
			wantCode(t, err, "wrong_state")
			if from == cases.Draft {
				w.wantLetters(c.email, "case_started", "case_withdrawn")
			}
		}
		w.wantSound()
	})
}

// Reviewers with a part in the claim are kept out.
func TestInvolvedReviewers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("Ben@Provider.Example", withCard(0))
		ben := reviewer("ben") // the account is his own
		_, err := w.Claim(w.ctx, ben, c.id, 0)
		wantCode(t, err, "involved")
		self := reviewer("x")
		self.Email = c.email
		_, err = w.Claim(w.ctx, self, c.id, 0)
		wantCode(t, err, "involved")
		c.claim(reviewer("eva"))
	})
}

// Where both seal and signature can't be had, the lower preference takes a reason.
func TestFallbackTakesAReason(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("Example Ltd", enterpriseWithCard("CN"))
		ben := reviewer("ben")
		c.claim(ben)
		letter := c.item("authorization_letter/1")
		j := cases.Judgement{Accept: true, Checks: []string{"sealed", "legible", "names_account", "legible"}}
		_, err := w.Judge(w.ctx, ben, c.id, letter.ID, 0, j)
		wantFields(t, err, "/fallback_reason required")
		j.FallbackReason = "In China the seal stands for the signature."
		_, err = w.Judge(w.ctx, ben, c.id, letter.ID, 0, j)
		must(t, err)
		wantSame(t, "checks kept", c.details().ItemDecided[letter.ID].Checks.V, []string{"legible", "names_account", "sealed"})

		// Another country, other checks: the acceptance falls, and so does its tick.
		_, diff, err := w.Correct(w.ctx, ben, c.id, 0, cases.AnswersRaw{"enterprise_country": "DE"}, "It is a German company.")
		must(t, err)
		if len(diff.Added)+len(diff.Removed) > 0 {
			t.Fatalf("nothing is asked anew: %+v", diff)
		}
		if got := c.item("authorization_letter/1"); got.Review != cases.Pending {
			t.Fatalf("the letter was accepted under other checks and is still %s", got.Review)
		}
		_, err = w.Judge(w.ctx, ben, c.id, letter.ID, 0, j)
		if p := wantCode(t, err, "invalid_fields"); p.Fields[0].Code != "check_missing" {
			t.Fatalf("a German letter takes a signature: %+v", p.Fields)
		}
	})
}
