package problem

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lines says whether a text may have more than one line.
type Lines bool

// The two shapes of text.
const (
	OneLine   Lines = false
	ManyLines Lines = true
)

// CheckText applies the rules for every text that a person types: valid UTF-8,
// between low and high code points (low 0: optional), no NUL or other control
// characters, and none of the invisible characters that reorder text
// (Unicode's Bidi_Control), with which a name can be made to read as another.
// It returns nil when the text is good.
func CheckText(pointer, text string, low, high int, lines Lines) *Field {
	bad := func(code, message string) *Field { return &Field{Pointer: pointer, Code: code, Message: message} }
	if !utf8.ValidString(text) {
		return bad("not_utf8", "This is not valid UTF-8 text.")
	}
	if low > 0 && strings.TrimSpace(text) == "" {
		return bad("required", "This is needed.")
	}
	for _, r := range text {
		if forbidden(r, lines) {
			return bad("forbidden_character", fmt.Sprintf("Remove the invisible character U+%04X.", r))
		}
	}
	n := utf8.RuneCountInString(text)
	if n < low {
		return bad("too_short", fmt.Sprintf("Give at least %d characters.", low))
	}
	if n > high {
		return bad("too_long", fmt.Sprintf("Give at most %d characters (there are %d).", high, n))
	}
	return nil
}

func forbidden(r rune, lines Lines) bool {
	if lines == ManyLines && (r == '\n' || r == '\t' || r == '\r') {
		return false
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r == '\uFEFF'
}
