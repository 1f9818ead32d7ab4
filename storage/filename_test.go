package storage_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"regain/storage"
)

func TestDisplayName(t *testing.T) {
	tests := []struct{ name, from, want string }{
		{"plain", "letter.pdf", "letter.pdf"},
		{"Chinese", "授权书.pdf", "授权书.pdf"},
		{"composed", "Carta\u0303o.pdf", "Cart\u00e3o.pdf"},
		{"folders", "/home/ana/letter.pdf", "letter.pdf"},
		{"folders of Windows", `C:\Users\Ana\letter.pdf`, "letter.pdf"},
		{"parents", "../../letter.pdf", "letter.pdf"},
		{"NUL", "letter\x00.pdf", "letter.pdf"},
		{"controls", "a\r\nSet-Cookie: x\x1b[31m.pdf", "aSet-Cookie_ x[31m.pdf"},
		{"direction", "cod\u202efdp.exe\u202c\u2066\u200f", "codfdp.exe"},
		{"invisible", "a\u200b\ufeff\u00adb.pdf", "ab.pdf"},
		{"joiner of Persian", "می\u200cخواهم.pdf", "می\u200cخواهم.pdf"},
		{"spaces", "  my\u00a0\u3000 \t letter .pdf ", "my letter .pdf"},
		{"dots", "..hidden.pdf..", "hidden.pdf"},
		{"not for file systems", `a<b>c:d"e|f?g*h.pdf`, "a_b_c_d_e_f_g_h.pdf"},
		{"bad UTF-8", "a\xff\xfeb.pdf", "a_b.pdf"},
		{"empty", "", "document"},
		{"nothing left", "\u202e\x00. /", "document"},
		{"long", strings.Repeat("名", 200) + ".jpeg", strings.Repeat("名", 115) + ".jpeg"},
		{"long ending", "a." + strings.Repeat("b", 200), "a." + strings.Repeat("b", 118)},
		{"long dots", strings.Repeat(".", 300) + "pdf", "pdf"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := storage.DisplayName(test.from); got != test.want {
				t.Errorf("%q becomes %q, want %q", test.from, got, test.want)
			}
		})
	}
}

func TestDisplayNameAlways(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			rapid.StringMatching(`[\x{202a}-\x{202e}\x{0300}-\x{0310}a. /\\]{0,300}\.pdf`)).Draw(t, "from")
		got := storage.DisplayName(from)
		switch {
		case got == "" || !utf8.ValidString(got) || utf8.RuneCountInString(got) > 120:
			t.Fatalf("%q", got)
		case !norm.NFC.IsNormalString(got):
			t.Fatalf("%q is not normal", got)
		case strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }):
			t.Fatalf("%q holds controls", got)
		case strings.ContainsAny(got, `/\<>:"|?*`) || got[0] == '.':
			t.Fatalf("%q is no file's name", got)
		case storage.DisplayName(got) != got:
			t.Fatalf("%q becomes %q", got, storage.DisplayName(got))
		}
	})
}
