package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"regain/internal/testservers"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// output collects what a command writes while a test reads it.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// command runs one command and returns its status and what it wrote.
func command(t *testing.T, in string, args ...string) (status int, written string) {
	t.Helper()
	out := &output{}
	status = run(t.Context(), args, terminal{in: strings.NewReader(in), out: out, err: out})
	return status, out.String()
}

// serving runs the server until the test ends and returns its address.
func serving(t *testing.T, args ...string) (origin string, out *output) {
	t.Helper()
	out = &output{}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), terminal{in: strings.NewReader(""), out: out, err: out})
	}()
	t.Cleanup(func() {
		stop()
		if status := <-ended; status != 0 {
			t.Errorf("the server ended with %d: %s", status, out)
		}
	})
	begin := regexp.MustCompile(`begin here  (http://\S+)/`)
	for range 6000 {
		if found := begin.FindStringSubmatch(out.String()); found != nil {
			return found[1], out
		}
		select {
		case status := <-ended:
			ended <- status
			t.Fatalf("the server did not start: %s", out)
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Fatalf("the server is not ready: %s", out)
	return "", nil
}

func fetch(t *testing.T, url string, headers ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestHelpNamesEverything(t *testing.T) {
	status, written := command(t, "", "serve", "--help")
	if status != 0 {
		t.Fatalf("%d %s", status, written)
	}
	for _, word := range []string{
		"--listen", "--data", "--database", "--storage", "--smtp", "--sms", "--sms-secret", "--secret-file", "--policy", "--trusted-proxies", "--dev",
		"--log-level", "--log-format", "--request-timeout", "--public-url", "REGAIN_DATABASE_URL", "REGAIN_SECRET",
	} {
		if !strings.Contains(written, word) {
			t.Errorf("%s is not in the help", word)
		}
	}
	if status, written := command(t, ""); status != 0 || !strings.Contains(written, "serve") {
		t.Errorf("without arguments: %d %s", status, written)
	}
	if status, _ := command(t, "", "fly"); status != 2 {
		t.Errorf("an unknown command: %d", status)
	}
	if status, written := command(t, "", "version"); status != 0 || !strings.HasPrefix(written, "regain ") {
		t.Errorf("%d %s", status, written)
	}
}

// TestServeDemo: the cases are there, the passwords are printed once and work, and
// nothing of them is in the log. The second start says nothing of it.
func TestServeDemo(t *testing.T) {
	dir := t.TempDir()
	var log output
	printed := &output{}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--demo", "--dev", "--listen", "127.0.0.1:0", "--data", dir, "--log-level", "debug"}, terminal{in: strings.NewReader(""), out: printed, err: &log})
	}()
	origin := waitFor(t, printed, `begin here  (http://\S+)/`)
	password := waitFor(t, printed, `rei@staff\.example +(\S+)`)
	if strings.Contains(log.String(), password) {
		t.Error("a password is in the log")
	}
	body := `{"email": "rei@staff.example", "password": "` + password + `"}`
	resp, err := http.Post(origin+"/api/v1/staff/session", "application/json", strings.NewReader(body)) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated {
		t.Errorf("signing in: %d", resp.StatusCode)
	}
	stop()
	if status := <-ended; status != 0 {
		t.Errorf("the server ended with %d", status)
	}
	if status, written := command(t, "", "audit", "verify", "--documents", "--data", dir); status != 0 || !strings.Contains(written, "cases: 40") {
		t.Errorf("%d %s", status, written)
	}
	_, again := serving(t, "--demo", "--dev", "--data", dir)
	if strings.Contains(again.String(), "demo") {
		t.Errorf("the second time: %s", again)
	}
}

// waitFor waits until something was written that matches.
func waitFor(t *testing.T, o *output, pattern string) string {
	t.Helper()
	wanted := regexp.MustCompile(pattern)
	for range 6000 {
		if found := wanted.FindStringSubmatch(o.String()); found != nil {
			return found[1]
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("nothing matches %s: %s", pattern, o)
	return ""
}

// TestDemoNeedsRoomOfItsOwn: cases of others are left alone, and so are other policies
// and mail servers.
func TestDemoNeedsRoomOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	for wanted, args := range map[string][]string{
		"leave out --policy": {"--policy", "rules/testdata/mutua.yaml"},
		"in the mailbox":     {"--smtp", "smtp://mail.example", "--mail-from", "a@mail.example"},
	} {
		status, written := command(t, "", append([]string{"serve", "--demo", "--data", dir}, args...)...)
		if status != 1 || !strings.Contains(written, wanted) {
			t.Errorf("%v: %d %s", args, status, written)
		}
	}
}

// TestServeOnTheEmbeddedDefault: nothing but a folder is needed, the opening page and
// readiness answer, the secret is made once, and the mailbox is for this machine alone.
func TestServeOnTheEmbeddedDefault(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	origin, _ := serving(t, "--data", dir)
	if status, body := fetch(t, origin+"/"); status != 200 || !strings.Contains(body, "Huawei Cloud help centre") || !strings.Contains(body, "/dev/mailbox") {
		t.Errorf("%d %.300s", status, body)
	}
	status, body := fetch(t, origin+"/readyz")
	var ready struct{ Parts map[string]bool }
	if err := json.Unmarshal([]byte(body), &ready); err != nil || status != 200 || !ready.Parts["database"] || !ready.Parts["documents"] {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := fetch(t, origin+"/dev/mailbox"); status != 200 {
		t.Errorf("the mailbox from this machine: %d", status)
	}
	if status, _ := fetch(t, origin+"/dev/mailbox", "X-Forwarded-For", "203.0.113.9"); status != 404 {
		t.Errorf("the mailbox through a proxy: %d", status)
	}
	if status, _ := fetch(t, origin+"/api/v1/dev/mailbox", "Forwarded", "for=203.0.113.9"); status != 404 {
		t.Errorf("the mailbox's API through a proxy: %d", status)
	}
	info, err := os.Stat(filepath.Join(dir, "secret"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("secret: %v %v", info, err)
	}
}

// TestServeSeveralPolicies: the first one named is the default, and each can be chosen.
func TestServeSeveralPolicies(t *testing.T) {
	origin, _ := serving(t, "--data", t.TempDir(), "--policy", "rules/testdata/mutua.yaml", "--policy", "rules.yaml")
	_, body := fetch(t, origin+"/api/v1/policies")
	var list struct{ Policies []struct{ ID string } }
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Policies) != 2 || list.Policies[0].ID == "huawei-id" || list.Policies[1].ID != "huawei-id" {
		t.Fatalf("%v %s", err, body)
	}
	for named, want := range map[string]string{"": list.Policies[0].ID, `"policy": "huawei-id", `: "huawei-id"} {
		resp, err := http.Post(origin+"/api/v1/decisions", "application/json", strings.NewReader(`{`+named+`"answers": {}}`))
		if err != nil {
			t.Fatal(err)
		}
		var decision struct{ Policy string }
		err = errors.Join(json.NewDecoder(resp.Body).Decode(&decision), resp.Body.Close())
		if err != nil || decision.Policy != want {
			t.Errorf("%s: %v %q, want %q", named, err, decision.Policy, want)
		}
	}
}

func TestSecretIsMadeOnce(t *testing.T) {
	flags := dataFlags{Data: filepath.Join(t.TempDir(), "data")}
	secrets := make([]string, 8)
	var all sync.WaitGroup
	for i := range secrets {
		all.Go(func() {
			secret, err := flags.masterSecret()
			if err != nil {
				t.Error(err)
			}
			secrets[i] = string(secret)
		})
	}
	all.Wait()
	for _, s := range secrets {
		if len(s) != 32 || s != secrets[0] {
			t.Fatal("first starts at once have different secrets")
		}
	}
	entries, err := os.ReadDir(flags.Data)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v %v", entries, err)
	}
}

func TestSecretOfAnotherDatabaseMustBeGiven(t *testing.T) {
	flags := dataFlags{Data: t.TempDir(), Database: "postgres://x"}
	if _, err := flags.masterSecret(); err == nil || !strings.Contains(err.Error(), "REGAIN_SECRET") {
		t.Errorf("%v", err)
	}
	t.Setenv("REGAIN_SECRET", "c2hvcnQ=")
	if _, err := flags.masterSecret(); err == nil || strings.Contains(err.Error(), "c2hvcnQ") {
		t.Errorf("%v", err)
	}
	t.Setenv("REGAIN_SECRET", strings.Repeat("abcd", 11))
	if secret, err := flags.masterSecret(); err != nil || len(secret) != 33 {
		t.Errorf("%d %v", len(secret), err)
	}
}

// TestServeRefuses: what an operator got wrong is said before anything is served.
func TestServeRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("policy: x\nbogus: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no way for mail":   {[]string{"--listen", "0.0.0.0:0"}, "mail has nowhere to go"},
		"public, no mail":   {[]string{"--public-url", "https://x.example"}, "mail has nowhere to go"},
		"a taken port":      {[]string{"--listen", taken.Addr().String()}, "address already in use"},
		"a bad policy":      {[]string{"--policy", bad}, "bogus"},
		"a policy twice":    {[]string{"--policy", "rules.yaml", "--policy", "rules.yaml"}, "both the policy \"huawei-id\""},
		"two bad policies":  {[]string{"--policy", bad, "--policy", "/nowhere/rules.yaml"}, "no such file"},
		"no policy":         {[]string{"--policy", "/nowhere/rules.yaml"}, "no such file"},
		"a bad database":    {[]string{"--database", "mysql://secret@x"}, "database URL"},
		"a bad mail server": {[]string{"--smtp", "http://user:hunter2@x"}, "--smtp must be"},
		"a bad proxy":       {[]string{"--dev", "--trusted-proxies", "everyone"}, "trusted proxies"},
		"a bad log level":   {[]string{"--log-level", "loud"}, "must be one of"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"serve", "--data", t.TempDir()}, c.args...)
			t.Setenv("REGAIN_SECRET", strings.Repeat("abcd", 11))
			status, written := command(t, "", args...)
			if status == 0 || !strings.Contains(written, c.says) || strings.Contains(written, "hunter2") || strings.Contains(written, "secret@") {
				t.Errorf("%d %s", status, written)
			}
		})
	}
}

