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
// that the customer can prove that it is theirs. Errors: contact_missing, and
// the limits of codes.
func (s *Service) SendContactCode(ctx context.Context, actor Actor, caseID string, channel Channel, address string) error {
	c, err := s.Case(ctx, actor, caseID)
	if err != nil {
		return err
	}
	to, _ := c.Contact(channel)
	if to == "" {
		return errNoContact()
	}
	return s.codes.Issue(ctx, CodeRequest{
		Purpose: PurposeProve, Flow: c.ID, Channel: channel, Destination: to, Locale: c.Locale, Address: address,
	})
}

// VerifyContact takes the code that was sent. Errors: those of codes.
func (s *Service) VerifyContact(ctx context.Context, actor Actor, caseID string, channel Channel, code string) (*Case, error) {
	c, err := s.Case(ctx, actor, caseID)
	if err != nil {
		return nil, err
	}
	to, _ := c.Contact(channel)
	if to == "" {
		return nil, errNoContact()
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
	ch.markProved(channel)
	if err := ch.do(actProve, Facts{"channel": channel, "contact": ch.s.digest("contact", address)}); err != nil {
		return err
	}
	if reached == "" {
		ch.tell("case_started", nil)
	}
	return nil
}

func (ch *change) markProved(channel Channel) {
	now := ch.now
	if channel == Email {
		ch.Case.EmailAt = &now
		return
	}
	ch.Case.PhoneAt = &now
}

// SendResumeCode sends a code to a contact of the case with the reference, so
// that the customer can come back from any device. The answer is the same, and
// so is the work, whether there is such a case or not. Error: the limits.
func (s *Service) SendResumeCode(ctx context.Context, reference string, channel Channel, address string) error {
	reference = NormalizeReference(reference)
	req := CodeRequest{
		Purpose: PurposeResume, Flow: s.digest("resume", reference), Channel: channel,
		Destination: "nobody-" + s.digest("decoy", reference) + "@invalid", Locale: "en", Address: address, Decoy: true,
	}
	c, err := s.byReference(ctx, reference)
	if err != nil {
		return err
	}
	if c != nil {
		if to, _ := c.Contact(channel); to != "" {
			req.Destination, req.Locale, req.Decoy = to, c.Locale, false
		}
	}
	return s.codes.Issue(ctx, req)
}

// Resume takes the code and names the case; the caller opens a session for it.
// Whoever can read the code has proved the contact. Errors: those of codes,
// the same for a case that does not exist.
func (s *Service) Resume(ctx context.Context, reference string, channel Channel, code string) (*Case, error) {
	reference = NormalizeReference(reference)
	check := CodeCheck{
		Purpose: PurposeResume, Flow: s.digest("resume", reference),
		Destination: "nobody-" + s.digest("decoy", reference) + "@invalid", Code: code, Decoy: true,
	}
	c, err := s.byReference(ctx, reference)
	if err != nil {
		return nil, err
	}
	if c != nil {
		if to, _ := c.Contact(channel); to != "" {
			check.Destination, check.Decoy = to, false
		}
	}
	if err := s.codes.Verify(ctx, check); err != nil {
		return nil, err
	}
	if c == nil {
		return nil, errNotFound()
	}
	if _, proved := c.Contact(channel); proved || c.State.Ended() {
		return c, nil
	}
	return s.change(ctx, Actor{Kind: Customer, ID: c.ID}, target{id: c.ID}, func(ch *change) error {
		if to, _ := ch.Case.Contact(channel); to != check.Destination {
			return nil
		}
		return ch.prove(channel, check.Destination)
	})
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
