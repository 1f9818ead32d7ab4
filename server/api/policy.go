package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"regain/rules"
	"regain/server"
)

// PolicySummary is a policy in a list.
type PolicySummary struct {
	ID       string   `json:"id" example:"huawei-id"`
	Edition  string   `json:"edition" doc:"The edition of the source that the policy follows."`
	Hash     string   `json:"hash" doc:"The content hash, which is the version: a case is decided by the hash it was filed under."`
	Source   string   `json:"source"`
	Language string   `json:"language" doc:"The language of the policy's own texts."`
	Locales  []string `json:"locales" doc:"The languages that it has texts in."`
}

// PolicyView is a whole policy in one language.
type PolicyView struct {
	PolicySummary
	Calendar  CalendarView   `json:"calendar" doc:"What counts as a business day, for the time of a review."`
	Facts     []FactView     `json:"facts" doc:"The questions, in asking order."`
	Materials []MaterialView `json:"materials"`
	Scenarios []ScenarioView `json:"scenarios" doc:"The rows of the policy's table, nested like its columns."`
}

// CalendarView says what counts as a business day.
type CalendarView struct {
	TimeZone    string          `json:"time_zone" example:"America/Sao_Paulo"`
	WorkingDays []string        `json:"working_days" example:"[\"monday\",\"tuesday\"]"`
	From        string          `json:"from,omitempty" example:"09:00" doc:"When work begins on a working day; absent where days count whole."`
	To          string          `json:"to,omitempty" example:"18:00"`
	Holidays    []rules.Holiday `json:"holidays" doc:"Days without work, named in the policy's language."`
}

func calendarView(c *rules.Calendar) CalendarView {
	view := CalendarView{TimeZone: c.TimeZone(), WorkingDays: []string{}, Holidays: append([]rules.Holiday{}, c.Holidays()...)}
	for _, d := range c.WorkingDays() {
		view.WorkingDays = append(view.WorkingDays, strings.ToLower(d.String()))
	}
	if from, to, ok := c.WorkingHours(); ok {
		view.From, view.To = timeOfDay(from), timeOfDay(to)
	}
	return view
}

func timeOfDay(since time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(since.Hours()), int(since.Minutes())%60)
}

// FactView is a question.
type FactView struct {
	ID      string      `json:"id" example:"customer_type"`
	Ask     string      `json:"ask" example:"How did you buy Huawei Cloud?"`
	Help    string      `json:"help,omitempty"`
	Type    string      `json:"type" enum:"bool,enum,set,country,integer,date,text" doc:"bool: true or false. enum: the id of a value. set: an array of such ids. country: two letters (ISO 3166-1). integer: a whole number. date: YYYY-MM-DD. text: a string."`
	Values  []ValueView `json:"values,omitempty"`
	Min     *int64      `json:"min,omitempty"`
	Max     *int64      `json:"max,omitempty"`
	MinDate string      `json:"min_date,omitempty"`
	MaxDate string      `json:"max_date,omitempty"`
}

// ValueView is one choice of a question or a field.
type ValueView struct {
	ID      string `json:"id" example:"direct"`
	Label   string `json:"label" example:"From Huawei Cloud itself"`
	Unknown bool   `json:"unknown,omitempty" doc:"The choice that says: I don't know."`
}

// MaterialView is an entry of the policy's catalogue.
type MaterialView struct {
	ID       string        `json:"id" example:"authorization_letter"`
	Label    string        `json:"label"`
	Guidance string        `json:"guidance,omitempty"`
	Kind     string        `json:"kind" enum:"document,statement,proof"`
	Template string        `json:"template,omitempty" doc:"The template to fill and sign."`
	From     []string      `json:"from" doc:"Who may supply it."`
	Document *DocumentSpec `json:"document,omitempty"`
	Proof    string        `json:"proof,omitempty" doc:"The action that proves it, for a proof."`
}

// DocumentSpec is which files are taken.
type DocumentSpec struct {
	Types       []string         `json:"types" example:"[\"pdf\",\"jpeg\"]"`
	MaxSize     int64            `json:"max_size" doc:"In bytes, for one file."`
	Sides       int              `json:"sides,omitempty" doc:"How many sides must be shown."`
	Example     string           `json:"example,omitempty" doc:"The kind of document that a drawing can show: identity, certificate, letter, card, record, statement, email." example:"record"`
	Colour      bool             `json:"colour,omitempty"`
	Refused     []string         `json:"refused,omitempty" doc:"Kinds that are not taken."`
	Translation *TranslationSpec `json:"translation,omitempty"`
}

// TranslationSpec asks for a translation.
type TranslationSpec struct {
	Unless    []string `json:"unless" doc:"Languages that need none."`
	Certified bool     `json:"certified"`
}

// ScenarioView is a row of the policy's table, or a group of rows.
type ScenarioView struct {
	ID        string         `json:"id" example:"direct-authenticated"`
	Title     string         `json:"title"`
	Outcome   string         `json:"outcome,omitempty" enum:"collect,self_service,administrator,refuse,contact_support"`
	Words     string         `json:"words,omitempty" doc:"What the customer is told when nothing is collected."`
	Notes     []string       `json:"notes,omitempty"`
	Scenarios []ScenarioView `json:"scenarios,omitempty"`
}

