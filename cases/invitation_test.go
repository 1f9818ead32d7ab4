package cases_test

import (
	"strings"
	"testing"
	"time"

	"regain/cases"
)

const partnerMail = "Desk@Partner.Example"

func (c *claimant) invite(supplier, email string) *cases.Invitation {
	c.t.Helper()
	inv, err := c.Invite(c.ctx, c.actor, c.id, cases.InviteInput{Supplier: supplier, Organisation: "Partner & Sons", Email: email})
	must(c.t, err)
	return inv
}

// exchange takes the newest link of an address and comes in.
func (c *claimant) exchange(email string) cases.Actor {
	c.t.Helper()
	inv, err := c.ExchangeInvitation(c.ctx, c.token(email))
	must(c.t, err)
	return cases.Actor{Kind: cases.Partner, ID: inv.ID}
}

// An invitation covers what the reseller owes, is good once, and shows nothing else.
func TestInvitation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", ofReseller())
		_, err := w.Invite(w.ctx, c.actor, c.id, cases.InviteInput{Supplier: "reseller", Organisation: "Partner", Email: partnerMail})
		wantCode(t, err, "contact_not_verified") // nobody stands behind the mail yet
		c.prove()
		for _, test := range []struct {
			in   cases.InviteInput
			want []string
		}{
			{cases.InviteInput{Supplier: "reseller"}, []string{"/email required", "/organisation required"}},
			{cases.InviteInput{Supplier: "reseller", Organisation: "A\x00b", Email: "a@b.example\r\nBcc: x@y.example"}, []string{"/email not_an_email", "/organisation forbidden_character"}},
			{cases.InviteInput{Supplier: "partner", Organisation: "Partner", Email: partnerMail}, []string{"/supplier nothing_owed"}},
			{cases.InviteInput{Supplier: "customer", Organisation: "Partner", Email: partnerMail}, []string{"/supplier nothing_owed"}},
			{cases.InviteInput{Supplier: "reseller", Organisation: "Partner", Email: strings.ToUpper(c.email)}, []string{"/email own_address"}},
		} {
			_, err := w.Invite(w.ctx, c.actor, c.id, test.in)
			wantFields(t, err, test.want...)
		}
		inv := c.invite("reseller", partnerMail)
		w.wantLetters(partnerMail, "invitation")
		w.wantWords(partnerMail, "invitation", c.ref, "Partner & Sons", "ana-2019", "Email that proves the partner's consent", "Authorization letter")

		token := w.token(partnerMail)
		partner := c.exchange(partnerMail)
		_, err = w.ExchangeInvitation(w.ctx, token)
		wantCode(t, err, "invitation_invalid")
		_, err = w.ExchangeInvitation(w.ctx, "nonsense")
		wantCode(t, err, "invitation_invalid")
		wantSame(t, "partner", partner.ID, inv.ID)

		owed, err := w.Owed(w.ctx, partner)
		must(t, err)
		var names []string
		for _, i := range owed.Items {
			names = append(names, key(i))
		}
		wantSame(t, "owed", names, []string{"partner_consent/1", "authorization_letter/1"})
		id, err := w.InvitedTo(w.ctx, partner)
		must(t, err)
		wantSame(t, "invited to", id, c.id)

		// Nothing else of the case.
		_, err = w.upload(partner, c.id, c.item("real_name_certificate/1").ID, "a.pdf", w.pdf(), nil)
		wantCode(t, err, "item_not_found")
		_, err = w.Details(w.ctx, partner, c.id)
		wantCode(t, err, "case_not_found")
		_, err = w.Messages(w.ctx, partner, c.id, cases.MessageQuery{Kind: cases.Message, Limit: 1})
		wantCode(t, err, "case_not_found")
		_, err = w.Letter(w.ctx, partner, c.id, c.item("real_name_certificate/1").ID, "")
		wantCode(t, err, "item_not_found")
		letter, err := w.Letter(w.ctx, partner, c.id, c.item("authorization_letter/1").ID, "zh-Hans")
		must(t, err)
		if len(letter.HTML) == 0 {
			t.Fatal("no letter")
		}
		must(t, c.fill(c.actor, c.details(), c.item("real_name_certificate/1")))
		own := c.details().Current(c.item("real_name_certificate/1"))
		_, _, err = w.Open(w.ctx, partner, c.id, own.ID)
		wantCode(t, err, "document_not_found")
		other := w.begin("other", ofReseller()).prove()
		_, err = w.upload(partner, other.id, other.item("partner_consent/1").ID, "a.pdf", w.pdf(), nil)
		wantCode(t, err, "case_not_found")

		doc, err := w.upload(partner, c.id, c.item("partner_consent/1").ID, "consent.pdf", w.pdf(), nil)
		must(t, err)
		w.wantWords(partnerMail, "partner_receipt", c.ref, "consent.pdf")
		_, r, err := w.Open(w.ctx, partner, c.id, doc.ID)
		must(t, err)
		must(t, r.Close())
		// The customer sees it, as all of their case.
		_, r, err = w.Open(w.ctx, c.actor, c.id, doc.ID)
		must(t, err)
		must(t, r.Close())

		// A partner takes back its own, not the customer's.
		must(t, c.fill(c.actor, c.details(), c.item("authorization_letter/1")))
		_, err = w.Clear(w.ctx, partner, c.id, c.item("authorization_letter/1").ID)
		wantCode(t, err, "supplied_by_other")
		_, err = w.Clear(w.ctx, partner, c.id, c.item("partner_consent/1").ID)
		must(t, err)
		must(t, c.fill(partner, c.details(), c.item("partner_consent/1")))

		// After submission nothing is theirs to change; the way in stands.
		c.submit()
		_, err = w.upload(partner, c.id, c.item("partner_consent/1").ID, "b.pdf", w.pdf(), nil)
		wantCode(t, err, "wrong_state")
		_, err = w.Owed(w.ctx, partner)
		must(t, err)
		w.wantSound()
	})
}

