package rules

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

var (
	documentTypes = []string{"pdf", "jpeg", "png", "eml"}
	proofActions  = []string{"dns_txt", "http_file", "email_reply", "profile_text"}
	suppliers     = []string{FromCustomer, FromPartner, FromReseller}
	fieldTypes    = []string{FieldText, FieldPhone, FieldEmail, FieldAddress, FieldDate, FieldCountry, FieldBankAccount, FieldEnum, FieldInteger, FieldBool}
	readOffTypes  = []string{FieldText, FieldDate, FieldCountry, FieldEnum, FieldInteger, FieldBool, FieldEmail, FieldPhone, FieldBankAccount}
)

const (
	defaultTextLength = 500
	maxTextLength     = 10_000
)

func (r *reader) readMaterials(top *mapping) {
	r.prog.materials = map[string]*materialRule{}
	r.policy.materialByID = map[string]*Material{}
	n := top.get("materials")
	if n == nil {
		return
	}
	m := r.doc.mapping(n, "materials")
	if m == nil {
		return
	}
	var later []func()
	m.each(func(key, value *yaml.Node, path string) {
		id, _ := r.doc.id(key, "a material")
		rule := &materialRule{material: &Material{ID: id}, place: r.doc.at(key)}
		r.policy.materials = append(r.policy.materials, rule.material)
		r.policy.materialByID[id], r.prog.materials[id] = rule.material, rule
		if mm := r.doc.mapping(value, path); mm != nil {
			later = append(later, r.readMaterial(rule, mm))
		}
	})
	for _, readValidity := range later { // they may read the statements of other materials
		readValidity()
	}
}

// readMaterial reads one material; the function returned reads its expectations.
func (r *reader) readMaterial(rule *materialRule, m *mapping) (validity func()) {
	mat := rule.material
	mat.Label, mat.Guidance = r.needText(m, "label"), r.text(m, "guidance")
	mat.Template = r.doc.str(m.get("template"), "template")
	rule.checks = r.readCheckRules(m, "checks")
	r.readKind(rule, m)
	mat.From = []string{FromCustomer}
	if n := m.get("from"); n != nil {
		mat.From = r.readSuppliers(n, mat.Kind)
	}
	if n := m.get("read_off"); n != nil {
		if mat.Kind != Document {
			r.doc.fault(n, "not_a_document", "", "values can only be read off a document")
		}
		rule.readOff = r.readReadOff(n, join(m.path, "read_off"))
	}
	valid := m.get("valid")
	m.finish()
	return func() { rule.validity = r.readValidity(rule, valid, join(m.path, "valid")) }
}

// readSuppliers reads who may supply a material. What is stated or placed is the
// customer's own: those whom they invite supply documents.
func (r *reader) readSuppliers(n *yaml.Node, kind MaterialKind) []string {
	from := r.doc.words(n, "from", suppliers)
	others := slices.ContainsFunc(from, func(supplier string) bool { return supplier != FromCustomer })
	if others && (kind == Statement || kind == Proof) {
		r.doc.fault(n, "not_a_document", "leave from out", "partners and resellers supply documents, and this is a %s", kind)
	}
	return from
}

// readKind reads which of the three kinds of materials it is.
func (r *reader) readKind(rule *materialRule, m *mapping) {
	var kinds []MaterialKind
	for _, kind := range []MaterialKind{Document, Statement, Proof} {
		if m.has(string(kind)) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) != 1 {
		r.doc.fault(m.node, "material_kind", "give exactly one of document, statement and proof", "%s has %d of them", lastStep(m.path), len(kinds))
	}
	document, statement, proof := m.get("document"), m.get("statement"), m.get("proof")
	if len(kinds) > 0 {
		rule.material.Kind = kinds[0]
	}
	if document != nil {
		rule.material.Document = r.readDocument(document, join(m.path, "document"))
	}
	if statement != nil {
		rule.fields = r.readFields(statement, join(m.path, "statement"))
	}
	if proof == nil {
		return
	}
	if pm := r.doc.mapping(proof, join(m.path, "proof")); pm != nil {
		rule.material.Proof = &ProofSpec{}
		if by := pm.need("by"); by != nil {
			rule.material.Proof.By = r.doc.word(by, "by", proofActions)
		}
		pm.finish()
	}
}

