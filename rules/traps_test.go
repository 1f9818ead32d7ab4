package rules

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/expr-lang/expr"
)

// small is a sound policy with one condition to vary.
func small(condition string) Bundle {
	return Bundle{Name: "p.yaml", Base: []byte(`policy: p
edition: "1"
language: en
facts:
  kind:
    ask: Kind?
    type: enum
    values: {person: A person, company: A company}
  paid:
    ask: Paid?
    type: bool
  months:
    ask: Months?
    type: integer
    min: 0
    ask_when: paid
  since:
    ask: Since?
    type: date
  home:
    ask: Home?
    type: country
  lost:
    ask: Lost?
    type: set
    values: {phone: The phone, mail: The mail}
materials:
  passport:
    label: Passport
    document: {types: [pdf], max_size: 1 MiB}
  bill:
    label: Bill
    document: {types: [pdf], max_size: 1 MiB}
scenarios:
  all:
    title: All
    collect:
      - passport
      - bill:
          when: ` + condition + "\n")}
}

// conditionLine is where small puts the condition.
const conditionLine = 40

func TestConditions(t *testing.T) {
	long := strings.Repeat("(", 500_000) + "paid" + strings.Repeat(")", 500_000)
	loops := "let a = 1..200; all(a, {all(a, {all(a, {all(a, {true})})})})"
	tests := []struct {
		name, condition, code string
		column                int
	}{
		{"plain", "paid", "", 0},
		{"words", "not paid or kind == person", "", 0},
		{"signs", `"!paid && kind != company"`, "", 0},
		{"mirrored", "person == kind", "", 0},
		{"range", "paid and 0 < months <= 3", "", 0},
		{"countries", "home in [CN, SG] or home not in [BR, CN]", "", 0},
		{"date", `since >= "2020-02-29"`, "", 0},
		{"sets", "has_any(lost, [phone]) and has_only(lost, [phone])", "", 0},
		{"asked", "asked(months) and months > 3", "", 0},
		{"false and undefined, either order", "months > 3 and paid", "", 0},
		{"literal block", "|\n            paid and\n            kind == person", "", 0},

		{"misspelt enum value", "kind == persn", "unknown_value", 25},
		{"misspelt fact", "pad", "unknown_fact", 17},
		{"misspelt country", "home == XX", "unknown_value", 25},
		{"loops", loops, "not_allowed", 21},
		{"closures", "all([1], {# > 0})", "not_allowed", 17},
		{"calls", "now() > 3", "no_fact", 23},
		{"nil", "kind == nil", "wrong_type", 25},
		{"ternary", `"paid ? paid : paid"`, "not_allowed", 35},
		{"member", "kind.x", "not_allowed", 22},
		{"pipe", "paid | asked()", "always_true", 17},
		{"arithmetic", "months + 1 > 3", "no_fact", 28},
		{"text functions", `kind startsWith "p"`, "not_allowed", 22},
		{"negated comparison", "not kind == person", "not_a_bool", 17},
		{"value of another type", "paid == 3", "wrong_type", 25},
		{"bare enum", "kind", "not_a_bool", 17},
		{"two facts", "kind == home", "not_allowed", 22},
		{"never", "months < 0", "out_of_range", 24},
		{"always", "months >= 0", "out_of_range", 24},
		{"bad date", `since == "2020-02-30"`, "wrong_type", 26},
		{"set compared", "lost == phone", "not_comparable", 25},
		{"wrong function", "has_some(lost, [phone])", "unknown_function", 17},
		{"undefined", "months > 3", "undefined", 17},
		{"undefined or true", "months > 3 or kind == person", "undefined", 17},
		{"syntax", "paid and", "condition_syntax", 24},
		{"too long", long, "condition_too_long", 17},
		{"deep as allowed", strings.Repeat("(", 2000) + "paid" + strings.Repeat(")", 2000), "", 0},
		{"folded", ">\n            paid", "folded_condition", 17},
		{"two plain lines", "paid and\n            kind == person", "escaped_condition", 17},
		{"escapes", `"paid\u0020"`, "escaped_condition", 17},
		{"empty", `""`, "empty", 17},
		{"tag", "!paid", "tag", 17},
		{"anchor", "&x paid", "anchor", 17},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Compile(small(tt.condition))
			var faults Faults
			errors.As(err, &faults)
			if tt.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			found := false
			for _, f := range faults {
				found = found || f.Code == tt.code && f.Line == conditionLine && f.Column == tt.column
			}
			if !found {
				t.Errorf("want %s at %d:%d, got\n%v", tt.code, conditionLine, tt.column, err)
			}
		})
	}
}

