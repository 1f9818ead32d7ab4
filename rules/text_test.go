package rules

import "testing"

func TestTextIn(t *testing.T) {
	text := Text{"": "own", "pt-PT": "Portugal", "pt-BR": "Brazil", "zh-Hans": "simplified", "de": "German", "den": "Slavey"}
	for locale, want := range map[string]string{
		"de": "German", "de-AT": "German", "zh-Hans-CN": "simplified", "zh-Hant": "simplified", "zh": "simplified",
		"pt": "Brazil", "pt-AO": "Brazil", "pt-PT": "Portugal", "en": "own", "": "own", "d": "own",
	} {
		if got := text.In(locale); got != want {
			t.Errorf("%q: %q, want %q", locale, got, want)
		}
	}
	if got := (Text{"fr": "f", "es": "e"}).In("en"); got != "e" {
		t.Errorf("without an own language: %q", got)
	}
	if got := Text(nil).In("en"); got != "" {
		t.Errorf("of nothing: %q", got)
	}
	if n := testing.AllocsPerRun(100, func() { text.In("en") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
