package api

import (
	"context"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/cases"
	"regain/server"
)

// LookView is one opening of a document.
type LookView struct {
	Case      string    `json:"case"`
	Reference string    `json:"reference,omitempty" doc:"The case's, where looks of several cases are listed."`
	Event     int64     `json:"event" doc:"The number of the case's event that says so."`
	At        time.Time `json:"at"`
	ActorKind string    `json:"actor_kind" enum:"customer,partner,staff"`
	ActorID   string    `json:"actor_id" doc:"A member of staff, an API key, the invitation of a partner, or the case for its customer."`
	Document  string    `json:"document"`
	Name      string    `json:"name,omitempty" example:"letter.pdf" doc:"The file's name, where looks of several cases are listed."`
	Version   int       `json:"version,omitempty"`
	SHA256    string    `json:"sha256" doc:"Of what was in the document when it was opened."`
}

// SeenDocumentView is a version of a file with how often it was opened.
type SeenDocumentView struct {
	ID      string     `json:"id"`
	Item    string     `json:"item"`
	Name    string     `json:"name"`
	Version int        `json:"version"`
	State   string     `json:"state" enum:"current,replaced,removed"`
	Looks   int        `json:"looks"`
	People  int        `json:"people" doc:"How many different ones opened it."`
	Last    *time.Time `json:"last,omitempty" doc:"When somebody last did; absent when nobody has."`
}

