package rules_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	goccy "github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"regain/rules"
)

// policies are all sound policies of the repository.
var policies = []struct{ dir, name string }{
	{"..", "rules.yaml"},
	{"testdata", "domains.yaml"},
	{"testdata", "mutua.yaml"},
}

// policyFiles are the policies with their translations and tests.
func policyFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, p := range policies {
		found, err := fs.Glob(os.DirFS(p.dir), strings.TrimSuffix(p.name, ".yaml")+"*.yaml")
		if err != nil || len(found) < 4 {
			t.Fatalf("%s: a policy, two translations and tests are expected, found %v (%v)", p.name, found, err)
		}
		for _, f := range found {
			files = append(files, path.Join(p.dir, f))
		}
	}
	return files
}

// YAML libraries differ in what they make of texts with question marks, colons and words such as No. A policy must mean
// the same to whoever reads it.
func TestPolicyFilesReadTheSameInTwoLibraries(t *testing.T) {
	for _, file := range policyFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var one, two any
		if err := yaml.Unmarshal(data, &one); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := goccy.Unmarshal(data, &two); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if diff := cmp.Diff(plain(one), plain(two)); diff != "" {
			t.Errorf("%s reads differently:\n%s", file, diff)
		}
	}
}

// plain writes a decoded value with one Go type for each kind of YAML value.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[k] = plain(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plain(e)
		}
		return out
	case int, int64, uint64:
		return fmt.Sprintf("number %d", v)
	case string:
		return strings.TrimSpace(v)
	}
	return v
}

func compile(t *testing.T, dir, name string) *rules.Policy {
	t.Helper()
	b, err := rules.ReadBundle(os.DirFS(dir), name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := rules.Compile(b)
	if err != nil {
		t.Fatalf("%s has faults:\n%v", name, err)
	}
	return p
}

func TestPoliciesAreSound(t *testing.T) {
	for _, file := range policies {
		p := compile(t, file.dir, file.name)
		if len(p.Locales()) != 3 {
			t.Errorf("%s has the locales %v, want three", file.name, p.Locales())
		}
		for _, m := range p.Materials() {
			for _, locale := range p.Locales() {
				if m.Label[locale] == "" {
					t.Errorf("%s: %s has no label in %s", file.name, m.ID, locale)
				}
			}
		}
	}
}

var wanted = regexp.MustCompile(`# want: ([a-z_ ]+)$`)

// Each faulty policy says at the end of its lines which fault must be reported there, and no other may be.
func TestFaultsAreAllReportedAtOnce(t *testing.T) {
	const dir = "testdata/faulty"
	bases, err := fs.Glob(os.DirFS(dir), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, base := range bases {
		if strings.Count(base, ".") > 1 { // a translation
			continue
		}
		t.Run(base, func(t *testing.T) {
			b, err := rules.ReadBundle(os.DirFS(dir), base)
			if err != nil {
				t.Fatal(err)
			}
			_, err = rules.Compile(b)
			var faults rules.Faults
			ok := errors.As(err, &faults)
			if !ok {
				t.Fatalf("error %v, want faults", err)
			}
			got := map[string]bool{}
			for _, f := range faults {
				got[fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Code)] = true
				if f.Message == "" || f.Column < 1 {
					t.Errorf("fault without words or place: %+v", f)
				}
			}
			want := marked(b)
			if diff := cmp.Diff(sortedKeys(want), sortedKeys(got)); diff != "" {
				t.Errorf("faults differ (- wanted, + reported):\n%s\nreported:\n%v", diff, faults)
			}
		})
	}
}

func sortedKeys(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

// marked collects the wanted faults of a policy's files.
func marked(b rules.Bundle) map[string]bool {
	want := map[string]bool{}
	mark := func(file string, data []byte) {
		for i, line := range strings.Split(string(data), "\n") {
			if m := wanted.FindStringSubmatch(line); m != nil {
				for _, code := range strings.Fields(m[1]) {
					want[fmt.Sprintf("%s:%d: %s", file, i+1, code)] = true
				}
			}
		}
	}
	mark(b.Name, b.Base)
	for locale, data := range b.Translations {
		mark(strings.TrimSuffix(b.Name, ".yaml")+"."+locale+".yaml", data)
	}
	return want
}

func TestTenFaultsAreDifferent(t *testing.T) {
	b, err := rules.ReadBundle(os.DirFS("testdata/faulty"), "ten.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, err = rules.Compile(b)
	var faults rules.Faults
	ok := errors.As(err, &faults)
	if !ok || len(faults) < 10 {
		t.Fatalf("reported %v, want ten faults at least", err)
	}
	var hints int
	for _, f := range faults {
		if strings.Contains(f.Hint, "did you mean") {
			hints++
		}
	}
	if hints < 3 {
		t.Errorf("%d faults have a hint with the right spelling, want 3 at least:\n%v", hints, faults)
	}
}