func TestUserAdd(t *testing.T) {
	dir := t.TempDir()
	add := func(in string, args ...string) (int, string) {
		return command(t, in, append([]string{"user", "add", "--data", dir}, args...)...)
	}
	if status, written := add("a long phrase that is a password\n", "ana@example.com", "--name", "Ana", "--role", "reviewer", "--role", "lead"); status != 0 || strings.Contains(written, "phrase") {
		t.Errorf("%d %s", status, written)
	}
	if status, written := add("", "bob@example.com", "--name", "Bob", "--role", "admin", "--generate"); status != 0 || !regexp.MustCompile(`Password: [a-z2-7]{24}\n`).MatchString(written) {
		t.Errorf("%d %s", status, written)
	}
	if status, written := add("a long phrase that is a password\n", "ana@example.com", "--name", "Ana", "--role", "lead"); status != 1 || !strings.Contains(written, "exists already") {
		t.Errorf("%d %s", status, written)
	}
	if status, written := add("short\n", "carl@example.com", "--name", "Carl", "--role", "lead"); status != 1 || !strings.Contains(written, "/password") {
		t.Errorf("%d %s", status, written)
	}
	if status, written := add("", "dora@example.com", "--name", "Dora", "--role", "lead"); status != 1 || !strings.Contains(written, "no password") {
		t.Errorf("%d %s", status, written)
	}
	if status, _ := add("x\n", "eve@example.com", "--name", "Eve", "--role", "king"); status != 2 {
		t.Errorf("an unknown role: %d", status)
	}
	if status, written := command(t, "", "user", "password", "BOB@example.com", "--data", dir); status != 0 || !regexp.MustCompile(`Password: [a-z2-7]{4}(-[a-z2-7]{4}){3}\n`).MatchString(written) {
		t.Errorf("%d %s", status, written)
	}
	if status, written := command(t, "", "user", "password", "nobody@example.com", "--data", dir); status != 1 || !strings.Contains(written, "no such staff member") {
		t.Errorf("%d %s", status, written)
	}
	if status, written := command(t, "", "audit", "verify", "--data", dir); status != 0 || !strings.Contains(written, "changes of staff: 3, findings: 0") {
		t.Errorf("%d %s", status, written)
	}
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	key := func(args ...string) (int, string) { return command(t, "", append(args, "--data", dir)...) }
	status, written := key("key", "add", "Nightly report", "--scope", "cases:read", "--scope", "export", "--days", "30")
	made := regexp.MustCompile(`Made Nightly report \((key_[0-9a-f-]+)\) with cases:read, export, until \d{4}-\d\d-\d\d\.\nKey: (rgk_[\w-]{43})\n`).FindStringSubmatch(written)
	if status != 0 || made == nil {
		t.Fatalf("%d %s", status, written)
	}
	if status, written := key("key", "list"); status != 0 || !strings.Contains(written, made[1]) || strings.Contains(written, made[2]) || strings.Contains(written, "revoked") {
		t.Errorf("%d %s", status, written)
	}
	if status, written := key("key", "revoke", made[1]); status != 0 {
		t.Errorf("%d %s", status, written)
	}
	if status, written := key("key", "list"); status != 0 || !strings.Contains(written, "revoked") {
		t.Errorf("%d %s", status, written)
	}
	if status, written := key("key", "revoke", "key_none"); status != 1 || !strings.Contains(written, "no such API key") {
		t.Errorf("%d %s", status, written)
	}
	if status, written := key("key", "add", "x", "--scope", "export", "--days", "1000"); status != 1 || !strings.Contains(written, "/days") {
		t.Errorf("%d %s", status, written)
	}
}

