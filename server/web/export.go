package web

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/server"
	"regain/server/api"
	"regain/storage"
)

// registerExport adds the page that shows a whole case, to print or to keep as a PDF, and
// the same as a file that needs nothing beside itself.
func (p *Pages) registerExport(readers []server.Role) {
	add := func(id, path string, show func(c *gin.Context) error) {
		p.server.Page(server.Route{
			ID: id, Method: http.MethodGet, Path: reviewPath + "/{case}/export" + path, Roles: readers, Effect: server.Reads, Limit: api.Exports(),
		}, show)
	}
	add("export-page", "", func(c *gin.Context) error {
		data, err := p.exportPage(c)
		if err != nil {
			return err
		}
		c.Header("Cache-Control", "no-store")
		return p.show(c, "export/case", data)
	})
	add("export-file-page", "/file", p.sendExport)
}

// exportPage is a case as it leaves the program.
type exportPage struct {
	*reviewPage
	// At is when it was made, By by whom.
	At time.Time
	By string
	// Files are all versions of all documents, oldest first.
	Files []exportedFile
	// Faults are what is wrong with the chain of events; Head is its end.
	Faults []cases.AuditFinding
	Head   string
}

// exportedFile is a version of a document.
type exportedFile struct {
	api.DocumentView
	Of string
}

// exportPage reads the case. That is an event of it.
func (p *Pages) exportPage(c *gin.Context) (*exportPage, error) {
	ctx := c.Request.Context()
	actor, locale := api.ActorOf(ctx), server.Locale(ctx)
	e, err := p.services.Cases.Export(ctx, actor, c.Param("case"))
	if err != nil {
		return nil, err
	}
	data := &exportPage{At: e.At, Faults: e.Findings, Head: e.Case.EventHead, reviewPage: &reviewPage{
		CaseView: p.views.Case(e.Details, actor, locale), reader: actor, details: e.Details, now: e.At,
	}}
	if data.people, err = p.services.Staff.StaffNames(ctx, append(staffIn(e.Details, e.Talk, e.Events), actor.ID)); err != nil {
		return nil, err
	}
	if err := p.readTagNames(ctx, data.reviewPage, e.Events); err != nil {
		return nil, err
	}
	data.By = data.name(actor.ID)
	data.Cards = reviewCards(data.reviewPage, locale)
	data.Talk = data.talk(e.Talk)
	data.Timeline = data.timeline(e.Events)
	for _, d := range data.Staff.Documents {
		file := exportedFile{DocumentView: d, Of: "–"}
		if card := data.card(d.Item); card != nil {
			file.Of = card.Label
		}
		data.Files = append(data.Files, file)
	}
	return data, nil
}

// UTC writes a moment so that it means the same everywhere and forever.
func (d *exportPage) UTC(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// Seq and Hash are an event's place in the chain.
func (e timelineEntry) Seq() int64 { return e.event.Seq }

// Hash is described at Seq.
func (e timelineEntry) Hash() string { return e.event.Hash }

// State is the case's state after the event.
func (e timelineEntry) State() string { return string(e.event.State) }

// sendExport answers with the case as one file.
func (p *Pages) sendExport(c *gin.Context) error {
	data, err := p.exportPage(c)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	t, err := p.template("export/case")
	if err != nil {
		return err
	}
	if err := t.ExecuteTemplate(&out, "file", p.view(c, data, nil)); err != nil {
		return fmt.Errorf("export a case: %w", err)
	}
	name := "case-" + data.Reference + "-" + data.At.UTC().Format("20060102-1504") + ".html"
	maps.Copy(c.Writer.Header(), storage.DownloadHeader(name, "html"))
	c.Data(http.StatusOK, "text/html; charset=utf-8", out.Bytes())
	return nil
}
