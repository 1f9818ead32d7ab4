package notify

import (
	"golang.org/x/text/language"
)

// DefaultLocale is used for readers whose language there is no template in.
const DefaultLocale = "en"

// Locales are the languages of the templates, the default first.
func Locales() []string { return []string{DefaultLocale, "zh-Hans", "pt-BR"} }

// matcher finds the nearest of Locales; it is safe for concurrent use.
var matcher = language.NewMatcher([]language.Tag{
	language.English, language.SimplifiedChinese, language.BrazilianPortuguese,
})

// nearestLocale returns the best of Locales for a BCP 47 tag: "zh-CN" reads
// zh-Hans and "pt" reads pt-BR, and anything unknown reads English.
func nearestLocale(tag string) string {
	wanted, err := language.Parse(tag)
	if err != nil {
		return DefaultLocale
	}
	_, index, confidence := matcher.Match(wanted)
	if confidence == language.No {
		return DefaultLocale
	}
	return Locales()[index]
}
