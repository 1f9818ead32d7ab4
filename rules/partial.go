package rules

import "regain/rules/diagram"

// exactNodes bounds the work of fitting one partial answer to what can happen.
// Beyond it the result is still right, but may ask a question too many.
const exactNodes = 50_000

// partial answers questions about diagrams under partial answers.
type partial struct {
	p       *Policy
	levels  []uint8
	scratch *diagram.Scratch

	// For exact answers, made when first needed.
	m     *diagram.Manager
	bring func(diagram.Node) diagram.Node
}

func newPartial(p *Policy, a Answers) *partial {
	q := &partial{p: p, levels: a.levels, scratch: p.scratch(nil)}
	q.scratch.Begin(a.levels)
	return q
}

// stop settles n, or gives the earliest level that can still change it and marks
// all of those in open. What cannot happen under the answers does not count.
func (q *partial) stop(n diagram.Node, open []bool) (result diagram.Node, level int, settled bool) {
	result, level, settled = q.scratch.Stop(n)
	if settled {
		return result, 0, true
	}
	if q.m == nil {
		q.m, q.bring = q.p.frozen.Manager(exactNodes)
	}
	fitted := q.m.Fix(q.bring(n), q.levels)
	facts := q.p.domain.around(q.m.Support(fitted))
	can := q.p.domain.conjoin(q.m, facts, func(n diagram.Node) diagram.Node { return q.m.Fix(q.bring(n), q.levels) })
	fitted = q.m.Minimize(fitted, can)
	if q.m.Err() != nil {
		q.scratch.Open(n, open)
		return diagram.False, level, false
	}
	if fitted.IsTerminal() {
		return fitted, 0, true
	}
	for _, l := range q.m.Support(fitted) {
		open[l] = true
	}
	return diagram.False, q.m.Level(fitted), false
}

// possible lists the terminals that n can still give.
func (q *partial) possible(n diagram.Node) []int {
	var out []int
	q.scratch.Possible(n, func(terminal int) bool {
		out = append(out, terminal)
		return true
	})
	return out
}

// maybe says whether a gate may be open, and marks what can change it.
func (q *partial) maybe(g *gate, open []bool) bool {
	if g == nil {
		return true
	}
	terminal, _, settled := q.scratch.Stop(g.root)
	if settled {
		return terminal == diagram.True
	}
	q.scratch.Open(g.root, open)
	return true
}
