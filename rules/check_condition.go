package rules

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser/operator"
	"go.yaml.in/yaml/v3"
)

// vocabulary is what conditions can name.
type vocabulary struct {
	facts     []*Fact
	factIndex map[string]int
	named     map[string]*condition
}

// condition reads and checks a condition; nil when n is nil. A condition with a
// fault has no formula.
func (v *vocabulary) condition(d *document, n *yaml.Node, what string) *condition {
	if n == nil {
		return nil
	}
	s, ok := d.source(n, what)
	c := &condition{source: s}
	if !ok {
		return c
	}
	tree := s.parse()
	if tree == nil {
		return c
	}
	ck := checker{vocabulary: v, source: s, facts: map[int]bool{}}
	fm := ck.boolean(tree)
	if !ck.failed {
		c.formula = fm
	}
	for i := range v.facts {
		if ck.facts[i] {
			c.facts = append(c.facts, i)
		}
	}
	return c
}

// checker turns an expression's tree into a formula and checks its types. Node
// kinds that it does not know are refused: that is the allow-list.
type checker struct {
	*vocabulary
	source source
	facts  map[int]bool
	failed bool
}

func (c *checker) fault(n ast.Node, code, hint, format string, args ...any) formula {
	c.failed = true
	c.source.at(n.Location().From).fault(code, hint, format, args...)
	return constant(false)
}

// boolean checks an expression that must be true or false.
func (c *checker) boolean(n ast.Node) formula {
	switch x := n.(type) {
	case *ast.BoolNode:
		return constant(x.Value)
	case *ast.IdentifierNode:
		return c.name(x)
	case *ast.UnaryNode:
		if x.Operator == "not" || x.Operator == "!" {
			return &negation{c.boolean(x.Node)}
		}
	case *ast.BinaryNode:
		return c.binary(x)
	case *ast.CallNode:
		return c.call(x)
	}
	return c.fault(n, "not_allowed", "conditions know and, or, not, ==, !=, <, <=, >, >=, in, asked, has_any, has_all and has_only", "%s is not allowed in a condition", describe(n))
}

// negated refuses "not a == b", which expr reads as "(not a) == b".
func (c *checker) negated(u *ast.UnaryNode, x *ast.BinaryNode) formula {
	return c.fault(u, "not_a_bool", fmt.Sprintf("write not (%s %s %s), or another operator", u.Node, x.Operator, x.Right), "not applies to %s alone here", u.Node)
}

func (c *checker) name(x *ast.IdentifierNode) formula {
	if named, ok := c.named[x.Value]; ok {
		return c.useNamed(named)
	}
	f := c.fact(x)
	if f == nil {
		return constant(false)
	}
	if f.Type != FactBool {
		return c.fault(x, "not_a_bool", howToTest(f), "%s is of type %s and cannot stand alone", f.ID, f.Type)
	}
	return &atom{fact: f, test: testValues, values: []string{"true"}}
}

func (c *checker) useNamed(named *condition) formula {
	for _, i := range named.facts {
		c.facts[i] = true
	}
	if named.formula == nil { // its own fault was reported
		c.failed = true
		return constant(false)
	}
	return named.formula
}

// fact resolves a name that must be a fact; nil after a fault.
func (c *checker) fact(x *ast.IdentifierNode) *Fact {
	if i, ok := c.factIndex[x.Value]; ok {
		c.facts[i] = true
		return c.vocabulary.facts[i]
	}
	var names []string
	for _, f := range c.vocabulary.facts {
		names = append(names, f.ID)
	}
	for name := range c.named {
		names = append(names, name)
	}
	slices.Sort(names)
	c.fault(x, "unknown_fact", didYouMean(x.Value, names), "there is no fact %q", x.Value)
	return nil
}

func (c *checker) binary(x *ast.BinaryNode) formula {
	if u, ok := x.Left.(*ast.UnaryNode); ok && (u.Operator == "not" || u.Operator == "!") && !operator.IsBoolean(x.Operator) {
		return c.negated(u, x)
	}
	switch x.Operator {
	case "and", "&&", "or", "||":
		left, right := c.boolean(x.Left), c.boolean(x.Right)
		return &junction{all: x.Operator == "and" || x.Operator == "&&", left: left, right: right}
	case "==":
		return c.equal(x)
	case "!=":
		return &negation{c.equal(x)}
	case "<", "<=", ">", ">=":
		return c.order(x)
	case "in":
		return c.in(x)
	}
	return c.fault(x, "not_allowed", "", "the operator %s is not allowed in a condition", x.Operator)
}

