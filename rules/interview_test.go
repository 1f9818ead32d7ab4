package rules_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"regain/rules"
)

// An interview answers one question after the other, in every way that could make a difference, as a customer does.
type interview struct {
	t         *testing.T
	policy    *rules.Policy
	endings   int
	scenarios map[string]int
}

// Every way through the questions of every policy ends with one scenario; no question is asked that cannot change the
// result; and the end does not depend on having been asked in steps.
func TestEveryInterviewEnds(t *testing.T) {
	for _, file := range policies {
		t.Run(file.name, func(t *testing.T) {
			p := compile(t, file.dir, file.name)
			in := interview{t: t, policy: p, scenarios: map[string]int{}}
			in.ask(map[string]any{})
			t.Logf("%d endings: %v", in.endings, in.scenarios)
			for _, s := range leaves(p.Scenarios()) {
				if in.scenarios[s.ID] == 0 {
					t.Errorf("no answers lead to %s", s.ID)
				}
			}
		})
	}
}

func leaves(scenarios []*rules.Scenario) (out []*rules.Scenario) {
	for _, s := range scenarios {
		if len(s.Children) == 0 {
			out = append(out, s)
		}
		out = append(out, leaves(s.Children)...)
	}
	return out
}

func (in *interview) decide(raw map[string]any) rules.Decision {
	in.t.Helper()
	answers, bad := in.policy.ParseAnswers(raw)
	if len(bad) > 0 {
		in.t.Fatalf("%v: %v", raw, bad)
	}
	return in.policy.Decide(answers)
}

// ask goes on from the answers so far. It gives what the end says when all ways lead to the same end, else "".
func (in *interview) ask(raw map[string]any) string {
	d := in.decide(raw)
	if d.Impossible != nil {
		return "impossible"
	}
	if d.Complete {
		return in.end(raw, d)
	}
	if len(d.Open) == 0 {
		in.t.Fatalf("%v: neither complete nor open", raw)
	}
	fact := d.Next
	if fact == nil { // what is left is not the customer's to say
		fact = in.policy.Fact(d.Open[0])
	}
	if !slices.Contains(d.Open, fact.ID) || fact.OfCustomer() != (d.Next != nil) {
		in.t.Fatalf("%v: next is %s, open are %v", raw, fact.ID, d.Open)
	}
	first, same := "", true
	for i, v := range examples(fact) {
		more := maps.Clone(raw)
		more[fact.ID] = v
		end := in.ask(more)
		if i == 0 {
			first = end
		}
		same = same && end != "" && end == first
	}
	if same {
		in.t.Errorf("%v: %s was asked and changes nothing", raw, fact.ID)
		return first
	}
	return ""
}

func (in *interview) end(raw map[string]any, d rules.Decision) string {
	in.endings++
	if d.Scenario == nil || d.Outcome == "" || d.Next != nil || len(d.Open) > 0 || len(d.Ignored) > 0 {
		in.t.Fatalf("%v: an incomplete end: %+v", raw, d)
	}
	in.scenarios[d.Scenario.ID]++
	if d.Outcome == rules.Collect && (len(d.Requirements) == 0 || d.Handling.Approvals < 1) {
		in.t.Errorf("%v: collects %v with handling %+v", raw, d.Requirements, d.Handling)
	}
	if d.Outcome != rules.Collect && (len(d.Requirements) > 0 || d.Words.In("en") == "") {
		in.t.Errorf("%v: %s with %v and the words %v", raw, d.Outcome, d.Requirements, d.Words)
	}
	in.explained(raw, d.Requirements)
	return signature(d)
}

// signature is what a decision says, without the reasons.
func signature(d rules.Decision) string {
	return fmt.Sprintf("%s %s %v %+v", d.Scenario.ID, d.Outcome, outline(d.Requirements), d.Handling)
}

func outline(reqs []rules.Requirement) (out []string) {
	for _, r := range reqs {
		checks, _ := json.Marshal(r.Checks)
		out = append(out, fmt.Sprintf("%s×%d %v %s %v", r.ID, r.Count, r.Fields, checks, outline(r.Children)))
	}
	return out
}

// explained checks that every item says why it is asked, by facts that were answered or, without a value, not asked.
func (in *interview) explained(raw map[string]any, reqs []rules.Requirement) {
	for _, r := range reqs {
		if r.Kind == rules.Item && len(r.Why) == 0 {
			in.t.Errorf("%v: %s does not say why it is asked", raw, r.ID)
		}
		for _, why := range r.Why {
			for _, f := range why.Facts {
				if answer := raw[f.Fact]; (answer == nil) != (f.Value == nil) || !in.policy.Fact(f.Fact).OfCustomer() {
					in.t.Errorf("%v: %s is explained by %s", raw, r.ID, f.Fact)
				}
			}
		}
		in.explained(raw, r.Children)
	}
}

// examples are answers of which every condition in the policies tells some apart.
func examples(f *rules.Fact) (out []any) {
	switch f.Type {
	case rules.FactBool:
		return []any{true, false}
	case rules.FactEnum:
		for _, v := range f.Values {
			out = append(out, v.ID)
		}
		return out
	case rules.FactCountry:
		return []any{"CN", "BR", "DE", "US"}
	case rules.FactInteger:
		return []any{0, 1, 2, 3, 4, 25}
	case rules.FactDate:
		return []any{"1999-12-31", "2014-12-31", "2015-01-01", "2018-05-24", "2018-05-25"}
	case rules.FactSet:
		var all []any
		for _, v := range f.Values {
			all = append(all, v.ID)
			out = append(out, []any{v.ID})
		}
		return append(out, []any{}, all, all[:2], all[len(all)-2:])
	}
	return []any{"words"}
}
