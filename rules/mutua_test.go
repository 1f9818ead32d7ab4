package rules_test

import (
	"testing"
	"time"

	"regain/rules"
)

func decideMutua(t *testing.T) (*rules.Policy, rules.Decision) {
	t.Helper()
	p := compile(t, "testdata", "mutua.yaml")
	a, bad := p.ParseAnswers(map[string]any{
		"requester": "holder", "lost": []any{"phone"}, "residence": "BR", "months_idle": 4, "tier": "small", "second_look": false,
	})
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	return p, p.Decide(a)
}

func TestAnyTwoOfFour(t *testing.T) {
	_, d := decideMutua(t)
	always := []string{"identity", "video"}
	tests := []struct {
		name     string
		supplied []string
		met      bool
	}{
		{"none", nil, false},
		{"one", []string{"tax_notice"}, false},
		{"two", []string{"tax_notice", "utility_bill"}, true},
		{"another two", []string{"residence_certificate", "bank_statement"}, true},
		{"all", []string{"residence_certificate", "bank_statement", "tax_notice", "utility_bill"}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			there := map[string]int{}
			for _, id := range append(always, test.supplied...) {
				there[id] = 1
			}
			met, missing := rules.Met(d.Requirements, func(r rules.Requirement) int { return there[r.ID] })
			if met != test.met || met != (len(missing) == 0) {
				t.Errorf("met %v, missing %v", met, missing)
			}
		})
	}
}

func TestNestedPreferences(t *testing.T) {
	_, d := decideMutua(t)
	tests := []struct {
		name     string
		supplied map[string]int
		met      bool
	}{
		{"video", map[string]int{"video": 1}, true},
		{"movements instead", map[string]int{"movements": 1}, true},
		{"one of two statements", map[string]int{"earlier_statement": 1, "movements_in_brief": 1}, false},
		{"two statements and a summary", map[string]int{"earlier_statement": 2, "movements_in_brief": 1}, true},
		{"two statements alone", map[string]int{"earlier_statement": 2}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			there := map[string]int{"identity": 1, "tax_notice": 1, "utility_bill": 1}
			for id, n := range test.supplied {
				there[id] = n
			}
			if met, missing := rules.Met(d.Requirements, func(r rules.Requirement) int { return there[r.ID] }); met != test.met {
				t.Errorf("met %v, missing %v", met, missing)
			}
		})
	}
}

func TestNinetyDays(t *testing.T) {
	p, d := decideMutua(t)
	filed := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		issued string
		filed  time.Time
		want   rules.Validity
	}{
		{"2026-04-01", filed, rules.Valid},
		{"2026-01-01", filed, rules.Valid},   // 90 days
		{"2025-12-31", filed, rules.Invalid}, // 91 days
		{"2026-04-02", filed, rules.Invalid}, // the future
		{"", filed, rules.Unknown},
		{"2026-01-01", time.Time{}, rules.Unknown}, // not filed yet
	}
	for _, id := range []string{"utility_bill", "tax_notice"} { // written with days(…) and with a difference
		for _, test := range tests {
			env := rules.ValidityEnv{FiledOn: test.filed, Today: filed, ReadOff: map[string]any{}}
			if test.issued != "" {
				env.ReadOff["issued_on"] = test.issued
			}
			got, say := p.Validity(group(t, d, id), env)
			if got != test.want || (got == rules.Invalid) != (len(say) > 0) {
				t.Errorf("%s of %q is %s %v, want %s", id, test.issued, got, say, test.want)
			}
		}
	}
}

// group finds an item at any depth.
func group(t *testing.T, d rules.Decision, id string) rules.Requirement {
	t.Helper()
	for _, r := range rules.Items(d.Requirements) {
		if r.ID == id {
			return r
		}
	}
	t.Fatalf("%s is not asked", id)
	return rules.Requirement{}
}

func TestIdentityIsComparedWithTheAccount(t *testing.T) {
	p, d := decideMutua(t)
	filed := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	account := map[string]any{"born_on": "1980-02-29"}
	tests := []struct {
		name    string
		readOff map[string]any
		account map[string]any
		want    rules.Validity
	}{
		{"agrees", map[string]any{"born_on": "1980-02-29", "expires_on": "2030-01-01"}, account, rules.Valid},
		{"does not agree", map[string]any{"born_on": "1980-02-28", "expires_on": "2030-01-01"}, account, rules.Invalid},
		{"expired", map[string]any{"born_on": "1980-02-29", "expires_on": "2026-03-31"}, account, rules.Invalid},
		{"shows no expiry", map[string]any{"born_on": "1980-02-29"}, account, rules.Valid},
		{"before submission nothing of the account is looked at", map[string]any{"born_on": "1980-02-28"}, nil, rules.Unknown},
		{"nothing read yet", nil, account, rules.Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, _ := p.Validity(group(t, d, "identity"), rules.ValidityEnv{FiledOn: filed, Today: filed, ReadOff: test.readOff, Account: test.account})
			if got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}