type looksIn struct {
	CasePath
	Document string `query:"document" maxLength:"64" doc:"Only this one."`
	Before   int64  `query:"before" minimum:"0" doc:"The event that the page before ended with."`
	Limit    int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type looksOut struct {
	Body struct {
		Documents []SeenDocumentView `json:"documents" doc:"All of the case's, oldest first."`
		Looks     []LookView         `json:"looks" doc:"Newest first."`
		People    People             `json:"people" doc:"The names of members of staff and API keys, by id."`
		Next      string             `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

type looksByIn struct {
	PageQuery
	PeriodQuery
	Person string `path:"person" maxLength:"80" doc:"The id of a member of staff or of an API key."`
}

type looksByOut struct {
	Body struct {
		Looks  []LookView `json:"looks" doc:"Newest first."`
		People People     `json:"people"`
		Next   string     `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

const (
	caseLooksPath   = auditPath + "/cases/{case}/looks"
	personLooksPath = auditPath + "/people/{person}/looks"
)

// registerLooks adds who saw which document, by case and by person, to read and to take
// along.
func (a caseAPI) registerLooks() {
	route := func(id, path, summary, description string) server.Route {
		return server.Route{
			ID: id, Method: get, Path: path, Roles: auditors(), Scope: accounts.ScopeExport, Effect: server.Reads, Tag: tagAudit, Limit: Verifications(),
			Summary: summary, Description: description,
		}
	}
	server.JSON(a.server, route("list-looks", caseLooksPath, "Who saw which document of a case",
		"Every opening of a document is an event of its case. The whole can be had as CSV, at looks.csv."), a.caseLooks)
	server.JSON(a.server, route("list-looks-by", personLooksPath, "Which documents one person or program saw in a period", "The whole can be had as CSV, at looks.csv."), a.personLooks)
	const safe = "UTF-8 with a byte order mark, and no cell that a spreadsheet takes for a formula."
	table := func(r server.Route, describe func(op *huma.Operation)) server.Route {
		r.Limit = server.Limit{N: 120, Per: hour, By: server.ByCaller}
		r.Describe = func(op *huma.Operation) {
			describe(op)
			describeSheet(op)
		}
		return r
	}
	a.server.Raw(table(route("export-looks", caseLooksPath+".csv", "Who saw which document of a case, as CSV", safe), func(*huma.Operation) {}),
		func(c *gin.Context) error { return a.exportLooks(c, c.Param("case")) })
	a.server.Raw(table(route("export-looks-by", personLooksPath+".csv", "Which documents one person or program saw, as CSV", safe), describePeriod),
		func(c *gin.Context) error {
			return a.exportLooksBy(c, c.Param("person"), c.Query("from"), c.Query("to"))
		})
}

func describePeriod(op *huma.Operation) {
	for _, name := range []string{"from", "to"} {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "query", Description: "As of the figures.", Schema: &huma.Schema{Type: "string", Format: "date"}})
	}
}

func (a caseAPI) caseLooks(ctx context.Context, in *looksIn) (*looksOut, error) {
	out := &looksOut{}
	var err error
	out.Body.Documents, err = a.seenDocuments(ctx, in.Case)
	if err != nil {
		return nil, err
	}
	out.Body.Looks, out.Body.People, err = a.looksOf(ctx, in.Case, cases.LookQuery{Before: in.Before, Document: in.Document, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	if looks := out.Body.Looks; len(looks) == in.Limit {
		out.Body.Next = nextPage(auditPath+"/cases/"+in.Case+"/looks", map[string]any{"before": looks[len(looks)-1].Event, "limit": in.Limit, "document": in.Document})
	}
	return out, nil
}

func (a caseAPI) looksOf(ctx context.Context, id string, in cases.LookQuery) ([]LookView, People, error) {
	looks, err := a.cases.Looks(ctx, actorOf(ctx), id, in)
	if err != nil {
		return nil, nil, err
	}
	views := make([]LookView, 0, len(looks))
	for _, l := range looks {
		views = append(views, lookView(l))
	}
	people, err := a.people(ctx, lookers(views))
	return views, people, err
}

func (a caseAPI) seenDocuments(ctx context.Context, id string) ([]SeenDocumentView, error) {
	seen, err := a.cases.SeenDocuments(ctx, actorOf(ctx), id)
	views := make([]SeenDocumentView, 0, len(seen))
	for _, d := range seen {
		views = append(views, SeenDocumentView{
			ID: d.ID, Item: d.ItemID, Name: d.Name, Version: d.Version, State: string(d.State), Looks: d.Looks, People: d.People, Last: utc(d.Last),
		})
	}
	return views, err
}

func (a caseAPI) personLooks(ctx context.Context, in *looksByIn) (*looksByOut, error) {
	list, next, err := a.looksBy(ctx, in.Person, in.From, in.To, in.PageQuery)
	if err != nil {
		return nil, err
	}
	out := &looksByOut{}
	out.Body.Looks, out.Body.Next = list, in.next(auditPath+"/people/"+in.Person+"/looks", next, map[string]any{"from": in.From, "to": in.To})
	out.Body.People, err = a.people(ctx, []string{in.Person})
	return out, err
}

func (a caseAPI) looksBy(ctx context.Context, person, from, to string, in PageQuery) ([]LookView, string, error) {
	period, err := ReadPeriod(from, to, a.cases.Now())
	if err != nil {
		return nil, "", err
	}
	page, err := in.page()
	if err != nil {
		return nil, "", err
	}
	looks, next, err := a.cases.LooksBy(ctx, actorOf(ctx), person, period, page)
	views := make([]LookView, 0, len(looks))
	for _, l := range looks {
		views = append(views, seenLookView(l))
	}
	return views, next, err
}

func lookView(l cases.Look) LookView {
	return LookView{Case: l.CaseID, Event: l.Seq, At: l.At, ActorKind: string(l.ActorKind), ActorID: l.ActorID, Document: l.Document, SHA256: l.SHA256}
}

func seenLookView(l *cases.SeenLook) LookView {
	view := lookView(l.Look)
	view.Reference, view.Name, view.Version = l.Reference, l.Name, l.Version
	return view
}

// lookers are the ids of the members of staff and programs among those who looked.
func lookers(looks []LookView) []string {
	var ids []string
	for _, l := range looks {
		if l.ActorKind == string(cases.Staff) {
			ids = append(ids, l.ActorID)
		}
	}
	return ids
}

// lookSheet writes looks as they are read. Nothing is written before the first are there,
// so that a refusal can still be answered.
func (a caseAPI) lookSheet(c *gin.Context, name string) func([]*cases.SeenLook) error {
	var out *sheet
	return func(looks []*cases.SeenLook) (err error) {
		views := make([]LookView, 0, len(looks))
		for _, l := range looks {
			views = append(views, seenLookView(l))
		}
		people, err := a.people(c.Request.Context(), lookers(views))
		if err != nil {
			return err
		}
		if out == nil {
			beginSheet(c, name)
			if out, err = newSheet(c.Writer, "at", "who", "name", "id", "reference", "case", "event", "file", "version", "document", "sha256"); err != nil {
				return err
			}
		}
		for _, l := range views {
			err := out.row(l.At.Format(time.RFC3339), l.ActorKind, people[l.ActorID], l.ActorID, l.Reference, l.Case, strconv.FormatInt(l.Event, 10), l.Name, strconv.Itoa(l.Version), l.Document, l.SHA256)
			if err != nil {
				return err
			}
		}
		return out.end()
	}
}

func (a caseAPI) exportLooks(c *gin.Context, id string) error {
	ctx := c.Request.Context()
	return a.cases.ExportLooks(ctx, actorOf(ctx), id, a.lookSheet(c, "regain-looks-"+id+".csv"))
}

func (a caseAPI) exportLooksBy(c *gin.Context, person, from, to string) error {
	ctx := c.Request.Context()
	period, err := ReadPeriod(from, to, a.cases.Now())
	if err != nil {
		return err
	}
	name := "regain-looks-" + period.From.Format(time.DateOnly) + "-" + period.To.AddDate(0, 0, -1).Format(time.DateOnly) + ".csv"
	return a.cases.ExportLooksBy(ctx, actorOf(ctx), person, period, a.lookSheet(c, name))
}

// Looks show who saw what, and whether records are sound, to the pages as to programs.
type Looks struct{ api caseAPI }

// NewLooks makes them of the service's cases.
func NewLooks(service *cases.Service, staff Staff) Looks {
	return Looks{api: caseAPI{cases: service, staff: staff}}
}

// Verify verifies the record of one case.
func (l Looks) Verify(ctx context.Context, id string) (CaseAuditView, error) {
	return l.api.caseAudit(ctx, id)
}

// Documents are a case's, with how often each was opened.
func (l Looks) Documents(ctx context.Context, id string) ([]SeenDocumentView, error) {
	return l.api.seenDocuments(ctx, id)
}

// Of are the looks at a case's documents, with the names of members of staff.
func (l Looks) Of(ctx context.Context, id string, in cases.LookQuery) ([]LookView, People, error) {
	return l.api.looksOf(ctx, id, in)
}

// By are the looks of one person in a period, and the cursor of the next page.
func (l Looks) By(ctx context.Context, person, from, to string, in PageQuery) ([]LookView, string, error) {
	return l.api.looksBy(ctx, person, from, to, in)
}

// ExportCase answers with all looks at a case's documents, ExportPerson with those of one
// person in a period.
func (l Looks) ExportCase(c *gin.Context, id string) error { return l.api.exportLooks(c, id) }

// ExportPerson is described at ExportCase.
func (l Looks) ExportPerson(c *gin.Context, person, from, to string) error {
	return l.api.exportLooksBy(c, person, from, to)
}
