package rules

import "regain/problem"

// ValidateStatement checks and normalises a statement's fields. Pointers are
// "/<field>" or "/<field>/<part>" for addresses.
func (p *Policy) ValidateStatement(fields []Field, raw map[string]any) (map[string]any, []problem.Field) {
	return nil, nil
}

// ParseReadOff checks and normalises values read off a requirement's document.
func (p *Policy) ParseReadOff(r Requirement, raw map[string]any) (map[string]any, []problem.Field) {
	return nil, nil
}
