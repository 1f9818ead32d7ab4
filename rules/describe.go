package rules

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// howToTest says how a fact of its type is tested.
func howToTest(f *Fact) string {
	switch f.Type {
	case FactBool:
		return "write " + f.ID + " or not " + f.ID
	case FactEnum:
		return "write " + f.ID + " == <value>"
	case FactCountry:
		return "write " + f.ID + " == CN"
	case FactSet:
		return "write has_any(" + f.ID + ", [<value>, …])"
	case FactInteger:
		return "write " + f.ID + " >= <number>"
	case FactDate:
		return "write " + f.ID + ` >= "2024-12-31"`
	}
	return "no condition can read a text; asked(" + f.ID + ") can be tested"
}

// describe names a kind of node for authors.
func describe(n ast.Node) string {
	switch x := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return "the number " + n.String()
	case *ast.StringNode:
		return "the text " + n.String()
	case *ast.BoolNode:
		return n.String()
	case *ast.IdentifierNode:
		return x.Value
	case *ast.BuiltinNode:
		return "the function " + x.Name
	case *ast.UnaryNode:
		return "the operator " + x.Operator
	case *ast.BinaryNode:
		return "the operator " + x.Operator
	case *ast.NilNode:
		return "nil"
	}
	kind := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", n), "*ast."), "Node")
	return "a " + strings.ToLower(kind)
}
