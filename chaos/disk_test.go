package chaos

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"regain/internal/testservers"
)

// TestDiskFull fills the disk that holds the database, the documents and the uploads
// under way, on either stack. Calls are refused cleanly, and work again when there is room.
func TestDiskFull(t *testing.T) {
	if !mayMount(t) {
		return
	}
	t.Run("sqlite-disk", func(t *testing.T) {
		w := newWorld(t)
		dir := smallDisk(t, 24)
		w.prepare(dir, "sqlite:"+filepath.Join(dir, "regain.db"), "file:"+filepath.Join(dir, "documents"))
		w.fills(dir, func() {})
	})
	t.Run("postgres-minio", func(t *testing.T) {
		long(t)
		if os.Getenv(inNamespace) != "" {
			testservers.Unavailable(t, "Postgres does not run as root, and in this namespace there is nobody else")
		}
		w := newWorld(t)
		dir := smallDisk(t, 256)
		postgres, url := testservers.KillablePostgres(t, dir)
		_, s3 := testservers.KillableMinIO(t, dir)
		data := filepath.Join(dir, "regain")
		if err := os.Mkdir(data, 0o700); err != nil {
			t.Fatal(err)
		}
		w.prepare(data, url, s3.URL(s3.Bucket()))
		w.fills(dir, postgres.Revive) // a Postgres that can't write its log ends, as it should
	})
}

// fills has clients work while the disk is full and when it no longer is.
func (w *world) fills(dir string, repair func()) {
	t := w.t
	w.server.MustStart(t)
	reviewers := w.staff(3)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	clients := w.clients(ctx, 3, reviewers)
	for range 2 {
		before := w.answered()
		until(t, 30*time.Second, "clients work", func() bool { return w.answered() >= before+20 })
		filler := filepath.Join(dir, "filler")
		fillDisk(t, filler)
		refused := w.ledger.statuses()[503]
		until(t, 30*time.Second, "calls meet the full disk", func() bool { return w.ledger.statuses()[503] >= refused+10 })
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		repair()
		w.heals("a full disk")
	}
	db := w.open()
	w.finish(db, stop, clients.Wait)
	w.assertSound(db, nil)
	t.Logf("the slowest attempt was %+v", w.ledger.slowest())
}

// inNamespace says that this process may mount, because it is alone in a namespace.
const inNamespace = "CHAOS_IN_NAMESPACE"

// mayMount says whether this process may mount a disk. Who may not may still do so in a
// namespace of their own: then the test has been run there.
func mayMount(t *testing.T) bool {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m")
	if err == nil {
		err = syscall.Unmount(dir, 0)
	}
	if err == nil {
		return true
	}
	if os.Getenv(inNamespace) != "" {
		t.Fatalf("mount: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inNamespace+"=true")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = out, out
	if starting := cmd.Start(); starting != nil {
		testservers.Unavailable(t, "a disk of its own takes the right to mount one (%v) or a namespace (%v)", err, starting)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("in a namespace: %v\n%s", err, out)
	}
	return false
}

// smallDisk mounts a disk of so many MiB, which every user may enter.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "regain-disk-")
	if err == nil {
		err = syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=1777", size))
	}
	if err != nil {
		t.Fatalf("a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
		_ = os.Remove(dir)
	})
	return dir
}

// fillDisk writes until there is no room for another block.
func fillDisk(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for n := 0; ; n++ {
		if _, err := f.Write(block); err != nil {
			t.Logf("full after %d blocks: %v", n, err)
			break
		}
	}
	_ = f.Close() // it is full
}
