package rules

import "go.yaml.in/yaml/v3"

// readValidity reads a material's expectations.
func (r *reader) readValidity(rule *materialRule, n *yaml.Node, path string) []*validityRule {
	if n == nil {
		return nil
	}
	var out []*validityRule
	for i, item := range r.doc.items(n, path) {
		m := r.doc.mapping(item, join(path, indexStep(i)))
		if m == nil {
			continue
		}
		expect := m.need("expect")
		say := r.needText(m, "say")
		m.finish()
		if expect == nil {
			continue
		}
		if v := r.expectation(rule, expect); v != nil {
			v.say = say
			out = append(out, v)
		}
	}
	return out
}