func (r *reader) readDocument(n *yaml.Node, path string) *DocumentSpec {
	m := r.doc.mapping(n, path)
	if m == nil {
		return nil
	}
	spec := &DocumentSpec{Types: r.doc.words(m.need("types"), lastStep(join(path, "types")), documentTypes)}
	if size := m.need("max_size"); size != nil {
		spec.MaxSize = r.doc.size(size, lastStep(join(path, "max_size")))
	}
	if sides := m.get("sides"); sides != nil {
		spec.Sides = int(r.doc.integer(sides, "sides", 1, 100))
	}
	if example := m.get("example"); example != nil {
		spec.Example = r.doc.word(example, "example", Examples())
	}
	spec.Colour = r.doc.boolean(m.get("colour"), "colour")
	spec.Refused = r.notes(m, "refused")
	if t := m.get("translation"); t != nil {
		if tm := r.doc.mapping(t, join(path, "translation")); tm != nil {
			unless := tm.need("unless")
			spec.Translation = &TranslationSpec{Unless: r.doc.words(unless, "unless", nil), Certified: r.doc.boolean(tm.get("certified"), "certified")}
			for _, tag := range spec.Translation.Unless {
				r.locale(unless, tag)
			}
			tm.finish()
		}
	}
	m.finish()
	return spec
}

// readFields reads the fields of a statement.
func (r *reader) readFields(n *yaml.Node, path string) []*fieldRule {
	m := r.doc.mapping(n, path)
	if m == nil {
		return nil
	}
	var out []*fieldRule
	m.each(func(key, value *yaml.Node, path string) {
		id, _ := r.doc.id(key, "a field")
		rule := &fieldRule{field: Field{ID: id}, place: r.doc.at(key)}
		fm := r.doc.mapping(value, path)
		if fm == nil {
			return
		}
		f := &rule.field
		f.Label, f.Help = r.needText(fm, "label"), r.text(fm, "help")
		f.Type = r.doc.word(fm.need("type"), lastStep(join(path, "type")), fieldTypes)
		if f.Type == FieldEnum {
			f.Values = r.readValues(fm)
		}
		f.MaxLength = r.maxLength(fm, f.Type)
		f.Optional = r.doc.boolean(fm.get("optional"), "optional")
		rule.when, rule.optionalWhen = r.gate(fm, "when"), r.gate(fm, "optional_when")
		if f.Optional && rule.optionalWhen != nil {
			fm.keyAt("optional_when").fault("contradiction", "keep one of the two", "the field is optional anyway")
		}
		fm.finish()
		r.noteFieldType(rule)
		out = append(out, rule)
	})
	if len(out) == 0 {
		r.doc.fault(n, "empty", "", "%s has no fields", lastStep(path))
	}
	return out
}

// noteFieldType remembers the type of a statement's field for validity
// expressions; fields of one name in two statements must be of one type.
func (r *reader) noteFieldType(rule *fieldRule) {
	f := rule.field
	if t, ok := r.prog.fieldTypes[f.ID]; ok && t != f.Type && f.Type != "" && t != "" {
		rule.place.fault("ambiguous_name", "choose another id", "another statement has a field %s of type %s", f.ID, t)
		return
	}
	r.prog.fieldTypes[f.ID] = f.Type
}

func (r *reader) maxLength(m *mapping, fieldType FieldType) int {
	n := m.get("max_length")
	switch {
	case n != nil && fieldType != FieldText:
		r.doc.fault(n, "not_a_text", "", "only texts have a max_length")
	case n != nil:
		return int(r.doc.integer(n, "max_length", 1, maxTextLength))
	case fieldType == FieldText:
		return defaultTextLength
	}
	return 0
}

