package rules

import (
	"maps"
	"slices"
	"strings"

	"regain/problem"
)

// ValidateStatement checks and normalises the fields of a statement. Empty and nil
// values count as not given. Pointers are "/<field>" or, within an address,
// "/<field>/<part>". The values hold only what was given; they are complete only
// if there are no problems.
func (p *Policy) ValidateStatement(fields []Field, raw map[string]any) (map[string]any, []problem.Field) {
	values := map[string]any{}
	var bad []problem.Field
	known := make([]string, len(fields))
	for i, f := range fields {
		known[i] = f.ID
		value, problems := f.validate(raw[f.ID])
		bad = append(bad, problems...)
		if len(problems) == 0 && value != nil {
			values[f.ID] = value
		}
	}
	bad = append(bad, unknownKeys(raw, known, "")...)
	return values, bad
}

// ParseReadOff checks and normalises values read off a requirement's document.
// What is missing is no problem: it may be read later, or by somebody else.
func (p *Policy) ParseReadOff(r Requirement, raw map[string]any) (map[string]any, []problem.Field) {
	values := map[string]any{}
	var bad []problem.Field
	var known []string
	for _, v := range r.ReadOff {
		known = append(known, v.ID)
		f := Field{ID: v.ID, Type: v.Type, Optional: true, MaxLength: defaultTextLength, Values: v.Values}
		value, problems := f.validate(raw[v.ID])
		bad = append(bad, problems...)
		if len(problems) == 0 && value != nil {
			values[v.ID] = value
		}
	}
	bad = append(bad, unknownKeys(raw, known, "")...)
	return values, bad
}

func unknownKeys(raw map[string]any, known []string, prefix string) []problem.Field {
	var bad []problem.Field
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		if slices.Contains(known, key) {
			continue
		}
		message := "There is no such field."
		if hint := didYouMean(key, known); hint != "" {
			message += " " + upperFirst(hint)
		}
		bad = append(bad, problem.Field{Pointer: prefix + pointer(key), Code: "unknown_field", Message: message})
	}
	return bad
}

// validate checks one field; the value is nil when it is not given.
func (f Field) validate(raw any) (any, []problem.Field) {
	if f.Type == FieldAddress {
		return f.validateAddress(raw)
	}
	if text, ok := raw.(string); raw == nil || ok && strings.TrimSpace(text) == "" {
		if f.Optional {
			return nil, nil
		}
		return nil, []problem.Field{{Pointer: pointer(f.ID), Code: "required", Message: "This is needed."}}
	}
	value, bad := f.parse(raw)
	if bad != nil {
		bad.Pointer = pointer(f.ID)
		return nil, []problem.Field{*bad}
	}
	return value, nil
}

// parse reads a value that was given.
func (f Field) parse(raw any) (any, *problem.Field) {
	switch f.Type {
	case FieldBool:
		if b, ok := raw.(bool); ok {
			return b, nil
		}
		return nil, wrong("wrong_type", "Answer true or false.")
	case FieldInteger:
		if n, ok := wholeNumber(raw); ok {
			return n, nil
		}
		return nil, wrong("wrong_type", "Enter a whole number.")
	}
	s, ok := raw.(string)
	if !ok {
		return nil, wrong("wrong_type", "Enter a text.")
	}
	limit := f.MaxLength
	if limit == 0 {
		limit = defaultTextLength
	}
	clean, bad := parseFreeText(s, limit, f.Type == FieldText)
	if bad != nil {
		return nil, bad
	}
	return f.parseText(clean.(string))
}

// parseText reads a value that is written as a text.
func (f Field) parseText(s string) (any, *problem.Field) {
	switch f.Type {
	case FieldPhone:
		return parsePhone(s)
	case FieldEmail:
		return parseEmail(s)
	case FieldBankAccount:
		return parseBankAccount(s)
	case FieldDate:
		if _, ok := parseDate(s); !ok {
			return nil, wrong("bad_date", "Enter a date, written like 2024-12-31.")
		}
	case FieldCountry:
		if !isCountry(s) {
			return nil, wrong("unknown_country", "Enter the two capital letters of a country, such as CN.")
		}
	case FieldEnum:
		if !slices.ContainsFunc(f.Values, func(v Value) bool { return v.ID == s }) {
			return nil, wrong("unknown_value", "This is not one of the choices.")
		}
	}
	return s, nil
}

// The longest parts of an address, in characters.
var addressLimits = map[string]int{"line": 300, "city": 100, "region": 100, "postal_code": 20, "country": 2}

// Countries and regions whose addresses have no postal code, and those that are one
// city without regions.
var (
	withoutPostalCode = wordSet("AE", "AG", "AO", "AW", "BF", "BI", "BJ", "BO", "BS", "BW", "BZ", "CD", "CF", "CG", "CI", "CK", "CM", "CW", "DJ", "DM",
		"ER", "FJ", "GA", "GD", "GH", "GM", "GQ", "GY", "HK", "JM", "KI", "KM", "KN", "KP", "LC", "LY", "ML", "MO", "MR", "MW", "NR", "NU", "PA", "QA",
		"RW", "SB", "SC", "SL", "SR", "SS", "ST", "SX", "SY", "TD", "TF", "TG", "TK", "TL", "TO", "TV", "UG", "VU", "YE", "ZW")
	withoutRegion = wordSet("GI", "HK", "MC", "MO", "SG", "SM", "VA")
)

// validateAddress checks the five parts of an address. All are needed, except what
// the country does not have.
func (f Field) validateAddress(raw any) (any, []problem.Field) {
	parts, ok := raw.(map[string]any)
	if raw != nil && !ok {
		return nil, []problem.Field{{Pointer: pointer(f.ID), Code: "wrong_type", Message: "Enter the parts of the address: " + strings.Join(addressParts, ", ") + "."}}
	}
	if f.Optional && emptyParts(parts) {
		return nil, unknownKeys(parts, addressParts, pointer(f.ID))
	}
	country, _ := parts["country"].(string)
	values := map[string]any{}
	var bad []problem.Field
	for _, part := range addressParts {
		pf := Field{ID: part, Type: fieldLine, MaxLength: addressLimits[part]}
		pf.Optional = part == "region" && withoutRegion[country] || part == "postal_code" && withoutPostalCode[country]
		if part == "country" {
			pf.Type = FieldCountry
		}
		value, problems := pf.validate(parts[part])
		bad = append(bad, problem.At(pointer(f.ID), problems)...)
		if value != nil {
			values[part] = value
		}
	}
	return values, append(bad, unknownKeys(parts, addressParts, pointer(f.ID))...)
}

func emptyParts(parts map[string]any) bool {
	for _, v := range parts {
		if s, ok := v.(string); v != nil && (!ok || strings.TrimSpace(s) != "") {
			return false
		}
	}
	return true
}
