package rules

// The kinds of check nodes.
const (
	CheckLeaf   = "check"
	CheckAllOf  = "all_of"
	CheckAnyOf  = "any_of"
	CheckPrefer = "prefer"
)

// Check is one confirmation of the policy's catalogue.
type Check struct {
	ID    string `json:"id"`
	Label Text   `json:"label"`
	Help  Text   `json:"help,omitempty"`
}

// CheckNode is a check, or a group of them, that a reviewer confirms on a material.
type CheckNode struct {
	Kind string `json:"kind"` // "check", "all_of", "any_of" or "prefer"
	// ID and Label are the check's; groups have neither.
	ID       string      `json:"id,omitempty"`
	Label    Text        `json:"label,omitempty"`
	Help     Text        `json:"help,omitempty"`
	Children []CheckNode `json:"children,omitempty"`
}
