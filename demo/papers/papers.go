// Package papers draws documents that look like what people send to prove a claim:
// identity cards, bank cards, certificates, letters with seals, invoices, statements.
// None is real: every name, number and office is made up, and each says SPECIMEN. The
// same seed draws the same paper, byte for byte.
package papers

// Paper is a file, ready to be uploaded.
type Paper struct {
	// Name is the file's name, Type one of pdf, jpeg, png and eml.
	Name, Type string
	Content    []byte
}

// Person is whom papers speak of.
type Person struct {
	Name string
	// Born and Country are for identity documents: "1987-04-12", "Brazil".
	Born, Country string
	// Face chooses the drawn portrait.
	Face uint64
}

// Company is an enterprise whom papers speak of.
type Company struct {
	Name string
	// Local is the name in Chinese, for papers from China; may be empty.
	Local                  string
	Country, City, Address string
	// Number is the one in the register, Head the legal representative.
	Number, Head string
}

// specimen is what every paper says of itself.
const specimen = "SPECIMEN"
