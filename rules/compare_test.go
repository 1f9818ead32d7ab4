package rules

import (
	"slices"
	"strings"
	"testing"
)

// changed is the default policy with words replaced.
func changed(t *testing.T, pairs ...string) *Policy {
	t.Helper()
	b := load(t, "../rules.yaml").Bundle()
	text := string(b.Base)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the default policy does not say %q any more", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	b.Base = []byte(text)
	p, err := Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCompare(t *testing.T) {
	old := load(t, "../rules.yaml")
	tests := []struct {
		name    string
		changes []string
		want    []string
	}{
		{"nothing", nil, nil},
		{"a text", []string{"title: Direct sales customer", "title: Customer"}, nil},
		{"a count", []string{"- transaction_record: {last: 3}", "- transaction_record: {last: 4}"},
			[]string{"count transaction_record 3>4 when customer_type = direct, real_name_authenticated = yes"}},
		{"a condition", []string{"- card_front: {when: card_added}", "- card_front"},
			[]string{"material card_front >1 when customer_type = direct, real_name_authenticated = yes, card_added = no"}},
		{"approvals", []string{"- otherwise: 1", "- otherwise: 3"},
			[]string{"approvals  1>3"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Compare(old, changed(t, tt.changes...))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range c.Differences {
				got = append(got, d.What+" "+d.ID+" "+d.Old+">"+d.New+" when "+d.When)
			}
			for _, want := range tt.want {
				if !slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g, want) }) {
					t.Errorf("want %s, got %q", want, got)
				}
			}
			if len(tt.want) == 0 && len(got) > 0 {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestWhyNot(t *testing.T) {
	p := load(t, "../rules.yaml")
	a, _ := p.ParseAnswers(map[string]any{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": true, "card_added": false})
	tests := []struct {
		requirement, want string
		ok                bool
	}{
		{"card_front", "card_added = yes", true},
		{"authorization_letter", "account_type = enterprise", true},
		{"partner_certificate", "customer_type = partner", true},
		{"unheard_of", "", false},
	}
	for _, tt := range tests {
		changes, ok := p.WhyNot(a, tt.requirement)
		var got []string
		for _, c := range changes {
			if c.Answered {
				got = append(got, c.Words)
			}
		}
		if ok != tt.ok || strings.Join(got, ", ") != tt.want {
			t.Errorf("%s: got %v %v", tt.requirement, ok, changes)
		}
	}
}

// Every reason is enough: its facts alone already make the requirement certain.
func TestReasonsAreEnough(t *testing.T) {
	p := load(t, "../rules.yaml")
	for _, c := range allComplete(t, p) {
		a, _ := p.ParseAnswers(c.raw)
		for _, r := range Items(p.Decide(a).Requirements) {
			only := map[string]any{}
			for _, f := range r.Why[0].Facts {
				if f.Value != nil {
					only[f.Fact] = f.Value
				}
			}
			b, _ := p.ParseAnswers(only)
			again := Items(p.Decide(b).Requirements)
			if !slices.ContainsFunc(again, func(x Requirement) bool { return x.ID == r.ID && x.Count == r.Count }) {
				t.Errorf("%v: %v do not make %s × %d certain", c.raw, only, r.ID, r.Count)
			}
		}
	}
}
