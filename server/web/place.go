package web

import (
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"regain/problem"
	"regain/rules"
	"regain/server/api"
)

// Where files go: into the slot that they were chosen for, into the next free ones of
// the same requirement when several were chosen, or, chosen for the whole list, into
// the slots that their names speak of.

// anyItem stands in an address for the whole list.
const anyItem = "any"

// places hands out slots to the files of one form.
type places struct {
	cards []itemCard
	used  map[string]bool
}

// placesAmong are those of the items that their reader may fill with a file.
func placesAmong(items []itemCard) *places {
	mayFill := func(i itemCard) bool { return i.Open && i.Mine && i.Kind == string(rules.Document) }
	return &places{used: map[string]bool{}, cards: slices.DeleteFunc(slices.Clone(items), func(i itemCard) bool { return !mayFill(i) })}
}

// of puts the first file into the item that it was chosen for. Where that is taken, and
// for further files, it is the next free slot of the requirement.
func (p *places) of(item string) placing {
	return placing{
		limits: func(string) string { return item },
		put: func(f *Form, files []*received) {
			for _, file := range files {
				file.item, file.err = p.next(item, f.Get("replace") != "")
			}
		},
	}
}

func (p *places) next(item string, replace bool) (string, error) {
	at := slices.IndexFunc(p.cards, func(i itemCard) bool { return i.ID == item })
	if at < 0 || replace {
		return item, p.use(item) // the case says what is wrong with it
	}
	chosen := p.cards[at]
	if !p.used[item] && (chosen.Needs() || chosen.Of == 1) {
		return item, p.use(item)
	}
	for _, i := range p.cards {
		if i.Requirement == chosen.Requirement && i.Requirement != "" && i.Needs() && !p.used[i.ID] {
			return i.ID, p.use(i.ID)
		}
	}
	return item, noPlace()
}

func (p *places) use(item string) error {
	if p.used[item] {
		return noPlace()
	}
	p.used[item] = true
	return nil
}

func noPlace() error {
	return problem.New(problem.Conflict, "no_place_left", "There is no place left for this file. Remove another one first, if this one is to take its place.")
}

// all puts files that were chosen for the whole list where their names point to: first
// those that have most words in common with the name of an item, then the others into
// what is still free.
func (p *places) all() placing {
	return placing{
		limits: func(name string) string {
			for _, i := range p.cards {
				if takesType(i.ItemView, name) {
					return i.ID
				}
			}
			if len(p.cards) > 0 {
				return p.cards[0].ID
			}
			return anyItem
		},
		put: func(_ *Form, files []*received) {
			left := slices.Clone(files)
			for len(left) > 0 {
				best, most, item := 0, -1, ""
				for n, file := range left {
					if i, common := p.byName(file.name); common > most {
						best, most, item = n, common, i
					}
				}
				if item == "" {
					left[best].err = noPlace()
				} else {
					left[best].item, left[best].err = item, p.use(item)
				}
				left = slices.Delete(left, best, best+1)
			}
		},
	}
}

// byName is the free slot with whose name a file's own has most words in common, the
// first of equals; the count is -1 when no slot takes it.
func (p *places) byName(name string) (item string, common int) {
	said := wordsOf(strings.TrimSuffix(name, filepath.Ext(name)))
	common = -1
	for _, i := range p.cards {
		if !i.Needs() || p.used[i.ID] || len(i.ReadOff) > 0 || !takesType(i.ItemView, name) {
			continue
		}
		if n := inCommon(said, i.names); n > common {
			item, common = i.ID, n
		}
	}
	return item, common
}

// wordsOf are the words of a text in lower case; each Chinese letter is one.
func wordsOf(text string) []string {
	var out []string
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			out = append(out, strings.Split(word, "")...)
			continue
		}
		out = append(out, word)
	}
	return out
}

// leastWord is the length from which a word says something.
const leastWord = 4

// inCommon counts the words that both have, or one begins with the other: "invoices"
// and "invoice".
func inCommon(a, b []string) int {
	n := 0
	for _, x := range a {
		if slices.ContainsFunc(b, func(y string) bool { return alike(x, y) }) {
			n++
		}
	}
	return n
}

func alike(x, y string) bool {
	if x == y {
		return len(x) >= leastWord || len(x) != len([]rune(x)) // short words say nothing, save in Chinese
	}
	return min(len(x), len(y)) >= leastWord && (strings.HasPrefix(x, y) || strings.HasPrefix(y, x))
}

// takesType says whether an item takes files with such a name.
func takesType(i api.ItemView, name string) bool {
	if i.Document == nil {
		return true
	}
	ending := strings.ToLower(strings.TrimPrefix(filepath.Ext(name), "."))
	if ending == "jpg" {
		ending = "jpeg"
	}
	return slices.Contains(i.Document.Types, ending)
}
