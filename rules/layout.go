package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"regain/rules/diagram"
)

// layout places facts on diagram levels, in asking order. A fact takes one level
// with a value for each class of answers that some condition tells apart, and
// one for "not asked" if it may not be asked. A set takes one level an option.
type layout struct {
	levels []diagram.Level
	facts  []factLevels
	index  map[string]int // by fact id
	owner  []int          // fact by level
}

// factLevels is where one fact lies and how its answers fall into classes.
type factLevels struct {
	fact     *Fact
	first, n int // its levels
	classes  int // values without "not asked"
	notAsked int // the value for "not asked"; -1 when it is always asked
	starts   []int64
	groups   [][]string     // countries by class; the rest is the last class
	country  map[string]int // class by country
}

// newLayout lays the facts out for the atoms that read them.
func newLayout(facts []*Fact, askWhen []*condition, atoms []*atom) (*layout, error) {
	l := &layout{index: map[string]int{}}
	byFact := map[string][]*atom{}
	for _, a := range atoms {
		byFact[a.fact.ID] = append(byFact[a.fact.ID], a)
	}
	for i, f := range facts {
		fl := factLevels{fact: f, first: len(l.levels), n: 1, notAsked: -1}
		fl.classify(byFact[f.ID])
		if f.Type == FactSet {
			fl.n = len(f.Values)
		}
		arity := fl.classes
		if askWhen[i] != nil {
			fl.notAsked = arity
			arity++
		}
		if arity > diagram.MaxArity-1 {
			return nil, fmt.Errorf("%s falls into %d classes, allowed are %d", f.ID, arity, diagram.MaxArity-1)
		}
		for range fl.n {
			l.levels = append(l.levels, diagram.Level{Name: f.ID, Arity: arity})
			l.owner = append(l.owner, i)
		}
		l.index[f.ID] = len(l.facts)
		l.facts = append(l.facts, fl)
	}
	return l, nil
}

// classify finds the classes of answers that the atoms tell apart.
func (fl *factLevels) classify(atoms []*atom) {
	switch f := fl.fact; f.Type {
	case FactBool, FactSet:
		fl.classes = 2 // no, yes
	case FactEnum:
		fl.classes = len(f.Values)
	case FactCountry:
		fl.classifyCountries(atoms)
	case FactInteger, FactDate:
		fl.classifyNumbers(atoms)
	default:
		fl.classes = 1
	}
}

// classifyCountries puts countries together that the same atoms name.
func (fl *factLevels) classifyCountries(atoms []*atom) {
	named := map[string]string{}
	for i, a := range atoms {
		for _, v := range a.values {
			named[v] += fmt.Sprintf("%d,", i)
		}
	}
	fl.country = map[string]int{}
	class := map[string]int{}
	for _, c := range slices.Sorted(maps.Keys(named)) {
		i, ok := class[named[c]]
		if !ok {
			i = len(fl.groups)
			class[named[c]] = i
			fl.groups = append(fl.groups, nil)
		}
		fl.groups[i] = append(fl.groups[i], c)
		fl.country[c] = i
	}
	fl.classes = len(fl.groups) + 1
}

// classifyNumbers cuts the range wherever some atom begins or ends.
func (fl *factLevels) classifyNumbers(atoms []*atom) {
	low, high := bounds(fl.fact)
	cuts := map[int64]bool{low: true}
	for _, a := range atoms {
		for _, s := range a.spans {
			for _, cut := range []int64{s.low, s.high + 1} {
				if cut > low && cut <= high {
					cuts[cut] = true
				}
			}
		}
	}
	fl.starts = slices.Sorted(maps.Keys(cuts))
	fl.classes = len(fl.starts)
}

// numberClass is the class of a number or a day.
func (fl *factLevels) numberClass(v int64) int {
	i, exact := slices.BinarySearch(fl.starts, v)
	if exact {
		return i
	}
	return i - 1
}

// values gives the classes in which a scalar atom holds.
func (fl *factLevels) values(a *atom) []int {
	var out []int
	switch a.test {
	case testSpans:
		for class, start := range fl.starts {
			if slices.ContainsFunc(a.spans, func(s span) bool { return s.low <= start && start <= s.high }) {
				out = append(out, class)
			}
		}
	case testValues:
		for _, v := range a.values {
			if class := fl.valueClass(v); !slices.Contains(out, class) {
				out = append(out, class)
			}
		}
	}
	return out
}

// valueClass is the class of a bool, an enum's choice or a country.
func (fl *factLevels) valueClass(v string) int {
	switch fl.fact.Type {
	case FactBool:
		if v == "true" {
			return 1
		}
		return 0
	case FactCountry:
		if class, ok := fl.country[v]; ok {
			return class
		}
		return len(fl.groups)
	}
	return slices.IndexFunc(fl.fact.Values, func(x Value) bool { return x.ID == v })
}

// rest gives the classes that are not among some, without "not asked".
func (fl *factLevels) rest(some []int) []int {
	var out []int
	for class := range fl.classes {
		if !slices.Contains(some, class) {
			out = append(out, class)
		}
	}
	return out
}

// show says in words what a level's value means, for witnesses.
func (l *layout) show(c diagram.Choice) string {
	fl := &l.facts[l.owner[c.Level]]
	f := fl.fact
	if c.Value == fl.notAsked {
		return f.ID + " not asked"
	}
	switch f.Type {
	case FactBool:
		return fmt.Sprintf("%s = %s", f.ID, []string{"no", "yes"}[c.Value])
	case FactSet:
		option := f.Values[c.Level-fl.first].ID
		return fmt.Sprintf("%s %s %s", f.ID, []string{"without", "with"}[c.Value], option)
	case FactEnum:
		return fmt.Sprintf("%s = %s", f.ID, f.Values[c.Value].ID)
	case FactCountry:
		return f.ID + " = " + fl.showCountries(c.Value)
	case FactInteger, FactDate:
		return fl.showNumbers(c.Value)
	}
	return f.ID + " given"
}

func (fl *factLevels) showCountries(class int) string {
	if class < len(fl.groups) {
		return fl.groups[class][0]
	}
	if len(fl.groups) == 0 {
		return "any country"
	}
	var named []string
	for _, g := range fl.groups {
		named = append(named, g...)
	}
	if len(named) > 4 {
		return "a country that no condition names"
	}
	return "a country other than " + strings.Join(named, ", ")
}

func (fl *factLevels) showNumbers(class int) string {
	f := fl.fact
	low, high := fl.span(class)
	least, most := bounds(f)
	switch {
	case low == high:
		return fmt.Sprintf("%s = %s", f.ID, showNumber(f, low))
	case low == least && high == most:
		return f.ID + " anything"
	case high == most:
		return fmt.Sprintf("%s >= %s", f.ID, showNumber(f, low))
	case low == least:
		return fmt.Sprintf("%s <= %s", f.ID, showNumber(f, high))
	}
	return fmt.Sprintf("%s <= %s <= %s", showNumber(f, low), f.ID, showNumber(f, high))
}

// span is the interval of a class of numbers.
func (fl *factLevels) span(class int) (low, high int64) {
	_, high = bounds(fl.fact)
	if class+1 < len(fl.starts) {
		high = fl.starts[class+1] - 1
	}
	return fl.starts[class], high
}
