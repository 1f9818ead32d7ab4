package storage_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"hash/crc32"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"regain/internal/testservers"
	"regain/storage"
	"regain/storage/storagetest"
)

// eachServer runs a test against both S3 servers.
func eachServer(t *testing.T, run func(t *testing.T, server testservers.S3)) {
	t.Run("minio", func(t *testing.T) { run(t, testservers.MinIO(t)) })
	t.Run("versitygw", func(t *testing.T) { run(t, testservers.VersityGW(t)) })
}

func adminClient(t testing.TB, server testservers.S3) *minio.Client {
	t.Helper()
	client, err := minio.New(server.Endpoint, &minio.Options{
		Creds: credentials.NewStaticV4(server.AccessKey, server.SecretKey, ""), Region: server.Region,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// meddle stands between the store and the server. The handler decides what
// becomes of a request; forward passes it on as it came.
type meddle func(w http.ResponseWriter, r *http.Request, forward http.Handler)

// between returns server as reached through a meddling proxy.
func between(t *testing.T, server testservers.S3, m meddle) testservers.S3 {
	t.Helper()
	proxy := httptest.NewServer(meddler(server, m))
	t.Cleanup(proxy.Close)
	server.Endpoint = strings.TrimPrefix(proxy.URL, "http://")
	return server
}

func meddler(server testservers.S3, m meddle) http.Handler {
	forward := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: server.Endpoint})
			p.Out.Host = p.In.Host // it is signed
		},
		Transport:    &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m(w, r, forward) })
}

func isUpload(r *http.Request) bool {
	return r.Method == http.MethodPut && strings.Count(strings.Trim(r.URL.Path, "/"), "/") > 0
}

// drop ends the connection without an answer.
func drop() { panic(http.ErrAbortHandler) }

func mustBeAbsent(t *testing.T, s storage.Store, key string) {
	t.Helper()
	if _, err := s.Stat(t.Context(), key); !errors.Is(err, storage.ErrNotFound) {
		t.Fatalf("stat of what was not stored: %v", err)
	}
	found, err := s.List(t.Context(), "", 10)
	if err != nil || len(found) != 0 {
		t.Fatalf("lists %v, %v", found, err)
	}
}

// TestS3ChangedOnTheWay: the server itself refuses content that is not what the
// store sent, of whatever size.
func TestS3ChangedOnTheWay(t *testing.T) {
	eachServer(t, func(t *testing.T, server testservers.S3) {
		direct := server
		proxied := between(t, server, func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
			if isUpload(r) {
				r.Body = io.NopCloser(&flipped{r: r.Body, at: r.ContentLength / 2})
			}
			forward.ServeHTTP(w, r)
		})
		bucket := server.Bucket()
		store := openURL(t, proxied.URL(bucket))
		for _, size := range []int{100, 100_000, 9 << 20} {
			content := storagetest.Bytes(1, size)
			for _, with := range []io.Reader{bytes.NewReader(content), checksummed{bytes.NewReader(content)}} {
				err := store.Put(t.Context(), "key", with, int64(size), sha256.Sum256(content))
				if !errors.Is(err, storage.ErrMismatch) {
					t.Errorf("%d bytes from a %T: %v", size, with, err)
				}
				mustBeAbsent(t, openURL(t, direct.URL(bucket)), "key")
			}
		}
	})
}

// checksummed is content whose CRC-32C is known, as that of a received upload.
type checksummed struct{ *bytes.Reader }

func (c checksummed) CRC32C() uint32 {
	h := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	_, _ = c.WriteTo(h)
	_, _ = c.Seek(0, io.SeekStart)
	return h.Sum32()
}

// flipped changes one byte.
type flipped struct {
	r  io.Reader
	at int64
}

func (f *flipped) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if f.at >= 0 && f.at < int64(n) {
		p[f.at] ^= 1
	}
	f.at -= int64(n)
	return n, err
}

func openURL(t *testing.T, address string) storage.Store {
	t.Helper()
	store, err := storage.OpenStore(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if closer, ok := store.(io.Closer); ok {
		t.Cleanup(func() { _ = closer.Close() })
	}
	return store
}

// TestS3HalfUpload cuts the connection in the middle of the content.
func TestS3HalfUpload(t *testing.T) {
	eachServer(t, func(t *testing.T, server testservers.S3) {
		var cuts atomic.Int32
		proxied := between(t, server, func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
			if isUpload(r) && cuts.Add(-1) >= 0 {
				r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, r.ContentLength/2), readFunc(func([]byte) (int, error) {
					return 0, errors.New("cut")
				})))
			}
			forward.ServeHTTP(w, r)
		})
		store := openURL(t, proxied.URL(server.Bucket()))
		content := storagetest.Bytes(2, 3<<20)
		sum := sha256.Sum256(content)
		cuts.Store(100)
		err := store.Put(t.Context(), "key", struct{ io.Reader }{bytes.NewReader(content)}, int64(len(content)), sum)
		if !errors.Is(err, storage.ErrUnavailable) {
			t.Fatalf("always cut: %v", err)
		}
		mustBeAbsent(t, store, "key")
		cuts.Store(1) // content that can be rewound is sent again
		if err := store.Put(t.Context(), "key", bytes.NewReader(content), int64(len(content)), sum); err != nil {
			t.Fatalf("cut once: %v", err)
		}
		if err := storage.Verify(t.Context(), store, "key", int64(len(content)), sum); err != nil {
			t.Fatal(err)
		}
	})
}

