package rules_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"regain/rules"
)

// What rules.tests.yaml cannot say about the default policy: how checks hang together, who supplies what, and what the files
// are.

func decideDefault(t *testing.T, answers map[string]any) (*rules.Policy, rules.Decision) {
	t.Helper()
	p := compile(t, "..", "rules.yaml")
	a, bad := p.ParseAnswers(answers)
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	d := p.Decide(a)
	if !d.Complete {
		t.Fatalf("not complete, next is %v", d.Next)
	}
	return p, d
}

func item(t *testing.T, d rules.Decision, id string) rules.Requirement {
	t.Helper()
	for _, r := range d.Requirements {
		if r.ID == id {
			return r
		}
	}
	t.Fatalf("%s is not asked in %s", id, d.Scenario.ID)
	return rules.Requirement{}
}

var (
	chinese    = map[string]any{"customer_type": "direct", "account_type": "enterprise", "real_name_authenticated": true, "card_added": false, "enterprise_country": "CN"}
	foreign    = map[string]any{"customer_type": "direct", "account_type": "enterprise", "real_name_authenticated": true, "card_added": false, "enterprise_country": "BR"}
	partner    = map[string]any{"customer_type": "partner", "enterprise_country": "CN"}
	reseller   = map[string]any{"customer_type": "reseller", "account_type": "individual", "real_name_authenticated": false, "service_enabled": true}
	unverified = map[string]any{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": false, "card_added": true, "months_of_use": 3}
)

func TestSealAndSignature(t *testing.T) {
	tests := []struct {
		name         string
		answers      map[string]any
		letter       string
		ticked       []string
		ok, fallback bool
	}{
		{"both, in China", chinese, "authorization_letter", []string{"sealed", "signed"}, true, false},
		{"both, elsewhere", foreign, "authorization_letter", []string{"sealed", "signed"}, true, false},
		{"seal only, in China", chinese, "authorization_letter", []string{"sealed"}, true, true},
		{"signature only, in China", chinese, "authorization_letter", []string{"signed"}, false, false},
		{"seal only, elsewhere", foreign, "authorization_letter", []string{"sealed"}, false, false},
		{"signature only, elsewhere", foreign, "authorization_letter", []string{"signed"}, true, true},
		{"seal only, Chinese partner", partner, "partner_authorization_letter", []string{"sealed"}, true, true},
		{"signature only, Chinese partner", partner, "partner_authorization_letter", []string{"signed"}, false, false},
		{"signature only, an individual of a reseller", reseller, "authorization_letter", []string{"signed"}, true, true},
		{"neither", foreign, "authorization_letter", nil, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, d := decideDefault(t, test.answers)
			ticked := map[string]bool{"legible": true, "names_account": true}
			for _, id := range test.ticked {
				ticked[id] = true
			}
			ok, fallback, missing := rules.Satisfied(item(t, d, test.letter).Checks, ticked)
			if ok != test.ok || ok && fallback != test.fallback || !ok && len(missing) == 0 {
				t.Errorf("satisfied %v, with a fallback %v, missing %v", ok, fallback, missing)
			}
		})
	}
}

func TestWhoSuppliesWhat(t *testing.T) {
	tests := []struct {
		answers map[string]any
		id      string
		from    []string
	}{
		{chinese, "authorization_letter", []string{"customer"}},
		{reseller, "authorization_letter", []string{"customer", "reseller"}},
		{reseller, "partner_consent", []string{"customer", "reseller"}},
		{reseller, "contact_details", []string{"customer"}},
		{partner, "partner_authorization_letter", []string{"customer", "partner"}},
		{partner, "partner_certificate", []string{"customer", "partner"}},
		{partner, "payment_record", []string{"customer", "partner"}},
	}
	for _, test := range tests {
		_, d := decideDefault(t, test.answers)
		if got := item(t, d, test.id).From; !slices.Equal(got, test.from) {
			t.Errorf("%s of %s comes from %v, want %v", test.id, d.Scenario.ID, got, test.from)
		}
	}
}

