package notify

import (
	"strings"
	"testing"
)

func TestParseEmail(t *testing.T) {
	for typed, key := range map[string]string{
		"ana@example.com":        "ana@example.com",
		"  Ana.Lima@Example.COM": "ana.lima@example.com",
		"ａna@example.com":        "ana@example.com",
		"ana＠example。com":        "ana@example.com",
		"ana@bücher.example":     "ana@xn--bcher-kva.example",
		"admin@localhost":        "admin@localhost",
		"o'neil+x@example.com":   "o'neil+x@example.com",
	} {
		if _, got, ok := ParseEmail(typed); !ok || got != key {
			t.Errorf("%q: got %q, %v", typed, got, ok)
		}
	}
	for _, typed := range []string{
		"", "ana", "ana@", "@example.com", "Ana <ana@example.com>", "a@b@c", "ana@example.com, eva@example.com",
		"ana@example.com\r\nBcc: x@y.z", "a na@example.com", "ana@exa\u202emple.com", "ana@example\x00.com", "ana@[127.0.0.1]",
		strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("b", 250) + ".com", `"a b"@example.com`,
	} {
		if _, key, ok := ParseEmail(typed); ok {
			t.Errorf("%q was read as %q", typed, key)
		}
	}
}

func TestE164(t *testing.T) {
	for number, want := range map[string]bool{
		"+5511987654321": true, "+8613800138000": true, "5511987654321": false, "+0123456789": false, "+55 11": false,
		"+551198765432100000": false, "": false, "+12345": false,
	} {
		if isE164(number) != want {
			t.Errorf("%q: want %v", number, want)
		}
	}
}

// TestMailboxOf: what follows a + is a note, in an address of any spelling.
func TestMailboxOf(t *testing.T) {
	for typed, want := range map[string]string{
		"Ana@Example.com": "ana@example.com", "ana+shop@example.com": "ana@example.com", "ana+a+b@example.com": "ana@example.com",
		"+ana@example.com": "+ana@example.com", "ana@bücher.example": "ana@xn--bcher-kva.example", "ana": "", "": "",
	} {
		if got := MailboxOf(typed); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}
