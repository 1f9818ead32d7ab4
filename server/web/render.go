package web

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"regain/server"
)

// hour is what most limits count by.
const hour = time.Hour

// pagePolicy lets pages use scripts, styles and pictures of our own and nothing else.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// layouts are those of areas whose layout is not the public one.
var layouts = map[string]string{"staff": "staff", "review": "staff", "export": "staff", "lead": "staff", "admin": "staff", "plain": "plain"}

// pageTemplate parses a page when it is shown first: together they would take a third of the
// time to start, and more memory than all the rest.
type pageTemplate func() (*template.Template, error)

// loadTemplates finds templates/<area>/<page>.html, each with its area's layout, all
// of templates/parts, and the files of its area whose names begin with "_".
func loadTemplates(fsys fs.FS) (map[string]pageTemplate, error) {
	pages, err := fs.Glob(fsys, "templates/*/*.html")
	if err != nil {
		return nil, err
	}
	all := map[string]pageTemplate{}
	for _, file := range pages {
		area, base := path.Base(path.Dir(file)), path.Base(file)
		if area == "layouts" || area == "parts" || strings.HasPrefix(base, "_") {
			continue
		}
		all[area+"/"+strings.TrimSuffix(base, ".html")] = sync.OnceValues(func() (*template.Template, error) { return parsePage(fsys, area, file) })
	}
	return all, nil
}

func parsePage(fsys fs.FS, area, file string) (*template.Template, error) {
	layout := cmp.Or(layouts[area], "public") + ".html"
	patterns := []string{"templates/layouts/" + layout, "templates/parts/*.html"}
	if own, err := fs.Glob(fsys, "templates/"+area+"/_*.html"); err == nil && len(own) > 0 {
		patterns = append(patterns, "templates/"+area+"/_*.html")
	}
	t, err := template.New(layout).Funcs(templateFunctions()).ParseFS(fsys, append(patterns, file)...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

// template is the page with the name.
func (p *Pages) template(name string) (*template.Template, error) {
	parse := p.templates[name]
	if parse == nil {
		return nil, fmt.Errorf("there is no page %q", name)
	}
	return parse()
}

// show answers with a page.
func (p *Pages) show(c *gin.Context, name string, data any) error {
	return p.render(c, http.StatusOK, name, p.view(c, data, nil))
}

// showForm answers with a page whose form has values to begin with.
func (p *Pages) showForm(c *gin.Context, name string, data any, f *Form) error {
	return p.render(c, http.StatusOK, name, p.view(c, data, f))
}

// refuse answers a form that can't be carried out with the page that it came from: what
// was typed is kept, and what is wrong stands beside the field and above the form.
// Errors that no form can show are returned, for the page that shows problems.
func (p *Pages) refuse(c *gin.Context, name string, data any, f *Form, err error) error {
	return p.refuseView(c, name, p.view(c, data, f), err)
}

// refuseView is refuse for a view that was made already.
func (p *Pages) refuseView(c *gin.Context, name string, v *View, err error) error {
	status, shown := v.Form.take(p, v.Locale, err)
	if !shown {
		return err
	}
	return p.render(c, status, name, v)
}

// showAt is showForm, refuseAt is refuse, where the page has an address of its own, which is
// not that of the call.
func (p *Pages) showAt(c *gin.Context, name, here string, data any, f *Form) error {
	v := p.view(c, data, f)
	v.Here = here
	return p.render(c, http.StatusOK, name, v)
}

// refuseAt is described at showAt.
func (p *Pages) refuseAt(c *gin.Context, name, here string, data any, f *Form, err error) error {
	v := p.view(c, data, f)
	v.Here = here
	return p.refuseView(c, name, v, err)
}

// withQuery is an address with parameters, names and values in turn; empty ones are left out.
func withQuery(path string, parameters ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(parameters); i += 2 {
		if parameters[i+1] != "" {
			query.Set(parameters[i], parameters[i+1])
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// pageAfter is the address of a list's next page, with what else the list was asked for;
// empty at the end.
func pageAfter(path, cursor string, asked ...string) string {
	if cursor == "" {
		return ""
	}
	return withQuery(path, append(asked, "cursor", cursor)...)
}

// seeOther ends a form that was carried out: the browser reads the page at path.
func (p *Pages) seeOther(c *gin.Context, path string) error {
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, server.LanguagePrefix(c.Request.Context())+path)
	return nil
}

// render writes a page, whole or not at all. A request of htmx gets only the block
// that has the name of its target's id, when the page has one; a refused one gets
// the page's main part.
func (p *Pages) render(c *gin.Context, status int, name string, v *View) error {
	t, err := p.template(name)
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	block := blockWanted(c.Request, t)
	if block != "" && status >= http.StatusBadRequest {
		block = "main"
		h.Set("HX-Retarget", "#main")
		h.Set("HX-Reswap", "innerHTML")
	}
	if v.Form.Bad() { // only what was written knows what its fields are called
		if err := t.ExecuteTemplate(io.Discard, "content", v); err != nil {
			return fmt.Errorf("page %s: %w", name, err)
		}
	}
	var out bytes.Buffer
	if block == "" {
		err = t.Execute(&out, v)
	} else {
		err = t.ExecuteTemplate(&out, block, v)
	}
	if err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	p.rememberLanguage(c, v)
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Referrer-Policy", "same-origin") // with none, browsers send forms with the origin "null"
	h.Set("Content-Language", v.Locale)
	h.Add("Vary", "HX-Request, HX-Target, Accept-Language, Cookie")
	sendCompressed(c, status, "text/html; charset=utf-8", out.Bytes(), func() []byte { return server.Compress(out.Bytes()) })
	return nil
}

// blockWanted is the block that answers a request of htmx; empty for the whole page.
func blockWanted(r *http.Request, t *template.Template) string {
	if r.Header.Get("HX-Request") != "true" || r.Header.Get("HX-Request-Type") == "full" {
		return ""
	}
	_, id, _ := strings.Cut(r.Header.Get("HX-Target"), "#")
	if id, err := url.PathUnescape(id); err == nil && id != "" && t.Lookup(id) != nil {
		return id
	}
	return ""
}
