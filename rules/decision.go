package rules

// Decision is what a policy says about answers.
type Decision struct {
	// Complete says that nothing which still matters is unanswered.
	Complete bool `json:"complete"`
	// Scenario is nil until it is certain.
	Scenario *Scenario `json:"scenario,omitempty"`
	// Outcome is empty until it is certain.
	Outcome Outcome `json:"outcome,omitempty"`
	// Words are the outcome's words when it is not Collect.
	Words Text `json:"words,omitempty"`
	// Next is the next question to the customer. It is nil when Complete, and when
	// only facts that no customer is asked are open.
	Next *Fact `json:"next,omitempty"`
	// Open are the unanswered facts which can still change the result (materials,
	// counts, checks and handling included), in asking order.
	Open []string `json:"open,omitempty"`
	// Ignored are answered facts that are not asked under these answers.
	Ignored []string `json:"ignored,omitempty"`
	// Impossible is set when the answers cannot happen; then nothing else is.
	Impossible *Impossible `json:"impossible,omitempty"`
	// Requirements are the roots of what is asked: all of it when Complete, else
	// only what is already certain.
	Requirements []Requirement `json:"requirements,omitempty"`
	Handling     Handling      `json:"handling,omitzero"`
	// Notes are the scenario's notes for the customer.
	Notes      []Text `json:"notes,omitempty"`
	PolicyHash string `json:"policy_hash"`
}

// Impossible is a declared combination that cannot happen.
type Impossible struct {
	// When is the condition as written.
	When    string `json:"when"`
	Because Text   `json:"because"`
	// Facts are those that the condition names, in asking order.
	Facts []string `json:"facts"`
}

// Reason is why a requirement is asked: the facts that made it so, none of them
// superfluous, under one scenario of one policy.
type Reason struct {
	// Facts are in asking order. Facts from account or staff are never among them.
	Facts    []FactValue `json:"facts,omitempty"`
	Scenario string      `json:"scenario"`
	// Policy is the policy's id and edition.
	Policy string `json:"policy"`
	// FromAccountOrStaff says that facts which a customer must not see had a part.
	FromAccountOrStaff bool `json:"from_account_or_staff,omitempty"`
}

// FactValue is a fact with its answer.
type FactValue struct {
	Fact string `json:"fact"`
	// Value is as parsed (see FactType); nil when the fact was not asked.
	Value any `json:"value"`
	// Label says the answer in words.
	Label Text `json:"label"`
}
