package rules

import (
	"slices"

	"regain/rules/diagram"
)

// Decide says what the policy asks under the answers, complete or partial. It
// walks the groups of scenarios from the root, then the conditions of the
// scenario that it reaches; what the answers leave open decides the next question.
// The decision is shared, and must not be changed.
func (p *Policy) Decide(a Answers) Decision {
	if a.levels == nil {
		a = p.normalise(make([]any, len(p.facts)))
	}
	var buffer [256]byte
	key, keeps := p.appendKey(buffer[:0], a)
	if keeps {
		if d, ok := p.decided.get(key); ok {
			return d
		}
	}
	d := p.decide(a)
	if keeps {
		p.decided.put(key, d)
	}
	return d
}

// decide is Decide without memory.
func (p *Policy) decide(a Answers) Decision {
	d := Decision{PolicyHash: p.hash}
	if a.impossible > 0 {
		d.Impossible = p.impossible(a.impossible - 1)
		return d
	}
	v := &view{p: p, a: a, open: make([]bool, len(a.levels)), next: len(a.levels)}
	defer v.release()
	d.Ignored = p.ignored(a)
	leaf := v.locate()
	if leaf == nil {
		v.finish(&d)
		return d
	}
	d.Scenario, d.Outcome, d.Words, d.Notes = leaf.scenario, leaf.scenario.Outcome, leaf.scenario.Words, leaf.scenario.Notes
	if d.Outcome == Collect {
		d.Requirements = v.requirements(leaf)
		d.Handling = v.handling(leaf.handling)
	}
	v.finish(&d)
	return d
}

func (p *Policy) impossible(i int) *Impossible {
	rule := p.prog.impossible[i]
	out := &Impossible{When: rule.cond.text, Because: rule.because}
	for _, f := range rule.cond.facts {
		out.Facts = append(out.Facts, p.facts[f].ID)
	}
	return out
}

func (p *Policy) ignored(a Answers) []string {
	var out []string
	for i, f := range p.facts {
		if a.asked[i] == askNo && a.values[i] != nil {
			out = append(out, f.ID)
		}
	}
	return out
}

// leafOf walks the groups under complete levels without allocation; nil when an
// answer is missing on the way.
func (p *Policy) leafOf(levels []uint8) *scenarioRule {
	s := p.prog.root
	for len(s.children) > 0 {
		result := p.frozen.Eval(s.group, levels)
		if !result.IsTerminal() || result == diagram.False {
			return nil
		}
		s = s.children[result.Value()-1]
	}
	return s
}

// view is one decision in the making: it evaluates conditions under the answers
// and collects what is open.
type view struct {
	p       *Policy
	a       Answers
	partial *partial
	open    []bool // by level: can still change the result
	next    int    // the earliest level at which the walk stops
	basis   []diagram.Node
}

// locate walks to the scenario; nil when it is not certain yet.
func (v *view) locate() *scenarioRule {
	s := v.p.prog.root
	for len(s.children) > 0 {
		terminal, settled := v.eval(s.group)
		if !settled {
			v.openBelow(s)
			return nil
		}
		if terminal == 0 {
			return nil // only answers that cannot happen lead here
		}
		v.basis = append(v.basis, s.group)
		s = s.children[terminal-1]
	}
	return s
}

// eval gives the terminal of a diagram; while it is open the stop and all that can
// change it are noted.
func (v *view) eval(n diagram.Node) (terminal int, settled bool) {
	result := v.p.frozen.Eval(n, v.a.levels)
	if result.IsTerminal() {
		return result.Value(), true
	}
	result, stop, settled := v.unsettled().stop(n, v.open)
	if settled {
		return result.Value(), true
	}
	v.next = min(v.next, stop)
	return 0, false
}

// gate evaluates a condition; certain is false while it is open.
func (v *view) gate(g *gate) (open, certain bool) {
	if g == nil {
		return true, true
	}
	terminal, settled := v.eval(g.root)
	return terminal == 1, settled
}

