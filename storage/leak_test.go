package storage_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"testing"

	"go.uber.org/goleak"

	"regain/internal/testservers"
	"regain/storage"
	"regain/storage/storagetest"
)

// TestS3LeavesNoGoroutines uses a store, also in ways that end early.
func TestS3LeavesNoGoroutines(t *testing.T) {
	server := testservers.MinIO(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	store, err := storage.OpenStore(t.Context(), server.URL(server.Bucket()))
	if err != nil {
		t.Fatal(err)
	}
	content := storagetest.Bytes(1, 500_000)
	putBytes(t, store, "key", content)
	for range 5 {
		r, _, err := store.Get(t.Context(), "key")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, r, 1000); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		broken := io.MultiReader(bytes.NewReader(content[:1000]), readFunc(func([]byte) (int, error) { cancel(); return 0, nil }))
		if err := store.Put(ctx, "other", broken, int64(len(content)), sha256.Sum256(content)); err == nil {
			t.Fatal("stored what was cancelled")
		}
		cancel()
	}
	if _, err := store.List(t.Context(), "", 1); err != nil {
		t.Fatal(err)
	}
	if err := store.(io.Closer).Close(); err != nil {
		t.Fatal(err)
	}
}
