package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
	"go.yaml.in/yaml/v3"
)

// validityRule is one expectation on a material's values, compiled for expr.
type validityRule struct {
	source
	say     Text
	program *vm.Program
	reads   []reading
}

// reading is one value that an expectation needs.
type reading struct {
	from string // "", "statement", "account"; "clock" for filed_on and today
	name string
	kind valueKind
}

// valueKind is the type of a value in a validity expression.
type valueKind string

const (
	kindAny    valueKind = "any" // an attribute of the account whose use does not tell
	kindBool   valueKind = "bool"
	kindNumber valueKind = "number"
	kindDate   valueKind = "date"
	kindText   valueKind = "text"
	kindList   valueKind = "list"
	kindBad    valueKind = "" // a fault was reported
)

func kindOf(t FieldType) valueKind {
	switch t {
	case FieldDate:
		return kindDate
	case FieldInteger:
		return kindNumber
	case FieldBool:
		return kindBool
	case FieldAddress:
		return kindBad
	}
	return kindText
}

// expectation checks and compiles one validity expression; nil after a fault.
func (r *reader) expectation(m *materialRule, n *yaml.Node) *validityRule {
	s, ok := r.doc.source(n, "expect")
	if !ok {
		return nil
	}
	tree := s.parse()
	if tree == nil {
		return nil
	}
	c := &expectationChecker{source: s, material: m, fieldTypes: r.prog.fieldTypes}
	if kind := c.check(&tree); kind != kindBool && kind != kindBad {
		c.fault(tree, "not_a_bool", "compare it with something", "an expectation must be true or false, and this is a %s", kind)
	}
	if c.failed {
		return nil
	}
	program, err := compileExpectation(tree.String(), sampleEnvironment(c.reads))
	if err != nil {
		s.at(0).fault("condition_syntax", "", "%s", strings.Split(err.Error(), "\n")[0])
		return nil
	}
	return &validityRule{source: s, program: program, reads: c.reads}
}

// expectationChecker checks types and replaces dates by days in the tree. Nodes
// that it does not know are refused, which bounds what evaluation can cost: no
// loops, no closures, no calls but those named.
type expectationChecker struct {
	source     source
	material   *materialRule
	fieldTypes map[string]FieldType
	reads      []reading
	failed     bool
}

func (c *expectationChecker) fault(n ast.Node, code, hint, format string, args ...any) valueKind {
	c.failed = true
	c.source.at(n.Location().From).fault(code, hint, format, args...)
	return kindBad
}

func (c *expectationChecker) check(n *ast.Node) valueKind {
	switch x := (*n).(type) {
	case *ast.BoolNode:
		return kindBool
	case *ast.IntegerNode:
		return kindNumber
	case *ast.StringNode:
		return kindText
	case *ast.IdentifierNode:
		return c.name(x)
	case *ast.MemberNode:
		return c.member(x)
	case *ast.UnaryNode:
		return c.unary(x)
	case *ast.BinaryNode:
		return c.binary(x)
	case *ast.ArrayNode:
		for i := range x.Nodes {
			c.check(&x.Nodes[i])
		}
		return kindList
	case *ast.CallNode:
		return c.call(x, calleeName(x), x.Arguments)
	case *ast.BuiltinNode:
		return c.call(x, x.Name, x.Arguments)
	}
	return c.fault(*n, "not_allowed", "", "%s is not allowed in an expectation", describe(*n))
}

func calleeName(x *ast.CallNode) string {
	if id, ok := x.Callee.(*ast.IdentifierNode); ok {
		return id.Value
	}
	return ""
}

func (c *expectationChecker) read(from, name string, kind valueKind) valueKind {
	r := reading{from, name, kind}
	for i, other := range c.reads {
		if other.from == from && other.name == name {
			if other.kind == kindAny {
				c.reads[i].kind = kind
			}
			return c.reads[i].kind
		}
	}
	c.reads = append(c.reads, r)
	return kind
}

