package diagram

import (
	"errors"
	"math/big"
	"math/rand"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// A table is a function given in full: one terminal for each assignment, in counting order.
type table struct {
	levels []Level
	rows   [][]uint8
}

func drawTable(t *rapid.T) table {
	n := rapid.IntRange(1, 5).Draw(t, "levels")
	tab := table{rows: [][]uint8{{}}}
	for range n {
		arity := rapid.IntRange(1, 4).Draw(t, "arity")
		tab.levels = append(tab.levels, Level{Name: "l", Arity: arity})
		var rows [][]uint8
		for _, row := range tab.rows {
			for v := range arity {
				rows = append(rows, append(slices.Clone(row), uint8(v)))
			}
		}
		tab.rows = rows
	}
	return tab
}

// drawFunction builds a random function both as a list of results and, through the operations, as a diagram.
func drawFunction(t *rapid.T, m *Manager, tab table, depth int) ([]bool, Node) {
	out := make([]bool, len(tab.rows))
	if depth == 0 || rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
		level := rapid.IntRange(0, len(tab.levels)-1).Draw(t, "level")
		var values []int
		for v := range tab.levels[level].Arity {
			if rapid.Bool().Draw(t, "value") {
				values = append(values, v)
			}
		}
		for i, row := range tab.rows {
			out[i] = slices.Contains(values, int(row[level]))
		}
		return out, m.In(level, values...)
	}
	a, fa := drawFunction(t, m, tab, depth-1)
	b, fb := drawFunction(t, m, tab, depth-1)
	c, fc := drawFunction(t, m, tab, depth-1)
	kind := rapid.IntRange(0, 5).Draw(t, "operation")
	for i := range out {
		switch kind {
		case 0:
			out[i] = a[i] && b[i] && c[i]
		case 1:
			out[i] = a[i] || b[i] || c[i]
		case 2:
			out[i] = !a[i]
		case 3:
			out[i] = !a[i] || b[i]
		case 4:
			out[i] = a[i] && b[i] || !a[i] && c[i]
		case 5:
			out[i] = count(a[i], b[i], c[i]) >= 2
		}
	}
	n := []func() Node{
		func() Node { return m.And(fa, fb, fc) },
		func() Node { return m.Or(fa, fb, fc) },
		func() Node { return m.Not(fa) },
		func() Node { return m.Or(m.Not(fa), fb) },
		func() Node { return m.ITE(fa, fb, fc) },
		func() Node { return m.AtLeast(2, fa, fb, fc) },
	}[kind]()
	return out, n
}

func count(bs ...bool) (n int) {
	for _, b := range bs {
		if b {
			n++
		}
	}
	return n
}

// fits reports whether row agrees with every known value.
func fits(row, values []uint8) bool {
	for i, v := range values {
		if v != Unknown && v != row[i] {
			return false
		}
	}
	return true
}

func TestAgreesWithBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := drawTable(t)
		m := New(tab.levels, 0)
		want, f := drawFunction(t, m, tab, 3)
		care, fcare := drawFunction(t, m, tab, 2)
		other, g := drawFunction(t, m, tab, 2)
		checkValues(t, m, tab, f, want)
		checkCanonical(t, m, tab, f, want, g, other)
		checkQuantifiers(t, m, tab, f)
		checkMinimize(t, m, tab, f, want, fcare, care)
		checkWitness(t, m, tab, f, want)
		if m.Err() != nil {
			t.Fatal(m.Err())
		}
	})
}

func checkValues(t *rapid.T, m *Manager, tab table, f Node, want []bool) {
	total := 0
	for i, row := range tab.rows {
		if got := m.Eval(f, row); got != boolean(want[i]) {
			t.Fatalf("%v gives %d, want %v", row, got, want[i])
		}
		if want[i] {
			total++
		}
	}
	if got := m.Count(f); got.Cmp(big.NewInt(int64(total))) != 0 {
		t.Fatalf("count %v, want %d", got, total)
	}
}

func boolean(b bool) Node {
	if b {
		return True
	}
	return False
}

func checkCanonical(t *rapid.T, m *Manager, tab table, f Node, want []bool, g Node, other []bool) {
	if (f == g) != slices.Equal(want, other) {
		t.Fatalf("equal nodes must mean equal functions")
	}
	for level := range tab.levels {
		if got := slices.Contains(m.Support(f), level); got != depends(tab, want, level) {
			t.Fatalf("support says %v about level %d", got, level)
		}
	}
}

// depends reports whether want differs between two rows that differ in level only.
func depends(tab table, want []bool, level int) bool {
	for i, a := range tab.rows {
		for j, b := range tab.rows {
			same := true
			for l := range a {
				same = same && (l == level || a[l] == b[l])
			}
			if same && want[i] != want[j] {
				return true
			}
		}
	}
	return false
}

