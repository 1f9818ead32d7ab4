package rules

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

var outcomes = []Outcome{Collect, SelfService, Administrator, Refuse, ContactSupport}

func (r *reader) readScenarios(top *mapping) {
	r.policy.scenarioByID = map[string]*Scenario{}
	r.prog.root = &scenarioRule{scenario: &Scenario{Notes: r.prog.notes}, handling: r.prog.handling, place: r.doc.at(top.node)}
	n := top.need("scenarios")
	if n == nil {
		return
	}
	r.prog.root.place = top.keyAt("scenarios")
	r.readGroup(n, "scenarios", r.prog.root)
	r.policy.roots = r.prog.root.scenario.Children
	for _, s := range r.policy.roots {
		s.Parent = nil
	}
	r.resolveWas()
}

// readGroup reads the children of a scenario.
func (r *reader) readGroup(n *yaml.Node, path string, parent *scenarioRule) {
	m := r.doc.mapping(n, path)
	if m == nil {
		return
	}
	m.each(func(key, value *yaml.Node, path string) {
		if !scenarioID.MatchString(key.Value) {
			r.doc.fault(key, "bad_id", "use small letters, digits, - and _", "%q cannot be the id of a scenario", key.Value)
		}
		s := &Scenario{ID: key.Value, Parent: parent.scenario}
		if _, twice := r.policy.scenarioByID[s.ID]; twice {
			r.doc.fault(key, "duplicate_id", "ids are unique in the whole file", "there is a scenario %q already", s.ID)
		}
		r.policy.scenarioByID[s.ID] = s
		r.policy.scenarios = append(r.policy.scenarios, s)
		rule := &scenarioRule{scenario: s, place: r.doc.at(key)}
		parent.children = append(parent.children, rule)
		parent.scenario.Children = append(parent.scenario.Children, s)
		if sm := r.doc.mapping(value, path); sm != nil {
			r.readScenario(rule, sm, parent)
		}
	})
	if len(parent.children) == 0 {
		r.doc.fault(n, "empty", "", "%s has no scenarios", lastStep(path))
	}
	r.checkOtherwise(parent)
}

func (r *reader) readScenario(rule *scenarioRule, m *mapping, parent *scenarioRule) {
	s := rule.scenario
	s.Title = r.needText(m, "title")
	s.Notes = append(slices.Clone(parent.scenario.Notes), r.notes(m, "notes")...)
	if was := m.get("was"); was != nil {
		s.Was = r.doc.words(was, "was", nil)
		r.wasNodes = append(r.wasNodes, wasNode{was, s})
	}
	if n := m.get("when"); n != nil {
		rule.cond = r.condition(r.doc, n, "when of "+s.ID)
		s.When = rule.cond.text
	}
	if n := m.get("otherwise"); n != nil {
		rule.otherwise = r.doc.boolean(n, "otherwise")
		s.Otherwise = rule.otherwise
		if rule.cond != nil {
			r.doc.fault(n, "contradiction", "keep one of the two", "%s has both when and otherwise", s.ID)
		}
	}
	rule.handling = r.readHandling(m, "handling", parent.handling)
	r.readOutcome(rule, m)
	m.finish()
}

// readOutcome reads the children or the outcome: exactly one of them.
func (r *reader) readOutcome(rule *scenarioRule, m *mapping) {
	s := rule.scenario
	given := 0
	for _, o := range outcomes {
		n := m.get(string(o))
		if !m.has(string(o)) {
			continue
		}
		given++
		s.Outcome = o
		if n == nil {
			continue
		}
		if o == Collect {
			path := join(m.path, "collect")
			ids := &requirementIDs{seen: map[string]bool{}, prefix: "collect", root: path}
			rule.collect = r.readCollect(n, path, ids)
			continue
		}
		s.Words = r.texts.read(r.doc, n, join(m.path, string(o)))
	}
	if n := m.get("scenarios"); m.has("scenarios") {
		given++
		if n != nil {
			r.readGroup(n, join(m.path, "scenarios"), rule)
		}
	}
	if given != 1 {
		rule.place.fault("scenario_outcome", "give exactly one of scenarios, collect, self_service, administrator, refuse and contact_support", "%s has %d of them", s.ID, given)
	}
}

// checkOtherwise allows one `otherwise` in a group and a missing condition only
// for an only child.
func (r *reader) checkOtherwise(parent *scenarioRule) {
	others := 0
	for _, c := range parent.children {
		if c.otherwise {
			others++
			if others > 1 {
				c.place.fault("contradiction", "", "a group has one otherwise at most")
			}
		}
		if !c.otherwise && c.cond == nil && len(parent.children) > 1 {
			c.place.fault("missing_key", "give the condition, or otherwise: true", "%s needs the key when", c.scenario.ID)
		}
	}
}

type wasNode struct {
	node     *yaml.Node
	scenario *Scenario
}

// resolveWas lets earlier ids find their scenario.
func (r *reader) resolveWas() {
	for _, w := range r.wasNodes {
		for _, old := range w.scenario.Was {
			if other, ok := r.policy.scenarioByID[old]; ok {
				r.doc.fault(w.node, "duplicate_id", "", "%q is an id of the scenario %s already", old, other.ID)
				continue
			}
			r.policy.scenarioByID[old] = w.scenario
		}
	}
}
