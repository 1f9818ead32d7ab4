package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"regain/problem"
	"regain/server"
)

// Form is a form as it was sent, or one that is still empty, with what is wrong in
// it. The name of a field is the JSON pointer that the domain gives it, without the
// first slash and with dots: "/address/city" is the field address.city.
type Form struct {
	Values url.Values
	// Errors are the bad fields, in the order of the domain.
	Errors []FieldError
	// General says what is wrong with the form as a whole.
	General string
}

// FieldError is what is wrong with one field.
type FieldError struct {
	Name, Code, Message string
	// Anchor is the id to lead to where the field itself is not on the page any more.
	Anchor string
}

// ID is the id of the field's control on the page.
func (e FieldError) ID() string { return cmp.Or(e.Anchor, fieldID(e.Name)) }

func fieldID(name string) string {
	return "f-" + strings.NewReplacer(".", "-", "/", "-", "[", "-", "]", "").Replace(name)
}

// NewForm is a form that was not sent yet, with values to begin with: names and
// values in turn.
func NewForm(values ...string) *Form {
	f := &Form{Values: url.Values{}}
	for i := 0; i+1 < len(values); i += 2 {
		f.Values.Add(values[i], values[i+1])
	}
	return f
}

// ReadForm reads the form of a POST. Characters that no text of ours may hold are
// left out.
func ReadForm(c *gin.Context) (*Form, error) {
	if err := c.Request.ParseForm(); err != nil {
		return nil, problem.New(problem.Malformed, "malformed_form", "The form can't be read.").WithCause(err)
	}
	f := &Form{Values: url.Values{}}
	for name, values := range c.Request.PostForm {
		for _, v := range values {
			f.Values.Add(name, cleanValue(v))
		}
	}
	return f, nil
}

// cleanValue also undoes what browsers do to the lines of a text area.
func cleanValue(v string) string {
	return server.CleanText(strings.ReplaceAll(v, "\r\n", "\n"))
}

// Get is the value of a field, without space around it.
func (f *Form) Get(name string) string { return strings.TrimSpace(f.Values.Get(name)) }

// All are the values of a field that may have several, such as check boxes.
func (f *Form) All(name string) []string { return f.Values[name] }

// Has says whether one of a field's values is value.
func (f *Form) Has(name, value string) bool { return slices.Contains(f.Values[name], value) }

// Error is what is wrong with a field; empty when nothing is.
func (f *Form) Error(name string) string {
	for _, e := range f.Errors {
		if e.Name == name {
			return e.Message
		}
	}
	return ""
}

// Bad says whether anything is wrong.
func (f *Form) Bad() bool { return len(f.Errors) > 0 || f.General != "" }

// Rename gives the errors of one field to another, where a form names it otherwise
// than the domain.
func (f *Form) Rename(from, to string) {
	for i := range f.Errors {
		if f.Errors[i].Name == from {
			f.Errors[i].Name = to
		}
	}
}

// fieldName is the name of the field that a pointer means.
func fieldName(pointer string) string {
	name := strings.TrimPrefix(pointer, "/")
	return strings.NewReplacer("/", ".", "~1", "/", "~0", "~").Replace(name)
}

// take puts what the domain found wrong into the form, in the reader's language, and
// gives the status to answer with. It leaves errors to the caller that no form can
// show.
func (f *Form) take(p *Pages, locale string, err error) (status int, shown bool) {
	found, ok := problem.As(err)
	if !ok {
		return 0, false
	}
	switch found.Kind {
	case problem.Unauthenticated, problem.Forbidden, problem.NotFound:
		return 0, false
	}
	status = server.StatusOf(found.Kind)
	if status >= http.StatusInternalServerError {
		return 0, false
	}
	for _, bad := range found.Fields {
		f.Errors = append(f.Errors, FieldError{Name: fieldName(bad.Pointer), Code: bad.Code, Message: p.fieldWords(locale, bad)})
	}
	if len(found.Fields) == 0 {
		f.General = p.problemWords(locale, string(found.Kind), found.Code, found.Detail)
		if wait := p.waitWords(locale, found.RetryAfter); wait != "" && found.Kind == problem.TooMany {
			f.General = wait
		}
	}
	return status, true
}
