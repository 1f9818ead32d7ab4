package rules

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"regain/problem"
	"regain/rules/diagram"
)

// maxAnswerText bounds answers that are texts, in bytes.
const maxAnswerText = 2000

// Answers are parsed answers to a policy's questions: what Decide takes. They
// belong to the policy that parsed them. The zero Answers has no answers.
type Answers struct {
	values []any   // by fact, see FactType; nil is unanswered
	levels []uint8 // by diagram level; diagram.Unknown is open
	asked  []askState
	// impossible is the index, plus 1, of the declared combination that the answers are.
	impossible int
}

// askState says whether a fact is asked under the answers so far.
type askState uint8

const (
	askOpen askState = iota // depends on facts that are not answered
	askYes
	askNo
)

// Value gives the answer to a fact, as FactType describes; nil when there is none.
func (p *Policy) Value(a Answers, fact string) any {
	i, ok := p.factIndex[fact]
	if !ok || a.values == nil {
		return nil
	}
	return a.values[i]
}

// ParseAnswers reads answers as decoded from JSON: bool, string, []any, and
// numbers as float64, json.Number or int. An explicit nil is unanswered. Pointers
// of what is wrong are "/<fact>".
func (p *Policy) ParseAnswers(raw map[string]any) (Answers, []problem.Field) {
	return p.parseAnswers(raw, func(*Fact) bool { return true })
}

// ParseCustomerAnswers is ParseAnswers for what a customer gives: facts that no
// customer is asked are as unknown as any misspelt question, and no hint leads to
// them, so that nothing can be learned of them by trying.
func (p *Policy) ParseCustomerAnswers(raw map[string]any) (Answers, []problem.Field) {
	return p.parseAnswers(raw, (*Fact).OfCustomer)
}

// parseAnswers takes answers to the facts that are open to whoever answers.
func (p *Policy) parseAnswers(raw map[string]any, open func(*Fact) bool) (Answers, []problem.Field) {
	var fields []problem.Field
	values := make([]any, len(p.facts))
	for _, id := range slices.Sorted(maps.Keys(raw)) {
		i, ok := p.factIndex[id]
		if !ok || !open(p.facts[i]) {
			fields = append(fields, p.unknownFact(id, open))
			continue
		}
		if raw[id] == nil {
			continue
		}
		value, bad := p.facts[i].parse(raw[id])
		if bad != nil {
			bad.Pointer = pointer(id)
			fields = append(fields, *bad)
			continue
		}
		values[i] = value
	}
	if len(fields) > 0 {
		return Answers{}, fields
	}
	return p.normalise(values), nil
}

// ParseText reads answers as written on a command line: yes, no, numbers, ids, and
// sets with commas between ids. An empty text is unanswered, for a set nothing chosen.
func (p *Policy) ParseText(raw map[string]string) (Answers, []problem.Field) {
	typed := make(map[string]any, len(raw))
	for id, text := range raw {
		typed[id] = text
		f := p.Fact(id)
		if f == nil {
			continue
		}
		switch {
		case f.Type == FactSet:
			options := []any{}
			for _, option := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
				options = append(options, strings.TrimSpace(option))
			}
			typed[id] = options
		case text == "":
			typed[id] = nil
		case f.Type == FactBool:
			typed[id] = textBool(text)
		case f.Type == FactInteger:
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				typed[id] = n
			}
		}
	}
	return p.ParseAnswers(typed)
}

func textBool(text string) any {
	switch strings.ToLower(text) {
	case "yes", "true", "y", "1":
		return true
	case "no", "false", "n", "0":
		return false
	}
	return text
}

func (p *Policy) unknownFact(id string, open func(*Fact) bool) problem.Field {
	var ids []string
	for _, f := range p.facts {
		if open(f) {
			ids = append(ids, f.ID)
		}
	}
	message := "There is no such question."
	if hint := didYouMean(id, ids); hint != "" {
		message += " " + upperFirst(hint)
	}
	return problem.Field{Pointer: pointer(id), Code: "unknown_fact", Message: message}
}

