package cases

import (
	"context"
	"fmt"
)

// fillKeys computes the digests of rows that have none: those written before there
// were any, or by an older server while a newer one runs already.
func (s *Service) fillKeys(ctx context.Context) error {
	for _, of := range []struct {
		channel         Channel
		contact, digest string
	}{{Email, "new_email", "email_key"}, {Phone, "new_phone", "phone_key"}} {
		if err := s.fillCaseKeys(ctx, of.channel, of.contact, of.digest); err != nil {
			return err
		}
	}
	return s.fillInvitationKeys(ctx)
}

// keyOf is contactKey for a contact that there may be none of.
func (s *Service) keyOf(channel Channel, address string) string {
	if address == "" {
		return ""
	}
	return s.contactKey(channel, address)
}

// fillCaseKeys writes one column beside the case's changes: it says nothing that the
// contact next to it does not. Whoever changes the contact meanwhile writes both.
func (s *Service) fillCaseKeys(ctx context.Context, channel Channel, contact, digest string) error {
	for {
		rows := []*Case{}
		err := s.db.From(ctx).NewSelect().Model(&rows).Column("id", contact).Where("c." + contact + " <> ''").Where("c." + digest + " = ''").
			Order("c.id").Limit(tickBatch).Scan(ctx)
		if err != nil {
			return fmt.Errorf("find cases without keys: %w", err)
		}
		for _, c := range rows {
			address, _ := c.Contact(channel)
			_, err := s.db.From(ctx).NewUpdate().Model((*Case)(nil)).Set(digest+" = ?", s.contactKey(channel, address)).
				Where("id = ?", c.ID).Where(contact+" = ?", address).Exec(ctx)
			if err != nil {
				return fmt.Errorf("write a case's keys: %w", err)
			}
		}
		if len(rows) < tickBatch {
			return nil
		}
	}
}

func (s *Service) fillInvitationKeys(ctx context.Context) error {
	for {
		rows := []*Invitation{}
		err := s.db.From(ctx).NewSelect().Model(&rows).Column("id", "email").Where("inv.email_key = ''").Order("inv.id").Limit(tickBatch).Scan(ctx)
		if err != nil {
			return fmt.Errorf("find invitations without keys: %w", err)
		}
		for _, inv := range rows {
			_, err := s.db.From(ctx).NewUpdate().Model((*Invitation)(nil)).
				Set("email_key = ?", s.contactKey(Email, inv.Email)).Set("domain_key = ?", s.domainKey(inv.Email)).
				Where("id = ?", inv.ID).Exec(ctx)
			if err != nil {
				return fmt.Errorf("write an invitation's keys: %w", err)
			}
		}
		if len(rows) < tickBatch {
			return nil
		}
	}
}
