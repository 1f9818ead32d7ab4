package rules

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"regain/rules/diagram"
)

// Difference is a part of all answers under which two policies decide otherwise.
type Difference struct {
	// What is "scenario", "outcome", "material", "count" or "approvals".
	What string `json:"what"`
	// ID is the requirement's, for materials and counts.
	ID string `json:"id,omitempty"`
	// Old and New are what the policies say; empty is nothing.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
	// When is a smallest example of the answers.
	When string `json:"when"`
	// Combinations is how many answers of the facts that bear on it are concerned.
	Combinations *big.Int `json:"combinations"`
	// OldScenario and NewScenario are the scenarios that the answers lead to.
	OldScenario string `json:"old_scenario"`
	NewScenario string `json:"new_scenario"`
}

// Comparison is what changed between two policies.
type Comparison struct {
	// AddedFacts and RemovedFacts are questions of one policy only.
	AddedFacts   []string     `json:"added_facts,omitempty"`
	RemovedFacts []string     `json:"removed_facts,omitempty"`
	Differences  []Difference `json:"differences,omitempty"`
}

// Compare finds every part of the answers under which two policies decide
// otherwise: pairs of scenarios that meet, with what each asks there. Facts are
// merged by id, their values and thresholds put together; answers that one of the
// two calls impossible are left out. The error says that the policies are too
// large or too different (a fact changed its type) to be compared.
func Compare(before, after *Policy) (Comparison, error) {
	facts, out, err := mergeFacts(before, after)
	if err != nil {
		return out, err
	}
	atoms := append(before.prog.atoms(), after.prog.atoms()...)
	l, err := newLayout(facts, make([]*condition, len(facts)), atoms)
	if err != nil {
		return out, fmt.Errorf("compare policies: %w", err)
	}
	m := diagram.New(l.levels, maxNodes)
	s := newSpace(m, l, newDomain(l, make([]*condition, len(facts))))
	c := comparer{space: s, old: newSide(s, before), new: newSide(s, after)}
	c.compare()
	if m.Err() != nil {
		return out, fmt.Errorf("compare policies: %w", m.Err())
	}
	out.Differences = c.found
	return out, nil
}

// mergeFacts puts the facts of both policies together, in the order of the new one.
func mergeFacts(before, after *Policy) ([]*Fact, Comparison, error) {
	var out Comparison
	var facts []*Fact
	for _, f := range after.facts {
		merged := *f
		other := before.Fact(f.ID)
		facts = append(facts, &merged)
		if other == nil {
			out.AddedFacts = append(out.AddedFacts, f.ID)
			continue
		}
		if other.Type != f.Type {
			return nil, out, errors.New("compare policies: " + f.ID + " changed its type")
		}
		merged.Values = slices.Clone(f.Values)
		for _, v := range other.Values {
			if _, ok := f.Value(v.ID); !ok {
				merged.Values = append(merged.Values, v)
			}
		}
		merged.Min, merged.Max, merged.MinDate, merged.MaxDate = nil, nil, "", ""
	}
	for _, f := range before.facts {
		if after.Fact(f.ID) == nil {
			out.RemovedFacts = append(out.RemovedFacts, f.ID)
			facts = append(facts, f)
		}
	}
	return facts, out, nil
}

// side is one of the two policies, over the merged levels. Levels hold what would
// be answered; whether a fact is asked at all each policy says itself.
type side struct {
	policy   *Policy
	k        *kleene
	leaves   []*scenarioRule
	paths    []diagram.Node
	possible diagram.Node
}

func newSide(s *space, p *Policy) *side {
	d := &side{policy: p, possible: diagram.True}
	d.k = &kleene{m: s.m, l: s.layout, memo: map[formula]truth{}, askedBy: func(f *Fact) formula {
		if i, ok := p.factIndex[f.ID]; ok && p.prog.askWhen[i] != nil {
			return p.prog.askWhen[i].formula
		}
		return constant(true)
	}}
	for _, rule := range p.prog.impossible {
		d.possible = s.m.And(d.possible, s.m.Not(d.k.truth(rule.cond.formula).yes))
	}
	d.walk(p.prog.root, diagram.True)
	return d
}

func (d *side) walk(rule *scenarioRule, path diagram.Node) {
	if len(rule.children) == 0 {
		d.leaves, d.paths = append(d.leaves, rule), append(d.paths, path)
		return
	}
	taken := diagram.False
	for _, child := range rule.children {
		if !child.otherwise {
			taken = d.k.m.Or(taken, d.yes(child.cond))
		}
	}
	for _, child := range rule.children {
		here := d.k.m.Not(taken)
		if !child.otherwise {
			here = d.yes(child.cond)
		}
		d.walk(child, d.k.m.And(path, here))
	}
}

