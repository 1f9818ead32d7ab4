package rules

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"go.yaml.in/yaml/v3"
)

// maxCondition bounds a condition's bytes before it is parsed: expr's parser
// recurses on parentheses, and a stack overflow cannot be recovered from.
const maxCondition = 4 << 10

// condition is one condition of the policy, as written and as checked.
type condition struct {
	source
	formula formula // nil when the condition has a fault
	facts   []int   // indices of the facts it reads, in asking order
}

// broken says that a fault was reported for the condition already.
func (c *condition) broken() bool { return c != nil && c.formula == nil }

// source is an expression's text with its place in the file.
type source struct {
	text  string
	doc   *document
	first at    // place of the text's first character
	lines []int // for literal blocks: the column at which each line starts
}

// at maps a position in the text, counted in characters, to its place.
func (s source) at(offset int) at {
	if s.lines == nil {
		return at{s.doc, s.first.line, s.first.column + offset}
	}
	line, column := 0, 0
	for _, r := range s.text {
		if offset == 0 {
			break
		}
		offset--
		column++
		if r == '\n' {
			line, column = line+1, 0
		}
	}
	return at{s.doc, s.first.line + line, s.lines[min(line, len(s.lines)-1)] + column}
}

// source takes an expression's text from a node, in a form whose places can be
// pointed at exactly. ok is false after a fault.
func (d *document) source(n *yaml.Node, what string) (s source, ok bool) {
	s = source{text: n.Value, doc: d, first: d.at(n)}
	switch {
	case n.Kind != yaml.ScalarNode:
		d.fault(n, "not_a_condition", "", "%s must be an expression", what)
		return s, false
	case isNull(n):
		d.fault(n, "empty", "give a condition or remove the key", "%s is empty", what)
		return s, false
	case len(n.Value) > maxCondition:
		d.fault(n, "condition_too_long", "split it with named conditions", "%s has %d bytes, allowed are %d", what, len(n.Value), maxCondition)
		return s, false
	case n.Style&yaml.FoldedStyle != 0:
		d.fault(n, "folded_condition", "use | or write it on one line", "%s is a folded block (>), whose places are lost", what)
		return s, false
	case n.Style&yaml.LiteralStyle != 0:
		return d.literal(s), true
	}
	quote := 0
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		quote = 1
	}
	s.first.column += quote
	if !strings.HasPrefix(d.textFrom(n.Line, n.Column+quote), n.Value) {
		d.fault(n, "escaped_condition", "use | for several lines, and no escapes in quotes", "%s goes over several lines or has escapes", what)
		return s, false
	}
	return s, true
}

// textFrom is the rest of a line from a column.
func (d *document) textFrom(line, column int) string {
	if line < 1 || line > len(d.lines) {
		return ""
	}
	rest := d.lines[line-1]
	for ; column > 1 && rest != ""; column-- {
		_, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
	}
	return rest
}

// literal places the lines of a literal block, which begin below its indicator.
func (d *document) literal(s source) source {
	s.first.line++
	for i, line := range strings.Split(strings.TrimRight(s.text, "\n"), "\n") {
		column := 1
		if at := s.first.line + i; at <= len(d.lines) {
			column = 1 + max(strings.Index(d.lines[at-1], line), 0)
		}
		s.lines = append(s.lines, column)
	}
	s.text = strings.TrimRight(s.text, "\n")
	return s
}

// parse gives the tree of the expression as it was written: expr's own compiler
// would rewrite it. It is nil after a fault.
func (s source) parse() ast.Node {
	tree, err := parser.Parse(s.text)
	if err == nil {
		return tree.Node
	}
	offset, message := 0, err.Error()
	var fe *file.Error
	if errors.As(err, &fe) {
		offset, message = fe.From, fe.Message
	}
	s.at(offset).fault("condition_syntax", "", "%s", message)
	return nil
}
