package rules

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"regain/bench/measure"
)

// TestSpeed prints the rows of docs/performance.md that are about policies.
func TestSpeed(t *testing.T) {
	turn := measure.Turn(t) / 2
	measure.Heading()
	p := load(t, "../rules.yaml")
	const rounds = 5
	cases := drawnCases(t, p)
	levels := cases[0].answers.levels
	r := measure.Interleave(t, rounds, turn,
		measure.Side{Name: "walk", Run: measure.Calls(inTurn(cases, func(c *drawnCase) { p.walk(c.answers.levels) }))},
		measure.Side{Name: "`expr`, plain maps, one machine", Run: measure.Calls(inTurn(cases, evaluateByExpr(t, p)))},
		measure.Side{Name: "hand-written Go", Run: measure.Calls(inTurn(cases, decideByHand()))},
		measure.Side{Name: "Decide", Run: measure.Calls(inTurn(cases, func(c *drawnCase) { p.Decide(c.answers) }))},
		measure.Side{Name: "decide anew", Run: measure.Calls(inTurn(cases, func(c *drawnCase) { p.decide(c.answers) }))})
	allocations := testing.AllocsPerRun(1000, func() { p.walk(levels) })
	measure.Print(fmt.Sprintf("decide, complete answers: the walk (%.0f allocations)", allocations), r[0], r[1], "10")
	measure.Print("decide, complete answers: the walk", r[0], r[2], "0.1")
	measure.Print("decide, complete answers: with lists, words and reasons, as remembered", r[3], r[1], "–")
	measure.Print("the same, the first time", r[4], r[1], "–")
	if allocations != 0 {
		t.Errorf("the walk allocates %v times", allocations)
	}

	given := map[string]any{"customer_type": "direct", "account_type": "enterprise", "real_name_authenticated": false}
	partial, _ := p.ParseAnswers(given)
	r = measure.Interleave(t, rounds, turn,
		measure.Side{Name: "Decide", Run: measure.Calls(func() { p.Decide(partial) })},
		measure.Side{Name: "`expr`, each condition in three values", Run: measure.Calls(evaluatePartial(t, p, given))},
		measure.Side{Name: "decide anew", Run: measure.Calls(func() { p.decide(partial) })})
	measure.Print("decide, partial answers: next question, what is open, what is certain, as remembered", r[0], r[1], "10")
	measure.Print("the same, the first time", r[2], r[1], "–")

	speedOfLoading(t, p.Bundle(), turn)
}

// speedOfLoading reads, compiles and proves.
func speedOfLoading(t *testing.T, bundle Bundle, turn time.Duration) {
	loading := func(load func()) measure.Side {
		return measure.Side{Run: func(time.Duration) (measure.Sample, error) {
			return measure.Load(1, turn, func(_ context.Context, _ int) error { load(); return nil })
		}}
	}
	r := measure.Interleave(t, 3, turn, loading(func() {
		if _, err := Compile(bundle); err != nil {
			t.Error(err)
		}
	}))
	measure.PrintAlone("load, compile and prove the default policy", r[0], "5 ms")
	for _, leaves := range []int{25, 50, 100, 200} {
		for seed := uint64(1); seed <= 3; seed++ {
			if leaves < 200 && seed > 1 {
				break
			}
			size := generatePolicyOf(seed, leaves)
			r := measure.Interleave(t, 1, turn, loading(func() { compileBundle(t, size) }))
			measure.PrintAlone(fmt.Sprintf("the same of a generated policy: %d facts, %d scenarios, order %d", generatedFacts, leaves, seed), r[0], "200 ms")
		}
	}
}

// generatePolicyOf is generatePolicy with another number of scenarios.
func generatePolicyOf(seed uint64, leaves int) Bundle {
	whole := generatePolicy(seed)
	head, _, _ := strings.Cut(string(whole.Base), "scenarios:\n")
	g := &generator{&strings.Builder{}, rand.New(rand.NewPCG(seed, 11)), 0}
	g.WriteString(head + "scenarios:\n")
	g.scenarios("  ", 0, leaves)
	g.WriteString("handling: {approvals: 1}\n")
	return Bundle{Name: "generated.yaml", Base: []byte(g.String())}
}