func checkQuantifiers(t *rapid.T, m *Manager, tab table, f Node) {
	level := rapid.IntRange(0, len(tab.levels)-1).Draw(t, "quantified")
	value := rapid.IntRange(0, tab.levels[level].Arity-1).Draw(t, "fixed")
	all, fixed := m.Forall(f, level), m.Restrict(f, level, value)
	keep := make([]bool, len(tab.levels))
	for l := range keep {
		keep[l] = l != level
	}
	some := m.Project(f, keep)
	for _, row := range tab.rows {
		anyTrue, allTrue := false, true
		probe := slices.Clone(row)
		for v := range tab.levels[level].Arity {
			probe[level] = uint8(v)
			x := m.Eval(f, probe) == True
			anyTrue, allTrue = anyTrue || x, allTrue && x
			if v == value && m.Eval(fixed, row) != boolean(x) {
				t.Fatalf("Restrict differs at %v", row)
			}
		}
		if m.Eval(some, row) != boolean(anyTrue) || m.Eval(all, row) != boolean(allTrue) {
			t.Fatalf("quantifier differs at %v", row)
		}
	}
}

func checkMinimize(t *rapid.T, m *Manager, tab table, f Node, want []bool, fcare Node, care []bool) {
	small := m.Minimize(f, fcare)
	for i, row := range tab.rows {
		if care[i] && m.Eval(small, row) != boolean(want[i]) {
			t.Fatalf("Minimize changed %v", row)
		}
	}
	for _, level := range m.Support(small) {
		if !slices.Contains(m.Support(f), level) {
			t.Fatalf("Minimize added level %d", level)
		}
	}
	if again := m.Minimize(small, fcare); again != small {
		t.Fatalf("Minimize of its own result differs: %v, then %v", m.Support(small), m.Support(again))
	}
	constant := slices.Contains(care, true)
	for i := range care {
		constant = constant && (!care[i] || want[i] == want[slices.Index(care, true)])
	}
	if constant && !small.IsTerminal() {
		t.Fatalf("Minimize tests %v for what is always the same", m.Support(small))
	}
}

// An early answer is kept although a later one tells it: a question that is only asked after the other.
func TestMinimizeKeepsTheEarlyQuestion(t *testing.T) {
	const notAsked = 2
	m := New([]Level{{"card", 2}, {"paid", 3}, {"other", 2}}, 0)
	card, paid := m.In(0, 1), m.In(1, 1)
	rows := m.Case([]Node{card, m.And(m.Not(card), paid), m.And(m.Not(card), m.In(1, 0))}, False)
	domain := m.ITE(card, m.In(1, notAsked), m.In(1, 0, 1))
	small := m.Minimize(rows, domain)
	if got := m.Support(small); !slices.Equal(got, []int{0, 1}) || m.Branch(small, 1) != Terminal(1) {
		t.Errorf("tests %v; with a card it gives %d", got, m.Branch(small, 1))
	}
	if got := m.Minimize(paid, domain); !slices.Equal(m.Support(got), []int{1}) {
		t.Errorf("a condition on the later question alone tests %v", m.Support(got))
	}
}

func checkWitness(t *rapid.T, m *Manager, tab table, f Node, want []bool) {
	choices, ok := m.Witness(f)
	if ok != slices.Contains(want, true) {
		t.Fatalf("witness %v for a function with satisfying rows: %v", ok, !ok)
	}
	if !ok {
		return
	}
	if got := m.FixChoices(f, choices); got != True {
		t.Fatalf("witness %v does not make it true", choices)
	}
	// No partial assignment with fewer levels does.
	values := make([]uint8, len(tab.levels))
	var try func(level, left int) bool
	try = func(level, left int) bool {
		if level == len(tab.levels) {
			return m.Fix(f, values) == True
		}
		values[level] = Unknown
		if try(level+1, left) {
			return true
		}
		for v := 0; left > 0 && v < tab.levels[level].Arity; v++ {
			values[level] = uint8(v)
			if try(level+1, left-1) {
				return true
			}
		}
		return false
	}
	if len(choices) > 0 && try(0, len(choices)-1) {
		t.Fatalf("%v is not the shortest: %v", choices, values)
	}
}

func TestPartialAnswersAgreeWithBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := drawTable(t)
		m := New(tab.levels, 0)
		a, fa := drawFunction(t, m, tab, 3)
		b, fb := drawFunction(t, m, tab, 3)
		want := make([]int, len(tab.rows))
		for i := range want {
			switch {
			case a[i]:
				want[i] = 1
			case b[i]:
				want[i] = 2
			default:
				want[i] = 7
			}
		}
		cases := m.Case([]Node{fa, fb}, Terminal(7))
		for i, row := range tab.rows {
			for _, r := range []int{1, 2, 7} {
				if got := m.Eval(m.Is(cases, r), row) == True; got != (want[i] == r) {
					t.Fatalf("%v gives %d: %v", row, r, got)
				}
			}
		}
		frozen, roots := m.Freeze(cases)
		s := frozen.NewScratch()
		for range 3 {
			values := frozen.Unanswered()
			for l := range values {
				if rapid.Bool().Draw(t, "known") {
					values[l] = uint8(rapid.IntRange(0, tab.levels[l].Arity-1).Draw(t, "value"))
				}
			}
			checkPartial(t, tab, s, roots[0], values, want)
		}
	})
}

