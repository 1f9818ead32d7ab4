package storage_test

import (
	"testing"

	"regain/internal/testservers"
	"regain/storage"
	"regain/storage/storagetest"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// TestDisk, TestMinIO and TestVersityGW hold the three stores to one contract.
func TestDisk(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store {
		store, err := storage.OpenDisk(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	})
}

func TestMinIO(t *testing.T) {
	server := testservers.MinIO(t)
	storagetest.Run(t, func(t *testing.T) storage.Store { return openBucket(t, server) })
}

func TestVersityGW(t *testing.T) {
	server := testservers.VersityGW(t)
	storagetest.Run(t, func(t *testing.T) storage.Store { return openBucket(t, server) })
}

func openBucket(t *testing.T, server testservers.S3) *storage.S3 {
	t.Helper()
	store, err := storage.OpenStore(t.Context(), server.URL(server.Bucket()))
	if err != nil {
		t.Fatal(err)
	}
	s3 := store.(*storage.S3)
	t.Cleanup(func() { _ = s3.Close() })
	return s3
}
