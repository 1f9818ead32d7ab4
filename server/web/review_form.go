package web

import (
	"strings"

	"regain/cases"
)

// Back is the page with no form open.
func (d *reviewPage) Back() string {
	if d.Selected != nil {
		return d.To("item", d.Selected.ID)
	}
	return d.To()
}

// Left is how much stands in the way of an approval.
func (d *reviewPage) Left() int { return len(d.Unsettled) + len(d.Open) }

// named is how many of the items that stand in the way are named at once.
const named = 2

// FirstUnsettled are the first items that stand in the way of an approval, MoreUnsettled
// is how many there are beyond them.
func (d *reviewPage) FirstUnsettled() []*reviewCard {
	return d.Unsettled[:min(named, len(d.Unsettled))]
}

// MoreUnsettled is described at FirstUnsettled.
func (d *reviewPage) MoreUnsettled() int { return max(0, len(d.Unsettled)-named) }

// Differences counts the values that differ.
func (d *reviewPage) Differences() int {
	n := 0
	for _, row := range d.Compared {
		if row.Agree == "differs" {
			n++
		}
	}
	return n
}

// reasonChoice is the choice of a reason in a form.
type reasonChoice struct {
	// Name is the field, Words the one for what the customer is told.
	Name, Words string
	Options     []Option
}

// ReasonChoice makes the choice of a reason; use is "item" or "case".
func (v *View) ReasonChoice(d *reviewPage, do, use string) (reasonChoice, error) {
	w := writer{view: v}
	choice := reasonChoice{Name: do + "-reason_code", Words: do + "-words_customer"}
	for _, code := range cases.ReasonCodes() {
		canned := ""
		if code != "other" {
			var err error
			if canned, err = v.pages.canned(d.Locale, use, code); err != nil {
				return choice, err
			}
		}
		choice.Options = append(choice.Options, Option{Value: string(code), Label: w.reason(string(code)), Hint: canned})
	}
	return choice, w.err
}

// In2 is a text in another language than the page's.
func (v *View) In2(locale, key string) (string, error) { return v.pages.words.say(locale, key) }

// Asked says whether the form that asks for more names the item: as it was typed, else
// what has to come again.
func (v *View) Asked(i *reviewCard) bool {
	if _, sent := v.Form.Values["request-words"]; sent {
		return v.Form.Has("request-item", i.ID)
	}
	return i.Standing == "rejected" || i.Standing == "missing"
}

// AskedMore says that the form names something beyond the items.
func (v *View) AskedMore() bool {
	for _, name := range []string{"request-material", "request-text"} {
		for _, value := range v.Form.All(name) {
			if value != "" {
				return true
			}
		}
	}
	return false
}

// Typed are the values of a field that stands several times in a form: least of them
// at least.
func (v *View) Typed(name string, least int) []string {
	values := append([]string{}, v.Form.All(name)...)
	for len(values) < least {
		values = append(values, "")
	}
	return values
}

// Nth is the n-th of the fields with one name.
func (v *View) Nth(name string, n int, attributes ...any) (*FieldView, error) {
	f, err := v.Field(name, attributes...)
	if err != nil {
		return nil, err
	}
	f.Value, f.Values = "", nil
	if values := v.Form.All(name); n < len(values) {
		f.Value, f.Values = values[n], []string{values[n]}
	}
	if n > 0 {
		f.ID += "-" + string(rune('0'+n%10))
	}
	return f, nil
}

// DoneWords says what has just been done, for whoever hears the page; empty for what is
// not in the words.
func (v *View) DoneWords(done string) (string, error) {
	key := "review.done." + strings.ReplaceAll(done, "-", "_")
	if !v.pages.words.has(key) {
		return "", nil
	}
	return v.T(key)
}
