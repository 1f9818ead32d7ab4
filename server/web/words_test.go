package web

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"regain/accounts"
	"regain/problem"
	"regain/server"
)

func wordFiles(en, zh, pt string) fstest.MapFS {
	return fstest.MapFS{
		"words/a.en.yaml": {Data: []byte(en)}, "words/a.zh-Hans.yaml": {Data: []byte(zh)}, "words/a.pt-BR.yaml": {Data: []byte(pt)},
	}
}

// TestMissingWordsStopTheServer: every fault is told at once, by key and language.
func TestMissingWordsStopTheServer(t *testing.T) {
	_, err := readWords(wordFiles("x: Hello {name}\ny: Bye\nz: {one: one, other: \"{n}\"}", "x: 你好 {name}\nz: {other: \"{n}\"}\nw: 多", "x: Olá\ny: Tchau\nz: {other: \"{n}\"}"))
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{"words a.y: missing in zh-Hans", "words a.w: only in zh-Hans", "words a.x: pt-BR has the places [], en [name]"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("does not say %q: %v", want, err)
		}
	}
	for name, bad := range map[string]string{"a number": "x: 1", "a list": "x: [a]", "a form that is none": "x: {other: a, lots: b}", "no YAML": "x: ["} {
		if _, err := readWords(wordFiles(bad, bad, bad)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := readWords(fstest.MapFS{"words/a.de.yaml": {Data: []byte("x: y")}}); err == nil {
		t.Error("a language that is not spoken is taken")
	}
}

func TestWordsOfThePages(t *testing.T) {
	w, err := readWords(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		locale string
		n      int
		want   string
	}{
		{"en", 1, "asked for one thing"}, {"en", 2, "asked for 2 things"}, {"zh-Hans", 1, "提供 1 项材料"}, {"pt-BR", 1, "envie uma coisa"}, {"pt-BR", 1200, "envie 1.200 coisas"},
	} {
		got, err := w.say(c.locale, "partner.owed.lead", "customer", "C", "organisation", "O", "n", c.n)
		if err != nil || !strings.Contains(got, c.want) {
			t.Errorf("%s, %d: %q %v", c.locale, c.n, got, err)
		}
	}
	if _, err := w.say("en", "partner.owed.lead", "n", 1); err == nil {
		t.Error("a place stays empty")
	}
	if _, err := w.say("en", "partner.none"); err == nil {
		t.Error("words that are not there")
	}
	got, err := w.sayHTML("en", "partner.owed.lead", "customer", "<b>", "organisation", "O", "n", 1)
	if err != nil || strings.Contains(string(got), "<b>") {
		t.Errorf("not escaped: %q %v", got, err)
	}
}

// TestWordsThatTemplatesUse: every key that stands in a template is there, and every
// key of the words is used by a template or by code.
func TestWordsThatTemplatesUse(t *testing.T) {
	w, err := readWords(files)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	key := regexp.MustCompile(`\.(?:T|H)\s+"([a-z_.]+)"|\.A\s+\S+\s+"([a-z_.]+)"`)
	names, err := filepath.Glob("templates/*/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range key.FindAllStringSubmatch(string(text), -1) {
			k := m[1] + m[2]
			used[k] = true
			if _, ok := w.locales["en"].texts[k]; !ok && !strings.HasSuffix(k, ".") {
				t.Errorf("%s: there are no words %q", name, k)
			}
		}
	}
	if len(used) < 50 {
		t.Errorf("only %d keys found in templates", len(used))
	}
}

// TestProblemWords: what people can meet on pages is said in every language, and no
// words are left of a problem that is gone.
func TestProblemWords(t *testing.T) {
	w, err := readWords(files)
	if err != nil {
		t.Fatal(err)
	}
	p := &Pages{Content: Content{words: w}}
	codes := map[string]bool{}
	for _, c := range server.Codes() {
		codes[c.Code] = true
		for _, locale := range server.Locales()[1:] {
			said := p.problemWords(locale, kindName(c.Status), c.Code, c.Detail)
			if said == "" || said == c.Detail {
				t.Errorf("%s is said in English to readers of %s", c.Code, locale)
			}
		}
	}
	wordless := map[string]string{
		"audit_over": "is taken as done", "audit_running": "is taken as done", "nothing_failed": "is taken as done", "outcome_not_collect": "says what the policy says",
		"item_not_unavailable": "no page offers it", "not_a_document": "no page offers it", "not_a_proof": "no page offers it", "not_a_statement": "no page offers it", "unknown_action": "no page offers it",
	}
	for _, c := range server.Codes() {
		if c.Status == http.StatusConflict && !w.has("problem."+c.Code) && wordless[c.Code] == "" {
			t.Errorf("readers of other languages than English are not told what conflicts: %s", c.Code)
		}
	}
	for _, f := range []problem.Field{
		{Code: "forbidden_character", Message: "Remove the invisible character U+200B."}, {Code: "out_of_range", Message: "Give 1 to 730 days."}, {Code: "wrong_number", Message: "Name 1 to 50 cases."},
	} {
		if said := p.fieldWords("pt-BR", f); said == "Confira isto." {
			t.Errorf("%s is said as %q", f.Code, said)
		}
	}
	for key := range w.locales["en"].texts {
		if code, ok := strings.CutPrefix(key, "problem."); ok && !codes[code] {
			t.Errorf("words for %s, which nothing answers", code)
		}
	}
	if got := p.problemWords("pt-BR", "conflict", "too_many_invitations", "A case takes at most 5 invitations."); got != "Um pedido aceita no máximo 5 convites." {
		t.Errorf("%q", got)
	}
}

func TestDaysNumbersAndSizes(t *testing.T) {
	w, err := readWords(files)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 12, 6, 23, 5, 0, 0, time.UTC)
	for locale, want := range map[string][]string{
		"en":      {"6 December 2026", "6 December 2026, 23:05 UTC", "1,234", "2.1 MB", "12 MB", "10 MB", "640 kB", "52 B", "a, b"},
		"zh-Hans": {"2026年12月6日", "2026年12月6日 23:05 UTC", "1,234", "2.1 MB", "12 MB", "10 MB", "640 kB", "52 B", "a、b"},
		"pt-BR":   {"6 de dezembro de 2026", "6 de dezembro de 2026, 23:05 UTC", "1.234", "2,1 MB", "12 MB", "10 MB", "640 kB", "52 B", "a, b"},
	} {
		l := w.locales[locale]
		got := []string{writeDay(at, locale), writeMoment(at, locale), l.write(1234), l.writeSize(2_100_000), l.writeSize(12_345_678), l.writeLimit(10 << 20), l.writeSize(640_000), l.writeSize(52), writeList([]string{"a", "b"}, locale)}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %q, want %q", locale, got[i], want[i])
			}
		}
	}
}

// TestStaffChangeWords: whatever is changed about staff is said in words.
func TestStaffChangeWords(t *testing.T) {
	w, err := readWords(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range accounts.ChangeKinds() {
		if !w.has("people.change." + string(kind)) {
			t.Errorf("there are no words for %q", kind)
		}
	}
	for _, role := range accounts.Roles() {
		if !w.has("people.role_hint." + string(role)) {
			t.Errorf("there is no hint for %q", role)
		}
	}
}
