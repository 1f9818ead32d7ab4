package rules

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// badCharacter describes the first character of s that no text from outside may
// hold: NUL and other controls, characters that change the direction of writing
// (a name could pretend to be another), lone surrogates and noncharacters. Line
// breaks and tabs pass if lines is set. It is empty when all is well.
func badCharacter(s string, lines bool) string {
	for i, r := range s {
		switch {
		case lines && (r == '\n' || r == '\t' || r == '\r'):
		case r == 0:
			return "a NUL character"
		case r == utf8.RuneError && !validAt(s[i:]):
			return "bytes that are not UTF-8"
		case unicode.IsControl(r):
			return fmt.Sprintf("a control character (U+%04X)", r)
		case isBidiControl(r):
			return fmt.Sprintf("a character that changes the direction of writing (U+%04X)", r)
		case r == 0x2028 || r == 0x2029 || r&0xFFFE == 0xFFFE || (r >= 0xFDD0 && r <= 0xFDEF) || r == 0xFEFF:
			return fmt.Sprintf("a character that texts cannot have (U+%04X)", r)
		}
	}
	return ""
}

func validAt(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	return size > 1
}

// isBidiControl says whether r overrides, embeds or isolates a direction. The plain
// marks U+200E, U+200F and U+061C are left: right-to-left names need them.
func isBidiControl(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}
