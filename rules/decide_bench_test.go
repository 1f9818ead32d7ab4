package rules

import (
	"sync"
	"testing"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

var benchAnswers = map[string]any{
	"customer_type": "direct", "account_type": "enterprise", "real_name_authenticated": false, "card_added": true, "months_of_use": 2, "enterprise_country": "CN",
}

// walk decides a complete answer as far as anything depends on it, without making
// the decision's lists: scenario, requirements, counts, checks and handling.
func (p *Policy) walk(levels []uint8) (leaf *scenarioRule, sum int) {
	if leaf = p.leafOf(levels); leaf == nil {
		return nil, 0
	}
	for _, r := range leaf.collect {
		if r.when != nil && p.frozen.Eval(r.when.root, levels).Value() != 1 {
			continue
		}
		sum++
		if r.atMost != nil {
			sum += p.frozen.Eval(r.atMost.root, levels).Value()
		}
		for _, c := range r.checks {
			for _, child := range c.children {
				if child.choose != nil {
					sum += p.frozen.Eval(child.choose.root, levels).Value()
				}
			}
		}
	}
	if s := leaf.handling.approvals.by; s != nil {
		sum += p.frozen.Eval(s.root, levels).Value()
	}
	return leaf, sum
}

// The walk of a complete answer makes nothing.
func TestWalkDoesNotAllocate(t *testing.T) {
	p := load(t, "../rules.yaml")
	a, bad := p.ParseAnswers(benchAnswers)
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	if leaf, _ := p.walk(a.levels); leaf == nil || leaf.scenario.ID != "direct-card" {
		t.Fatal("the answers are not complete")
	}
	if n := testing.AllocsPerRun(100, func() { p.walk(a.levels) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkWalk(b *testing.B) {
	p := load(b, "../rules.yaml")
	a, _ := p.ParseAnswers(benchAnswers)
	b.ReportAllocs()
	for b.Loop() {
		p.walk(a.levels)
	}
}

func BenchmarkWalkLarge(b *testing.B) {
	p := compileGenerated(b, 1)
	raw := map[string]any{}
	for i, f := range p.facts {
		raw[f.ID] = p.layout.facts[i].samples()[0]
	}
	a, _ := p.ParseAnswers(raw)
	b.ReportAllocs()
	for b.Loop() {
		p.walk(a.levels)
	}
}

func BenchmarkParseAnswers(b *testing.B) {
	p := load(b, "../rules.yaml")
	b.ReportAllocs()
	for b.Loop() {
		p.ParseAnswers(benchAnswers)
	}
}

func BenchmarkDecideComplete(b *testing.B) {
	benchmarkDecide(b, load(b, "../rules.yaml"), benchAnswers)
}

func BenchmarkDecidePartial(b *testing.B) {
	benchmarkDecide(b, load(b, "../rules.yaml"), map[string]any{"customer_type": "direct", "account_type": "enterprise", "real_name_authenticated": false})
}

func BenchmarkDecideNothing(b *testing.B) { benchmarkDecide(b, load(b, "../rules.yaml"), nil) }

func BenchmarkDecideNothingLarge(b *testing.B) { benchmarkDecide(b, compileGenerated(b, 1), nil) }

func BenchmarkDecidePartialLarge(b *testing.B) {
	p := compileGenerated(b, 1)
	raw := map[string]any{}
	for i, f := range p.facts[:20] {
		raw[f.ID] = p.layout.facts[i].samples()[0]
	}
	benchmarkDecide(b, p, raw)
}

func benchmarkDecide(b *testing.B, p *Policy, raw map[string]any) {
	a, bad := p.ParseAnswers(raw)
	if len(bad) > 0 {
		b.Fatal(bad)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.decide(a) // Decide remembers
	}
}

// BenchmarkByExpr evaluates the conditions of the same walk by expr, the fast way:
// a plain map and one machine.
func BenchmarkByExpr(b *testing.B) {
	p := load(b, "../rules.yaml")
	o := newOracle(b, p)
	for fact, v := range benchAnswers {
		o.env[fact] = v
	}
	texts := []string{
		"customer_type == direct", "customer_type == reseller", "customer_type == partner", "real_name_authenticated", "not real_name_authenticated",
		"card_added", "account_type == enterprise", "months_of_use >= 1", "months_of_use >= 2", "months_of_use >= 3", "enterprise_country == CN",
	}
	var programs []*vm.Program
	for _, text := range texts {
		program, err := expr.Compile(text, expr.Env(o.env))
		if err != nil {
			b.Fatal(err)
		}
		programs = append(programs, program)
	}
	var machine vm.VM
	b.ReportAllocs()
	for b.Loop() {
		for _, program := range programs {
			if _, err := machine.Run(program, o.env); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkByHand is the same walk as Go code.
func BenchmarkByHand(b *testing.B) {
	type facts struct {
		customerType, accountType, country string
		authenticated, card                bool
		months                             int
	}
	f := facts{customerType: "direct", accountType: "enterprise", country: "CN", card: true, months: 2}
	decide := func(f *facts) (scenario string, sum int) {
		switch {
		case f.customerType == "partner":
			return "partner", 6
		case f.customerType == "reseller":
			return "reseller", 3
		case f.authenticated:
			return "direct-authenticated", 2
		case f.card:
			scenario, sum = "direct-card", 3+min(f.months, 3)
			if f.accountType == "enterprise" {
				sum += 2
				if f.country == "CN" {
					sum++
				}
			}
			return scenario, sum
		}
		return "other", 0
	}
	total := 0
	b.ReportAllocs()
	for b.Loop() {
		_, sum := decide(&f)
		total += sum
	}
	_ = total
}

func BenchmarkCompile(b *testing.B) {
	bundle := load(b, "../rules.yaml").Bundle()
	for b.Loop() {
		if _, err := Compile(bundle); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompileLarge(b *testing.B) {
	for b.Loop() {
		compileGenerated(b, 1)
	}
}

// A policy serves many goroutines at once: run with -race.
func TestDecideConcurrently(t *testing.T) {
	p := load(t, "testdata/mutua.yaml")
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			raw := map[string]any{"lost": []any{"phone"}, "residence": "BR"}
			if worker%2 == 0 {
				raw["requester"] = "attorney"
			}
			for range 50 {
				a, bad := p.ParseAnswers(raw)
				if len(bad) > 0 {
					t.Error(bad)
				}
				if d := p.Decide(a); (worker%2 == 0) != (d.Scenario != nil) || (worker%2 == 0) != (d.Next == nil) {
					t.Errorf("next is %v", d.Next)
				}
			}
		})
	}
	group.Wait()
}
