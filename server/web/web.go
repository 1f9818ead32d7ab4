// Package web is the pages: server-rendered, readable without scripts, in light and
// dark, from 320 pixels up, in every language of the product. They call the same
// services as the API.
//
// Each area of pages has a folder in templates, words/<area>.<locale>.yaml, and files
// here that are named after its nouns.
package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/cases"
	"regain/notify"
	"regain/server"
	"regain/server/api"
)

// Services are what the pages call.
type Services struct {
	Policies api.Policies
	// Staff, Cases and Sessions serve whoever has a session.
	Staff api.Staff
	// Organisations are those whose members sign in.
	Organisations api.Organisations
	Cases         *cases.Service
	Sessions      api.Sessions
	// Webhooks and Keys are the admins'; without them their pages do not exist.
	Webhooks *notify.Webhooks
	Keys     api.Keys
	// Mailbox is set in development only.
	Mailbox api.Mailbox
	// Name is the provider's, for headings; "Regain" when empty.
	Name string
	// Support says how readers reach people, such as a telephone number.
	Support string
	// Clock tells the time; time.Now by default.
	Clock func() time.Time
	// Content is what the pages are made of; Register reads it when it is missing.
	Content *Content
	// DemoStaff are the addresses of made-up staff to try, where the cases are made up, too.
	DemoStaff []string
}

// Content is what the pages are made of, whoever looks at them.
type Content struct {
	templates map[string]pageTemplate
	assets    *assets
	words     *words
}

// ReadContent reads it from the program. It fails when a text is missing in some language.
func ReadContent() (*Content, error) {
	c := &Content{}
	var err error
	if c.assets, err = loadAssets(files); err != nil {
		return nil, fmt.Errorf("assets: %w", err)
	}
	if c.words, err = readWords(files); err != nil {
		return nil, fmt.Errorf("words: %w", err)
	}
	if c.templates, err = loadTemplates(files); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	return c, nil
}

// Pages renders pages.
type Pages struct {
	Content
	server    *server.Server
	log       *slog.Logger
	services  Services
	views     api.Views
	overviews overviews
	// signIn shows how to sign in again, by the kind of session that a page needs.
	signIn map[accounts.Kind]showSignIn
	// stale is told of once: pages that name icons which the assets do not have.
	stale sync.Once
}

// Register adds every page to s. It fails when a text is missing in some language.
func Register(s *server.Server, services Services) error {
	if services.Name == "" {
		services.Name = "Regain"
	}
	if services.Clock == nil {
		services.Clock = time.Now
	}
	p := &Pages{server: s, log: s.Logger(), services: services, views: api.NewViews(services.Cases), signIn: map[accounts.Kind]showSignIn{}}
	if services.Content == nil {
		var err error
		if services.Content, err = ReadContent(); err != nil {
			return err
		}
	}
	p.Content = *services.Content
	s.ShowProblemsAs(p.showProblem)
	p.registerPublic()
	p.registerPartner()
	p.registerOrganisation()
	p.registerCustomer()
	p.registerStaff()
	p.registerReview()
	p.registerLead()
	p.registerAudit()
	p.registerWebhooks()
	p.registerKeys()
	return nil
}

// now is the time that pages speak of.
func (p *Pages) now() time.Time { return p.services.Clock() }

func (p *Pages) registerPublic() {
	p.get("asset", "/assets/{digest}/{file}", p.showAsset)
	p.get("opening", "/", p.showOpening)
	p.get("help", "/help", p.showHelp)
	p.post("preferences", "/preferences", server.Everyone(), server.Repeats, p.setPreferences)
	p.post("sign-out-page", "/sign-out", server.Everyone(), server.Repeats, p.signOut)
	p.get("api-page", "/api/v1/docs", p.showAPI)
	p.get("problems-page", "/problems", p.showProblems)
	p.get("problem-page", "/problems/{code}", p.showOneProblem)
	if p.services.Mailbox != nil {
		p.letters("mailbox-page", "/dev/mailbox", p.showMailbox)
		p.letters("letter-page", "/dev/mailbox/{letter}", p.showLetter)
	}
}

// get registers a page that everyone may read.
func (p *Pages) get(id, path string, show func(c *gin.Context) error) {
	p.getAs(id, path, server.Everyone(), show)
}

// getAs registers a page that some may read.
func (p *Pages) getAs(id, path string, roles []server.Role, show func(c *gin.Context) error) {
	p.server.Page(server.Route{ID: id, Method: http.MethodGet, Path: path, Roles: roles, Effect: server.Reads}, show)
}

// post registers what a form does. A form that changes something carries {{.Key}}.
func (p *Pages) post(id, path string, roles []server.Role, effect server.Effect, do func(c *gin.Context) error) {
	p.server.Page(server.Route{ID: id, Method: http.MethodPost, Path: path, Roles: roles, Effect: effect}, do)
}

// upload registers a form that receives a file; see takeUpload.
func (p *Pages) upload(id, path string, roles []server.Role, do func(c *gin.Context) error) {
	p.server.Page(server.Route{
		ID: id, Method: http.MethodPost, Path: path, Roles: roles, Effect: server.Changes,
		Upload: true, MaxBody: api.MaxUpload, Limit: api.Uploads(),
	}, do)
}

// letters registers a page of the development's mailbox.
func (p *Pages) letters(id, path string, show func(c *gin.Context) error) {
	p.server.Page(server.Route{
		ID: id, Method: http.MethodGet, Path: path, Roles: server.Everyone(), Effect: server.Reads, Local: p.server.Config().LocalMailbox,
	}, show)
}
