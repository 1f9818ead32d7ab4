package rules

// formula is a checked condition: a tree of connectives over atoms. Formulas of
// named conditions are shared, so it is a graph without cycles.
type formula interface{ formula() }

type (
	constant bool
	negation struct{ of formula }
	// junction is `and` (all) or `or`.
	junction struct {
		all         bool
		left, right formula
	}
	// atom is one test of one fact.
	atom struct {
		fact *Fact
		test atomTest
		// values of testValues, testAny, testAll and testOnly: ids of choices,
		// countries, "true" or "false".
		values []string
		// spans of testSpans, inclusive.
		spans []span
	}
	// span is an interval of whole numbers or of days, both ends included.
	span struct{ low, high int64 }
)

func (constant) formula()  {}
func (*negation) formula() {}
func (*junction) formula() {}
func (*atom) formula()     {}

// atomTest is how an atom tests its fact.
type atomTest int

const (
	testAsked  atomTest = iota // the fact is asked
	testValues                 // its value is one of values
	testSpans                  // its number or date lies in one of spans
	testAny                    // the set has one of values at least
	testAll                    // the set has all of values
	testOnly                   // the set has nothing but values
)

// eachAtom calls f for each atom of the formula, shared parts once.
func eachAtom(fm formula, seen map[formula]bool, f func(*atom)) {
	if fm == nil || seen[fm] {
		return
	}
	switch x := fm.(type) {
	case *atom:
		seen[fm] = true
		f(x)
	case *negation:
		seen[fm] = true
		eachAtom(x.of, seen, f)
	case *junction:
		seen[fm] = true
		eachAtom(x.left, seen, f)
		eachAtom(x.right, seen, f)
	}
}
