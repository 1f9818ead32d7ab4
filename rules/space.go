package rules

import (
	"math/big"

	"regain/rules/diagram"
)

// space is diagrams together with what can happen: proofs and examples are made
// in it.
type space struct {
	m      *diagram.Manager
	layout *layout
	domain *domain
	memo   map[string]diagram.Node // conjoined constraints by facts
}

func newSpace(m *diagram.Manager, l *layout, d *domain) *space {
	return &space{m: m, layout: l, domain: d, memo: map[string]diagram.Node{}}
}

// facts lists the facts that bear on the functions.
func (s *space) facts(of ...diagram.Node) []bool {
	var levels []int
	for _, n := range of {
		levels = append(levels, s.m.Support(n)...)
	}
	return s.domain.around(levels)
}

// can is what can happen, as far as it bears on the functions.
func (s *space) can(of ...diagram.Node) diagram.Node {
	facts := s.facts(of...)
	key := make([]byte, len(facts))
	for i, in := range facts {
		if in {
			key[i] = 1
		}
	}
	if n, ok := s.memo[string(key)]; ok {
		return n
	}
	n := s.domain.conjoin(s.m, facts, unchanged)
	s.memo[string(key)] = n
	return n
}

// within is care as far as it can happen, with all that bears on the functions.
func (s *space) within(care diagram.Node, of ...diagram.Node) diagram.Node {
	return s.m.And(care, s.can(append(of, care)...))
}

// happens says whether n can be true.
func (s *space) happens(n diagram.Node) bool { return s.within(n) != diagram.False }

// always says whether f holds everywhere in care that can happen.
func (s *space) always(f, care diagram.Node) bool { return s.m.Always(f, s.within(care, f)) }

// fit makes n small, given that only care and what can happen matter.
func (s *space) fit(n, care diagram.Node) diagram.Node { return s.m.Minimize(n, s.within(care, n)) }

// count is the number of combinations under which n is true, of the facts that bear
// on it.
func (s *space) count(n diagram.Node) *big.Int {
	n = s.within(n)
	total := s.m.Count(n)
	bearing := s.facts(n)
	for level, l := range s.layout.levels {
		if !bearing[s.layout.owner[level]] {
			total.Div(total, big.NewInt(int64(l.Arity)))
		}
	}
	return total
}
