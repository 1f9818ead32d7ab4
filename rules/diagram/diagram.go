// Package diagram holds reduced ordered multi-valued decision diagrams: functions of a fixed list of levels, each
// with a few values, to small numbers. Equal functions are equal nodes, so that questions about a policy (is there a
// gap, do two scenarios overlap, can this answer still change the result) become comparisons.
//
// A Manager builds and combines diagrams and belongs to one goroutine. A Frozen holds what was built, never changes,
// and is safe for any number of goroutines.
package diagram

import (
	"errors"
	"fmt"
	"slices"
)

// Level is one position of the order: a question with Arity distinguishable answers, numbered from 0.
type Level struct {
	Name  string
	Arity int // 1 to MaxArity
}

// MaxArity is the largest number of values of a level.
const MaxArity = 255

// Unknown stands in a list of values for a level whose value is not known.
const Unknown uint8 = 255

// Node is a function: a terminal (zero or less) or a test of a level in the Manager or Frozen that made it.
type Node int32

// The boolean terminals.
const (
	False Node = 0
	True  Node = -1
)

const (
	dontCare     Node = -1 << 31
	maxTerminal       = 1 << 30
	defaultLimit      = 1 << 20
)

// ErrTooLarge says that a Manager would need more nodes than it may hold.
var ErrTooLarge = errors.New("diagram too large")

// Terminal is the constant function n, which must be 0 to 2^30. Terminal(0) is False and Terminal(1) is True.
func Terminal(n int) Node {
	if n < 0 || n > maxTerminal {
		panic(fmt.Sprintf("diagram: terminal %d is out of range", n))
	}
	return Node(-n)
}

// IsTerminal reports whether the function is constant.
func (n Node) IsTerminal() bool { return n <= 0 }

// Value is the number of a terminal.
func (n Node) Value() int { return int(-n) }

// Choice fixes one level to one value.
type Choice struct{ Level, Value int }

// Manager makes and combines diagrams over one list of levels. It is for one goroutine. After the node limit was
// passed Err is not nil and every result is meaningless: ask Err after each piece of work that matters.
type Manager struct {
	levels []Level
	store
	err   error
	cache cache
	work  []Node // stack of branches under construction
}

// New returns a manager for levels in this order that holds at most maxNodes nodes (0: about a million). Levels with
// no value or more than MaxArity leave it with an error from the start.
func New(levels []Level, maxNodes int) *Manager {
	if maxNodes <= 0 {
		maxNodes = defaultLimit
	}
	m := &Manager{levels: slices.Clone(levels), store: newStore(levels, maxNodes), cache: newCache()}
	for _, l := range levels {
		if l.Arity < 1 || l.Arity > MaxArity {
			m.err = fmt.Errorf("level %q has %d values, allowed are 1 to %d", l.Name, l.Arity, MaxArity)
		}
	}
	return m
}

// Err is nil until something went wrong: ErrTooLarge, or levels that New refused.
func (m *Manager) Err() error {
	if m.err == nil && m.full {
		m.err = fmt.Errorf("%w: more than %d nodes", ErrTooLarge, m.limit)
	}
	return m.err
}

func (m *Manager) broken() bool { return m.full || m.err != nil }

// Levels is the order that the manager was made with; do not change it.
func (m *Manager) Levels() []Level { return m.levels }

// Nodes is the number of nodes held, those that are no longer needed included.
func (m *Manager) Nodes() int { return m.count }

// Level is the level that n tests first, or the number of levels for a terminal.
func (m *Manager) Level(n Node) int { return m.level(n) }

// Branch is what remains of n when its own level has this value. n must not be a terminal.
func (m *Manager) Branch(n Node, value int) Node { return m.branches(n)[value] }

// In is true where level has one of values.
func (m *Manager) In(level int, values ...int) Node {
	if m.broken() {
		return False
	}
	base := len(m.work)
	for range m.levels[level].Arity {
		m.work = append(m.work, False)
	}
	branches := m.work[base:]
	for _, v := range values {
		branches[v] = True
	}
	n := m.node(level, branches)
	m.work = m.work[:base]
	return n
}

// Eval is the terminal that n gives for values, one for each level. Values must be below the level's arity; at a level
// whose value is Unknown the walk stops and the node that asks for it is returned.
func (m *Manager) Eval(n Node, values []uint8) Node { return walk(m.cells, n, values) }

func walk(cells []Node, n Node, values []uint8) Node {
	for n > 0 {
		v := values[cells[n]]
		if v == Unknown {
			return n
		}
		n = cells[int(n)+1+int(v)]
	}
	return n
}
