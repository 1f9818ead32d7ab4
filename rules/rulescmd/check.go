package rulescmd

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"regain/rules"
)

// Check reports every fault of a policy, or what a sound one covers.
func Check(out io.Writer, file string) int {
	p, code := load(out, file)
	if p == nil {
		return code
	}
	s := p.Summary()
	fmt.Fprintf(out, "%s is sound.\n\n", file)
	fmt.Fprintf(out, "  policy     %s, edition %s\n", p.ID(), p.Edition())
	fmt.Fprintf(out, "  hash       %s\n", p.Hash())
	fmt.Fprintf(out, "  languages  %s\n", strings.Join(p.Locales(), ", "))
	fmt.Fprintf(out, "  holds      %s, %s, %s\n", plural(len(p.Facts()), "fact"), plural(len(p.Materials()), "material"), plural(leaves(p.Scenarios()), "scenario"))
	fmt.Fprintf(out, "  proved     %s complete combinations of answers: each has exactly one scenario\n", counted(s))
	fmt.Fprintf(out, "  diagrams   %s\n\n", plural(s.Nodes, "node"))
	printShares(out, s)
	printUnused(out, "materials that no scenario asks for", s.UnusedMaterials)
	printUnused(out, "checks that no material needs", s.UnusedChecks)
	printUnused(out, "facts that nothing depends on, never asked", s.UnusedFacts)
	return OK
}

// counted is the number of combinations in words.
func counted(s rules.Summary) string {
	if s.Combinations == nil {
		return "all"
	}
	return s.Combinations.String()
}

func leaves(scenarios []*rules.Scenario) int {
	n := 0
	for _, s := range scenarios {
		if len(s.Children) == 0 {
			n++
		}
		n += leaves(s.Children)
	}
	return n
}

// printShares prints the tree of scenarios with how many combinations each takes.
func printShares(out io.Writer, s rules.Summary) {
	width := 0
	for _, share := range s.Shares {
		width = max(width, utf8.RuneCountInString(shareName(share)))
	}
	for _, share := range s.Shares {
		outcome := string(share.Scenario.Outcome)
		fmt.Fprintf(out, "  %-*s  %8s  %s\n", width, shareName(share), share.Combinations, outcome)
		for _, takes := range share.Takes {
			fmt.Fprintf(out, "  %sotherwise: %s\n", indent(len(share.Scenario.Path())), takes)
		}
	}
}

func shareName(s rules.Share) string {
	return indent(len(s.Scenario.Path())-1) + s.Scenario.ID
}

func printUnused(out io.Writer, what string, ids []string) {
	if len(ids) > 0 {
		fmt.Fprintf(out, "\nnote: %s: %s\n", what, strings.Join(ids, ", "))
	}
}
