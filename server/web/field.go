package web

import "fmt"

// FieldView is one field of a form with its label, for the template "field".
type FieldView struct {
	Name, ID string
	// Type is text, email, tel, password, number, date, textarea, select, radio,
	// checkbox (one) or checkboxes (several).
	Type string
	// Label is needed; Hint is optional.
	Label, Hint string
	Value       string
	Values      []string
	// Error is what is wrong with what was typed.
	Error string
	// Autocomplete and InputMode are HTML's own.
	Autocomplete, InputMode string
	// MaxLength counts characters; 0 is none.
	MaxLength int
	// Rows is the height of a text area.
	Rows int
	// Options are the choices of select, radio and checkboxes.
	Options []Option
	// Optional is said beside the label.
	Optional bool
	// Code is for one-time codes and references: set in wide, even characters.
	Code bool
	// Heading makes the label the page's heading, for pages with one question.
	Heading bool

	view *View
}

// Option is one choice.
type Option struct {
	Value, Label, Hint string
}

func (f *FieldView) set(name string, value any) error {
	ok := true
	switch name {
	case "type":
		f.Type, ok = value.(string)
	case "label":
		f.Label, ok = value.(string)
	case "hint":
		f.Hint, ok = value.(string)
	case "value": // what is in the field before anything was typed
		if _, typed := f.view.Form.Values[f.Name]; !typed {
			f.Value, ok = value.(string)
			f.Values = []string{f.Value}
		}
	case "values":
		if _, typed := f.view.Form.Values[f.Name]; !typed {
			f.Values, ok = value.([]string)
		}
	case "autocomplete":
		f.Autocomplete, ok = value.(string)
	case "inputmode":
		f.InputMode, ok = value.(string)
	case "maxlength":
		f.MaxLength, ok = value.(int)
	case "rows":
		f.Rows, ok = value.(int)
	case "options":
		f.Options, ok = value.([]Option)
	case "optional":
		f.Optional, ok = value.(bool)
	case "code":
		f.Code, ok = value.(bool)
	case "heading":
		f.Heading, ok = value.(bool)
	default:
		return fmt.Errorf("the field %q: there is no attribute %q", f.Name, name)
	}
	if !ok {
		return fmt.Errorf("the field %q: %q is a %T", f.Name, name, value)
	}
	return nil
}

// Chosen says whether a choice was made.
func (f *FieldView) Chosen(value string) bool {
	for _, v := range f.Values {
		if v == value {
			return true
		}
	}
	return false
}

// DescribedBy are the ids of the hint and the error.
func (f *FieldView) DescribedBy() string {
	switch {
	case f.Hint != "" && f.Error != "":
		return f.ID + "-hint " + f.ID + "-error"
	case f.Hint != "":
		return f.ID + "-hint"
	case f.Error != "":
		return f.ID + "-error"
	}
	return ""
}

// Shown is what stands in the field; a password never does.
func (f *FieldView) Shown() string {
	if f.Type == "password" {
		return ""
	}
	return f.Value
}

// View is the page's, for words inside the template.
func (f *FieldView) View() *View { return f.view }
