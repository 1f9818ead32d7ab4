package storage_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"regain/internal/testdocs"
	"regain/problem"
	"regain/storage"
)

var allTypes = []string{storage.TypePDF, storage.TypeJPEG, storage.TypePNG, storage.TypeEML}

func newSpool(t *testing.T, budget int64) (*storage.Spool, string) {
	t.Helper()
	dir := t.TempDir()
	spool, err := storage.NewSpool(dir, budget)
	if err != nil {
		t.Fatal(err)
	}
	return spool, dir
}

// receive sends content and discards it at the end of the test.
func receive(t *testing.T, spool *storage.Spool, content []byte, name string, limits storage.Limits) (*storage.Upload, error) {
	t.Helper()
	upload, err := spool.Receive(t.Context(), bytes.NewReader(content), name, limits)
	if upload != nil {
		t.Cleanup(upload.Discard)
	}
	return upload, err
}

func wantProblem(t *testing.T, err error, kind problem.Kind, code string) {
	t.Helper()
	p, ok := problem.As(err)
	if !ok || p.Code != code || p.Kind != kind {
		t.Fatalf("error %v, want %s (%s)", err, code, kind)
	}
	if p.Detail == "" || strings.Contains(p.Detail, "/") && strings.Contains(p.Detail, "tmp") {
		t.Fatalf("detail %q", p.Detail)
	}
}

func isEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 0 {
		t.Fatalf("left in the spool: %v, %v", entries, err)
	}
}

