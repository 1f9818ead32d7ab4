package storage_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"testing"

	"github.com/minio/minio-go/v7"

	"regain/internal/testdocs"
	"regain/internal/testservers"
	"regain/storage"
	"regain/storage/storagetest"
)

// BenchmarkPut stores documents of a usual and of a large size; "raw" is the
// S3 client alone, with its own defaults, as the measure of ours.
func BenchmarkPut(b *testing.B) {
	disk, err := storage.OpenDisk(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	server := testservers.MinIO(b)
	bucket := server.Bucket()
	s3, err := storage.OpenStore(b.Context(), server.URL(bucket))
	if err != nil {
		b.Fatal(err)
	}
	client := adminClient(b, server)
	for _, size := range []int{200_000, 5_000_000} {
		content := storagetest.Bytes(1, size)
		sum := sha256.Sum256(content)
		store := func(s storage.Store) func(key string) error {
			return func(key string) error { return s.Put(b.Context(), key, bytes.NewReader(content), int64(size), sum) }
		}
		for name, put := range map[string]func(key string) error{
			"disk": store(disk), "minio": store(s3),
			"raw": func(key string) error {
				_, err := client.PutObject(b.Context(), bucket, key, bytes.NewReader(content), int64(size), minio.PutObjectOptions{})
				return err
			},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if err := put(fmt.Sprintf("%s/%d/%d/%d", name, size, b.N, i)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkReceive spools and inspects a picture as a telephone takes it.
func BenchmarkReceive(b *testing.B) {
	spool, err := storage.NewSpool(b.TempDir(), 1<<30)
	if err != nil {
		b.Fatal(err)
	}
	content := testdocs.JPEG(1, 3000, 2000)
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		upload, err := spool.Receive(b.Context(), io.NopCloser(bytes.NewReader(content)), "a.jpg", storage.Limits{Types: allTypes})
		if err != nil {
			b.Fatal(err)
		}
		upload.Discard()
	}
}
