// Package storagetest holds every storage.Store to the same contract.
package storagetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"regain/storage"
)

// Run runs the conformance suite; open gives each test an empty store.
func Run(t *testing.T, open func(t *testing.T) storage.Store) {
	tests := []struct {
		name string
		run  func(t *testing.T, s storage.Store)
	}{
		{"round trip", testRoundTrip},
		{"missing", testMissing},
		{"bad keys", testBadKeys},
		{"bad sizes", testBadSizes},
		{"mismatch", testMismatch},
		{"failing reader", testFailingReader},
		{"unseekable reader", testUnseekable},
		{"reader stands in the middle", testReaderOffset},
		{"same key twice", testSameKey},
		{"same key at once", testConcurrent},
		{"cancelled before", testCancelledBefore},
		{"cancelled in the middle", testCancelledMiddle},
		{"ranges", testRanges},
		{"delete", testDelete},
		{"deleted while read", testDeletedWhileRead},
		{"list", testList},
		{"big objects in little memory", testMemory},
		{"many at once", testMany},
		{"sweep", testSweep},
		{"verify", testVerify},
		{"check", func(t *testing.T, s storage.Store) { noError(t, s.Check(t.Context())) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// Bytes makes n bytes that depend on the seed alone.
func Bytes(seed uint64, n int) []byte {
	var key [32]byte
	copy(key[:], fmt.Sprint(seed))
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(b)
	return b
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func isError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

func put(t *testing.T, s storage.Store, key string, content []byte) {
	t.Helper()
	noError(t, s.Put(t.Context(), key, bytes.NewReader(content), int64(len(content)), sha256.Sum256(content)))
}

func get(t *testing.T, s storage.Store, key string) []byte {
	t.Helper()
	r, info, err := s.Get(t.Context(), key)
	noError(t, err)
	defer func() { _ = r.Close() }()
	content, err := io.ReadAll(r)
	noError(t, err)
	if info.Size != int64(len(content)) || info.Key != key {
		t.Fatalf("info %+v for %d bytes of %s", info, len(content), key)
	}
	return content
}

// absent asserts that nothing can be seen under key, by any method.
func absent(t *testing.T, s storage.Store, key string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	_, err := s.Stat(ctx, key)
	isError(t, err, storage.ErrNotFound)
	_, _, err = s.Get(ctx, key)
	isError(t, err, storage.ErrNotFound)
	if keys := list(t, s, "", 1000); slices.Contains(keys, key) {
		t.Fatalf("%s is listed", key)
	}
}

func list(t *testing.T, s storage.Store, after string, n int) []string {
	t.Helper()
	infos, err := s.List(context.WithoutCancel(t.Context()), after, n)
	noError(t, err)
	keys := make([]string, len(infos))
	for i, info := range infos {
		keys[i] = info.Key
	}
	return keys
}

func testRoundTrip(t *testing.T, s storage.Store) {
	before := time.Now().Add(-2 * time.Minute)
	for _, size := range []int{1, 2, 511, 4096, 200_000, 5<<20 + 1} {
		key := fmt.Sprintf("cases/0198-%d/document.pdf", size)
		content := Bytes(uint64(size), size)
		put(t, s, key, content)
		if !bytes.Equal(get(t, s, key), content) {
			t.Fatalf("%d bytes came back otherwise", size)
		}
		info, err := s.Stat(t.Context(), key)
		noError(t, err)
		if info.Size != int64(size) || info.Key != key || info.Modified.Before(before) || info.Modified.Location() != time.UTC {
			t.Fatalf("stat %+v", info)
		}
	}
}

func testMissing(t *testing.T, s storage.Store) {
	absent(t, s, "no/such/key")
	put(t, s, "folder/object", []byte("x"))
	absent(t, s, "folder")
	noError(t, s.Delete(t.Context(), "folder"))
	get(t, s, "folder/object")
}

func testBadKeys(t *testing.T, s storage.Store) {
	keys := []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/../../b", "a/./b", ".hidden", "a/.b", `a\b`, `..\a`,
		"a\x00b", "a b", "A", "a\nb", "ä", "a\u202eb", "a%2fb", "a?b", "a#b", "a:b", "a*b", "~", "\xff",
		strings.Repeat("a", 129), strings.Repeat("a/", 300) + "a",
	}
	for _, key := range keys {
		isError(t, s.Put(t.Context(), key, strings.NewReader("x"), 1, sha256.Sum256([]byte("x"))), storage.ErrInvalid)
		_, _, err := s.Get(t.Context(), key)
		isError(t, err, storage.ErrInvalid)
		_, err = s.Stat(t.Context(), key)
		isError(t, err, storage.ErrInvalid)
		isError(t, s.Delete(t.Context(), key), storage.ErrInvalid)
	}
	if found := list(t, s, "", 10); len(found) != 0 {
		t.Fatalf("stored %q", found)
	}
	longest := strings.Repeat(strings.Repeat("k", 127)+"/", 3) + strings.Repeat("k", 128)
	put(t, s, longest, []byte("x"))
	if found := list(t, s, "", 10); !slices.Equal(found, []string{longest}) {
		t.Fatalf("the longest key is listed as %q", found)
	}
}

func testBadSizes(t *testing.T, s storage.Store) {
	for _, size := range []int64{0, -1, storage.MaxObjectSize + 1} {
		isError(t, s.Put(t.Context(), "key", strings.NewReader(""), size, sha256.Sum256(nil)), storage.ErrInvalid)
	}
	absent(t, s, "key")
	_, err := s.List(t.Context(), "", 0)
	isError(t, err, storage.ErrInvalid)
}

func testMismatch(t *testing.T, s storage.Store) {
	for _, size := range []int{10, 300_000} {
		content := Bytes(1, size)
		other := bytes.Clone(content)
		other[size-1] ^= 1
		for name, sent := range map[string][]byte{
			"other": other, "shorter": content[:size-1], "empty": nil, "longer": append(bytes.Clone(content), 'x'),
		} {
			for _, r := range []io.Reader{bytes.NewReader(sent), iotest.DataErrReader(bytes.NewReader(sent))} {
				err := s.Put(t.Context(), "key", r, int64(size), sha256.Sum256(content))
				if !errors.Is(err, storage.ErrMismatch) {
					t.Fatalf("%s content of %d bytes: %v", name, size, err)
				}
				absent(t, s, "key")
			}
		}
	}
	put(t, s, "key", []byte("the key was not used up"))
}

func testFailingReader(t *testing.T, s storage.Store) {
	broken := errors.New("the client went away")
	content := Bytes(2, 300_000)
	for _, at := range []int{0, 1, 150_000, len(content)} {
		r := io.MultiReader(bytes.NewReader(content[:at]), iotest.ErrReader(broken))
		err := s.Put(t.Context(), "key", r, int64(len(content)), sha256.Sum256(content))
		isError(t, err, broken)
		if errors.Is(err, storage.ErrUnavailable) {
			t.Fatalf("blames the store: %v", err)
		}
		absent(t, s, "key")
	}
}

func testUnseekable(t *testing.T, s storage.Store) {
	content := Bytes(3, 100_000)
	r := iotest.HalfReader(struct{ io.Reader }{bytes.NewReader(content)})
	noError(t, s.Put(t.Context(), "key", r, int64(len(content)), sha256.Sum256(content)))
	if !bytes.Equal(get(t, s, "key"), content) {
		t.Fatal("came back otherwise")
	}
}

func testReaderOffset(t *testing.T, s storage.Store) {
	r := bytes.NewReader([]byte("header and content"))
	_, _ = r.Seek(11, io.SeekStart)
	noError(t, s.Put(t.Context(), "key", r, 7, sha256.Sum256([]byte("content"))))
	if got := get(t, s, "key"); string(got) != "content" {
		t.Fatalf("stored %q", got)
	}
}

func testSameKey(t *testing.T, s storage.Store) {
	first := []byte("first")
	put(t, s, "key", first)
	for _, content := range [][]byte{first, []byte("another"), Bytes(4, 2<<20)} {
		err := s.Put(t.Context(), "key", bytes.NewReader(content), int64(len(content)), sha256.Sum256(content))
		isError(t, err, storage.ErrExists)
		if !bytes.Equal(get(t, s, "key"), first) {
			t.Fatal("the first object was changed")
		}
	}
}

func testConcurrent(t *testing.T, s storage.Store) {
	for round := range 5 {
		const clients = 8
		key := fmt.Sprintf("round/%d", round)
		errs := make([]error, clients)
		var group sync.WaitGroup
		for i := range clients {
			group.Go(func() {
				content := Bytes(uint64(100+i), 50_000)
				errs[i] = s.Put(t.Context(), key, bytes.NewReader(content), int64(len(content)), sha256.Sum256(content))
			})
		}
		group.Wait()
		winner := -1
		for i, err := range errs {
			switch {
			case err == nil && winner < 0:
				winner = i
			case err == nil:
				t.Fatalf("both %d and %d won", winner, i)
			default:
				isError(t, err, storage.ErrExists)
			}
		}
		if winner < 0 || !bytes.Equal(get(t, s, key), Bytes(uint64(100+winner), 50_000)) {
			t.Fatalf("the object is not that of the winner, %d", winner)
		}
	}
}

func testCancelledBefore(t *testing.T, s storage.Store) {
	put(t, s, "kept", []byte("x"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	isError(t, s.Put(ctx, "key", strings.NewReader("x"), 1, sha256.Sum256([]byte("x"))), context.Canceled)
	_, _, err := s.Get(ctx, "kept")
	isError(t, err, context.Canceled)
	_, err = s.Stat(ctx, "kept")
	isError(t, err, context.Canceled)
	isError(t, s.Delete(ctx, "kept"), context.Canceled)
	_, err = s.List(ctx, "", 10)
	isError(t, err, context.Canceled)
	absent(t, s, "key")
	get(t, s, "kept")
}

func testCancelledMiddle(t *testing.T, s storage.Store) {
	content := Bytes(5, 1<<20)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := io.MultiReader(bytes.NewReader(content[:1<<19]), readFunc(func([]byte) (int, error) {
		cancel()
		return 0, nil
	}), bytes.NewReader(content[1<<19:]))
	isError(t, s.Put(ctx, "key", r, int64(len(content)), sha256.Sum256(content)), context.Canceled)
	absent(t, s, "key")

	put(t, s, "key", content)
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	object, _, err := s.Get(ctx, "key")
	noError(t, err)
	defer func() { _ = object.Close() }()
	_, err = io.ReadFull(object, make([]byte, 10))
	noError(t, err)
	cancel()
	_, err = io.ReadAll(object)
	isError(t, err, context.Canceled)
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func testRanges(t *testing.T, s storage.Store) {
	content := Bytes(6, 300_000)
	put(t, s, "key", content)
	r, _, err := s.Get(t.Context(), "key")
	noError(t, err)
	defer func() { _ = r.Close() }()
	end, err := r.Seek(0, io.SeekEnd)
	noError(t, err)
	if end != int64(len(content)) {
		t.Fatalf("the end is at %d", end)
	}
	for _, piece := range []struct{ from, n int }{{0, 10}, {10, 10}, {299_990, 10}, {5, 100_000}, {0, 300_000}, {299_999, 1}} {
		_, err := r.Seek(int64(piece.from), io.SeekStart)
		noError(t, err)
		got := make([]byte, piece.n)
		_, err = io.ReadFull(r, got)
		noError(t, err)
		if !bytes.Equal(got, content[piece.from:piece.from+piece.n]) {
			t.Fatalf("another range of %d from %d", piece.n, piece.from)
		}
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Fatalf("read %d, %v at the end", n, err)
	}
	if _, err := r.Seek(-1, io.SeekStart); err == nil {
		t.Fatal("sought before the start")
	}
	_, err = r.Seek(-10, io.SeekEnd)
	noError(t, err)
	_, err = r.Seek(5, io.SeekCurrent)
	noError(t, err)
	rest, err := io.ReadAll(r)
	noError(t, err)
	if !bytes.Equal(rest, content[len(content)-5:]) {
		t.Fatal("another rest")
	}
}

func testDelete(t *testing.T, s storage.Store) {
	put(t, s, "folder/key", []byte("x"))
	put(t, s, "folder/key2", []byte("y"))
	for range 2 {
		noError(t, s.Delete(t.Context(), "folder/key"))
		absent(t, s, "folder/key")
	}
	get(t, s, "folder/key2")
	put(t, s, "folder/key", []byte("again"))
	if got := get(t, s, "folder/key"); string(got) != "again" {
		t.Fatalf("stored %q", got)
	}
	noError(t, s.Delete(t.Context(), "never/was"))
}

// testDeletedWhileRead: a reader gets the object or an error, never other bytes.
func testDeletedWhileRead(t *testing.T, s storage.Store) {
	content := Bytes(7, 1<<20)
	put(t, s, "key", content)
	r, _, err := s.Get(t.Context(), "key")
	noError(t, err)
	defer func() { _ = r.Close() }()
	noError(t, s.Delete(t.Context(), "key"))
	_, err = r.Seek(1000, io.SeekStart)
	noError(t, err)
	rest, err := io.ReadAll(r)
	if err == nil && !bytes.Equal(rest, content[1000:]) {
		t.Fatal("read other bytes without an error")
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) && !errors.Is(err, storage.ErrUnavailable) {
		t.Fatalf("read: %v", err)
	}
}

func testList(t *testing.T, s storage.Store) {
	// Sorted by bytes: '-' < '.' < '/' < '0' < 'a', so a folder's objects stand
	// in the middle of its siblings.
	keys := []string{"a-b", "a.b", "a/a", "a/b/c", "a/b/d", "a/b0", "a/c", "a0", "aa/b", "b/x-1/y", "b/x/y", "b/x0/y", "c"}
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(keys)) {
		put(t, s, keys[i], []byte(keys[i]))
	}
	for page := 1; page <= len(keys)+1; page++ {
		var got []string
		for after := ""; ; {
			found := list(t, s, after, page)
			got = append(got, found...)
			if len(found) < page {
				break
			}
			after = found[len(found)-1]
		}
		if !slices.Equal(got, keys) {
			t.Fatalf("pages of %d give %q", page, got)
		}
	}
	for after, want := range map[string]string{"a/b": "a/b/c", "a": "a-b", "a/b/cc": "a/b/d", "b/x": "b/x-1/y", "b/x-1/z": "b/x/y", "a/z": "a0"} {
		if got := list(t, s, after, 1); !slices.Equal(got, []string{want}) {
			t.Errorf("after %s comes %q, want %s", after, got, want)
		}
	}
	if got := list(t, s, "c", 10); len(got) != 0 {
		t.Fatalf("after the last comes %q", got)
	}
}

// testMemory puts and gets 20 MB and watches the heap: nothing may hold the
// whole object.
func testMemory(t *testing.T, s storage.Store) {
	const size, most = 20 << 20, 4 << 20
	sum := sha256.New()
	_, _ = io.Copy(sum, &repeated{left: size})
	var peak uint64
	base := heap()
	watch := readFunc(func(p []byte) (int, error) { peak = max(peak, heapNow()); return len(p), nil })
	content := &repeated{left: size, every: 1 << 20, call: func() { _, _ = watch(nil) }}
	noError(t, s.Put(t.Context(), "big", content, size, [32]byte(sum.Sum(nil))))
	if peak > base+most {
		t.Errorf("the heap grew by %d bytes while 20 MB were put", peak-base)
	}
	r, _, err := s.Get(t.Context(), "big")
	noError(t, err)
	defer func() { _ = r.Close() }()
	base, peak = heap(), 0
	again := sha256.New()
	for {
		n, err := io.CopyN(again, r, 1<<20)
		peak = max(peak, heapNow())
		if n == 0 || errors.Is(err, io.EOF) {
			break
		}
		noError(t, err)
	}
	if peak > base+most {
		t.Errorf("the heap grew by %d bytes while 20 MB were read", peak-base)
	}
	if !bytes.Equal(again.Sum(nil), sum.Sum(nil)) {
		t.Error("20 MB came back otherwise")
	}
}

func heap() uint64 {
	runtime.GC()
	return heapNow()
}

func heapNow() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// repeated is a reader of left bytes that needs no memory.
type repeated struct {
	left, read, every int
	call              func()
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), r.left)
	for i := range n {
		p[i] = byte((r.read + i) % 251)
	}
	if r.call != nil && r.read/r.every != (r.read+n)/r.every {
		r.call()
	}
	r.left -= n
	r.read += n
	return n, nil
}

func testMany(t *testing.T, s storage.Store) {
	const objects = 40
	errs := make(chan error, objects)
	var group sync.WaitGroup
	for i := range objects {
		group.Go(func() {
			content := Bytes(uint64(i), 10_000+i)
			errs <- s.Put(t.Context(), fmt.Sprintf("cases/%d/%d", i%7, i), bytes.NewReader(content), int64(len(content)), sha256.Sum256(content))
		})
	}
	group.Wait()
	close(errs)
	for err := range errs {
		noError(t, err)
	}
	for i := range objects {
		if !bytes.Equal(get(t, s, fmt.Sprintf("cases/%d/%d", i%7, i)), Bytes(uint64(i), 10_000+i)) {
			t.Fatalf("object %d came back otherwise", i)
		}
	}
}

func testSweep(t *testing.T, s storage.Store) {
	for i := range 25 {
		put(t, s, fmt.Sprintf("cases/%02d", i), []byte("content"))
	}
	known := func(_ context.Context, keys []string) (map[string]bool, error) {
		rows := map[string]bool{}
		for _, key := range keys {
			if strings.HasSuffix(key, "0") || strings.HasSuffix(key, "5") {
				rows[key] = true
			}
		}
		return rows, nil
	}
	result, err := storage.Sweep(t.Context(), s, known, time.Hour, time.Now())
	noError(t, err)
	if result != (storage.SweepResult{Seen: 25, Young: 25}) {
		t.Fatalf("young objects: %+v", result)
	}
	result, err = storage.Sweep(t.Context(), s, known, time.Hour, time.Now().Add(2*time.Hour))
	noError(t, err)
	if result != (storage.SweepResult{Seen: 25, Removed: 20}) {
		t.Fatalf("old objects: %+v", result)
	}
	if got := list(t, s, "", 100); !slices.Equal(got, []string{"cases/00", "cases/05", "cases/10", "cases/15", "cases/20"}) {
		t.Fatalf("left %q", got)
	}
}

func testVerify(t *testing.T, s storage.Store) {
	content := Bytes(8, 70_000)
	put(t, s, "key", content)
	sum := sha256.Sum256(content)
	noError(t, storage.Verify(t.Context(), s, "key", 70_000, sum))
	isError(t, storage.Verify(t.Context(), s, "key", 70_001, sum), storage.ErrMismatch)
	sum[0]++
	isError(t, storage.Verify(t.Context(), s, "key", 70_000, sum), storage.ErrMismatch)
	isError(t, storage.Verify(t.Context(), s, "other", 70_000, sum), storage.ErrNotFound)
}
