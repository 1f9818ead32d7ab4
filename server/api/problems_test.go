package api_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"regain/database/databasetest"
	"regain/server"
	"regain/server/servertest"
)

// TestProblemsOfOperations reads from the source which problems each operation can come to, and
// compares that with the list that the OpenAPI document shows.
func TestProblemsOfOperations(t *testing.T) {
	s := readSource(t)
	every := s.problems(s.functionsOf("regain/server"))
	var list strings.Builder
	line := func(operation string, codes map[string]bool) {
		list.WriteString(operation + "\t" + strings.Join(slices.Sorted(maps.Keys(codes)), " ") + "\n")
	}
	line("*", every)
	ids := operationIDs(t)
	operations := s.operations(ids)
	for _, id := range ids {
		if operations[id] == nil {
			t.Errorf("the source does not show what %s does", id)
		}
		codes := s.problems(operations[id])
		maps.DeleteFunc(codes, func(code string, _ bool) bool { return every[code] })
		line(id, codes)
	}
	path := filepath.Join("..", "operation_problems.tsv")
	if *update {
		if err := os.WriteFile(path, []byte(list.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if kept, err := os.ReadFile(path); err != nil || string(kept) != list.String() {
		t.Errorf("operation_problems.tsv is out of date: go test ./server/api -run TestProblemsOfOperations -update (%v)", err)
	}
}

// source is the module's code with its types. What a function mentions counts as called: other
// functions, also as values, and the tables that name them; of a method of an interface, those of
// every type that has it. So no problem is missed, and some are listed that do not come to pass.
// Of the table of what may be done to a case those rows count alone whose actions are asked for.
type source struct {
	t        *testing.T
	fset     *token.FileSet
	files    map[string][]*ast.File
	info     *types.Info
	packages map[string]*types.Package
	foreign  types.Importer
	declared map[types.Object][]ast.Node
	concrete map[string][]*types.Func    // methods by name
	rows     map[types.Object][]ast.Node // of the table of transitions, by action
	lifetime types.Object                // the function that holds the table
}

func readSource(t *testing.T) *source {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Dir}}\t{{.Export}}\t{{join .GoFiles \",\"}}", "regain/server/api").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	s := &source{
		t: t, fset: token.NewFileSet(), files: map[string][]*ast.File{}, packages: map[string]*types.Package{}, declared: map[types.Object][]ast.Node{}, concrete: map[string][]*types.Func{}, rows: map[types.Object][]ast.Node{},
		info: &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}},
	}
	exports := map[string]string{}
	var own [][]string
	for line := range strings.Lines(string(out)) {
		part := strings.Split(strings.TrimSpace(line), "\t")
		if len(part) == 4 && strings.HasPrefix(part[0], "regain/") {
			own = append(own, part)
		} else if len(part) > 2 {
			exports[part[0]] = part[2]
		}
	}
	s.foreign = importer.ForCompiler(s.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, part := range own { // each after those that it imports
		s.check(part[0], part[1], strings.Split(part[3], ","))
	}
	return s
}

// Import implements types.Importer.
func (s *source) Import(path string) (*types.Package, error) {
	if own := s.packages[path]; own != nil {
		return own, nil
	}
	return s.foreign.Import(path)
}

func (s *source) check(path, dir string, names []string) {
	s.t.Helper()
	for _, name := range names {
		file, err := parser.ParseFile(s.fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			s.t.Fatal(err)
		}
		s.files[path] = append(s.files[path], file)
	}
	pkg, err := (&types.Config{Importer: s}).Check(path, s.fset, s.files[path], s.info)
	if err != nil {
		s.t.Fatal(err)
	}
	s.packages[path] = pkg
	for _, file := range s.files[path] {
		for _, d := range file.Decls {
			s.declare(d)
		}
	}
}

func (s *source) declare(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		f := s.info.Defs[d.Name].(*types.Func)
		s.declared[f] = append(s.declared[f], d)
		if f.Name() == "transitions" && f.Pkg().Path() == "regain/cases" {
			s.lifetime = f
			s.readTransitions(d)
		}
		if d.Recv != nil {
			s.concrete[f.Name()] = append(s.concrete[f.Name()], f)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if v, ok := spec.(*ast.ValueSpec); ok {
				for _, name := range v.Names {
					s.declared[s.info.Defs[name]] = append(s.declared[s.info.Defs[name]], v)
				}
			}
		}
	}
}