// Inviting an address again ends its first link; revoking ends link and session.
func TestInvitationReplacedAndRevoked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", ofReseller()).prove()
		inv := c.invite("reseller", partnerMail)
		first := w.token(partnerMail)
		if again := c.invite("reseller", "desk@partner.example"); again.ID != inv.ID || again.Sent != 2 {
			t.Fatalf("the same address is the same invitation: %+v", again)
		}
		_, err := w.ExchangeInvitation(w.ctx, first)
		wantCode(t, err, "invitation_invalid")
		partner := c.exchange(partnerMail)

		must(t, w.Revoke(w.ctx, c.actor, c.id, inv.ID))
		_, err = w.Owed(w.ctx, partner)
		wantCode(t, err, "case_not_found")
		err = w.Revoke(w.ctx, c.actor, c.id, inv.ID)
		wantCode(t, err, "invitation_not_found")
		err = w.Revoke(w.ctx, w.begin("other", ofReseller()).actor, c.id, inv.ID)
		wantCode(t, err, "case_not_found")

		c.invite("reseller", partnerMail)
		third := w.token(partnerMail)
		must(t, w.Revoke(w.ctx, c.actor, c.id, inv.ID))
		_, err = w.ExchangeInvitation(w.ctx, third)
		wantCode(t, err, "invitation_invalid")
		wantSame(t, "events", c.events(), []string{"start", "verify_contact", "invite", "invite", "exchange_invitation", "revoke_invitation", "invite", "revoke_invitation"})
		w.wantSound()
	})
}

// A letter takes longer than a session: whose link was used gets another, at the same address, for as
// long as the invitation stands. The answer tells nothing.
func TestInvitationRenewed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", ofReseller()).prove()
		c.invite("reseller", partnerMail)
		ends := c.details().Invitations[0].ExpiresAt
		first := w.token(partnerMail)
		must(t, w.RenewInvitation(w.ctx, first)) // it still works
		must(t, w.RenewInvitation(w.ctx, "nonsense"))
		wantSame(t, "the link before it is used", w.token(partnerMail), first)
		partner := c.exchange(partnerMail)

		w.clock.move(3 * day)
		must(t, w.RenewInvitation(w.ctx, first))
		second := w.token(partnerMail)
		if second == first {
			t.Fatal("no other link came")
		}
		must(t, w.RenewInvitation(w.ctx, first)) // which is none any more
		wantSame(t, "the newest link", w.token(partnerMail), second)
		wantSame(t, "who came in", c.exchange(partnerMail).ID, partner.ID)
		wantSame(t, "the end", c.details().Invitations[0].ExpiresAt, ends)

		w.clock.move(4 * day)
		must(t, w.RenewInvitation(w.ctx, second)) // it is over
		wantSame(t, "the link after the end", w.token(partnerMail), second)
		wantSame(t, "events", c.events(), []string{"start", "verify_contact", "invite", "exchange_invitation", "renew_invitation", "exchange_invitation"})
		w.wantSound()
	})
}