type policiesOut struct {
	Body struct {
		Policies []PolicySummary `json:"policies"`
	}
}

type policyIn struct {
	server.Localized
	Policy string `path:"policy" maxLength:"100" example:"huawei-id"`
}

type policyOut struct {
	Body PolicyView
}

func registerPolicies(s *server.Server, policies Policies) {
	server.JSON(s, server.Route{
		ID: "list-policies", Method: get, Path: "/api/v1/policies",
		Roles: server.Everyone(), Effect: server.Reads, Tag: "Policies",
		Summary: "The policies that a case can be filed under",
	}, func(context.Context, *struct{}) (*policiesOut, error) {
		out := &policiesOut{}
		out.Body.Policies = []PolicySummary{}
		for _, p := range policies.All() {
			out.Body.Policies = append(out.Body.Policies, policySummary(p))
		}
		return out, nil
	})

	server.JSON(s, server.Route{
		ID: "show-policy", Method: get, Path: "/api/v1/policies/{policy}",
		Roles: server.Everyone(), Effect: server.Reads, Tag: "Policies", Remembers: inForce(policies),
		Summary:     "One policy: its questions, materials and scenarios",
		Description: "Questions that only the account or a member of staff answers are left out.",
	}, func(ctx context.Context, in *policyIn) (*policyOut, error) {
		p, err := policies.Current(in.Policy)
		if err != nil {
			return nil, err
		}
		server.Remember(ctx)
		return &policyOut{Body: policyView(p, server.Locale(ctx))}, nil
	})
}

// inForce names the policies that new cases are filed under, in their versions.
func inForce(policies Policies) func() string {
	return func() string {
		var hashes string
		for _, p := range policies.All() {
			hashes += p.Hash()
		}
		return hashes
	}
}

// Rows are the scenarios that have an outcome: the rows of the policy's table.
func Rows(p *rules.Policy) []*rules.Scenario {
	var rows []*rules.Scenario
	var walk func(scenarios []*rules.Scenario)
	walk = func(scenarios []*rules.Scenario) {
		for _, s := range scenarios {
			if len(s.Children) == 0 {
				rows = append(rows, s)
			}
			walk(s.Children)
		}
	}
	walk(p.Scenarios())
	return rows
}

func policySummary(p *rules.Policy) PolicySummary {
	return PolicySummary{ID: p.ID(), Edition: p.Edition(), Hash: p.Hash(), Source: p.Source(), Language: p.Language(), Locales: p.Locales()}
}

func policyView(p *rules.Policy, locale string) PolicyView {
	view := PolicyView{PolicySummary: policySummary(p), Calendar: calendarView(p.Calendar()), Facts: []FactView{}, Materials: []MaterialView{}, Scenarios: []ScenarioView{}}
	for _, f := range p.Facts() {
		if f.OfCustomer() {
			view.Facts = append(view.Facts, factView(f, locale))
		}
	}
	for _, m := range p.Materials() {
		view.Materials = append(view.Materials, materialView(m, locale))
	}
	for _, sc := range p.Scenarios() {
		view.Scenarios = append(view.Scenarios, scenarioView(sc, locale))
	}
	return view
}

func factView(f *rules.Fact, locale string) FactView {
	return FactView{
		ID: f.ID, Ask: f.Ask.In(locale), Help: f.Help.In(locale), Type: string(f.Type), Values: valueViews(f.Values, locale),
		Min: f.Min, Max: f.Max, MinDate: f.MinDate, MaxDate: f.MaxDate,
	}
}

func valueViews(values []rules.Value, locale string) []ValueView {
	var views []ValueView
	for _, v := range values {
		views = append(views, ValueView{ID: v.ID, Label: v.Label.In(locale), Unknown: v.Unknown})
	}
	return views
}

func materialView(m *rules.Material, locale string) MaterialView {
	view := MaterialView{
		ID: m.ID, Label: m.Label.In(locale), Guidance: m.Guidance.In(locale), Kind: string(m.Kind),
		Template: m.Template, From: m.From, Document: documentSpec(m.Document, locale),
	}
	if m.Proof != nil {
		view.Proof = m.Proof.By
	}
	return view
}

func documentSpec(d *rules.DocumentSpec, locale string) *DocumentSpec {
	if d == nil {
		return nil
	}
	spec := &DocumentSpec{Types: d.Types, MaxSize: d.MaxSize, Sides: d.Sides, Example: d.Example, Colour: d.Colour, Refused: words(d.Refused, locale)}
	if d.Translation != nil {
		spec.Translation = &TranslationSpec{Unless: d.Translation.Unless, Certified: d.Translation.Certified}
	}
	return spec
}

func scenarioView(sc *rules.Scenario, locale string) ScenarioView {
	view := ScenarioView{ID: sc.ID, Title: sc.Title.In(locale), Outcome: string(sc.Outcome), Words: sc.Words.In(locale), Notes: words(sc.Notes, locale)}
	for _, child := range sc.Children {
		view.Scenarios = append(view.Scenarios, scenarioView(child, locale))
	}
	return view
}

func words(texts []rules.Text, locale string) []string {
	var out []string
	for _, t := range texts {
		out = append(out, t.In(locale))
	}
	return out
}
