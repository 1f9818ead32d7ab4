// Package web is the pages: server-rendered, readable without scripts, in light and
// dark, from 320 pixels up. They call the same services as the API.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"regain/problem"
	"regain/server"
	"regain/server/api"
)

//go:embed templates assets
var files embed.FS

// Services are what the pages call.
type Services struct {
	Policies api.Policies
	// Mailbox is set in development only.
	Mailbox api.Mailbox
}

// Pages renders pages in one layout.
type Pages struct {
	server    *server.Server
	services  Services
	templates map[string]*template.Template
	assets    map[string]asset
}

// asset is a file that pages need, under an address with its digest, so that it may
// be kept for ever.
type asset struct {
	address, mediaType string
	content            []byte
}

// page is what every template gets.
type page struct {
	Title   string
	Locale  string
	Style   string // the style sheet's address
	Mailbox bool
	Data    any
}

// Register adds every page to s.
func Register(s *server.Server, services Services) error {
	p := &Pages{server: s, services: services, templates: map[string]*template.Template{}, assets: map[string]asset{}}
	if err := p.loadAssets(); err != nil {
		return err
	}
	if err := p.loadTemplates(); err != nil {
		return err
	}
	s.ShowProblemsAs(p.showProblem)
	p.get("asset", "/assets/{file}", p.showAsset)
	p.get("opening", "/", p.showOpening)
	p.get("invitation-page", "/invitation", p.showInvitation)
	p.get("api-page", "/api/v1/docs", p.showAPI)
	p.get("problems-page", "/problems", p.showProblems)
	p.get("problem-page", "/problems/{code}", p.showOneProblem)
	if services.Mailbox != nil {
		p.letters("mailbox-page", "/dev/mailbox", p.showMailbox)
		p.letters("letter-page", "/dev/mailbox/{letter}", p.showLetter)
	}
	return nil
}

// get registers a page that everyone may read.
func (p *Pages) get(id, path string, show func(c *gin.Context) error) {
	p.server.Page(server.Route{ID: id, Method: http.MethodGet, Path: path, Roles: server.Everyone(), Effect: server.Reads}, show)
}

func (p *Pages) letters(id, path string, show func(c *gin.Context) error) {
	p.server.Page(server.Route{
		ID: id, Method: http.MethodGet, Path: path, Roles: server.Everyone(), Effect: server.Reads, Local: p.server.Config().LocalMailbox,
	}, show)
}

func (p *Pages) loadTemplates() error {
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return err
	}
	for _, name := range names {
		base := path.Base(name)
		if base == "layout.html" {
			continue
		}
		t, err := template.New("layout.html").Funcs(functions()).ParseFS(files, "templates/layout.html", name)
		if err != nil {
			return fmt.Errorf("page %s: %w", base, err)
		}
		p.templates[strings.TrimSuffix(base, ".html")] = t
	}
	return nil
}

func functions() template.FuncMap {
	return template.FuncMap{"lower": strings.ToLower, "join": strings.Join}
}

func (p *Pages) loadAssets() error {
	entries, err := fs.ReadDir(files, "assets")
	if err != nil {
		return err
	}
	for _, e := range entries {
		content, err := files.ReadFile("assets/" + e.Name())
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		ext := path.Ext(e.Name())
		name := strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		p.assets[e.Name()] = asset{address: name, mediaType: mediaTypeOf(ext), content: content}
	}
	return nil
}

// mediaTypeOf is a table of our own: the system's differs from machine to machine.
func mediaTypeOf(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	}
	return "application/octet-stream"
}

func (p *Pages) showAsset(c *gin.Context) error {
	for _, a := range p.assets {
		if a.address == c.Param("file") {
			c.Header("Cache-Control", "public, max-age=31536000, immutable")
			c.Data(http.StatusOK, a.mediaType, a.content)
			return nil
		}
	}
	return problem.New(problem.NotFound, "not_found", "There is nothing at this address.")
}

// render writes a page, whole or not at all.
func (p *Pages) render(c *gin.Context, status int, name, title string, data any) error {
	var out bytes.Buffer
	err := p.templates[name].Execute(&out, page{
		Title: title, Locale: "en", Style: "/assets/" + p.assets["regain.css"].address,
		Mailbox: p.services.Mailbox != nil, Data: data,
	})
	if err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	c.Data(status, "text/html; charset=utf-8", out.Bytes())
	return nil
}

// showProblem is the page for a failed call.
func (p *Pages) showProblem(c *gin.Context, shown *server.Problem) {
	if err := p.render(c, shown.Status, "failure", shown.Title, shown); err != nil {
		c.String(http.StatusInternalServerError, "Something went wrong.")
	}
}
