package web

import (
	"context"
	"reflect"

	"regain/cases"
	"regain/server/api"
)

// Questions are those that a reviewer may correct or answer: what was answered, and what
// is open.
func (d *reviewPage) Questions(v *View) []api.FactView {
	var out []api.FactView
	for _, f := range d.details.Policy.Facts() {
		_, answered := d.details.Case.Answers.V[f.ID]
		open := false
		for _, o := range d.Open {
			open = open || o.ID == f.ID
		}
		if answered || open {
			out = append(out, v.pages.views.Fact(f, v.Locale))
		}
	}
	return out
}

// CorrectField is the field of a question in the form that corrects answers.
func (v *View) CorrectField(d *reviewPage, f api.FactView) (*FieldView, error) {
	attributes, err := v.answerAttributes(f, formValues(d.details.Case.Answers.V[f.ID]))
	if err != nil {
		return nil, err
	}
	return v.Field("correct-answers."+f.ID, attributes...)
}

// runCorrect sends the answers that differ from those that are there.
func runCorrect(ctx context.Context, p *Pages, r actRequest) error {
	d, err := p.services.Cases.Details(ctx, r.actor, r.caseID)
	if err != nil {
		return err
	}
	answers := cases.AnswersRaw{}
	for _, f := range d.Policy.Facts() {
		typed := r.form.All("correct-answers." + f.ID)
		if len(typed) == 0 {
			continue
		}
		was := formValues(d.Case.Answers.V[f.ID])
		value := typedAnswer(p.views.Fact(f, d.Case.Locale), typed)
		if value != nil && !reflect.DeepEqual(was, formValues(value)) {
			answers[f.ID] = value
		}
	}
	_, _, err = p.services.Cases.Correct(ctx, r.actor, r.caseID, r.version, answers, r.get("reason"))
	return err
}
