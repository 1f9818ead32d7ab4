package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"regain/problem"
)

const (
	// longestSearch bounds what is searched for, in characters.
	longestSearch = 200
	// mostTerms bounds how many words of it count.
	mostTerms = 8
	// fewFound is how many cases are looked up one by one; more are found by going
	// through the list instead, where they are then close together. Only where a view
	// has none of so many is it gone through in vain.
	fewFound = 500
	// mostLooked is how many of the rarest word's cases are looked through for the
	// other words.
	mostLooked = 5000
)

// term is one word that is searched for: every word that begins with it counts.
type term []byte

// matches is the condition on a word of the table w.
func (t term) matches() (where string, args []any) {
	return "w.word >= ? AND w.word < ?", []any{[]byte(t), t.after()}
}

// after is the first word behind all that begin with the term.
func (t term) after() []byte {
	next := slices.Clone([]byte(t))
	for n := len(next) - 1; n >= 0; n-- {
		if next[n] < 0xff {
			next[n]++
			return next[:n+1]
		}
	}
	return []byte{0xff} // no word begins with it: words are UTF-8
}

// terms are the words that the filter's texts ask for.
func (f QueueFilter) terms() []term {
	var all []term
	for _, w := range asked(f.Text) {
		all = append(all, term(w))
	}
	for _, w := range asked(f.Organisation) {
		all = append(all, term(ofOrganisation+w))
	}
	return all
}

// asked are the words of a text that say all that the others say. Of an e-mail address
// that is the address, and of a run without spaces its pairs, in which its last
// character is already.
func asked(text string) []string {
	addresses := addressesIn(text)
	words := wordsOf(text)
	words = slices.DeleteFunc(words, func(w string) bool {
		said := func(longer string) bool {
			return longer != w && (unspaced(rune0(w)) && strings.HasSuffix(longer, w) || slices.Contains(addresses, longer) && strings.Contains(longer, w))
		}
		return slices.ContainsFunc(words, said)
	})
	return words[:min(len(words), mostTerms)]
}

func (f QueueFilter) checkTexts() []problem.Field {
	var bad []problem.Field
	for _, text := range []struct{ pointer, typed string }{{"/text", f.Text}, {"/organisation", f.Organisation}} {
		if text.typed == "" {
			continue
		}
		field := problem.CheckText(text.pointer, text.typed, 1, longestSearch, problem.OneLine)
		if field == nil && len(wordsOf(text.typed)) == 0 {
			field = &problem.Field{Pointer: text.pointer, Code: "too_short", Message: "Give a word of at least 2 letters or digits."}
		}
		if field != nil {
			bad = append(bad, *field)
		}
	}
	return bad
}

// search keeps the cases in which all the words are found.
func (s *Service) search(ctx context.Context, q *bun.SelectQuery, f QueueFilter) (*bun.SelectQuery, error) {
	terms := f.terms()
	if len(terms) == 0 {
		return q, nil
	}
	ids, few, err := s.findFew(ctx, terms)
	switch {
	case err != nil:
		return nil, err
	case few && len(ids) == 0:
		return q.Where("1 = 0"), nil
	case few:
		return q.Where("c.id IN (?)", bun.List(ids)), nil
	}
	for _, t := range terms {
		where, args := t.matches()
		q = q.Where("EXISTS (SELECT 1 FROM case_words AS w WHERE w.case_id = c.id AND "+where+")", args...)
	}
	return q, nil
}

// findFew finds the cases with all the words where they are few. It begins with the
// word that the fewest cases have.
func (s *Service) findFew(ctx context.Context, terms []term) (ids []string, few bool, err error) {
	rarest, count, err := s.rarest(ctx, terms)
	if err != nil || count >= mostLooked {
		return nil, false, err
	}
	db := s.db.From(ctx)
	where, args := rarest.matches()
	first := db.NewSelect().TableExpr("case_words AS w").Column("w.case_id").Where(where, args...).OrderExpr("w.word, w.case_id").Limit(mostLooked)
	q := db.NewSelect().TableExpr("(?) AS found", first).ColumnExpr("DISTINCT found.case_id")
	for _, t := range terms {
		if string(t) == string(rarest) {
			continue
		}
		where, args := t.matches()
		q = q.Where("EXISTS (SELECT 1 FROM case_words AS w WHERE w.case_id = found.case_id AND "+where+")", args...)
	}
	if err := q.Limit(fewFound+1).Scan(ctx, &ids); err != nil {
		return nil, false, fmt.Errorf("search cases: %w", err)
	}
	return ids, len(ids) <= fewFound, nil
}

// rarest is the word that the fewest cases have, counted no further than mostLooked.
func (s *Service) rarest(ctx context.Context, terms []term) (term, int, error) {
	db := s.db.From(ctx)
	q := db.NewSelect()
	counts, into := make([]int, len(terms)), make([]any, len(terms))
	for n, t := range terms {
		where, args := t.matches()
		some := db.NewSelect().TableExpr("case_words AS w").ColumnExpr("1").Where(where, args...).OrderExpr("w.word, w.case_id").Limit(mostLooked)
		q = q.ColumnExpr("(SELECT count(*) FROM (?) AS some_words)", some)
		into[n] = &counts[n]
	}
	if err := q.Scan(ctx, into...); err != nil {
		return nil, 0, fmt.Errorf("count words: %w", err)
	}
	least := slices.Min(counts)
	return terms[slices.Index(counts, least)], least, nil
}
