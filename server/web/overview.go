package web

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"regain/rules"
)

// overview is a policy as a table: each scenario with what it asks for. It is found
// by asking the policy as a customer would, with every choice of every question, and
// with some values of questions that have no choices; so it says what the policy
// does, whatever the file looks like.
type overview struct {
	policy *rules.Policy
	rows   map[string]*overviewRow // by scenario
}

// overviewRow is what was seen of one scenario.
type overviewRow struct {
	scenario *rules.Scenario
	words    rules.Text
	handling rules.Handling
	seen     int            // decisions
	constant map[string]any // answers that all of them share
	needs    []*overviewNeed
}

// overviewNeed is one requirement of a scenario.
type overviewNeed struct {
	requirement rules.Requirement // the largest form of it
	fewer       bool              // some answers ask for fewer
	seen        int
	when        [][]rules.FactValue // the ways in which it comes to be asked
}

// maxOverview bounds the decisions that are looked at.
const maxOverview = 50_000

func newOverview(p *rules.Policy) (*overview, error) {
	o := &overview{policy: p, rows: map[string]*overviewRow{}}
	left := maxOverview
	if err := o.ask(map[string]any{}, &left); err != nil {
		return nil, err
	}
	return o, nil
}

// ask follows one way through the questions, and branches at each.
func (o *overview) ask(answers map[string]any, left *int) error {
	if *left--; *left < 0 {
		return fmt.Errorf("the policy %s has too many ways to show", o.policy.ID())
	}
	parsed, bad := o.policy.ParseCustomerAnswers(answers)
	if len(bad) > 0 {
		return fmt.Errorf("the policy %s takes no %v", o.policy.ID(), bad)
	}
	d := o.policy.Decide(parsed)
	if d.Impossible != nil {
		return nil
	}
	if d.Next == nil {
		if d.Scenario != nil {
			o.note(answers, d)
		}
		return nil
	}
	for _, value := range someAnswers(d.Next) {
		further := maps.Clone(answers)
		further[d.Next.ID] = value
		if err := o.ask(further, left); err != nil {
			return err
		}
	}
	return nil
}

// someAnswers are the choices of a question; of one without choices some values.
func someAnswers(f *rules.Fact) []any {
	switch {
	case f.Type == "bool":
		return []any{true, false}
	case len(f.Values) > 0:
		var choices []any
		for _, v := range f.Values {
			if f.Type == "set" {
				choices = append(choices, []any{v.ID})
				continue
			}
			choices = append(choices, v.ID)
		}
		return choices
	case f.Type == "integer":
		return someNumbers(f)
	case f.Type == "country":
		return []any{"CN", "US", "BR"}
	case f.Type == "date":
		return []any{firstOf(f.MaxDate, f.MinDate, "2026-01-01")}
	}
	return []any{"x"}
}

func someNumbers(f *rules.Fact) []any {
	least := int64(0)
	if f.Min != nil {
		least = *f.Min
	}
	var numbers []any
	for _, step := range []int64{0, 1, 2, 3, 6, 12, 100} {
		if n := least + step; f.Max == nil || n <= *f.Max {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func (o *overview) note(answers map[string]any, d rules.Decision) {
	row := o.rows[d.Scenario.ID]
	if row == nil {
		row = &overviewRow{scenario: d.Scenario, words: d.Words, handling: d.Handling, constant: maps.Clone(answers)}
		o.rows[d.Scenario.ID] = row
	}
	row.seen++
	for fact, value := range row.constant {
		if !reflect.DeepEqual(answers[fact], value) {
			delete(row.constant, fact)
		}
	}
	for _, r := range d.Requirements {
		row.need(r)
	}
}

func (row *overviewRow) need(r rules.Requirement) {
	at := slices.IndexFunc(row.needs, func(n *overviewNeed) bool { return n.requirement.ID == r.ID })
	if at < 0 {
		row.needs = append(row.needs, &overviewNeed{requirement: r})
		at = len(row.needs) - 1
	}
	n := row.needs[at]
	n.seen++
	n.fewer = n.fewer || r.Slots() != n.requirement.Slots()
	if larger(r, n.requirement) {
		n.requirement = r
	}
	for _, why := range r.Why {
		if !slices.ContainsFunc(n.when, func(known []rules.FactValue) bool { return reflect.DeepEqual(known, why.Facts) }) {
			n.when = append(n.when, why.Facts)
		}
	}
}

// larger prefers the form of a requirement that asks for most, for which a table
// says "the latest 3" and not what remains of that for a young account.
func larger(a, b rules.Requirement) bool {
	if a.Slots() != b.Slots() {
		return a.Slots() > b.Slots()
	}
	return len(a.Children)+len(a.Fields) > len(b.Children)+len(b.Fields)
}

// conditions are the answers under which a requirement comes beside the scenario's
// own: none when it always does.
func (row *overviewRow) conditions(n *overviewNeed) [][]rules.FactValue {
	if n.seen == row.seen {
		return nil
	}
	var all [][]rules.FactValue
	for _, way := range atLeast(n.when) {
		var own []rules.FactValue
		for _, f := range way {
			counted := n.fewer && f.Value == nil // how many there are is said by their number
			if _, always := row.constant[f.Fact]; !always && !counted {
				own = append(own, f)
			}
		}
		known := func(w [][]rules.FactValue) bool {
			return slices.ContainsFunc(w, func(k []rules.FactValue) bool { return reflect.DeepEqual(k, own) })
		}
		if len(own) > 0 && !known(all) {
			all = append(all, own)
		}
	}
	return all
}

// atLeast says ways that differ only in a number once, with the least number: what
// begins to be asked at one number is asked at all greater ones that were tried.
func atLeast(ways [][]rules.FactValue) [][]rules.FactValue {
	least := map[string]int64{}
	var out [][]rules.FactValue
	for _, way := range ways {
		said := slices.Clone(way)
		for i, f := range said {
			if n, ok := f.Value.(int64); ok {
				if known, ok := least[f.Fact]; !ok || n < known {
					least[f.Fact] = n
				}
				said[i] = rules.FactValue{Fact: f.Fact}
			}
		}
		if !slices.ContainsFunc(out, func(k []rules.FactValue) bool { return reflect.DeepEqual(k, said) }) {
			out = append(out, said)
		}
	}
	for _, way := range out {
		for i, f := range way {
			if n, ok := least[f.Fact]; ok && f.Value == nil && f.Label == nil {
				words := fmt.Sprintf("≥ %d", n)
				way[i].Label = rules.Text{"": words, "und": words}
			}
		}
	}
	return out
}

// sayConditions puts conditions into words: each fact as its question and answer.
func (o *overview) sayConditions(ways [][]rules.FactValue, locale string) []string {
	var said []string
	for _, way := range ways {
		var parts []string
		for _, f := range way {
			question := ""
			if fact := o.policy.Fact(f.Fact); fact != nil {
				question = fact.Ask.In(locale) + " – "
			}
			parts = append(parts, question+f.Label.In(locale))
		}
		said = append(said, strings.Join(parts, " · "))
	}
	return said
}

// overviews keeps the overview of each policy, by hash.
type overviews struct {
	mu    sync.Mutex
	known map[string]*overview
}

func (o *overviews) of(p *rules.Policy) (*overview, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if known := o.known[p.Hash()]; known != nil {
		return known, nil
	}
	made, err := newOverview(p)
	if err != nil {
		return nil, err
	}
	if o.known == nil {
		o.known = map[string]*overview{}
	}
	o.known[p.Hash()] = made
	return made, nil
}
