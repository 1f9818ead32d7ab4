package storage_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"regain/storage"
)

// TestSweepPages goes through more objects than one page holds, and asks only
// about old ones.
func TestSweepPages(t *testing.T) {
	store := openDisk(t, t.TempDir())
	for i := range 600 {
		putBytes(t, store, fmt.Sprintf("cases/%d", i), []byte("x"))
	}
	asked := map[string]int{}
	known := func(_ context.Context, keys []string) (map[string]bool, error) {
		rows := map[string]bool{}
		for _, key := range keys {
			asked[key]++
			rows[key] = key != "cases/7" && key != "cases/599"
		}
		return rows, nil
	}
	result, err := storage.Sweep(t.Context(), store, known, time.Hour, time.Now().Add(2*time.Hour))
	if err != nil || result != (storage.SweepResult{Seen: 600, Removed: 2}) || len(asked) != 600 {
		t.Fatalf("%+v, %v, asked about %d", result, err, len(asked))
	}
	for _, key := range []string{"cases/7", "cases/599"} {
		if _, err := store.Stat(t.Context(), key); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// fixed is a store whose ages are given.
type fixed struct {
	storage.Store
	infos   []storage.Info
	deleted []string
}

func (f *fixed) List(context.Context, string, int) ([]storage.Info, error) { return f.infos, nil }

func (f *fixed) Delete(_ context.Context, key string) error {
	f.deleted = append(f.deleted, key)
	return nil
}

func TestSweepAge(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	store := &fixed{infos: []storage.Info{
		{Key: "exactly", Modified: now.Add(-time.Hour)},
		{Key: "future", Modified: now.Add(time.Hour)},
		{Key: "old", Modified: now.Add(-time.Hour - time.Second)},
		{Key: "unknown age"},
		{Key: "young", Modified: now.Add(-time.Minute)},
	}}
	none := func(context.Context, []string) (map[string]bool, error) { return map[string]bool{}, nil }
	result, err := storage.Sweep(t.Context(), store, none, time.Hour, now)
	if err != nil || result != (storage.SweepResult{Seen: 5, Young: 4, Removed: 1}) || !slices.Equal(store.deleted, []string{"old"}) {
		t.Fatalf("%+v, %v, deleted %q", result, err, store.deleted)
	}
}

// TestSweepInDoubt: without a sure answer nothing is removed.
func TestSweepInDoubt(t *testing.T) {
	now := time.Now()
	store := &fixed{infos: []storage.Info{{Key: "old", Modified: now.Add(-24 * time.Hour)}}}
	away := errors.New("the database is away")
	for name, known := range map[string]func(context.Context, []string) (map[string]bool, error){
		"error":     func(context.Context, []string) (map[string]bool, error) { return map[string]bool{}, away },
		"no answer": func(context.Context, []string) (map[string]bool, error) { return nil, nil },
	} {
		if _, err := storage.Sweep(t.Context(), store, known, time.Hour, now); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	none := func(context.Context, []string) (map[string]bool, error) { return map[string]bool{}, nil }
	for _, grace := range []time.Duration{0, -time.Hour, storage.MinGrace - 1} {
		if _, err := storage.Sweep(t.Context(), store, none, grace, now); !errors.Is(err, storage.ErrInvalid) {
			t.Errorf("a grace of %s: %v", grace, err)
		}
	}
	if len(store.deleted) > 0 {
		t.Fatalf("deleted %q", store.deleted)
	}
}
