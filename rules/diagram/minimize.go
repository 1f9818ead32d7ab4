package diagram

// Minimize is a function that equals n wherever care holds and that tests as little as possible: it tests no level that n
// does not, and keeps a distinction only where dropping it would put a later one in its place. So an early answer is
// preferred to a later one from which it could be told, as when the later question is not even asked. Where care does not
// hold the result is whatever made it smaller; it is False when care holds nowhere.
func (m *Manager) Minimize(n, care Node) Node {
	if n.IsTerminal() && care != False || care == True || m.broken() {
		return n
	}
	keep := make([]bool, len(m.levels))
	for _, l := range m.Support(n) {
		keep[l] = true
	}
	// n does not look at other levels, so only what care says about its own can matter.
	part := m.ITE(m.Project(care, keep), n, dontCare)
	c := closer{m: m, memo: map[Node]Node{}, tests: map[Node]levelSet{}, agrees: map[[2]Node]bool{}}
	if n = c.close(part); n == dontCare {
		return False
	}
	return n
}

// closer replaces "don't care" so that branches become the same and tests go away. It makes no more nodes than there are
// partial ones.
type closer struct {
	m      *Manager
	memo   map[Node]Node     // closed functions by partial ones
	tests  map[Node]levelSet // the levels that a closed function tests
	agrees map[[2]Node]bool  // closed function and partial one
}

// class is a set of branches that one function serves.
type class struct {
	parts  []Node // with "don't care"
	closed Node
}

func (c *closer) close(n Node) Node {
	if n.IsTerminal() {
		return n
	}
	m := c.m
	if r, ok := c.memo[n]; ok || m.broken() {
		return r
	}
	level := m.level(n)
	classes, member := c.classes(n, level)
	base := len(m.work)
	for _, i := range member {
		m.work = append(m.work, classes[i].closed)
	}
	r := m.node(level, m.work[base:])
	m.work = m.work[:base]
	c.memo[n] = r
	return r
}

// classes puts each branch of n into the first class that it can share a function with; member says which. Branches that
// never matter go to the first.
func (c *closer) classes(n Node, level int) (classes []class, member []int) {
	for v := range c.m.levels[level].Arity {
		b := c.m.branch(n, level, v)
		if b == dontCare {
			member = append(member, 0)
			continue
		}
		one := class{parts: []Node{b}, closed: c.close(b)}
		i := 0
		for i < len(classes) && !c.merge(&classes[i], one) {
			i++
		}
		if i == len(classes) {
			classes = append(classes, one)
		}
		member = append(member, i)
	}
	return classes, member
}

// merge makes into serve also when the function of one serves both, and neither has to test a level that it would not
// test alone.
func (c *closer) merge(into *class, also class) bool {
	switch {
	case into.closed == also.closed:
	case c.fits(into.closed, also):
	case c.fits(also.closed, *into):
		into.closed = also.closed
	default:
		return false
	}
	into.parts = append(into.parts, also.parts...)
	return true
}

// fits says whether f equals every part of the class wherever that cares, and tests no other levels.
func (c *closer) fits(f Node, class class) bool {
	if !c.testsOf(f).within(c.testsOf(class.closed)) {
		return false
	}
	for _, part := range class.parts {
		if !c.agree(f, part) {
			return false
		}
	}
	return true
}

func (c *closer) agree(f, part Node) bool {
	switch {
	case part == dontCare || f == part:
		return true
	case f.IsTerminal() && part.IsTerminal():
		return false
	}
	key := [2]Node{f, part}
	if same, ok := c.agrees[key]; ok || c.m.broken() {
		return same
	}
	level, same := min(c.m.level(f), c.m.level(part)), true
	for v := 0; same && v < c.m.levels[level].Arity; v++ {
		same = c.agree(c.m.branch(f, level, v), c.m.branch(part, level, v))
	}
	c.agrees[key] = same
	return same
}

func (c *closer) testsOf(n Node) levelSet {
	if n.IsTerminal() {
		return nil
	}
	if s, ok := c.tests[n]; ok {
		return s
	}
	s := make(levelSet, (len(c.m.levels)+63)/64)
	s[c.m.level(n)/64] |= 1 << (c.m.level(n) % 64)
	for _, b := range c.m.branches(n) {
		for i, word := range c.testsOf(b) {
			s[i] |= word
		}
	}
	c.tests[n] = s
	return s
}

// levelSet is a set of levels; nil is empty.
type levelSet []uint64

func (s levelSet) within(other levelSet) bool {
	for i, word := range s {
		if other != nil {
			word &^= other[i]
		}
		if word != 0 {
			return false
		}
	}
	return true
}