// yes is where a condition is true; everywhere if there is none.
func (d *side) yes(c *condition) diagram.Node {
	if c == nil {
		return diagram.True
	}
	return d.k.truth(c.formula).yes
}

// counts gives the count of each item of a scenario as a diagram.
func (d *side) counts(leaf *scenarioRule) map[string]diagram.Node {
	out := map[string]diagram.Node{}
	var walk func(rules []*requirementRule, there diagram.Node)
	walk = func(rules []*requirementRule, there diagram.Node) {
		for _, r := range rules {
			here := there
			if r.when != nil {
				here = d.k.m.And(here, d.yes(r.when.cond))
			}
			walk(r.children, here)
			if r.requirement.Kind != Item {
				continue
			}
			count := diagram.Terminal(r.requirement.Count)
			if r.atMost != nil {
				count = diagram.False
				for k, a := range r.atMost.atoms(r.requirement.Count) {
					count = d.k.m.ITE(d.k.truth(a).yes, diagram.Terminal(k+1), count)
				}
			}
			out[r.requirement.ID] = d.k.m.ITE(here, count, diagram.False)
		}
	}
	walk(leaf.collect, diagram.True)
	return out
}

// approvals gives the approvals of a scenario as a diagram.
func (d *side) approvals(leaf *scenarioRule) diagram.Node {
	h := leaf.handling.approvals
	if leaf.scenario.Outcome != Collect {
		return diagram.False
	}
	if !h.set {
		return diagram.Terminal(1)
	}
	out := diagram.Terminal(h.values[len(h.values)-1])
	if h.by == nil {
		return out
	}
	for i := len(h.by.arms) - 1; i >= 0; i-- {
		out = d.k.m.ITE(d.yes(h.by.arms[i]), diagram.Terminal(h.values[i]), out)
	}
	return out
}

// comparer compares two sides.
type comparer struct {
	*space
	old, new *side
	found    []Difference
}

func (c *comparer) compare() {
	possible := c.m.And(c.old.possible, c.new.possible)
	for i, before := range c.old.leaves {
		left := c.m.And(possible, c.old.paths[i])
		for j, after := range c.new.leaves {
			region := c.m.And(left, c.new.paths[j])
			if region == diagram.False || c.m.Err() != nil {
				continue
			}
			c.pair(region, before, after)
		}
	}
}

// pair compares what two scenarios ask where both are reached.
func (c *comparer) pair(region diagram.Node, before, after *scenarioRule) {
	a, b := before.scenario, after.scenario
	note := func(d Difference, where diagram.Node) {
		d.OldScenario, d.NewScenario = a.ID, b.ID
		d.When, d.Combinations = c.witness(where), c.count(where)
		c.found = append(c.found, d)
	}
	if a.ID != b.ID && !slices.Contains(b.Was, a.ID) {
		note(Difference{What: "scenario", Old: a.ID, New: b.ID}, region)
	}
	if a.Outcome != b.Outcome {
		note(Difference{What: "outcome", Old: string(a.Outcome), New: string(b.Outcome)}, region)
	}
	c.values(region, c.old.approvals(before), c.new.approvals(after), func(x, y int, where diagram.Node) {
		if x > 0 && y > 0 {
			note(Difference{What: "approvals", Old: fmt.Sprint(x), New: fmt.Sprint(y)}, where)
		}
	})
	olds, news := c.old.counts(before), c.new.counts(after)
	all := maps.Clone(olds)
	maps.Copy(all, news)
	for _, id := range slices.SortedFunc(maps.Keys(all), strings.Compare) {
		c.values(region, olds[id], news[id], func(x, y int, where diagram.Node) {
			what := "count"
			if x == 0 || y == 0 {
				what = "material"
			}
			note(Difference{What: what, ID: id, Old: orNothing(x), New: orNothing(y)}, where)
		})
	}
}

func orNothing(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// values calls f for each pair of different numbers that two diagrams give within
// region. A missing diagram is the zero node, which gives 0.
func (c *comparer) values(region, old, new diagram.Node, f func(x, y int, where diagram.Node)) {
	for _, x := range terminals(c.m, old) {
		here := c.m.And(region, c.m.Is(old, x))
		for _, y := range terminals(c.m, new) {
			if x == y {
				continue
			}
			if where := c.m.And(here, c.m.Is(new, y)); where != diagram.False {
				f(x, y, where)
			}
		}
	}
}

// terminals lists the numbers that a diagram can give, in rising order.
func terminals(m *diagram.Manager, n diagram.Node) []int {
	seen := map[diagram.Node]bool{}
	var out []int
	var visit func(diagram.Node)
	visit = func(n diagram.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		if n.IsTerminal() {
			out = append(out, n.Value())
			return
		}
		for v := range m.Levels()[m.Level(n)].Arity {
			visit(m.Branch(n, v))
		}
	}
	visit(n)
	slices.Sort(out)
	return out
}
