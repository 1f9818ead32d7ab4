package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
)

// Handover is the kind of a one-time token with which a session goes on on another device.
// It lets in nowhere by itself.
const Handover Kind = "handover"

// handoverLife is how long such a token waits: as long as it takes to point a camera at it.
const handoverLife = 5 * time.Minute

// handoverPrefix tells such a token from a session's.
const handoverPrefix = "rgh_"

// HandOver makes a token that opens one session for the customer of a case on another
// device. One that was made before ends.
func (s *Sessions) HandOver(ctx context.Context, caseID string) (token string, expires time.Time, err error) {
	if caseID == "" {
		return "", time.Time{}, errors.New("no case to hand over")
	}
	if token, err = newToken(s.options.Random, handoverPrefix); err != nil {
		return "", time.Time{}, err
	}
	now := s.options.now()
	row := sessionRow{
		ID: s.options.IDs(), TokenHash: hashToken(token), Kind: Handover, Subject: caseID,
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(handoverLife),
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("kind = ?", Handover).Where("subject = ?", caseID).Exec(ctx)
		if err != nil {
			return err
		}
		return database.Add(ctx, s.db, tx, &row)
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("hand a session over: %w", err)
	}
	return token, row.ExpiresAt, nil
}

// TakeOver uses a token of HandOver up and says whose case it is for. A token that is
// unknown, used or expired is the problem unauthenticated, with nothing to tell these
// apart.
func (s *Sessions) TakeOver(ctx context.Context, token string) (caseID string, err error) {
	if !wellFormed(token, handoverPrefix) {
		return "", errUnauthenticated()
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		var row sessionRow
		err := tx.NewSelect().Model(&row).Where("token_hash = ?", hashToken(token)).Where("kind = ?", Handover).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return errUnauthenticated()
		}
		if err != nil {
			return fmt.Errorf("look a token up: %w", err)
		}
		done, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("id = ?", row.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("use a token up: %w", err)
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 || !s.options.now().Before(row.ExpiresAt) {
			return errors.Join(err, errUnauthenticated()) // somebody was faster, or it is too late
		}
		caseID = row.Subject
		return nil
	})
	return caseID, err
}
