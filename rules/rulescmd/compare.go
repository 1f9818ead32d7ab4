package rulescmd

import (
	"fmt"
	"io"
	"strings"

	"regain/rules"
)

// CompareCommand is `rules compare`.
type CompareCommand struct {
	Old string `arg:"" help:"The policy as it was."`
	New string `arg:"" help:"The policy as it is to be."`
}

// Run compares the policies and prints to out.
func (c *CompareCommand) Run(out io.Writer) error { return status(Compare(out, c.Old, c.New)) }

// Compare prints under which answers two policies decide otherwise.
func Compare(out io.Writer, before, after string) int {
	old, code := load(out, before)
	if old == nil {
		return code
	}
	changed, code := load(out, after)
	if changed == nil {
		return code
	}
	c, err := rules.Compare(old, changed)
	if err != nil {
		fmt.Fprintln(out, err)
		return Failed
	}
	if len(c.AddedFacts) > 0 {
		fmt.Fprintf(out, "New questions: %s\n", strings.Join(c.AddedFacts, ", "))
	}
	if len(c.RemovedFacts) > 0 {
		fmt.Fprintf(out, "Questions left out: %s\n", strings.Join(c.RemovedFacts, ", "))
	}
	for _, d := range c.Differences {
		fmt.Fprintf(out, "%s %s: %s → %s\n", d.What, d.ID, orNothing(d.Old), orNothing(d.New))
		fmt.Fprintf(out, "    in %s when %s (%s combinations)\n", d.NewScenario, d.When, d.Combinations)
	}
	if len(c.Differences) == 0 {
		fmt.Fprintln(out, "Both policies decide alike.")
	}
	return OK
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
