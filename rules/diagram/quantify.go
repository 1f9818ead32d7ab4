package diagram

// Restrict is n with level fixed to value; the result no longer tests that level.
func (m *Manager) Restrict(n Node, level, value int) Node {
	if m.level(n) > level || m.broken() {
		return n
	}
	if m.level(n) == level {
		return m.branches(n)[value]
	}
	return m.each(opRestrict, n, Node(level), Node(value), func(b Node) Node { return m.Restrict(b, level, value) })
}

// Fix is n with every level fixed whose value is not Unknown.
func (m *Manager) Fix(n Node, values []uint8) Node { return m.fix(n, values, map[Node]Node{}) }

func (m *Manager) fix(n Node, values []uint8, memo map[Node]Node) Node {
	if n = m.Eval(n, values); n.IsTerminal() {
		return n
	}
	if r, ok := memo[n]; ok || m.broken() {
		return r
	}
	level, base := m.level(n), len(m.work)
	for v := range m.levels[level].Arity {
		m.work = append(m.work, m.fix(m.branch(n, level, v), values, memo))
	}
	r := m.node(level, m.work[base:])
	m.work = m.work[:base]
	memo[n] = r
	return r
}

// FixChoices is n with the levels of choices fixed.
func (m *Manager) FixChoices(n Node, choices []Choice) Node {
	for _, c := range choices {
		n = m.Restrict(n, c.Level, c.Value)
	}
	return n
}

// Forall is true where f holds for every value of level. f is boolean.
func (m *Manager) Forall(f Node, level int) Node {
	if m.level(f) > level || m.broken() {
		return f
	}
	if m.level(f) == level {
		r := True
		for v := range m.levels[level].Arity {
			r = m.and(r, m.branch(f, level, v))
		}
		return r
	}
	return m.each(opForall, f, Node(level), 0, func(b Node) Node { return m.Forall(b, level) })
}

// each rebuilds n with f applied to its branches, remembering the result under o, g and h.
func (m *Manager) each(o op, n, g, h Node, f func(Node) Node) Node {
	if r, ok := m.cache.get(o, n, g, h); ok {
		return r
	}
	level, base := m.level(n), len(m.work)
	for v := range m.levels[level].Arity {
		m.work = append(m.work, f(m.branch(n, level, v)))
	}
	r := m.node(level, m.work[base:])
	m.work = m.work[:base]
	if !m.broken() {
		m.cache.put(o, n, g, h, r)
	}
	return r
}

// Project is true where f can hold when only the kept levels are looked at: every other level is quantified away.
func (m *Manager) Project(f Node, keep []bool) Node { return m.project(f, keep, map[Node]Node{}) }

func (m *Manager) project(f Node, keep []bool, memo map[Node]Node) Node {
	if f.IsTerminal() {
		return f
	}
	if r, ok := memo[f]; ok || m.broken() {
		return r
	}
	level, base := m.level(f), len(m.work)
	some := False
	for v := range m.levels[level].Arity {
		b := m.project(m.branch(f, level, v), keep, memo)
		m.work = append(m.work, b)
		if !keep[level] {
			some = m.or(some, b)
		}
	}
	r := some
	if keep[level] {
		r = m.node(level, m.work[base:])
	}
	m.work = m.work[:base]
	memo[f] = r
	return r
}
