package rules

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

// texts collects the texts of a policy by their place in the tree, so that
// translations can be read into them.
type texts struct {
	language string
	slots    map[string]Text   // by path
	order    []string          // paths in the file's order
	alias    map[string]string // further ways to write a path
}

func newTexts(language string) *texts {
	return &texts{language: language, slots: map[string]Text{}, alias: map[string]string{}}
}

// read reads a text of the base file, which becomes translatable at path.
func (t *texts) read(d *document, n *yaml.Node, path string) Text {
	if n == nil {
		return nil
	}
	words := readWords(d, n, path)
	if words == "" {
		return nil
	}
	text := Text{"": words, t.language: words}
	t.slots[path] = text
	t.order = append(t.order, path)
	return text
}

// readWords reads the words of one text.
func readWords(d *document, n *yaml.Node, path string) string {
	switch {
	case n.Kind != yaml.ScalarNode:
		d.fault(n, "not_a_text", "put texts with : or # in quotes or in a block (>-)", "%s must be a text", lastStep(path))
		return ""
	case isNull(n):
		d.fault(n, "empty", "", "%s is an empty text", lastStep(path))
		return ""
	case n.Tag != "!!str":
		d.fault(n, "not_a_text", "put it in quotes", "%s reads as %s, not as a text", lastStep(path), strings.TrimPrefix(n.Tag, "!!"))
		return ""
	}
	words := strings.TrimSpace(n.Value)
	if c := badCharacter(words, true); c != "" {
		d.fault(n, "bad_character", "", "%s holds %s", lastStep(path), c)
		return ""
	}
	return words
}

// also lets a translation write path in another way: for everything below from, to.
func (t *texts) also(from, to string) { t.alias[from] = to }

// resolve gives the slot's path for a path in a translation.
func (t *texts) resolve(path string) string {
	if _, exact := t.slots[path]; exact {
		return path // an alias may lead to what lies below itself
	}
	for prefix := path; prefix != ""; {
		if to, ok := t.alias[prefix]; ok && path != to && !strings.HasPrefix(path, to+"/") {
			return t.resolve(to + path[len(prefix):])
		}
		cut := strings.LastIndexByte(prefix, '/')
		if cut < 0 {
			break
		}
		prefix = prefix[:cut]
	}
	return path
}

// translate reads one translation file into the texts.
func (t *texts) translate(file, locale string, data []byte, faults *Faults) {
	start := at{&document{file: file, faults: faults}, 1, 1}
	if tag, err := language.Parse(locale); err != nil || tag.String() != locale {
		start.fault("bad_locale", "name the file like rules.pt-BR.yaml", "%q is not a language tag in its usual spelling", locale)
		return
	}
	if locale == t.language {
		start.fault("bad_locale", "", "the policy itself is in %q already", locale)
		return
	}
	d, root := parseDocument(file, data, faults)
	if root == nil {
		return
	}
	w := translation{texts: t, doc: d, locale: locale, found: map[string]bool{}, places: map[string]*yaml.Node{"": root}, inside: t.prefixes()}
	w.walk(root, "")
	for _, path := range t.order {
		if !w.found[path] {
			d.fault(w.nearest(path), "missing_text", "", "%s is not translated", lastStep(path))
		}
	}
}

// prefixes are all paths that have texts below.
func (t *texts) prefixes() map[string]bool {
	inside := map[string]bool{"": true}
	for _, path := range t.order {
		for i, c := range path {
			if c == '/' {
				inside[path[:i]] = true
			}
		}
	}
	return inside
}

// translation is one file being read into texts.
type translation struct {
	texts  *texts
	doc    *document
	locale string
	found  map[string]bool
	places map[string]*yaml.Node // where each path stands, for missing texts
	inside map[string]bool
}

func (w *translation) walk(n *yaml.Node, path string) {
	switch {
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			w.step(n.Content[i], n.Content[i+1], path, n.Content[i].Value)
		}
	case n.Kind == yaml.SequenceNode:
		for i, item := range n.Content {
			w.step(item, item, path, indexStep(i))
		}
	case isNull(n):
	default:
		w.doc.fault(n, "not_a_mapping", "", "%s must be keys with texts", lastStep(path))
	}
}

func (w *translation) step(key, value *yaml.Node, parent, step string) {
	if parent == "" && w.header(step, value) {
		return
	}
	path := w.texts.resolve(join(parent, step))
	text, isText := w.texts.slots[path]
	switch {
	case isText && w.found[path]:
		w.doc.fault(key, "duplicate_key", "", "%s is translated a second time", lastStep(path))
	case isText && value.Kind == yaml.ScalarNode:
		w.found[path] = true
		if words := readWords(w.doc, value, path); words != "" {
			text[w.locale] = words
		}
	case w.inside[path]:
		w.places[path] = key
		w.walk(value, path)
	case isNull(value) && key == value: // an entry without texts in a list
	case len(value.Content) == 0 && value.Kind == yaml.MappingNode && key == value:
	default:
		w.doc.fault(key, "unknown_key", w.hint(parent, step), "the policy has no text at %s", lastStep(path))
	}
}

// header reads the keys that say which file this is.
func (w *translation) header(key string, value *yaml.Node) bool {
	if key != "language" {
		return false
	}
	if value.Value != w.locale {
		w.doc.fault(value, "bad_locale", "", "the file's name says %q", w.locale)
	}
	return true
}

// hint names the nearest key that would have been right.
func (w *translation) hint(parent, step string) string {
	var siblings []string
	prefix := parent + "/"
	if parent == "" {
		prefix = ""
	}
	seen := map[string]bool{}
	for _, path := range w.texts.order {
		rest, ok := strings.CutPrefix(path, prefix)
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(rest, "/")
		if !seen[name] && !w.found[join(parent, name)] {
			seen[name] = true
			siblings = append(siblings, name)
		}
	}
	if hint := didYouMean(step, siblings); hint != "" {
		return hint
	}
	return "translations hold texts only"
}

// nearest is the deepest place of the translation above path.
func (w *translation) nearest(path string) *yaml.Node {
	for {
		if n, ok := w.places[path]; ok {
			return n
		}
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
	}
}

// indexStep is the path step of a list's entry.
func indexStep(i int) string { return strconv.Itoa(i) }
