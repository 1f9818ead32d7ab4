package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"regain/server"
)

const (
	themeCookie = "regain-theme"
	// aYear is how long a choice is remembered, in seconds.
	aYear = 365 * 24 * 60 * 60
)

func themes() []string { return []string{"auto", "light", "dark"} }

// themeOf is the theme that the reader chose. It is written into the page, so that
// the page is right from its first moment.
func themeOf(r *http.Request) string {
	cookie, err := r.Cookie(themeCookie)
	if err == nil && slices.Contains(themes(), cookie.Value) {
		return cookie.Value
	}
	return themes()[0]
}

// setPreferences keeps the theme for browsers without scripts; a script sets the
// same cookie by itself.
func (p *Pages) setPreferences(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	if theme := f.Get("theme"); slices.Contains(themes(), theme) {
		p.remember(c, themeCookie, theme)
	}
	return p.seeOther(c, ownPath(f.Get("return")))
}

// rememberLanguage keeps the language of an address that names one, so that
// addresses that name none, as in messages, are shown in it too.
func (p *Pages) rememberLanguage(c *gin.Context, v *View) {
	if v.prefix == "" {
		return
	}
	if kept, err := c.Request.Cookie(server.LanguageCookie); err != nil || kept.Value != v.Locale {
		p.remember(c, server.LanguageCookie, v.Locale)
	}
}

func (p *Pages) remember(c *gin.Context, name, value string) {
	http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // a taste, not a secret: the script that switches themes writes it too
		Name: name, Value: value, Path: "/", MaxAge: aYear, SameSite: http.SameSiteLaxMode, Secure: p.secure(),
	})
}

func (p *Pages) secure() bool {
	public := p.server.Config().PublicURL
	return public != nil && public.Scheme == "https"
}

// ownPath is a path on this server that a form gave back; the opening page when it
// is anything else, so that nobody is led away.
func ownPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(path, "/") ||
		strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return u.RequestURI()
}
