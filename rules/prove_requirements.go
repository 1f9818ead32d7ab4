package rules

import (
	"fmt"

	"regain/rules/diagram"
)

// collect proves the requirements of a scenario that is reached under care.
func (c *compiler) collect(s *scenarioRule, care diagram.Node) {
	if s.scenario.Outcome != Collect || c.dead {
		return
	}
	asked := diagram.False
	sound := true
	for _, r := range s.collect {
		present, ok := c.requirement(r, care)
		sound = sound && ok
		if !r.requirement.Optional {
			asked = c.m.Or(asked, present)
		}
	}
	nothing := c.m.And(care, c.m.Not(asked))
	if sound && c.happens(nothing) && len(s.collect) > 0 && !c.broken() {
		s.place.fault("nothing_asked", "give these answers a scenario of their own", "%s asks for nothing when %s", s.scenario.ID, c.witness(nothing))
	}
	for _, sel := range s.handling.selectors() {
		if _, ok := c.selectorCare[sel]; !ok {
			c.selectors = append(c.selectors, sel)
		}
		c.selectorCare[sel] = append(c.selectorCare[sel], care)
	}
	c.tooLarge(s.place, "the scenario "+s.scenario.ID)
}

// uses are the answers under which something is looked at, one entry for each place
// in the policy that uses it. Their union could be a large diagram.
type uses []diagram.Node

// narrow gives the uses that are left where n holds.
func (c *compiler) narrow(u uses, n diagram.Node) uses {
	var out uses
	for _, care := range u {
		if both := c.m.And(care, n); both != diagram.False {
			out = append(out, both)
		}
	}
	return out
}

// some gives a part of n that can happen in one of the uses.
func (c *compiler) some(u uses, n diagram.Node) (diagram.Node, bool) {
	for _, care := range u {
		if part := c.m.And(care, n); part != diagram.False && c.happens(part) {
			return part, true
		}
	}
	return diagram.False, false
}

// gate proves a condition: defined, and neither always nor never true in its uses.
// It gives where it is true, and false as second result when it has a fault of its
// own that makes all else guesswork.
func (c *compiler) gate(g *gate, u uses, fit diagram.Node, what string) (diagram.Node, bool) {
	if g == nil {
		return diagram.True, true
	}
	if g.cond.broken() {
		return diagram.True, false
	}
	t := c.kleene.truth(g.cond.formula)
	sound := true
	for _, care := range u {
		if c.defined(g.cond, t, care, what) != diagram.False {
			sound = false
			break
		}
	}
	if !c.broken() && sound && len(u) > 0 {
		if _, sometimes := c.some(u, t.yes); !sometimes {
			g.cond.at(0).fault("unreachable", "", "%s is never true here", what)
		} else if _, otherwise := c.some(u, c.m.Not(t.yes)); !otherwise {
			g.cond.at(0).fault("always_true", "remove the condition", "%s is always true here", what)
		}
	}
	g.root = c.fit(t.yes, fit)
	c.keep(&g.root)
	return t.yes, sound
}

// requirement proves one entry of collect and gives where it is asked.
func (c *compiler) requirement(r *requirementRule, care diagram.Node) (present diagram.Node, sound bool) {
	yes, sound := c.gate(r.when, uses{care}, care, "the condition of "+r.requirement.ID)
	inner := c.m.And(care, yes)
	if r.requirement.Kind == Item {
		return c.item(r, inner, yes, sound)
	}
	children := make([]diagram.Node, len(r.children))
	for i, child := range r.children {
		var ok bool
		children[i], ok = c.requirement(child, inner)
		sound = sound && ok
		if child.requirement.Optional && r.requirement.Kind != AllOf {
			child.place.fault("contradiction", "remove optional: the group says how many are needed", "%s cannot be optional within %s", child.requirement.ID, r.requirement.Kind)
		}
	}
	if r.requirement.Kind == AllOf {
		return c.m.And(yes, c.m.Or(children...)), sound
	}
	need := max(r.requirement.AtLeast, 1)
	if few := c.m.And(inner, c.m.Not(c.m.AtLeast(need, children...))); sound && c.happens(few) && !c.broken() {
		r.place.fault("too_few_children", "give the group a condition, or a child that is always there",
			"the group %s needs %d, and fewer are left when %s", r.requirement.Kind, need, c.witness(few))
	}
	return yes, sound
}

func (c *compiler) item(r *requirementRule, inner, yes diagram.Node, sound bool) (diagram.Node, bool) {
	present := yes
	if r.atMost != nil {
		some, ok := c.count(r, inner)
		present, sound = c.m.And(yes, some), sound && ok
	}
	where := c.m.And(inner, present)
	c.materialUses[r.material] = append(c.materialUses[r.material], where)
	for _, extra := range r.checks[len(r.material.checks):] {
		c.check(extra, uses{where})
	}
	return present, sound
}

