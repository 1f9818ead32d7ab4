package rules

import (
	"net/mail"
	"regexp"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"

	"regain/problem"
)

// parsePhone reads an international phone number into E.164 form.
func parsePhone(s string) (any, *problem.Field) {
	const form = "Enter the number with its country code, such as +86 138 0013 8000."
	if !strings.HasPrefix(s, "+") && !strings.HasPrefix(s, "00") {
		return nil, wrong("phone_country_code", "%s", form)
	}
	if strings.HasPrefix(s, "00") {
		s = "+" + s[2:]
	}
	number, err := phonenumbers.Parse(s, phonenumbers.UNKNOWN_REGION)
	if err != nil || !phonenumbers.IsValidNumber(number) || number.GetExtension() != "" {
		return nil, wrong("bad_phone", "This is not a phone number. %s", form)
	}
	return phonenumbers.Format(number, phonenumbers.E164), nil
}

// The longest address and local part that SMTP allows (RFC 5321).
const (
	maxEmail = 254
	maxLocal = 64
)

// parseEmail reads an e-mail address: one address without a display name. Its
// domain comes out in lower case and ASCII.
func parseEmail(s string) (any, *problem.Field) {
	refuse := wrong("bad_email", "This is not an email address, such as name@example.com.")
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Name != "" || parsed.Address != s || strings.ContainsAny(s, " \t\"<>()") {
		return nil, refuse
	}
	at := strings.LastIndexByte(s, '@')
	local, domain := s[:at], s[at+1:]
	ascii, err := idna.Lookup.ToASCII(strings.ToLower(domain))
	if err != nil || !strings.Contains(ascii, ".") || strings.HasPrefix(ascii, "[") || len(local) > maxLocal || len(local)+1+len(ascii) > maxEmail {
		return nil, refuse
	}
	return local + "@" + ascii, nil
}

var (
	accountNumber = regexp.MustCompile(`^[A-Z0-9]{4,34}$`)
	iban          = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$`)
)

// parseBankAccount reads an account number: letters, digits and separators. What
// looks like an IBAN must have its checksum right.
func parseBankAccount(s string) (any, *problem.Field) {
	compact := strings.ToUpper(strings.NewReplacer(" ", "", "-", "", ".", "", "/", "", "\u00a0", "").Replace(s))
	if !accountNumber.MatchString(compact) || !strings.ContainsAny(compact, "0123456789") {
		return nil, wrong("bad_bank_account", "Enter 4 to 34 digits and letters.")
	}
	if iban.MatchString(compact) && isCountry(compact[:2]) && !ibanChecks(compact) {
		return nil, wrong("bad_checksum", "A digit of this IBAN is wrong.")
	}
	return compact, nil
}

// ibanChecks proves an IBAN's checksum (ISO 7064, mod 97-10).
func ibanChecks(s string) bool {
	rest := 0
	for _, r := range s[4:] + s[:4] {
		if r >= 'A' {
			rest = (rest*100 + int(r-'A') + 10) % 97
			continue
		}
		rest = (rest*10 + int(r-'0')) % 97
	}
	return rest == 1
}
