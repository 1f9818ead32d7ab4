package diagram

// Because lists, in order, levels whose values alone give the result of n for values: those on the path, then, latest
// first, every one left out without which the result stays certain. n must be settled by values. It uses Begin, so that the
// questions after it need a Begin of their own.
func (s *Scratch) Because(n Node, values []uint8) []int {
	result := s.f.Eval(n, values)
	known := s.f.Unanswered()
	var path []int
	for at := n; at > 0; {
		level := int(s.f.cells[at])
		if values[level] == Unknown {
			return s.becauseOpen(n, values)
		}
		path = append(path, level)
		known[level] = values[level]
		at = s.f.branches(at)[values[level]]
	}
	return s.needed(n, path, known, result)
}

// becauseOpen explains a result that is settled although an early level on the path is unknown.
func (s *Scratch) becauseOpen(n Node, values []uint8) []int {
	s.Begin(values)
	result, _, settled := s.Stop(n)
	if !settled {
		return nil
	}
	var all []int
	known := s.f.Unanswered()
	for level, v := range values {
		if v != Unknown {
			all = append(all, level)
			known[level] = v
		}
	}
	return s.needed(n, all, known, result)
}

func (s *Scratch) needed(n Node, levels []int, known []uint8, result Node) []int {
	kept := make([]int, 0, len(levels))
	for i := len(levels) - 1; i >= 0; i-- {
		level := levels[i]
		value := known[level]
		known[level] = Unknown
		s.Begin(known)
		if r, _, settled := s.Stop(n); settled && r == result {
			continue
		}
		known[level] = value
		kept = append([]int{level}, kept...)
	}
	return kept
}

// Nearest finds the fewest changes of known values, and choices for unknown ones, that give a terminal which want accepts.
// Choices of unknown levels count less than any change. ok is false when no assignment gives such a terminal.
func (s *Scratch) Nearest(n Node, values []uint8, want func(terminal int) bool) (changes []Choice, ok bool) {
	const far = 1 << 40
	dear := len(s.f.levels) + 1 // a change costs more than all open choices together
	price := func(level, value int) int {
		switch values[level] {
		case uint8(value):
			return 0
		case Unknown:
			return 1
		}
		return dear
	}
	cost := map[Node]int{}
	var measure func(n Node) int
	measure = func(n Node) int {
		if n <= 0 {
			if want(n.Value()) {
				return 0
			}
			return far
		}
		if c, ok := cost[n]; ok {
			return c
		}
		best := far
		for v, b := range s.f.branches(n) {
			best = min(best, price(int(s.f.cells[n]), v)+measure(b))
		}
		cost[n] = best
		return best
	}
	if measure(n) >= far {
		return nil, false
	}
	for n > 0 {
		level := int(s.f.cells[n])
		for v, b := range s.f.branches(n) {
			if p := price(level, v); p+measure(b) == measure(n) {
				if p > 0 {
					changes = append(changes, Choice{level, v})
				}
				n = b
				break
			}
		}
	}
	return changes, true
}