func TestReceive(t *testing.T) {
	spool, dir := newSpool(t, 1<<20)
	content := testdocs.PDF(1, 2, "Front of the card")
	upload, err := receive(t, spool, content, "Meu Cartão.PDF", storage.Limits{Types: allTypes, Declared: int64(len(content))})
	if err != nil {
		t.Fatal(err)
	}
	if upload.Name != "Meu Cartão.PDF" || upload.Type != "pdf" || upload.ContentType != "application/pdf" ||
		upload.Size != int64(len(content)) || upload.SHA256 != sha256.Sum256(content) {
		t.Fatalf("received %+v", upload)
	}
	for range 2 { // each reader begins at the start
		r := upload.Open()
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, content) {
			t.Fatalf("read %d bytes, %v", len(got), err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if spool.Used() != upload.Size {
		t.Fatalf("%d bytes used", spool.Used())
	}
	open := upload.Open()
	upload.Discard()
	upload.Discard()
	if _, err := io.ReadAll(open); err == nil {
		t.Fatal("read after Discard")
	}
	if spool.Used() != 0 {
		t.Fatalf("%d bytes used after Discard", spool.Used())
	}
	isEmpty(t, dir)
}

// Small uploads are held in memory and large ones in a file, and nobody can tell; what is
// read after Discard is never another upload's.
func TestReceiveOfEverySize(t *testing.T) {
	spool, dir := newSpool(t, 64<<20)
	const held = 256 << 10
	head, line := []byte("From: a@example.com\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\n\r\n"), []byte("some line\r\n")
	for n, size := range []int{len(head) + 1, held - 1, held, held + 1, held + 64<<10, 3*held + 7} {
		content := append(slices.Clone(head), bytes.Repeat(line, size/len(line)+1)...)[:size]
		content[len(content)-1] = byte('a' + n)
		for name, r := range map[string]io.Reader{
			"at once": bytes.NewReader(content), "in pieces": iotest.HalfReader(bytes.NewReader(content)), "with its end": iotest.DataErrReader(bytes.NewReader(content)),
		} {
			upload, err := spool.Receive(t.Context(), r, "a.eml", storage.Limits{Types: allTypes})
			if err != nil {
				t.Fatalf("%d bytes %s: %v", size, name, err)
			}
			late := upload.Open()
			got, err := io.ReadAll(upload.Open())
			if err != nil || !bytes.Equal(got, content) || upload.Size != int64(size) || upload.SHA256 != sha256.Sum256(content) || spool.Used() != int64(size) {
				t.Errorf("%d bytes %s: read %d, %v, size %d, %d used", size, name, len(got), err, upload.Size, spool.Used())
			}
			upload.Discard()
			other, err := spool.Receive(t.Context(), bytes.NewReader(append(slices.Clone(head), "Another's."...)), "b.eml", storage.Limits{Types: allTypes})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(late); err == nil || len(got) > 0 {
				t.Errorf("%d bytes %s: %q after Discard, %v", size, name, got, err)
			}
			other.Discard()
		}
	}
	if spool.Used() != 0 {
		t.Errorf("%d bytes used", spool.Used())
	}
	isEmpty(t, dir)
}

// Many uploads at once are received all the same, though not all in memory.
func TestReceiveMany(t *testing.T) {
	spool, dir := newSpool(t, 64<<20)
	content := testdocs.PDF(1, 1, strings.Split(strings.Repeat("A line that fills the file.\n", 4000), "\n")...)
	if len(content) < 100_000 || len(content) > 250_000 {
		t.Fatalf("a file of %d bytes", len(content))
	}
	var all []*storage.Upload
	for range 100 {
		upload, err := receive(t, spool, content, "a.pdf", storage.Limits{Types: allTypes})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, upload)
	}
	for n, upload := range all {
		if got, err := io.ReadAll(upload.Open()); err != nil || !bytes.Equal(got, content) {
			t.Errorf("upload %d: %d bytes, %v", n, len(got), err)
		}
		upload.Discard()
	}
	if spool.Used() != 0 {
		t.Errorf("%d bytes used", spool.Used())
	}
	isEmpty(t, dir)
}

func TestReceiveStores(t *testing.T) {
	spool, _ := newSpool(t, 1<<20)
	store, err := storage.OpenDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	content := testdocs.JPEG(1, 200, 120)
	upload, err := receive(t, spool, content, "id.jpg", storage.Limits{Types: allTypes})
	if err != nil {
		t.Fatal(err)
	}
	if err := upload.StoreAs(t.Context(), store, "cases/1/id"); err != nil {
		t.Fatal(err)
	}
	if err := storage.Verify(t.Context(), store, "cases/1/id", upload.Size, sha256.Sum256(content)); err != nil {
		t.Fatal(err)
	}
}

// counted says how much was read of it.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestTooLargeStopsReading(t *testing.T) {
	spool, dir := newSpool(t, 64<<20)
	const most = 300_000
	endless := &counted{r: zeros{}}
	_, err := spool.Receive(t.Context(), endless, "a.pdf", storage.Limits{Types: allTypes, MaxSize: most})
	wantProblem(t, err, problem.TooLarge, "file_too_large")
	if endless.n != most+1 {
		t.Errorf("read %d bytes of at most %d", endless.n, most)
	}
	untouched := &counted{r: zeros{}}
	_, err = spool.Receive(t.Context(), untouched, "a.pdf", storage.Limits{Types: allTypes, MaxSize: most, Declared: most + 1})
	wantProblem(t, err, problem.TooLarge, "file_too_large")
	if untouched.n != 0 {
		t.Errorf("read %d bytes of what was announced too large", untouched.n)
	}
	_, err = spool.Receive(t.Context(), endless, "a.pdf", storage.Limits{Types: allTypes})
	wantProblem(t, err, problem.TooLarge, "file_too_large")
	if endless.n != most+1+storage.DefaultMaxSize+1 {
		t.Errorf("the default limit is %d", endless.n-most-2)
	}
	if spool.Used() != 0 {
		t.Errorf("%d bytes used", spool.Used())
	}
	isEmpty(t, dir)
}

func TestExactlyTheLimit(t *testing.T) {
	spool, _ := newSpool(t, 1<<20)
	content := testdocs.PDF(1, 1)
	limits := storage.Limits{Types: allTypes, MaxSize: int64(len(content))}
	if _, err := receive(t, spool, content, "a.pdf", limits); err != nil {
		t.Fatal(err)
	}
	limits.MaxSize--
	_, err := receive(t, spool, content, "a.pdf", limits)
	wantProblem(t, err, problem.TooLarge, "file_too_large")
}

func TestTruncatedUpload(t *testing.T) {
	spool, dir := newSpool(t, 1<<20)
	content := testdocs.PDF(1, 3)
	limits := storage.Limits{Types: allTypes}
	readers := map[string]io.Reader{
		"cut":   io.MultiReader(bytes.NewReader(content[:500]), iotest.ErrReader(io.ErrUnexpectedEOF)),
		"reset": io.MultiReader(bytes.NewReader(content[:500]), iotest.ErrReader(errors.New("connection reset by peer 10.1.2.3"))),
	}
	for name, r := range readers {
		_, err := spool.Receive(t.Context(), r, "a.pdf", limits)
		wantProblem(t, err, problem.Malformed, "upload_truncated")
		if strings.Contains(err.Error(), "10.1.2.3") {
			t.Errorf("%s: the problem shows its cause: %v", name, err)
		}
	}
	for _, declared := range []int64{int64(len(content)) + 1, int64(len(content)) - 1} {
		limits.Declared = declared
		_, err := receive(t, spool, content, "a.pdf", limits)
		wantProblem(t, err, problem.Malformed, "upload_truncated")
	}
	isEmpty(t, dir)
}

