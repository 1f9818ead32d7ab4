package rules

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Whatever a file holds, loading it ends soon, with a policy or with faults that
// have a place.
func FuzzCompile(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "../rules.yaml", "testdata/mutua.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("facts: {a: {type: set, values: {}}}\nscenarios: []\nimpossible: [{when: a}]"))
	f.Add([]byte("? [a]\n: b\n--- x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		watch := time.AfterFunc(10*time.Second, func() { panic("loading does not end") })
		defer watch.Stop()
		p, err := Compile(Bundle{Name: "fuzz.yaml", Base: data, Translations: map[string][]byte{"fr": data}})
		var faults Faults
		ok := errors.As(err, &faults)
		if err != nil && (!ok || len(faults) == 0) {
			t.Fatalf("error %v is no list of faults", err)
		}
		for _, fault := range faults {
			if fault.Line < 1 || fault.Column < 1 || fault.Code == "" || fault.Message == "" {
				t.Fatalf("%+v", fault)
			}
		}
		if (p == nil) == (err == nil) {
			t.Fatal("neither policy nor faults")
		}
		if p != nil {
			p.Decide(Answers{})
		}
	})
}

// Whatever a condition holds, it is refused with its place or decides.
func FuzzCondition(f *testing.F) {
	for _, seed := range []string{
		"paid", "not (kind == person)", "0 < months <= 3", "has_any(lost, [phone])", "asked(months) and months > 3", `since < "2024-01-01"`,
		"home not in [CN, SG]", "((((((", "paid ?? paid", "all(lost, {# == phone})", "let x = 1; x", "1..9", "paid.a?.b[0]", "-months == -1", "'é' == kind",
	} {
		f.Add(seed)
	}
	p, prog, _ := readPolicy(small("paid"), new(Faults))
	vocabulary := &vocabulary{facts: p.facts, factIndex: p.factIndex, named: prog.namedByID}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > maxCondition {
			t.Skip()
		}
		var faults Faults
		d := &document{file: "fuzz.yaml", faults: &faults, lines: []string{text}}
		s := source{text: text, doc: d, first: at{d, 1, 1}}
		tree := s.parse()
		if tree == nil {
			if len(faults) == 0 {
				t.Fatal("refused without a fault")
			}
			return
		}
		c := checker{vocabulary: vocabulary, source: s, facts: map[int]bool{}}
		c.boolean(tree)
		if c.failed != (len(faults) > 0) {
			t.Fatalf("failed %v with %v", c.failed, faults)
		}
	})
}
