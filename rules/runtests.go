package rules

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// TestResult is the outcome of one test of a policy.
type TestResult struct {
	Name string `json:"name"`
	Line int    `json:"line"`
	// Failures say what came out differently; none means that the test passed.
	Failures []Fault `json:"failures,omitempty"`
	// Scenario is the scenario that the test reached, if any.
	Scenario string `json:"scenario,omitempty"`
}

// TestReport is the outcome of all tests of a policy.
type TestReport struct {
	Results []TestResult `json:"results"`
	// Untested are the scenarios that no test reaches, and materials that no test
	// asks for.
	Untested          []string `json:"untested,omitempty"`
	UntestedMaterials []string `json:"untested_materials,omitempty"`
}

// Failed counts the tests that did not pass.
func (r TestReport) Failed() int {
	n := 0
	for _, t := range r.Results {
		if len(t.Failures) > 0 {
			n++
		}
	}
	return n
}

// RunTests runs a tests file (see expectKeys for its form) against the policy. The
// error is a Faults when the file itself is wrong.
func RunTests(p *Policy, file string, data []byte) (TestReport, error) {
	var faults Faults
	tests := readTests(file, data, &faults)
	if len(faults) > 0 {
		return TestReport{}, faults.sorted(file)
	}
	var report TestReport
	scenarios, materials := map[string]bool{}, map[string]bool{}
	for _, t := range tests {
		result := TestResult{Name: t.name, Line: t.line}
		fail := func(line int, code, format string, args ...any) {
			result.Failures = append(result.Failures, Fault{File: file, Line: line, Column: 1, Code: code, Message: fmt.Sprintf(format, args...)})
		}
		answers, bad := p.ParseAnswers(t.answers)
		for _, f := range bad {
			fail(t.line, f.Code, "answer %s: %s", f.Pointer, f.Message)
		}
		if len(bad) == 0 {
			d := p.Decide(answers)
			if d.Scenario != nil {
				result.Scenario = d.Scenario.ID
				scenarios[d.Scenario.ID] = true
			}
			for _, r := range Items(d.Requirements) {
				materials[r.Material.ID] = true
			}
			for _, e := range t.expected {
				if message := d.compare(e); message != "" {
					fail(e.line, "unexpected_"+e.key, "%s", message)
				}
			}
		}
		report.Results = append(report.Results, result)
	}
	for _, s := range p.scenarios {
		if len(s.Children) == 0 && !scenarios[s.ID] {
			report.Untested = append(report.Untested, s.ID)
		}
	}
	for _, m := range p.materials {
		if p.prog.materials[m.ID].used && !materials[m.ID] {
			report.UntestedMaterials = append(report.UntestedMaterials, m.ID)
		}
	}
	return report, nil
}

// compare says how the decision differs from what is expected; empty if it does
// not.
func (d *Decision) compare(e expected) string {
	switch e.key {
	case "materials", "checks", "fields", "optional_fields", "why":
		return d.compareItems(e)
	case "absent":
		return d.compareAbsent(e.node)
	case "open", "ignored", "optional", "distinct_roles", "restore":
		return differ(e.key, list(words(e.node)), list(d.listed(e.key)))
	}
	return differ(e.key, e.node.Value, d.single(e.key))
}

func differ(key, want, got string) string {
	if want == got {
		return ""
	}
	if got == "" {
		got = "nothing"
	}
	return fmt.Sprintf("%s: want %s, got %s", key, want, got)
}

// single gives a value of the decision as a policy writes it.
func (d *Decision) single(key string) string {
	switch key {
	case "complete":
		return strconv.FormatBool(d.Complete)
	case "impossible":
		return strconv.FormatBool(d.Impossible != nil)
	case "scenario":
		if d.Scenario != nil {
			return d.Scenario.ID
		}
	case "outcome":
		return string(d.Outcome)
	case "next":
		if d.Next != nil {
			return d.Next.ID
		}
		return "none"
	case "notes":
		return strconv.Itoa(len(d.Notes))
	case "approvals":
		return strconv.Itoa(d.Handling.Approvals)
	case "request_method":
		return d.Handling.RequestMethod
	case "review_within":
		return singular(d.Handling.ReviewWithin.String())
	case "waiting_period":
		return singular(fmt.Sprintf("%d hours", int(d.Handling.WaitingPeriod.Hours())))
	case "customer_deadline":
		return singular(fmt.Sprintf("%d days", int(d.Handling.CustomerDeadline.Hours())/24))
	}
	return ""
}

func singular(s string) string {
	if strings.HasPrefix(s, "1 ") {
		return strings.TrimSuffix(s, "s")
	}
	return s
}

func (d *Decision) listed(key string) []string {
	switch key {
	case "open":
		return d.Open
	case "ignored":
		return d.Ignored
	case "distinct_roles":
		return d.Handling.DistinctRoles
	case "restore":
		return d.Handling.Restore
	}
	var out []string
	for _, r := range Items(d.Requirements) {
		if r.Optional {
			out = append(out, r.ID)
		}
	}
	return out
}

// compareItems compares what an expectation says of single items; materials names
// all of them.
func (d *Decision) compareItems(e expected) string {
	items := map[string]Requirement{}
	for _, r := range Items(d.Requirements) {
		items[r.ID] = r
	}
	var out []string
	named := map[string]bool{}
	for i := 0; i+1 < len(e.node.Content); i += 2 {
		id, value := e.node.Content[i].Value, e.node.Content[i+1]
		named[id] = true
		r, ok := items[id]
		if !ok {
			out = append(out, id+" is not asked")
			continue
		}
		if message := differ(id, wantOf(value), r.show(e.key)); message != "" {
			out = append(out, message)
		}
	}
	if e.key == "materials" {
		for _, id := range slices.Sorted(maps.Keys(items)) {
			if !named[id] {
				out = append(out, id+" is asked, and not expected")
			}
		}
	}
	return strings.Join(out, "; ")
}

func wantOf(n *yaml.Node) string {
	if n.Kind == yaml.SequenceNode {
		return list(words(n))
	}
	return n.Value
}

// show gives what a test can expect of an item.
func (r Requirement) show(key string) string {
	var ids []string
	switch key {
	case "materials":
		return strconv.Itoa(r.Count)
	case "checks":
		ids = leafIDs(r.Checks)
	case "why":
		for _, w := range r.Why {
			for _, f := range w.Facts {
				ids = append(ids, f.Fact)
			}
		}
	default:
		for _, f := range r.Fields {
			if key == "fields" || f.Optional {
				ids = append(ids, f.ID)
			}
		}
	}
	return list(ids)
}

func leafIDs(nodes []CheckNode) []string {
	var out []string
	for _, n := range nodes {
		if n.Kind == CheckLeaf {
			out = append(out, n.ID)
		}
		out = append(out, leafIDs(n.Children)...)
	}
	return out
}

func (d *Decision) compareAbsent(n *yaml.Node) string {
	var out []string
	for _, r := range Items(d.Requirements) {
		if slices.Contains(words(n), r.ID) {
			out = append(out, r.ID+" is asked, and must not be")
		}
	}
	return strings.Join(out, "; ")
}

func words(n *yaml.Node) []string {
	var out []string
	for _, item := range n.Content {
		out = append(out, item.Value)
	}
	return out
}

func list(ids []string) string { return "[" + strings.Join(ids, ", ") + "]" }
