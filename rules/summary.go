package rules

import (
	"math/big"

	"regain/rules/diagram"
)

// Summary is what a check of a sound policy has to say.
type Summary struct {
	// Combinations is the number of complete answers that can happen, counting
	// answers that no condition tells apart as one. It is nil when the diagram of all
	// of them grows too large.
	Combinations *big.Int
	// Nodes is the size of all diagrams that decisions walk.
	Nodes int
	// Shares are the scenarios, parents first; none when Combinations is nil.
	Shares []Share
	// UnusedMaterials and UnusedChecks are in the catalogue, and no scenario asks for
	// them; UnusedFacts are never asked, because nothing depends on them.
	UnusedMaterials, UnusedChecks, UnusedFacts []string
}

// Share is how much of all answers a scenario takes.
type Share struct {
	Scenario     *Scenario
	Combinations *big.Int
	// Takes describes the answers that an `otherwise` takes, at most a few of them.
	Takes []string
}

// Summary counts what the policy covers. It builds diagrams and takes
// milliseconds: it is for checks, not for decisions.
func (p *Policy) Summary() Summary {
	m, bring := p.frozen.Manager(maxNodes)
	e := newSpace(m, p.layout, p.domain.brought(bring))
	s := Summary{Nodes: p.nodes}
	p.unused(&s)
	all := e.domain.conjoin(m, e.domain.all(), unchanged)
	if m.Err() != nil {
		return s
	}
	s.Combinations = m.Count(all)
	var walk func(rule *scenarioRule, care diagram.Node)
	walk = func(rule *scenarioRule, care diagram.Node) {
		for i, child := range rule.children {
			region := m.And(care, m.Is(bring(rule.group), i+1))
			share := Share{Scenario: child.scenario, Combinations: m.Count(region)}
			if child.otherwise {
				share.Takes = e.regions(region, care)
			}
			s.Shares = append(s.Shares, share)
			walk(child, region)
		}
	}
	walk(p.prog.root, all)
	if m.Err() != nil {
		s.Shares = nil
	}
	return s
}

const maxRegions = 8

// regions describes the parts of a region within care.
func (s *space) regions(region, care diagram.Node) []string {
	var out []string
	s.m.Paths(s.m.Minimize(region, care), func(path []diagram.Choice, terminal diagram.Node) bool {
		if terminal == diagram.True && s.m.FixChoices(care, path) != diagram.False {
			out = append(out, s.describe(path))
		}
		return len(out) < maxRegions
	})
	return out
}

func (p *Policy) unused(s *Summary) {
	checks := map[string]bool{}
	var mark func([]*checkRule)
	mark = func(rules []*checkRule) {
		for _, c := range rules {
			checks[c.node.ID] = true
			mark(c.children)
		}
	}
	for _, m := range p.materials {
		mark(p.prog.materials[m.ID].checks)
		if !p.prog.materials[m.ID].used {
			s.UnusedMaterials = append(s.UnusedMaterials, m.ID)
		}
	}
	facts := map[int]bool{}
	p.prog.eachCondition(func(c *condition) {
		if c != nil {
			for _, i := range c.facts {
				facts[i] = true
			}
		}
	})
	p.prog.eachRequirement(func(r *requirementRule) {
		mark(r.checks)
		if r.atMost != nil {
			facts[p.factIndex[r.atMost.fact.ID]] = true
		}
	})
	for _, c := range p.checks {
		if !checks[c.ID] {
			s.UnusedChecks = append(s.UnusedChecks, c.ID)
		}
	}
	for i, f := range p.facts {
		if !facts[i] {
			s.UnusedFacts = append(s.UnusedFacts, f.ID)
		}
	}
}
