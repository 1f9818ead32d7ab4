package rules

// Outcome is what a scenario leads to.
type Outcome string

// The outcomes.
const (
	Collect        Outcome = "collect"         // materials are asked
	SelfService    Outcome = "self_service"    // the customer can do it alone
	Administrator  Outcome = "administrator"   // the account's own administrator does it
	Refuse         Outcome = "refuse"          // it is not done
	ContactSupport Outcome = "contact_support" // a person must look at it
)

// Scenario is one row of the policy's table, or a group of rows.
type Scenario struct {
	// ID is unique in the policy.
	ID    string `json:"id"`
	Title Text   `json:"title"`
	// Children are the rows below; a scenario with children has no outcome.
	Children []*Scenario `json:"children,omitempty"`
	Outcome  Outcome     `json:"outcome,omitempty"`
	// Words are the outcome's words when it is not Collect.
	Words Text `json:"words,omitempty"`
	// Notes are for the customer, those of the groups above first.
	Notes []Text `json:"notes,omitempty"`
	// Was are earlier ids of the scenario, so that old references still resolve.
	Was []string `json:"was,omitempty"`
	// When is the condition as written; empty for `otherwise`.
	When string `json:"when,omitempty"`
	// Otherwise takes what its siblings leave.
	Otherwise bool `json:"otherwise,omitempty"`
	// Parent is the group above; nil at the root.
	Parent *Scenario `json:"-"`
}

// Path gives the scenarios from the root to s.
func (s *Scenario) Path() []*Scenario {
	if s == nil {
		return nil
	}
	return append(s.Parent.Path(), s)
}
