package cases

import (
	"context"
	"fmt"
)

// fillKeys computes the digests of rows that have none: those written before there
// were any, or by an older server while a newer one runs already.
func (s *Service) fillKeys(ctx context.Context) error {
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
