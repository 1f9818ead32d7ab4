package rules

// Answers are parsed answers to a policy's questions: what Decide takes. They
// belong to the policy that parsed them. The zero Answers has no answers.
type Answers struct {
	policy *Policy
	values []any
	levels []int16
}
