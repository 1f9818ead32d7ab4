package rulescmd

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

const policy = "../../rules.yaml"

// run parses a command line as main does and gives what it prints and its status.
func run(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out strings.Builder
	var cli struct {
		Rules Commands `cmd:""`
	}
	parser, err := kong.New(&cli, kong.BindTo(&out, (*io.Writer)(nil)), kong.Exit(func(int) { t.Fatal("exit") }))
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse(append([]string{"rules"}, args...))
	if err != nil {
		return err.Error(), Usage
	}
	err = ctx.Run()
	var code Status
	switch {
	case errors.As(err, &code):
		return out.String(), int(code)
	case err != nil:
		t.Fatal(err)
	}
	return out.String(), OK
}

func TestCommands(t *testing.T) {
	partner := []string{"customer_type=partner", "enterprise_country=CN"}
	tests := []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"check a sound policy", []string{"check", policy}, OK, []string{"is sound", "combinations of answers: each has exactly one scenario", "direct-paid-individual", "contact_support"}},
		{"check tells what otherwise takes", []string{"check", "../testdata/domains.yaml"}, OK, []string{"otherwise: "}},
		{"check a policy with faults", []string{"check", "../testdata/faulty/ten.yaml"}, Failed, []string{
			filepath.Clean("../testdata/faulty/ten.yaml") + ":37:20: unknown_value: buyer has no value \"dirct\"", "did you mean direct?", "10 faults"}},
		{"check a missing file", []string{"check", "nothing.yaml"}, Usage, []string{"nothing.yaml"}},
		{"decide nothing", []string{"decide", policy}, OK, []string{"Next question: How did you buy", "customer_type=direct"}},
		{"decide all", append([]string{"decide", policy}, partner...), OK, []string{"collect: Huawei Cloud partner", "[partner_certificate]", "because customer_type", "approvals: 2"}},
		{"decide in another language", append([]string{"decide", policy, "--locale=zh-Hans"}, partner...), OK, []string{"华为云合作伙伴"}},
		{"decide the impossible", []string{"decide", policy, "customer_type=direct", "account_type=enterprise", "real_name_authenticated=no", "card_added=no", "paid=yes", "months_of_use=0"}, OK, []string{"cannot happen"}},
		{"decide a misspelt fact", []string{"decide", policy, "custmer_type=direct"}, Usage, []string{"custmer_type: unknown_fact", "Did you mean customer_type?"}},
		{"decide half an answer", []string{"decide", policy, "customer_type"}, Usage, []string{"fact=value"}},
		{"decide twice", []string{"decide", policy, "card_added=yes", "card_added=no"}, Usage, []string{"once"}},
		{"test", []string{"test", policy}, OK, []string{"✓ verified individual with a card", "0 failed", "Scenarios reached: 8 of 8"}},
		{"compare with itself", []string{"compare", policy, policy}, OK, []string{"alike"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, code := run(t, tt.args...)
			if code != tt.code {
				t.Errorf("status %d, want %d", code, tt.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("want %q in:\n%s", want, out)
				}
			}
		})
	}
}

func TestDecideJSON(t *testing.T) {
	out, code := run(t, "decide", "--json", policy, "customer_type=partner", "enterprise_country=BR")
	var d struct {
		Complete     bool
		Scenario     struct{ ID string }
		Requirements []struct {
			ID  string
			Why []struct{ Facts []struct{ Fact string } }
		}
	}
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != OK {
		t.Fatal(err, code)
	}
	if !d.Complete || d.Scenario.ID != "partner" || len(d.Requirements) != 6 || len(d.Requirements[0].Why) == 0 {
		t.Errorf("got %+v", d)
	}
}

// A failing test is shown with its place and what came out.
func TestFailingTest(t *testing.T) {
	dir := t.TempDir()
	tests := filepath.Join(dir, "x.tests.yaml")
	write := func(content string) {
		if err := os.WriteFile(tests, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("tests:\n  - name: wrong\n    answers: {customer_type: partner}\n    expect:\n      scenario: reseller\n      materials: {invoice: 2}\n")
	out, code := run(t, "test", policy, "--tests", tests)
	for _, want := range []string{"✗ wrong", tests + ":5:1: unexpected_scenario: scenario: want reseller, got partner", "invoice: want 2, got 1; ", "1 failed", "Scenarios without a test: direct-authenticated"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in:\n%s", want, out)
		}
	}
	if code != Failed {
		t.Errorf("status %d", code)
	}
	write("tests:\n  - name: wrong\n    expect: {scenaro: x}\n")
	out, code = run(t, "test", policy, "--tests", tests)
	if code != Failed || !strings.Contains(out, ":3:14: unknown_key") || !strings.Contains(out, "did you mean scenario?") {
		t.Errorf("status %d:\n%s", code, out)
	}
}
