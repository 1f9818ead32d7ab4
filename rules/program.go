package rules

// eachCondition calls f with every condition of the policy; some may be nil, and
// some come more than once.
func (g *program) eachCondition(f func(*condition)) {
	for _, c := range g.askWhen {
		f(c)
	}
	for _, c := range g.named {
		f(c)
	}
	for _, rule := range g.impossible {
		f(rule.cond)
	}
	gateCondition := func(gt *gate) {
		if gt != nil {
			f(gt.cond)
		}
	}
	for _, m := range g.materials {
		for _, field := range m.fields {
			gateCondition(field.when)
			gateCondition(field.optionalWhen)
		}
		eachCheckCondition(m.checks, f)
	}
	g.eachRequirement(func(r *requirementRule) {
		gateCondition(r.when)
		eachCheckCondition(r.checks, f)
	})
	g.eachScenario(func(s *scenarioRule) {
		f(s.cond)
		for _, sel := range s.handling.selectors() {
			for _, c := range sel.arms {
				f(c)
			}
		}
	})
}

func eachCheckCondition(checks []*checkRule, f func(*condition)) {
	for _, c := range checks {
		if c.when != nil {
			f(c.when.cond)
		}
		if c.choose != nil {
			for _, arm := range c.choose.arms {
				f(arm)
			}
		}
		eachCheckCondition(c.children, f)
	}
}

// eachScenario calls f for the root and every scenario, parents first.
func (g *program) eachScenario(f func(*scenarioRule)) {
	var walk func(*scenarioRule)
	walk = func(s *scenarioRule) {
		f(s)
		for _, c := range s.children {
			walk(c)
		}
	}
	walk(g.root)
}

// eachRequirement calls f for every entry of collect, groups first.
func (g *program) eachRequirement(f func(*requirementRule)) {
	g.eachScenario(func(s *scenarioRule) {
		walkRequirements(s.collect, f)
	})
}

func walkRequirements(rules []*requirementRule, f func(*requirementRule)) {
	for _, r := range rules {
		f(r)
		walkRequirements(r.children, f)
	}
}

// selectors gives the conditional values of the block.
func (h *handlingRule) selectors() []*selector {
	if h == nil {
		return nil
	}
	var out []*selector
	for _, s := range []*selector{
		h.requestMethod.by, h.reviewWithin.by, h.customerDeadline.by, h.waitingPeriod.by, h.approvals.by, h.distinctRoles.by, h.restore.by, h.retention.by,
	} {
		if s != nil {
			out = append(out, s)
		}
	}
	return out
}