// TestS3LostAnswer: the object was stored, but nobody said so. The store finds
// out, and does not mistake another's object for its own.
func TestS3LostAnswer(t *testing.T) {
	eachServer(t, func(t *testing.T, server testservers.S3) {
		var losing atomic.Int32
		proxied := between(t, server, func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
			if isUpload(r) && losing.Add(-1) >= 0 {
				forward.ServeHTTP(httptest.NewRecorder(), r)
				drop()
			}
			forward.ServeHTTP(w, r)
		})
		store := openURL(t, proxied.URL(server.Bucket()))
		content := storagetest.Bytes(3, 50_000)
		sum := sha256.Sum256(content)
		for key, r := range map[string]io.Reader{
			"rewound": bytes.NewReader(content), "once": struct{ io.Reader }{bytes.NewReader(content)},
		} {
			losing.Store(1)
			if err := store.Put(t.Context(), key, r, int64(len(content)), sum); err != nil {
				t.Fatalf("%s: %v", key, err)
			}
			losing.Store(1)
			err := store.Put(t.Context(), key, bytes.NewReader(content), int64(len(content)), sum)
			if !errors.Is(err, storage.ErrExists) {
				t.Fatalf("%s, again: %v", key, err)
			}
		}
	})
}

// TestS3Heals: a server that was away serves again without a new store, also
// over connections that died while idle.
func TestS3Heals(t *testing.T) {
	var away atomic.Bool
	server := testservers.MinIO(t)
	proxied := between(t, server, func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
		if away.Load() {
			drop()
		}
		forward.ServeHTTP(w, r)
	})
	store := openURL(t, proxied.URL(server.Bucket()))
	putBytes(t, store, "before", []byte("x"))
	away.Store(true)
	for name, err := range map[string]error{
		"check": store.Check(t.Context()),
		"put":   store.Put(t.Context(), "key", strings.NewReader("x"), 1, sha256.Sum256([]byte("x"))),
		"stat":  func() error { _, err := store.Stat(t.Context(), "before"); return err }(),
		"list":  func() error { _, err := store.List(t.Context(), "", 1); return err }(),
		"del":   store.Delete(t.Context(), "before"),
	} {
		if !errors.Is(err, storage.ErrUnavailable) || strings.Contains(err.Error(), "http://") {
			t.Errorf("%s while away: %v", name, err)
		}
	}
	away.Store(false)
	if err := store.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	putBytes(t, store, "key", []byte("x"))
}

// TestS3CutDownload ends a download in the middle.
func TestS3CutDownload(t *testing.T) {
	server := testservers.MinIO(t)
	proxied := between(t, server, func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/key") {
			forward.ServeHTTP(&shortWriter{ResponseWriter: w, left: 100_000}, r)
			drop()
		}
		forward.ServeHTTP(w, r)
	})
	store := openURL(t, proxied.URL(server.Bucket()))
	content := storagetest.Bytes(4, 300_000)
	putBytes(t, store, "key", content)
	r, _, err := store.Get(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if got, err := io.ReadAll(r); !errors.Is(err, storage.ErrUnavailable) {
		t.Fatalf("read %d bytes, %v", len(got), err)
	}
}

type shortWriter struct {
	http.ResponseWriter
	left int
}

func (w *shortWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p[:min(len(p), w.left)])
	w.left -= n
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, err
}

// TestS3Hangs: every call ends by its deadline.
func TestS3Hangs(t *testing.T) {
	var hanging atomic.Bool
	done := make(chan struct{})
	server := testservers.MinIO(t)
	proxied := between(t, server, func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
		if hanging.Load() {
			select {
			case <-r.Context().Done():
			case <-done:
			}
			drop()
		}
		forward.ServeHTTP(w, r)
	})
	store := openURL(t, proxied.URL(server.Bucket()))
	putBytes(t, store, "key", []byte("x"))
	hanging.Store(true)
	defer close(done)
	for name, call := range map[string]func(ctx context.Context) error{
		"put": func(ctx context.Context) error {
			return store.Put(ctx, "other", strings.NewReader("x"), 1, sha256.Sum256([]byte("x")))
		},
		"get":    func(ctx context.Context) error { _, _, err := store.Get(ctx, "key"); return err },
		"stat":   func(ctx context.Context) error { _, err := store.Stat(ctx, "key"); return err },
		"delete": func(ctx context.Context) error { return store.Delete(ctx, "key") },
		"list":   func(ctx context.Context) error { _, err := store.List(ctx, "", 1); return err },
		"check":  store.Check,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		start := time.Now()
		err := call(ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 3*time.Second {
			t.Errorf("%s: %v after %s", name, err, time.Since(start))
		}
	}
}

