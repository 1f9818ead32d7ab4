package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

// chosenFilter is a filter that is in force, to be shown and taken off.
type chosenFilter struct{ Field, Label string }

// savedTab is a saved view in the list of views.
type savedTab struct {
	Name, Path      string
	Shared, Current bool
}

// savedTabs are the reader's saved views and the shared ones.
func (p *Pages) savedTabs(ctx context.Context, actor cases.Actor, data *queuePage) ([]savedTab, error) {
	list, err := p.services.Cases.SavedViews(ctx, actor)
	if err != nil {
		return nil, err
	}
	var tabs []savedTab
	for _, v := range list {
		tabs = append(tabs, savedTab{
			Name: v.Name, Shared: v.Shared, Path: queuePath + "?saved=" + url.QueryEscape(v.ID), Current: data.Kept != nil && data.Kept.ID == v.ID,
		})
	}
	return tabs, nil
}

// Removable says whether the reader may remove the saved view that they are in.
func (q *queuePage) Removable(reader string) bool {
	return q.Name() != "" && (q.Kept.StaffID == reader || q.Leads)
}

// filterQueue reads what to filter by and what to search for, and leads to the list. It
// is a POST so that no address ever holds what is searched for.
func (p *Pages) filterQueue(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	if dropped := f.Get("drop"); dropped != "" {
		f.drop(dropped)
	}
	query := f.queueQuery()
	if path := p.pathOfReference(ctx, actor, query.Filter.Text); path != "" {
		return p.seeOther(c, path)
	}
	path := ""
	switch {
	case f.Get("do") == "save":
		var saved *cases.SavedView
		if saved, err = p.services.Cases.SaveView(ctx, actor, cases.NewView{Name: f.Get("name"), Shared: f.Get("shared") != "", Query: query}); err == nil {
			path = queuePath + "?saved=" + url.QueryEscape(saved.ID)
		}
	case query.Filter.Text != "" || query.Filter.Organisation != "":
		var id string
		if id, err = p.services.Cases.KeepSearch(ctx, actor, query); err == nil {
			path = queuePath + "?saved=" + id
		}
	default:
		place := queuePlace{Query: cases.QueueQuery{View: query.View, Order: query.Order, Filter: query.Filter}}
		path = place.Path()
	}
	if err != nil {
		return p.refuseFilter(c, f, err)
	}
	return p.seeOther(c, path)
}

// tagChip begins the name of a tag that is filtered by: there may be several.
const tagChip = "tag:"

// drop takes a filter off.
func (f *Form) drop(field string) {
	if id, ok := strings.CutPrefix(field, tagChip); ok {
		f.Values["tag"] = slices.DeleteFunc(f.Values["tag"], func(v string) bool { return v == id })
		return
	}
	f.Values.Del(field)
}

// queueQuery is what the form asks for. A search that begins goes through all cases;
// after that the reader may look at it view by view.
func (f *Form) queueQuery() cases.SavedQuery {
	q := cases.SavedQuery{View: cases.View(f.Get("view")), Order: cases.QueueOrder(f.Get("order")), Filter: filterFrom(f.Get)}
	q.Filter.Tag = strings.Join(cases.TagIDs(strings.Join(f.All("tag"), ",")), ",")
	q.Filter.Text, q.Filter.Organisation = f.Get("text"), f.Get("organisation")
	words := q.Filter.Text != "" || q.Filter.Organisation != ""
	if words && f.Get("searching") == "" && f.Get("do") != "save" || q.View == "" {
		q.View, q.Order = cases.ViewAll, cases.OrderOwn
	}
	if place := (queuePlace{Query: cases.QueueQuery{View: q.View}}); !place.Dated() {
		q.Filter.Within = ""
	}
	return q
}

// pathOfReference is the page of the case whose whole reference was typed; empty when
// it was something else.
func (p *Pages) pathOfReference(ctx context.Context, actor cases.Actor, typed string) string {
	reference := cases.NormalizeReference(typed)
	if len(reference) != len("7F3K-29QD-XM") || len(strings.TrimSpace(typed)) > len(reference)+2 {
		return ""
	}
	c, err := p.services.Cases.ByReference(ctx, actor, reference)
	if err != nil {
		return ""
	}
	return "/staff/cases/" + url.PathEscape(c.ID)
}

// refuseFilter shows the list that the form stood in, with what is wrong beside its
// fields and what was typed in them.
func (p *Pages) refuseFilter(c *gin.Context, f *Form, err error) error {
	data, readErr := p.queue(c.Request.Context(), listOf(f))
	if readErr != nil {
		return err
	}
	v := p.view(c, data, f)
	v.Here = data.Path()
	if found, ok := problem.As(err); ok && found.Kind == problem.Forbidden {
		f.General = p.problemWords(v.Locale, string(found.Kind), found.Code, found.Detail)
		return p.render(c, http.StatusForbidden, "staff/queue", v)
	}
	return p.refuseView(c, "staff/queue", v, err)
}

func (p *Pages) removeView(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := p.services.Cases.RemoveView(ctx, api.ActorOf(ctx), f.Get("saved")); err != nil && !problem.Is(err, "view_not_found") { // gone already: that was the wish
		return err
	}
	return p.seeOther(c, queuePath)
}

