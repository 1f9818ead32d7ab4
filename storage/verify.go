package storage

import (
	"context"
	"fmt"
	"io"
)

// Verify reads an object and compares it with what its row says.
//
// Errors: ErrMismatch, ErrNotFound, ErrInvalid, ErrUnavailable.
func Verify(ctx context.Context, s Store, key string, size int64, sum [32]byte) error {
	r, info, err := s.Get(ctx, key)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	if info.Size != size || size < 1 {
		return fmt.Errorf("storage: verify %s: %w: %d of %d bytes", key, ErrMismatch, info.Size, size)
	}
	if _, err := io.Copy(io.Discard, newExactReader(ctx, r, size, sum)); err != nil {
		return fmt.Errorf("storage: verify %s: %w", key, err)
	}
	return nil
}
