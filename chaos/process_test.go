package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a server that may be killed and started again at the same address.
type process struct {
	URL  string
	Dir  string // its data
	args []string
	env  []string

	mu     sync.Mutex
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the present process is over
	status error
	output lockedBuffer
	starts []time.Duration // from the command to the first ready answer
}

// lockedBuffer collects output while a test reads it.
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

func (b *lockedBuffer) tail() string {
	s := b.String()
	return s[max(0, len(s)-6000):]
}

// errors are the server's complaints, each kind once.
func (b *lockedBuffer) errors() string {
	seen := map[string]int{}
	for line := range strings.Lines(b.String()) {
		var entry struct{ Level, Msg, Route, Error string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Error != "" {
			seen[fmt.Sprintf("%s %s %s %s", entry.Level, entry.Msg, entry.Route, entry.Error)]++
		}
	}
	var out strings.Builder
	for _, text := range slices.Sorted(maps.Keys(seen)) {
		_, _ = fmt.Fprintf(&out, "%d × %s\n", seen[text], text)
	}
	return out.String()
}

// launch starts the server with more variables, and does not wait.
func (p *process) launch(t *testing.T, env ...string) {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"serve", "--listen", strings.TrimPrefix(p.URL, "http://"), "--data", p.Dir}, p.args...)...)
	cmd.Env = append(append(cleanEnvironment(), p.env...), env...)
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	if err := cmd.Start(); err != nil {
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

// start launches the server and waits until it is ready. It reports whether it
// lived that long: a failpoint may have killed it.
func (p *process) start(t *testing.T, env ...string) bool {
	t.Helper()
	began := time.Now()
	p.launch(t, env...)
	for time.Since(began) < 30*time.Second {
		if p.over() {
			return false
		}
		if p.ready() {
			p.starts = append(p.starts, time.Since(began))
			return true
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("the server is not ready:\n%s", p.output.tail())
	return false
}

func (p *process) done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

func (p *process) over() bool {
	select {
	case <-p.done():
		return true
	default:
		return false
	}
}

func (p *process) signal(s os.Signal) {
	p.mu.Lock()
	cmd := p.cmd
	p.mu.Unlock()
	_ = cmd.Process.Signal(s) // it may be over already
}

// kill ends the server as the kernel does.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.done()
}

// stop ends the server as an operator does, and wants it to end well.
func (p *process) stop(t *testing.T) {
	t.Helper()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done():
	case <-time.After(40 * time.Second):
		p.kill()
		t.Errorf("the server did not end on SIGTERM:\n%s", p.output.tail())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.status != nil {
		t.Errorf("the server ended with %v:\n%s", p.status, p.output.tail())
	}
}

func (p *process) ready() bool {
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

// command runs another command of the binary on the same data.
func (p *process) command(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command(binary, append(args, "--data", p.Dir)...)
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

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
