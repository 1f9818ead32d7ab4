package cases

import (
	"slices"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"regain/notify"
	"regain/problem"
)

// Limits of the particulars, in code points.
const (
	maxAccount    = 254 // the longest e-mail address (RFC 5321)
	maxEnterprise = 200
)

// check trims and validates the particulars; the fields are named as in the API.
func (p Particulars) check() (Particulars, []problem.Field) {
	var bad []problem.Field
	add := func(f *problem.Field) {
		if f != nil {
			bad = append(bad, *f)
		}
	}
	p.Account = strings.TrimSpace(p.Account)
	p.Enterprise = strings.TrimSpace(p.Enterprise)
	add(problem.CheckText("/account", p.Account, 2, maxAccount, problem.OneLine))
	add(problem.CheckText("/enterprise", p.Enterprise, 0, maxEnterprise, problem.OneLine))
	bad = append(bad, checkLost(p.Lost)...)
	var f *problem.Field
	p.NewEmail, f = checkEmail("/new_email", p.NewEmail)
	add(f)
	p.NewPhone, f = checkPhone("/new_phone", p.NewPhone)
	add(f)
	bad = append(bad, p.checkReplacements()...)
	return p, bad
}

func checkLost(lost []Channel) []problem.Field {
	if len(lost) == 0 {
		return []problem.Field{{Pointer: "/lost", Code: "required", Message: "Say what was lost: the phone, the e-mail, or both."}}
	}
	for n, ch := range lost {
		if ch != Email && ch != Phone {
			return []problem.Field{{Pointer: "/lost", Code: "not_a_choice", Message: `Only "phone" and "email" can be lost.`}}
		}
		if slices.Contains(lost[:n], ch) {
			return []problem.Field{{Pointer: "/lost", Code: "repeated", Message: "Name each of them once."}}
		}
	}
	return nil
}

// checkReplacements wants a new contact for each that was lost, and one that is
// not the very account that can't be reached.
func (p Particulars) checkReplacements() []problem.Field {
	var bad []problem.Field
	account := plainAccount(p.Account)
	for _, need := range []struct {
		ch                    Channel
		pointer, value, plain string
		words                 string
	}{
		{Email, "/new_email", p.NewEmail, plainAccount(p.NewEmail), "Give the e-mail address to put in place of the lost one."},
		// A number that passed is plain already, and reading one takes long.
		{Phone, "/new_phone", p.NewPhone, p.NewPhone, "Give the mobile number to put in place of the lost one."},
	} {
		if slices.Contains(p.Lost, need.ch) && need.value == "" {
			bad = append(bad, problem.Field{Pointer: need.pointer, Code: "required", Message: need.words})
		}
		if need.value != "" && need.plain == account {
			bad = append(bad, problem.Field{Pointer: need.pointer, Code: "same_as_lost", Message: "This is the account itself. Give a contact that you can still reach."})
		}
	}
	return bad
}

// checkEmail accepts one plain address and gives it as it is written to; empty
// stays empty.
func checkEmail(pointer, value string) (string, *problem.Field) {
	value = strings.TrimSpace(value)
	if value == "" {
		return "", nil
	}
	address, _, ok := notify.ParseEmail(value)
	if !ok || !strings.Contains(address[strings.LastIndexByte(address, '@'):], ".") {
		return value, &problem.Field{Pointer: pointer, Code: "not_an_email", Message: "Give an e-mail address like name@example.com."}
	}
	return address, nil
}

// checkPhone accepts a mobile number with its country code and writes it as
// E.164; numbers that might be mobile (as in the USA) pass. Empty stays empty. Before
// the country code may stand 00, as it is dialled in most countries.
func checkPhone(pointer, value string) (string, *problem.Field) {
	value = strings.TrimSpace(value)
	if value == "" {
		return "", nil
	}
	typed := plainNumber(value)
	if dialled, ok := strings.CutPrefix(typed, "00"); ok {
		typed = "+" + dialled
	}
	number, ok := parsePhone(typed)
	if !ok {
		return value, &problem.Field{Pointer: pointer, Code: "not_a_mobile_number", Message: "Give a mobile number with its country code, like +55 11 91234 5678."}
	}
	switch phonenumbers.GetNumberType(number) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return phonenumbers.Format(number, phonenumbers.E164), nil
	}
	return value, &problem.Field{Pointer: pointer, Code: "not_a_mobile_number", Message: "This is a landline. Give a mobile number, which can take text messages."}
}

// plainNumber writes a number as keyboards of every script and copied contacts give it:
// with full-width signs, dashes of any length, and invisible marks around.
func plainNumber(typed string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r):
			return -1
		case unicode.Is(unicode.Pd, r):
			return '-'
		}
		return r
	}, norm.NFKC.String(typed)))
}

// parsePhone reads a number with its country code. The parser skips what it does
// not know, so that anything but digits and what people put between them is
// refused before.
func parsePhone(value string) (*phonenumbers.PhoneNumber, bool) {
	value = plainNumber(value)
	if len(value) > 40 || !strings.HasPrefix(value, "+") || strings.Trim(value[1:], "0123456789 ()-./\u00a0") != "" {
		return nil, false
	}
	n, err := phonenumbers.Parse(value, "ZZ")
	return n, err == nil && phonenumbers.IsValidNumber(n)
}

// plainAccount writes an account's name in one way, however it was typed:
// without regard to case, width, spaces and invisible characters, and for
// numbers and mail addresses to what is put between and around their parts.
func plainAccount(account string) string {
	typed := strings.TrimSpace(norm.NFKC.String(account))
	if number, ok := parsePhone(typed); ok {
		return phonenumbers.Format(number, phonenumbers.E164)
	}
	if _, key, ok := notify.ParseEmail(typed); ok {
		typed = key
	}
	seen := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, typed)
	return norm.NFKC.String(cases.Fold().String(seen))
}
