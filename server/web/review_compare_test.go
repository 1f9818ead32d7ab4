package web

import "testing"

// TestAgreement: what people write one way or the other is alike, and said to be; what
// means something else differs.
func TestAgreement(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   string
	}{
		{[]string{"", "", ""}, ""}, {[]string{"Ana", "", ""}, ""}, {[]string{"Ana", "Ana", ""}, "same"}, {[]string{"Ana", "", "Ana"}, "same"},
		{[]string{"Ana Lima", "ANA  LIMA", ""}, "alike"}, {[]string{"+55 11 91234-5678", "+5511912345678"}, "alike"}, {[]string{"ＡＢＣ", "abc"}, "alike"},
		{[]string{"Straße", "STRASSE"}, "alike"}, {[]string{"Exemplo Ltda.", "Exemplo Ltda"}, "alike"},
		{[]string{"Ana Lima", "Ana Lima", "ana lima"}, "alike"}, {[]string{"Ana Lima", "Ana Lima", "Eva Lima"}, "differs"},
		{[]string{"José", "Jose"}, "differs"}, {[]string{"2026-01-02", "2026-02-01"}, "differs"}, {[]string{"1", "11"}, "differs"},
	} {
		if got := agreement(c.values...); got != c.want {
			t.Errorf("%q: %q, want %q", c.values, got, c.want)
		}
	}
}
