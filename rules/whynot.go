package rules

import (
	"slices"

	"regain/rules/diagram"
)

// Change is an answer that would have to be another one, or to be given.
type Change struct {
	Fact string `json:"fact"`
	// Words say what the answer would have to be, such as "months_of_use >= 3".
	Words string `json:"words"`
	// Answered says that the fact has another answer now.
	Answered bool `json:"answered,omitempty"`
	// From is the fact's source: changes of account and staff facts are for staff only.
	From string `json:"from,omitempty"`
}

// WhyNot says what the fewest changed answers are under which a requirement (by
// its id, or its material's) would be asked. Questions that are still open count
// less than changes. ok is false when no answers ask for it. It builds diagrams and
// takes milliseconds.
func (p *Policy) WhyNot(a Answers, requirement string) (changes []Change, ok bool) {
	if a.levels == nil {
		a = p.normalise(make([]any, len(p.facts)))
	}
	m, bring := p.frozen.Manager(maxNodes)
	s := newSpace(m, p.layout, p.domain.brought(bring))
	asked := p.askedWhere(s, bring, requirement)
	if asked == diagram.False || m.Err() != nil {
		return nil, false
	}
	asked = s.within(asked)
	levels := slices.Clone(a.levels)
	for i, fl := range p.layout.facts {
		if a.asked[i] == askNo { // whether it is asked follows from other answers
			for level := fl.first; level < fl.first+fl.n; level++ {
				levels[level] = diagram.Unknown
			}
		}
	}
	choices, ok := nearest(m, asked, levels)
	for _, c := range choices {
		fl := &p.layout.facts[p.layout.owner[c.Level]]
		if c.Value == fl.notAsked {
			continue
		}
		changes = append(changes, Change{
			Fact: fl.fact.ID, Words: p.layout.show(c), Answered: levels[c.Level] != diagram.Unknown, From: fl.fact.From,
		})
	}
	return changes, ok
}

// askedWhere is where a requirement is asked, in any scenario.
func (p *Policy) askedWhere(s *space, bring func(diagram.Node) diagram.Node, id string) diagram.Node {
	out := diagram.False
	var walk func(rule *scenarioRule, path diagram.Node)
	walk = func(rule *scenarioRule, path diagram.Node) {
		for i, child := range rule.children {
			walk(child, s.m.And(path, s.m.Is(bring(rule.group), i+1)))
		}
		for _, r := range rule.collect {
			out = s.m.Or(out, s.m.And(path, requiredWhere(s.m, bring, r, id)))
		}
	}
	walk(p.prog.root, diagram.True)
	return out
}

// requiredWhere is where the requirement or one below it has the id.
func requiredWhere(m *diagram.Manager, bring func(diagram.Node) diagram.Node, r *requirementRule, id string) diagram.Node {
	here := diagram.True
	if r.when != nil {
		here = bring(r.when.root)
	}
	if r.atMost != nil {
		here = m.And(here, m.Not(m.Is(bring(r.atMost.root), 0)))
	}
	if r.requirement.ID == id || r.material != nil && r.material.material.ID == id {
		return here
	}
	below := diagram.False
	for _, child := range r.children {
		below = m.Or(below, requiredWhere(m, bring, child, id))
	}
	return m.And(here, below)
}

// unreachable is the cost of a branch that never becomes true.
const unreachable = 1 << 40

// nearest finds the fewest changes of known values, and choices for unknown ones,
// under which n is true. All open choices together count less than one change.
func nearest(m *diagram.Manager, n diagram.Node, levels []uint8) (choices []diagram.Choice, ok bool) {
	dear := len(levels) + 1
	price := func(level, value int) int {
		switch levels[level] {
		case uint8(value):
			return 0
		case diagram.Unknown:
			return 1
		}
		return dear
	}
	memo := map[diagram.Node]int{diagram.True: 0, diagram.False: unreachable}
	var cost func(diagram.Node) int
	cost = func(n diagram.Node) int {
		if c, ok := memo[n]; ok {
			return c
		}
		best, level := unreachable, m.Level(n)
		for v := range m.Levels()[level].Arity {
			best = min(best, price(level, v)+cost(m.Branch(n, v)))
		}
		memo[n] = best
		return best
	}
	if cost(n) >= unreachable {
		return nil, false
	}
	for n != diagram.True {
		level := m.Level(n)
		for v := range m.Levels()[level].Arity {
			below := m.Branch(n, v)
			if p := price(level, v); p+cost(below) == cost(n) {
				if p > 0 {
					choices = append(choices, diagram.Choice{Level: level, Value: v})
				}
				n = below
				break
			}
		}
	}
	return choices, true
}
