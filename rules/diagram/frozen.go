package diagram

import "slices"

// Frozen is a set of finished diagrams. It never changes and is safe for concurrent use.
type Frozen struct {
	levels []Level
	arity  []int32
	cells  []Node
}

// Freeze copies what the roots need, close together, and returns the copy and the roots in it, in the same order. Nodes of
// the manager mean nothing in the copy.
func (m *Manager) Freeze(roots ...Node) (*Frozen, []Node) {
	to := New(m.levels, m.limit)
	to.limit = max(m.limit, m.count)
	memo := map[Node]Node{}
	frozen := make([]Node, len(roots))
	for i, r := range roots {
		frozen[i] = to.copyFrom(&m.store, r, memo, func(t Node) Node { return t })
	}
	return &Frozen{levels: m.levels, arity: to.arity, cells: slices.Clip(to.cells)}, frozen
}

// Levels is the order of the diagrams; do not change it.
func (f *Frozen) Levels() []Level { return f.levels }

// Unanswered is a list of values in which every level is Unknown.
func (f *Frozen) Unanswered() []uint8 { return slices.Repeat([]uint8{Unknown}, len(f.levels)) }

// Eval is the terminal that n gives for values, without allocation. Values must be below the level's arity; at a level
// whose value is Unknown the walk stops and the node that asks for it is returned. Later levels may decide the result
// all the same: Scratch.Stop finds that out.
func (f *Frozen) Eval(n Node, values []uint8) Node { return walk(f.cells, n, values) }

func (f *Frozen) branches(n Node) []Node {
	first := int(n) + 1
	return f.cells[first : first+int(f.arity[f.cells[n]])]
}

// Manager returns a new manager over the same levels together with a way to bring diagrams into it, for comparing and
// other questions that build diagrams.
func (f *Frozen) Manager(maxNodes int) (m *Manager, bring func(Node) Node) {
	m = New(f.levels, maxNodes)
	from := store{arity: f.arity, cells: f.cells}
	memo := map[Node]Node{}
	return m, func(n Node) Node { return m.copyFrom(&from, n, memo, func(t Node) Node { return t }) }
}
