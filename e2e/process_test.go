package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is the real binary, serving.
type process struct {
	URL  string
	Dir  string // its data
	args []string
	env  []string

	cmd    *exec.Cmd
	output *lockedBuffer
}

// lockedBuffer collects a process's output while a test reads it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// start runs `regain serve` with the flags and waits until it is ready.
func start(t *testing.T, dir string, env []string, args ...string) *process {
	t.Helper()
	p := &process{Dir: dir, args: args, env: env}
	p.run(t, freeAddress(t))
	t.Cleanup(func() { p.stop(t) })
	return p
}

func (p *process) run(t *testing.T, address string) {
	t.Helper()
	p.URL = "http://" + address
	args := append([]string{"serve", "--listen", address, "--data", p.Dir}, p.args...)
	p.output = &lockedBuffer{}
	p.cmd = exec.Command(binary, args...)
	p.cmd.Env = append(cleanEnvironment(), p.env...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start the server: %v", err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		if p.ready() {
			return
		}
		if time.Now().After(deadline) || !alive(p.cmd.Process.Pid) {
			t.Fatalf("the server is not ready:\n%s", p.output)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (p *process) ready() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/readyz", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// stop ends the server as an operator would and wants a clean exit.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if p.cmd == nil {
		return
	}
	cmd := p.cmd
	p.cmd = nil
	_ = cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("the server ended with %v:\n%s", err, p.output)
		}
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		t.Errorf("the server did not end within 30 s:\n%s", p.output)
	}
	if strings.Contains(p.output.String(), "panic") {
		t.Errorf("the server panicked:\n%s", p.output)
	}
}

// restart stops the server and starts it on the same data with other flags.
func (p *process) restart(t *testing.T, args ...string) {
	t.Helper()
	p.stop(t)
	p.args = args
	p.run(t, freeAddress(t))
}

// command runs another command of the binary on the same data.
func (p *process) command(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(cleanEnvironment(), p.env...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("regain %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// cleanEnvironment has nothing in it that could configure the server.
func cleanEnvironment() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "REGAIN_") {
			env = append(env, kv)
		}
	}
	return env
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// build makes the binary once for all tests of the package.
func build(dir string) (string, error) {
	path := filepath.Join(dir, "regain")
	cmd := exec.Command("go", "build", "-o", path, "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
}
