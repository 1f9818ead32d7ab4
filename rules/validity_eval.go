package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Validity judges the values of a requirement's document or statement, with each
// expectation that failed. A value that is not there yet makes it
// Unknown, unless another expectation failed already; what an expectation needs of an
// optional value that is not there is not expected.
func (p *Policy) Validity(r Requirement, env ValidityEnv) (Validity, []Failure) {
	m := p.materialOf(r)
	if m == nil {
		return Valid, nil
	}
	result := Valid
	for _, v := range m.readOff {
		if _, ok := env.ReadOff[v.ID]; !ok && !v.Optional {
			result = Unknown
		}
	}
	var failed []Failure
	for _, rule := range m.validity {
		if rule.readsAbsent(m.readOff, env) {
			continue
		}
		switch rule.judge(env) {
		case Invalid:
			failed = append(failed, rule.failure())
		case Unknown:
			result = Unknown
		}
	}
	if len(failed) > 0 {
		return Invalid, failed
	}
	return result, nil
}

// failure names the item's own values that the expectation reads: those that whoever
// supplied them can put right.
func (v *validityRule) failure() Failure {
	f := Failure{Say: v.say}
	for _, r := range v.reads {
		if r.from == "" {
			f.Values = append(f.Values, r.name)
		}
	}
	return f
}

// ReadsAccount says whether some expectation of the requirement reads the account
// directory: its result is for reviewers only.
func (p *Policy) ReadsAccount(r Requirement) bool {
	m := p.materialOf(r)
	if m == nil {
		return false
	}
	for _, rule := range m.validity {
		for _, reading := range rule.reads {
			if reading.from == "account" {
				return true
			}
		}
	}
	return false
}

// readsAbsent says whether the expectation needs an optional value that was not read
// off: the document does not show it, so that there is nothing to expect of it.
func (v *validityRule) readsAbsent(readOff []ReadOff, env ValidityEnv) bool {
	for _, r := range v.reads {
		if r.from != "" || env.ReadOff[r.name] != nil {
			continue
		}
		if slices.ContainsFunc(readOff, func(o ReadOff) bool { return o.ID == r.name && o.Optional }) {
			return true
		}
	}
	return false
}

// materialOf finds a requirement's material in this policy by its id: requirements
// may have been stored and read back in between. It is nil for groups.
func (p *Policy) materialOf(r Requirement) *materialRule {
	if r.Material == nil {
		return nil
	}
	return p.prog.materials[r.Material.ID]
}

func (v *validityRule) judge(env ValidityEnv) Validity {
	values := map[string]any{}
	for _, r := range v.reads {
		value, ok := r.value(env)
		if !ok {
			return Unknown
		}
		r.put(values, value)
	}
	out, err := expr.Run(v.program, values)
	ok, isBool := out.(bool)
	switch {
	case err != nil || !isBool:
		return Unknown
	case ok:
		return Valid
	}
	return Invalid
}

// value looks the reading up and converts it to what expr compares: dates are
// days, numbers int. ok is false when it is not there or not of its kind.
func (r reading) value(env ValidityEnv) (value any, ok bool) {
	switch r.from {
	case "clock":
		t := env.FiledOn
		if r.name == "today" {
			t = env.Today
		}
		return dayOf(t), !t.IsZero()
	case "account":
		value, ok = env.Account[r.name]
	case "statement":
		value, ok = env.Statement[r.name]
	default:
		if value, ok = env.ReadOff[r.name]; !ok {
			value, ok = env.Statement[r.name]
		}
	}
	if !ok || value == nil {
		return nil, false
	}
	return convertValue(value, r.kind)
}

func convertValue(value any, kind valueKind) (any, bool) {
	switch kind {
	case kindDate:
		if t, ok := value.(time.Time); ok {
			return dayOf(t), true
		}
		s, _ := value.(string)
		days, ok := parseDate(s)
		return int(days), ok
	case kindNumber:
		n, ok := wholeNumber(value)
		return int(n), ok
	case kindBool:
		b, ok := value.(bool)
		return b, ok
	}
	s, ok := value.(string)
	return s, ok && s != ""
}

// dayOf is the day of t where t is, counted from 1970.
func dayOf(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / secondsOfDay)
}

// monthsBetween is the number of whole months from day a to day b; negative when
// b is earlier.
func monthsBetween(a, b int) int {
	if b < a {
		return -monthsBetween(b, a)
	}
	from, to := time.Unix(int64(a)*secondsOfDay, 0).UTC(), time.Unix(int64(b)*secondsOfDay, 0).UTC()
	months := (to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month())
	if to.Day() < from.Day() && to.AddDate(0, 0, 1).Month() == to.Month() {
		months--
	}
	return months
}

// sameText compares names as a reviewer would: without case, spaces and the form
// in which accents are stored.
func sameText(a, b string) bool {
	fold := func(s string) string {
		return cases.Fold().String(norm.NFKC.String(strings.Join(strings.Fields(s), " ")))
	}
	return fold(a) == fold(b)
}