// sides finds the fact and the other operand of a comparison; mirrored says that
// the fact stood on the right.
func (c *checker) sides(x *ast.BinaryNode) (f *Fact, other ast.Node, mirrored bool) {
	left, leftIsName := x.Left.(*ast.IdentifierNode)
	right, rightIsName := x.Right.(*ast.IdentifierNode)
	leftIsFact, rightIsFact := c.isFact(left), c.isFact(right)
	switch {
	case leftIsFact && rightIsFact:
		c.facts[c.factIndex[left.Value]], c.facts[c.factIndex[right.Value]] = true, true
		c.fault(x, "not_allowed", "compare each with values", "%s and %s are both facts", left.Value, right.Value)
	case leftIsFact:
		return c.fact(left), x.Right, false
	case rightIsFact:
		return c.fact(right), x.Left, true
	case leftIsName:
		c.fact(left)
	case rightIsName:
		c.fact(right)
	case isNegation(x.Left):
		c.fault(x.Left, "not_a_bool", "write != instead, or not (…) around the comparison", "not binds tighter than %s", x.Operator)
	default:
		c.fault(x, "no_fact", "", "this compares no fact")
	}
	return nil, nil, false
}

func isNegation(n ast.Node) bool {
	u, ok := n.(*ast.UnaryNode)
	return ok && (u.Operator == "not" || u.Operator == "!")
}

func (c *checker) isFact(x *ast.IdentifierNode) bool {
	if x == nil {
		return false
	}
	_, ok := c.factIndex[x.Value]
	return ok
}

func (c *checker) equal(x *ast.BinaryNode) formula {
	f, other, _ := c.sides(x)
	if f == nil {
		return constant(false)
	}
	return c.isOneOf(f, []ast.Node{other})
}

func (c *checker) in(x *ast.BinaryNode) formula {
	id, ok := x.Left.(*ast.IdentifierNode)
	if !ok {
		return c.fault(x, "no_fact", "write <fact> in [<value>, …]", "in needs a fact on its left")
	}
	list, ok := x.Right.(*ast.ArrayNode)
	if !ok {
		return c.fault(x, "not_a_list", "write <fact> in [<value>, …]", "in needs a list on its right")
	}
	f := c.fact(id)
	if f == nil {
		return constant(false)
	}
	if len(list.Nodes) == 0 {
		return c.fault(list, "empty", "", "the list is empty")
	}
	return c.isOneOf(f, list.Nodes)
}

// isOneOf is the atom that f has one of the values.
func (c *checker) isOneOf(f *Fact, nodes []ast.Node) formula {
	a := &atom{fact: f, test: testValues}
	for _, n := range nodes {
		switch f.Type {
		case FactInteger, FactDate:
			v, ok := c.number(f, n)
			if !ok {
				return constant(false)
			}
			if low, high := bounds(f); v < low || v > high {
				c.fault(n, "out_of_range", "", "%s is never %s", f.ID, showNumber(f, v))
			}
			a.test = testSpans
			a.spans = append(a.spans, span{v, v})
		case FactSet, FactText:
			return c.fault(n, "not_comparable", howToTest(f), "%s is of type %s and cannot be compared", f.ID, f.Type)
		default:
			if v, ok := c.value(f, n); ok && slices.Contains(a.values, v) {
				c.fault(n, "repeated_value", "", "%s stands in the list twice", v)
			} else if ok {
				a.values = append(a.values, v)
			}
		}
	}
	return a
}

// value reads one value of a bool, enum, set or country.
func (c *checker) value(f *Fact, n ast.Node) (string, bool) {
	var word string
	switch x := n.(type) {
	case *ast.BoolNode:
		word = fmt.Sprint(x.Value)
	case *ast.IdentifierNode:
		word = x.Value
	case *ast.StringNode:
		word = x.Value
	default:
		c.fault(n, "wrong_type", howToTest(f), "%s is of type %s and cannot be compared with %s", f.ID, f.Type, describe(n))
		return "", false
	}
	_, isBool := n.(*ast.BoolNode)
	switch {
	case f.Type == FactBool && isBool:
		return word, true
	case f.Type == FactBool || isBool:
		c.fault(n, "wrong_type", howToTest(f), "%s is of type %s and cannot be %s", f.ID, f.Type, word)
		return "", false
	case f.Type == FactCountry && isCountry(word):
		return word, true
	case f.Type == FactCountry:
		c.fault(n, "unknown_value", "countries are two capital letters, such as CN", "%q is no country", word)
		return "", false
	}
	if _, ok := f.Value(word); ok {
		return word, true
	}
	c.fault(n, "unknown_value", c.valueHint(f, word), "%s has no value %q", f.ID, word)
	return "", false
}

