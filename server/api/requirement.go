package api

import "regain/rules"

// RequirementView is one thing that is asked, or a group of them.
type RequirementView struct {
	ID          string            `json:"id" doc:"Stable and unique within the scenario." example:"authorization_letter"`
	Kind        string            `json:"kind" enum:"item,all_of,any_of,at_least,prefer" doc:"item is one material; the others are groups of children: every one, one at least, at_least many, or the first that can be had."`
	Label       string            `json:"label,omitempty"`
	Guidance    string            `json:"guidance,omitempty"`
	Material    *MaterialView     `json:"material,omitempty" doc:"Of an item."`
	Count       int               `json:"count,omitempty" doc:"How many are to be supplied."`
	UpTo        int               `json:"up_to,omitempty" doc:"How many files are taken in all, when more than count."`
	Each        string            `json:"each,omitempty" enum:"month" doc:"Each one is for one period."`
	Last        bool              `json:"last,omitempty" doc:"They are the latest ones."`
	Consecutive bool              `json:"consecutive,omitempty" doc:"The periods follow each other without a hole."`
	Optional    bool              `json:"optional,omitempty"`
	From        []string          `json:"from,omitempty" doc:"Who may supply it."`
	AtLeast     int               `json:"at_least,omitempty" doc:"How many children a group of this kind needs."`
	Children    []RequirementView `json:"children,omitempty"`
	Fields      []FieldView       `json:"fields,omitempty" doc:"What a statement asks."`
	Checks      []CheckView       `json:"checks,omitempty" doc:"What a reviewer will confirm."`
	ReadOff     []ReadOffView     `json:"read_off,omitempty" doc:"Values to read from the document."`
	Why         []ReasonView      `json:"why,omitempty" doc:"Why it is asked."`
}

// FieldView is one field of a statement.
type FieldView struct {
	ID        string      `json:"id"`
	Label     string      `json:"label"`
	Help      string      `json:"help,omitempty"`
	Type      string      `json:"type" doc:"text, phone, email, address (an object of line, city, region, postal_code, country), date, country, bank_account, enum, integer or bool."`
	Optional  bool        `json:"optional,omitempty"`
	MaxLength int         `json:"max_length,omitempty"`
	Values    []ValueView `json:"values,omitempty"`
}

// CheckView is what a reviewer confirms, or a group of it.
type CheckView struct {
	Kind     string      `json:"kind" enum:"check,all_of,any_of,prefer"`
	ID       string      `json:"id,omitempty"`
	Label    string      `json:"label,omitempty"`
	Help     string      `json:"help,omitempty"`
	Children []CheckView `json:"children,omitempty"`
}

// ReadOffView is a value that is read from a document.
type ReadOffView struct {
	ID       string      `json:"id"`
	Label    string      `json:"label"`
	Help     string      `json:"help,omitempty"`
	Type     string      `json:"type"`
	By       string      `json:"by" enum:"supplier,reviewer" doc:"Who reads it."`
	Optional bool        `json:"optional,omitempty"`
	Values   []ValueView `json:"values,omitempty"`
}

// ReasonView is why something is asked.
type ReasonView struct {
	Facts    []FactValueView `json:"facts" doc:"The answers that made it so, none of them superfluous."`
	Scenario string          `json:"scenario"`
	Policy   string          `json:"policy" doc:"The policy and its edition."`
	Further  bool            `json:"further,omitempty" doc:"True when something that is not asked of the customer had a part too."`
}

// FactValueView is an answer in words.
type FactValueView struct {
	Fact  string `json:"fact"`
	Value any    `json:"value"`
	Label string `json:"label"`
}

func requirementViews(requirements []rules.Requirement, locale string) []RequirementView {
	views := make([]RequirementView, 0, len(requirements))
	for n := range requirements {
		views = append(views, requirementView(&requirements[n], locale))
	}
	return views
}

func requirementView(r *rules.Requirement, locale string) RequirementView {
	view := RequirementView{
		ID: r.ID, Kind: string(r.Kind), Label: r.Label.In(locale), Guidance: r.Guidance.In(locale),
		Count: r.Count, UpTo: r.UpTo, Each: r.Each, Last: r.Last, Consecutive: r.Consecutive, Optional: r.Optional,
		From: r.From, AtLeast: r.AtLeast, Checks: checkViews(r.Checks, locale),
	}
	if r.Material != nil {
		material := materialView(r.Material, locale)
		view.Material = &material
	}
	if len(r.Children) > 0 {
		view.Children = requirementViews(r.Children, locale)
	}
	view.Fields, view.ReadOff, view.Why = fieldViews(r, locale), readOffViews(r, "", locale), reasonViews(r, locale)
	return view
}

func fieldViews(r *rules.Requirement, locale string) []FieldView {
	var views []FieldView
	for _, f := range r.Fields {
		views = append(views, FieldView{
			ID: f.ID, Label: f.Label.In(locale), Help: f.Help.In(locale), Type: f.Type, Optional: f.Optional,
			MaxLength: f.MaxLength, Values: valueViews(f.Values, locale),
		})
	}
	return views
}

// readOffViews are the values to read off that are one's to read; everybody's when by
// is empty.
func readOffViews(r *rules.Requirement, by, locale string) []ReadOffView {
	var views []ReadOffView
	for _, v := range r.ReadOff {
		if by != "" && v.By != by {
			continue
		}
		views = append(views, ReadOffView{
			ID: v.ID, Label: v.Label.In(locale), Help: v.Help.In(locale), Type: v.Type, By: v.By, Optional: v.Optional, Values: valueViews(v.Values, locale),
		})
	}
	return views
}

func reasonViews(r *rules.Requirement, locale string) []ReasonView {
	var views []ReasonView
	for _, why := range r.Why {
		views = append(views, reasonView(why, locale))
	}
	return views
}

func checkViews(nodes []rules.CheckNode, locale string) []CheckView {
	if len(nodes) == 0 {
		return nil
	}
	views := make([]CheckView, 0, len(nodes))
	for _, n := range nodes {
		views = append(views, CheckView{Kind: n.Kind, ID: n.ID, Label: n.Label.In(locale), Help: n.Help.In(locale), Children: checkViews(n.Children, locale)})
	}
	return views
}

func reasonView(r rules.Reason, locale string) ReasonView {
	view := ReasonView{Facts: make([]FactValueView, 0, len(r.Facts)), Scenario: r.Scenario, Policy: r.Policy, Further: r.FromAccountOrStaff}
	for _, f := range r.Facts {
		view.Facts = append(view.Facts, FactValueView{Fact: f.Fact, Value: f.Value, Label: f.Label.In(locale)})
	}
	return view
}
