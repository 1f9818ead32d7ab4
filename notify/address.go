package notify

import (
	"net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// maxEmail is the longest address that mail can carry (RFC 5321, 4.5.3.1.3).
const maxEmail = 254

// ParseEmail reads an e-mail address that a person typed. Address is how to write
// to it; key is equal for two spellings of one mailbox (letter case, Unicode form,
// domain in either script) and is what to compare and to make unique. It reports
// false for anything that is not one plain address.
func ParseEmail(typed string) (address, key string, ok bool) {
	address = strings.ReplaceAll(norm.NFKC.String(strings.TrimSpace(typed)), "。", ".") // as Chinese keyboards write it
	if address == "" || len(address) > maxEmail || strings.ContainsFunc(address, unsafeInAddress) {
		return "", "", false
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Name != "" || parsed.Address != address {
		return "", "", false
	}
	at := strings.LastIndexByte(address, '@')
	local, domain := address[:at], address[at+1:]
	if len(local) > 64 || strings.HasPrefix(domain, "[") {
		return "", "", false
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		return "", "", false
	}
	return address, strings.ToLower(local) + "@" + strings.ToLower(ascii), true
}

// MailboxOf is the mailbox of an address, as most mail servers read one: what follows a +
// in its first part is a note of its owner's. Two addresses with one mailbox are one
// person's. It is empty for what is no address.
func MailboxOf(typed string) string {
	_, key, ok := ParseEmail(typed)
	if !ok {
		return ""
	}
	local, domain, _ := strings.Cut(key, "@")
	if name, _, _ := strings.Cut(local, "+"); name != "" {
		local = name
	}
	return local + "@" + domain
}

// unsafeInAddress finds what has no place in an address: it would break a header,
// or make one address look like another.
func unsafeInAddress(r rune) bool {
	return unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) ||
		strings.ContainsRune(`<>"(),;:\`, r)
}

// isE164 reports whether a number is written as E.164: a plus, then 7 to 15 digits.
func isE164(number string) bool {
	digits, plus := strings.CutPrefix(number, "+")
	if !plus || len(digits) < 7 || len(digits) > 15 || digits[0] == '0' {
		return false
	}
	return strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) < 0
}