func checkPartial(t *rapid.T, tab table, s *Scratch, n Node, values []uint8, want []int) {
	results := map[int]bool{}
	live := table{levels: tab.levels}
	var liveWant []bool
	for i, row := range tab.rows {
		if fits(row, values) {
			results[want[i]] = true
		}
	}
	open := make([]bool, len(tab.levels))
	s.Begin(values)
	terminal, level, settled := s.Stop(n)
	s.Open(n, open)
	if settled != (len(results) == 1) || settled && !results[terminal.Value()] {
		t.Fatalf("settled %v at %d, possible are %v", settled, terminal, results)
	}
	if !settled && level != slices.Index(open, true) {
		t.Fatalf("stopped at %d, open are %v", level, open)
	}
	possible := map[int]bool{}
	s.Possible(n, func(r int) bool { possible[r] = true; return true })
	for r := range results {
		if !possible[r] || len(possible) != len(results) {
			t.Fatalf("possible %v, want %v", possible, results)
		}
	}
	for l := range tab.levels {
		matters := false
		for r := range results {
			live.rows, liveWant = nil, nil
			for i, row := range tab.rows {
				if fits(row, values) {
					live.rows, liveWant = append(live.rows, row), append(liveWant, want[i] == r)
				}
			}
			matters = matters || depends(live, liveWant, l)
		}
		if open[l] != matters {
			t.Fatalf("level %d open %v, want %v under %v", l, open[l], matters, values)
		}
	}
}

func TestTooLarge(t *testing.T) {
	levels := make([]Level, 24)
	for i := range levels {
		levels[i] = Level{Name: "l", Arity: 2}
	}
	m := New(levels, 500)
	f := False
	for i := range 12 { // the order that makes this function exponential
		f = m.Or(f, m.And(m.In(i, 1), m.In(i+12, 1)))
	}
	if !errors.Is(m.Err(), ErrTooLarge) {
		t.Fatalf("error %v, want ErrTooLarge", m.Err())
	}
	if m.Nodes() > 500 {
		t.Fatalf("%d nodes are held", m.Nodes())
	}
}

func TestLevelsAreRefused(t *testing.T) {
	for _, arity := range []int{-1, 0, MaxArity + 1} {
		m := New([]Level{{Name: "odd", Arity: arity}}, 0)
		if m.Err() == nil || m.In(0, 0) != False {
			t.Errorf("arity %d was taken", arity)
		}
	}
}

func randomPolicy(levels, arms int) (*Manager, Node) {
	r := rand.New(rand.NewSource(7))
	ls := make([]Level, levels)
	for i := range ls {
		ls[i] = Level{Name: "l", Arity: 2 + r.Intn(4)}
	}
	m := New(ls, 0)
	var conditions []Node
	for range arms {
		c := True
		for range 4 {
			l := r.Intn(levels)
			c = m.And(c, m.In(l, r.Intn(ls[l].Arity), r.Intn(ls[l].Arity)))
		}
		conditions = append(conditions, c)
	}
	return m, m.Case(conditions, False)
}

func TestEvalDoesNotAllocate(t *testing.T) {
	m, n := randomPolicy(12, 8)
	frozen, roots := m.Freeze(n)
	values := make([]uint8, 12)
	if got := testing.AllocsPerRun(100, func() { frozen.Eval(roots[0], values) }); got != 0 {
		t.Errorf("Eval allocates %v times", got)
	}
	s := frozen.NewScratch()
	values[3], values[7] = Unknown, Unknown
	stop := func() { s.Begin(values); s.Stop(roots[0]) }
	stop()
	if got := testing.AllocsPerRun(100, stop); got != 0 {
		t.Errorf("Stop allocates %v times", got)
	}
}

func BenchmarkEval(b *testing.B) {
	m, n := randomPolicy(16, 10)
	frozen, roots := m.Freeze(n)
	values := make([]uint8, 16)
	b.ReportAllocs()
	for b.Loop() {
		frozen.Eval(roots[0], values)
	}
}

func BenchmarkStop(b *testing.B) {
	m, n := randomPolicy(16, 10)
	frozen, roots := m.Freeze(n)
	s := frozen.NewScratch()
	values := frozen.Unanswered()
	for i := range 8 {
		values[2*i] = 0
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Begin(values)
		s.Stop(roots[0])
	}
}

func BenchmarkBuild(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		randomPolicy(16, 10)
	}
}

// A frozen diagram is shared by all requests; the race detector watches this.
func TestFrozenIsSharedSafely(t *testing.T) {
	m, n := randomPolicy(12, 8)
	frozen, roots := m.Freeze(n)
	values := make([]uint8, 12)
	want := frozen.Eval(roots[0], values)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s := frozen.NewScratch()
			partial := slices.Clone(values)
			for l := range partial {
				partial[l] = Unknown
				s.Begin(partial)
				s.Stop(roots[0])
				if got := frozen.Eval(roots[0], values); got != want {
					t.Errorf("got %d, want %d", got, want)
				}
			}
		})
	}
	wg.Wait()
}
