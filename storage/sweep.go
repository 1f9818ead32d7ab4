package storage

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// MinGrace is the least age that Sweep accepts. An object is stored moments
// before its row commits, and a younger one may belong to a row on its way.
const MinGrace = 10 * time.Minute

// sweepPage is how many objects are asked about at once.
const sweepPage = 500

// SweepResult counts objects.
type SweepResult struct {
	// Seen is how many objects the store holds.
	Seen int
	// Young is how many are unknown or known but not old enough to ask about.
	Young int
	// Removed is how many old objects no row knew.
	Removed int
}

// Sweep removes objects that no row knows and which became visible more than
// olderThan before now. Known is asked about a page of keys and answers with
// those that a row names; it must read committed rows. The first error stops
// the sweep with what was done so far.
//
// Errors: ErrInvalid for olderThan below MinGrace, those of known and of the
// store.
func Sweep(
	ctx context.Context, s Store,
	known func(ctx context.Context, keys []string) (map[string]bool, error),
	olderThan time.Duration, now time.Time,
) (SweepResult, error) {
	var result SweepResult
	if olderThan < MinGrace {
		return result, fmt.Errorf("storage: sweep: %w: a grace of %s is below %s", ErrInvalid, olderThan, MinGrace)
	}
	for after := ""; ; {
		page, err := s.List(ctx, after, sweepPage)
		if err != nil {
			return result, err
		}
		result.Seen += len(page)
		old := olderKeys(page, now.Add(-olderThan))
		result.Young += len(page) - len(old)
		removed, err := sweepKeys(ctx, s, known, old)
		result.Removed += removed
		if err != nil {
			return result, err
		}
		if len(page) < sweepPage {
			return result, nil
		}
		after = page[len(page)-1].Key
	}
}

func olderKeys(page []Info, before time.Time) []string {
	var keys []string
	for _, info := range page {
		// A store that cannot tell the age gives no permission.
		if !info.Modified.IsZero() && info.Modified.Before(before) {
			keys = append(keys, info.Key)
		}
	}
	return keys
}

func sweepKeys(
	ctx context.Context, s Store,
	known func(ctx context.Context, keys []string) (map[string]bool, error), keys []string,
) (int, error) {
	if len(keys) == 0 {
		return 0, nil
	}
	rows, err := known(ctx, keys)
	if err != nil {
		return 0, fmt.Errorf("storage: sweep: ask which objects are known: %w", err)
	}
	if rows == nil {
		return 0, errors.New("storage: sweep: no answer to which objects are known")
	}
	removed := 0
	for _, key := range keys {
		if rows[key] {
			continue
		}
		if err := s.Delete(ctx, key); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}