// pointer makes a JSON pointer with the steps, escaped.
func pointer(steps ...string) string {
	var b strings.Builder
	for _, s := range steps {
		b.WriteByte('/')
		b.WriteString(strings.NewReplacer("~", "~0", "/", "~1").Replace(s))
	}
	return b.String()
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func wrong(code, format string, args ...any) *problem.Field {
	return &problem.Field{Code: code, Message: fmt.Sprintf(format, args...)}
}

// parse reads one answer.
func (f *Fact) parse(raw any) (any, *problem.Field) {
	switch f.Type {
	case FactBool:
		if b, ok := raw.(bool); ok {
			return b, nil
		}
		return nil, wrong("wrong_type", "Answer true or false.")
	case FactInteger:
		return f.parseInteger(raw)
	case FactSet:
		return f.parseSet(raw)
	}
	s, ok := raw.(string)
	if !ok {
		return nil, wrong("wrong_type", "Answer with a text.")
	}
	switch f.Type {
	case FactEnum:
		return f.parseChoice(s)
	case FactCountry:
		if !isCountry(s) {
			return nil, wrong("unknown_country", "Answer with the two capital letters of a country, such as CN.")
		}
		return s, nil
	case FactDate:
		return f.parseDate(s)
	}
	return parseFreeText(s, maxAnswerText, true)
}

func (f *Fact) parseInteger(raw any) (any, *problem.Field) {
	n, ok := wholeNumber(raw)
	if !ok {
		return nil, wrong("wrong_type", "Answer with a whole number.")
	}
	low, high := bounds(f)
	switch {
	case n < low:
		return nil, wrong("out_of_range", "The number must be at least %d.", low)
	case n > high:
		return nil, wrong("out_of_range", "The number must be at most %d.", high)
	}
	return n, nil
}

func (f *Fact) parseDate(s string) (any, *problem.Field) {
	day, ok := parseDate(s)
	if !ok {
		return nil, wrong("bad_date", "Answer with a date, written like 2024-12-31.")
	}
	low, high := bounds(f)
	if day < low || day > high {
		return nil, wrong("out_of_range", "The date must lie from %s to %s.", formatDate(low), formatDate(high))
	}
	return s, nil
}

func (f *Fact) parseChoice(s string) (any, *problem.Field) {
	if _, ok := f.Value(s); ok {
		return s, nil
	}
	ids := make([]string, len(f.Values))
	for i, v := range f.Values {
		ids[i] = v.ID
	}
	message := "This is not one of the choices."
	if hint := oneOf(s, ids); hint != "" {
		message += " " + upperFirst(hint) + "."
	}
	return nil, wrong("unknown_value", "%s", strings.Replace(message, "?.", "?", 1))
}

func (f *Fact) parseSet(raw any) (any, *problem.Field) {
	var chosen []any
	switch list := raw.(type) {
	case []any:
		chosen = list
	case []string:
		for _, s := range list {
			chosen = append(chosen, s)
		}
	default:
		return nil, wrong("wrong_type", "Answer with a list of choices.")
	}
	found := map[string]bool{}
	for _, c := range chosen {
		s, ok := c.(string)
		if !ok {
			return nil, wrong("wrong_type", "Answer with a list of choices.")
		}
		if _, bad := f.parseChoice(s); bad != nil {
			return nil, bad
		}
		found[s] = true
	}
	out := []string{}
	for _, v := range f.Values {
		if found[v.ID] {
			out = append(out, v.ID)
		}
	}
	return out, nil
}

// normalise turns answers into levels, in asking order: facts that are surely not
// asked become "not asked", and an answer counts only once its fact is surely
// asked.
func (p *Policy) normalise(values []any) Answers {
	a := Answers{values: values, levels: p.frozen.Unanswered(), asked: make([]askState, len(p.facts))}
	var scratch *diagram.Scratch
	for i := range p.layout.facts {
		fl := &p.layout.facts[i]
		a.asked[i] = askYes
		if fl.notAsked >= 0 {
			result := p.frozen.Eval(p.askYes[i], a.levels)
			if !result.IsTerminal() {
				scratch = p.scratch(scratch)
				scratch.Begin(a.levels)
				if terminal, _, settled := scratch.Stop(p.askYes[i]); settled {
					result = terminal
				}
			}
			a.asked[i] = stateOf(result)
		}
		switch {
		case a.asked[i] == askNo:
			for level := fl.first; level < fl.first+fl.n; level++ {
				a.levels[level] = uint8(fl.notAsked)
			}
		case a.asked[i] == askYes && values[i] != nil:
			fl.put(a.levels, values[i])
		}
	}
	for i, rule := range p.prog.impossible {
		if p.certain(&scratch, rule.root, a.levels) {
			a.impossible = i + 1
			break
		}
	}
	if scratch != nil {
		p.scratches.Put(scratch)
	}
	return a
}

// certain says whether a boolean diagram is surely true.
func (p *Policy) certain(scratch **diagram.Scratch, n diagram.Node, levels []uint8) bool {
	result := p.frozen.Eval(n, levels)
	if !result.IsTerminal() {
		*scratch = p.scratch(*scratch)
		(*scratch).Begin(levels)
		result, _, _ = (*scratch).Stop(n)
	}
	return result == diagram.True
}

func (p *Policy) scratch(s *diagram.Scratch) *diagram.Scratch {
	if s != nil {
		return s
	}
	return p.scratches.Get().(*diagram.Scratch)
}

func stateOf(n diagram.Node) askState {
	switch n {
	case diagram.True:
		return askYes
	case diagram.False:
		return askNo
	}
	return askOpen
}

// put sets the fact's levels for an answer.
func (fl *factLevels) put(levels []uint8, value any) {
	switch v := value.(type) {
	case bool:
		levels[fl.first] = 0
		if v {
			levels[fl.first] = 1
		}
	case int64:
		levels[fl.first] = uint8(fl.numberClass(v))
	case []string:
		for i, option := range fl.fact.Values {
			levels[fl.first+i] = 0
			if slices.Contains(v, option.ID) {
				levels[fl.first+i] = 1
			}
		}
	case string:
		levels[fl.first] = fl.textClass(v)
	}
}

func (fl *factLevels) textClass(v string) uint8 {
	switch fl.fact.Type {
	case FactDate:
		day, _ := parseDate(v)
		return uint8(fl.numberClass(day))
	case FactText:
		return 0
	}
	return uint8(min(max(fl.valueClass(v), 0), math.MaxUint8-1))
}