func (r *reader) readReadOff(n *yaml.Node, path string) []ReadOff {
	m := r.doc.mapping(n, path)
	if m == nil {
		return nil
	}
	var out []ReadOff
	m.each(func(key, value *yaml.Node, path string) {
		id, _ := r.doc.id(key, "a value to read off")
		rm := r.doc.mapping(value, path)
		if rm == nil {
			return
		}
		v := ReadOff{ID: id, Label: r.needText(rm, "label"), Help: r.text(rm, "help"), By: BySupplier}
		v.Type = r.doc.word(rm.need("type"), lastStep(join(path, "type")), readOffTypes)
		if by := rm.need("by"); by != nil {
			v.By = r.doc.word(by, lastStep(join(path, "by")), []string{BySupplier, ByReviewer})
		}
		v.Optional = r.doc.boolean(rm.get("optional"), "optional")
		if v.Type == FieldEnum {
			v.Values = r.readValues(rm)
		}
		rm.finish()
		out = append(out, v)
	})
	return out
}

// readCheckRules reads the list of checks under a key.
func (r *reader) readCheckRules(m *mapping, key string) []*checkRule {
	n := m.get(key)
	if n == nil {
		return nil
	}
	path := join(m.path, key)
	var out []*checkRule
	for i, item := range r.doc.items(n, path) {
		if c := r.readCheckRule(item, join(path, indexStep(i))); c != nil {
			out = append(out, c)
		}
	}
	return out
}

func (r *reader) readCheckRule(n *yaml.Node, path string) *checkRule {
	if n.Kind == yaml.ScalarNode {
		return r.checkLeaf(n)
	}
	m := r.doc.mapping(n, path)
	if m == nil {
		return nil
	}
	defer m.finish()
	rule := &checkRule{place: r.doc.at(n)}
	for _, kind := range []string{CheckAllOf, CheckAnyOf, CheckPrefer} {
		if !m.has(kind) {
			continue
		}
		rule.node.Kind = kind
		rule.children = r.readCheckRules(m, kind)
		rule.when = r.gate(m, "when")
		return rule
	}
	switch {
	case m.has("choose"):
		rule.choose = r.readChoose(m, func(n *yaml.Node, path string) {
			rule.children = append(rule.children, r.readCheckRule(n, path))
		})
		if slices.Contains(rule.children, nil) {
			return nil
		}
		return rule
	case m.has("check"):
		leaf := r.checkLeaf(m.get("check"))
		if w := r.gate(m, "when"); leaf != nil {
			leaf.when = w
		}
		return leaf
	case len(n.Content) != 2:
		r.doc.fault(n, "not_a_check", "write a check's id, or one of all_of, any_of, prefer and choose", "this is no entry of checks")
		m.each(func(_, _ *yaml.Node, _ string) {})
		return nil
	}
	return r.checkWithOptions(n, m, path)
}

// checkWithOptions reads "<id>: {when: …}".
func (r *reader) checkWithOptions(n *yaml.Node, m *mapping, path string) *checkRule {
	key := n.Content[0]
	m.get(key.Value)
	leaf := r.checkLeaf(key)
	om := r.doc.mapping(n.Content[1], join(path, key.Value))
	if om == nil {
		return leaf
	}
	if w := r.gate(om, "when"); leaf != nil {
		leaf.when = w
	}
	om.finish()
	return leaf
}

// checkLeaf resolves a check's id.
func (r *reader) checkLeaf(n *yaml.Node) *checkRule {
	if n == nil {
		return nil
	}
	id := r.doc.str(n, "a check")
	c := r.check(id)
	if c == nil {
		var ids []string
		for _, c := range r.policy.checks {
			ids = append(ids, c.ID)
		}
		r.doc.fault(n, "unknown_check", didYouMean(id, ids), "there is no check %q", id)
		return nil
	}
	return &checkRule{node: CheckNode{Kind: CheckLeaf, ID: c.ID, Label: c.Label, Help: c.Help}, place: r.doc.at(n)}
}
