package web_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"regain/database/databasetest"
	"regain/internal/testdocs"
	"regain/notify"
	"regain/server/servertest"
)

// house is a running server whose messages can be read.
type house struct {
	*servertest.Harness
	t *testing.T
}

func open(t *testing.T) *house {
	t.Helper()
	h := &house{Harness: servertest.StartWith(t, databasetest.SQLite(t), servertest.Options{Unlimited: true}), t: t}
	h.Deliver(t)
	return h
}

type object = map[string]any

var (
	codePattern       = regexp.MustCompile(`\b(\d{6})\b`)
	invitationPattern = regexp.MustCompile(`/invitation#([\w-]{43})`)
)

// letter waits for the newest message to somebody that matches, sent after a time.
func (h *house) letter(to string, pattern *regexp.Regexp, after time.Time) string {
	h.t.Helper()
	return letterTo(h.t, h.Harness, to, pattern, func(l notify.Letter, _ string) bool { return !l.SentAt.Before(after) })
}

// letterTo waits, as long as a busy machine may take, for the newest message to somebody that matches and is wanted.
func letterTo(t *testing.T, h *servertest.Harness, to string, pattern *regexp.Regexp, wanted func(l notify.Letter, found string) bool) string {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		letters, err := h.Mailbox.List(t.Context(), notify.LetterQuery{To: to})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range letters {
			if m := pattern.FindStringSubmatch(l.TextBody); m != nil && wanted(l, m[1]) {
				return m[1]
			}
		}
	}
	t.Fatalf("no letter to %s that matches %s", to, pattern)
	return ""
}

// claimant is a customer of a reseller with a case whose contact is proved.
type claimant struct {
	h                      *house
	token, path, reference string
}

func (h *house) call(status int, token, method, path string, body any) object {
	h.t.Helper()
	a := h.Call(h.t, token, method, path, body)
	if a.Status != status {
		h.t.Fatalf("%s %s: %d, want %d: %s", method, path, a.Status, status, a.Body)
	}
	var o object
	if len(a.Body) > 0 {
		a.Into(h.t, &o)
	}
	return o
}

func (h *house) claimant(email string) *claimant {
	h.t.Helper()
	o := h.call(201, "", "POST", "/api/v1/cases", object{
		"account": "exemplo-cloud", "enterprise": "Exemplo Ltda.", "lost": []string{"email"}, "new_email": email,
		"answers": object{"customer_type": "reseller", "account_type": "enterprise", "real_name_authenticated": true, "enterprise_country": "CN"},
	})
	shown := o["case"].(object)
	c := &claimant{h: h, token: o["session"].(object)["token"].(string), path: "/api/v1/cases/" + shown["id"].(string), reference: shown["reference"].(string)}
	asked := time.Now().Add(-time.Second)
	h.call(202, c.token, "POST", c.path+"/contacts/email/code", nil)
	h.call(200, c.token, "POST", c.path+"/contacts/email/verification", object{"code": h.letter(email, codePattern, asked)})
	return c
}

// invite invites a reseller and gives the token of the link.
func (c *claimant) invite(email string) string {
	c.h.t.Helper()
	asked := time.Now().Add(-time.Second)
	c.h.call(201, c.token, "POST", c.path+"/invitations", object{"supplier": "reseller", "organisation": "Nuvem Parceira Ltda.", "email": email})
	return c.h.letter(email, invitationPattern, asked)
}

// inviteAgain sends a new link and gives its token.
func (c *claimant) inviteAgain(email, before string) string {
	c.h.t.Helper()
	c.h.call(201, c.token, "POST", c.path+"/invitations", object{"supplier": "reseller", "organisation": "Nuvem Parceira Ltda.", "email": email})
	return letterTo(c.h.t, c.h.Harness, email, invitationPattern, func(_ notify.Letter, token string) bool { return token != before })
}

// file writes a PDF of a test's own.
func file(t *testing.T, name string, seed uint64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	content := testdocs.PDF(seed, 1, "A letter for a test", strings.Repeat("x", int(seed)))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// plainFile writes a file with any content.
func plainFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
