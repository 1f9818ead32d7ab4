package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// If-Match is understood only where it is, byte for byte, a tag that the server gives.
func FuzzIfMatch(f *testing.F) {
	for _, seed := range []string{`"1"`, `"0"`, `"-1"`, `W/"1"`, `*`, `"1", "2"`, `1`, `""`, `"+1"`, `"01"`, `"9223372036854775808"`, ` "7" `, `"1_0"`, `"٣"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		version, err := Conditional{IfMatch: header}.Version()
		if err != nil {
			if p, internal := asProblem(t.Context(), err); internal || p.Status != http.StatusPreconditionRequired {
				t.Fatalf("%q: %v", header, err)
			}
			return
		}
		if tag := ETag(version); version != NoVersion && tag != strings.TrimSpace(header) {
			t.Fatalf("%q is taken for %s", header, tag)
		}
	})
}

// Whatever a browser wants, the answer is in a language that the product speaks, and
// in the wanted one where it speaks that.
func FuzzLocale(f *testing.F) {
	for _, seed := range []string{"", "pt-BR", "zh-Hans,en;q=0.5", "*", "xx", "en;q=2", ";;;", "zh-TW", "pt-PT, en", "a-", "de, \xff", "en-US-u-ca-buddhist", strings.Repeat("a-", 200), "i-klingon", "zh;q=0"} {
		f.Add(seed, seed)
	}
	matcher := localeMatcher()
	f.Fuzz(func(t *testing.T, header, query string) {
		r := httptest.NewRequest(http.MethodGet, "/?"+url.Values{"locale": {query}}.Encode(), nil)
		r.Header.Set("Accept-Language", header)
		got := chooseLocale(matcher, r)
		if !slices.Contains(Locales(), got) {
			t.Fatalf("%q, %q: %q", header, query, got)
		}
		if slices.Contains(Locales(), query) && got != query {
			t.Fatalf("%q was wanted, %q chosen", query, got)
		}
		if query == "" && slices.Contains(Locales(), header) && got != header {
			t.Fatalf("%q was wanted, %q chosen", header, got)
		}
	})
}

// The pointer to a bad member leads to a member of what was sent, whatever it is called.
func FuzzPointer(f *testing.F) {
	for _, seed := range []string{"a", "", "a.b", "a[0]", "http://1.2/~x", "[", "].", "..", "a/b", "~1", "漢"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, outer, inner string) {
		body, err := json.Marshal(map[string]any{outer: map[string]any{inner: []any{1, map[string]any{outer: 2}}}})
		if err != nil {
			t.Skip()
		}
		var names []string // as encoding/json reads them back
		var sent map[string]map[string][]any
		if json.Unmarshal(body, &sent) != nil {
			t.Skip()
		}
		for o, within := range sent {
			for i := range within {
				names = []string{o, i}
			}
		}
		path := "body." + names[0] + "." + names[1] + "[1]." + names[0]
		got := badInput(&huma.ErrorDetail{Message: "unexpected property", Location: path}, body)
		want := "/" + escapePointer(names[0]) + "/" + escapePointer(names[1]) + "/1/" + escapePointer(names[0])
		if got.Pointer == nil || *got.Pointer != want {
			t.Fatalf("%s: %v, want %s", path, *got.Pointer, want)
		}
	})
}

// JSON that passes is read alike by everyone: no member twice in any spelling, no
// character that hides or reorders text, and no more than one value.
func FuzzJSONPasses(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"x",null,true]}`, `{"a":{"a":{}}}`, `{"K":1,"\u212a":2}`, `"\u202e"`, `1 2`, "\ufeff1", `[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]`, `{"a":1,"\u0061":2}`, `1e999999`, `"\ud800\udc00"`, `{"ſ":1,"s":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if checkJSON(body) != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("%q passes and is no JSON", body)
		}
		var v any
		d := json.NewDecoder(strings.NewReader(string(body)))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%q passes and can't be read: %v", body, err)
		}
		passesWalk(t, v, 0)
	})
}

func passesWalk(t *testing.T, v any, depth int) {
	t.Helper()
	if depth > maxDepth {
		t.Fatalf("deeper than %d", maxDepth)
	}
	switch v := v.(type) {
	case string:
		if r := refusedRune(v); r >= 0 {
			t.Fatalf("a text with U+%04X passes", r)
		}
	case []any:
		for _, e := range v {
			passesWalk(t, e, depth+1)
		}
	case map[string]any:
		var names []string
		for name, e := range v {
			if slices.ContainsFunc(names, func(other string) bool { return strings.EqualFold(other, name) }) {
				t.Fatalf("%q is there twice", name)
			}
			names = append(names, name)
			passesWalk(t, e, depth+1)
		}
	}
}
