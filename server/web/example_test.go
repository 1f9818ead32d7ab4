package web

import (
	"testing"

	"regain/rules"
)

// TestEveryExampleIsDrawn: each kind of document that a policy can name has both
// drawings, and words for them in every language.
func TestEveryExampleIsDrawn(t *testing.T) {
	a, err := loadAssets(files)
	if err != nil {
		t.Fatal(err)
	}
	w, err := readWords(files)
	if err != nil {
		t.Fatal(err)
	}
	drawn := 0
	for _, kind := range rules.Examples() {
		for _, how := range []string{"good", "bad"} {
			drawn++
			if !a.drawings[kind+"-"+how] {
				t.Errorf("there is no drawing %s-%s", kind, how)
			}
			for locale := range w.locales {
				if said, err := w.say(locale, "upload.example."+kind+"."+how); err != nil || said == "" {
					t.Errorf("%s: %v", locale, err)
				}
			}
		}
	}
	if len(a.drawings) != drawn {
		t.Errorf("%d drawings for %d kinds: one is of no use", len(a.drawings), drawn/2)
	}
}
