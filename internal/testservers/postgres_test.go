package testservers

import (
	"bufio"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// holdPostgres makes this test binary a process that starts a server and waits
// to be killed.
const holdPostgres = "REGAIN_TEST_HOLD_POSTGRES"

func TestMain(m *testing.M) { Main(m) }

func TestServerAnswers(t *testing.T) {
	server := Postgres(t)
	if other := Postgres(t); other == server {
		t.Error("two calls gave one database")
	}
	if err := execute(server, "CREATE TABLE things (id TEXT)"); err != nil {
		t.Error(err)
	}
	key, prepared := scratchName(), 0 // a process prepares a key once, however often the test runs in it
	prepare := func(url string) error {
		prepared++
		return execute(url, "CREATE TABLE prepared (id TEXT)")
	}
	for range 2 {
		copied := PostgresTemplate(t, key, prepare)
		if err := execute(copied, "INSERT INTO prepared VALUES ('1')"); err != nil {
			t.Error(err)
		}
	}
	if prepared != 1 {
		t.Errorf("the template was prepared %d times", prepared)
	}
}

func TestServerDiesWithItsProcess(t *testing.T) {
	if os.Getenv(holdPostgres) != "" {
		_, _ = os.Stdout.WriteString("serving " + Postgres(t) + "\n")
		time.Sleep(time.Minute)
		return
	}
	if os.Getenv("REGAIN_TEST_POSTGRES_URL") != "" {
		t.Skip("a server that was given is not ours to stop")
	}
	_ = Postgres(t) // skips where there is none
	cmd := exec.Command(os.Args[0], "-test.run=^TestServerDiesWithItsProcess$")
	cmd.Env = append(os.Environ(), holdPostgres+"=1")
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address := ""
	for lines := bufio.NewScanner(output); address == "" && lines.Scan(); {
		if raw, ok := strings.CutPrefix(lines.Text(), "serving "); ok {
			parsed, err := url.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			address = parsed.Host
		}
	}
	if address == "" {
		t.Fatal("the process did not start a server")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for range 200 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		_ = conn.Close()
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("the server at %s lives on", address)
}

func TestToolsAreFound(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("REGAIN_TOOLS", dir)
	const name = "regain-tool-that-nobody-has"
	if path := findTool(name); path != "" {
		t.Errorf("found %s", path)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte("not to be run"), 0o600); err != nil {
		t.Fatal(err)
	}
	if path := findTool(name); path != "" {
		t.Errorf("found %s, which nobody may run", path)
	}
	if err := os.Chmod(filepath.Join(dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
	if path := findTool(name); path != filepath.Join(dir, name) {
		t.Errorf("found %q", path)
	}
}
