package diagram

import "math"

// store holds hash-consed nodes: a node is the offset of its level in cells, its branches follow. Two nodes with
// the same level and the same branches are one node, and a node whose branches are all the same is that branch, so
// equal functions have equal nodes.
type store struct {
	arity []int32 // values of each level
	cells []Node  // level, branch for value 0, branch for value 1, …; offset 0 is never a node
	table []Node  // open addressing by the hash of level and branches; 0 is an empty place
	count int     // nodes held
	limit int     // nodes allowed
	full  bool    // limit was passed; results since then mean nothing
}

const firstTable = 1 << 6

func newStore(levels []Level, limit int) store {
	arity := make([]int32, len(levels))
	for i, l := range levels {
		arity[i] = int32(l.Arity)
	}
	return store{arity: arity, cells: make([]Node, 1, 256), table: make([]Node, firstTable), limit: limit}
}

// reset forgets all nodes and keeps the memory.
func (s *store) reset() {
	s.cells, s.count, s.full = s.cells[:1], 0, false
	clear(s.table)
}

// level is the level that n tests; a terminal tests the one after the last.
func (s *store) level(n Node) int {
	if n <= 0 {
		return len(s.arity)
	}
	return int(s.cells[n])
}

// branches are n's successors by value; the slice is valid until the next node is made.
func (s *store) branches(n Node) []Node {
	first := int(n) + 1
	return s.cells[first : first+int(s.arity[s.cells[n]])]
}

// branch is n's successor when level has this value; n itself when it does not test the level.
func (s *store) branch(n Node, level, value int) Node {
	if n <= 0 || int(s.cells[n]) != level {
		return n
	}
	return s.cells[int(n)+1+value]
}

// node returns the one node that tests level and continues with branches, which must not lie in s.cells.
func (s *store) node(level int, branches []Node) Node {
	same := true
	for _, b := range branches[1:] {
		if b != branches[0] {
			same = false
			break
		}
	}
	if same || s.full {
		return branches[0]
	}
	place := s.find(level, branches)
	if n := s.table[place]; n != 0 {
		return n
	}
	if s.count >= s.limit || len(s.cells)+len(branches) >= math.MaxInt32 {
		s.full = true
		return branches[0]
	}
	n := Node(len(s.cells))
	s.cells = append(append(s.cells, Node(level)), branches...)
	s.table[place] = n
	s.count++
	if s.count*2 > len(s.table) {
		s.grow()
	}
	return n
}

func (s *store) find(level int, branches []Node) uint32 {
	mask := uint32(len(s.table) - 1)
	for place := hash(level, branches) & mask; ; place = (place + 1) & mask {
		n := s.table[place]
		if n == 0 || (int(s.cells[n]) == level && equal(s.branches(n), branches)) {
			return place
		}
	}
}

func (s *store) grow() {
	old := s.table
	s.table = make([]Node, 2*len(old))
	for _, n := range old {
		if n != 0 {
			s.table[s.find(int(s.cells[n]), s.branches(n))] = n
		}
	}
}

func equal(a, b []Node) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func hash(level int, branches []Node) uint32 {
	h := uint64(level)*0x9E3779B97F4A7C15 + 1
	for _, b := range branches {
		h = (h ^ uint64(uint32(b))) * 0xFF51AFD7ED558CCD
		h ^= h >> 32
	}
	return uint32(h)
}
