package rules

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// complete is one complete combination of answers with what follows from it.
type complete struct {
	raw      map[string]any
	outline  string
	scenario string
	items    map[string]int
}

// allComplete lists every combination that can happen.
func allComplete(t testing.TB, p *Policy) []complete {
	var all []complete
	o := newOracle(t, p)
	o.each(0, map[string]any{}, func(raw map[string]any) {
		outline := o.decide()
		if outline == "impossible" {
			return
		}
		a, _ := p.ParseAnswers(raw)
		d := p.Decide(a)
		c := complete{raw: maps.Clone(raw), outline: outline, scenario: d.Scenario.ID, items: map[string]int{}}
		for _, r := range Items(d.Requirements) {
			c.items[r.ID] = r.Count
		}
		all = append(all, c)
	})
	return all
}

// fits says whether c is a way to complete the answers; answers to facts that c
// does not ask are no obstacle.
func (c complete) fits(raw map[string]any) bool {
	for fact, v := range raw {
		if mine, asked := c.raw[fact]; asked && !reflect.DeepEqual(mine, v) {
			return false
		}
	}
	return true
}

// A partial decision says what is certain and nothing else: measured against every
// way in which the answers can be completed.
func TestPartialDecisionsAreExact(t *testing.T) {
	for _, file := range []string{"../rules.yaml", "testdata/mutua.yaml"} {
		t.Run(file, func(t *testing.T) {
			p := load(t, file)
			all := allComplete(t, p)
			random := rand.New(rand.NewPCG(1, 2))
			for range 1500 {
				raw := someAnswers(p, all[random.IntN(len(all))].raw, random)
				checkPartial(t, p, all, raw)
			}
		})
	}
}

// someAnswers keeps a random part of complete answers, every second time a
// beginning in asking order.
func someAnswers(p *Policy, from map[string]any, random *rand.Rand) map[string]any {
	raw := map[string]any{}
	beginning, upTo := random.IntN(2) == 0, random.IntN(len(p.facts)+1)
	for i, f := range p.facts {
		v, ok := from[f.ID]
		if ok && (beginning && i < upTo || !beginning && random.IntN(2) == 0) {
			raw[f.ID] = v
		}
	}
	return raw
}

func checkPartial(t *testing.T, p *Policy, all []complete, raw map[string]any) {
	t.Helper()
	a, bad := p.ParseAnswers(raw)
	if len(bad) > 0 {
		t.Fatalf("%v: %v", raw, bad)
	}
	d := p.Decide(a)
	outlines, scenarios := map[string]bool{}, map[string]bool{}
	var fitting []complete
	for _, c := range all {
		if c.fits(raw) {
			fitting = append(fitting, c)
			outlines[c.outline], scenarios[c.scenario] = true, true
		}
	}
	if len(fitting) == 0 {
		return
	}
	if d.Complete && len(outlines) != 1 {
		t.Fatalf("%v: complete, but %d results are left: %v", raw, len(outlines), outlines)
	}
	held := slices.ContainsFunc(p.facts, func(f *Fact) bool { return a.values[p.factIndex[f.ID]] != nil && a.asked[p.factIndex[f.ID]] == askOpen })
	if !d.Complete && len(outlines) == 1 && !held {
		t.Errorf("%v: one result is left, but %v are open", raw, d.Open)
	}
	if d.Scenario != nil && (len(scenarios) != 1 || !scenarios[d.Scenario.ID]) {
		t.Fatalf("%v: certain of %s, but left are %v", raw, d.Scenario.ID, scenarios)
	}
	for _, r := range Items(d.Requirements) {
		for _, c := range fitting {
			if c.items[r.ID] != r.Count {
				t.Fatalf("%v: %s × %d is not certain, see %v", raw, r.ID, r.Count, c.raw)
			}
		}
	}
	if d.Complete == (len(d.Open) > 0) || d.Complete && d.Next != nil {
		t.Fatalf("%v: complete %v, next %v, open %v", raw, d.Complete, d.Next, d.Open)
	}
	if d.Next != nil {
		checkNext(t, fitting, raw, d.Next.ID)
	}
}

// checkNext demands that the answer to the next question can make a difference: what
// is left after it differs between two answers.
func checkNext(t *testing.T, fitting []complete, raw map[string]any, next string) {
	t.Helper()
	if _, answered := raw[next]; answered {
		t.Fatalf("%v: %s is answered already", raw, next)
	}
	left := map[string]map[string]bool{}
	for _, c := range fitting {
		answer := fmt.Sprint(c.raw[next])
		if left[answer] == nil {
			left[answer] = map[string]bool{}
		}
		left[answer][c.outline] = true
	}
	if len(left) < 2 {
		t.Errorf("%v: %s has one possible answer only: %v", raw, next, left)
	}
}
