package web

import "testing"

// Pages are parsed when they are shown first; each of them parses.
func TestEveryPageParses(t *testing.T) {
	pages, err := loadTemplates(files)
	if err != nil || len(pages) < 30 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for name, parse := range pages {
		page, err := parse()
		if err != nil {
			t.Error(err)
			continue
		}
		if page.Lookup("content") == nil && page.Lookup("file") == nil {
			t.Errorf("%s has nothing to show", name)
		}
	}
}
