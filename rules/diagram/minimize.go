package diagram

// Minimize is a function that equals n wherever care holds and tests as little as possible: first every level that is
// not needed anywhere under care is dropped, later ones before earlier ones; then distinctions inside single branches.
// Where care does not hold the result is whatever made it smaller. It is False when care holds nowhere.
func (m *Manager) Minimize(n, care Node) Node {
	if n.IsTerminal() && care != False || care == True || m.broken() {
		return n
	}
	support := m.Support(n)
	keep := make([]bool, len(m.levels))
	for _, l := range support {
		keep[l] = true
	}
	// n does not look at other levels, so only what care says about its own can matter.
	part := m.ITE(m.Project(care, keep), n, dontCare)
	for i := len(support) - 1; i >= 0; i-- {
		part = m.without(part, support[i])
	}
	closing := closer{m: m, memo: map[Node]Node{}}
	if n = closing.close(part); n == dontCare {
		return False
	}
	return n
}

// without is part with level dropped when the branches of level agree wherever they care, else part as it is.
func (m *Manager) without(part Node, level int) Node {
	j := joiner{m: m, memo: map[[2]Node]Node{}}
	r := m.drop(part, level, &j, map[Node]Node{})
	if j.conflict || m.broken() {
		return part
	}
	return r
}

func (m *Manager) drop(n Node, level int, j *joiner, memo map[Node]Node) Node {
	if m.level(n) > level {
		return n
	}
	if r, ok := memo[n]; ok || j.conflict || m.broken() {
		return r
	}
	at, base := m.level(n), len(m.work)
	joined := dontCare
	for v := range m.levels[at].Arity {
		b := m.drop(m.branch(n, at, v), level, j, memo)
		m.work = append(m.work, b)
		if at == level {
			joined = j.join(joined, b)
		}
	}
	if at < level {
		joined = m.node(at, m.work[base:])
	}
	m.work = m.work[:base]
	memo[n] = joined
	return joined
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

// closer replaces "don't care" so that as many branches as possible become the same.
type closer struct {
	m    *Manager
	memo map[Node]Node
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
	for i := range classes {
		classes[i] = c.close(classes[i])
	}
	base := len(m.work)
	for _, i := range member {
		m.work = append(m.work, classes[i])
	}
	r := m.node(level, m.work[base:])
	m.work = m.work[:base]
	c.memo[n] = r
	return r
}

// classes puts each branch of n into the first class that it does not contradict; member says which.
func (c *closer) classes(n Node, level int) (classes []Node, member []int) {
	for v := range c.m.levels[level].Arity {
		b := c.m.branch(n, level, v)
		i := 0
		for ; i < len(classes); i++ {
			j := joiner{m: c.m, memo: map[[2]Node]Node{}}
			if r := j.join(classes[i], b); !j.conflict {
				classes[i] = r
				break
			}
		}
		if i == len(classes) {
			classes = append(classes, b)
		}
		member = append(member, i)
	}
	return classes, member
}
