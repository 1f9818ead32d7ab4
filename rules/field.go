package rules

// Field is one typed field of a statement.
type Field struct {
	ID    string `json:"id"`
	Label Text   `json:"label"`
	Help  Text   `json:"help,omitempty"`
	// Type is one of the FieldType constants.
	Type FieldType `json:"type"`
	// Optional says that the field may be empty.
	Optional bool `json:"optional,omitempty"`
	// MaxLength bounds text, in characters.
	MaxLength int `json:"max_length,omitempty"`
	// Values are the choices of an enum.
	Values []Value `json:"values,omitempty"`
}

// FieldType is the type of a statement's field or of a value read off a document.
type FieldType = string

// The types of fields.
const (
	FieldText        FieldType = "text"
	FieldPhone       FieldType = "phone"        // E.164 after normalisation
	FieldEmail       FieldType = "email"        // domain in lower case
	FieldAddress     FieldType = "address"      // an object: line, city, region, postal_code, country
	FieldDate        FieldType = "date"         // YYYY-MM-DD
	FieldCountry     FieldType = "country"      // ISO 3166-1 alpha-2
	FieldBankAccount FieldType = "bank_account" // upper case, no spaces; IBANs have their checksum proved
	FieldEnum        FieldType = "enum"
	FieldInteger     FieldType = "integer"
	FieldBool        FieldType = "bool"

	fieldLine FieldType = "line" // a text of one line, within an address
)

// The parts of an address, in the order to show them. Each must be given
// where the country has it.
var addressParts = []string{"line", "city", "region", "postal_code", "country"}

// AddressParts gives the ids of an address's parts in the order to show them.
func AddressParts() []string { return append([]string(nil), addressParts...) }
