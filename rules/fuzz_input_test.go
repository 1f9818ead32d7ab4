package rules

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
)

func fuzzedPolicy(f *testing.F, file string) *Policy {
	f.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	p, err := Compile(Bundle{Name: "rules.yaml", Base: data})
	if err != nil {
		f.Fatal(err)
	}
	return p
}

// A translation gives words and nothing else: whatever it holds, the policy is refused
// with a place, or decides as it does without it.
func FuzzTranslation(f *testing.F) {
	base, err := os.ReadFile("../rules.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range []string{"../rules.zh-Hans.yaml", "../rules.pt-BR.yaml", "testdata/mutua.yaml", "../rules.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, seed := range []string{"", "null", "[]", "facts: {customer_type: {ask: x, when: paid}}", "scenarios: {direct: {when: 'true'}}", "facts: {x: {ask: y}}", "a: &a [*a]", "language: fr\npolicy: other", "facts: {customer_type: {values: {none: x}}}"} {
		f.Add([]byte(seed))
	}
	plain := fuzzedPolicy(f, "../rules.yaml")
	raw := map[string]any{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": true, "card_added": false}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Compile(Bundle{Name: "rules.yaml", Base: base, Translations: map[string][]byte{"fr": data}})
		if err != nil {
			faults, ok := err.(Faults) //nolint:errorlint // Compile promises this very type
			if !ok || len(faults) == 0 {
				t.Fatalf("%v", err)
			}
			for _, fault := range faults {
				if fault.Line < 1 || fault.Column < 1 || fault.Message == "" || !strings.Contains(fault.File, "fr") {
					t.Fatalf("a fault elsewhere: %+v", fault)
				}
			}
			return
		}
		if p.ID() != plain.ID() || p.Language() != plain.Language() || len(p.Facts()) != len(plain.Facts()) || p.Hash() == plain.Hash() && len(data) > 0 {
			t.Fatalf("%q changes more than words", data)
		}
		with, _ := p.ParseAnswers(raw)
		without, _ := plain.ParseAnswers(raw)
		a, b := p.Decide(with), plain.Decide(without)
		if a.Outcome != b.Outcome || a.Scenario.ID != b.Scenario.ID || len(a.Requirements) != len(b.Requirements) || !reflect.DeepEqual(a.Open, b.Open) {
			t.Fatalf("%q decides otherwise", data)
		}
	})
}

// Answers of any form are refused one by one with a pointer to each, or decide.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"customer_type":"direct"}`, `{"customer_type":null,"paid":1}`, `{"months_of_use":1e400}`, `{"months_of_use":-0}`, `{"months_of_use":3.0}`, `{"months_of_use":9223372036854775808}`,
		`{"enterprise_country":"CN","customer_type":["direct"]}`, `{"a/b~c":1,"":2}`, `{"customer_type":"direct","account_type":"individual","real_name_authenticated":true,"card_added":false}`, `{"paid":"true"}`,
	} {
		f.Add([]byte(seed))
	}
	for _, seed := range []string{`{"requester":"heir","died_on":"2024-02-30"}`, `{"lost":["phone","phone"],"residence":"br"}`, `{"requester":"holder","lost":[],"months_idle":601}`, `{"lost":["phone",1]}`} {
		f.Add([]byte(seed))
	}
	policies := []*Policy{fuzzedPolicy(f, "../rules.yaml"), fuzzedPolicy(f, "testdata/mutua.yaml")}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, p := range policies {
			var raw map[string]any
			d := json.NewDecoder(strings.NewReader(string(data)))
			d.UseNumber()
			if d.Decode(&raw) != nil {
				t.Skip()
			}
			answers, bad := p.ParseAnswers(raw)
			for _, field := range bad {
				name, ok := strings.CutPrefix(field.Pointer, "/")
				name, _, _ = strings.Cut(name, "/")
				if _, sent := raw[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]; !ok || !sent || field.Code == "" || field.Message == "" {
					t.Fatalf("%s: %+v leads nowhere", data, field)
				}
			}
			decision := p.Decide(answers)
			if decision.Complete != (decision.Next == nil) && decision.Impossible == nil {
				t.Fatalf("%s: complete %v, and next is %v", data, decision.Complete, decision.Next)
			}
			if again := p.Decide(answers); !reflect.DeepEqual(again, decision) {
				t.Fatalf("%s: decided twice, and differently", data)
			}
		}
	})
}

// A statement of any form is refused field by field, or comes out as it will be stored,
// and stays so when it is stated again.
func FuzzStatement(f *testing.F) {
	for _, seed := range []string{
		`{"name":"Ana Lima","email":"ana@example.com","phone":"+55 11 91234-5678"}`, `{"address":{"line":"1 Road","city":"X","region":"Y","postal_code":"1","country":"BR"}}`, `{"address":"x"}`,
		`{"last_amount":1e3,"last_country":"pt","own_account":"6222 0200 0000 0000 003","by_branch":true}`, `{"date":"2024-02-30","":1}`, `{"text":"\u0000"}`, `{"address":{"country":["BR"],"x":1}}`, `null`,
	} {
		f.Add([]byte(seed))
	}
	p := fuzzedPolicy(f, "../rules.yaml")
	var fields []Field
	for _, kind := range []string{"text", "phone", "email", "address", "date", "country", "bank_account", "integer", "bool"} {
		fields = append(fields, Field{ID: kind, Type: kind, Optional: true, Label: Text{"en": kind}})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var raw map[string]any
		d := json.NewDecoder(strings.NewReader(string(data)))
		d.UseNumber()
		if d.Decode(&raw) != nil {
			t.Skip()
		}
		stored, bad := p.ValidateStatement(fields, raw)
		if len(bad) > 0 {
			for _, field := range bad {
				if !strings.HasPrefix(field.Pointer, "/") || field.Code == "" || field.Message == "" {
					t.Fatalf("%s: %+v", data, field)
				}
			}
			return
		}
		again, bad := p.ValidateStatement(fields, stored)
		if len(bad) > 0 || !reflect.DeepEqual(again, stored) {
			t.Fatalf("%s is stored as %v, and that as %v %v", data, stored, again, bad)
		}
	})
}