// The hint names the right spelling, and places inside blocks of several lines are
// exact.
func TestConditionPlaces(t *testing.T) {
	_, err := Compile(small("|\n            paid and\n              kind == persn"))
	var faults Faults
	ok := errors.As(err, &faults)
	if !ok || len(faults) != 1 {
		t.Fatalf("want one fault, got %v", err)
	}
	want := Fault{File: "p.yaml", Line: conditionLine + 2, Column: 23, Code: "unknown_value", Message: `kind has no value "persn"`, Hint: "did you mean person?"}
	if faults[0] != want {
		t.Errorf("got  %+v\nwant %+v", faults[0], want)
	}
}

// expr lets all of these compile or run: the reason for the allow-list, the cap and
// the type check above. If one of them changes the notes on it can go.
func TestExprStillHasTheTraps(t *testing.T) {
	env := map[string]any{"kind": "person"}
	if _, err := expr.Compile(`kind == "persn"`, expr.Env(env), expr.AsBool()); err != nil {
		t.Errorf("expr refuses a misspelt enum value now: %v", err)
	}
	program, err := expr.Compile(`let a = 1..40; all(a, {all(a, {all(a, {true})})})`, expr.Env(env), expr.DisableAllBuiltins(), expr.EnableBuiltin("all"))
	if err != nil {
		t.Fatalf("expr refuses nested loops now: %v", err)
	}
	start := time.Now()
	if _, err := expr.Run(program, env); err != nil {
		t.Fatalf("expr bounds loops now: %v", err)
	}
	t.Logf("64,000 rounds took %s without a bound", time.Since(start))
}

// Expectations are the only expressions that run: they know no loops and no
// environment but maps.
func TestExpectationsAreBounded(t *testing.T) {
	for _, text := range []string{
		"all([1, 2], {# > 0})", "let a = 1; a > 0", `"a" matches "(a+)+$"`, "1..1000000 == [1]", `repeat("a", 1000000) == "a"`,
		"account.name.size() > 0", "filed_on ? true : false", `account["name"] == account[0]`, "now() > filed_on",
	} {
		b := small("paid")
		b.Base = []byte(strings.Replace(string(b.Base), "max_size: 1 MiB}\n  bill", "max_size: 1 MiB}\n    valid:\n      - expect: |\n          "+text+"\n        say: No\n  bill", 1))
		if _, err := Compile(b); err == nil {
			t.Errorf("%s is let pass", text)
		}
	}
	p := load(t, "testdata/domains.yaml")
	for _, m := range p.prog.materials {
		for _, v := range m.validity {
			if got := reflect.TypeOf(sampleEnvironment(v.reads)).Kind(); got != reflect.Map {
				t.Errorf("the environment of %s is a %s", v.text, got)
			}
		}
	}
}

// A bound on nodes ends in an error that names what grew.
func TestTooLargeNamesTheGroup(t *testing.T) {
	_, faults := compile(generatePolicy(1), 400)
	found := false
	for _, f := range faults {
		found = found || f.Code == "too_large" && (strings.Contains(f.Message, "the group s") || strings.Contains(f.Message, "the scenario s"))
	}
	if !found {
		t.Errorf("no fault names the group: %v", faults)
	}
}