// name resolves a value of the material itself or of the clock.
func (c *expectationChecker) name(x *ast.IdentifierNode) valueKind {
	known := []string{"filed_on", "today", "account", "statement"}
	if x.Value == "filed_on" || x.Value == "today" {
		return c.read("clock", x.Value, kindDate)
	}
	for _, v := range c.material.readOff {
		if known = append(known, v.ID); v.ID == x.Value {
			return c.read("", v.ID, kindOf(v.Type))
		}
	}
	for _, f := range c.material.fields {
		if known = append(known, f.field.ID); f.field.ID == x.Value {
			return c.read("", f.field.ID, kindOf(f.field.Type))
		}
	}
	return c.fault(x, "unknown_value", didYouMean(x.Value, known), "%s has no value %q", c.material.material.ID, x.Value)
}

// member resolves statement.<field> and account.<attribute>.
func (c *expectationChecker) member(x *ast.MemberNode) valueKind {
	base, ok := x.Node.(*ast.IdentifierNode)
	name, isName := x.Property.(*ast.StringNode)
	if !ok || !isName || x.Optional || x.Method {
		return c.fault(x, "not_allowed", "", "this access is not allowed in an expectation")
	}
	switch base.Value {
	case "account":
		return c.read("account", name.Value, kindAny)
	case "statement":
		t, ok := c.fieldTypes[name.Value]
		if !ok {
			var known []string
			for id := range c.fieldTypes {
				known = append(known, id)
			}
			slices.Sort(known)
			return c.fault(x, "unknown_value", didYouMean(name.Value, known), "no statement has a field %q", name.Value)
		}
		return c.read("statement", name.Value, kindOf(t))
	}
	return c.fault(x, "unknown_value", "one of account, statement", "%q has no attributes", base.Value)
}

func (c *expectationChecker) unary(x *ast.UnaryNode) valueKind {
	kind := c.check(&x.Node)
	switch {
	case kind == kindBad:
		return kindBad
	case (x.Operator == "not" || x.Operator == "!") && kind == kindBool:
		return kindBool
	case x.Operator == "-" && kind == kindNumber:
		return kindNumber
	}
	return c.fault(x, "wrong_type", "", "the operator %s does not apply to a %s", x.Operator, kind)
}

func (c *expectationChecker) binary(x *ast.BinaryNode) valueKind {
	left, right := c.check(&x.Left), c.check(&x.Right)
	if left == kindBad || right == kindBad {
		return kindBad
	}
	left = c.agree(&x.Left, left, right)
	right = c.agree(&x.Right, right, left)
	if left == kindBad || right == kindBad {
		return kindBad
	}
	switch op := x.Operator; op {
	case "and", "&&", "or", "||":
		if left == kindBool && right == kindBool {
			return kindBool
		}
	case "==", "!=":
		if left == right {
			return kindBool
		}
	case "<", "<=", ">", ">=":
		if left == right && (left == kindNumber || left == kindDate) {
			return kindBool
		}
	case "in":
		if right == kindList && (left == kindText || left == kindNumber) {
			return kindBool
		}
	case "+", "-":
		return c.sum(x, left, right)
	default:
		return c.fault(x, "not_allowed", "", "the operator %s is not allowed in an expectation", op)
	}
	return c.fault(x, "wrong_type", "", "the operator %s does not apply to a %s and a %s", x.Operator, left, right)
}

// agree gives an operand the other one's kind where it can have it: a text that
// is a date, and an attribute of the account whose type only its use tells.
func (c *expectationChecker) agree(n *ast.Node, kind, other valueKind) valueKind {
	if member, ok := (*n).(*ast.MemberNode); ok && kind == kindAny && other != kindList {
		if other == kindAny {
			other = kindText
		}
		return c.read("account", member.Property.(*ast.StringNode).Value, other)
	}
	text, ok := (*n).(*ast.StringNode)
	if !ok || other != kindDate {
		return kind
	}
	days, ok := parseDate(text.Value)
	if !ok {
		return c.fault(text, "bad_date", `write it like "2024-12-31"`, "%q is no date", text.Value)
	}
	ast.Patch(n, &ast.IntegerNode{Value: int(days)})
	return kindDate
}

