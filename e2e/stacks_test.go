package e2e

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"testing"

	"regain/internal/regaintest"
	"regain/internal/testservers"
)

// stacks runs a test on the embedded default, and on Postgres with MinIO and SMTP.
func stacks(t *testing.T, test func(*testing.T, *world)) {
	t.Run("embedded", func(t *testing.T) { test(t, embedded(t)) })
	t.Run("postgres-minio-smtp", func(t *testing.T) { test(t, production(t)) })
}

// embedded starts the server as `make run` does.
func embedded(t *testing.T, args ...string) *world {
	t.Helper()
	w := start(t, nil, append([]string{"--dev"}, args...)...)
	w.letters = func(to string) []string {
		o := w.anonymous().get("/api/v1/dev/mailbox?limit=200&to=" + url.QueryEscape(to))
		letters := o.List("letters")
		out := make([]string, len(letters))
		for n, l := range letters {
			out[len(letters)-1-n] = l.Text("subject") + "\n" + l.Text("text")
		}
		return out
	}
	return w
}

// production starts the same binary on real Postgres, MinIO and SMTP.
func production(t *testing.T) *world {
	t.Helper()
	db, s3, smtp := testservers.Postgres(t), testservers.MinIO(t), testservers.SMTP(t)
	bucket := "e2e-" + strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))
	if len(bucket) > 60 {
		bucket = bucket[:60]
	}
	env := []string{
		"REGAIN_DATABASE_URL=" + db,
		"REGAIN_STORAGE_URL=" + s3.URL(strings.Trim(bucket, "-")),
		fmt.Sprintf("REGAIN_SMTP_URL=smtp://%s:%d?tls=none", smtp.Host, smtp.Port),
		"REGAIN_MAIL_FROM=Regain <no-reply@regain.example>",
		"REGAIN_SECRET=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
	}
	w := start(t, env)
	w.letters = func(to string) []string {
		var out []string
		for _, m := range smtp.Mails() {
			if slices.Contains(m.To, to) {
				out = append(out, plainText(t, m.Data))
			}
		}
		return out
	}
	return w
}

// start runs the server until the test ends, and wants it to end well.
func start(t *testing.T, env []string, args ...string) *world {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := regaintest.NewProcess(t, path, t.TempDir())
	p.Args, p.Env = args, env
	p.MustStart(t)
	t.Cleanup(func() { p.Stop(t) })
	return &world{t: t, Process: p}
}

// in is the same world seen from a subtest.
func (w *world) in(t *testing.T) *world {
	inner := *w
	inner.t = t
	return &inner
}

// in is the same reviewer in a subtest.
func (r *reviewer) in(t *testing.T) *reviewer {
	c := *r.client
	c.t = t
	return &reviewer{client: &c, w: r.w.in(t)}
}

// address makes an e-mail address for a test's customer.
func address(name string, n int) string { return fmt.Sprintf("%s-%d@customer.example", name, n) }

// problemCode wants a problem document and returns the end of its type.
func problemCode(t *testing.T, a answer) string {
	t.Helper()
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	o := a.object(t)
	if int(o["status"].(float64)) != a.Status || a.Status < http.StatusBadRequest {
		t.Errorf("status %d, problem says %v", a.Status, o["status"])
	}
	typ := o.Text("type")
	return typ[strings.LastIndexByte(typ, '/')+1:]
}

// plainText reads a mail as a person does: its subject, and its text part.
func plainText(t *testing.T, data []byte) string {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("not a mail: %v", err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Fatalf("subject: %v", err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatalf("content type: %v", err)
	}
	// The multipart reader undoes quoted-printable itself.
	part, err := multipart.NewReader(m.Body, params["boundary"]).NextPart()
	if err != nil {
		t.Fatalf("text part: %v", err)
	}
	body, err := io.ReadAll(part)
	if err != nil {
		t.Fatalf("text part: %v", err)
	}
	return subject + "\n" + string(body)
}
