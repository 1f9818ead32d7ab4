package rules

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Text is one text of a policy in each of its languages: locale (a BCP 47 tag
// such as "pt-BR") to words. The entry under the empty locale repeats the words
// of the policy's own language, which In falls back to; it is left out of JSON.
// A nil Text has no words.
type Text map[string]string

// In returns the words for locale: exactly that locale, else a wider tag of it
// ("zh-Hans" for "zh-Hans-CN"), else another variety of the same language, else
// the policy's own language, else any. It is empty only if t has no words.
func (t Text) In(locale string) string {
	for tag := locale; tag != ""; {
		if words, ok := t[tag]; ok {
			return words
		}
		cut := strings.LastIndexByte(tag, '-')
		if cut < 0 {
			break
		}
		tag = tag[:cut]
	}
	base, _, _ := strings.Cut(locale, "-")
	for _, other := range slices.Sorted(maps.Keys(t)) {
		if base != "" && strings.HasPrefix(other, base+"-") {
			return t[other]
		}
	}
	if words, ok := t[""]; ok {
		return words
	}
	for _, other := range slices.Sorted(maps.Keys(t)) {
		return t[other]
	}
	return ""
}

// MarshalJSON writes the locales as an object, without the repeated own language.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == nil {
		return []byte("null"), nil
	}
	out := make(map[string]string, len(t))
	for locale, words := range t {
		if locale != "" {
			out[locale] = words
		}
	}
	return json.Marshal(out)
}
