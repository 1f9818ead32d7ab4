package diagram

// Scratch answers questions about partial answers. It remembers work between questions about the same values and keeps
// its memory between uses, so that a pool of them hardly allocates. It is for one goroutine at a time.
type Scratch struct {
	f       *Frozen
	values  []uint8
	reduced []Node   // by frozen node: the same function with all known levels fixed, in store
	stamp   []uint32 // epoch in which reduced was set
	epoch   uint32
	store   store
	work    []Node
	seen    []bool
}

// NewScratch returns a scratch for the diagrams of f.
func (f *Frozen) NewScratch() *Scratch {
	return &Scratch{
		f: f, reduced: make([]Node, len(f.cells)), stamp: make([]uint32, len(f.cells)),
		values: f.Unanswered(), store: newStore(f.levels, len(f.cells)), epoch: 1,
	}
}

// Begin sets the values, one for each level, Unknown where there is none, that the following questions are about.
func (s *Scratch) Begin(values []uint8) {
	copy(s.values, values)
	s.store.reset()
	if s.epoch++; s.epoch == 0 {
		clear(s.stamp)
		s.epoch = 1
	}
}

// Stop fixes all known levels of n. When that settles the result, settled is true and terminal is the result. Else level is
// the earliest unknown level that can still change it.
func (s *Scratch) Stop(n Node) (terminal Node, level int, settled bool) {
	if n = walk(s.f.cells, n, s.values); n > 0 {
		n = s.reduce(n)
	}
	if n > 0 {
		return False, s.store.level(n), false
	}
	return n, 0, true
}

// Open sets open[level] for every unknown level that can still change n; others are left as they are.
func (s *Scratch) Open(n Node, open []bool) {
	if n = walk(s.f.cells, n, s.values); n > 0 {
		n = s.reduce(n)
	}
	if n <= 0 {
		return
	}
	s.seen = append(s.seen[:0], make([]bool, len(s.store.cells))...)
	s.mark(n, open)
}

func (s *Scratch) mark(n Node, open []bool) {
	if n <= 0 || s.seen[n] {
		return
	}
	s.seen[n] = true
	open[s.store.level(n)] = true
	for _, b := range s.store.branches(n) {
		s.mark(b, open)
	}
}

// Possible calls yield with each terminal that n can still give, until it returns false.
func (s *Scratch) Possible(n Node, yield func(terminal int) bool) {
	if n = walk(s.f.cells, n, s.values); n > 0 {
		n = s.reduce(n)
	}
	given := map[Node]bool{}
	seen := map[Node]bool{}
	var visit func(n Node) bool
	visit = func(n Node) bool {
		if n <= 0 {
			if given[n] {
				return true
			}
			given[n] = true
			return yield(n.Value())
		}
		if seen[n] {
			return true
		}
		seen[n] = true
		for _, b := range s.store.branches(n) {
			if !visit(b) {
				return false
			}
		}
		return true
	}
	visit(n)
}

// reduce is n with all known levels fixed, as a node of s.store; n must not be a terminal.
func (s *Scratch) reduce(n Node) Node {
	if s.stamp[n] == s.epoch {
		return s.reduced[n]
	}
	base := len(s.work)
	for _, b := range s.f.branches(n) {
		if b = walk(s.f.cells, b, s.values); b > 0 {
			b = s.reduce(b)
		}
		s.work = append(s.work, b)
	}
	r := s.store.node(int(s.f.cells[n]), s.work[base:])
	s.work = s.work[:base]
	s.stamp[n], s.reduced[n] = s.epoch, r
	return r
}
