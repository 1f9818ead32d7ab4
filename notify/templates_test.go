package notify

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"
)

// sampleData fills every template.
var sampleData = map[string]string{
	"code": "042917", "minutes": "10", "purpose": "verify_contact", "reference": "AR-7F3K-29QD",
	"review_by": "2026-12-01", "due": "2026-11-26T15:00:00Z", "deadline": "2026-12-06T23:59:59Z", "items": "Company registration\nAuthorization letter",
	"reason": "The letter bears no seal.\nThe certificate has expired.", "appeal_until": "2026-12-22",
	"organisation": "Contoso Partners", "customer": "João & Filhos Ltda.", "expires": "2026-11-29T14:30:00Z",
	"link": "https://recover.northwind.example/i#x7Yq", "materials": "Consent e-mail\nInvoice <2026>", "files": "letter.pdf\ninvoice.pdf",
	"added": "yes", "until": "2026-12-06T14:30:00Z",
	"host": "hooks.northwind.example", "description": "Ticket system", "since": "2026-11-29T14:30:00Z",
}

func dataFor(t *testing.T, name string) map[string]string {
	t.Helper()
	data := map[string]string{}
	for _, key := range Required(name) {
		value, there := sampleData[key]
		if !there {
			t.Fatalf("no sample for %q", key)
		}
		data[key] = value
	}
	return data
}

