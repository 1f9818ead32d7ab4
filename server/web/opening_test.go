package web_test

import (
	"strings"
	"testing"

	"regain/database/databasetest"
	"regain/server"
	"regain/server/servertest"
	"regain/server/web"
)

// TestOpeningLeadsToEachRole: whoever comes finds where to go on; what is for those who
// try the program is not shown to customers, and the demo says that it is one.
func TestOpeningLeadsToEachRole(t *testing.T) {
	everywhere := []string{
		`href="/start"`, `href="/resume"`, `href="/invitation"`, "http://127.0.0.1", "/invitation#…", `href="/staff/sign-in"`, `href="/help"`,
		`href="/api/v1/docs"`, `href="/problems"`,
	}
	trying := []string{"make demo", "user add", `href="/dev/mailbox"`, "rules check"}
	for name, c := range map[string]struct {
		options         servertest.Options
		wanted, missing []string
	}{
		"development": {servertest.Options{}, append(trying, `href="/metrics"`), []string{"You are in the demo"}},
		"a token for metrics": {
			servertest.Options{Config: server.Config{MetricsToken: "a token for metrics"}}, trying, []string{`href="/metrics"`},
		},
		"production": {
			servertest.Options{Pages: func(s *web.Services) { s.Mailbox = nil }}, nil, append(trying, "New to this program"),
		},
		"the demo": {
			servertest.Options{Pages: func(s *web.Services) { s.DemoStaff = []string{"rei@staff.example"} }},
			[]string{"You are in the demo", "rei@staff.example"}, []string{"make demo", "user add"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := servertest.StartWith(t, databasetest.SQLite(t), c.options)
			body := string(h.Call(t, "", "GET", "/", nil).Body)
			for _, wanted := range append(c.wanted, everywhere...) {
				if !strings.Contains(body, wanted) {
					t.Errorf("does not say %q", wanted)
				}
			}
			for _, missing := range c.missing {
				if strings.Contains(body, missing) {
					t.Errorf("says %q", missing)
				}
			}
			for _, link := range links.FindAllStringSubmatch(body, -1) {
				if link[1] != "/metrics" {
					checkLink(t, h, body, link[1])
				}
			}
		})
	}
}
