package diagram

import "slices"

// The search for the shortest witness stops at this much work and the best one found so far is taken.
const (
	witnessSteps = 200_000
	witnessNodes = 100_000
)

// Witness is a partial assignment under which n is certainly not False, with as few levels fixed as possible, in level
// order: a smallest example. ok is false when n is False everywhere. In diagrams so large that the exact search takes
// too long it is the shortest path with superfluous choices left out.
func (m *Manager) Witness(n Node) (choices []Choice, ok bool) {
	if n == False || m.broken() {
		return nil, false
	}
	// The search makes nodes that nobody needs afterwards: it has a manager of its own.
	s := search{m: New(m.levels, witnessNodes), failed: map[[2]int]bool{}}
	copied := s.m.importFrom(m, n)
	if s.m.broken() {
		return m.shortestPath(n), true
	}
	n = copied
	best := s.m.trim(n, s.m.shortestPath(n))
	for depth := 0; depth < len(best); depth++ {
		if found, ok := s.within(n, depth); ok {
			slices.SortFunc(found, func(a, b Choice) int { return a.Level - b.Level })
			return found, true
		}
		if s.steps > witnessSteps || s.m.broken() {
			break
		}
	}
	return best, true
}

// importFrom copies n as a boolean: true where it is not False.
func (m *Manager) importFrom(from *Manager, n Node) Node {
	return m.copyFrom(&from.store, n, map[Node]Node{}, func(t Node) Node {
		if t == False {
			return False
		}
		return True
	})
}

func (m *Manager) copyFrom(from *store, n Node, memo map[Node]Node, leaf func(Node) Node) Node {
	if n.IsTerminal() {
		return leaf(n)
	}
	if r, ok := memo[n]; ok || m.broken() {
		return r
	}
	base := len(m.work)
	for _, b := range from.branches(n) {
		m.work = append(m.work, m.copyFrom(from, b, memo, leaf))
	}
	r := m.node(from.level(n), m.work[base:])
	m.work = m.work[:base]
	memo[n] = r
	return r
}

type search struct {
	m      *Manager
	failed map[[2]int]bool // node and depth without a witness
	steps  int
}

// within finds at most depth choices that make n true whatever the other levels are.
func (s *search) within(n Node, depth int) ([]Choice, bool) {
	if n == True {
		return nil, true
	}
	key := [2]int{int(n), depth}
	if s.steps++; n == False || depth == 0 || s.failed[key] || s.steps > witnessSteps || s.m.broken() {
		return nil, false
	}
	level := s.m.level(n)
	for v := range s.m.levels[level].Arity {
		if found, ok := s.within(s.m.branch(n, level, v), depth-1); ok {
			return append(found, Choice{level, v}), true
		}
	}
	if found, ok := s.within(s.m.Forall(n, level), depth); ok { // without this level
		return found, true
	}
	s.failed[key] = true
	return nil, false
}

// trim leaves out choices, last first, without which n still holds.
func (m *Manager) trim(n Node, path []Choice) []Choice {
	for i := len(path) - 1; i >= 0; i-- {
		shorter := slices.Delete(slices.Clone(path), i, i+1)
		if m.FixChoices(n, shorter) == True {
			path = shorter
		}
	}
	return path
}

// shortestPath is the path with the fewest tests from n to a terminal that is not False.
func (m *Manager) shortestPath(n Node) []Choice {
	const far = 1 << 30
	length := map[Node]int{}
	var measure func(n Node) int
	measure = func(n Node) int {
		if n == False {
			return far
		}
		if n.IsTerminal() {
			return 0
		}
		if l, ok := length[n]; ok {
			return l
		}
		best := far
		for _, b := range m.branches(n) {
			best = min(best, 1+measure(b))
		}
		length[n] = best
		return best
	}
	var path []Choice
	for left := measure(n); !n.IsTerminal(); left-- {
		level := m.level(n)
		v := slices.IndexFunc(m.branches(n), func(b Node) bool { return measure(b) == left-1 })
		path = append(path, Choice{level, v})
		n = m.branch(n, level, v)
	}
	return path
}