func TestMigrate(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if status, written := command(t, "", "migrate", "--data", dir); status != 0 || !strings.Contains(written, "up to date") {
			t.Errorf("%d %s", status, written)
		}
	}
	t.Setenv("REGAIN_DATABASE_URL", testservers.Postgres(t))
	if status, written := command(t, "", "migrate", "--data", dir); status != 0 || !strings.Contains(written, "up to date") {
		t.Errorf("Postgres: %d %s", status, written)
	}
}

func TestMailServerURL(t *testing.T) {
	c, err := parseSMTP("smtps://user:p%40ss@mail.example", "a@b.example")
	if err != nil || c.Port != 465 || c.TLS != "implicit" || c.Username != "user" || c.Password != "p@ss" || c.From != "a@b.example" {
		t.Errorf("%d %s %v", c.Port, c.TLS, err)
	}
	c, err = parseSMTP("smtp://mail.example:2525?tls=none", "")
	if err != nil || c.Port != 2525 || c.TLS != "none" || c.Host != "mail.example" {
		t.Errorf("%+v %v", c, err)
	}
}

func TestRulesCommands(t *testing.T) {
	if status, written := command(t, "", "rules", "check", "rules.yaml"); status != 0 || !strings.Contains(written, "is sound") {
		t.Errorf("%d %s", status, written)
	}
	if status, written := command(t, "", "rules", "decide", "rules.yaml", "customer_type=direct"); status != 0 || written == "" {
		t.Errorf("%d %s", status, written)
	}
	if status, written := command(t, "", "rules", "decide", "rules.yaml", "custmer_type=direct"); status != 2 || strings.Contains(written, "exit status") {
		t.Errorf("%d %s", status, written)
	}
}

func TestAuditVerifyOfNothing(t *testing.T) {
	if status, written := command(t, "", "audit", "verify", "--data", t.TempDir()); status != 0 || !strings.Contains(written, "cases: 0, events: 0, changes of staff: 0, findings: 0") {
		t.Errorf("%d %s", status, written)
	}
}