// sum checks + and -, where dates count days.
func (c *expectationChecker) sum(x *ast.BinaryNode, left, right valueKind) valueKind {
	switch {
	case left == kindNumber && right == kindNumber:
		return kindNumber
	case left == kindDate && right == kindNumber:
		return kindDate
	case left == kindNumber && right == kindDate && x.Operator == "+":
		return kindDate
	case left == kindDate && right == kindDate && x.Operator == "-":
		return kindNumber
	}
	return c.fault(x, "wrong_type", "", "%s and %s cannot be joined by %s", left, right, x.Operator)
}

// validityFunctions are the functions that expectations know, with their argument
// and result kinds.
var validityFunctions = map[string]struct {
	arguments []valueKind
	result    valueKind
}{
	"days":           {[]valueKind{kindDate, kindDate}, kindNumber},
	"months_between": {[]valueKind{kindDate, kindDate}, kindNumber},
	"same_text":      {[]valueKind{kindText, kindText}, kindBool},
	"lower":          {[]valueKind{kindText}, kindText},
	"len":            {[]valueKind{kindText}, kindNumber},
}

func (c *expectationChecker) call(x ast.Node, name string, arguments []ast.Node) valueKind {
	f, ok := validityFunctions[name]
	if !ok {
		return c.fault(x, "unknown_function", oneOf(name, []string{"days", "months_between", "same_text", "lower", "len"}), "there is no function %q", name)
	}
	if len(arguments) != len(f.arguments) {
		return c.fault(x, "wrong_arguments", "", "%s takes %d argument(s)", name, len(f.arguments))
	}
	for i := range arguments {
		kind := c.check(&arguments[i])
		if kind != kindBad {
			kind = c.agree(&arguments[i], kind, f.arguments[i])
		}
		if kind != kindBad && kind != f.arguments[i] {
			c.fault(arguments[i], "wrong_type", "", "%s takes a %s here, not a %s", name, f.arguments[i], kind)
		}
	}
	return f.result
}

// compileExpectation compiles what the checker let pass. The environment is a map:
// struct environments are slow, and missing keys are looked up beforehand.
func compileExpectation(text string, env map[string]any) (*vm.Program, error) {
	number := func(f func(a, b int) int) func(...any) (any, error) {
		return func(p ...any) (any, error) {
			a, okA := p[0].(int)
			b, okB := p[1].(int)
			if !okA || !okB {
				return nil, fmt.Errorf("not a date")
			}
			return f(a, b), nil
		}
	}
	return expr.Compile(text, expr.AsBool(), expr.Env(env),
		expr.Function("days", number(func(a, b int) int { return b - a }), new(func(int, int) int)),
		expr.Function("months_between", number(monthsBetween), new(func(int, int) int)),
		expr.Function("same_text", func(p ...any) (any, error) {
			return sameText(fmt.Sprint(p[0]), fmt.Sprint(p[1])), nil
		}, new(func(string, string) bool)),
	)
}

// sampleEnvironment has a value of the right type for each reading, so that expr
// checks the types once more.
func sampleEnvironment(reads []reading) map[string]any {
	samples := map[valueKind]any{kindDate: 0, kindNumber: 0, kindBool: false}
	env := map[string]any{}
	for _, r := range reads {
		sample, ok := samples[r.kind]
		if !ok {
			sample = ""
		}
		r.put(env, sample)
	}
	return env
}

// put stores the reading's value where the expression looks for it.
func (r reading) put(env map[string]any, value any) {
	if r.from != "account" && r.from != "statement" {
		env[r.name] = value
		return
	}
	group, _ := env[r.from].(map[string]any)
	if group == nil {
		group = map[string]any{}
		env[r.from] = group
	}
	group[r.name] = value
}
