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
	c := closer{m: m, memo: map[Node]Node{}, tests: map[Node]levelSet{}}
	if n = c.close(part); n == dontCare {
		return False
	}
	return n
}

// joiner merges functions that are partly "don't care" into one that serves both, unless they contradict each other.
type joiner struct {
	m        *Manager
	memo     map[[2]Node]Node
	conflict bool
}

func (j *joiner) join(a, b Node) Node {
	switch {
	case a == b || b == dontCare:
		return a
	case a == dontCare:
		return b
	case a.IsTerminal() && b.IsTerminal():
		j.conflict = true
		return a
	}
	key := [2]Node{min(a, b), max(a, b)}
	m := j.m
	if r, ok := j.memo[key]; ok || j.conflict || m.broken() {
		return r
	}
	level, base := min(m.level(a), m.level(b)), len(m.work)
	for v := range m.levels[level].Arity {
		m.work = append(m.work, j.join(m.branch(a, level, v), m.branch(b, level, v)))
	}
	r := m.node(level, m.work[base:])
	m.work = m.work[:base]
	if !j.conflict {
		j.memo[key] = r
	}
	return r
}

// closer replaces "don't care" so that branches become the same and tests go away.
type closer struct {
	m     *Manager
	memo  map[Node]Node     // closed functions by partial ones
	tests map[Node]levelSet // the levels that a closed function tests
}

// class is a set of branches that one function serves.
type class struct {
	part   Node // with "don't care"
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
		one := class{part: b, closed: c.close(b)}
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

// merge makes into serve also when both agree wherever they care, and neither has to test a level that it would not
// test alone.
func (c *closer) merge(into *class, also class) bool {
	j := joiner{m: c.m, memo: map[[2]Node]Node{}}
	part := j.join(into.part, also.part)
	if j.conflict {
		return false
	}
	closed := into.closed
	if closed != also.closed {
		closed = c.close(part)
		tests := c.testsOf(closed)
		if !tests.within(c.testsOf(into.closed)) || !tests.within(c.testsOf(also.closed)) {
			return false
		}
	}
	*into = class{part, closed}
	return true
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
