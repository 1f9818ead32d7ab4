package server

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write problems.tsv anew from the source")

// TestEveryProblemIsListed reads the source for the problems that it can answer and
// compares them with the list that /problems shows.
func TestEveryProblemIsListed(t *testing.T) {
	found := codesInSource(t, "..")
	var list strings.Builder
	for _, line := range slices.Sorted(mapValues(found)) {
		list.WriteString(line + "\n")
	}
	if *update {
		if err := os.WriteFile("problems.tsv", []byte(list.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if list.String() != problemsTSV {
		listed := map[string]bool{}
		for _, c := range Codes() {
			listed[c.Code] = true
			if _, ok := found[c.Code]; !ok {
				t.Errorf("code %q is listed, but nothing answers it", c.Code)
			}
		}
		for code := range found {
			if !listed[code] {
				t.Errorf("code %q is not listed", code)
			}
		}
		t.Error("problems.tsv is out of date: go test ./server -run TestEveryProblemIsListed -update")
	}
}

func mapValues(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// codesInSource finds calls of problem.New and problem.Newf and literals of
// problem.Error; the value is the line of the list.
func codesInSource(t *testing.T, root string) map[string]string {
	t.Helper()
	found := map[string]string{}
	kinds := kindNames(t, root)
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			kind, code, detail := problemAt(n)
			if code == "" {
				return true
			}
			line := code + "\t" + kinds[kind] + "\t" + strings.Join(strings.Fields(detail), " ")
			if old, ok := found[code]; ok && !strings.HasPrefix(old, code+"\t"+kinds[kind]+"\t") {
				t.Errorf("%s: the code %s is of two kinds: %q and %q", path, code, old, line)
			}
			// A code may have several wordings; the list shows the first in the alphabet.
			if old, ok := found[code]; !ok || line < old {
				found[code] = line
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// problemAt reads one problem from a node: its kind's name, code and detail.
func problemAt(n ast.Node) (kind, code, detail string) {
	switch n := n.(type) {
	case *ast.CallExpr:
		f, ok := n.Fun.(*ast.SelectorExpr)
		if !ok || len(n.Args) < 3 || (f.Sel.Name != "New" && f.Sel.Name != "Newf") {
			return "", "", ""
		}
		if pkg, ok := f.X.(*ast.Ident); !ok || pkg.Name != "problem" {
			return "", "", ""
		}
		return lastName(n.Args[0]), stringOf(n.Args[1]), stringOf(n.Args[2])
	case *ast.CompositeLit:
		if lastName(n.Type) != "Error" {
			return "", "", ""
		}
		for _, e := range n.Elts {
			kv, ok := e.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			switch lastName(kv.Key) {
			case "Kind":
				kind = lastName(kv.Value)
			case "Code":
				code = stringOf(kv.Value)
			case "Detail":
				detail = stringOf(kv.Value)
			}
		}
		if kind == "" {
			return "", "", ""
		}
		return kind, code, detail
	}
	return "", "", ""
}

func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// stringOf is the value of a string literal or of several that are added.
func stringOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		if err == nil {
			return s
		}
	case *ast.BinaryExpr:
		return stringOf(e.X) + stringOf(e.Y)
	}
	return ""
}

// kindNames maps the names of the kinds' constants to their values.
func kindNames(t *testing.T, root string) map[string]string {
	t.Helper()
	names := map[string]string{"internalKind": string(internalKind), "methodKind": string(methodKind)}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "problem", "problem.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && lastName(spec.Type) == "Kind" {
			names[spec.Names[0].Name] = stringOf(spec.Values[0])
		}
		return true
	})
	if len(names) < 10 {
		t.Fatal("the kinds of problems were not found")
	}
	return names
}
