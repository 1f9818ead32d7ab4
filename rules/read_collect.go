package rules

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

var groupKinds = []RequirementKind{AllOf, AnyOf, AtLeast, Prefer}

const maxCount = 100

// requirementIDs gives out the ids of one scenario's requirements.
type requirementIDs struct {
	seen   map[string]bool
	prefix string
	root   string // path of the scenario's collect: translations name entries below it by id
}

func (r *reader) readCollect(n *yaml.Node, path string, ids *requirementIDs) []*requirementRule {
	var out []*requirementRule
	for i, item := range r.doc.items(n, path) {
		below := &requirementIDs{seen: ids.seen, prefix: ids.prefix + "." + indexStep(i+1), root: ids.root}
		if rule := r.readRequirement(item, join(path, indexStep(i)), below); rule != nil {
			out = append(out, rule)
		}
	}
	return out
}

// readRequirement reads one entry of collect.
func (r *reader) readRequirement(n *yaml.Node, path string, ids *requirementIDs) *requirementRule {
	if n.Kind == yaml.ScalarNode {
		return r.newItem(n, nil, ids)
	}
	m := r.doc.mapping(n, path)
	if m == nil {
		return nil
	}
	for _, kind := range groupKinds {
		if m.has(string(kind)) {
			return r.readRequirementGroup(m, kind, ids)
		}
	}
	if len(n.Content) != 2 {
		r.doc.fault(n, "not_a_requirement", "write a material's id, <id>: {options}, or a group", "this is no entry of collect")
		return nil
	}
	key := n.Content[0]
	om := r.doc.mapping(n.Content[1], join(path, key.Value))
	if om == nil {
		return nil
	}
	rule := r.newItem(key, om, ids)
	om.finish()
	return rule
}

func (r *reader) readRequirementGroup(m *mapping, kind RequirementKind, ids *requirementIDs) *requirementRule {
	rule := &requirementRule{place: r.doc.at(m.node)}
	req := &rule.requirement
	req.Kind = kind
	body, path := m.get(string(kind)), join(m.path, string(kind))
	r.setID(rule, m, ids, ids.prefix)
	r.texts.also(join(ids.root, req.ID), m.path)
	req.Label, req.Guidance = r.text(m, "label"), r.text(m, "guidance")
	rule.when = r.gate(m, "when")
	req.Optional = r.doc.boolean(m.get("optional"), "optional")
	m.finish()
	if body == nil {
		return nil
	}
	if kind != AtLeast {
		rule.children = r.readCollect(body, path, ids)
		return rule
	}
	bm := r.doc.mapping(body, path)
	if bm == nil {
		return nil
	}
	if n := bm.need("count"); n != nil {
		req.AtLeast = int(r.doc.integer(n, "count", 1, maxCount))
	}
	if of := bm.need("of"); of != nil {
		rule.children = r.readCollect(of, join(path, "of"), ids)
	}
	bm.finish()
	return rule
}

// setID gives the requirement its own id: `as`, or else what fits its kind.
func (r *reader) setID(rule *requirementRule, m *mapping, ids *requirementIDs, fallback string) {
	id, place := fallback, rule.place
	if m != nil {
		if n := m.get("as"); n != nil {
			id, place = r.doc.str(n, "as"), r.doc.at(n)
			if !identifier.MatchString(id) {
				place.fault("bad_id", "use small letters, digits and _", "%q cannot be the id of a requirement", id)
			}
		}
	}
	if ids.seen[id] {
		place.fault("duplicate_id", "give it an id of its own with as", "%q is asked twice in this scenario", id)
	}
	ids.seen[id] = true
	rule.requirement.ID = id
}

// newItem reads one material that is asked, with its options in m (nil: none).
func (r *reader) newItem(key *yaml.Node, m *mapping, ids *requirementIDs) *requirementRule {
	id := r.doc.str(key, "a material")
	mat := r.prog.materials[id]
	if mat == nil {
		var known []string
		for _, other := range r.policy.materials {
			known = append(known, other.ID)
		}
		r.doc.fault(key, "unknown_material", didYouMean(id, known), "there is no material %q", id)
		if m != nil {
			m.each(func(_, _ *yaml.Node, _ string) {})
		}
		return nil
	}
	mat.used = true
	rule := &requirementRule{material: mat, place: r.doc.at(key)}
	r.setID(rule, m, ids, id)
	rule.requirement = Requirement{
		ID: rule.requirement.ID, Kind: Item, Material: mat.material, Label: mat.material.Label, Guidance: mat.material.Guidance, Count: 1,
		From: mat.material.From, ReadOff: mat.readOff,
	}
	if spec := mat.material.Document; spec != nil {
		rule.requirement.Example = spec.Example
	}
	rule.checks = mat.checks
	if m != nil {
		r.texts.also(join(ids.root, rule.requirement.ID), m.path)
		r.readOptions(rule, m)
	}
	return rule
}

func (r *reader) readOptions(rule *requirementRule, m *mapping) {
	req, d := &rule.requirement, r.doc
	rule.when = r.gate(m, "when")
	if n := m.get("count"); n != nil {
		req.Count = int(d.integer(n, "count", 1, maxCount))
	}
	if n := m.get("last"); n != nil {
		if m.has("count") {
			d.fault(n, "contradiction", "keep one of the two", "last and count say the same")
		}
		req.Count, req.Last = int(d.integer(n, "last", 1, maxCount)), true
	}
	if n := m.get("each"); n != nil {
		req.Each = d.word(n, "each", []string{"month"})
	}
	req.Consecutive = d.boolean(m.get("consecutive"), "consecutive")
	if req.Consecutive && req.Each == "" {
		m.keyAt("consecutive").fault("missing_key", "add each: month", "consecutive needs to know the periods")
	}
	req.Optional = d.boolean(m.get("optional"), "optional")
	if n := m.get("at_most"); n != nil {
		rule.atMost = r.counter(n)
	}
	if n := m.get("up_to"); n != nil {
		req.UpTo = int(d.integer(n, "up_to", int64(req.Count), maxCount))
	}
	if label := r.text(m, "label"); label != nil {
		req.Label = label
	}
	if guidance := r.text(m, "guidance"); guidance != nil {
		req.Guidance = guidance
	}
	if n := m.get("example"); n != nil {
		req.Example = r.doc.word(n, "example", Examples())
		if req.Material.Document == nil {
			r.doc.fault(n, "not_a_document", "", "only documents are shown by an example")
		}
	}
	if n := m.get("from"); n != nil {
		req.From = r.readSuppliers(n, req.Material.Kind)
	}
	if more := r.readCheckRules(m, "checks"); more != nil {
		rule.checks = append(slices.Clone(rule.checks), more...)
	}
}

// counter reads at_most, which names an integer fact.
func (r *reader) counter(n *yaml.Node) *counter {
	id := r.doc.str(n, "at_most")
	i, ok := r.factIndex[id]
	if !ok {
		var known []string
		for _, f := range r.vocabulary.facts {
			if f.Type == FactInteger {
				known = append(known, f.ID)
			}
		}
		r.doc.fault(n, "unknown_fact", oneOf(id, known), "at_most needs an integer fact, and there is no fact %q", id)
		return nil
	}
	f := r.vocabulary.facts[i]
	if f.Type != FactInteger {
		r.doc.fault(n, "wrong_type", "", "at_most needs an integer fact, and %s is of type %s", id, f.Type)
		return nil
	}
	return &counter{fact: f, place: r.doc.at(n)}
}
