package rules

import "regain/problem"

// ParseAnswers reads answers as decoded from JSON (bool, string, float64,
// json.Number, int, []any). An explicit nil is unanswered. Pointers are "/<fact>".
func (p *Policy) ParseAnswers(raw map[string]any) (Answers, []problem.Field) { return Answers{}, nil }

// ParseText reads answers as written on a command line.
func (p *Policy) ParseText(raw map[string]string) (Answers, []problem.Field) { return Answers{}, nil }

// Decide says what the policy asks under the answers, complete or partial.
func (p *Policy) Decide(a Answers) Decision { return Decision{} }

// ValidateStatement checks and normalises a statement's fields. Pointers are
// "/<field>" or "/<field>/<part>" for addresses.
func (p *Policy) ValidateStatement(fields []Field, raw map[string]any) (map[string]any, []problem.Field) {
	return nil, nil
}

// ParseReadOff checks and normalises values read off a requirement's document.
func (p *Policy) ParseReadOff(r Requirement, raw map[string]any) (map[string]any, []problem.Field) {
	return nil, nil
}
