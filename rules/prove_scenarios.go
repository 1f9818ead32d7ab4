package rules

import "regain/rules/diagram"

// group proves that the children of a scenario divide care, the answers under
// which the scenario is reached, without gap and overlap; then what is below them.
func (c *compiler) group(parent *scenarioRule, care diagram.Node) {
	if len(parent.children) == 0 || c.dead {
		return
	}
	for _, child := range parent.children {
		if child.cond.broken() || !child.otherwise && child.cond == nil && len(parent.children) > 1 {
			return // reported already, and nothing can be said about the group
		}
	}
	arms := make([]diagram.Node, len(parent.children))
	taken, undefined := diagram.False, diagram.False
	for i, child := range parent.children {
		if child.otherwise {
			continue
		}
		t := truth{diagram.True, diagram.False}
		if child.cond != nil {
			t = c.kleene.truth(child.cond.formula)
			undefined = c.m.Or(undefined, c.defined(child.cond, t, care, "the condition of "+child.scenario.ID))
			c.usual(child, t, care, len(parent.children))
		}
		arms[i] = t.yes
		c.overlap(parent, arms, i, care, taken)
		taken = c.m.Or(taken, t.yes)
	}
	c.otherwise(parent, arms, care, taken, undefined)
	if c.tooLarge(parent.place, "the group "+groupName(parent)) {
		return
	}
	parent.group = c.fit(c.m.Case(arms, diagram.False), care)
	c.keep(&parent.group)
	for i, child := range parent.children {
		below := c.m.And(care, arms[i])
		if !c.happens(below) {
			continue // unreachable, and reported
		}
		c.group(child, below)
		c.collect(child, below)
	}
}

func groupName(s *scenarioRule) string {
	if s.scenario.ID == "" {
		return "of top scenarios"
	}
	return s.scenario.ID
}

// defined proves that a condition has a value everywhere in care; it gives where
// it has none.
func (c *compiler) defined(cond *condition, t truth, care diagram.Node, what string) diagram.Node {
	value := c.m.Or(t.yes, t.no)
	hole := c.m.And(c.within(care, value), c.m.Not(value))
	if hole != diagram.False && !c.broken() {
		cond.at(0).fault("undefined", "test asked(…) first, or ask the fact there", "%s reads a fact that is not asked when %s", what, c.witness(hole))
	}
	return hole
}

// usual reports a scenario that is never reached, or that leaves nothing to its
// siblings.
func (c *compiler) usual(child *scenarioRule, t truth, care diagram.Node, siblings int) {
	if c.broken() {
		return
	}
	_, literal := child.cond.formula.(constant)
	switch {
	case !c.happens(c.m.And(care, t.yes)):
		child.cond.at(0).fault("unreachable", "", "%s is never reached", child.scenario.ID)
	case c.always(t.yes, care) && !(literal && siblings == 1):
		child.cond.at(0).fault("always_true", "remove the condition, or the other scenarios", "the condition of %s is always true here", child.scenario.ID)
	}
}

// overlap reports each earlier sibling that takes some of the same answers.
func (c *compiler) overlap(parent *scenarioRule, arms []diagram.Node, i int, care, taken diagram.Node) {
	mine := c.m.And(care, arms[i])
	if !c.happens(c.m.And(mine, taken)) || c.broken() {
		return
	}
	for j := range i {
		both := c.m.And(mine, arms[j])
		if !c.happens(both) || c.broken() {
			continue
		}
		child, other := parent.children[i], parent.children[j]
		place := child.place
		if child.cond != nil {
			place = child.cond.at(0)
		}
		place.fault("overlap", "", "%s and %s both apply when %s (%s)", other.scenario.ID, child.scenario.ID, c.witness(both), c.combinations(both))
	}
}

// otherwise fills in the arm of `otherwise`, or reports what no sibling takes.
func (c *compiler) otherwise(parent *scenarioRule, arms []diagram.Node, care, taken, undefined diagram.Node) {
	left := c.within(c.m.And(care, c.m.Not(c.m.Or(taken, undefined))))
	for i, child := range parent.children {
		if !child.otherwise {
			continue
		}
		arms[i] = c.m.Not(taken)
		if left == diagram.False && !c.broken() {
			child.place.fault("unreachable", "remove it: its siblings take everything", "%s is never reached", child.scenario.ID)
		}
		return
	}
	if left != diagram.False && !c.broken() {
		parent.place.fault("gap", "add a scenario for it, or say under impossible that it cannot happen",
			"%s has no scenario when %s (%s)", gapName(parent), c.witness(left), c.combinations(left))
	}
}

func gapName(s *scenarioRule) string {
	if s.scenario.ID == "" {
		return "the policy"
	}
	return s.scenario.ID
}

// broken says that results mean nothing any more; tooLarge reports it.
func (c *compiler) broken() bool { return c.m.Err() != nil }
