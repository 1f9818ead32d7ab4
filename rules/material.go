package rules

// MaterialKind says what a material is made of.
type MaterialKind string

// The kinds of materials.
const (
	Document  MaterialKind = "document"  // files
	Statement MaterialKind = "statement" // typed fields
	Proof     MaterialKind = "proof"     // an action with a generated token
)

// Examples are the drawings that a document can be shown by: how it should look, and how
// not. Whoever shows a policy has a drawing for each.
func Examples() []string {
	return []string{"identity", "certificate", "letter", "card", "record", "statement", "email"}
}

// Who may supply a material.
const (
	FromCustomer = "customer"
	FromPartner  = "partner"
	FromReseller = "reseller"
)

// Material is one entry of the policy's catalogue.
type Material struct {
	ID       string       `json:"id"`
	Label    Text         `json:"label"`
	Guidance Text         `json:"guidance,omitempty"`
	Kind     MaterialKind `json:"kind"`
	// Template names the document template to fill and sign; empty is none.
	Template string `json:"template,omitempty"`
	// From says who may supply it; never empty.
	From []string `json:"from"`
	// Document is set for documents.
	Document *DocumentSpec `json:"document,omitempty"`
	// Proof is set for proofs.
	Proof *ProofSpec `json:"proof,omitempty"`
}

// DocumentSpec says what files are taken.
type DocumentSpec struct {
	// Types are of "pdf", "jpeg", "png", "eml".
	Types []string `json:"types"`
	// MaxSize bounds one file, in bytes.
	MaxSize int64 `json:"max_size"`
	// Sides is how many sides must be shown (an identity card has 2); 0 says nothing.
	Sides int `json:"sides,omitempty"`
	// Example names the drawing that shows how to photograph or scan it, one of Examples;
	// empty is none.
	Example string `json:"example,omitempty"`
	// Colour asks for a copy in colour.
	Colour bool `json:"colour,omitempty"`
	// Refused are kinds that are not taken, in words for the customer.
	Refused []Text `json:"refused,omitempty"`
	// Translation says when a translation must be supplied too; nil is never.
	Translation *TranslationSpec `json:"translation,omitempty"`
}

// TranslationSpec asks for a translation of a document.
type TranslationSpec struct {
	// Unless are the languages that need none.
	Unless []string `json:"unless"`
	// Certified asks for a sworn translator.
	Certified bool `json:"certified,omitempty"`
}

// ProofSpec is a proof by action.
type ProofSpec struct {
	// By is the action: "dns_txt", "http_file", "email_reply" or "profile_text".
	By string `json:"by"`
}
