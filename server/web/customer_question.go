package web

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/unicode/norm"

	"regain/cases"
	"regain/problem"
	"regain/rules"
	"regain/server"
	"regain/server/api"
)

func (p *Pages) registerQuestions(customers []server.Role) {
	p.getAs("next-question-page", questionPath, customers, func(c *gin.Context) error {
		data, err := p.customerCase(c)
		if err != nil {
			return err
		}
		if next := data.Decision.Next; data.Draft() && next != nil {
			return p.seeOther(c, questionPath+"/"+next.ID)
		}
		return p.seeOther(c, data.Next())
	})
	p.form("question", questionPath+"/{fact}", customers, p.showQuestion, p.answer)
	p.getAs("outcome-page", "/request/outcome", customers, func(c *gin.Context) error {
		data, err := p.customerCase(c)
		if err != nil {
			return err
		}
		if !data.Draft() || !data.Decision.Complete || data.Collects() {
			return p.seeOther(c, data.Next())
		}
		return p.show(c, "customer/outcome", data)
	})
}

// questionForm is one question.
type questionForm struct {
	*customerCase
	Fact api.FactView
	// Answer is the one given before.
	Answer []string
	// Number counts from 1; Back is the page before.
	Number int
	Back   string
}

// asked lists the questions that the case has asked so far, in the order in which they were
// asked, then those that were answered unasked, and the next one.
func (d *customerCase) asked() []*rules.Fact {
	policy, given, out := d.details.Policy, map[string]any{}, []*rules.Fact(nil)
	for {
		answers, _ := policy.ParseAnswers(given)
		next := policy.Decide(answers).Next
		if next == nil || given[next.ID] != nil {
			break
		}
		answer, answered := d.Answers[next.ID]
		if !answered {
			break
		}
		given[next.ID] = answer
		out = append(out, next)
	}
	for _, f := range policy.Facts() {
		if _, answered := d.Answers[f.ID]; answered && f.OfCustomer() && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	out = slices.DeleteFunc(out, func(f *rules.Fact) bool { return slices.Contains(d.Decision.Ignored, f.ID) })
	if next := d.Decision.Next; next != nil {
		if f := policy.Fact(next.ID); f.OfCustomer() && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// Answered are the answers that were given, in words.
func (d *customerCase) Answered(locale string) []answered {
	var out []answered
	for _, f := range d.asked() {
		value, ok := d.details.Case.Answers.V[f.ID]
		if !ok {
			continue
		}
		out = append(out, answered{ID: f.ID, Ask: f.Ask.In(locale), Words: answerWords(f, value, locale)})
	}
	return out
}

// answered is a question with its answer.
type answered struct{ ID, Ask, Words string }

func answerWords(f *rules.Fact, value any, locale string) string {
	if written, ok := value.(string); ok {
		switch f.Type {
		case "country":
			return countryName(written, locale)
		case "date":
			return dayWords(written, locale)
		}
	}
	if chosen, ok := value.([]any); ok {
		ids := formValues(chosen)
		return f.Words(slices.DeleteFunc(ids, func(id string) bool { return id == noneOfThem })).In(locale)
	}
	if n, ok := value.(float64); ok {
		return strconv.FormatInt(int64(n), 10)
	}
	return f.Words(value).In(locale)
}

// dayWords writes a day of an answer in the reader's language.
func dayWords(day, locale string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return writeDay(at, locale)
}

func (p *Pages) questionForm(c *gin.Context) (*questionForm, error) {
	data, err := p.customerCase(c)
	if err != nil {
		return nil, err
	}
	q := &questionForm{customerCase: data, Back: requestPath}
	for n, f := range data.asked() {
		if f.ID == c.Param("fact") {
			q.Fact, q.Number = p.views.Fact(f, server.Locale(c.Request.Context())), n+1
			q.Answer = formValues(data.Answers[f.ID])
			return q, nil
		}
		q.Back = questionPath + "/" + f.ID
	}
	return nil, problem.New(problem.NotFound, "question_not_found", "This question is not asked under your answers.")
}

// formValues is an answer as the fields of a form have it.
func formValues(answer any) []string {
	switch a := answer.(type) {
	case bool:
		if a {
			return []string{"yes"}
		}
		return []string{"no"}
	case string:
		return []string{a}
	case float64:
		return []string{strconv.FormatFloat(a, 'f', -1, 64)}
	case int:
		return []string{strconv.Itoa(a)}
	case int64:
		return []string{strconv.FormatInt(a, 10)}
	case []any:
		if len(a) == 0 {
			return []string{noneOfThem}
		}
		var out []string
		for _, v := range a {
			out = append(out, formValues(v)...)
		}
		return out
	}
	return nil
}

func (p *Pages) showQuestion(c *gin.Context) error {
	q, err := p.questionForm(c)
	if problem.Is(err, "question_not_found") { // answers given elsewhere have made it superfluous
		return p.seeOther(c, questionPath)
	}
	if err != nil {
		return err
	}
	if !q.Draft() {
		return p.seeOther(c, requestPath)
	}
	return p.show(c, "customer/question", q)
}

func (p *Pages) answer(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	q, err := p.questionForm(c)
	if problem.Is(err, "question_not_found") {
		return p.seeOther(c, questionPath)
	}
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	value := typedAnswer(q.Fact, f.All("answers."+q.Fact.ID))
	if value == nil {
		words, err := p.words.say(server.Locale(ctx), "customer.question.required")
		if err != nil {
			return err
		}
		f.Errors = append(f.Errors, FieldError{Name: "answers." + q.Fact.ID, Code: "required", Message: words})
		return p.render(c, http.StatusUnprocessableEntity, "customer/question", p.view(c, q, f))
	}
	_, _, err = p.services.Cases.Revise(ctx, actor, actor.ID, 0, cases.Revision{Answers: cases.AnswersRaw{q.Fact.ID: value}})
	if err == nil {
		return p.seeOther(c, questionPath)
	}
	if !q.Draft() { // sent in another window: there is nothing to answer any more
		return err
	}
	v := p.view(c, q, f)
	status, shown := f.take(p, v.Locale, err)
	if !shown {
		return err
	}
	for n := range f.Errors { // a conflict with other answers is said here, where it can be mended
		f.Errors[n].Name = "answers." + q.Fact.ID
	}
	f.Errors = slices.CompactFunc(f.Errors, func(a, b FieldError) bool { return a == b })
	return p.render(c, status, "customer/question", v)
}

// noneOfThem is chosen by whoever means to choose nothing of a set: no box at all may only
// have been overlooked.
const noneOfThem = "-"

// typedAnswer reads an answer by the question's type; what can't be read goes to the
// policy as it is, which says what is wrong with it. Nil is none.
func typedAnswer(f api.FactView, values []string) any {
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	if len(values) == 0 {
		return nil
	}
	switch f.Type {
	case "bool":
		return typedBool(values[0])
	case "integer":
		return typedInteger(values[0])
	case "set":
		all := []any{}
		for _, v := range values {
			if v != noneOfThem {
				all = append(all, v)
			}
		}
		return all
	}
	return values[0]
}

func typedBool(s string) any {
	switch s {
	case "yes":
		return true
	case "no":
		return false
	}
	return s
}

func typedInteger(s string) any {
	if n, err := strconv.Atoi(norm.NFKC.String(s)); err == nil { // full-width digits are digits
		return n
	}
	return s
}

// AnswerField is the field of a question.
func (v *View) AnswerField(q *questionForm) (*FieldView, error) {
	attributes, err := v.answerAttributes(q.Fact, q.Answer)
	if err != nil {
		return nil, err
	}
	return v.Field("answers."+q.Fact.ID, append(attributes, "heading", true)...)
}

// answerAttributes are those of the field for an answer, given the one of before.
func (v *View) answerAttributes(f api.FactView, answer []string) ([]any, error) {
	w := writer{view: v}
	attributes := []any{"label", f.Ask, "hint", f.Help, "values", answer}
	if len(answer) > 0 {
		attributes = append(attributes, "value", answer[0], "values", answer)
	}
	switch f.Type {
	case "bool":
		attributes = append(attributes, "type", "radio", "options", v.Options("yes", w.say("customer.question.yes"), "no", w.say("customer.question.no")))
	case "enum":
		attributes = append(attributes, "type", "radio", "options", choices(f.Values))
	case "set":
		none := Option{Value: noneOfThem, Label: w.say("customer.question.none")}
		attributes = append(attributes, "type", "checkboxes", "options", append(choices(f.Values), none))
	case "country":
		attributes = append(attributes, "type", "select", "options", countries(v.Locale), "autocomplete", "country")
	case "integer":
		attributes = append(attributes, "type", "text", "inputmode", "numeric", "autocomplete", "off")
	case "date":
		attributes = append(attributes, "type", "date")
	}
	return attributes, w.err
}

func choices(values []api.ValueView) []Option {
	var out []Option
	for _, value := range values {
		out = append(out, Option{Value: value.ID, Label: value.Label})
	}
	return out
}

var (
	countryLists sync.Map // by locale
)

// countries are the countries and regions by their names in a language, after an
// empty choice.
func countries(locale string) []Option {
	if known, ok := countryLists.Load(locale); ok {
		return known.([]Option)
	}
	tag := language.Make(locale)
	namer := display.Regions(tag)
	var out []Option
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			r, err := language.ParseRegion(code)
			if err != nil || !r.IsCountry() || r.String() != code {
				continue
			}
			if name := namer.Name(r); name != "" {
				out = append(out, Option{Value: code, Label: name})
			}
		}
	}
	order := collate.New(tag)
	slices.SortFunc(out, func(a, b Option) int { return order.CompareString(a.Label, b.Label) })
	out = append([]Option{{}}, out...)
	countryLists.Store(locale, out)
	return out
}

func countryName(code, locale string) string {
	for _, o := range countries(locale) {
		if o.Value == code {
			return o.Label
		}
	}
	return code
}
