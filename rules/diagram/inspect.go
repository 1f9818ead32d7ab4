package diagram

import "math/big"

// Support lists, in order, the levels that n depends on.
func (m *Manager) Support(n Node) []int {
	used := make([]bool, len(m.levels))
	m.visit(n, func(n Node) {
		if !n.IsTerminal() {
			used[m.level(n)] = true
		}
	})
	var levels []int
	for l, u := range used {
		if u {
			levels = append(levels, l)
		}
	}
	return levels
}

// visit calls f once for n and for each node and terminal below it.
func (m *Manager) visit(n Node, f func(Node)) {
	seen := map[Node]bool{n: true}
	for stack := []Node{n}; len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		f(n)
		if n.IsTerminal() {
			continue
		}
		for _, b := range m.branches(n) {
			if !seen[b] {
				seen[b] = true
				stack = append(stack, b)
			}
		}
	}
}

// Count is the exact number of assignments of all levels for which n is not False.
func (m *Manager) Count(n Node) *big.Int {
	memo := map[Node]*big.Int{}
	total := m.countBelow(n, memo)
	return new(big.Int).Mul(total, m.span(0, m.level(n)))
}

func (m *Manager) countBelow(n Node, memo map[Node]*big.Int) *big.Int {
	if n.IsTerminal() {
		if n == False {
			return new(big.Int)
		}
		return big.NewInt(1)
	}
	if c, ok := memo[n]; ok {
		return c
	}
	sum, level := new(big.Int), m.level(n)
	for _, b := range m.branches(n) {
		below := new(big.Int).Mul(m.countBelow(b, memo), m.span(level+1, m.level(b)))
		sum.Add(sum, below)
	}
	memo[n] = sum
	return sum
}

// span is the number of assignments of the levels from first up to, not including, last.
func (m *Manager) span(first, last int) *big.Int {
	p := big.NewInt(1)
	for l := first; l < last; l++ {
		p.Mul(p, big.NewInt(int64(m.levels[l].Arity)))
	}
	return p
}

// Paths calls f with the choices on each path of n and the terminal that it ends in, until f returns false. The slice
// is only valid during the call. There can be many more paths than nodes.
func (m *Manager) Paths(n Node, f func(path []Choice, terminal Node) bool) {
	m.paths(n, nil, f)
}

func (m *Manager) paths(n Node, path []Choice, f func([]Choice, Node) bool) bool {
	if n.IsTerminal() {
		return f(path, n)
	}
	level := m.level(n)
	for v := range m.levels[level].Arity {
		if !m.paths(m.branch(n, level, v), append(path, Choice{level, v}), f) {
			return false
		}
	}
	return true
}