// readTransitions takes the table of transitions apart: {action, from, to, actors, guards}.
func (s *source) readTransitions(table *ast.FuncDecl) {
	ast.Inspect(table, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt: // guards that several rows have
			for i, name := range n.Lhs {
				o := s.info.Defs[name.(*ast.Ident)]
				s.declared[o] = append(s.declared[o], n.Rhs[i])
			}
		case *ast.CompositeLit:
			if action := s.action(n); action != nil {
				s.rows[action] = append(s.rows[action], n)
			}
		}
		return true
	})
}

func (s *source) action(row *ast.CompositeLit) types.Object {
	if len(row.Elts) < 5 {
		return nil
	}
	name, ok := row.Elts[0].(*ast.Ident)
	if !ok || !strings.HasPrefix(name.Name, "act") {
		return nil
	}
	return s.info.Uses[name]
}

// asked are the rows of the table that a function asks for, by permit or do: of the actions that it
// names, or of all where it names none.
func (s *source) asked(f types.Object) []ast.Node {
	if f.Name() == "do" {
		return nil // it asks for what its callers ask it for
	}
	asks := false
	var named, all []ast.Node
	for _, d := range s.declared[f] {
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				to, ok := n.Fun.(*ast.SelectorExpr)
				asks = asks || ok && (to.Sel.Name == "permit" || to.Sel.Name == "do") && s.ofChange(to.Sel)
			case *ast.Ident:
				named = append(named, s.rows[s.info.Uses[n]]...)
			}
			return true
		})
	}
	for _, rows := range s.rows {
		all = append(all, rows...)
	}
	switch {
	case !asks:
		return nil
	case len(named) > 0:
		return named
	}
	return all
}

// ofChange says that a name is of a method of cases.change.
func (s *source) ofChange(name *ast.Ident) bool {
	f, ok := s.info.Uses[name].(*types.Func)
	if !ok || f.Signature().Recv() == nil {
		return false
	}
	p, ok := f.Signature().Recv().Type().(*types.Pointer)
	return ok && p.Elem().String() == "regain/cases.change"
}

// functionsOf are those of a package.
func (s *source) functionsOf(path string) []ast.Node {
	var nodes []ast.Node
	for _, file := range s.files[path] {
		nodes = append(nodes, file)
	}
	return nodes
}

// problems are the codes that code can come to.
func (s *source) problems(nodes []ast.Node) map[string]bool {
	codes, seen := map[string]bool{}, map[types.Object]bool{}
	for len(nodes) > 0 {
		next := nodes[len(nodes)-1]
		nodes = nodes[:len(nodes)-1]
		ast.Inspect(next, func(n ast.Node) bool {
			if code := codeAt(n); code != "" {
				codes[code] = true
			}
			if name, ok := n.(*ast.Ident); ok {
				for _, o := range s.meant(s.info.Uses[name]) {
					if o != nil && o != s.lifetime && !seen[o] {
						seen[o] = true
						nodes = append(append(nodes, s.declared[o]...), s.asked(o)...)
					}
				}
			}
			return true
		})
	}
	return codes
}

// meant are the functions and tables of the module that a name means.
func (s *source) meant(o types.Object) []types.Object {
	f, ok := o.(*types.Func)
	if !ok {
		return []types.Object{o}
	}
	f = f.Origin()
	receiver := f.Signature().Recv()
	if receiver == nil || !types.IsInterface(receiver.Type()) || f.Pkg() == nil || s.packages[f.Pkg().Path()] == nil {
		return []types.Object{f}
	}
	var all []types.Object
	for _, m := range s.concrete[f.Name()] {
		of := m.Signature().Recv().Type()
		if p, ok := of.(*types.Pointer); ok {
			of = p.Elem()
		}
		if types.Implements(types.NewPointer(of), receiver.Type().Underlying().(*types.Interface)) {
			all = append(all, m)
		}
	}
	return all
}

