package fuzz

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// values makes JSON values from schemas.
type values struct {
	*rand.Rand
	document *document
	// hint gives a value that means something for a name, such as an id that exists.
	hint func(name string) (any, bool)
	// honest makes values as somebody who means well would.
	honest bool
}

// one picks an element.
func one[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// chance is true in so many of a hundred times.
func (v *values) chance(percent int) bool { return v.IntN(100) < percent }

// of makes a value that the schema allows, as far as it says.
func (v *values) of(schema object, name string, depth int) any {
	schema = v.document.resolve(schema)
	if v.hint != nil && (v.honest || v.chance(85)) {
		if hinted, ok := v.hint(name); ok {
			return hinted
		}
	}
	if choices, ok := schema["enum"].([]any); ok {
		return one(v.Rand, choices)
	}
	if examples, ok := schema["examples"].([]any); ok && len(examples) > 0 && (v.honest || v.chance(50)) {
		return one(v.Rand, examples)
	}
	switch typeOf(schema) {
	case "object":
		return v.object(schema, depth)
	case "array":
		items, _ := schema["items"].(object)
		list := []any{}
		for range int(number(schema, "minItems", 0)) + v.IntN(4) {
			list = append(list, v.of(items, name+"[]", depth+1))
		}
		return list
	case "string":
		return v.string(schema)
	case "integer":
		low, high := number(schema, "minimum", -3), number(schema, "maximum", 1000)
		return int64(low) + v.Int64N(int64(high-low)+1)
	case "number":
		return v.Float64() * 100
	case "boolean":
		return v.chance(50)
	}
	return v.anything(depth)
}

// typeOf is the type, or the first of several that is not null.
func typeOf(schema object) string {
	if s, ok := schema["type"].(string); ok {
		return s
	}
	several, _ := schema["type"].([]any)
	for _, t := range several {
		if t != "null" {
			return t.(string)
		}
	}
	return ""
}

func number(schema object, key string, otherwise float64) float64 {
	if n, ok := schema[key].(float64); ok {
		return n
	}
	return otherwise
}

func (v *values) object(schema object, depth int) object {
	o := object{}
	properties, _ := schema["properties"].(object)
	required, _ := schema["required"].([]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if name == "$schema" || !slices.Contains(required, any(name)) && v.chance(40) {
			continue
		}
		if value := v.of(properties[name].(object), name, depth+1); value != (gone{}) {
			o[name] = value
		}
	}
	if properties == nil && depth < 5 {
		for range v.IntN(4) {
			o[v.word()] = v.anything(depth + 1)
		}
	}
	return o
}

func (v *values) string(schema object) string {
	if layout := map[any]string{"date": time.DateOnly, "date-time": time.RFC3339}[schema["format"]]; layout != "" && (v.honest || v.chance(60)) {
		return time.Now().UTC().AddDate(0, 0, v.IntN(60)-30).Format(layout)
	}
	low, high := int(number(schema, "minLength", 0)), int(number(schema, "maxLength", 60))
	n := low
	switch v.IntN(6) {
	case 0:
	case 1:
		n = high
		if v.honest {
			n = low + 3
		}
	default:
		n = min(low+v.IntN(20), high)
	}
	letters := []rune("abc XYZ012-éß漢字ありع")
	var b strings.Builder
	for range n {
		b.WriteRune(one(v.Rand, letters))
	}
	return b.String()
}

func (v *values) word() string {
	return one(v.Rand, []string{"name", "email", "address", "phone", "born_on", "customer_type", "account_type", "tier", "lost", "x", "", "__proto__", "a/b~c", "漢字"})
}

// anything is a value of any type.
func (v *values) anything(depth int) any {
	switch n := v.IntN(9); {
	case n < 2:
		return one(v.Rand, nastyTexts())
	case n == 2:
		return one(v.Rand, []any{0, -1, 1.5, int64(1) << 53, 1e300, -1e300})
	case n == 3:
		return v.chance(50)
	case n == 4:
		return nil
	case n == 5 && depth < 6:
		return []any{v.anything(depth + 1), v.anything(depth + 1)}
	case n == 6 && depth < 6:
		return object{v.word(): v.anything(depth + 1)}
	}
	return one(v.Rand, []string{"direct", "BR", "2026-02-30", "1970-01-01", "+55 11 91234-5678", "ana@example.com"})
}

// nastyTexts are texts that programs stumble over, all of them valid UTF-8.
func nastyTexts() []string {
	return []string{
		"", " ", "\x00", "a\x00b", "\u202eevil\u202c", "\u2066x\u2069", "\ufeff", "\ufffd", "\u200b", "e\u0301", "ﬃ", "İ", "ß", "👩‍👩‍👧‍👦", "\U0010ffff",
		"'", "' OR '1'='1", "\"; DROP TABLE cases; --", "%", "%s%n%d", "\\", "${jndi:ldap://x}", "{{7*7}}", "<script>alert(1)</script>", "<!--", "]]>",
		"../../../etc/passwd", "..\\..\\windows", "/dev/null", "CON", "file:///etc/passwd", "http://127.0.0.1:1/", "a\r\nSet-Cookie: x=y", "a\nb", "\t", "\x7f", "\x1b[31m",
		"=1+1", "@SUM(A1)", "-1", "0", "NaN", "Infinity", "1e309", "9223372036854775808", "true", "null", "undefined", "[]", "{}", strings.Repeat("a", 300),
		strings.Repeat("漢", 2100), strings.Repeat("👩‍👩‍👧‍👦", 500), strings.Repeat("e\u0301", 4000), strings.Repeat("x", 30_000),
	}
}

// spoil changes one place of a value so that it is likely to be wrong, and says how.
func (v *values) spoil(whole any) (any, string) {
	places := placesOf(whole, nil)
	at := one(v.Rand, places)
	switch v.IntN(7) {
	case 0:
		return put(whole, at, v.anything(0)), "another value at " + pointerTo(at)
	case 1:
		return put(whole, at, one(v.Rand, nastyTexts())), "a nasty text at " + pointerTo(at)
	case 2:
		if len(at) > 0 {
			return put(whole, at, gone{}), "nothing at " + pointerTo(at)
		}
		return nil, "null"
	case 3:
		name := one(v.Rand, append(nastyTexts(), "id", "state", "version", "owner", "is_admin", "Answers", "ACCOUNT"))
		return put(whole, append(slices.Clone(at), name), v.anything(0)), "something more under " + pointerTo(at)
	case 4:
		return put(whole, at, []any{valueAt(whole, at)}), "an array at " + pointerTo(at)
	case 5:
		return put(whole, at, nested(v.IntN(60))), "deep nesting at " + pointerTo(at)
	}
	return put(whole, at, one(v.Rand, []any{nil, 0, -1, 1e21, 123456789012345678, true, []any{}, object{}, "0"})), "another type at " + pointerTo(at)
}

func nested(depth int) any {
	var v any = "x"
	for range depth {
		v = object{"a": []any{v}}
	}
	return v
}

// gone, put somewhere, takes away what is there.
type gone struct{}

// placesOf are the paths to every value in a value, the whole first.
func placesOf(v any, at []string) [][]string {
	all := [][]string{at}
	if o, ok := v.(object); ok {
		for _, name := range slices.Sorted(maps.Keys(o)) {
			all = append(all, placesOf(o[name], append(slices.Clone(at), name))...)
		}
	}
	return all
}

func valueAt(v any, at []string) any {
	for _, name := range at {
		o, _ := v.(object)
		v = o[name]
	}
	return v
}

// put is a copy of whole with something else at a path.
func put(whole any, at []string, v any) any {
	if len(at) == 0 {
		return v
	}
	o := object{}
	if old, ok := whole.(object); ok {
		maps.Copy(o, old)
	}
	changed := put(o[at[0]], at[1:], v)
	if _, take := changed.(gone); take {
		delete(o, at[0])
	} else {
		o[at[0]] = changed
	}
	return o
}

func pointerTo(at []string) string {
	var b strings.Builder
	for _, name := range at {
		b.WriteString("/" + escape(name))
	}
	return `"` + b.String() + `"`
}