// TestTruncatedRequest sends a real request that ends before its length.
func TestTruncatedRequest(t *testing.T) {
	spool, _ := newSpool(t, 1<<20)
	got := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := spool.Receive(context.WithoutCancel(r.Context()), r.Body, "a.pdf", storage.Limits{Types: allTypes})
		got <- err
	}))
	defer server.Close()
	broken := io.MultiReader(strings.NewReader("%PDF-1.7"), iotest.ErrReader(errors.New("gone")))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, broken)
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = 1000
	if answer, err := http.DefaultClient.Do(request); err == nil {
		_ = answer.Body.Close()
	}
	wantProblem(t, <-got, problem.Malformed, "upload_truncated")
}

// TestServerLimit: the server's own limit of a body gives the same problem.
func TestServerLimit(t *testing.T) {
	spool, _ := newSpool(t, 1<<20)
	body := http.MaxBytesReader(nil, io.NopCloser(zeros{}), 2000)
	_, err := spool.Receive(t.Context(), body, "a.pdf", storage.Limits{Types: allTypes})
	wantProblem(t, err, problem.TooLarge, "file_too_large")
}

func TestSpoolFull(t *testing.T) {
	content := testdocs.PDF(1, 1)
	size := int64(len(content))
	spool, dir := newSpool(t, 2*size+10)
	limits := storage.Limits{Types: allTypes}
	first, err := receive(t, spool, content, "1.pdf", limits)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := receive(t, spool, content, "2.pdf", limits); err != nil {
		t.Fatal(err)
	}
	_, err = receive(t, spool, content, "3.pdf", limits)
	wantProblem(t, err, problem.Unavailable, "spool_full")
	if p, _ := problem.As(err); p.RetryAfter <= 0 {
		t.Error("does not say when to try again")
	}
	first.Discard()
	if _, err := receive(t, spool, content, "3.pdf", limits); err != nil {
		t.Fatalf("after room was made: %v", err)
	}
	isEmpty(t, dir) // the files have no names while they are open
}

func TestReceiveAtOnce(t *testing.T) {
	content := testdocs.PNG(3, 100, 100)
	spool, _ := newSpool(t, int64(len(content))*5)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			upload, err := spool.Receive(t.Context(), bytes.NewReader(content), "a.png", storage.Limits{Types: allTypes})
			if err != nil {
				if !problem.Is(err, "spool_full") {
					t.Error(err)
				}
				return
			}
			defer upload.Discard()
			if upload.SHA256 != sha256.Sum256(content) {
				t.Error("another hash")
			}
		})
	}
	group.Wait()
	if spool.Used() != 0 {
		t.Errorf("%d bytes used at the end", spool.Used())
	}
}

func TestReceiveCancelled(t *testing.T) {
	spool, dir := newSpool(t, 1<<20)
	ctx, cancel := context.WithCancel(t.Context())
	content := testdocs.PDF(1, 1)
	r := io.MultiReader(bytes.NewReader(content[:100]), readFunc(func([]byte) (int, error) { cancel(); return 0, nil }), bytes.NewReader(content[100:]))
	_, err := spool.Receive(ctx, r, "a.pdf", storage.Limits{Types: allTypes})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if _, ok := problem.As(err); ok {
		t.Fatal("blames the client")
	}
	if spool.Used() != 0 {
		t.Errorf("%d bytes used", spool.Used())
	}
	isEmpty(t, dir)
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func TestSpoolStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on", "start")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	old, young := filepath.Join(dir, "upload-1"), filepath.Join(dir, "upload-2")
	for _, path := range []string{old, young} {
		if err := os.WriteFile(path, []byte("left behind"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	yesterday := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(old, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	if _, err := storage.NewSpool(dir, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an abandoned file is still there: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("a file that another process may be writing is gone: %v", err)
	}
	for _, bad := range []struct {
		dir    string
		budget int64
	}{{"", 1}, {dir, 0}, {dir, -1}} {
		if _, err := storage.NewSpool(bad.dir, bad.budget); !errors.Is(err, storage.ErrInvalid) {
			t.Errorf("NewSpool(%q, %d): %v", bad.dir, bad.budget, err)
		}
	}
	if _, err := storage.NewSpool(young, 1); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("a file as folder: %v", err)
	}
}
