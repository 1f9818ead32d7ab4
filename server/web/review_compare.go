package web

import (
	"context"
	"slices"
	"strings"
	"unicode"

	textcases "golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/unicode/norm"

	"regain/rules"
	"regain/server/api"
)

// comparedRow is one value as the customer gave it against what was read off the
// documents and what is on record.
type comparedRow struct {
	// Of is what the value belongs to, Label its own name.
	Of, Label string
	Said      string
	Read      string
	Record    string
	// Agree is same, alike (but for case, spacing and the like), differs, or empty when
	// there is nothing to compare.
	Agree string
}

// compared are the values to hold against each other, in the order of the items.
func compared(d *reviewPage, locale string) []comparedRow {
	var rows []comparedRow
	for _, card := range d.Cards {
		for _, s := range card.Stated {
			rows = append(rows, comparedRow{Of: card.Label, Label: s.Ask, Said: s.Words, Read: d.readOff(s.ID), Record: d.onRecord(s.ID, locale)})
		}
		for _, r := range card.ToRead {
			row := comparedRow{Of: card.Label, Label: r.Label, Read: card.readBy(r), Record: shownValue(r, d.record[r.ID])}
			if card.Current != nil {
				row.Said = shownValue(r, card.Current.ReadOff[r.ID])
			}
			rows = append(rows, row)
		}
	}
	for _, f := range d.details.Policy.Facts() {
		if f.From == rules.FromAccount {
			rows = append(rows, comparedRow{Label: f.Ask.In(locale), Record: d.onRecord(f.ID, locale)})
		}
	}
	rows = slices.DeleteFunc(rows, func(r comparedRow) bool { return r.Read == "" && r.Record == "" })
	for n := range rows {
		rows[n].Agree = agreement(rows[n].Said, rows[n].Read, rows[n].Record)
	}
	return rows
}

// readRecord asks the directory for what is on record of the account. Without its answer
// the page is as good as without a directory, and says so.
func (p *Pages) readRecord(ctx context.Context, data *reviewPage) {
	record, err := p.services.Cases.Record(ctx, data.reader, data.details)
	data.record, data.NoRecord = record, err != nil
}

// onRecord is a value of the record as people read it.
func (d *reviewPage) onRecord(id, locale string) string {
	if parts, ok := d.record[id].(map[string]any); ok {
		return addressWords(parts, locale)
	}
	return formValue(d.record[id])
}

// HasRecord says that something of the account's record is known.
func (d *reviewPage) HasRecord() bool {
	return slices.ContainsFunc(d.Compared, func(r comparedRow) bool { return r.Record != "" })
}

// readBy is what a reviewer read off the item's document.
func (i *reviewCard) readBy(r api.ReadOffView) string {
	if dec := i.Staff.Decision; dec != nil && i.Review == dec.Verdict {
		return shownValue(r, dec.ReadOff[r.ID])
	}
	return ""
}

// readOff is what a reviewer read under a name off any document.
func (d *reviewPage) readOff(id string) string {
	for _, card := range d.Cards {
		for _, r := range card.ToRead {
			if r.ID == id {
				if value := card.readBy(r); value != "" {
					return value
				}
			}
		}
	}
	return ""
}

func shownValue(r api.ReadOffView, value any) string {
	shown := formValue(value)
	for _, choice := range r.Values {
		if choice.ID == shown {
			return choice.Label
		}
	}
	return shown
}

// agreement compares what is there; one value alone agrees with nothing.
func agreement(values ...string) string {
	var there []string
	for _, v := range values {
		if v != "" {
			there = append(there, v)
		}
	}
	if len(there) < 2 {
		return ""
	}
	agree := "same"
	for _, v := range there[1:] {
		switch {
		case v == there[0]:
		case plainValue(v) == plainValue(there[0]):
			agree = "alike"
		default:
			return "differs"
		}
	}
	return agree
}

// plainValue leaves out what people write one way or the other: case, spacing, width,
// and the marks between the parts of a number.
func plainValue(s string) string {
	s = textcases.Fold().String(norm.NFKC.String(s))
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune(`.,-–/()'"`, r) {
			return -1
		}
		return r
	}, s)
}

// LanguageName is a language by its name in the reader's.
func (v *View) LanguageName(locale string) string { return languageName(v.Locale, locale) }

// languageName is the name of a language in another; empty for none.
func languageName(in, locale string) string {
	if locale == "" {
		return ""
	}
	return display.Tags(language.Make(in)).Name(language.Make(locale))
}
