package rules

// FactType is the type of a fact's value.
type FactType string

// The types of facts, with the Go type of a parsed value.
const (
	FactBool    FactType = "bool"    // bool
	FactEnum    FactType = "enum"    // string: one of Values
	FactSet     FactType = "set"     // []string: some of Values, in declared order
	FactCountry FactType = "country" // string: ISO 3166-1 alpha-2
	FactInteger FactType = "integer" // int64
	FactDate    FactType = "date"    // string: YYYY-MM-DD
	FactText    FactType = "text"    // string; no condition can read it
)

// Where a fact's value comes from, when not from the customer.
const (
	FromAccount = "account" // the account directory
	FromStaff   = "staff"   // a reviewer
)

// Fact is one question of the policy.
type Fact struct {
	ID   string   `json:"id"`
	Ask  Text     `json:"ask"`
	Help Text     `json:"help,omitempty"`
	Type FactType `json:"type"`
	// Values are the choices of an enum or a set, in the order to show them.
	Values []Value `json:"values,omitempty"`
	// Min and Max bound an integer; nil is unbounded. Dates use MinDate and MaxDate.
	Min *int64 `json:"min,omitempty"`
	Max *int64 `json:"max,omitempty"`
	// MinDate and MaxDate bound a date (YYYY-MM-DD); empty is unbounded.
	MinDate string `json:"min_date,omitempty"`
	MaxDate string `json:"max_date,omitempty"`
	// From is empty for what the customer is asked, else FromAccount or FromStaff:
	// such a fact is never asked of a customer nor shown to one.
	From string `json:"from,omitempty"`
	// AskWhen is the condition under which the fact is asked; empty is always.
	AskWhen string `json:"ask_when,omitempty"`
}

// Value is one choice of an enum or a set.
type Value struct {
	ID    string `json:"id"`
	Label Text   `json:"label"`
	// Unknown marks the choice that says "I don't know".
	Unknown bool `json:"unknown,omitempty"`
}

// OfCustomer says whether a customer may be asked the fact.
func (f *Fact) OfCustomer() bool { return f.From == "" }

// Value finds a choice by its id.
func (f *Fact) Value(id string) (Value, bool) {
	for _, v := range f.Values {
		if v.ID == id {
			return v, true
		}
	}
	return Value{}, false
}
