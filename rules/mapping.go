package rules

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mapping reads one YAML mapping key by key; finish reports the keys that nobody
// asked for.
type mapping struct {
	doc     *document
	node    *yaml.Node
	known   []string
	used    map[string]bool
	path    string
	entries map[string]entry
}

// entry is a key of a mapping with its value.
type entry struct{ key, value *yaml.Node }

// mapping starts to read n; what names it in faults, path is its place in the tree.
// It is nil, after a fault, when n is no mapping.
func (d *document) mapping(n *yaml.Node, path string) *mapping {
	if n.Kind != yaml.MappingNode {
		d.fault(n, "not_a_mapping", "", "%s must be keys with values", lastStep(path))
		return nil
	}
	m := &mapping{doc: d, node: n, path: path, used: map[string]bool{}, entries: map[string]entry{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		m.entries[n.Content[i].Value] = entry{n.Content[i], n.Content[i+1]}
	}
	return m
}

// get gives the value at key and marks the key as known; nil when it is absent.
// An empty value is a fault and counts as absent.
func (m *mapping) get(key string) *yaml.Node {
	m.known = append(m.known, key)
	e, ok := m.entries[key]
	if !ok {
		return nil
	}
	m.used[key] = true
	if isNull(e.value) {
		m.doc.fault(e.value, "empty", "give a value or remove the key", "%s is empty", key)
		return nil
	}
	return e.value
}

// need is get for a key that must be there.
func (m *mapping) need(key string) *yaml.Node {
	n := m.get(key)
	if _, present := m.entries[key]; !present {
		m.doc.fault(m.node, "missing_key", "", "%s needs the key %s", lastStep(m.path), key)
	}
	return n
}

// has says whether key is there, without marking it as known.
func (m *mapping) has(key string) bool {
	_, ok := m.entries[key]
	return ok
}

// keyAt is where key stands.
func (m *mapping) keyAt(key string) at { return m.doc.at(m.entries[key].key) }

// finish reports unknown keys.
func (m *mapping) finish() {
	for i := 0; i+1 < len(m.node.Content); i += 2 {
		key := m.node.Content[i]
		if !m.used[key.Value] {
			m.doc.fault(key, "unknown_key", oneOf(key.Value, m.known), "%s has no key %q", lastStep(m.path), key.Value)
		}
	}
}

// each calls f for every entry in order, with the path of its value.
func (m *mapping) each(f func(key, value *yaml.Node, path string)) {
	for i := 0; i+1 < len(m.node.Content); i += 2 {
		key := m.node.Content[i]
		m.used[key.Value] = true
		f(key, m.node.Content[i+1], join(m.path, key.Value))
	}
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null" || n.Kind == yaml.ScalarNode && strings.TrimSpace(n.Value) == ""
}

func join(path, step string) string {
	if path == "" {
		return step
	}
	return path + "/" + step
}

func lastStep(path string) string {
	if path == "" {
		return "the policy"
	}
	return strings.ReplaceAll(path, "/", ".")
}

// items gives the entries of a list; a fault and nothing when n is no list.
func (d *document) items(n *yaml.Node, what string) []*yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		d.fault(n, "not_a_list", "write it as [a, b] or with one - for each", "%s must be a list", what)
		return nil
	}
	if len(n.Content) == 0 {
		d.fault(n, "empty", "", "%s is an empty list", what)
	}
	return n.Content
}

// str reads a plain string.
func (d *document) str(n *yaml.Node, what string) string {
	if n == nil {
		return ""
	}
	if n.Kind != yaml.ScalarNode {
		d.fault(n, "not_a_string", "", "%s must be a single value", what)
		return ""
	}
	if c := badCharacter(n.Value, true); c != "" {
		d.fault(n, "bad_character", "", "%s holds %s", what, c)
		return ""
	}
	return n.Value
}

var (
	identifier = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	scenarioID = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)
)

// id reads a key as an identifier that conditions can name.
func (d *document) id(key *yaml.Node, what string) (string, bool) {
	if !identifier.MatchString(key.Value) {
		d.fault(key, "bad_id", "use small letters, digits and _, starting with a letter", "%q cannot be the id of %s", key.Value, what)
		return key.Value, false
	}
	if reservedWords[key.Value] {
		d.fault(key, "reserved_word", "choose another id", "%q has a meaning in conditions", key.Value)
		return key.Value, false
	}
	return key.Value, true
}

// words reads a list of strings, each of which must be one of allowed (nil: any).
func (d *document) words(n *yaml.Node, what string, allowed []string) []string {
	var out []string
	for _, item := range d.items(n, what) {
		if w := d.word(item, what, allowed); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// word reads one of allowed; empty after a fault.
func (d *document) word(n *yaml.Node, what string, allowed []string) string {
	w := d.str(n, what)
	if w == "" || allowed == nil {
		return w
	}
	for _, a := range allowed {
		if w == a {
			return w
		}
	}
	d.fault(n, "unknown_value", oneOf(w, allowed), "%s cannot be %q", what, w)
	return ""
}

// boolean reads true or false.
func (d *document) boolean(n *yaml.Node, what string) bool {
	if n == nil {
		return false
	}
	if n.Kind != yaml.ScalarNode || n.Value != "true" && n.Value != "false" {
		d.fault(n, "not_a_bool", "", "%s must be true or false", what)
		return false
	}
	return n.Value == "true"
}

// integer reads a whole number from least to most.
func (d *document) integer(n *yaml.Node, what string, least, most int64) int64 {
	if n == nil {
		return 0
	}
	v, err := strconv.ParseInt(n.Value, 10, 64)
	if n.Kind != yaml.ScalarNode || err != nil {
		d.fault(n, "not_an_integer", "", "%s must be a whole number", what)
		return least
	}
	if v < least || v > most {
		d.fault(n, "out_of_range", "", "%s is %d, allowed are %d to %d", what, v, least, most)
		return least
	}
	return v
}
