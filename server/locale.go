package server

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

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

// LanguageCookie keeps the language that a reader of the pages chose.
const LanguageCookie = "regain-language"

// chooseLocale takes the first that is there: the language that begins a page's
// address, ?locale=, what the reader chose before (for pages), Accept-Language.
func chooseLocale(m language.Matcher, r *http.Request) string {
	if prefix := LanguagePrefix(r.Context()); prefix != "" {
		return prefix[1:]
	}
	wanted := r.URL.Query().Get("locale")
	if wanted == "" && !isAPI(r.URL.Path) {
		if chosen, err := r.Cookie(LanguageCookie); err == nil {
			wanted = chosen.Value
		}
	}
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

type languagePrefixKey struct{}

// LanguagePrefix is the language that the page's address began with, such as
// "/pt-BR"; empty when it named none.
func LanguagePrefix(ctx context.Context) string {
	prefix, _ := ctx.Value(languagePrefixKey{}).(string)
	return prefix
}

// isAPI tells calls from pages; the page that documents the API lies among its calls.
func isAPI(path string) bool { return strings.HasPrefix(path, "/api/") && path != "/api/v1/docs" }

// withLanguagePrefix lets every page be reached below the name of a language, too:
// /pt-BR/help is the page /help in Portuguese. The router sees the address without it.
func withLanguagePrefix(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if !slices.Contains(Locales(), first) || isAPI("/"+rest) {
			next.ServeHTTP(w, r)
			return
		}
		inner := r.WithContext(context.WithValue(r.Context(), languagePrefixKey{}, "/"+first))
		inner.URL = new(url.URL)
		*inner.URL = *r.URL
		inner.URL.Path = "/" + rest
		if r.URL.RawPath != "" { // the prefix has no escapes, so it is as long in both
			inner.URL.RawPath = "/" + strings.TrimPrefix(strings.TrimPrefix(r.URL.RawPath, "/"+first), "/")
		}
		next.ServeHTTP(w, inner)
	})
}
