package rules

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// policyFiles are the default policy and every sound policy under testdata.
func policyFiles(t testing.TB) []string {
	t.Helper()
	files := []string{"../rules.yaml"}
	all, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if strings.Count(filepath.Base(f), ".") == 1 {
			files = append(files, f)
		}
	}
	if len(files) < 3 {
		t.Fatalf("only %d policies found: %v", len(files), files)
	}
	return files
}

func load(t testing.TB, file string) *Policy {
	t.Helper()
	b, err := ReadBundle(os.DirFS(filepath.Dir(file)), filepath.Base(file))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(b)
	if err != nil {
		t.Fatalf("%s:\n%v", file, err)
	}
	return p
}

// Every policy passes the tests that lie beside it, and they reach each scenario
// and each material.
func TestPoliciesPassTheirTests(t *testing.T) {
	for _, file := range policyFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			p := load(t, file)
			tests := strings.TrimSuffix(file, ".yaml") + ".tests.yaml"
			data, err := os.ReadFile(tests)
			if err != nil {
				t.Fatal(err)
			}
			report, err := RunTests(p, filepath.Base(tests), data)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range report.Results {
				for _, f := range r.Failures {
					t.Errorf("%s: %s", r.Name, f)
				}
			}
			if len(report.Untested)+len(report.UntestedMaterials) > 0 {
				t.Errorf("untested: %v %v", report.Untested, report.UntestedMaterials)
			}
			if len(report.Results) < 5 {
				t.Errorf("only %d tests were run", len(report.Results))
			}
		})
	}
}
