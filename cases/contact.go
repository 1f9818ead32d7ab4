package cases

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"regain/problem"
)

// The purposes of CodeRequest. A code is good for one purpose alone.
const (
	PurposeProve  = "verify_contact"
	PurposeResume = "resume"
)

func errNoContact() error {
	return problem.New(problem.Conflict, "contact_missing", "The case names no new contact of this kind. Name one first.")
}

// SendContactCode sends a one-time code to the new contact of the channel, so
// that the customer can prove that it is theirs. Errors: contact_missing,
// wrong_state, and the limits of codes.
func (s *Service) SendContactCode(ctx context.Context, actor Actor, caseID string, channel Channel, address string) error {
	c, to, err := s.contactToProve(ctx, actor, caseID, channel)
	if err != nil {
		return err
	}
	return s.codes.Issue(ctx, CodeRequest{
		Purpose: PurposeProve, Flow: c.ID, Channel: channel, Destination: to, Locale: c.Locale, Address: address,
	})
}

// contactToProve finds the contact, if it is the actor's to prove now.
func (s *Service) contactToProve(ctx context.Context, actor Actor, caseID string, channel Channel) (*Case, string, error) {
	c, err := s.Case(ctx, actor, caseID)
	if err != nil {
		return nil, "", err
	}
	ch := &change{ctx: ctx, s: s, tx: s.db.From(ctx), actor: actor, now: s.now(), Case: c}
	if _, err := ch.permit(actProve); err != nil {
		return nil, "", err
	}
	to, _ := c.Contact(channel)
	if to == "" {
		return nil, "", errNoContact()
	}
	return c, to, nil
}

// VerifyContact takes the code that was sent. Errors: contact_missing,
// wrong_state, contact_changed, and those of codes.
func (s *Service) VerifyContact(ctx context.Context, actor Actor, caseID string, channel Channel, code string) (*Case, error) {
	c, to, err := s.contactToProve(ctx, actor, caseID, channel)
	if err != nil {
		return nil, err
	}
	if err := s.codes.Verify(ctx, CodeCheck{Purpose: PurposeProve, Flow: c.ID, Destination: to, Code: code}); err != nil {
		return nil, err
	}
	return s.change(ctx, actor, target{id: caseID}, func(ch *change) error {
		if now, _ := ch.Case.Contact(channel); now != to {
			return problem.New(problem.Conflict, "contact_changed", "The contact was changed since the code was sent. Ask for a new code.")
		}
		return ch.prove(channel, to)
	})
}

// prove marks the contact as the customer's own. The first one gets the case's
// reference, with which the customer comes back.
func (ch *change) prove(channel Channel, address string) error {
	_, reached := ch.Case.Reach()
	ch.Case.proved(channel, ch.now)
	if err := ch.do(actProve, Facts{"channel": channel, "contact": ch.s.digest("contact", address)}); err != nil {
		return err
	}
	if reached == "" {
		ch.tell("case_started", nil)
	}
	return nil
}

// returning is what a visitor who wants back into a case named, and the contact
// that it leads to. Without such a case it is a decoy, for which the same work is
// done: nothing may tell whether a reference exists.
type returning struct {
	found       *Case // nil when there is none
	flow        string
	destination string
	locale      string
	decoy       bool
}

func (s *Service) returning(ctx context.Context, reference string, channel Channel) (*returning, error) {
	reference = NormalizeReference(reference)
	r := &returning{
		flow:        s.digest("resume", string(channel)+"/"+reference),
		destination: "nobody-" + s.digest("decoy", reference) + "@invalid",
		locale:      "en", decoy: true,
	}
	c, err := s.byReference(ctx, reference)
	if err != nil || c == nil {
		return r, err
	}
	r.found = c
	if to, _ := c.Contact(channel); to != "" {
		r.destination, r.locale, r.decoy = to, c.Locale, false
	}
	return r, nil
}

// SendResumeCode sends a code to a contact of the case with the reference, so
// that the customer can come back from any device. The answer is the same, and
// so is the work, whether there is such a case or not. Error: the limits.
func (s *Service) SendResumeCode(ctx context.Context, reference string, channel Channel, address string) error {
	r, err := s.returning(ctx, reference, channel)
	if err != nil {
		return err
	}
	return s.codes.Issue(ctx, CodeRequest{
		Purpose: PurposeResume, Flow: r.flow, Channel: channel, Destination: r.destination,
		Locale: r.locale, Address: address, Decoy: r.decoy,
	})
}

// Resume takes the code and names the case; the caller opens a session for it.
// Whoever can read the code has proved the contact. Errors: those of codes,
// the same for a case that does not exist.
func (s *Service) Resume(ctx context.Context, reference string, channel Channel, code string) (*Case, error) {
	r, err := s.returning(ctx, reference, channel)
	if err != nil {
		return nil, err
	}
	check := CodeCheck{Purpose: PurposeResume, Flow: r.flow, Destination: r.destination, Code: code, Decoy: r.decoy}
	if err := s.codes.Verify(ctx, check); err != nil {
		return nil, err
	}
	c := r.found
	if c == nil || r.decoy {
		return nil, errNotFound() // no code is right for a decoy
	}
	if _, proved := c.Contact(channel); proved || c.State.Ended() {
		return c, nil
	}
	return s.change(ctx, Actor{Kind: Customer, ID: c.ID}, target{id: c.ID}, func(ch *change) error {
		if to, _ := ch.Case.Contact(channel); to != r.destination {
			return nil
		}
		return ch.prove(channel, r.destination)
	})
}

// reachable guards what sends mail to others: somebody who can be reached has to
// stand behind it.
func reachable(ch *change) error {
	if _, to := ch.Case.Reach(); to != "" {
		return nil
	}
	return problem.New(problem.Conflict, "contact_not_verified", "Prove your new contact first, with the code that we send to it.")
}

// byReference finds a case, or nil.
func (s *Service) byReference(ctx context.Context, reference string) (*Case, error) {
	c := new(Case)
	err := s.db.From(ctx).NewSelect().Model(c).Where("c.reference = ?", reference).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find case: %w", err)
	}
	return c, nil
}

// contactsProved guards submission: each lost contact has a proved successor.
func contactsProved(ch *change) error {
	var bad []problem.Field
	for _, lost := range ch.Case.Lost.V {
		if _, ok := ch.Case.Contact(lost); !ok {
			bad = append(bad, problem.Field{
				Pointer: "/new_" + string(lost), Code: "not_verified",
				Message: "Prove this contact with the code that we send to it.",
			})
		}
	}
	return problem.InvalidFields(bad)
}
