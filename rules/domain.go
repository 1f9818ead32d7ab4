package rules

import (
	"slices"

	"regain/rules/diagram"
)

// domain is the answers that can happen, as one constraint for each fact (it is
// asked exactly where its ask_when is true) and one for each impossible
// combination. Their conjunction can be large although each is small, so that
// only those are conjoined which bear on the question at hand.
type domain struct {
	layout     *layout
	askFacts   [][]int        // by fact: the facts that its ask_when reads
	constraint []diagram.Node // by fact; True when it is always asked
	exclusions []exclusion
}

// exclusion is a constraint that an impossible combination makes.
type exclusion struct {
	node  diagram.Node
	facts []bool // that bear on it, those that decide whether they are asked included
}

func newDomain(l *layout, askWhen []*condition) *domain {
	d := &domain{layout: l, askFacts: make([][]int, len(l.facts)), constraint: make([]diagram.Node, len(l.facts))}
	for i, c := range askWhen {
		d.constraint[i] = diagram.True
		if c != nil {
			d.askFacts[i] = c.facts
		}
	}
	return d
}

// exclude adds the constraint of an impossible combination of facts.
func (d *domain) exclude(node diagram.Node, facts []int) {
	bearing := make([]bool, len(d.askFacts))
	for _, i := range facts {
		d.add(bearing, i)
	}
	d.exclusions = append(d.exclusions, exclusion{node, bearing})
}

// add adds a fact with those that decide whether it is asked.
func (d *domain) add(facts []bool, i int) {
	if facts[i] {
		return
	}
	facts[i] = true
	for _, other := range d.askFacts[i] {
		d.add(facts, other)
	}
}

// around lists the facts whose constraints bear on a function of the levels.
func (d *domain) around(levels []int) []bool {
	facts := make([]bool, len(d.askFacts))
	for _, level := range levels {
		d.add(facts, d.layout.owner[level])
	}
	for again := true; again; {
		again = false
		for _, e := range d.exclusions {
			touches, inside := false, true
			for i, in := range e.facts {
				touches = touches || in && facts[i]
				inside = inside && (!in || facts[i])
			}
			if touches && !inside {
				again = true
				for i, in := range e.facts {
					facts[i] = facts[i] || in
				}
			}
		}
	}
	return facts
}

// conjoin conjoins the constraints of the facts; each passes through bring first.
func (d *domain) conjoin(m *diagram.Manager, facts []bool, bring func(diagram.Node) diagram.Node) diagram.Node {
	out := diagram.True
	for i, in := range facts {
		if in {
			out = m.And(out, bring(d.constraint[i]))
		}
	}
	for _, e := range d.exclusions {
		if i := slices.Index(e.facts, true); i >= 0 && facts[i] {
			out = m.And(out, bring(e.node))
		}
	}
	return out
}

// all are all facts.
func (d *domain) all() []bool { return slices.Repeat([]bool{true}, len(d.askFacts)) }

// brought is the domain with its constraints brought to another manager.
func (d *domain) brought(bring func(diagram.Node) diagram.Node) *domain {
	out := *d
	out.constraint, out.exclusions = slices.Clone(d.constraint), slices.Clone(d.exclusions)
	for _, n := range out.nodes() {
		*n = bring(*n)
	}
	return &out
}

// nodes gives the places of all constraints, for freezing.
func (d *domain) nodes() []*diagram.Node {
	var out []*diagram.Node
	for i := range d.constraint {
		out = append(out, &d.constraint[i])
	}
	for i := range d.exclusions {
		out = append(out, &d.exclusions[i].node)
	}
	return out
}

// unchanged brings nothing anywhere.
func unchanged(n diagram.Node) diagram.Node { return n }
