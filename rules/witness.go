package rules

import (
	"slices"
	"strings"

	"regain/rules/diagram"
)

// examples finds and describes examples of answers.
type examples struct {
	m      *diagram.Manager
	layout *layout
	domain diagram.Node
}

func (c *compiler) examples() examples { return examples{c.m, c.layout, c.domain} }

// witness describes a smallest example of bad: as few answers as possible under which whatever else can happen is bad.
func (c *compiler) witness(bad diagram.Node) string { return c.examples().witness(bad) }

func (c examples) witness(bad diagram.Node) string { return c.describe(c.smallest(bad)) }

func (c examples) describe(choices []diagram.Choice) string {
	if len(choices) == 0 {
		return "anything is answered"
	}
	parts := make([]string, len(choices))
	for i, ch := range choices {
		parts[i] = c.layout.show(ch)
	}
	return strings.Join(parts, ", ")
}

// smallest finds the choices of witness. The diagram fitted to the domain has the
// short examples, but is only meant where the domain holds: an example from it must
// be one that can happen.
func (c examples) smallest(bad diagram.Node) []diagram.Choice {
	fitted := c.m.Minimize(bad, c.domain)
	var best []diagram.Choice
	if short, ok := c.m.Witness(fitted); ok && c.happens(short) {
		best = short
	}
	keep := make([]bool, len(c.layout.levels))
	for _, level := range c.m.Support(fitted) {
		keep[level] = true
	}
	if full, ok := c.m.Witness(c.m.And(fitted, c.m.Project(c.domain, keep))); ok {
		if full = c.shorten(full, bad); best == nil || len(full) < len(best) {
			best = full
		}
	}
	return best
}

// happens says whether the choices can be answered together.
func (c examples) happens(choices []diagram.Choice) bool {
	return c.m.FixChoices(c.domain, choices) != diagram.False
}

// shorten drops choices, latest first, that what can happen implies.
func (c examples) shorten(choices []diagram.Choice, bad diagram.Node) []diagram.Choice {
	for i := len(choices) - 1; i >= 0; i-- {
		shorter := slices.Delete(slices.Clone(choices), i, i+1)
		if c.m.Always(c.m.FixChoices(bad, shorter), c.m.FixChoices(c.domain, shorter)) {
			choices = shorter
		}
	}
	return choices
}

// combinations counts answers in words.
func (c *compiler) combinations(n diagram.Node) string {
	count := c.m.Count(n)
	if count.IsInt64() && count.Int64() == 1 {
		return "1 combination"
	}
	return count.String() + " combinations"
}
