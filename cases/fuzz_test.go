package cases_test

import (
	"regexp"
	"strings"
	"testing"

	"regain/cases"
)

var referenceForm = regexp.MustCompile(`^[2-9A-HJKMNP-TV-Z]{0,4}(-[2-9A-HJKMNP-TV-Z]{1,4}(-[2-9A-HJKMNP-TV-Z]+)?)?$`)

// However a reference is typed, it is read as some text in the form of references, and
// as the same one in lower case, without dashes and with spaces.
func FuzzReference(f *testing.F) {
	for _, seed := range []string{"7F3K-29QD-XM", "7f3k29qdxm", "７Ｆ３Ｋ－２９ＱＤ－ＸＭ", " 7F3K 29QD XM ", "", "-", "ß", "ı", "\x00", "' OR 1=1", strings.Repeat("2", 1000), "ﬀ", "ŉ", "ᾳ", "\xff2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		read := cases.NormalizeReference(typed)
		if !referenceForm.MatchString(read) {
			t.Fatalf("%q is read as %q", typed, read)
		}
		if len(read) > 200 {
			return // longer than is read again
		}
		for _, again := range []string{read, strings.ToLower(read), strings.ReplaceAll(read, "-", ""), " " + strings.ReplaceAll(read, "-", " ") + " "} {
			if got := cases.NormalizeReference(again); got != read {
				t.Fatalf("%q is read as %q, and %q as %q", typed, read, again, got)
			}
		}
	})
}
