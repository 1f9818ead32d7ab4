package web

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"regain/accounts"
	"regain/cases"
	"regain/server"
	"regain/server/api"
)

// View is what every template gets as its dot. Its methods speak the reader's language.
type View struct {
	// Locale is the language that the page is in.
	Locale string
	// Theme is light, dark or auto.
	Theme string
	// Here is the page's address without the language, with its query.
	Here string
	// Caller is who reads.
	Caller accounts.Principal
	// Data is the page's own.
	Data any
	// Form is the form as it was sent; never nil.
	Form *Form
	// Carry is what to go on with after signing in again; nil most of the time.
	Carry *Carry

	pages  *Pages
	prefix string
	// unread counts what waits in the inbox of a member of staff, once.
	unread func() (int, error)
	// labels are those of the fields that the page has, by name. A page with errors is
	// written twice: the summary above the form calls each field by its label.
	labels map[string]string
}

func (p *Pages) view(c *gin.Context, data any, f *Form) *View {
	ctx := c.Request.Context()
	if f == nil {
		f = NewForm()
	}
	return &View{
		Locale: server.Locale(ctx), Theme: themeOf(c.Request), Here: here(c.Request), Caller: server.Caller(ctx),
		Data: data, Form: f, pages: p, prefix: server.LanguagePrefix(ctx), labels: map[string]string{},
		unread: sync.OnceValues(func() (int, error) { return p.services.Cases.Unread(ctx, api.ActorOf(ctx)) }),
	}
}

// Unread is how many entries of the reader's inbox are unread; none for who has no inbox.
func (v *View) Unread() (int, error) {
	if v.Caller.Kind != accounts.StaffMember || v.pages.services.Cases == nil {
		return 0, nil
	}
	return v.unread()
}

// MostUnread says that there may be more unread entries than were counted.
func (v *View) MostUnread(n int) bool { return n >= cases.MostUnread }

func here(r *http.Request) string {
	if r.URL.RawQuery == "" || r.Method != http.MethodGet {
		return r.URL.Path
	}
	return r.URL.Path + "?" + r.URL.RawQuery
}

// With is the view with other data, for a template that is used inside a page.
func (v *View) With(data any) *View {
	inner := *v
	inner.Data = data
	return &inner
}

// T is a text from the words files: a key, then names and values of its places. The
// place n also chooses the plural form.
func (v *View) T(key string, args ...any) (string, error) {
	return v.pages.words.say(v.Locale, key, args...)
}

// H is T for texts with links or other markup in their places.
func (v *View) H(key string, args ...any) (template.HTML, error) {
	return v.pages.words.sayHTML(v.Locale, key, args...)
}

// A is a link, for a place in H: a path of ours and the key of its text.
func (v *View) A(path, key string, args ...any) (template.HTML, error) {
	label, err := v.T(key, args...)
	if err != nil {
		return "", err
	}
	return template.HTML(`<a href="` + template.HTMLEscapeString(v.Link(path)) + `">` + template.HTMLEscapeString(label) + `</a>`), nil //nolint:gosec // escaped here
}

// Strong is emphasised text, for a place in H.
func (v *View) Strong(text string) template.HTML {
	return template.HTML("<strong>" + template.HTMLEscapeString(text) + "</strong>") //nolint:gosec // escaped here
}

// Link is an address of ours, which stays in the language that this page's address names.
func (v *View) Link(path string) string { return v.prefix + path }

// In is this page in another language.
func (v *View) In(locale string) string { return "/" + locale + v.Here }

// Languages are those to choose from, each by its own name.
func (v *View) Languages() []Option {
	return []Option{{Value: "en", Label: "English"}, {Value: "zh-Hans", Label: "简体中文"}, {Value: "pt-BR", Label: "Português (Brasil)"}}
}

// Language is the own name of the page's language.
func (v *View) Language() string {
	for _, o := range v.Languages() {
		if o.Value == v.Locale {
			return o.Label
		}
	}
	return v.Locale
}

// Day writes a day, Moment a day with its time in UTC as a <time> that a script
// writes in the reader's own zone.
func (v *View) Day(at time.Time) string { return writeDay(at, v.Locale) }

// Moment is described at Day.
func (v *View) Moment(at time.Time) template.HTML {
	return template.HTML(`<time datetime="` + at.UTC().Format(time.RFC3339) + `" data-local>` + template.HTMLEscapeString(writeMoment(at, v.Locale)) + `</time>`) //nolint:gosec // escaped here
}

// OnDay is Moment for where the time of day does not matter.
func (v *View) OnDay(at time.Time) template.HTML {
	return template.HTML(`<time datetime="` + at.UTC().Format(time.RFC3339) + `" data-local="day">` + template.HTMLEscapeString(writeDay(at.UTC(), v.Locale)) + `</time>`) //nolint:gosec // escaped here
}

// Number writes a whole number.
func (v *View) Number(n int) string { return v.pages.words.locales[v.Locale].write(n) }

// Size writes a number of bytes, Limit the most that a file may have.
func (v *View) Size(bytes int64) string { return v.pages.words.locales[v.Locale].writeSize(bytes) }

// Limit is described at Size.
func (v *View) Limit(bytes int64) string { return v.pages.words.locales[v.Locale].writeLimit(bytes) }

