package server

import (
	"net/http"

	"golang.org/x/text/language"
)

const defaultLocale = "en"

// Locales are the languages that the product speaks; the first is the default.
func Locales() []string { return []string{defaultLocale, "zh-Hans", "pt-BR"} }

// Localized is embedded in the input of a generated route whose answer holds texts.
type Localized struct {
	Locale string `query:"locale" maxLength:"35" example:"zh-Hans" doc:"The language of the texts: en, zh-Hans or pt-BR. Goes before the header Accept-Language; what is not spoken becomes English."`
}

// localeMatcher is made once for each server: building one is slow.
func localeMatcher() language.Matcher {
	tags := make([]language.Tag, 0, len(Locales()))
	for _, l := range Locales() {
		tags = append(tags, language.MustParse(l))
	}
	return language.NewMatcher(tags)
}

func chooseLocale(m language.Matcher, r *http.Request) string {
	wanted := r.URL.Query().Get("locale")
	if wanted == "" {
		wanted = r.Header.Get("Accept-Language")
	}
	if wanted == "" || len(wanted) > 256 { // longer ones come from no browser
		return defaultLocale
	}
	tags, _, err := language.ParseAcceptLanguage(wanted)
	if err != nil || len(tags) == 0 {
		return defaultLocale
	}
	_, index, confidence := m.Match(tags...)
	if confidence == language.No {
		return defaultLocale
	}
	return Locales()[index]
}
