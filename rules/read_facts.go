package rules

import (
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

var factTypes = []string{string(FactBool), string(FactEnum), string(FactSet), string(FactCountry), string(FactInteger), string(FactDate), string(FactText)}

// locale checks a language tag.
func (r *reader) locale(n *yaml.Node, tag string) {
	if t, err := language.Parse(tag); tag != "" && (err != nil || t.String() != tag) {
		r.doc.fault(n, "bad_locale", "write it like en or pt-BR", "%q is not a language tag in its usual spelling", tag)
	}
}

func (r *reader) readFacts(top *mapping) {
	n := top.need("facts")
	if n == nil {
		return
	}
	m := r.doc.mapping(n, "facts")
	if m == nil {
		return
	}
	m.each(func(key, value *yaml.Node, path string) {
		id, _ := r.doc.id(key, "a fact")
		f := &Fact{ID: id}
		r.factIndex[id] = len(r.vocabulary.facts)
		r.vocabulary.facts = append(r.vocabulary.facts, f)
		r.askNodes = append(r.askNodes, nil)
		if fm := r.doc.mapping(value, path); fm != nil {
			r.readFact(f, fm)
		}
	})
	r.policy.facts, r.policy.factIndex = r.vocabulary.facts, r.factIndex
	r.checkValueNames(m)
}

func (r *reader) readFact(f *Fact, m *mapping) {
	f.Type = FactType(r.doc.word(m.need("type"), lastStep(join(m.path, "type")), factTypes))
	if n := m.get("from"); n != nil {
		f.From = r.doc.word(n, lastStep(join(m.path, "from")), []string{FromAccount, FromStaff})
	}
	f.Ask, f.Help = r.needText(m, "ask"), r.text(m, "help")
	if f.Type == FactEnum || f.Type == FactSet {
		f.Values = r.readValues(m)
	}
	if f.Type == FactInteger {
		f.Min, f.Max = r.bound(m, "min"), r.bound(m, "max")
	}
	if f.Type == FactDate {
		f.MinDate, f.MaxDate = r.dateBound(m, "min"), r.dateBound(m, "max")
	}
	if low, high := bounds(f); low > high {
		r.doc.fault(m.node, "out_of_range", "", "min is above max")
	}
	if n := m.get("ask_when"); n != nil {
		r.askNodes[r.factIndex[f.ID]] = n
		f.AskWhen = n.Value
	}
	m.finish()
}

func (r *reader) bound(m *mapping, key string) *int64 {
	n := m.get(key)
	if n == nil {
		return nil
	}
	v := r.doc.integer(n, lastStep(join(m.path, key)), -maxNumber, maxNumber)
	return &v
}

func (r *reader) dateBound(m *mapping, key string) string {
	n := m.get(key)
	if n == nil {
		return ""
	}
	if _, ok := parseDate(n.Value); !ok {
		r.doc.fault(n, "bad_date", "write it like 2024-12-31", "%s must be a date", key)
		return ""
	}
	return n.Value
}

// readValues reads the choices of an enum or a set.
func (r *reader) readValues(m *mapping) []Value {
	n := m.need("values")
	if n == nil {
		return nil
	}
	vm := r.doc.mapping(n, join(m.path, "values"))
	if vm == nil {
		return nil
	}
	var out []Value
	vm.each(func(key, value *yaml.Node, path string) {
		id, _ := r.doc.id(key, "a value")
		v := Value{ID: id}
		if value.Kind == yaml.ScalarNode {
			v.Label = r.texts.read(r.doc, value, path)
		} else if lm := r.doc.mapping(value, path); lm != nil {
			v.Label = r.needText(lm, "label")
			v.Unknown = r.doc.boolean(lm.get("unknown"), "unknown")
			r.texts.also(path, join(path, "label"))
			lm.finish()
		}
		out = append(out, v)
	})
	switch {
	case len(out) == 0:
		r.doc.fault(n, "empty", "", "%s has no values", lastStep(m.path))
	case len(out) > maxValues:
		r.doc.fault(n, "too_many", "", "%s has %d values, allowed are %d", lastStep(m.path), len(out), maxValues)
	}
	return out
}

const maxValues = 250

// checkValueNames refuses values that are named like a fact: a condition could not
// tell which of the two it means.
func (r *reader) checkValueNames(m *mapping) {
	m.each(func(_, value *yaml.Node, _ string) {
		if value.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(value.Content); i += 2 {
			if value.Content[i].Value != "values" {
				continue
			}
			values := value.Content[i+1]
			for j := 0; values.Kind == yaml.MappingNode && j+1 < len(values.Content); j += 2 {
				if _, isFact := r.factIndex[values.Content[j].Value]; isFact {
					r.doc.fault(values.Content[j], "ambiguous_name", "rename one of the two", "the value %q is named like a fact", values.Content[j].Value)
				}
			}
		}
	})
}

// readAskWhen reads the conditions under which facts are asked, now that all
// facts and names are known. They may look at earlier facts only.
func (r *reader) readAskWhen() {
	r.prog.askWhen = make([]*condition, len(r.vocabulary.facts))
	for i, n := range r.askNodes {
		f := r.vocabulary.facts[i]
		c := r.condition(r.doc, n, "ask_when of "+f.ID)
		if c == nil {
			continue
		}
		r.prog.askWhen[i] = c
		if last := len(c.facts) - 1; last >= 0 && c.facts[last] >= i {
			r.doc.fault(n, "later_fact", "facts are asked in the file's order: move one of them", "ask_when of %s looks at %s, which is not asked before it", f.ID, r.vocabulary.facts[c.facts[last]].ID)
			c.formula = nil
		}
	}
}
