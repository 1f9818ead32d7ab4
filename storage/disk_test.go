package storage_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"regain/storage"
	"regain/storage/storagetest"
)

func openDisk(t *testing.T, dir string) *storage.Disk {
	t.Helper()
	store, err := storage.OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func putBytes(t *testing.T, s storage.Store, key string, content []byte) {
	t.Helper()
	if err := s.Put(t.Context(), key, bytes.NewReader(content), int64(len(content)), sha256.Sum256(content)); err != nil {
		t.Fatal(err)
	}
}

// TestDiskLeavesNothing: whatever happens to a Put, its temporary file goes.
func TestDiskLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	store := openDisk(t, dir)
	content := storagetest.Bytes(1, 100_000)
	sum := sha256.Sum256(content)
	putBytes(t, store, "a/b", content)
	for name, r := range map[string]io.Reader{
		"exists":   bytes.NewReader(content),
		"mismatch": bytes.NewReader(content[1:]),
		"broken":   io.MultiReader(bytes.NewReader(content[:70_000]), iotest.ErrReader(errors.New("broken"))),
	} {
		key := "a/" + name
		if name == "exists" {
			key = "a/b"
		}
		if err := store.Put(t.Context(), key, r, int64(len(content)), sum); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := store.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	isEmpty(t, filepath.Join(dir, "incoming"))
	isEmptyBut(t, filepath.Join(dir, "objects", "a"), "b")
}

func isEmptyBut(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Fatalf("%s holds %v, %v", dir, entries, err)
	}
}

func TestDiskModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on", "open")
	putBytes(t, openDisk(t, dir), "a/b", []byte("x"))
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDiskSweepsAbandoned(t *testing.T) {
	dir := t.TempDir()
	openDisk(t, dir)
	old, young := filepath.Join(dir, "incoming", "OLD"), filepath.Join(dir, "incoming", "YOUNG")
	for _, path := range []string{old, young} {
		if err := os.WriteFile(path, []byte("half an obj"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, before, before); err != nil {
		t.Fatal(err)
	}
	openDisk(t, dir)
	isEmptyBut(t, filepath.Join(dir, "incoming"), "YOUNG")
}

// TestDiskStaysInside: neither a link nor a foreign file in the folder leads
// out of it.
func TestDiskStaysInside(t *testing.T) {
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	store := openDisk(t, dir)
	putBytes(t, store, "kept", []byte("x"))
	objects := filepath.Join(dir, "objects")
	for name, target := range map[string]string{"folder": outside, "file": filepath.Join(outside, "secret")} {
		if err := os.Symlink(target, filepath.Join(objects, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, foreign := range []string{".nfs0001", "LOST+FOUND", "kept~"} {
		if err := os.WriteFile(filepath.Join(objects, foreign), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"folder/secret", "file"} {
		if _, _, err := store.Get(t.Context(), key); err == nil {
			t.Errorf("read %s through a link", key)
		}
	}
	if err := store.Put(t.Context(), "folder/new", strings.NewReader("x"), 1, sha256.Sum256([]byte("x"))); err == nil {
		t.Error("wrote through a link")
	}
	isEmptyBut(t, outside, "secret")
	found, err := store.List(t.Context(), "", 100)
	if err != nil || len(found) != 1 || found[0].Key != "kept" {
		t.Errorf("lists %v, %v", found, err)
	}
}

func TestDiskFolderAndObject(t *testing.T) {
	store := openDisk(t, t.TempDir())
	putBytes(t, store, "a", []byte("x"))
	putBytes(t, store, "b/c", []byte("x"))
	sum := sha256.Sum256([]byte("x"))
	if err := store.Put(t.Context(), "a/b", strings.NewReader("x"), 1, sum); !errors.Is(err, storage.ErrInvalid) {
		t.Errorf("below an object: %v", err)
	}
	if err := store.Put(t.Context(), "b", strings.NewReader("x"), 1, sum); !errors.Is(err, storage.ErrExists) {
		t.Errorf("in place of a folder: %v", err)
	}
	if _, err := store.Stat(t.Context(), "a/b"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("stat below an object: %v", err)
	}
	if err := store.Delete(t.Context(), "a/b"); err != nil {
		t.Errorf("delete below an object: %v", err)
	}
}

// TestDiskSharedByTwo: two processes on one folder still have one winner.
func TestDiskSharedByTwo(t *testing.T) {
	dir := t.TempDir()
	stores := []*storage.Disk{openDisk(t, dir), openDisk(t, dir)}
	for round := range 50 {
		won := make([]error, len(stores))
		var group sync.WaitGroup
		for i, store := range stores {
			group.Go(func() {
				content := []byte(fmt.Sprint(i))
				won[i] = store.Put(t.Context(), fmt.Sprintf("%d/key", round), bytes.NewReader(content), 1, sha256.Sum256(content))
			})
		}
		group.Wait()
		if (won[0] == nil) == (won[1] == nil) {
			t.Fatalf("round %d: %v and %v", round, won[0], won[1])
		}
	}
}

func TestDiskGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	store := openDisk(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := store.Check(t.Context()); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("check: %v", err)
	}
	if err := store.Put(t.Context(), "a", strings.NewReader("x"), 1, sha256.Sum256([]byte("x"))); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("put: %v", err)
	}
	if _, err := store.List(t.Context(), "", 1); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("list: %v", err)
	}
}

// killedEnv tells the test binary to be the process that TestDiskKilled kills.
const killedEnv = "REGAIN_TEST_DISK_WRITER"

// TestDiskKilled kills a writing process again and again: what it reported is
// there and whole, and so is everything else that can be seen.
func TestDiskKilled(t *testing.T) {
	if dir := os.Getenv(killedEnv); dir != "" {
		writeForever(t, dir)
		return
	}
	dir := t.TempDir()
	acked := map[string]bool{}
	for round := range 4 {
		for _, key := range killWriter(t, dir, 20+7*round) {
			acked[key] = true
		}
	}
	store := openDisk(t, dir)
	found, err := store.List(t.Context(), "", 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range found {
		content := contentOf(info.Key)
		if err := storage.Verify(t.Context(), store, info.Key, int64(len(content)), sha256.Sum256(content)); err != nil {
			t.Errorf("torn: %v", err)
		}
		delete(acked, info.Key)
	}
	if len(acked) > 0 {
		t.Errorf("lost: %v", acked)
	}
}

func contentOf(key string) []byte {
	return bytes.Repeat([]byte(key+"\n"), 3000)
}

func writeForever(t *testing.T, dir string) {
	store := openDisk(t, dir)
	for i := 0; ; i++ {
		key := fmt.Sprintf("process/%d/%d/object", os.Getpid(), i)
		putBytes(t, store, key, contentOf(key))
		fmt.Println("acked", key)
	}
}

// killWriter kills a writer once it reported n objects, and returns their keys.
func killWriter(t *testing.T, dir string, n int) []string {
	t.Helper()
	writer := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDiskKilled$")
	writer.Env = append(os.Environ(), killedEnv+"="+dir)
	out, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if key, ok := strings.CutPrefix(lines.Text(), "acked "); ok {
			keys = append(keys, key)
		}
		if len(keys) == n {
			_ = writer.Process.Kill()
		}
	}
	_ = writer.Wait()
	if len(keys) < n {
		t.Fatalf("the writer reported %d objects", len(keys))
	}
	return keys
}
