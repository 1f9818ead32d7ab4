package testservers

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// S3 says how to reach a running S3 server. Its contents are shared by all
// tests of the process: each takes a bucket of its own.
type S3 struct {
	// Endpoint is host:port on the loopback interface.
	Endpoint  string
	AccessKey string
	SecretKey string
	Region    string
	// Secure is whether the server speaks TLS.
	Secure bool
}

// URL is the address of a bucket, as the storage package takes it. The bucket
// is made when it is opened.
func (s S3) URL(bucket string) string {
	address := url.URL{
		Scheme:   "s3",
		User:     url.UserPassword(s.AccessKey, s.SecretKey),
		Host:     s.Endpoint,
		Path:     "/" + bucket,
		RawQuery: url.Values{"secure": {strconv.FormatBool(s.Secure)}, "region": {s.Region}}.Encode(),
	}
	return address.String()
}

// Bucket makes up the name of a bucket that no other test uses.
func (s S3) Bucket() string { return "test-" + randomHex(8) }

// s3Program is one S3 server that runs at most once in a process.
type s3Program struct {
	name string
	// command gives arguments and environment to listen on 127.0.0.1:port.
	command func(server S3, port int, dir string) (args, env []string)

	once   sync.Once
	server S3
	err    error
}

func (p *s3Program) get(t testing.TB) S3 {
	t.Helper()
	p.once.Do(func() { p.server, p.err = p.start() })
	switch {
	case errors.Is(p.err, errNotInstalled):
		unavailable(t, "%v", p.err)
	case p.err != nil:
		t.Fatalf("start %s: %v", p.name, p.err)
	}
	return p.server
}

func (p *s3Program) start() (S3, error) {
	binary := findTool(p.name)
	if binary == "" {
		return S3{}, fmt.Errorf("%s is neither in $REGAIN_TOOLS, .tools/bin nor PATH: %w", p.name, errNotInstalled)
	}
	return p.run(binary)
}

func (p *s3Program) run(binary string) (server S3, err error) {
	port, release, err := reservePort()
	if err != nil {
		return S3{}, err
	}
	defer func() {
		if err != nil {
			release()
		}
	}()
	dir, err := os.MkdirTemp("", "regain-"+p.name+"-")
	if err != nil {
		return S3{}, fmt.Errorf("scratch directory: %w", err)
	}
	server = S3{
		Endpoint:  loopback(port),
		AccessKey: "test" + randomHex(8),
		SecretKey: randomHex(20),
		Region:    "us-east-1",
	}
	args, env := p.command(server, port, filepath.Join(dir, "data"))
	cmd := exec.CommandContext(context.Background(), "/bin/sh", append([]string{"-c", guard, dir, binary}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir = dir
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		return S3{}, fmt.Errorf("scratch directory: %w", err)
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return S3{}, fmt.Errorf("start %s: %w", p.name, err)
	}
	if err := cmd.Start(); err != nil {
		return S3{}, fmt.Errorf("start %s: %w", p.name, err)
	}
	if err := waitForHTTP(server.Endpoint); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		stopGuard(stdin, cmd)
		return S3{}, fmt.Errorf("%s: %w: %s", p.name, err, bytes.TrimSpace(log))
	}
	stopAtEnd(func() { stopGuard(stdin, cmd); release() })
	return server, nil
}

// waitForHTTP waits until the server answers anything but "not yet".
func waitForHTTP(endpoint string) error {
	var last error
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if last = askOnce(endpoint); last == nil {
			return nil
		}
	}
	return fmt.Errorf("no answer in 30 s: %w", last)
}

func ask(client *http.Client, address string) error {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	if answer.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	return nil
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// askOnce asks the server on a connection of its own.
func askOnce(endpoint string) error {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return ask(client, "http://"+endpoint+"/")
}
