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
	if sound && nothing != diagram.False && len(s.collect) > 0 && !c.broken() {
		s.place.fault("nothing_asked", "give these answers a scenario of their own", "%s asks for nothing when %s", s.scenario.ID, c.witness(nothing))
	}
	for _, sel := range s.handling.selectors() {
		if _, ok := c.selectorCare[sel]; !ok {
			c.selectors = append(c.selectors, sel)
		}
		c.selectorCare[sel] = c.m.Or(c.selectorCare[sel], care)
	}
	c.tooLarge(s.place, "the scenario "+s.scenario.ID)
}

// gate proves a condition: defined, and neither always nor never true within care.
// It gives where it is true, and false as second result when it has a fault of its
// own that makes all else guesswork.
func (c *compiler) gate(g *gate, care, fit diagram.Node, what string) (diagram.Node, bool) {
	if g == nil {
		return diagram.True, true
	}
	if g.cond.broken() {
		return diagram.True, false
	}
	t := c.kleene.truth(g.cond.formula)
	hole := c.defined(g.cond, t, care, what)
	if !c.broken() && hole == diagram.False {
		switch {
		case c.m.And(care, t.yes) == diagram.False:
			g.cond.at(0).fault("unreachable", "", "%s is never true here", what)
		case c.m.Always(t.yes, care):
			g.cond.at(0).fault("always_true", "remove the condition", "%s is always true here", what)
		}
	}
	g.root = c.m.Minimize(t.yes, fit)
	c.keep(&g.root)
	return t.yes, hole == diagram.False
}

// requirement proves one entry of collect and gives where it is asked.
func (c *compiler) requirement(r *requirementRule, care diagram.Node) (present diagram.Node, sound bool) {
	yes, sound := c.gate(r.when, care, care, "the condition of "+r.requirement.ID)
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
	if few := c.m.And(inner, c.m.Not(c.m.AtLeast(need, children...))); few != diagram.False && sound && !c.broken() {
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
	c.materialCare[r.material] = c.m.Or(c.materialCare[r.material], where)
	for _, extra := range r.checks[len(r.material.checks):] {
		c.check(extra, where, c.domain)
	}
	return present, sound
}

// count compiles a limited count and gives where at least one is asked.
func (c *compiler) count(r *requirementRule, care diagram.Node) (some diagram.Node, sound bool) {
	fl := &c.layout.facts[c.layout.index[r.atMost.fact.ID]]
	if hole := c.m.And(care, c.kleene.asked(fl).no); hole != diagram.False && !c.broken() {
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
	r.atMost.root = c.m.Minimize(root, care)
	c.keep(&r.atMost.root)
	return some, sound
}

// proveMaterials proves the conditions inside materials, under all the answers
// that ask for them. Their diagrams are fitted to the domain alone, because a
// reviewer may ask for a material in any scenario.
func (c *compiler) proveMaterials() {
	for _, m := range c.policy.materials {
		rule := c.prog.materials[m.ID]
		care, used := c.materialCare[rule]
		if !used || care == diagram.False {
			care = c.domain
		}
		if c.dead {
			return
		}
		some := diagram.False
		for _, f := range rule.fields {
			what := fmt.Sprintf("of the field %s of %s", f.field.ID, m.ID)
			yes, _ := c.gate(f.when, care, c.domain, "the condition "+what)
			some = c.m.Or(some, yes)
			c.gate(f.optionalWhen, c.m.And(care, yes), c.domain, "optional_when "+what)
		}
		if none := c.m.And(care, c.m.Not(some)); len(rule.fields) > 0 && none != diagram.False && !c.broken() {
			rule.place.fault("too_few_children", "", "%s has no fields left when %s", m.ID, c.witness(none))
		}
		for _, check := range rule.checks {
			c.check(check, care, c.domain)
		}
		c.tooLarge(rule.place, "the material "+m.ID)
	}
}

// check proves one entry of checks and gives where it is there.
func (c *compiler) check(r *checkRule, care, fit diagram.Node) diagram.Node {
	name := r.node.ID
	if name == "" {
		name = "a group of checks"
	}
	yes, sound := c.gate(r.when, care, fit, "the condition of "+name)
	inner := c.m.And(care, yes)
	if r.choose != nil {
		arms := c.selector(r.choose, inner, fit)
		for i, child := range r.children {
			c.check(child, c.m.And(inner, arms[i]), fit)
		}
		return yes
	}
	if len(r.children) == 0 {
		return yes
	}
	some := diagram.False
	for _, child := range r.children {
		some = c.m.Or(some, c.check(child, inner, fit))
	}
	if none := c.m.And(inner, c.m.Not(some)); sound && none != diagram.False && !c.broken() {
		r.place.fault("too_few_children", "give the group a condition, or a child that is always there", "no check of this group is left when %s", c.witness(none))
	}
	return yes
}

// proveSelectors proves the conditional values of handling.
func (c *compiler) proveSelectors() {
	for _, s := range c.selectors {
		if c.dead {
			return
		}
		c.selector(s, c.selectorCare[s], c.selectorCare[s])
		c.tooLarge(s.place, s.what)
	}
}

// selector proves that the arms of `choose` take everything in care, and gives
// where each arm is taken.
func (c *compiler) selector(s *selector, care, fit diagram.Node) []diagram.Node {
	var arms []diagram.Node
	rest, sound := care, true
	for _, cond := range s.arms {
		if cond.broken() {
			arms, sound = append(arms, diagram.True), false
			continue
		}
		t := c.kleene.truth(cond.formula)
		sound = c.defined(cond, t, rest, "a condition of "+s.what) == diagram.False && sound
		if sound && c.m.And(rest, t.yes) == diagram.False && !c.broken() {
			cond.at(0).fault("unreachable", "", "this choice of %s is never taken", s.what)
		}
		arms = append(arms, c.m.And(rest, t.yes))
		rest = c.m.And(rest, c.m.Not(t.yes))
	}
	arms = append(arms, rest)
	switch {
	case !sound || c.broken():
	case s.otherwise && rest == diagram.False:
		s.place.fault("unreachable", "remove it: the choices before take everything", "otherwise of %s is never taken", s.what)
	case !s.otherwise && rest != diagram.False:
		s.place.fault("gap", "add otherwise", "%s has no value when %s", s.what, c.witness(rest))
	}
	root := diagram.Terminal(max(len(s.arms), 0))
	if !s.otherwise {
		root = diagram.Terminal(max(len(s.arms)-1, 0))
	}
	for i := len(s.arms) - 1; i >= 0; i-- {
		if !s.arms[i].broken() {
			root = c.m.ITE(c.kleene.truth(s.arms[i].formula).yes, diagram.Terminal(i), root)
		}
	}
	s.root = c.m.Minimize(root, fit)
	c.keep(&s.root)
	return arms
}