func TestDefaultPolicyDocuments(t *testing.T) {
	p := compile(t, "..", "rules.yaml")
	if got := p.Material("partner_consent").Document.Types; !slices.Equal(got, []string{"pdf", "jpeg", "png", "eml"}) {
		t.Errorf("the partner's email may be %v", got)
	}
	for _, m := range p.Materials() {
		if (m.Template != "") != (m.ID == "authorization_letter") {
			t.Errorf("%s has the template %q", m.ID, m.Template)
		}
		if m.Document != nil && m.ID != "partner_consent" && slices.Contains(m.Document.Types, "eml") {
			t.Errorf("%s may be an email", m.ID)
		}
		if m.Document != nil && m.Document.Example == "" {
			t.Errorf("%s is shown by no example", m.ID)
		}
		for _, locale := range p.Locales() {
			if m.Guidance[locale] == "" {
				t.Errorf("%s has no guidance in %s", m.ID, locale)
			}
		}
	}
	for _, locale := range p.Locales() {
		if words := p.Material("card_front").Guidance[locale]; !strings.Contains(words, "CID") {
			t.Errorf("the guidance on the card in %s does not say to cover the front code: %s", locale, words)
		}
	}
}

func TestMonthsAreConsecutive(t *testing.T) {
	_, d := decideDefault(t, unverified)
	proofs := item(t, d, "consumption_proof")
	if !proofs.Last || proofs.Each != "month" || !proofs.Consecutive || proofs.Count != 3 {
		t.Errorf("asked are %+v", proofs)
	}
	_, d = decideDefault(t, chinese)
	if records := item(t, d, "transaction_record"); !records.Last || records.Each != "" || records.Count != 3 {
		t.Errorf("asked are %+v", records)
	}
	_, d = decideDefault(t, partner)
	if proofs := item(t, d, "consumption_proof"); proofs.Last || proofs.Each != "" || proofs.Count != 1 {
		t.Errorf("asked of a partner are %+v", proofs)
	}
}

func TestHolderMatchSaysWhatToDoWithoutAuthentication(t *testing.T) {
	p := compile(t, "..", "rules.yaml")
	i := slices.IndexFunc(p.Checks(), func(c *rules.Check) bool { return c.ID == "holder_matches_authentication" })
	if i < 0 {
		t.Fatal("there is no such check")
	}
	for _, locale := range p.Locales() {
		if p.Checks()[i].Help[locale] == "" {
			t.Errorf("the check does not say what to do in %s", locale)
		}
	}
}

// The proof of completeness must stand on conditions alone: `otherwise` would hide the next hole.
func TestDefaultPolicyHasNoOtherwise(t *testing.T) {
	p := compile(t, "..", "rules.yaml")
	var support []string
	for _, s := range leaves(p.Scenarios()) {
		if s.Outcome == rules.ContactSupport {
			support = append(support, s.ID)
		}
		for _, up := range s.Path() {
			if up.Otherwise {
				t.Errorf("%s takes what its siblings leave", up.ID)
			}
		}
	}
	if !slices.Equal(support, []string{"direct-paid-individual"}) {
		t.Errorf("to support go %v: the source has one hole only", support)
	}
}

// Without its own scenario the combination of which the source says nothing is reported, and it is the only one.
func TestOneHoleInTheSource(t *testing.T) {
	b, err := rules.ReadBundle(os.DirFS(".."), "rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b.Base)
	from := strings.Index(text, "          direct-paid-individual:")
	to := strings.Index(text, "          direct-unpaid:")
	if from < 0 || to < from {
		t.Fatal("the scenario was not found")
	}
	_, err = rules.Compile(rules.Bundle{Name: b.Name, Base: []byte(text[:from] + text[to:])})
	var faults rules.Faults
	ok := errors.As(err, &faults)
	if !ok || len(faults) != 1 || faults[0].Code != "gap" {
		t.Fatalf("reported %v, want one gap", err)
	}
	if want := "when account_type = individual, paid = yes (1 combination)"; !strings.Contains(faults[0].Message, want) {
		t.Errorf("reported %q, want %q", faults[0].Message, want)
	}
}
