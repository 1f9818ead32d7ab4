package rules

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"regain/rules/diagram"
)

// reader reads a policy's base file into the policy and its templates.
type reader struct {
	vocabulary
	doc      *document
	texts    *texts
	faults   *Faults
	policy   *Policy
	prog     *program
	askNodes []*yaml.Node // by fact
	wasNodes []wasNode
}

// program is the templates of a policy, as read.
type program struct {
	askWhen    []*condition // by fact
	named      []*condition
	namedByID  map[string]*condition
	impossible []*impossibleRule
	materials  map[string]*materialRule
	root       *scenarioRule // holds the roots of the tree as children
	notes      []Text
	handling   *handlingRule
	fieldTypes map[string]FieldType // of statements, for validity expressions
}

type impossibleRule struct {
	cond    *condition
	because Text
	place   at
	root    diagram.Node
}

// readPolicy reads the base file. The policy is nil when it has no readable form.
func readPolicy(b Bundle, faults *Faults) (*Policy, *program, *texts) {
	doc, root := parseDocument(b.Name, b.Base, faults)
	if root == nil {
		return nil, nil, nil
	}
	top := doc.mapping(root, "")
	if top == nil {
		return nil, nil, nil
	}
	r := &reader{doc: doc, faults: faults, policy: &Policy{bundle: b}, prog: &program{fieldTypes: map[string]FieldType{}}}
	r.factIndex, r.named = map[string]int{}, map[string]*condition{}
	r.header(top)
	r.readFacts(top)
	r.readNamed(top)
	r.readAskWhen()
	r.readImpossible(top)
	r.readChecks(top)
	r.readMaterials(top)
	r.prog.notes = r.notes(top, "notes")
	r.prog.handling = r.readHandling(top, "handling", nil)
	r.policy.calendar = r.readCalendar(top)
	r.readScenarios(top)
	top.finish()
	r.policy.prog = r.prog
	return r.policy, r.prog, r.texts
}

func (r *reader) header(top *mapping) {
	p := r.policy
	if n := top.need("policy"); n != nil {
		if p.id = r.doc.str(n, "policy"); p.id != "" && !scenarioID.MatchString(p.id) {
			r.doc.fault(n, "bad_id", "use small letters, digits, - and _", "%q cannot be the id of a policy", p.id)
		}
	}
	p.edition = r.doc.str(top.need("edition"), "edition")
	p.source = r.doc.str(top.get("source"), "source")
	if n := top.need("language"); n != nil {
		p.language = r.doc.str(n, "language")
		r.locale(n, p.language)
	}
	r.texts = newTexts(p.language)
	p.locales = []string{p.language}
}

// notes reads one text or a list of them.
func (r *reader) notes(m *mapping, key string) []Text {
	n := m.get(key)
	if n == nil {
		return nil
	}
	path := join(m.path, key)
	if n.Kind == yaml.ScalarNode {
		return []Text{r.texts.read(r.doc, n, path)}
	}
	var out []Text
	for i, item := range r.doc.items(n, key) {
		out = append(out, r.texts.read(r.doc, item, join(path, indexStep(i))))
	}
	return out
}

func (r *reader) text(m *mapping, key string) Text {
	return r.texts.read(r.doc, m.get(key), join(m.path, key))
}

func (r *reader) needText(m *mapping, key string) Text {
	return r.texts.read(r.doc, m.need(key), join(m.path, key))
}

func (r *reader) gate(m *mapping, key string) *gate {
	c := r.condition(r.doc, m.get(key), lastStep(join(m.path, key)))
	if c == nil {
		return nil
	}
	return &gate{cond: c}
}

func (r *reader) readNamed(top *mapping) {
	n := top.get("named")
	if n == nil {
		return
	}
	m := r.doc.mapping(n, "named")
	if m == nil {
		return
	}
	m.each(func(key, value *yaml.Node, path string) {
		if _, ok := r.doc.id(key, "a named condition"); !ok {
			return
		}
		if what := r.meaning(key.Value); what != "" {
			r.doc.fault(key, "ambiguous_name", "choose another name", "%q is %s already", key.Value, what)
			return
		}
		c := r.condition(r.doc, value, lastStep(path))
		r.named[key.Value] = c
		r.prog.named = append(r.prog.named, c)
		r.prog.namedByID = r.named
	})
}

// meaning says what a word means in conditions already; empty for nothing.
func (r *reader) meaning(word string) string {
	if _, ok := r.factIndex[word]; ok {
		return "a fact"
	}
	for _, f := range r.vocabulary.facts {
		if _, ok := f.Value(word); ok {
			return "a value of " + f.ID
		}
	}
	return ""
}

func (r *reader) readImpossible(top *mapping) {
	for i, n := range r.doc.items(top.get("impossible"), "impossible") {
		m := r.doc.mapping(n, join("impossible", indexStep(i)))
		if m == nil {
			continue
		}
		rule := &impossibleRule{place: r.doc.at(n)}
		rule.cond = r.condition(r.doc, m.need("when"), lastStep(join(m.path, "when")))
		rule.because = r.needText(m, "because")
		m.finish()
		if rule.cond != nil {
			r.prog.impossible = append(r.prog.impossible, rule)
		}
	}
}

func (r *reader) readChecks(top *mapping) {
	n := top.get("checks")
	if n == nil {
		return
	}
	m := r.doc.mapping(n, "checks")
	if m == nil {
		return
	}
	m.each(func(key, value *yaml.Node, path string) {
		id, _ := r.doc.id(key, "a check")
		c := &Check{ID: id}
		r.policy.checks = append(r.policy.checks, c)
		if value.Kind == yaml.ScalarNode {
			c.Label = r.texts.read(r.doc, value, path)
			return
		}
		cm := r.doc.mapping(value, path)
		if cm == nil {
			return
		}
		c.Label, c.Help = r.needText(cm, "label"), r.text(cm, "help")
		cm.finish()
	})
}

func (r *reader) check(id string) *Check {
	i := slices.IndexFunc(r.policy.checks, func(c *Check) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return r.policy.checks[i]
}
