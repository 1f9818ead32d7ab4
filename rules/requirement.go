package rules

// RequirementKind tells a requirement's node in the tree.
type RequirementKind string

// The kinds of requirements.
const (
	Item    RequirementKind = "item"     // one material
	AllOf   RequirementKind = "all_of"   // every child
	AnyOf   RequirementKind = "any_of"   // one child at least
	AtLeast RequirementKind = "at_least" // AtLeast children at least
	Prefer  RequirementKind = "prefer"   // the first child that can be had; a lower one takes a reason
)

// Requirement is one thing that is asked, or a group of them.
type Requirement struct {
	// ID is unique in the scenario and stable: the material's id, or `as`; for
	// groups a path such as "collect.2".
	ID   string          `json:"id"`
	Kind RequirementKind `json:"kind"`
	// Material is set for items.
	Material *Material `json:"material,omitempty"`
	Label    Text      `json:"label,omitempty"`
	Guidance Text      `json:"guidance,omitempty"`
	// Example names the drawing that a document is shown by: the material's, or its own.
	Example string `json:"example,omitempty"`
	// Count is how many slots are to be filled; at least 1. A requirement whose
	// count comes out 0 is left out.
	Count int `json:"count,omitempty"`
	// UpTo is how many files are taken in all; 0 is Count.
	UpTo int `json:"up_to,omitempty"`
	// Each is "month" when each slot is one period; empty otherwise.
	Each string `json:"each,omitempty"`
	// Last says that the slots are the latest ones ("the last 3 …").
	Last bool `json:"last,omitempty"`
	// Consecutive says that the periods follow each other without a hole.
	Consecutive bool `json:"consecutive,omitempty"`
	// Optional says that it may be left out.
	Optional bool `json:"optional,omitempty"`
	// From says who may supply it; never empty for items.
	From []string `json:"from,omitempty"`
	// AtLeast is how many children an AtLeast group needs.
	AtLeast  int           `json:"at_least,omitempty"`
	Children []Requirement `json:"children,omitempty"`
	// Fields are the live fields of a statement.
	Fields []Field `json:"fields,omitempty"`
	// Checks are what the reviewer confirms; all of the roots are needed.
	Checks []CheckNode `json:"checks,omitempty"`
	// ReadOff are the values to read from the document.
	ReadOff []ReadOff `json:"read_off,omitempty"`
	// Why says why it is asked.
	Why []Reason `json:"why,omitempty"`
}

// Slots is how many slots an item has in all: UpTo if set, else Count.
func (r Requirement) Slots() int { return max(r.Count, r.UpTo) }
