package diagram

// ITE is g where f holds and h elsewhere. f is boolean, g and h may be anything.
func (m *Manager) ITE(f, g, h Node) Node {
	switch {
	case m.broken():
		return False
	case f == True:
		return g
	case f == False:
		return h
	case f < 0:
		panic("diagram: the condition of ITE is not boolean")
	}
	if g == f {
		g = True
	}
	if h == f {
		h = False
	}
	switch {
	case g == h:
		return g
	case g == True && h == False:
		return f
	}
	if r, ok := m.cache.get(opITE, f, g, h); ok {
		return r
	}
	level := min(m.level(f), m.level(g), m.level(h))
	base := len(m.work)
	for v := range m.levels[level].Arity {
		m.work = append(m.work, m.ITE(m.branch(f, level, v), m.branch(g, level, v), m.branch(h, level, v)))
	}
	r := m.node(level, m.work[base:])
	m.work = m.work[:base]
	if !m.broken() {
		m.cache.put(opITE, f, g, h, r)
	}
	return r
}

// Not is true where f is false.
func (m *Manager) Not(f Node) Node { return m.ITE(f, False, True) }

// And is true where all hold; without operands it is True.
func (m *Manager) And(fs ...Node) Node {
	r := True
	for _, f := range fs {
		r = m.and(r, f)
	}
	return r
}

func (m *Manager) and(f, g Node) Node {
	if f < g {
		f, g = g, f // one order: half the cache entries
	}
	return m.ITE(f, g, False)
}

// Or is true where at least one holds; without operands it is False.
func (m *Manager) Or(fs ...Node) Node {
	r := False
	for _, f := range fs {
		r = m.or(r, f)
	}
	return r
}

func (m *Manager) or(f, g Node) Node {
	if f < g {
		f, g = g, f
	}
	return m.ITE(f, True, g)
}

// Always reports whether f holds everywhere that care holds.
func (m *Manager) Always(f, care Node) bool { return m.and(care, m.Not(f)) == False && !m.broken() }

// Case is Terminal(i+1) where arms[i] is the first arm to hold, and none where no arm does.
func (m *Manager) Case(arms []Node, none Node) Node {
	r := none
	for i := len(arms) - 1; i >= 0; i-- {
		r = m.ITE(arms[i], Terminal(i+1), r)
	}
	return r
}

// AtLeast is true where k or more of fs hold.
func (m *Manager) AtLeast(k int, fs ...Node) Node {
	// held[j]: j or more of those seen so far hold.
	held := make([]Node, max(k, 0)+1)
	held[0] = True
	for _, f := range fs {
		for j := len(held) - 1; j > 0; j-- {
			held[j] = m.ITE(f, held[j-1], held[j])
		}
	}
	return held[len(held)-1]
}

// Is is true where n gives the terminal with this number.
func (m *Manager) Is(n Node, terminal int) Node {
	return m.rebuild(n, map[Node]Node{}, func(t Node) Node {
		if t.Value() == terminal {
			return True
		}
		return False
	})
}

// rebuild replaces each terminal of n by what leaf says.
func (m *Manager) rebuild(n Node, memo map[Node]Node, leaf func(Node) Node) Node {
	if n.IsTerminal() {
		return leaf(n)
	}
	if r, ok := memo[n]; ok || m.broken() {
		return r
	}
	level, base := m.level(n), len(m.work)
	for v := range m.levels[level].Arity {
		m.work = append(m.work, m.rebuild(m.branch(n, level, v), memo, leaf))
	}
	r := m.node(level, m.work[base:])
	m.work = m.work[:base]
	memo[n] = r
	return r
}
