package rules

import (
	"maps"
	"time"

	"go.yaml.in/yaml/v3"
)

type (
	length    = time.Duration
	retention = map[string]time.Duration
)

var restorable = []string{"replace_phone", "replace_email", "reset_password", "reset_second_factor"}

// readHandling reads a handling block; values that it does not set come from above.
func (r *reader) readHandling(parent *mapping, key string, above *handlingRule) *handlingRule {
	h := &handlingRule{}
	if above != nil {
		*h = *above
	}
	n := parent.get(key)
	if n == nil {
		return h
	}
	m := r.doc.mapping(n, join(parent.path, key))
	if m == nil {
		return h
	}
	d := r.doc
	read(r, m, "request_method", &h.requestMethod, d.str)
	read(r, m, "review_within", &h.reviewWithin, d.duration)
	read(r, m, "customer_deadline", &h.customerDeadline, d.length)
	read(r, m, "waiting_period", &h.waitingPeriod, d.length)
	read(r, m, "approvals", &h.approvals, func(n *yaml.Node, what string) int { return int(d.integer(n, what, 1, 9)) })
	read(r, m, "distinct_roles", &h.distinctRoles, func(n *yaml.Node, what string) []string {
		return d.words(n, what, []string{"reviewer", "lead", "auditor", "policy_author", "admin"})
	})
	read(r, m, "restore", &h.restore, func(n *yaml.Node, what string) []string { return d.words(n, what, restorable) })
	inherited := retention{}
	if len(h.retention.values) == 1 {
		maps.Copy(inherited, h.retention.values[0])
	}
	read(r, m, "retention", &h.retention, func(n *yaml.Node, what string) retention { return r.readRetention(n, what, inherited) })
	m.finish()
	return h
}

func (r *reader) readRetention(n *yaml.Node, what string, above retention) retention {
	out := maps.Clone(above)
	m := r.doc.mapping(n, what)
	if m == nil {
		return out
	}
	for _, end := range []string{"approved", "denied", "abandoned"} {
		if v := m.get(end); v != nil {
			out[end] = r.doc.length(v, end)
		}
	}
	m.finish()
	return out
}

// read reads one value of handling, plain or chosen by conditions.
func read[T any](r *reader, m *mapping, key string, into *chosen[T], value func(n *yaml.Node, what string) T) {
	n := m.get(key)
	if n == nil {
		return
	}
	path := join(m.path, key)
	*into = chosen[T]{set: true}
	if !isChoose(n) {
		into.values = []T{value(n, lastStep(path))}
		return
	}
	cm := r.doc.mapping(n, path)
	into.by = r.readChoose(cm, func(n *yaml.Node, path string) {
		into.values = append(into.values, value(n, lastStep(path)))
	})
	cm.finish()
}

func isChoose(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "choose"
}

// readChoose reads the arms of `choose`; arm is called with the value of each.
func (r *reader) readChoose(m *mapping, arm func(n *yaml.Node, path string)) *selector {
	list := m.get("choose")
	s := &selector{place: r.doc.at(m.node), what: lastStep(m.path)}
	path := join(m.path, "choose")
	for i, n := range r.doc.items(list, path) {
		am := r.doc.mapping(n, join(path, indexStep(i)))
		if am == nil {
			continue
		}
		if s.otherwise {
			r.doc.fault(n, "unreachable", "otherwise comes last", "nothing is left after otherwise")
			am.get("when")
			am.get("then")
			continue
		}
		if v := am.get("otherwise"); v != nil {
			s.otherwise = true
			arm(v, join(am.path, "otherwise"))
		} else {
			c := r.condition(r.doc, am.need("when"), lastStep(join(am.path, "when")))
			then := am.need("then")
			if c != nil && then != nil {
				s.arms = append(s.arms, c)
				arm(then, join(am.path, "then"))
			}
		}
		am.finish()
	}
	return s
}