// TestS3NoRedirect: a signed request never follows an answer elsewhere.
func TestS3NoRedirect(t *testing.T) {
	var visits atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer elsewhere.Close()
	redirect := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer redirect.Close()
	server := testservers.S3{Endpoint: strings.TrimPrefix(redirect.URL, "http://"), AccessKey: "key", SecretKey: "secretsecret", Region: "us-east-1"}
	if _, err := storage.OpenStore(t.Context(), server.URL("bucket")); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	if visits.Load() != 0 {
		t.Errorf("followed to the other server %d times", visits.Load())
	}
}

// TestS3TLSByDefault looks at the first byte that an address without options
// sends: a TLS handshake, never a request.
func TestS3TLSByDefault(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	first := make(chan byte, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			b := make([]byte, 1)
			_, _ = io.ReadFull(conn, b)
			_ = conn.Close()
			first <- b[0]
		}
	}()
	_, err = storage.OpenStore(t.Context(), "s3://key:secretsecret@"+listener.Addr().String()+"/bucket")
	if !errors.Is(err, storage.ErrUnavailable) {
		t.Fatalf("error %v", err)
	}
	if b := <-first; b != 0x16 {
		t.Fatalf("the first byte is %#x", b)
	}
}

// TestS3OverTLS runs the store over TLS with an authority of its own, and
// refuses a server that the system does not trust.
func TestS3OverTLS(t *testing.T) {
	server := testservers.MinIO(t)
	front := httptest.NewUnstartedServer(meddler(server, func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
		forward.ServeHTTP(w, r)
	}))
	front.Config.ErrorLog = log.New(io.Discard, "", 0) // the refused handshakes
	front.StartTLS()
	defer front.Close()
	authority := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})
	if err := os.WriteFile(authority, block, 0o600); err != nil {
		t.Fatal(err)
	}
	address := "s3://" + server.AccessKey + ":" + server.SecretKey + "@" + strings.TrimPrefix(front.URL, "https://") + "/" + server.Bucket()
	if _, err := storage.OpenStore(t.Context(), address); !errors.Is(err, storage.ErrUnavailable) {
		t.Fatalf("an unknown authority: %v", err)
	}
	store := openURL(t, address+"?ca="+url.QueryEscape(authority))
	content := storagetest.Bytes(5, 6<<20)
	putBytes(t, store, "key", content)
	if err := storage.Verify(t.Context(), store, "key", int64(len(content)), sha256.Sum256(content)); err != nil {
		t.Fatal(err)
	}
}

// TestS3KeepsSum: the SHA-256 can be read from the bucket itself.
func TestS3KeepsSum(t *testing.T) {
	eachServer(t, func(t *testing.T, server testservers.S3) {
		bucket := server.Bucket()
		putBytes(t, openURL(t, server.URL(bucket)), "key", []byte("content"))
		info, err := adminClient(t, server).StatObject(t.Context(), bucket, "key", minio.StatObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte("content"))
		for name, value := range info.UserMetadata {
			if strings.EqualFold(name, "sha256") && value == hex.EncodeToString(sum[:]) {
				return
			}
		}
		t.Errorf("metadata %v", info.UserMetadata)
	})
}

// TestS3DeletesVersions: in a bucket with versions nothing stays behind.
func TestS3DeletesVersions(t *testing.T) {
	server := testservers.MinIO(t)
	bucket := server.Bucket()
	store, admin := openURL(t, server.URL(bucket)), adminClient(t, server)
	if err := admin.EnableVersioning(t.Context(), bucket); err != nil {
		t.Fatal(err)
	}
	putBytes(t, store, "key", []byte("one"))
	// Someone hides the object, and the key is used again.
	if err := admin.RemoveObject(t.Context(), bucket, "key", minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Stat(t.Context(), "key"); !errors.Is(err, storage.ErrNotFound) {
		t.Fatalf("hidden: %v", err)
	}
	putBytes(t, store, "key", []byte("two"))
	putBytes(t, store, "key2", []byte("another"))
	if err := store.Delete(t.Context(), "key"); err != nil {
		t.Fatal(err)
	}
	var left []string
	for version := range admin.ListObjectsIter(t.Context(), bucket, minio.ListObjectsOptions{WithVersions: true, Recursive: true}) {
		left = append(left, version.Key)
	}
	if len(left) != 1 || left[0] != "key2" {
		t.Errorf("left %q", left)
	}
}

// TestS3ForeignObjects: what Regain could not have stored is not listed, so
// that no sweep takes it for an orphan.
func TestS3ForeignObjects(t *testing.T) {
	server := testservers.MinIO(t)
	bucket := server.Bucket()
	store := openURL(t, server.URL(bucket))
	for _, key := range []string{"Backup/2024.TAR", "a b", "cases/.keep"} {
		if _, err := adminClient(t, server).PutObject(t.Context(), bucket, key, strings.NewReader("x"), 1, minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	putBytes(t, store, "cases/1", []byte("x"))
	if found, err := store.List(t.Context(), "", 100); err != nil || len(found) != 1 || found[0].Key != "cases/1" {
		t.Errorf("lists %v, %v", found, err)
	}
}
