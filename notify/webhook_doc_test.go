package notify_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"regain/database/databasetest"
	"regain/internal/testservers"
	"regain/notify"
)

// TestDocumentedReceiver builds the receiver of docs/webhooks.md as it is written there:
// it takes what Regain sends, also right after a new secret, and nothing that is forged.
func TestDocumentedReceiver(t *testing.T) {
	doc, err := os.ReadFile("../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("(?s)```go\n(.*?)```").FindSubmatch(doc)
	if code == nil {
		t.Fatal("docs/webhooks.md has no receiver")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), code[1], 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", "receiver", "main.go")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	listen := testservers.Address(t)
	hooks, err := notify.NewWebhooks(databasetest.SQLite(t), notify.WebhooksOptions{Anywhere: true})
	if err != nil {
		t.Fatal(err)
	}
	e, secret, err := hooks.CreateEndpoint(t.Context(), notify.EndpointInput{URL: "http://" + listen + "/regain", Types: []string{notify.EveryType}}, "")
	if err != nil {
		t.Fatal(err)
	}
	lines := startReceiver(t, filepath.Join(dir, "receiver"), listen, secret)

	sent := func() notify.Delivery {
		t.Helper()
		d, err := hooks.Test(t.Context(), e.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := hooks.DeliverDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d, err = hooks.Delivery(t.Context(), e.ID, d.MessageID); err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := sent(); d.State != notify.DeliveryDelivered || d.LastStatus != http.StatusNoContent || <-lines != d.MessageID+" "+d.Body {
		t.Errorf("sent: %+v", d)
	}
	if _, err := hooks.RotateSecret(t.Context(), "admin-1", e.ID); err != nil { // the receiver still has the old one
		t.Fatal(err)
	}
	if d := sent(); d.State != notify.DeliveryDelivered {
		t.Errorf("after a new secret: %+v", d)
	}
	for name, header := range map[string]map[string]string{
		"without anything": {},
		"forged":           {"webhook-id": "evt_1", "webhook-timestamp": time.Now().Format("20060102"), "webhook-signature": "v1,AAAA"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+listen+"/regain", strings.NewReader(`{"type":"case.approved"}`))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range header {
			req.Header.Set(k, v)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

// startReceiver runs it until the test ends, and gives the lines that it prints.
func startReceiver(t *testing.T, program, listen, secret string) <-chan string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), "LISTEN="+listen, "WEBHOOK_SECRET="+secret)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 10)
	read := make(chan struct{})
	go func() {
		defer close(read)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	t.Cleanup(func() {
		stop()
		<-read
		_ = cmd.Wait() // it was ended
	})
	for range 3000 {
		if c, err := (&net.Dialer{}).DialContext(ctx, "tcp", listen); err == nil {
			_ = c.Close()
			return lines
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the receiver does not listen")
	return nil
}
