package testservers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Killable is a server of a test's own that may be killed and started again on the
// same data and port, as by an accident: nothing is flushed.
type Killable struct {
	t       testing.TB
	dir     string
	command []string
	env     []string
	attr    *syscall.SysProcAttr
	ready   func() error

	guards []io.Closer
	waits  []*exec.Cmd
}

// guardKillable runs the server ($@) and writes down its process id, until standard
// input ends, which also happens when the test process dies without a word. The server may
// be long dead by then, and its process id another's: what is ended works in the folder.
const guardKillable = `"$@" </dev/null >>"$0/log" 2>&1 & p=$!
echo $p >"$0/pid.new" && mv "$0/pid.new" "$0/pid"
cat >/dev/null
case "$(readlink "/proc/$p/cwd")" in "$0"|"$0"/*) kill -KILL $p 2>/dev/null;; esac
wait $p
cd / && rm -rf "$0"`

// Start starts the server and waits until it answers.
func (k *Killable) Start() {
	k.t.Helper()
	_ = os.Remove(filepath.Join(k.dir, "pid"))
	cmd := exec.CommandContext(context.Background(), "/bin/sh", append([]string{"-c", guardKillable, k.dir}, k.command...)...)
	cmd.Dir, cmd.SysProcAttr, cmd.Env = k.dir, k.attr, append(os.Environ(), k.env...)
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		k.t.Fatalf("start %s: %v", k.command[0], err)
	}
	k.guards, k.waits = append(k.guards, stdin), append(k.waits, cmd)
	err = errors.New("not asked")
	for end := time.Now().Add(30 * time.Second); err != nil && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		err = k.ready()
	}
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(k.dir, "log"))
		k.t.Fatalf("%s does not answer: %v: %s", k.command[0], err, bytes.TrimSpace(log))
	}
}

// Kill ends the server by SIGKILL and waits until it is gone.
func (k *Killable) Kill() {
	k.t.Helper()
	text, err := os.ReadFile(filepath.Join(k.dir, "pid"))
	if err != nil {
		k.t.Fatalf("whom to kill: %v", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		k.t.Fatalf("whom to kill: %v", err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		k.t.Fatalf("kill %s: %v", k.command[0], err)
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if k.ready() != nil && !k.worksIn(filepath.Join(k.dir, "data")) {
			return
		}
	}
	k.t.Fatalf("%s is still there after SIGKILL", k.command[0])
}

// Revive starts the server again if it has ended by itself.
func (k *Killable) Revive() {
	k.t.Helper()
	for range 20 { // it may be about to end, or about to answer
		if k.ready() == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	if k.worksIn(filepath.Join(k.dir, "data")) {
		k.Kill()
	}
	k.Start()
}

// worksIn reports whether a process has the folder as its own: those of Postgres
// outlive their parent for a moment, in which another can't start.
func (k *Killable) worksIn(dir string) bool {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	return slices.ContainsFunc(links, func(link string) bool {
		at, err := os.Readlink(link)
		return err == nil && (at == dir || at == dir+" (deleted)")
	})
}

// stop ends the server that is there, which was started last, before its folder is removed,
// and waits until nothing of it is left.
func (k *Killable) stop() {
	for n := len(k.guards) - 1; n >= 0; n-- {
		stopGuard(k.guards[n], k.waits[n])
	}
	for end := time.Now().Add(10 * time.Second); k.worksIn(filepath.Join(k.dir, "data")); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			k.t.Errorf("%s is still there after its end", k.command[0])
			break
		}
	}
	_ = os.RemoveAll(k.dir) // what was written meanwhile
}

// KillablePostgres is a Postgres server of the test's own whose commits are durable,
// unlike that of Postgres, in a new folder under parent, or where temporary files are. It
// returns the URL of an empty database.
func KillablePostgres(t testing.TB, parent string) (*Killable, string) {
	t.Helper()
	bin, err := postgresBinaries()
	if err != nil {
		unavailable(t, "Postgres: %v", err)
	}
	dir, err := os.MkdirTemp(parent, "regain-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	attributes, err := postgresAttributes(dir)
	if err == nil {
		err = initCluster(bin, dir, attributes)
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		t.Fatalf("start Postgres: %v", err)
	}
	port, release, err := reservePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	url := fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", loopback(port))
	k := &Killable{t: t, dir: dir, attr: attributes, ready: func() error { return execute(url, "SELECT 1") },
		command: []string{filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data"),
			"-c", "listen_addresses=127.0.0.1", "-c", "port=" + strconv.Itoa(port), "-c", "unix_socket_directories=" + dir,
			"-c", "shared_buffers=32MB", "-c", "dynamic_shared_memory_type=mmap"}}
	t.Cleanup(k.stop)
	k.Start()
	return k, url
}

// KillableMinIO is a MinIO server of the test's own, in a new folder under parent, or
// where temporary files are.
func KillableMinIO(t testing.TB, parent string) (*Killable, S3) {
	t.Helper()
	binary := findTool("minio")
	if binary == "" {
		unavailable(t, "minio is neither in $REGAIN_TOOLS, .tools/bin nor PATH: %v", errNotInstalled)
	}
	dir, err := os.MkdirTemp(parent, "regain-minio-")
	if err != nil {
		t.Fatal(err)
	}
	port, release, err := reservePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	s := S3{Endpoint: loopback(port), AccessKey: "test" + randomHex(8), SecretKey: randomHex(20), Region: "us-east-1"}
	args, env := minioProgram.command(s, port, filepath.Join(dir, "data"))
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	k := &Killable{t: t, dir: dir, command: append([]string{binary}, args...), env: env, ready: func() error { return askOnce(s.Endpoint) }}
	t.Cleanup(k.stop)
	k.Start()
	return k, s
}
