package notify

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	texttemplate "text/template"
	"unicode"
)

//go:embed templates
var embeddedTemplates embed.FS

// required names the data of each template. A key must be there; the value may
// be empty where the words can do without it (a review_by that nobody promised,
// an appeal_until that there is none of).
var required = map[string][]string{
	"code":                {"code", "minutes", "purpose"},
	"case_started":        {"reference"},
	"case_submitted":      {"reference", "review_by"},
	"more_requested":      {"reference", "deadline", "items"},
	"item_reminder":       {"reference", "deadline"},
	"case_approved":       {"reference"},
	"case_denied":         {"reference", "reason", "appeal_until"},
	"case_withdrawn":      {"reference"},
	"case_expired":        {"reference"},
	"appeal_received":     {"reference"},
	"message_received":    {"reference"},
	"invitation":          {"reference", "organisation", "customer", "link", "expires", "materials"},
	"invitation_reopened": {"reference", "link", "expires", "materials"},
	"partner_receipt":     {"reference", "files"},
	"member_added":        {"organisation"},
	"review_late":         {"reference", "due", "link"},
	"staff_password":      {"added", "until"},
	"mentioned":           {"reference", "link"},
	"webhook_disabled":    {"host", "description", "since", "link"},
}

// Names lists the templates, sorted.
func Names() []string { return slices.Sorted(maps.Keys(required)) }

// Required lists the data that a template needs; nil for a name that is none.
func Required(name string) []string { return slices.Clone(required[name]) }

// Letterhead is what every message shows beside its own data.
type Letterhead struct {
	// Service is the name that readers know the provider by.
	Service string
	// SiteURL is where customers come back to their request. May be empty.
	SiteURL string
	// Support says how to reach people, in words that fit all languages, such as
	// an address or a number. May be empty.
	Support string
}

// Longest values that templates put into a message.
const (
	maxValueRunes   = 4000
	maxNameRunes    = 120
	maxSubjectRunes = 200
)

// templates are all messages in all languages, each parsed when it is needed first. Safe
// for concurrent use.
type templates struct {
	letterhead Letterhead
	sets       map[string]func() (templateSet, error) // by name.locale
}

// templateSet is one message in one language.
type templateSet struct {
	text *texttemplate.Template
	html *htmltemplate.Template
}

// newTemplates finds every name in every locale.
func newTemplates(files fs.FS, letterhead Letterhead) *templates {
	t := &templates{letterhead: letterhead, sets: map[string]func() (templateSet, error){}}
	for _, name := range Names() {
		for _, locale := range Locales() {
			t.sets[name+"."+locale] = sync.OnceValues(func() (templateSet, error) {
				set, err := parseSet(files, name, locale)
				if err != nil {
					err = fmt.Errorf("template %s in %s: %w", name, locale, err)
				}
				return set, err
			})
		}
	}
	return t
}

// parseAll says what is wrong with any of them: nothing, by the tests of this package.
func (t *templates) parseAll() error {
	var faults []error
	for _, key := range slices.Sorted(maps.Keys(t.sets)) {
		_, err := t.sets[key]()
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

func parseSet(files fs.FS, name, locale string) (templateSet, error) {
	own, shared := name+"."+locale+".tmpl", "shared."+locale+".tmpl"
	functions := wordFunctions(locale)
	text, err := texttemplate.New(name).Option("missingkey=error").Funcs(functions).
		ParseFS(files, "layout.text.tmpl", shared, own)
	if err != nil {
		return templateSet{}, err
	}
	html, err := htmltemplate.New(name).Option("missingkey=error").Funcs(functions).
		ParseFS(files, "layout.html.tmpl", shared, own)
	if err != nil {
		return templateSet{}, err
	}
	for _, part := range []string{"subject", "sms", "text", "html"} {
		if text.Lookup(part) == nil {
			return templateSet{}, fmt.Errorf("has no part %q", part)
		}
	}
	return templateSet{text: text, html: html}, nil
}

// check tells what is wrong with a message before it is put into the outbox.
func (t *templates) check(m Message) error {
	keys, known := required[m.Template]
	if !known {
		return fmt.Errorf("no template %q", m.Template)
	}
	for _, key := range keys {
		if _, there := m.Data[key]; !there {
			return fmt.Errorf("template %q needs %q", m.Template, key)
		}
	}
	return nil
}

// render puts a message into words. Errors name keys and templates, no values.
func (t *templates) render(m Message) (Rendered, error) {
	if err := t.check(m); err != nil {
		return Rendered{}, err
	}
	locale := nearestLocale(m.Locale)
	set, err := t.sets[m.Template+"."+locale]()
	if err != nil {
		return Rendered{}, err
	}
	data := t.data(m.Data, locale)
	out := Rendered{Channel: m.Channel, To: m.To, Locale: locale, Template: m.Template}
	switch m.Channel {
	case SMS:
		out.Text, err = executeText(set.text, "sms", data)
		out.Text = oneLine(out.Text)
	case Email:
		err = renderMail(&out, set, data)
	default:
		err = errors.New("no such channel")
	}
	if err != nil {
		return Rendered{}, fmt.Errorf("render template %q in %s: %w", m.Template, locale, err)
	}
	return out, nil
}

func renderMail(out *Rendered, set templateSet, data map[string]string) error {
	subject, err := executeText(set.text, "subject", data)
	if err != nil {
		return err
	}
	out.Subject = clip(oneLine(subject), maxSubjectRunes)
	text, err := executeText(set.text, "layout", data)
	if err != nil {
		return err
	}
	out.Text = manyBlankLines.ReplaceAllString(strings.TrimSpace(text), "\n\n") + "\n"
	var html bytes.Buffer
	if err := set.html.ExecuteTemplate(&html, "layout", data); err != nil {
		return err
	}
	out.HTML = html.String()
	return nil
}

var manyBlankLines = regexp.MustCompile(`\n{3,}`)

func executeText(t *texttemplate.Template, part string, data map[string]string) (string, error) {
	var b strings.Builder
	if err := t.ExecuteTemplate(&b, part, data); err != nil {
		return "", err
	}
	return b.String(), nil
}

// data is what templates see: the message's values, cleaned, and the letterhead,
// which a message cannot replace.
func (t *templates) data(own map[string]string, locale string) map[string]string {
	data := make(map[string]string, len(own)+4)
	for key, value := range own {
		data[key] = clip(cleanLines(value), maxValueRunes)
	}
	data["service"] = oneLine(t.letterhead.Service)
	data["site"] = t.letterhead.SiteURL
	data["support"] = oneLine(t.letterhead.Support)
	data["locale"] = locale
	return data
}

// cleanLines keeps line breaks and drops every other character that is not seen:
// controls could end a header, direction marks could turn words around.
func cleanLines(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t', r == '\u2028', r == '\u2029':
			return ' '
		case unicode.IsControl(r), isDirectionMark(r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
}

// isDirectionMark finds the characters that change the order in which text is shown.
func isDirectionMark(r rune) bool {
	return r == '\u061c' || r == '\u200e' || r == '\u200f' ||
		(r >= '\u202a' && r <= '\u202e') || (r >= '\u2066' && r <= '\u2069')
}

// oneLine also turns line breaks and runs of spaces into single spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(cleanLines(s)), " ") }

// clip shortens to at most n characters.
func clip(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}

// templateFiles are the templates that the binary holds.
func templateFiles() (fs.FS, error) { return fs.Sub(embeddedTemplates, "templates") }
