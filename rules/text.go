package rules

import (
	"encoding/json"
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
	if base, _, _ := strings.Cut(locale, "-"); base != "" {
		if words, ok := t.first(base); ok {
			return words
		}
	}
	if words, ok := t[""]; ok {
		return words
	}
	words, _ := t.first("")
	return words
}

// first are the words of the first locale, in the order of their names, that is a
// variety of the language; of any where it is empty. Texts are looked up a hundred times
// for one answer, so nothing is sorted or made here.
func (t Text) first(language string) (string, bool) {
	found, known := "", false
	for other := range t {
		if language != "" && (!strings.HasPrefix(other, language) || len(other) == len(language) || other[len(language)] != '-') {
			continue
		}
		if !known || other < found {
			found, known = other, true
		}
	}
	return t[found], known
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
