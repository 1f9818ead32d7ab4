package rules

// Who reads a value off a document.
const (
	BySupplier = "supplier"
	ByReviewer = "reviewer"
)

// ReadOff is a value that is read from a document.
type ReadOff struct {
	ID    string    `json:"id"`
	Label Text      `json:"label"`
	Help  Text      `json:"help,omitempty"`
	Type  FieldType `json:"type"`
	// By says who reads it: BySupplier or ByReviewer.
	By string `json:"by"`
	// Optional says that the document may not show it.
	Optional bool    `json:"optional,omitempty"`
	Values   []Value `json:"values,omitempty"`
}
