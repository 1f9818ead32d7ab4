package rules

import (
	"fmt"
	"slices"
	"strings"

	"regain/rules/diagram"
)

// reasons finds, for each requirement of a decision, the facts that made it so.
type reasons struct {
	v        *view
	scenario *scenarioRule
	scratch  *diagram.Scratch
	base     *Reason // of requirements that the scenario always has
}

func newReasons(v *view, s *scenarioRule) *reasons { return &reasons{v: v, scenario: s} }

// of explains why the scenario is reached and the conditions hold. Facts are
// dropped, latest first, as long as the rest still makes it certain.
func (w *reasons) of(conditions []diagram.Node) Reason {
	if len(conditions) == 0 && w.base != nil {
		return *w.base
	}
	w.scratch = w.v.p.scratch(w.scratch)
	nodes := append(slices.Clone(w.v.basis), conditions...)
	r := Reason{Scenario: w.scenario.scenario.ID, Policy: strings.TrimSpace(w.v.p.id + " " + w.v.p.edition)}
	for _, i := range w.v.p.needed(w.scratch, nodes, w.v.a.levels) {
		f := w.v.p.facts[i]
		if !f.OfCustomer() {
			r.FromAccountOrStaff = true
			continue
		}
		r.Facts = append(r.Facts, w.v.p.factValue(i, w.v.a))
	}
	w.v.p.scratches.Put(w.scratch)
	w.scratch = nil
	if len(conditions) == 0 {
		w.base = &r
	}
	return r
}

// needed lists the facts whose answers alone settle all nodes as levels do.
func (p *Policy) needed(s *diagram.Scratch, nodes []diagram.Node, levels []uint8) []int {
	known := slices.Clone(levels)
	s.Begin(known)
	want := make([]diagram.Node, len(nodes))
	for i, n := range nodes {
		want[i], _, _ = s.Stop(n)
	}
	settled := func() bool {
		s.Begin(known)
		for i, n := range nodes {
			if got, _, ok := s.Stop(n); !ok || got != want[i] {
				return false
			}
		}
		return true
	}
	if !settled() {
		return nil // certain only through what can happen
	}
	var kept []int
	for i := len(p.layout.facts) - 1; i >= 0; i-- {
		fl := &p.layout.facts[i]
		if levels[fl.first] == diagram.Unknown {
			continue
		}
		mine := known[fl.first : fl.first+fl.n]
		for j := range mine {
			mine[j] = diagram.Unknown
		}
		if !settled() {
			copy(mine, levels[fl.first:fl.first+fl.n])
			kept = append(kept, i)
		}
	}
	slices.Reverse(kept)
	return kept
}

// factValue says a fact's answer, in words.
func (p *Policy) factValue(i int, a Answers) FactValue {
	f := p.facts[i]
	out := FactValue{Fact: f.ID, Value: a.values[i]}
	if a.asked[i] == askNo || a.values[i] == nil {
		out.Value, out.Label = nil, notAskedWords
		return out
	}
	out.Label = f.Words(a.values[i])
	return out
}

// Words says a value of the fact for people: the label of a choice, yes or no, or
// the value itself.
func (f *Fact) Words(value any) Text {
	switch v := value.(type) {
	case bool:
		if v {
			return yesWords
		}
		return noWords
	case []string:
		if len(v) == 0 {
			return noneWords
		}
		joined := Text{}
		for _, id := range v {
			choice, _ := f.Value(id)
			for locale, words := range choice.Label {
				if joined[locale] != "" {
					joined[locale] += comma(locale)
				}
				joined[locale] += words
			}
		}
		return joined
	case string:
		if choice, ok := f.Value(v); ok {
			return choice.Label
		}
		return Text{"": v, "und": v}
	}
	return Text{"": fmt.Sprint(value), "und": fmt.Sprint(value)}
}

// comma divides what stands side by side in a text of the language.
func comma(locale string) string {
	if locale == "zh-Hans" {
		return "、"
	}
	return ", "
}
