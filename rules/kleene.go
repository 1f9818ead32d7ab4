package rules

import "regain/rules/diagram"

// truth is a condition's pair of diagrams in Kleene's three-valued logic: where it
// is true and where it is false. Elsewhere it is undefined.
type truth struct{ yes, no diagram.Node }

// kleene compiles formulas to truths, each shared part once.
type kleene struct {
	m    *diagram.Manager
	l    *layout
	memo map[formula]truth
	// askedBy says when a fact is asked, where levels have no value for "not asked"
	// (see Compare); nil otherwise.
	askedBy func(*Fact) formula
}

func (k *kleene) truth(f formula) truth {
	if c, ok := f.(constant); ok {
		if c {
			return truth{diagram.True, diagram.False}
		}
		return truth{diagram.False, diagram.True}
	}
	if t, ok := k.memo[f]; ok {
		return t
	}
	var t truth
	switch x := f.(type) {
	case *negation:
		of := k.truth(x.of)
		t = truth{of.no, of.yes}
	case *junction:
		a, b := k.truth(x.left), k.truth(x.right)
		if x.all {
			t = truth{k.m.And(a.yes, b.yes), k.m.Or(a.no, b.no)}
		} else {
			t = truth{k.m.Or(a.yes, b.yes), k.m.And(a.no, b.no)}
		}
	case *atom:
		t = k.atom(x)
	}
	k.memo[f] = t
	return t
}

func (k *kleene) atom(a *atom) truth {
	fl := &k.l.facts[k.l.index[a.fact.ID]]
	if a.test == testAsked {
		return k.asked(fl)
	}
	t := k.value(fl, a)
	if k.askedBy == nil {
		return t
	}
	asked := k.asked(fl).yes
	return truth{k.m.And(asked, t.yes), k.m.And(asked, t.no)}
}

// value compiles an atom that reads the fact's value.
func (k *kleene) value(fl *factLevels, a *atom) truth {
	if a.test != testValues && a.test != testSpans {
		return k.set(fl, a)
	}
	in := fl.values(a)
	return truth{k.m.In(fl.first, in...), k.m.In(fl.first, fl.rest(in)...)}
}

// asked never comes out undefined.
func (k *kleene) asked(fl *factLevels) truth {
	if k.askedBy != nil {
		yes := k.truth(k.askedBy(fl.fact)).yes
		return truth{yes, k.m.Not(yes)}
	}
	if fl.notAsked < 0 {
		return truth{diagram.True, diagram.False}
	}
	no := k.m.In(fl.first, fl.notAsked)
	return truth{k.m.Not(no), no}
}

// set compiles the tests of sets, whose options are levels of their own.
func (k *kleene) set(fl *factLevels, a *atom) truth {
	const no, yes = 0, 1
	listed := map[string]bool{}
	for _, v := range a.values {
		listed[v] = true
	}
	var holds, fails []diagram.Node
	for i, v := range fl.fact.Values {
		if listed[v.ID] == (a.test == testOnly) {
			continue // has_only looks at the options that are not listed
		}
		good := yes
		if a.test == testOnly {
			good = no
		}
		holds = append(holds, k.m.In(fl.first+i, good))
		fails = append(fails, k.m.In(fl.first+i, 1-good))
	}
	if a.test == testAny {
		return truth{k.m.Or(holds...), k.m.And(fails...)}
	}
	return truth{k.m.And(k.m.And(holds...), k.asked(fl).yes), k.m.Or(fails...)}
}
