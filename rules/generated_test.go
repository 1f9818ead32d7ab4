package rules

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// generator writes large random policies: 40 facts and a tree of 200 scenarios.
type generator struct {
	*strings.Builder
	random *rand.Rand
	leaf   int
}

const (
	generatedFacts  = 40
	generatedPath   = 16 // facts that divide scenarios; the others decide requirements
	generatedLeaves = 200
)

func generatePolicy(seed uint64) Bundle {
	g := &generator{&strings.Builder{}, rand.New(rand.NewPCG(seed, 7)), 0}
	g.WriteString("policy: generated\nedition: \"1\"\nlanguage: en\nfacts:\n")
	order := g.random.Perm(generatedFacts)
	for place, i := range order {
		g.fact(i, order[:place])
	}
	g.WriteString("materials:\n")
	for i := range 12 {
		fmt.Fprintf(g, "  material%d:\n    label: M\n    document: {types: [pdf], max_size: 1 MiB}\n", i)
	}
	g.WriteString("scenarios:\n")
	g.scenarios("  ", 0, generatedLeaves)
	g.WriteString("handling: {approvals: 1}\n")
	return Bundle{Name: "generated.yaml", Base: []byte(g.String())}
}

func factType(i int) string { return []string{"bool", "enum", "integer", "country"}[i%4] }

// fact writes one fact; those that do not divide scenarios may depend on an earlier
// one of their kind.
func (g *generator) fact(i int, earlier []int) {
	fmt.Fprintf(g, "  fact%d:\n    ask: Q\n    type: %s\n", i, factType(i))
	switch factType(i) {
	case "enum":
		fmt.Fprintf(g, "    values: {v%da: A, v%db: B, v%dc: C}\n", i, i, i)
	case "integer":
		g.WriteString("    min: 0\n    max: 100\n")
	}
	if i < generatedPath || g.random.IntN(2) == 0 {
		return
	}
	for _, e := range earlier {
		if e >= generatedPath && e != i {
			fmt.Fprintf(g, "    ask_when: asked(fact%d) and %s\n", e, g.test(e))
			return
		}
	}
}

// test writes a condition on one fact.
func (g *generator) test(i int) string {
	name := fmt.Sprintf("fact%d", i)
	switch factType(i) {
	case "enum":
		return fmt.Sprintf("%s == v%d%c", name, i, 'a'+rune(g.random.IntN(3)))
	case "integer":
		return fmt.Sprintf("%s >= %d", name, 1+g.random.IntN(50))
	case "country":
		return fmt.Sprintf("%s in [%s]", name, []string{"CN, SG", "BR", "DE, FR, IT", "CN"}[g.random.IntN(4)])
	}
	return name
}

// scenarios divides leaves scenarios by one fact, in two.
func (g *generator) scenarios(indent string, fact, leaves int) {
	test := g.test(fact)
	left := leaves/2 + g.random.IntN(leaves/4+1)
	g.scenario(indent, fact, left, test)
	g.scenario(indent, fact, leaves-left, "not ("+test+")")
}

func (g *generator) scenario(indent string, fact, leaves int, when string) {
	g.leaf++
	fmt.Fprintf(g, "%ss%d:\n%s  title: T\n%s  when: %s\n", indent, g.leaf, indent, indent, when)
	if leaves > 1 && fact+1 < generatedPath {
		fmt.Fprintf(g, "%s  scenarios:\n", indent)
		g.scenarios(indent+"    ", fact+1, leaves)
		return
	}
	fmt.Fprintf(g, "%s  collect:\n%s    - material0\n", indent, indent)
	for m := 1; m < 6; m++ {
		fmt.Fprintf(g, "%s    - material%d: {when: %q}\n", indent, m, g.condition())
	}
}

// condition writes a condition on facts that do not divide scenarios.
func (g *generator) condition() string {
	pick := func() string {
		i := generatedPath + g.random.IntN(generatedFacts-generatedPath)
		return fmt.Sprintf("asked(fact%d) and %s", i, g.test(i))
	}
	switch g.random.IntN(3) {
	case 0:
		return pick()
	case 1:
		return fmt.Sprintf("(%s) or (%s)", pick(), pick())
	}
	return fmt.Sprintf("not (%s) or %s", pick(), pick())
}

// compileGenerated compiles a generated policy. The few conditions that chance made
// always or never true are no fault of the engine, and decisions work all the same.
func compileGenerated(t testing.TB, seed uint64) *Policy {
	t.Helper()
	return compileBundle(t, generatePolicy(seed))
}

func compileBundle(t testing.TB, bundle Bundle) *Policy {
	t.Helper()
	var faults Faults
	p, prog, _ := readPolicy(bundle, &faults)
	c := newCompiler(p, prog, &faults)
	c.run(maxNodes)
	for _, f := range faults {
		if f.Code != "always_true" && f.Code != "unreachable" {
			t.Fatal(f)
		}
	}
	c.freeze()
	return p
}

// On large random policies, diagrams and expr agree on random answers.
func TestGeneratedPoliciesAgreeWithExpr(t *testing.T) {
	for seed := uint64(1); seed <= 4; seed++ {
		start := time.Now()
		p := compileGenerated(t, seed)
		took := time.Since(start)
		o := newOracle(t, p)
		random := rand.New(rand.NewPCG(seed, 3))
		for range 300 {
			raw := o.random(random)
			want := o.decide()
			o.compare(raw, want)
		}
		s := p.Summary()
		t.Logf("seed %d: %d scenarios, %s combinations, %d nodes, compiled in %s", seed, len(p.scenarios), s.Combinations, s.Nodes, took)
		if len(p.scenarios) < generatedLeaves || s.Nodes > 20_000 {
			t.Errorf("seed %d: %d scenarios, %d nodes", seed, len(p.scenarios), s.Nodes)
		}
	}
}

// random answers every fact that is asked.
func (o *oracle) random(random *rand.Rand) map[string]any {
	raw := map[string]any{}
	for i, f := range o.p.facts {
		o.env[f.ID] = nil
		clear(o.memo)
		if o.truth(o.p.prog.askWhen[i]) != true {
			continue
		}
		samples := o.p.layout.facts[i].samples()
		raw[f.ID] = samples[random.IntN(len(samples))]
		o.env[f.ID] = exprValue(raw[f.ID])
	}
	return raw
}