// codeAt is the code of the problem that is made here.
func codeAt(n ast.Node) string {
	switch n := n.(type) {
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) >= 3 && (f.Sel.Name == "New" || f.Sel.Name == "Newf") {
			if pkg, ok := f.X.(*ast.Ident); ok && pkg.Name == "problem" {
				return literal(n.Args[1])
			}
		}
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
			if code := literal(n.Value); slices.ContainsFunc(server.Codes(), func(c server.Code) bool { return c.Code == code }) {
				return code
			}
		}
	}
	return ""
}

func literal(e ast.Expr) string {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return ""
	}
	s, _ := strconv.Unquote(l.Value)
	return s
}

// operations finds where the operations are registered: a call with a route that has the id, or with
// a variable that got one, and what handles it.
func (s *source) operations(ids []string) map[string][]ast.Node {
	found, several := map[string][]ast.Node{}, map[string][]ast.Node{}
	for path, files := range s.files {
		if !strings.HasPrefix(path, "regain/server") {
			continue
		}
		for _, file := range files {
			routes := map[types.Object]string{} // variables
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.AssignStmt:
					if name, ok := n.Lhs[0].(*ast.Ident); ok && len(n.Rhs) == 1 {
						if id := idIn(n.Rhs[0], ids); id != "" {
							if o := s.info.Defs[name]; o != nil {
								routes[o] = id
							}
						}
					}
				case *ast.CallExpr:
					at := s.routeArgument(n)
					if at < 0 {
						if len(n.Args) > 0 && slices.Contains(ids, literal(n.Args[0])) { // by a function of its own
							several[literal(n.Args[0])] = append(several[literal(n.Args[0])], n)
						}
						return true
					}
					id := idIn(n.Args[at], ids)
					if name, ok := n.Args[at].(*ast.Ident); ok && id == "" {
						id = routes[s.info.Uses[name]]
					}
					if id != "" {
						found[id] = append(found[id], n.Args[at], n.Args[at+1])
						return true
					}
					for _, id := range idsOf(n.Args[at], ids) { // one of several that are registered in one place
						several[id] = append(several[id], n.Args[at+1])
					}
				}
				return true
			})
		}
	}
	for id, nodes := range several {
		if found[id] == nil {
			found[id] = nodes
		}
	}
	return found
}

// idsOf are the ids that begin, or end, as an expression adds them up.
func idsOf(e ast.Expr, ids []string) []string {
	var found []string
	ast.Inspect(e, func(n ast.Node) bool {
		kv, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		sum, ok := kv.Value.(*ast.BinaryExpr)
		if key, named := kv.Key.(*ast.Ident); !ok || !named || key.Name != "ID" {
			return true
		}
		for _, id := range ids {
			if strings.HasPrefix(id, literal(sum.X)) && strings.HasSuffix(id, literal(sum.Y)) {
				found = append(found, id)
			}
		}
		return true
	})
	return found
}

// routeArgument is where a call that registers a route has that; -1 for other calls.
func (s *source) routeArgument(call *ast.CallExpr) int {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return -1
	}
	o := s.info.Uses[f.Sel]
	if o == nil || o.Pkg() == nil || o.Pkg().Path() != "regain/server" {
		return -1
	}
	switch o.Name() {
	case "JSON":
		return 1
	case "Raw":
		return 0
	}
	return -1
}

// idIn is the id of an operation that an expression holds.
func idIn(e ast.Expr, ids []string) string {
	found := ""
	ast.Inspect(e, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && found == "" && slices.Contains(ids, literal(l)) {
			found = literal(l)
		}
		return found == ""
	})
	return found
}

// operationIDs are those of the document, sorted.
func operationIDs(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, path := range servertest.Start(t, databasetest.SQLite(t)).Server.OpenAPI().Paths {
		for _, op := range []*huma.Operation{path.Get, path.Put, path.Post, path.Delete, path.Patch, path.Head} {
			if op != nil {
				ids = append(ids, op.OperationID)
			}
		}
	}
	slices.Sort(ids)
	return ids
}
