package cases

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uptrace/bun"
	"golang.org/x/text/unicode/norm"

	"regain/database"
)

// caseWord says that a word is found in what is known of a case.
type caseWord struct {
	bun.BaseModel `bun:"table:case_words,alias:w"`

	CaseID string `bun:"case_id,pk"`
	Word   []byte `bun:"word,pk"`
}

const (
	// longestWord bounds a word, in bytes: what is longer is found by its beginning.
	longestWord = 48
	// mostWords bounds how many different words of one text are kept.
	mostWords = 400
	// ofOrganisation begins the words that are kept once more as those of an organisation.
	ofOrganisation = "o:"
)

// wordsOf are the different words of a text in the form in which they are compared:
// without case, width and accents. Scripts without spaces give their pairs of
// characters, e-mail addresses themselves and their parts. Single letters tell nothing
// and are left out.
func wordsOf(text string) []string {
	found := map[string]bool{}
	add := func(word string) {
		if len(found) < mostWords {
			found[cut(word, longestWord)] = true
		}
	}
	for _, address := range addressesIn(text) {
		add(address)
	}
	for _, run := range runsOf(text) {
		if !unspaced(rune0(run)) {
			if len(run) > 1 || unicode.IsDigit(rune0(run)) {
				add(run)
			}
			continue
		}
		runes := []rune(run)
		for n := range runes {
			add(string(runes[n:min(n+2, len(runes))])) // the last one alone
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// addressesIn are what looks like an e-mail address in a text, or like its beginning.
func addressesIn(text string) []string {
	if !strings.Contains(text, "@") {
		return nil
	}
	var found []string
	for chunk := range strings.FieldsSeq(strings.ToLower(norm.NFKC.String(text))) {
		chunk = strings.Trim(chunk, `.,;:<>()[]"'`)
		if strings.Index(chunk, "@") > 0 {
			found = append(found, chunk)
		}
	}
	return found
}

// runsOf splits a text into runs of letters and digits of one kind of script.
func runsOf(text string) []string {
	var runs []string
	var run []rune
	end := func() {
		if len(run) > 0 {
			runs = append(runs, string(run))
			run = nil
		}
	}
	for _, r := range norm.NFKD.String(text) {
		switch {
		case unicode.Is(unicode.Mn, r): // an accent
			continue
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			continue
		case len(run) > 0 && unspaced(run[0]) != unspaced(r):
			end()
		}
		run = append(run, unicode.ToLower(r))
	}
	end()
	return runs
}

// unspaced says that a script does not put spaces between words.
func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

func rune0(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// cut keeps the beginning of a word, in whole characters.
func cut(word string, most int) string {
	if len(word) <= most {
		return word
	}
	for most > 0 && !utf8.RuneStart(word[most]) {
		most--
	}
	return word[:most]
}

// keepWords makes the case be found by what the texts say.
func (ch *change) keepWords(texts ...string) error {
	return ch.s.addWords(database.Later(ch.ctx), ch.tx, ch.Case.ID, wordsOf(strings.Join(texts, "\n")))
}

// keepOrganisation makes the case be found by an organisation's name.
func (ch *change) keepOrganisation(name string) error {
	return ch.s.addWords(database.Later(ch.ctx), ch.tx, ch.Case.ID, organisationWords(name))
}

// organisationWords are the words of an organisation, each once as any word and once
// as one of an organisation.
func organisationWords(name string) []string {
	words := wordsOf(name)
	for _, w := range wordsOf(name) {
		words = append(words, ofOrganisation+w)
	}
	return words
}

// particularWords are those of the case's own row.
func particularWords(c *Case) []string {
	bare := strings.ReplaceAll(c.Reference, "-", "")
	words := wordsOf(strings.Join([]string{c.Reference, bare, c.Account, c.NewEmail, c.NewPhone}, "\n"))
	words = append(words, organisationWords(c.Enterprise)...)
	slices.Sort(words)
	return slices.Compact(words)
}

func (s *Service) addWords(ctx context.Context, tx bun.IDB, caseID string, words []string) error {
	if len(words) == 0 {
		return nil
	}
	rows := make([]caseWord, 0, len(words))
	for _, w := range words {
		rows = append(rows, caseWord{CaseID: caseID, Word: []byte(w)})
	}
	if _, err := tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("keep words: %w", err)
	}
	return nil
}

// IndexWords keeps the words of filed cases that have none, such as those that were
// filed before there were any. It returns how many cases it looked through.
func (s *Service) IndexWords(ctx context.Context) (int, error) {
	done := 0
	for {
		ids := []string{}
		err := s.db.From(ctx).NewSelect().Model((*Case)(nil)).Column("id").Where("c.lane > ?", laneUnfiled).
			Where("NOT EXISTS (SELECT 1 FROM case_words w WHERE w.case_id = c.id)").Limit(tickBatch).Scan(ctx, &ids)
		if err != nil {
			return done, fmt.Errorf("look for cases without words: %w", err)
		}
		for _, id := range ids {
			if err := s.indexCase(ctx, id); err != nil {
				return done, err
			}
			done++
		}
		if len(ids) < tickBatch {
			return done, nil
		}
	}
}

// indexCase keeps the words of all that is known of a case.
func (s *Service) indexCase(ctx context.Context, id string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		c, err := s.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		words := particularWords(c)
		var invitations []*Invitation
		var messages []*CaseMessage
		err = s.db.ReadTogether(ctx, tx, database.ListOf(&invitations, "inv.case_id = ?", id), database.ListOf(&messages, "m.case_id = ?", id))
		if err != nil {
			return fmt.Errorf("read what a case says: %w", err)
		}
		for _, i := range invitations {
			words = slices.Concat(words, wordsOf(i.Email), organisationWords(i.Organisation))
		}
		for _, m := range messages {
			words = append(words, wordsOf(m.Body)...)
		}
		return s.addWords(ctx, tx, id, words)
	})
}
