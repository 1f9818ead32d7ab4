package web

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"regain/accounts"
	"regain/server/api"
)

// readColleagues lists whom a note can be for.
func (p *Pages) readColleagues(ctx context.Context, data *reviewPage) error {
	if !data.MayNote() {
		return nil
	}
	all, more, err := p.colleagues(ctx, colleaguesListed)
	if err != nil {
		return err
	}
	data.Colleagues, data.MoreColleagues = []Option{{}}, more
	for _, s := range all {
		if s.ID != data.reader.ID {
			data.Colleagues = append(data.Colleagues, Option{Value: s.ID, Label: s.Name})
		}
	}
	return nil
}

// colleaguesListed is how many are offered in a form; the others are named in the note.
const colleaguesListed = 200

// ColleaguesListed is that number.
func (d *reviewPage) ColleaguesListed() int { return colleaguesListed }

// colleagues are the members of staff who see cases, all of them where limit is 0; names
// that several have are told apart.
func (p *Pages) colleagues(ctx context.Context, limit int) ([]accounts.Staff, bool, error) {
	all, more, err := api.Colleagues(ctx, p.services.Staff, limit)
	tellApart(all)
	return all, more, err
}

// runNote writes a note for those who are chosen in the form, or named in it after an @.
func runNote(ctx context.Context, p *Pages, r actRequest) error {
	body := r.get("body")
	ids := slices.DeleteFunc(slices.Clone(r.all("mention")), func(id string) bool { return id == "" })
	if strings.Contains(body, "@") {
		all, _, err := p.colleagues(ctx, 0)
		if err != nil {
			return err
		}
		ids = append(ids, namedIn(body, all)...)
	}
	slices.Sort(ids)
	mentioned, err := api.Mentioned(ctx, p.services.Staff, slices.Compact(ids))
	if err != nil {
		return err
	}
	_, err = p.services.Cases.WriteNote(ctx, r.actor, r.caseID, body, mentioned...)
	return err
}

// namedIn are the ids of the people whose whole names stand in a text after an @. Of names
// that begin alike the longest counts.
func namedIn(text string, people []accounts.Staff) []string {
	byLength := slices.Clone(people)
	slices.SortStableFunc(byLength, func(a, b accounts.Staff) int { return cmp.Compare(len(b.Name), len(a.Name)) })
	var ids []string
	for _, s := range byLength {
		name := "@" + s.Name
		for from := 0; ; {
			at := strings.Index(text[from:], name)
			if at < 0 {
				break
			}
			begin, end := from+at, from+at+len(name)
			if from = end; !nameBegins(text[:begin]) || !nameEnds(s.Name, text[end:]) {
				continue
			}
			if !slices.Contains(ids, s.ID) {
				ids = append(ids, s.ID)
			}
			text = text[:begin] + strings.Repeat(" ", len(name)) + text[end:]
		}
	}
	return ids
}

// nameBegins says whether an @ after a text begins a name, and is no part of an address.
func nameBegins(before string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	return before == "" || unicode.In(last, unicode.Han) || !unicode.IsLetter(last) && !unicode.IsDigit(last)
}

// nameEnds says whether a name does not go on in what follows it. Scripts without spaces
// go on at once.
func nameEnds(name, rest string) bool {
	last, _ := utf8.DecodeLastRuneInString(name)
	next, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || unicode.In(last, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai) ||
		!unicode.IsLetter(next) && !unicode.IsDigit(next)
}
