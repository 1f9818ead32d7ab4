package web

import (
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"regain/server"
)

// words are the texts of the pages: words/<area>.<locale>.yaml, a tree of keys with
// texts as leaves. A text has places as {name}. A leaf with the key "other" is a
// text in plural forms (one, other, …), chosen by the place {n}.
type words struct {
	locales map[string]*localeWords
}

type localeWords struct {
	tag     language.Tag
	printer *message.Printer
	texts   map[string]text
}

// text is one text: its plural forms, or only "other".
type text struct {
	// forms are by the plural's form; one of no plural is "other".
	forms map[string]string
	// places are the names that the form "other" fills in, sorted.
	places []string
}

func newText(forms map[string]string) text {
	var names []string
	for _, m := range placePattern.FindAllStringSubmatch(forms["other"], -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return text{forms: forms, places: slices.Compact(names)}
}

var (
	placePattern  = regexp.MustCompile(`\{(\w+)\}`)
	pluralForms   = []string{"zero", "one", "two", "few", "many", "other"}
	pluralOfForms = map[plural.Form]string{
		plural.Other: "other", plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many",
	}
)

// readWords reads every area in every language and says all that is missing.
func readWords(fsys fs.FS) (*words, error) {
	w := &words{locales: map[string]*localeWords{}}
	for _, locale := range server.Locales() {
		tag := language.MustParse(locale)
		w.locales[locale] = &localeWords{tag: tag, printer: message.NewPrinter(tag), texts: map[string]text{}}
	}
	names, err := fs.Glob(fsys, "words/*.yaml")
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, name := range names {
		if err := w.readFile(fsys, name); err != nil {
			faults = append(faults, err)
		}
	}
	return w, errors.Join(append(faults, w.compare()...)...)
}

func (w *words) readFile(fsys fs.FS, name string) error {
	area, locale, ok := strings.Cut(strings.TrimSuffix(path.Base(name), ".yaml"), ".")
	if !ok || w.locales[locale] == nil {
		return fmt.Errorf("%s: the name must be <area>.<locale>.yaml with a language of ours", name)
	}
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	var tree map[string]any
	if err := yaml.Unmarshal(raw, &tree); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return w.locales[locale].add(area, tree)
}

func (l *localeWords) add(key string, tree map[string]any) error {
	if _, isPlural := tree["other"].(string); isPlural {
		return l.addPlural(key, tree)
	}
	for name, v := range tree {
		at := key + "." + name
		switch v := v.(type) {
		case string:
			l.texts[at] = newText(map[string]string{"other": v})
		case map[string]any:
			if err := l.add(at, v); err != nil {
				return err
			}
		default:
			return fmt.Errorf("words %s in %s: %v is no text; quote it", at, l.tag, v)
		}
	}
	return nil
}

func (l *localeWords) addPlural(key string, forms map[string]any) error {
	t := map[string]string{}
	for form, v := range forms {
		s, ok := v.(string)
		if !ok || !slices.Contains(pluralForms, form) {
			return fmt.Errorf("words %s in %s: %q is no plural form", key, l.tag, form)
		}
		t[form] = s
	}
	l.texts[key] = newText(t)
	return nil
}

// compare finds texts that some language lacks, and texts whose places differ.
func (w *words) compare() []error {
	var faults []error
	first := w.locales[server.Locales()[0]]
	for _, locale := range server.Locales()[1:] {
		other := w.locales[locale]
		for _, key := range slices.Sorted(maps.Keys(first.texts)) {
			switch t, ok := other.texts[key]; {
			case !ok:
				faults = append(faults, fmt.Errorf("words %s: missing in %s", key, locale))
			case !slices.Equal(t.places, first.texts[key].places):
				faults = append(faults, fmt.Errorf("words %s: %s has the places %v, %s %v", key, locale, t.places, first.tag, first.texts[key].places))
			}
		}
		for _, key := range slices.Sorted(maps.Keys(other.texts)) {
			if _, ok := first.texts[key]; !ok {
				faults = append(faults, fmt.Errorf("words %s: only in %s", key, locale))
			}
		}
	}
	return faults
}

// in are the words in a language; in English where a policy speaks one that we don't.
func (w *words) in(locale string) *localeWords {
	if l := w.locales[locale]; l != nil {
		return l
	}
	return w.locales[server.Locales()[0]]
}

// say is the text of a key, with its places filled in from names and values in turn.
// Whole numbers are written as the language writes them.
func (w *words) say(locale, key string, args ...any) (string, error) {
	l := w.in(locale)
	t, values, err := l.find(key, args)
	if err != nil {
		return "", err
	}
	return fill(l.choose(t, values), func(name string) string { return l.write(values[name]) }), nil
}

// sayHTML is say for a text with markup in its places: values of the type
// template.HTML are put in as they are, everything else is escaped.
func (w *words) sayHTML(locale, key string, args ...any) (template.HTML, error) {
	l := w.in(locale)
	t, values, err := l.find(key, args)
	if err != nil {
		return "", err
	}
	filled := fill(template.HTMLEscapeString(l.choose(t, values)), func(name string) string {
		if markup, ok := values[name].(template.HTML); ok {
			return string(markup)
		}
		return template.HTMLEscapeString(l.write(values[name]))
	})
	return template.HTML(filled), nil //nolint:gosec // every part is escaped above, or markup of ours
}

func (l *localeWords) find(key string, args []any) (text, map[string]any, error) {
	t, ok := l.texts[key]
	if !ok {
		return text{}, nil, fmt.Errorf("no words %q in %s", key, l.tag)
	}
	if len(args)%2 != 0 {
		return text{}, nil, fmt.Errorf("words %q: names and values do not come in pairs", key)
	}
	values := map[string]any{}
	for i := 0; i < len(args); i += 2 {
		values[fmt.Sprint(args[i])] = args[i+1]
	}
	for _, place := range t.places {
		if _, ok := values[place]; !ok {
			return text{}, nil, fmt.Errorf("words %q: nothing for {%s}", key, place)
		}
	}
	return t, values, nil
}

func (l *localeWords) choose(t text, values map[string]any) string {
	n, ok := values["n"].(int)
	if !ok || len(t.forms) == 1 {
		return t.forms["other"]
	}
	form := pluralOfForms[plural.Cardinal.MatchPlural(l.tag, n, 0, 0, 0, 0)]
	if s, ok := t.forms[form]; ok {
		return s
	}
	return t.forms["other"]
}

func (l *localeWords) write(v any) string {
	switch v := v.(type) {
	case int, int64:
		return l.printer.Sprintf("%d", v)
	}
	return fmt.Sprint(v)
}

// fill puts values into the places of a text.
func fill(s string, value func(name string) string) string {
	if !strings.Contains(s, "{") { // most have none
		return s
	}
	return placePattern.ReplaceAllStringFunc(s, func(place string) string { return value(place[1 : len(place)-1]) })
}

// has says whether there are words for a key.
func (w *words) has(key string) bool {
	_, ok := w.locales[server.Locales()[0]].texts[key]
	return ok
}