// chosen are the filters in force, in words.
func (p *Pages) chosen(ctx context.Context, data *queuePage) []chosenFilter {
	f, locale := data.Query.Filter, server.Locale(ctx)
	var out []chosenFilter
	add := func(field, label string) {
		if label != "" {
			out = append(out, chosenFilter{Field: field, Label: label})
		}
	}
	say := func(key, value string) string {
		if value == "" {
			return ""
		}
		said, err := p.words.say(locale, "staff."+key+"."+value)
		if err != nil {
			return value
		}
		return said
	}
	add("text", f.Text)
	add("organisation", f.Organisation)
	add("policy", f.Policy)
	add("scenario", p.scenarioTitle(locale, f.Scenario))
	add("language", languageName(locale, f.Locale))
	add("holder", data.holderName(f.Holder))
	for _, t := range data.ChosenTags {
		add(tagChip+t.Value, t.Label)
	}
	if f.Raised {
		add("raised", say("find", "raised"))
	}
	add("within", say("within", string(f.Within)))
	add("age", say("age", string(f.Age)))
	return out
}

// tellApart adds the e-mail address to names that several people have.
func tellApart(people []accounts.Staff) {
	count := map[string]int{}
	for _, s := range people {
		count[s.Name]++
	}
	for n, s := range people {
		if count[s.Name] > 1 {
			people[n].Name = s.Name + " (" + s.Email + ")"
		}
	}
}

func (q *queuePage) holderName(id string) string {
	for _, s := range q.Reviewers {
		if s.ID == id {
			return s.Name
		}
	}
	return id
}

func (p *Pages) scenarioTitle(locale, id string) string {
	for _, policy := range p.services.Policies.All() {
		if s := policy.Scenario(id); s != nil {
			return s.Title.In(locale)
		}
	}
	return id
}

// PolicyOptions are the policies to filter by; none when there is only one.
func (q *queuePage) PolicyOptions(v *View) []Option {
	all := v.pages.services.Policies.All()
	if len(all) < 2 {
		return nil
	}
	var out []Option
	for _, policy := range all {
		out = append(out, Option{Value: policy.ID(), Label: policy.ID()})
	}
	return out
}

// ScenarioOptions are the rows of the policies' tables, with the columns before them.
func (q *queuePage) ScenarioOptions(v *View) []Option {
	var out []Option
	for _, policy := range v.pages.services.Policies.All() {
		for _, row := range api.Rows(policy) {
			var path []string
			for _, step := range row.Path() {
				path = append(path, step.Title.In(v.Locale))
			}
			out = append(out, Option{Value: row.ID, Label: strings.Join(path, " › ")})
		}
	}
	return out
}

// LanguageOptions, HolderOptions, WithinOptions and AgeOptions are the other choices.
func (q *queuePage) LanguageOptions(v *View) []Option {
	var out []Option
	for _, policy := range v.pages.services.Policies.All() {
		for _, locale := range policy.Locales() {
			if !slices.ContainsFunc(out, func(o Option) bool { return o.Value == locale }) {
				out = append(out, Option{Value: locale, Label: v.LanguageName(locale)})
			}
		}
	}
	return out
}

// HolderOptions is described at LanguageOptions.
func (q *queuePage) HolderOptions(*View) []Option {
	var out []Option
	for _, s := range q.Reviewers {
		out = append(out, Option{Value: s.ID, Label: s.Name})
	}
	return out
}

// WithinOptions is described at LanguageOptions.
func (q *queuePage) WithinOptions(v *View) ([]Option, error) {
	return v.worded("within", texts(cases.QueueWithins()))
}

// AgeOptions is described at LanguageOptions.
func (q *queuePage) AgeOptions(v *View) ([]Option, error) {
	return v.worded("age", texts(cases.QueueAges()))
}

func texts[T ~string](values []T) []string {
	out := make([]string, len(values))
	for n, v := range values {
		out[n] = string(v)
	}
	return out
}

// worded are options with their words in staff.<group>.<value>.
func (v *View) worded(group string, values []string) ([]Option, error) {
	var out []Option
	for _, value := range values {
		label, err := v.T("staff." + group + "." + value)
		if err != nil {
			return nil, err
		}
		out = append(out, Option{Value: value, Label: label})
	}
	return out, nil
}

// Pick is the field of one of the filters, with its choices.
func (v *View) Pick(name string, options []Option) (*FieldView, error) {
	label, err := v.T("staff.find." + name)
	if err != nil {
		return nil, err
	}
	return v.Field(name, "type", "select", "label", label, "options", options)
}

// PickTag is the field for a tag that cases must have beside those that are chosen.
func (v *View) PickTag(q *queuePage, options []Option) (*FieldView, error) {
	key := "staff.find.tag"
	if len(q.ChosenTags) > 0 {
		key = "staff.find.tag_more"
	}
	label, err := v.T(key)
	if err != nil {
		return nil, err
	}
	return v.Field("tag", "type", "select", "label", label, "options", options)
}