// Icon is an icon of the sprite, for the eye alone: words always stand beside it, or
// a label around it.
func (v *View) Icon(name string) template.HTML {
	address, known := v.pages.assets.icon(name)
	if !known { // no page fails for that
		v.pages.stale.Do(func() {
			v.pages.log.Warn("the pages are newer than the assets that were built in: run make assets", "missing", "the icon "+name)
		})
	}
	if address == "" {
		return ""
	}
	return template.HTML(`<svg class="icon" aria-hidden="true" focusable="false"><use href="` + template.HTMLEscapeString(address) + `"></use></svg>`) //nolint:gosec // escaped here
}

// Drawing is one of the drawings, for the eye alone: a caption stands beside it.
func (v *View) Drawing(name string) (template.HTML, error) {
	address := v.pages.assets.address("sprite.svg") + "#" + drawingPrefix + name
	if !v.pages.assets.drawings[name] {
		return "", fmt.Errorf("there is no drawing %q", name)
	}
	return template.HTML(`<svg class="drawing" viewBox="0 0 160 110" aria-hidden="true" focusable="false"><use href="` + template.HTMLEscapeString(address) + `"></use></svg>`), nil //nolint:gosec // escaped here
}

// Method is how a request is made, in words; one that there are no words for as the
// policy writes it.
func (v *View) Method(id string) string {
	if words, err := v.T("public.help.methods." + id); err == nil {
		return words
	}
	return strings.ReplaceAll(id, "_", " ")
}

// LanguageNames are languages by their names in the reader's.
func (v *View) LanguageNames(tags []string) string {
	namer := display.Tags(language.Make(v.Locale))
	var names []string
	for _, tag := range tags {
		names = append(names, namer.Name(language.Make(tag)))
	}
	return writeList(names, v.Locale)
}

// Asset is the address of an asset by its name; empty when it was not built in.
func (v *View) Asset(name string) string { return v.pages.assets.address(name) }

// Style is the address of the style sheet.
func (v *View) Style() string { return v.pages.assets.style() }

// Key is the hidden field that keeps a form from having its effect twice.
func (v *View) Key() template.HTML {
	return template.HTML(`<input type="hidden" name="` + server.FormKey + `" value="` + uuid.NewString() + `">`) //nolint:gosec // nothing from outside
}

// UploadTo is the address for a form with a file: such forms carry their key there.
func (v *View) UploadTo(path string) string {
	return v.Link(path) + "?" + url.Values{server.FormKey: {uuid.NewString()}}.Encode()
}

// Is says whether the reader has a session of the kind: customer, partner or staff.
func (v *View) Is(kind string) bool { return string(v.Caller.Kind) == kind }

// HasRole says whether the reader is staff with one of the roles.
func (v *View) HasRole(roles ...string) bool {
	return slices.ContainsFunc(roles, func(r string) bool { return v.Caller.Has(accounts.Role(r)) })
}

// Has says whether there is a page at an address, so that nothing leads nowhere.
func (v *View) Has(path string) bool {
	_, there := v.pages.server.RouteAt(http.MethodGet, path)
	return there
}

// Mailbox says whether development's mailbox is there.
func (v *View) Mailbox() bool { return v.pages.services.Mailbox != nil }

// Name is the provider's, Support how to reach its people, which may be empty.
func (v *View) Name() string { return v.pages.services.Name }

// Support is described at Name.
func (v *View) Support() string { return v.pages.services.Support }

// Field makes a field for the template "field": its name, then attributes and values
// in turn; see FieldView for which there are.
func (v *View) Field(name string, attributes ...any) (*FieldView, error) {
	f := &FieldView{Name: name, ID: fieldID(name), Type: "text", Value: v.Form.Values.Get(name), Values: v.Form.All(name), Error: v.Form.Error(name), view: v}
	for i := 0; i+1 < len(attributes); i += 2 {
		if err := f.set(fmt.Sprint(attributes[i]), attributes[i+1]); err != nil {
			return nil, err
		}
	}
	if f.Label == "" {
		return nil, fmt.Errorf("the field %q has no label", name)
	}
	v.labels[name] = f.Label
	return f, nil
}

// Calls is the label of a field that the page makes without Field, and keeps it for the
// summary of errors.
func (v *View) Calls(name, label string) string {
	v.labels[name] = label
	return label
}

// Called is a field by its label, before what is wrong with it in the summary of errors: there is no colon after a
// question. It is empty for what is no field with a label of its own.
func (v *View) Called(e FieldError) string {
	label := v.labels[e.Name]
	if e.Anchor != "" || strings.HasPrefix(e.Message, label) { // which says it already
		return ""
	}
	if strings.HasSuffix(label, "?") || strings.HasSuffix(label, "？") {
		return label
	}
	return label + ":"
}

// Options makes options: values and labels in turn.
func (v *View) Options(pairs ...string) []Option {
	var out []Option
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, Option{Value: pairs[i], Label: pairs[i+1]})
	}
	return out
}

// templateFunctions are few: what needs the reader is a method of View.
func templateFunctions() template.FuncMap {
	return template.FuncMap{"lower": strings.ToLower, "join": strings.Join, "icon": (*View).Icon}
}
