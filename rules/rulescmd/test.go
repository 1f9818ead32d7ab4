package rulescmd

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"regain/rules"
)

// Test runs the tests of a policy; tests names their file, which is
// rules.tests.yaml beside rules.yaml when it is empty.
func Test(out io.Writer, file, tests string) int {
	p, code := load(out, file)
	if p == nil {
		return code
	}
	if tests == "" {
		tests = strings.TrimSuffix(file, filepath.Ext(file)) + ".tests" + filepath.Ext(file)
	}
	data, err := os.ReadFile(tests)
	if err != nil {
		fmt.Fprintln(out, err)
		return Usage
	}
	report, err := rules.RunTests(p, filepath.Base(tests), data)
	if err != nil {
		printFaults(out, filepath.Dir(tests), err)
		return Failed
	}
	for _, r := range report.Results {
		mark := "✓"
		if len(r.Failures) > 0 {
			mark = "✗"
		}
		fmt.Fprintf(out, "  %s %s\n", mark, r.Name)
		for _, f := range r.Failures {
			fmt.Fprintf(out, "      %s:%d:%d: %s: %s\n", tests, f.Line, f.Column, f.Code, f.Message)
		}
	}
	failed := report.Failed()
	all := leaves(p.Scenarios())
	fmt.Fprintf(out, "\n%s, %d failed. Scenarios reached: %d of %d.\n", plural(len(report.Results), "test"), failed, all-len(report.Untested), all)
	if len(report.Untested) > 0 {
		fmt.Fprintf(out, "Scenarios without a test: %s\n", strings.Join(report.Untested, ", "))
	}
	if len(report.UntestedMaterials) > 0 {
		fmt.Fprintf(out, "Materials that no test asks for: %s\n", strings.Join(report.UntestedMaterials, ", "))
	}
	if failed > 0 {
		return Failed
	}
	return OK
}
