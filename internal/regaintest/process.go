// Package regaintest is what tests of the whole program share: the program as a
// process that can be started, stopped and killed, and what people fill in.
package regaintest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"regain/internal/testservers"
)

// Build builds the program with more flags of `go build`. The file is removed by
// testservers.Main when the tests are done.
func Build(flags ...string) (string, error) {
	dir, err := os.MkdirTemp("", "regain-binary-")
	if err != nil {
		return "", err
	}
	testservers.AtEnd(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "regain")
	args := append(append([]string{"build"}, flags...), "-o", path, "regain")
	if out, err := exec.CommandContext(context.Background(), "go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
}

// Process is a server that may be stopped or killed and started again at the same
// address, on the same data.
type Process struct {
	Binary string
	// Address is where it listens, and URL the same for clients.
	Address, URL string
	// Dir holds its data.
	Dir string
	// Args follow `serve`; Env is set for every command.
	Args, Env []string
	Output    Output
	// Starts are how long each start took, from the command to the first ready answer.
	Starts []time.Duration

	mu     sync.Mutex
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the present process is over
	status error
}

// NewProcess is a server that is not started yet, with data in dir. It is killed when
// the test ends, if it is still there.
func NewProcess(t testing.TB, binary, dir string) *Process {
	t.Helper()
	address := testservers.Address(t)
	p := &Process{Binary: binary, Address: address, URL: "http://" + address, Dir: dir}
	t.Cleanup(func() {
		if p.Running() {
			p.Kill()
		}
	})
	return p
}

// Launch starts the server with more variables, and does not wait.
func (p *Process) Launch(t testing.TB, env ...string) {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), p.Binary, append([]string{"serve", "--listen", p.Address}, p.Args...)...)
	cmd.Env = append(p.environment(), env...)
	output, closer, err := p.Output.writer()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = output, output
	err = cmd.Start()
	_ = closer.Close()
	if err != nil {
		t.Fatalf("start the server: %v", err)
	}
	ended := make(chan struct{})
	p.mu.Lock()
	p.cmd, p.ended = cmd, ended
	p.mu.Unlock()
	go func() {
		err := cmd.Wait()
		p.mu.Lock()
		p.status = err
		p.mu.Unlock()
		close(ended)
	}()
}

// Start launches the server and waits until it is ready. It reports whether it lived
// that long: a failpoint may have killed it.
func (p *Process) Start(t testing.TB, env ...string) bool {
	t.Helper()
	began := time.Now()
	p.Launch(t, env...)
	for time.Since(began) < 30*time.Second {
		if !p.Running() {
			return false
		}
		if p.Ready() {
			p.Starts = append(p.Starts, time.Since(began))
			return true
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("the server is not ready:\n%s", p.Output.Tail())
	return false
}

// MustStart is Start for a server that has no reason to end.
func (p *Process) MustStart(t testing.TB) {
	t.Helper()
	if !p.Start(t) {
		t.Fatalf("the server does not start:\n%s", p.Output.Tail())
	}
}

// Ready asks the server whether it is.
func (p *Process) Ready() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
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

// Done is closed when the present process is over.
func (p *Process) Done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// Running says whether the process was started and is not over.
func (p *Process) Running() bool {
	done := p.Done()
	if done == nil {
		return false
	}
	select {
	case <-done:
		return false
	default:
		return true
	}
}

// PID is the present process's.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd.Process.Pid
}

func (p *Process) signal(s os.Signal) {
	p.mu.Lock()
	cmd := p.cmd
	p.mu.Unlock()
	_ = cmd.Process.Signal(s) // it may be over already
}

// Kill ends the server as the kernel does.
func (p *Process) Kill() {
	p.signal(syscall.SIGKILL)
	<-p.Done()
}

// Stop ends the server as an operator does, and wants it to end well.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.Done():
	case <-time.After(40 * time.Second):
		p.Kill()
		t.Errorf("the server did not end on SIGTERM:\n%s", p.Output.Tail())
	}
	p.mu.Lock()
	status := p.status
	p.mu.Unlock()
	if status != nil {
		t.Errorf("the server ended with %v:\n%s", status, p.Output.Tail())
	}
	if strings.Contains(p.Output.String(), "panic") {
		t.Errorf("the server panicked:\n%s", p.Output.Tail())
	}
}

// Command runs another command of the program on the same data.
func (p *Process) Command(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.Binary, args...)
	cmd.Env = p.environment()
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("regain %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (p *Process) environment() []string {
	return append(append(CleanEnvironment(), "REGAIN_DATA="+p.Dir), p.Env...)
}

// CleanEnvironment has nothing in it that could configure the program.
func CleanEnvironment() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "REGAIN_") {
			env = append(env, kv)
		}
	}
	return env
}
