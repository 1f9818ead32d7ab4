package rules

import (
	"slices"
	"strings"

	"regain/rules/diagram"
)

// witness describes a smallest example of bad: as few answers as possible under
// which whatever else can happen is bad.
func (s *space) witness(bad diagram.Node) string { return s.describe(s.smallest(bad)) }

func (s *space) describe(choices []diagram.Choice) string {
	if len(choices) == 0 {
		return "anything is answered"
	}
	parts := make([]string, len(choices))
	for i, ch := range choices {
		parts[i] = s.layout.show(ch)
	}
	return strings.Join(parts, ", ")
}

// smallest finds the choices of witness. The diagram fitted to the domain has the
// short examples, but is only meant where the domain holds: an example from it must
// be one that can happen.
func (s *space) smallest(bad diagram.Node) []diagram.Choice {
	can := s.can(bad)
	fitted := s.m.Minimize(bad, can)
	var best []diagram.Choice
	found := false
	if short, ok := s.m.Witness(fitted); ok && s.m.FixChoices(can, short) != diagram.False {
		best, found = short, true
	}
	keep := make([]bool, len(s.layout.levels))
	for _, level := range s.m.Support(fitted) {
		keep[level] = true
	}
	if full, ok := s.m.Witness(s.m.And(fitted, s.m.Project(can, keep))); ok {
		if full = s.shorten(full, bad, can); !found || len(full) < len(best) {
			best = full
		}
	}
	return best
}

// shorten drops choices, latest first, that what can happen implies.
func (s *space) shorten(choices []diagram.Choice, bad, can diagram.Node) []diagram.Choice {
	for i := len(choices) - 1; i >= 0; i-- {
		shorter := slices.Delete(slices.Clone(choices), i, i+1)
		if s.m.Always(s.m.FixChoices(bad, shorter), s.m.FixChoices(can, shorter)) {
			choices = shorter
		}
	}
	return choices
}

// combinations counts answers in words.
func (s *space) combinations(n diagram.Node) string {
	count := s.count(n)
	if count.IsInt64() && count.Int64() == 1 {
		return "1 combination"
	}
	return count.String() + " combinations"
}
