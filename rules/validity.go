package rules

import "time"

// Validity is the judgement of a document's values.
type Validity string

// The validities. Submission stops on Invalid only; approval needs Valid.
const (
	Valid   Validity = "valid"
	Invalid Validity = "invalid"
	Unknown Validity = "unknown" // a value that an expectation needs is not there yet
)

// Failure is an expectation that does not hold.
type Failure struct {
	Say Text
	// Values are the ids of the values read off, or of the statement's fields, that it is about.
	Values []string
}

// ValidityEnv is what validity expressions may read. Dates in maps are strings
// YYYY-MM-DD, as ParseReadOff and ValidateStatement return them. The zero time
// and a missing key are "not there yet".
type ValidityEnv struct {
	// ReadOff are the values read from the document.
	ReadOff map[string]any
	// FiledOn is when the case was first submitted; Today is now.
	FiledOn, Today time.Time
	// Account is what the account directory knows. Leave it nil before submission:
	// an answer would be an oracle on the account's data.
	Account map[string]any
	// Statement are the fields of the case's statements, by field id.
	Statement map[string]any
}
