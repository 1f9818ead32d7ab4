package rules

import (
	"strconv"

	"go.yaml.in/yaml/v3"
)

// policyTest is one entry of a policy's tests file.
type policyTest struct {
	name     string
	line     int
	answers  map[string]any
	expected []expected
}

// expected is one thing that a test expects: a key with its value.
type expected struct {
	key  string
	node *yaml.Node
	line int
}

// expectKeys are what a test may expect of a decision:
//
//	complete, impossible        true or false
//	scenario, outcome           id
//	materials                   every item that is asked, with its count
//	absent                      items that must not be asked
//	checks, fields              item → ids of its checks or fields, in order
//	optional_fields             item → ids of its optional fields
//	optional                    items that may be left out
//	next                        the next question; none for no question
//	open, ignored               ids of facts
//	why                         item → facts that made it so
//	notes, approvals            a number
//	request_method, review_within, waiting_period, customer_deadline   as in the policy
//	distinct_roles, restore     lists
var expectKeys = []string{
	"complete", "impossible", "scenario", "outcome", "materials", "absent", "checks", "fields", "optional_fields", "optional", "next",
	"open", "ignored", "why", "notes", "approvals", "request_method", "review_within", "waiting_period", "customer_deadline", "distinct_roles", "restore",
}

// readTests reads a tests file.
func readTests(file string, data []byte, faults *Faults) []policyTest {
	d, root := parseDocument(file, data, faults)
	if root == nil {
		return nil
	}
	top := d.mapping(root, "")
	if top == nil {
		return nil
	}
	var out []policyTest
	names := map[string]bool{}
	for _, n := range d.items(top.need("tests"), "tests") {
		m := d.mapping(n, "a test")
		if m == nil {
			continue
		}
		t := policyTest{name: d.str(m.need("name"), "name"), line: n.Line, answers: map[string]any{}}
		if names[t.name] {
			d.fault(n, "duplicate_id", "", "a test is named %q already", t.name)
		}
		names[t.name] = true
		if a := m.get("answers"); a != nil {
			if am := d.mapping(a, "answers"); am != nil {
				am.each(func(key, value *yaml.Node, _ string) { t.answers[key.Value] = plainValue(value) })
			}
		}
		if e := m.need("expect"); e != nil {
			if em := d.mapping(e, "expect"); em != nil {
				for _, key := range expectKeys {
					if v := em.get(key); v != nil {
						t.expected = append(t.expected, expected{key, v, em.entries[key].key.Line})
					}
				}
				em.finish()
			}
		}
		m.finish()
		out = append(out, t)
	}
	top.finish()
	return out
}

// plainValue reads an answer as JSON would have it.
func plainValue(n *yaml.Node) any {
	switch {
	case n.Kind == yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, plainValue(item))
		}
		return list
	case n.Tag == "!!null":
		return nil
	case n.Tag == "!!bool":
		return n.Value == "true"
	case n.Tag == "!!int":
		if v, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
			return v
		}
	}
	return n.Value
}
