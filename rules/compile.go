package rules

import (
	"errors"
	"maps"
	"slices"

	"regain/rules/diagram"
)

// maxNodes bounds the diagram nodes that one policy may make.
const maxNodes = 1_000_000

// Compile checks and compiles a policy: it reads the files, resolves and types
// every condition, proves that each answer which can happen has exactly one
// scenario and every condition a value, and keeps the small diagrams to decide by.
// Its error is a Faults with everything that is wrong.
func Compile(b Bundle) (*Policy, error) {
	p, faults := compile(b, maxNodes)
	if len(faults) > 0 {
		return nil, faults.sorted(b.Name)
	}
	return p, nil
}

func compile(b Bundle, nodes int) (*Policy, Faults) {
	var faults Faults
	p, prog, texts := readPolicy(b, &faults)
	if p == nil {
		return nil, faults
	}
	for _, locale := range slices.Sorted(maps.Keys(b.Translations)) {
		texts.translate(b.translationName(locale), locale, b.Translations[locale], &faults)
		p.locales = append(p.locales, locale)
	}
	p.hash = b.Hash()
	c := newCompiler(p, prog, &faults)
	c.run(nodes)
	if len(faults) == 0 {
		c.freeze()
	}
	return p, faults
}

func newCompiler(p *Policy, prog *program, faults *Faults) *compiler {
	return &compiler{prog: prog, policy: p, faults: faults, materialUses: map[*materialRule]uses{}, selectorCare: map[*selector]uses{}}
}

// compiler proves a policy and makes its diagrams.
type compiler struct {
	policy *Policy
	prog   *program
	faults *Faults
	*space
	kleene *kleene
	askYes []diagram.Node
	dead   bool // the node bound was passed and reported

	materialUses map[*materialRule]uses // where a material is asked
	selectorCare map[*selector]uses     // where a handling value is needed
	selectors    []*selector            // keys of selectorCare, in order
	roots        []*diagram.Node        // all diagrams to keep
}

func (c *compiler) run(nodes int) {
	if c.prog.root == nil || !c.readFactsWell() {
		return
	}
	l, err := newLayout(c.policy.facts, c.prog.askWhen, c.prog.atoms())
	if err != nil {
		at{&document{file: c.policy.bundle.Name, faults: c.faults}, 1, 1}.fault("too_many", "", "%s", err)
		return
	}
	c.space = newSpace(diagram.New(l.levels, nodes), l, newDomain(l, c.prog.askWhen))
	c.kleene = &kleene{m: c.m, l: l, memo: map[formula]truth{}}
	if !c.buildDomain() {
		return
	}
	c.group(c.prog.root, diagram.True)
	c.proveMaterials()
	c.proveSelectors()
}

// readFactsWell says whether facts and the domain are sound enough to prove on.
func (c *compiler) readFactsWell() bool {
	for i, f := range c.policy.facts {
		if f.Type == "" || c.prog.askWhen[i].broken() || (f.Type == FactEnum || f.Type == FactSet) && len(f.Values) == 0 {
			return false
		}
	}
	for _, rule := range c.prog.impossible {
		if rule.cond.broken() {
			return false
		}
	}
	return len(c.policy.facts) > 0
}

// buildDomain finds what can happen: a fact is asked exactly where its ask_when is
// true, and nothing impossible is.
func (c *compiler) buildDomain() bool {
	c.askYes = make([]diagram.Node, len(c.policy.facts))
	for i := range c.layout.facts {
		fl := &c.layout.facts[i]
		cond := c.prog.askWhen[i]
		if cond == nil {
			continue
		}
		yes := c.kleene.truth(cond.formula).yes
		c.askYes[i] = yes
		c.keep(&c.askYes[i])
		c.sometimes(cond, yes, "ask_when of "+fl.fact.ID)
		for level := fl.first; level < fl.first+fl.n; level++ {
			no := c.m.In(level, fl.notAsked)
			c.domain.constraint[i] = c.m.And(c.domain.constraint[i], c.m.ITE(yes, c.m.Not(no), no))
		}
		if c.tooLarge(cond.at(0), "the facts up to "+fl.fact.ID) {
			return false
		}
	}
	for _, rule := range c.prog.impossible {
		if !c.exclude(rule) {
			return false
		}
	}
	return true
}

// exclude adds an impossible combination to the domain.
func (c *compiler) exclude(rule *impossibleRule) bool {
	rule.root = c.kleene.truth(rule.cond.formula).yes
	c.keep(&rule.root)
	if !c.happens(rule.root) {
		rule.cond.at(0).fault("unreachable", "remove it", "this cannot happen anyway, given when facts are asked")
	}
	c.domain.exclude(c.m.Not(rule.root), rule.cond.facts)
	clear(c.memo)
	if c.tooLarge(rule.cond.at(0), "what is impossible") {
		return false
	}
	if c.can(rule.root) == diagram.False {
		rule.cond.at(0).fault("nothing_possible", "", "with this, no answers at all can happen")
		return false
	}
	return true
}

// sometimes proves that an ask_when is neither always nor never true.
func (c *compiler) sometimes(cond *condition, yes diagram.Node, what string) {
	switch {
	case !c.happens(yes):
		cond.at(0).fault("unreachable", "", "%s is never true", what)
	case c.always(yes, diagram.True):
		cond.at(0).fault("always_true", "remove the condition", "%s is always true", what)
	}
}

// keep remembers a diagram for freezing.
func (c *compiler) keep(root *diagram.Node) { c.roots = append(c.roots, root) }

// tooLarge reports, once, that the node bound was passed.
func (c *compiler) tooLarge(place at, what string) bool {
	if c.dead || c.m.Err() == nil {
		return c.dead
	}
	c.dead = true
	message := c.m.Err().Error()
	if errors.Is(c.m.Err(), diagram.ErrTooLarge) {
		message = "its decision diagrams grow too large"
	}
	place.fault("too_large", "ask the facts that decide earlier, or split the group", "%s cannot be proved: %s", what, message)
	return true
}

// freeze moves all diagrams that decisions need into the policy.
func (c *compiler) freeze() {
	for _, n := range c.domain.nodes() {
		c.keep(n)
	}
	nodes := make([]diagram.Node, len(c.roots))
	for i, r := range c.roots {
		nodes[i] = *r
	}
	frozen, moved := c.m.Freeze(nodes...)
	for i, r := range c.roots {
		*r = moved[i]
	}
	p := c.policy
	p.frozen, p.layout, p.domain, p.askYes = frozen, c.layout, c.domain, c.askYes
	size, bring := frozen.Manager(maxNodes)
	for _, n := range moved {
		bring(n)
	}
	p.nodes = size.Nodes()
	p.scratches.New = func() any { return frozen.NewScratch() }
}

// atoms gives every atom of the policy's conditions, and those that limits of
// counts stand for.
func (g *program) atoms() []*atom {
	var out []*atom
	seen := map[formula]bool{}
	add := func(c *condition) {
		if c != nil {
			eachAtom(c.formula, seen, func(a *atom) { out = append(out, a) })
		}
	}
	g.eachCondition(add)
	g.eachRequirement(func(r *requirementRule) {
		if r.atMost != nil {
			out = append(out, r.atMost.atoms(r.requirement.Count)...)
		}
	})
	return out
}

// atoms are the conditions that a limit becomes: at least 1, 2, … up to count.
func (c *counter) atoms(count int) []*atom {
	_, high := bounds(c.fact)
	var out []*atom
	for k := 1; k <= count; k++ {
		out = append(out, &atom{fact: c.fact, test: testSpans, spans: []span{{int64(k), high}}})
	}
	return out
}