// selected picks the value that a selector gives; -1 while it is open.
func (v *view) selected(s *selector) int {
	if s == nil {
		return 0
	}
	terminal, settled := v.eval(s.root)
	if !settled {
		return -1
	}
	return terminal
}

// unsettled starts the work on partial answers.
func (v *view) unsettled() *partial {
	if v.partial == nil {
		v.partial = newPartial(v.p, v.a)
	}
	return v.partial
}

func (v *view) release() {
	if v.partial != nil {
		v.p.scratches.Put(v.partial.scratch)
	}
}

// openBelow notes what can still change the result in every scenario that is still
// possible below s.
func (v *view) openBelow(s *scenarioRule) {
	q := v.unsettled()
	if len(s.children) > 0 {
		q.scratch.Open(s.group, v.open)
		for _, terminal := range q.possible(s.group) {
			if terminal > 0 {
				v.openBelow(s.children[terminal-1])
			}
		}
		return
	}
	if s.scenario.Outcome != Collect {
		return
	}
	for _, r := range s.collect {
		v.openRequirement(r)
	}
	for _, sel := range s.handling.selectors() {
		q.scratch.Open(sel.root, v.open)
	}
}

// openRequirement notes what can change a requirement that may be asked.
func (v *view) openRequirement(r *requirementRule) {
	q := v.unsettled()
	if !q.maybe(r.when, v.open) {
		return
	}
	if r.atMost != nil {
		q.scratch.Open(r.atMost.root, v.open)
	}
	for _, child := range r.children {
		v.openRequirement(child)
	}
	if r.material == nil {
		return
	}
	for _, f := range r.material.fields {
		if q.maybe(f.when, v.open) {
			q.maybe(f.optionalWhen, v.open)
		}
	}
	for _, c := range r.checks {
		v.openCheck(c)
	}
}

func (v *view) openCheck(c *checkRule) {
	q := v.unsettled()
	if !q.maybe(c.when, v.open) {
		return
	}
	if c.choose == nil {
		for _, child := range c.children {
			v.openCheck(child)
		}
		return
	}
	q.scratch.Open(c.choose.root, v.open)
	for _, i := range q.possible(c.choose.root) {
		v.openCheck(c.children[i])
	}
}

// finish fills in what is open and the next question.
func (v *view) finish(d *Decision) {
	openFacts := make([]bool, len(v.p.facts))
	for level, open := range v.open {
		if open {
			v.openFact(v.p.layout.owner[level], openFacts)
		}
	}
	for i, open := range openFacts {
		if open && v.a.values[i] == nil {
			d.Open = append(d.Open, v.p.facts[i].ID)
		}
	}
	d.Complete = len(d.Open) == 0
	if d.Complete {
		return
	}
	if v.next < len(v.a.levels) {
		if f := v.firstAsked(v.p.layout.owner[v.next]); f.OfCustomer() && slices.Contains(d.Open, f.ID) {
			d.Next = f
			return
		}
	}
	for _, id := range d.Open {
		if f := v.p.Fact(id); f.OfCustomer() {
			d.Next = v.firstAsked(v.p.factIndex[id])
			return
		}
	}
}

// openFact marks a fact as open, with those that decide whether it is asked.
func (v *view) openFact(i int, open []bool) {
	if open[i] {
		return
	}
	open[i] = true
	if v.a.asked[i] != askOpen {
		return
	}
	levels := make([]bool, len(v.a.levels))
	v.unsettled().scratch.Open(v.p.askYes[i], levels)
	for level, isOpen := range levels {
		if isOpen {
			v.openFact(v.p.layout.owner[level], open)
		}
	}
}

// firstAsked is the fact itself, or the one to ask before it is known whether it
// is asked at all.
func (v *view) firstAsked(i int) *Fact {
	for v.a.asked[i] == askOpen {
		_, level, settled := v.unsettled().scratch.Stop(v.p.askYes[i])
		if settled {
			break
		}
		i = v.p.layout.owner[level]
	}
	return v.p.facts[i]
}