func (c *checker) valueHint(f *Fact, word string) string {
	var ids []string
	for _, v := range f.Values {
		ids = append(ids, v.ID)
	}
	if hint := didYouMean(word, ids); hint != "" {
		return hint
	}
	for _, other := range c.vocabulary.facts {
		if _, ok := other.Value(word); ok {
			return fmt.Sprintf("%s is a value of %s", word, other.ID)
		}
	}
	return oneOf(word, ids)
}

// number reads a whole number or a date, as days.
func (c *checker) number(f *Fact, n ast.Node) (int64, bool) {
	if f.Type == FactDate {
		if s, ok := n.(*ast.StringNode); ok {
			if days, ok := parseDate(s.Value); ok {
				return days, true
			}
		}
		c.fault(n, "wrong_type", `write it like "2024-12-31"`, "%s is a date and needs a date here", f.ID)
		return 0, false
	}
	negative := false
	if u, ok := n.(*ast.UnaryNode); ok && u.Operator == "-" {
		n, negative = u.Node, true
	}
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		c.fault(n, "wrong_type", howToTest(f), "%s is of type %s and cannot be compared with %s", f.ID, f.Type, describe(n))
		return 0, false
	}
	v := int64(i.Value)
	if v > maxNumber {
		c.fault(n, "out_of_range", "", "numbers go up to %d", int64(maxNumber))
		return 0, false
	}
	if negative {
		v = -v
	}
	return v, true
}

// order checks < <= > >=.
func (c *checker) order(x *ast.BinaryNode) formula {
	f, other, mirrored := c.sides(x)
	if f == nil {
		return constant(false)
	}
	if f.Type != FactInteger && f.Type != FactDate {
		return c.fault(x, "not_comparable", howToTest(f), "%s is of type %s and has no order", f.ID, f.Type)
	}
	v, ok := c.number(f, other)
	if !ok {
		return constant(false)
	}
	op := x.Operator
	if mirrored {
		op = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}[op]
	}
	low, high := bounds(f)
	in := span{low, high}
	switch op {
	case "<":
		in.high = min(high, v-1)
	case "<=":
		in.high = min(high, v)
	case ">":
		in.low = max(low, v+1)
	case ">=":
		in.low = max(low, v)
	}
	switch {
	case in.low > in.high:
		return c.fault(x, "out_of_range", "", "%s is never %s %s", f.ID, op, showNumber(f, v))
	case in == span{low, high}:
		return c.fault(x, "out_of_range", "leave the comparison out", "%s is always %s %s", f.ID, op, showNumber(f, v))
	}
	return &atom{fact: f, test: testSpans, spans: []span{in}}
}

// call checks asked(f) and the tests of sets.
func (c *checker) call(x *ast.CallNode) formula {
	name := ""
	if id, ok := x.Callee.(*ast.IdentifierNode); ok {
		name = id.Value
	}
	tests := map[string]atomTest{"asked": testAsked, "has_any": testAny, "has_all": testAll, "has_only": testOnly}
	test, known := tests[name]
	if !known {
		return c.fault(x, "unknown_function", oneOf(name, []string{"asked", "has_any", "has_all", "has_only"}), "there is no function %q", name)
	}
	want := 2
	if test == testAsked {
		want = 1
	}
	if len(x.Arguments) != want {
		return c.fault(x, "wrong_arguments", callForm(name), "%s takes %d argument(s)", name, want)
	}
	id, ok := x.Arguments[0].(*ast.IdentifierNode)
	if !ok {
		return c.fault(x.Arguments[0], "wrong_arguments", callForm(name), "%s takes a fact", name)
	}
	f := c.fact(id)
	if f == nil {
		return constant(false)
	}
	if test == testAsked {
		return &atom{fact: f, test: testAsked}
	}
	return c.setTest(x, f, name, test)
}

func (c *checker) setTest(x *ast.CallNode, f *Fact, name string, test atomTest) formula {
	if f.Type != FactSet {
		return c.fault(x.Arguments[0], "wrong_type", howToTest(f), "%s takes a set, and %s is of type %s", name, f.ID, f.Type)
	}
	list, ok := x.Arguments[1].(*ast.ArrayNode)
	if !ok || len(list.Nodes) == 0 {
		return c.fault(x.Arguments[1], "wrong_arguments", callForm(name), "%s takes a list of values", name)
	}
	a := &atom{fact: f, test: test}
	for _, n := range list.Nodes {
		if v, ok := c.value(f, n); ok {
			a.values = append(a.values, v)
		}
	}
	return a
}

func callForm(name string) string {
	if name == "asked" {
		return "write asked(<fact>)"
	}
	return "write " + name + "(<fact>, [<value>, …])"
}
