package rules

import (
	"slices"

	"regain/rules/diagram"
)

// requirements fills in the requirements of a scenario: those that are certain.
func (v *view) requirements(s *scenarioRule) []Requirement {
	w := newReasons(v, s)
	return v.list(s.collect, w, nil)
}

func (v *view) list(rules []*requirementRule, w *reasons, above []diagram.Node) []Requirement {
	var out []Requirement
	for _, r := range rules {
		if req, ok := v.requirement(r, w, above); ok {
			out = append(out, req)
		}
	}
	return out
}

// requirement fills in one requirement; ok is false when it is not asked or not
// certain. above are the conditions of the groups that it lies in.
func (v *view) requirement(r *requirementRule, w *reasons, above []diagram.Node) (req Requirement, ok bool) {
	there, certain := v.gate(r.when)
	if !certain {
		v.openRequirement(r)
		return req, false
	}
	if !there {
		return req, false
	}
	if r.when != nil {
		above = append(slices.Clip(above), r.when.root)
	}
	req = r.requirement
	if r.atMost != nil {
		count, settled := v.eval(r.atMost.root)
		if !settled || count == 0 {
			if !settled {
				v.openRequirement(r)
			}
			return req, false
		}
		req.Count = count
		above = append(slices.Clip(above), r.atMost.root)
	}
	if req.Kind != Item {
		if req.Children = v.list(r.children, w, above); len(req.Children) == 0 {
			return req, false
		}
	} else {
		req.Fields = v.fields(r.material)
		req.Checks = v.checks(r.checks)
	}
	req.Why = []Reason{w.of(above)}
	return req, true
}

// fields fills in the live fields of a statement.
func (v *view) fields(m *materialRule) []Field {
	var out []Field
	for _, rule := range m.fields {
		if there, certain := v.gate(rule.when); !there || !certain {
			if !certain {
				v.unsettled().maybe(rule.optionalWhen, v.open)
			}
			continue
		}
		f := rule.field
		if rule.optionalWhen != nil {
			f.Optional, _ = v.gate(rule.optionalWhen)
		}
		out = append(out, f)
	}
	return out
}

// checks fills in the live checks.
func (v *view) checks(rules []*checkRule) []CheckNode {
	var out []CheckNode
	for _, c := range rules {
		if node, ok := v.check(c); ok {
			out = append(out, node)
		}
	}
	return out
}

func (v *view) check(c *checkRule) (CheckNode, bool) {
	there, certain := v.gate(c.when)
	if !certain {
		v.openCheck(c)
		return CheckNode{}, false
	}
	if !there {
		return CheckNode{}, false
	}
	if c.choose != nil {
		i := v.selected(c.choose)
		if i < 0 {
			v.openCheck(c)
			return CheckNode{}, false
		}
		return v.check(c.children[i])
	}
	node := c.node
	if len(c.children) > 0 {
		node.Children = v.checks(c.children)
		return node, len(node.Children) > 0
	}
	return node, true
}

// handling fills in the values of handling that are certain.
func (v *view) handling(h *handlingRule) Handling {
	out := Handling{
		RequestMethod:    pick(v, h.requestMethod),
		ReviewWithin:     pick(v, h.reviewWithin),
		CustomerDeadline: pick(v, h.customerDeadline),
		WaitingPeriod:    pick(v, h.waitingPeriod),
		Approvals:        pick(v, h.approvals),
		DistinctRoles:    pick(v, h.distinctRoles),
		Restore:          pick(v, h.restore),
		Retention:        pick(v, h.retention),
	}
	if !h.approvals.set {
		out.Approvals = 1
	}
	return out
}

func pick[T any](v *view, c chosen[T]) T {
	var none T
	if !c.set || len(c.values) == 0 {
		return none
	}
	i := v.selected(c.by)
	if i < 0 || i >= len(c.values) {
		return none
	}
	return c.values[i]
}

// RequirementFor fills in a material as a requirement of its own, for a reviewer
// who asks for more from the catalogue. ok is false when there is no such material.
func (p *Policy) RequirementFor(a Answers, material string) (req Requirement, ok bool) {
	m := p.prog.materials[material]
	if m == nil {
		return Requirement{}, false
	}
	if a.levels == nil {
		a = p.normalise(make([]any, len(p.facts)))
	}
	v := &view{p: p, a: a, open: make([]bool, len(a.levels)), next: len(a.levels)}
	defer v.release()
	return Requirement{
		ID: material, Kind: Item, Material: m.material, Label: m.material.Label, Guidance: m.material.Guidance, Count: 1,
		From: m.material.From, ReadOff: m.readOff, Fields: v.fields(m), Checks: v.checks(m.checks),
	}, true
}