// count compiles a limited count and gives where at least one is asked.
func (c *compiler) count(r *requirementRule, care diagram.Node) (some diagram.Node, sound bool) {
	fl := &c.layout.facts[c.layout.index[r.atMost.fact.ID]]
	if hole := c.m.And(care, c.kleene.asked(fl).no); c.happens(hole) && !c.broken() {
		r.atMost.place.fault("undefined", "ask the fact there", "at_most of %s reads %s, which is not asked when %s", r.requirement.ID, r.atMost.fact.ID, c.witness(hole))
		sound = false
	} else {
		sound = true
	}
	root := diagram.False
	for k, a := range r.atMost.atoms(r.requirement.Count) {
		atLeast := c.m.In(fl.first, fl.values(a)...)
		if k == 0 {
			some = atLeast
		}
		root = c.m.ITE(atLeast, diagram.Terminal(k+1), root)
	}
	r.atMost.root = c.fit(root, care)
	c.keep(&r.atMost.root)
	return some, sound
}

// proveMaterials proves the conditions inside materials, under all the answers
// that ask for them. Their diagrams are fitted to what can happen alone, because a
// reviewer may ask for a material in any scenario.
func (c *compiler) proveMaterials() {
	for _, m := range c.policy.materials {
		rule := c.prog.materials[m.ID]
		if c.dead {
			return
		}
		u := c.materialUses[rule]
		some := diagram.False
		for _, f := range rule.fields {
			what := fmt.Sprintf("of the field %s of %s", f.field.ID, m.ID)
			yes, _ := c.gate(f.when, u, diagram.True, "the condition "+what)
			some = c.m.Or(some, yes)
			inner := u
			if f.optionalWhen != nil {
				inner = c.narrow(u, yes)
			}
			c.gate(f.optionalWhen, inner, diagram.True, "optional_when "+what)
		}
		if len(rule.fields) > 0 {
			c.enough(rule.place, u, some, m.ID+" has no fields left")
		}
		for _, check := range rule.checks {
			c.check(check, u)
		}
		c.tooLarge(rule.place, "the material "+m.ID)
	}
}

// enough reports a group that is empty where none of its children is there.
func (c *compiler) enough(place at, u uses, some diagram.Node, what string) {
	if some == diagram.True || c.broken() {
		return
	}
	if none, empty := c.some(u, c.m.Not(some)); empty && !c.broken() {
		place.fault("too_few_children", "give the group a condition, or a child that is always there", "%s when %s", what, c.witness(none))
	}
}

// check proves one entry of checks and gives where it is there.
func (c *compiler) check(r *checkRule, u uses) diagram.Node {
	name := r.node.ID
	if name == "" {
		name = "a group of checks"
	}
	yes, sound := c.gate(r.when, u, diagram.True, "the condition of "+name)
	if r.choose == nil && len(r.children) == 0 {
		return yes
	}
	inner := u
	if r.when != nil {
		inner = c.narrow(u, yes)
	}
	if r.choose != nil {
		arms := c.selector(r.choose, inner)
		for i, child := range r.children {
			c.check(child, c.narrow(inner, arms[i]))
		}
		return yes
	}
	some := diagram.False
	for _, child := range r.children {
		some = c.m.Or(some, c.check(child, inner))
	}
	if sound {
		c.enough(r.place, inner, some, "no check of this group is left")
	}
	return yes
}

// proveSelectors proves the conditional values of handling.
func (c *compiler) proveSelectors() {
	for _, s := range c.selectors {
		if c.dead {
			return
		}
		c.selector(s, c.selectorCare[s])
		c.tooLarge(s.place, s.what)
	}
}

// selector proves that the arms of `choose` take everything in its uses, and gives
// where each arm is taken, the rest last.
func (c *compiler) selector(s *selector, u uses) []diagram.Node {
	var arms []diagram.Node
	left, sound := diagram.True, true
	for _, cond := range s.arms {
		if cond.broken() {
			arms, sound = append(arms, diagram.False), false
			continue
		}
		t := c.kleene.truth(cond.formula)
		for _, care := range c.narrow(u, left) {
			if sound = sound && c.defined(cond, t, care, "a condition of "+s.what) == diagram.False; !sound {
				break
			}
		}
		arm := c.m.And(left, t.yes)
		if _, taken := c.some(u, arm); sound && !taken && len(u) > 0 && !c.broken() {
			cond.at(0).fault("unreachable", "", "this choice of %s is never taken", s.what)
		}
		arms = append(arms, arm)
		left = c.m.And(left, c.m.Not(t.yes))
	}
	arms = append(arms, left)
	rest, more := c.some(u, left)
	switch {
	case !sound || c.broken() || len(u) == 0:
	case s.otherwise && !more:
		s.place.fault("unreachable", "remove it: the choices before take everything", "otherwise of %s is never taken", s.what)
	case !s.otherwise && more:
		s.place.fault("gap", "add otherwise", "%s has no value when %s", s.what, c.witness(rest))
	}
	s.root = c.fit(selectorRoot(c.m, s, arms), diagram.True)
	c.keep(&s.root)
	return arms
}

// selectorRoot is the diagram that gives the number of the arm. Without `otherwise`
// the last arm takes what cannot happen.
func selectorRoot(m *diagram.Manager, s *selector, arms []diagram.Node) diagram.Node {
	last := len(arms) - 1
	if !s.otherwise {
		last = max(last-1, 0)
	}
	root := diagram.Terminal(last)
	for i := last - 1; i >= 0; i-- {
		root = m.ITE(arms[i], diagram.Terminal(i), root)
	}
	return root
}
