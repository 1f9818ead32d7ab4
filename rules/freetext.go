package rules

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"regain/problem"
)

// parseFreeText reads a text of at most limit characters: trimmed, in the usual
// form of accents, without characters that could deceive. lines lets it have
// several lines.
func parseFreeText(s string, limit int, lines bool) (any, *problem.Field) {
	if len(s) > limit*utf8.UTFMax {
		return nil, wrong("too_long", "Use at most %d characters.", limit)
	}
	if c := badCharacter(s, lines); c != "" {
		return nil, wrong("bad_character", "The text holds %s.", c)
	}
	s = norm.NFC.String(strings.TrimSpace(s))
	if utf8.RuneCountInString(s) > limit {
		return nil, wrong("too_long", "Use at most %d characters.", limit)
	}
	return s, nil
}
