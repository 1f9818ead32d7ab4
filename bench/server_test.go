package bench

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"regain/internal/testservers"
)

// process is a server under measurement, or one to measure against.
type process struct {
	address string
	dir     string
	env     []string
	cmd     *exec.Cmd
	// answered is how long it took from the start to the first answer.
	answered time.Duration
}

// embedded starts the server on SQLite and local disk.
func embedded(t *testing.T) *process { return startRegain(t) }

// production starts it on a Postgres that syncs, and on MinIO.
func production(t *testing.T) (*process, string) {
	t.Helper()
	database := testservers.PostgresOnDisk(t)
	store := testservers.MinIO(t)
	return startRegain(t, "REGAIN_DATABASE_URL="+database, "REGAIN_STORAGE_URL="+store.URL("bench"),
		"REGAIN_SECRET=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), database
}

func startRegain(t *testing.T, env ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	// Calls come as through a proxy, so that limits by address count each client for itself.
	env = append(env, "REGAIN_DATA="+dir, "REGAIN_DEV=true", "REGAIN_TRUSTED_PROXIES=127.0.0.0/8")
	return start(t, dir, env, "/readyz", func(address string) *exec.Cmd { return exec.Command(path, "serve", "--listen", address) })
}

// start runs a server until the test ends and waits for its first answer.
func start(t *testing.T, dir string, env []string, path string, command func(address string) *exec.Cmd) *process {
	t.Helper()
	p := &process{address: freeAddress(t), dir: dir, env: env}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = command(p.address)
	p.cmd.Env = append(append(cleanEnvironment(), p.cmd.Env...), env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	begun := time.Now()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.stop()
		_ = log.Close()
	})
	client := &http.Client{Timeout: time.Second}
	for !answers(client, "http://"+p.address+path) {
		if time.Since(begun) > 30*time.Second || syscall.Kill(p.cmd.Process.Pid, 0) != nil {
			b, _ := os.ReadFile(log.Name())
			t.Fatalf("no answer:\n%s", b)
		}
		time.Sleep(time.Millisecond)
	}
	p.answered = time.Since(begun)
	return p
}

func answers(client *http.Client, url string) bool {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode < http.StatusInternalServerError
}

func (p *process) stop() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
	p.cmd = nil
}

// command runs another command of the binary on the same data.
func (p *process) command(t *testing.T, stdin string, args ...string) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(cleanEnvironment(), p.env...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("regain %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// memory is how many bytes the process has in memory.
func (p *process) memory() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(b)
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize()), err
}

func cleanEnvironment() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "REGAIN_") {
			env = append(env, kv)
		}
	}
	return env
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