// However often, no more links go out than one address may get.
func TestInvitationRenewedTooOften(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", ofReseller()).prove()
		c.invite("reseller", partnerMail)
		for range 12 {
			if _, err := w.ExchangeInvitation(w.ctx, w.token(partnerMail)); err != nil {
				wantCode(t, err, "invitation_invalid")
			}
			must(t, w.RenewInvitation(w.ctx, w.token(partnerMail)))
		}
		wantSame(t, "links", c.details().Invitations[0].Sent, 10)
		w.wantSound()
	})
}

func TestInvitationExpires(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", ofReseller()).prove()
		c.invite("reseller", partnerMail)
		unused := w.token(partnerMail)
		c.invite("reseller", "second@partner.example")
		partner := c.exchange("second@partner.example")
		w.clock.move(7*day - time.Second)
		_, err := w.Owed(w.ctx, partner)
		must(t, err)
		w.clock.move(time.Second)
		_, err = w.ExchangeInvitation(w.ctx, unused)
		wantCode(t, err, "invitation_expired")
		_, err = w.Owed(w.ctx, partner)
		wantCode(t, err, "case_not_found")
	})
}

// What is asked again of a reseller brings them a new link, and no other.
func TestInvitationReopens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", ofReseller()).prove()
		c.invite("reseller", partnerMail)
		partner := c.exchange(partnerMail)
		must(t, c.fill(partner, c.details(), c.item("partner_consent/1")))
		c.supplies().submit()
		ben := reviewer("ben")
		c.claim(ben)
		consent, certificate := c.item("partner_consent/1"), c.item("real_name_certificate/1")
		for _, i := range []*cases.Item{consent, certificate} {
			_, err := w.Judge(w.ctx, ben, c.id, i.ID, 0, bad())
			must(t, err)
		}
		w.clock.move(8 * day) // the first link is long over
		w.tick(2)             // the claim is released, and the review is late
		c.claim(ben)
		_, err := w.RequestMaterials(w.ctx, ben, c.id, 0, cases.RequestInput{Words: "Again, please.", Asks: []cases.Ask{{Item: consent.ID}, {Item: certificate.ID}}})
		must(t, err)
		w.wantLetters(partnerMail, "invitation", "partner_receipt", "invitation_reopened")
		w.wantWords(partnerMail, "invitation_reopened", "Email that proves")
		partner = c.exchange(partnerMail)
		must(t, c.fill(partner, c.details(), c.item("partner_consent/1")))
		_, err = w.upload(partner, c.id, c.item("authorization_letter/1").ID, "a.pdf", w.pdf(), nil)
		wantCode(t, err, "item_closed")
		c.supplies().submit()

		// An item of the customer's alone brings the reseller nothing.
		c.claim(ben)
		_, err = w.RequestMaterials(w.ctx, ben, c.id, 0, cases.RequestInput{Words: "Again, please.", Asks: []cases.Ask{{Item: certificate.ID}}})
		must(t, err)
		w.wantLetters(partnerMail, "invitation", "partner_receipt", "invitation_reopened", "partner_receipt")
		c.submit()

		// The end of the case ends the invitation.
		c.claim(ben)
		_, err = w.Deny(w.ctx, ben, c.id, 0, cases.Denial{ReasonCode: "not_proven", WordsCustomer: "Not enough."})
		must(t, err)
		_, err = w.Owed(w.ctx, partner)
		wantCode(t, err, "case_not_found")
		w.wantSound()
	})
}

func TestInvitationLimits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", ofReseller()).prove()
		for _, address := range []string{"a@p.example", "b@p.example", "c@p.example", "d@p.example", "e@p.example"} {
			c.invite("reseller", address)
		}
		_, err := w.Invite(w.ctx, c.actor, c.id, cases.InviteInput{Supplier: "reseller", Organisation: "Partner", Email: "f@p.example"})
		wantCode(t, err, "too_many_invitations")
		for range 9 {
			c.invite("reseller", "a@p.example")
		}
		_, err = w.Invite(w.ctx, c.actor, c.id, cases.InviteInput{Supplier: "reseller", Organisation: "Partner", Email: "a@p.example"})
		wantCode(t, err, "too_many_links")
	})
}

// The partner is written to in its own language.
func TestInvitationLanguage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", ofReseller()).prove()
		_, err := w.Invite(w.ctx, c.actor, c.id, cases.InviteInput{Supplier: "reseller", Organisation: "伙伴", Email: partnerMail, Locale: "zh-Hans"})
		must(t, err)
		list := w.letters(partnerMail)
		wantSame(t, "locale", list[0].Locale, "zh-Hans")
		w.wantWords(partnerMail, "invitation", c.details().Policy.Material("partner_consent").Label.In("zh-Hans"))
	})
}