// drawnCase are complete answers in the form that each side takes them.
type drawnCase struct {
	answers Answers
	env     map[string]any
	facts   byHand
}

type byHand struct {
	customerType, accountType, country string
	authenticated, card                bool
	months                             int
}

// drawnCases draws answers by chance, so that no side can learn its way by heart.
func drawnCases(t *testing.T, p *Policy) []*drawnCase {
	t.Helper()
	o := newOracle(t, p)
	random := rand.New(rand.NewPCG(1, 2))
	var all []*drawnCase
	for len(all) < 1024 {
		raw := o.random(random)
		answers, bad := p.ParseAnswers(raw)
		if leaf, _ := p.walk(answers.levels); len(bad) > 0 || answers.impossible > 0 || leaf == nil {
			continue
		}
		c := &drawnCase{answers: answers, env: map[string]any{
			"customer_type": "", "account_type": "", "enterprise_country": "", "real_name_authenticated": false, "card_added": false, "months_of_use": 0,
		}}
		for id, v := range raw {
			c.env[id] = exprValue(v)
		}
		for id, v := range o.env {
			if _, isFact := p.factIndex[id]; !isFact {
				c.env[id] = v
			}
		}
		c.facts.customerType, _ = c.env["customer_type"].(string)
		c.facts.accountType, _ = c.env["account_type"].(string)
		c.facts.country, _ = c.env["enterprise_country"].(string)
		c.facts.authenticated, _ = c.env["real_name_authenticated"].(bool)
		c.facts.card, _ = c.env["card_added"].(bool)
		c.facts.months, _ = c.env["months_of_use"].(int)
		all = append(all, c)
	}
	return all
}

// inTurn gives one case after the other.
func inTurn(cases []*drawnCase, do func(*drawnCase)) func() {
	n := 0
	return func() {
		do(cases[n&1023])
		n++
	}
}

// evaluateByExpr evaluates the conditions that the walk decides, as fast as expr can.
func evaluateByExpr(t *testing.T, p *Policy) func(*drawnCase) {
	env := drawnCases(t, p)[0].env
	var programs []*vm.Program
	for _, text := range []string{
		"customer_type == direct", "customer_type == reseller", "customer_type == partner", "real_name_authenticated", "not real_name_authenticated",
		"card_added", "account_type == enterprise", "months_of_use >= 1", "months_of_use >= 2", "months_of_use >= 3", "enterprise_country == CN",
	} {
		program, err := expr.Compile(text, expr.Env(env))
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, program)
	}
	var machine vm.VM
	return func(c *drawnCase) { runAll(t, &machine, programs, c.env) }
}

// evaluatePartial evaluates every condition of the policy in three values.
func evaluatePartial(t *testing.T, p *Policy, given map[string]any) func() {
	o := newOracle(t, p)
	for fact, v := range given {
		o.env[fact] = v
	}
	var programs []*vm.Program
	seen := map[string]bool{}
	p.prog.eachCondition(func(c *condition) {
		if c != nil && !seen[c.text] {
			seen[c.text] = true
			programs = append(programs, o.compile(o.rewrite(o.parse(c.text))))
		}
	})
	var machine vm.VM
	return func() { runAll(t, &machine, programs, o.env) }
}

func runAll(t *testing.T, machine *vm.VM, programs []*vm.Program, env map[string]any) {
	t.Helper()
	for _, program := range programs {
		if _, err := machine.Run(program, env); err != nil {
			t.Fatal(err)
		}
	}
}

// decideByHand is the walk as Go code: the scenario, what it asks for, and how many.
func decideByHand() func(*drawnCase) {
	total := 0
	return func(c *drawnCase) {
		f := &c.facts
		switch {
		case f.customerType == "partner":
			total += 6
		case f.customerType == "reseller":
			total += 3
		case f.authenticated:
			total += 2
		case f.card:
			total += 3 + min(f.months, 3)
		}
		if f.accountType == "enterprise" {
			total += 2
			if f.country == "CN" {
				total++
			}
		}
	}
}