func testTemplates(t *testing.T, letterhead Letterhead) *templates {
	t.Helper()
	files, err := templateFiles()
	if err != nil {
		t.Fatal(err)
	}
	parsed := newTemplates(files, letterhead)
	if err := parsed.parseAll(); err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestEveryTemplateInEveryLanguage(t *testing.T) {
	for _, letterhead := range []Letterhead{testLetterhead, {Service: "Northwind Cloud"}} {
		parsed := testTemplates(t, letterhead)
		for _, name := range Names() {
			for _, locale := range Locales() {
				t.Run(name+"/"+locale, func(t *testing.T) {
					data := dataFor(t, name)
					mail, err := parsed.render(Message{Channel: Email, Locale: locale, Template: name, Data: data})
					if err != nil {
						t.Fatal(err)
					}
					checkMail(t, mail, locale, data)
					text, err := parsed.render(Message{Channel: SMS, Locale: locale, Template: name, Data: data})
					if err != nil {
						t.Fatal(err)
					}
					checkSMS(t, text, data)
				})
			}
		}
	}
}

func checkMail(t *testing.T, m Rendered, locale string, data map[string]string) {
	t.Helper()
	if m.Subject == "" || strings.ContainsAny(m.Subject, "\r\n\t") {
		t.Errorf("subject %q", m.Subject)
	}
	if code := data["code"]; code != "" && strings.Contains(m.Subject, code) {
		t.Error("the subject, which locked screens show, holds the code")
	}
	if m.Locale != locale || !strings.Contains(m.HTML, `<html lang="`+locale+`">`) {
		t.Errorf("language %q", m.Locale)
	}
	for _, broken := range []string{"<no value>", "ZgotmplZ", "{{", "\n\n\n"} {
		if strings.Contains(m.Text, broken) || strings.Contains(m.HTML, broken) && broken != "\n\n\n" {
			t.Errorf("holds %q", broken)
		}
	}
	for _, said := range []string{"Northwind Cloud", shown(data, "code"), shown(data, "link"), shown(data, "reference")} {
		if !strings.Contains(m.Text, said) || !strings.Contains(m.HTML, said) {
			t.Errorf("text or HTML does not say %q", said)
		}
	}
	for _, raw := range []string{"2026-12", "T23:59:59Z", "T14:30"} {
		if strings.Contains(m.Text, raw) {
			t.Errorf("a date is not in words: %q", raw)
		}
	}
	for _, key := range []string{"items", "materials", "files", "reason"} {
		for _, line := range lines(data[key]) {
			if !strings.Contains(m.Text, line) {
				t.Errorf("text leaves out %q", line)
			}
		}
	}
	if strings.Contains(m.HTML, "Invoice <2026>") {
		t.Error("HTML is not escaped")
	}
}

func shown(data map[string]string, key string) string { return data[key] }

func checkSMS(t *testing.T, m Rendered, data map[string]string) {
	t.Helper()
	if m.Subject != "" || m.HTML != "" || m.Text == "" || strings.Contains(m.Text, "\n") {
		t.Errorf("text message %+v", m)
	}
	if n := utf8.RuneCountInString(m.Text); n > 160 {
		t.Errorf("text message of %d characters: %s", n, m.Text)
	}
	if code := data["code"]; !strings.Contains(m.Text, code) || !strings.Contains(m.Text, data["reference"]) {
		t.Errorf("text message without its point: %s", m.Text)
	}
}

func TestNoTemplateIsForgotten(t *testing.T) {
	files, err := templateFiles()
	if err != nil {
		t.Fatal(err)
	}
	found, err := fs.Glob(files, "*.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"layout.html.tmpl": true, "layout.text.tmpl": true}
	for _, locale := range Locales() {
		known["shared."+locale+".tmpl"] = true
		for _, name := range Names() {
			known[name+"."+locale+".tmpl"] = true
		}
	}
	for _, file := range found {
		if !known[file] {
			t.Errorf("%s is used by nothing", file)
		}
	}
	if len(found) != len(known) {
		t.Errorf("want %d files, found %d", len(known), len(found))
	}
}

func TestMissingTranslationIsFound(t *testing.T) {
	files, err := templateFiles()
	if err != nil {
		t.Fatal(err)
	}
	less := fstest.MapFS{}
	err = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == "case_denied.pt-BR.tmpl" {
			return err
		}
		content, err := fs.ReadFile(files, path)
		less[path] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	less["case_expired.en.tmpl"] = &fstest.MapFile{Data: []byte(`{{define "subject"}}x{{end}}`)}
	err = newTemplates(less, testLetterhead).parseAll()
	if err == nil || !strings.Contains(err.Error(), "case_denied in pt-BR") || !strings.Contains(err.Error(), `case_expired in en: has no part "sms"`) {
		t.Errorf("both faults at once, got %v", err)
	}
}

func TestHonestWords(t *testing.T) {
	parsed := testTemplates(t, testLetterhead)
	for locale, promise := range map[string]string{
		"en": "do not guarantee approval", "zh-Hans": "并不保证申请一定通过", "pt-BR": "não garante a aprovação",
	} {
		m, err := parsed.render(Message{Channel: Email, Locale: locale, Template: "case_submitted", Data: dataFor(t, "case_submitted")})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(m.Text, promise) || !strings.Contains(m.HTML, promise) {
			t.Errorf("%s does not say that materials guarantee nothing", locale)
		}
	}
}

func TestEmptyOptionalValues(t *testing.T) {
	parsed := testTemplates(t, testLetterhead)
	m, err := parsed.render(Message{Channel: Email, Locale: "en", Template: "case_denied",
		Data: map[string]string{"reference": "AR-1", "reason": "", "appeal_until": ""}})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(m.Text, "appeal") || !strings.Contains(m.Text, "final") || strings.Contains(m.Text, "reason") {
		t.Errorf("a denial without appeal: %s", m.Text)
	}
}

func TestHostileValues(t *testing.T) {
	parsed := testTemplates(t, testLetterhead)
	data := dataFor(t, "invitation")
	data["reference"] = "AR-1\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>"
	data["customer"] = "Free prizes at https://evil.example\u202e\x00 " + strings.Repeat("x", 500)
	data["link"] = "javascript:alert(1)"
	data["service"] = "Someone Else"
	m, err := parsed.render(Message{Channel: Email, Locale: "en", Template: "invitation", Data: data})
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(m.Subject, "\r\n") {
		t.Errorf("subject %q could begin another header", m.Subject)
	}
	if strings.Contains(m.HTML, "<script>") || strings.Contains(m.HTML, `href="javascript:`) {
		t.Error("HTML lets markup or script through")
	}
	if strings.Contains(m.Text, "https://evil") || strings.Contains(m.HTML, "https://evil") {
		t.Error("a customer's name became a link")
	}
	if strings.ContainsAny(m.Text, "\x00\u202e") || strings.Contains(m.Text, strings.Repeat("x", 200)) {
		t.Error("text holds unseen characters or an endless name")
	}
	if strings.Contains(m.Text, "Someone Else") {
		t.Error("a message replaced the letterhead")
	}
}

func TestMissingDataIsAnError(t *testing.T) {
	parsed := testTemplates(t, testLetterhead)
	for name, m := range map[string]Message{
		"no such template": {Channel: Email, Template: "nonsense"},
		"a key missing":    {Channel: Email, Template: "case_denied", Data: map[string]string{"reference": "x", "reason": "y"}},
		"no channel":       {Channel: "pigeon", Template: "case_approved", Data: map[string]string{"reference": "x"}},
	} {
		if _, err := parsed.render(m); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestNearestLocale(t *testing.T) {
	for tag, want := range map[string]string{
		"en": "en", "en-GB": "en", "zh-Hans": "zh-Hans", "zh-CN": "zh-Hans", "zh": "zh-Hans", "pt-BR": "pt-BR", "pt": "pt-BR",
		"pt-PT": "pt-BR", "de": "en", "ar": "en", "": "en", "not a tag": "en", "xx-YY": "en",
	} {
		if got := nearestLocale(tag); got != want {
			t.Errorf("%q: got %s, want %s", tag, got, want)
		}
	}
}

func TestDatesInWords(t *testing.T) {
	for _, test := range []struct{ value, locale, day, moment string }{
		{"2026-12-06", "en", "6 December 2026", "6 December 2026"},
		{"2026-12-06T01:30:00+03:00", "pt-BR", "5 de dezembro de 2026", "5 de dezembro de 2026 às 22:30 UTC"},
		{"2026-12-06T14:30:00Z", "zh-Hans", "2026年12月6日", "2026年12月6日 14:30 UTC"},
		{"soon", "en", "soon", "soon"},
	} {
		if day, moment := sayDay(test.value, test.locale), sayMoment(test.value, test.locale); day != test.day || moment != test.moment {
			t.Errorf("%s in %s: %q, %q", test.value, test.locale, day, moment)
		}
	}
}
