package rules

import (
	"fmt"
	"slices"
	"testing"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// oracle evaluates conditions with expr itself, directly and without diagrams. A
// fact that is not asked is nil. Connectives become functions in Kleene's logic,
// because expr's own stop at the first operand; where nothing is nil the condition
// is evaluated as it was written, too.
type oracle struct {
	t       testing.TB
	p       *Policy
	kleene  map[string]*vm.Program
	written map[string]*vm.Program
	env     map[string]any
	vm      vm.VM
	memo    map[string]any
}

func newOracle(t testing.TB, p *Policy) *oracle {
	o := &oracle{t: t, p: p, kleene: map[string]*vm.Program{}, written: map[string]*vm.Program{}, env: map[string]any{}, memo: map[string]any{}}
	for _, f := range p.facts {
		o.env[f.ID] = nil
		for _, v := range f.Values {
			o.env[v.ID] = v.ID
		}
	}
	p.prog.eachCondition(func(c *condition) {
		if c != nil {
			eachAtom(c.formula, map[formula]bool{}, func(a *atom) {
				for _, v := range a.values {
					if a.fact.Type == FactCountry {
						o.env[v] = v
					}
				}
			})
		}
	})
	return o
}

// truth gives true, false or nil for a condition under o.env.
func (o *oracle) truth(c *condition) any {
	if c == nil {
		return true
	}
	if got, ok := o.memo[c.text]; ok {
		return got
	}
	if o.kleene[c.text] == nil {
		source := o.rewrite(o.parse(c.text))
		o.kleene[c.text] = o.compile(source)
		o.written[c.text] = o.compile(o.plain(c.text))
	}
	got := o.run(o.kleene[c.text])
	if !slices.ContainsFunc(c.facts, func(i int) bool { return o.env[o.p.facts[i].ID] == nil }) {
		if plain := o.run(o.written[c.text]); plain != got {
			o.t.Fatalf("%s: %v as written, %v in three values, under %v", c.text, plain, got, o.env)
		}
	}
	o.memo[c.text] = got
	return got
}

func (o *oracle) run(program *vm.Program) any {
	got, err := o.vm.Run(program, o.env)
	if err != nil {
		o.t.Fatal(err)
	}
	return got
}

func (o *oracle) parse(text string) ast.Node {
	tree, err := parser.Parse(text)
	if err != nil {
		o.t.Fatal(err)
	}
	return tree.Node
}

// plain is the condition as written, with named conditions in their place.
func (o *oracle) plain(text string) string {
	tree := o.parse(text)
	ast.Walk(&tree, inliner{o})
	return tree.String()
}

type inliner struct{ o *oracle }

func (in inliner) Visit(n *ast.Node) {
	id, ok := (*n).(*ast.IdentifierNode)
	if !ok {
		return
	}
	if text, ok := in.o.named(id.Value); ok {
		tree := in.o.parse(text)
		ast.Walk(&tree, in)
		ast.Patch(n, tree)
	}
}

func (o *oracle) named(id string) (string, bool) {
	c, ok := o.p.prog.namedByID[id]
	if !ok {
		return "", false
	}
	return c.text, true
}

// rewrite gives an expression with the condition's three-valued result.
func (o *oracle) rewrite(n ast.Node) string {
	switch x := n.(type) {
	case *ast.BoolNode:
		return x.String()
	case *ast.IdentifierNode:
		if text, ok := o.named(x.Value); ok {
			return o.rewrite(o.parse(text))
		}
		return x.Value
	case *ast.UnaryNode:
		return "k_not(" + o.rewrite(x.Node) + ")"
	case *ast.BinaryNode:
		switch x.Operator {
		case "and", "&&":
			return "k_and(" + o.rewrite(x.Left) + ", " + o.rewrite(x.Right) + ")"
		case "or", "||":
			return "k_or(" + o.rewrite(x.Left) + ", " + o.rewrite(x.Right) + ")"
		}
		fact, _ := x.Left.(*ast.IdentifierNode)
		if fact == nil || o.p.Fact(fact.Value) == nil {
			fact = x.Right.(*ast.IdentifierNode)
		}
		return fmt.Sprintf("(%s == nil ? nil : (%s))", fact.Value, x)
	case *ast.CallNode:
		fact := x.Arguments[0].String()
		if x.Callee.String() == "asked" {
			return "(" + fact + " != nil)"
		}
		return fmt.Sprintf("(%s == nil ? nil : %s)", fact, x)
	}
	o.t.Fatalf("the oracle does not know %T", n)
	return ""
}

func (o *oracle) compile(source string) *vm.Program {
	not := func(p ...any) (any, error) {
		if p[0] == nil {
			return nil, nil
		}
		return !p[0].(bool), nil
	}
	either := func(strong bool) func(p ...any) (any, error) {
		return func(p ...any) (any, error) {
			switch {
			case p[0] == strong || p[1] == strong:
				return strong, nil
			case p[0] == nil || p[1] == nil:
				return nil, nil
			}
			return !strong, nil
		}
	}
	set := func(test func(have, want []string) bool) func(p ...any) (any, error) {
		return func(p ...any) (any, error) {
			var want []string
			for _, v := range p[1].([]any) {
				want = append(want, v.(string))
			}
			return test(p[0].([]string), want), nil
		}
	}
	subset := func(a, b []string) bool {
		return !slices.ContainsFunc(a, func(x string) bool { return !slices.Contains(b, x) })
	}
	program, err := expr.Compile(source, expr.Optimize(false),
		expr.Function("k_not", not), expr.Function("k_and", either(false)), expr.Function("k_or", either(true)),
		expr.Function("asked", func(p ...any) (any, error) { return p[0] != nil, nil }),
		expr.Function("has_any", set(func(have, want []string) bool {
			return slices.ContainsFunc(want, func(x string) bool { return slices.Contains(have, x) })
		})),
		expr.Function("has_all", set(func(have, want []string) bool { return subset(want, have) })),
		expr.Function("has_only", set(func(have, want []string) bool { return subset(have, want) })),
	)
	if err != nil {
		o.t.Fatalf("%s: %v", source, err)
	}
	return program
}

// decide gives the oracle's outline of the decision under o.env.
func (o *oracle) decide() string {
	clear(o.memo)
	for _, rule := range o.p.prog.impossible {
		if o.truth(rule.cond) == true {
			return "impossible"
		}
	}
	s := o.p.prog.root
	for len(s.children) > 0 {
		var hit []*scenarioRule
		var otherwise *scenarioRule
		for _, c := range s.children {
			if c.otherwise {
				otherwise = c
				continue
			}
			switch o.truth(c.cond) {
			case true:
				hit = append(hit, c)
			case nil:
				o.t.Fatalf("%s is undefined under %v", c.cond.text, o.env)
			}
		}
		if len(hit) == 0 && otherwise != nil {
			hit = []*scenarioRule{otherwise}
		}
		if len(hit) != 1 {
			o.t.Fatalf("%d scenarios apply under %v", len(hit), o.env)
		}
		s = hit[0]
	}
	if s.scenario.Outcome != Collect {
		return s.scenario.ID
	}
	return fmt.Sprint(s.scenario.ID, o.items(s.collect), " ", o.pick(s.handling.approvals.by), o.pick(s.handling.waitingPeriod.by))
}

func (o *oracle) items(rules []*requirementRule) (out []string) {
	for _, r := range rules {
		if r.when != nil && o.truth(r.when.cond) != true {
			continue
		}
		count := r.requirement.Count
		if r.atMost != nil {
			count = min(count, o.env[r.atMost.fact.ID].(int))
		}
		if r.requirement.Kind == Item && count > 0 {
			var fields []string
			for _, f := range r.material.fields {
				if f.when == nil || o.truth(f.when.cond) == true {
					fields = append(fields, fmt.Sprint(f.field.ID, f.field.Optional || f.optionalWhen != nil && o.truth(f.optionalWhen.cond) == true))
				}
			}
			out = append(out, fmt.Sprint(r.requirement.ID, count, fields, o.checks(r.checks)))
		}
		if r.requirement.Kind != Item {
			if children := o.items(r.children); len(children) > 0 {
				out = append(out, fmt.Sprint(r.requirement.ID, children))
			}
		}
	}
	return out
}

func (o *oracle) checks(rules []*checkRule) (out []string) {
	for _, c := range rules {
		if c.when != nil && o.truth(c.when.cond) != true {
			continue
		}
		switch {
		case c.choose != nil:
			out = append(out, o.checks([]*checkRule{c.children[o.pick(c.choose)]})...)
		case len(c.children) > 0:
			out = append(out, o.checks(c.children)...)
		default:
			out = append(out, c.node.ID)
		}
	}
	return out
}

func (o *oracle) pick(s *selector) int {
	if s == nil {
		return 0
	}
	for i, c := range s.arms {
		if o.truth(c) == true {
			return i
		}
	}
	return len(s.arms)
}

// outlineOf is the same outline of the policy's own decision.
func outlineOf(p *Policy, d Decision) string {
	if d.Impossible != nil {
		return "impossible"
	}
	if d.Outcome != Collect {
		return d.Scenario.ID
	}
	h := p.handlingOf(d.Scenario)
	return fmt.Sprint(d.Scenario.ID, outlineItems(d.Requirements), " ", armOf(h.approvals, d.Handling.Approvals), armOf(h.waitingPeriod, d.Handling.WaitingPeriod))
}

// armOf finds which of the values was chosen; the test policies choose between
// different ones.
func armOf[T comparable](c chosen[T], got T) int {
	if c.by == nil {
		return 0
	}
	return slices.Index(c.values, got)
}

func (p *Policy) handlingOf(s *Scenario) (h *handlingRule) {
	p.prog.eachScenario(func(r *scenarioRule) {
		if r.scenario == s {
			h = r.handling
		}
	})
	return h
}

func outlineItems(reqs []Requirement) (out []string) {
	for _, r := range reqs {
		if r.Kind != Item {
			out = append(out, fmt.Sprint(r.ID, outlineItems(r.Children)))
			continue
		}
		var fields []string
		for _, f := range r.Fields {
			fields = append(fields, fmt.Sprint(f.ID, f.Optional))
		}
		out = append(out, fmt.Sprint(r.ID, r.Count, fields, leafIDs(r.Checks)))
	}
	return out
}

// samples are answers to a fact, one for each class.
func (fl *factLevels) samples() []any {
	f := fl.fact
	var out []any
	switch f.Type {
	case FactBool:
		return []any{false, true}
	case FactEnum:
		for _, v := range f.Values {
			out = append(out, v.ID)
		}
	case FactCountry:
		for _, g := range fl.groups {
			out = append(out, g[len(g)-1])
		}
		for _, c := range []string{"IS", "VU"} { // in no condition of the tests
			if _, named := fl.country[c]; !named {
				return append(out, c)
			}
		}
	case FactSet:
		for mask := range 1 << len(f.Values) {
			chosen := []string{}
			for i, v := range f.Values {
				if mask>>i&1 == 1 {
					chosen = append(chosen, v.ID)
				}
			}
			out = append(out, chosen)
		}
	case FactInteger:
		for class := range fl.starts {
			low, high := fl.span(class)
			out = append(out, max(low, min(high, low+1)))
		}
	case FactDate:
		for class := range fl.starts {
			low, _ := fl.span(class)
			out = append(out, formatDate(low))
		}
	default:
		return []any{"text"}
	}
	return out
}

// exprValue is an answer as the oracle's environment has it.
func exprValue(v any) any {
	if n, ok := v.(int64); ok {
		return int(n)
	}
	return v
}

// each calls f with every complete combination of answers, which the oracle walks
// in asking order; impossible ones included.
func (o *oracle) each(i int, raw map[string]any, f func(raw map[string]any)) {
	if i == len(o.p.facts) {
		f(raw)
		return
	}
	fact := o.p.facts[i]
	clear(o.memo)
	if o.truth(o.p.prog.askWhen[i]) != true {
		o.each(i+1, raw, f)
		return
	}
	for _, v := range o.p.layout.facts[i].samples() {
		raw[fact.ID], o.env[fact.ID] = v, exprValue(v)
		o.each(i+1, raw, f)
	}
	delete(raw, fact.ID)
	o.env[fact.ID] = nil
}

// Diagrams and direct evaluation agree on every combination of every policy, and the
// exact count is the number of combinations that the oracle finds.
func TestDiagramsAgreeWithExpr(t *testing.T) {
	for _, file := range policyFiles(t) {
		t.Run(file, func(t *testing.T) {
			p := load(t, file)
			o := newOracle(t, p)
			possible := int64(0)
			o.each(0, map[string]any{}, func(raw map[string]any) {
				want := o.decide()
				if want != "impossible" {
					possible++
				}
				o.compare(raw, want)
			})
			if got := p.Summary().Combinations; !got.IsInt64() || got.Int64() != possible {
				t.Errorf("%s combinations are counted, the oracle finds %d", got, possible)
			}
			t.Logf("%d combinations agree", possible)
		})
	}
}

func (o *oracle) compare(raw map[string]any, want string) {
	a, bad := o.p.ParseAnswers(raw)
	if len(bad) > 0 {
		o.t.Fatalf("%v: %v", raw, bad)
	}
	d := o.p.Decide(a)
	if !d.Complete && d.Impossible == nil {
		o.t.Fatalf("%v: not complete, open are %v", raw, d.Open)
	}
	if got := outlineOf(o.p, d); got != want {
		o.t.Fatalf("%v:\ngot  %s\nwant %s", raw, got, want)
	}
}
