package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/cases"
	"regain/database"
	"regain/server"
	"regain/server/api"
)

// Who saw which document, by case and by person, to read and to take along.

func (p *Pages) registerLooks(readers []server.Role) {
	add := func(id, path string, limit server.Limit, show func(c *gin.Context) error) {
		p.server.Page(server.Route{ID: id, Method: http.MethodGet, Path: path, Roles: readers, Effect: server.Reads, Limit: limit}, show)
	}
	tables := server.Limit{N: 120, Per: hour, By: server.ByCaller}
	add("audit-case-page", auditCasePath+"/{case}", api.Verifications(), p.showCaseAudit)
	add("audit-case-export-page", auditCasePath+"/{case}/looks.csv", tables, func(c *gin.Context) error { return p.looks().ExportCase(c, c.Param("case")) })
	add("looks-page", looksPath, api.Verifications(), p.showLooks)
	add("looks-export-page", auditPath+"/looks.csv", tables, func(c *gin.Context) error {
		return p.looks().ExportPerson(c, c.Query("person"), c.Query("from"), c.Query("to"))
	})
}

func (p *Pages) looks() api.Looks { return api.NewLooks(p.services.Cases, p.services.Staff) }

// caseAuditPage is the record of one case: what its verification says, and who opened
// its documents.
type caseAuditPage struct {
	api.CaseAuditView
	Reference string
	Documents []api.SeenDocumentView
	Looks     []lookRow
	// Document is the one that is chosen; empty for all.
	Document string
	Next     string
}

// lookRow is a look with who looked and at what.
type lookRow struct {
	api.LookView
	// Who is a name, for members of staff and programs.
	Who string
}

// ByPath is where everything is that the one who looked has opened; empty for others
// than staff and programs.
func (l lookRow) ByPath() string {
	if l.ActorKind != string(cases.Staff) {
		return ""
	}
	return withQuery(looksPath, "person", l.ActorID)
}

// CasePath is where the record of the case is.
func (l lookRow) CasePath() string { return auditCasePath + "/" + l.Case }

func (p *Pages) showCaseAudit(c *gin.Context) error {
	ctx := c.Request.Context()
	before, _ := strconv.ParseInt(c.Query("before"), 10, 64) // from the newest, otherwise
	data := &caseAuditPage{Document: c.Query("document")}
	var err error
	if data.CaseAuditView, err = p.looks().Verify(ctx, c.Param("case")); err != nil {
		return err
	}
	found, err := p.services.Cases.Case(ctx, api.ActorOf(ctx), data.Case)
	if err != nil {
		return err
	}
	data.Reference = found.Reference
	if data.Documents, err = p.looks().Documents(ctx, data.Case); err != nil {
		return err
	}
	if !slices.ContainsFunc(data.Documents, func(d api.SeenDocumentView) bool { return d.ID == data.Document }) {
		data.Document = ""
	}
	looks, people, err := p.looks().Of(ctx, data.Case, cases.LookQuery{Before: max(before, 0), Document: data.Document, Limit: auditShown})
	if err != nil {
		return err
	}
	for _, l := range looks {
		for _, d := range data.Documents {
			if d.ID == l.Document {
				l.Name, l.Version = d.Name, d.Version
			}
		}
		data.Looks = append(data.Looks, lookRow{LookView: l, Who: people[l.ActorID]})
	}
	if len(looks) == auditShown {
		data.Next = data.of(data.Document, looks[len(looks)-1].Event)
	}
	return p.show(c, "staff/audit_case", data)
}

// Only is the page's address with the looks at one document; at all for an empty id.
func (d *caseAuditPage) Only(document string) string { return d.of(document, 0) }

func (d *caseAuditPage) of(document string, before int64) string {
	event := ""
	if before > 0 {
		event = strconv.FormatInt(before, 10)
	}
	return withQuery(auditCasePath+"/"+d.Case, "document", document, "before", event)
}

// looksPage is what one person or program opened in a period.
type looksPage struct {
	// Name is whose looks they are; empty while nobody is chosen.
	Name, Person string
	From, To     string
	Looks        []lookRow
	Next         string
	lookers
}

// CSV is the address of the same as a table to take along.
func (d *looksPage) CSV() string {
	return withQuery(auditPath+"/looks.csv", "person", d.Person, "from", d.From, "to", d.To)
}

func (p *Pages) showLooks(c *gin.Context) error {
	ctx := c.Request.Context()
	data := &looksPage{Person: c.Query("person"), From: c.Query("from"), To: c.Query("to")}
	f := NewForm("person", data.Person, "from", data.From, "to", data.To)
	var err error
	if data.lookers, err = p.lookers(c); err != nil || data.Person == "" {
		return p.showForm(c, "staff/looks", data, f)
	}
	names, err := p.services.Staff.StaffNames(ctx, []string{data.Person})
	if err != nil {
		return err
	}
	data.Name = names[data.Person]
	if data.Name != "" && !slices.ContainsFunc(data.People, func(o Option) bool { return o.Value == data.Person }) {
		data.People = append(data.People, Option{Value: data.Person, Label: data.Name})
	}
	looks, next, err := p.looks().By(ctx, data.Person, data.From, data.To, api.PageQuery{Cursor: c.Query("cursor"), Limit: auditShown})
	if err != nil {
		return p.refuse(c, "staff/looks", data, f, err)
	}
	period, err := api.ReadPeriod(data.From, data.To, p.services.Cases.Now())
	if err != nil {
		return err
	}
	data.From, data.To = period.From.Format(time.DateOnly), period.To.AddDate(0, 0, -1).Format(time.DateOnly)
	for _, l := range looks {
		data.Looks = append(data.Looks, lookRow{LookView: l, Who: data.Name})
	}
	data.Next = pageAfter(looksPath, next, "person", data.Person, "from", data.From, "to", data.To)
	return p.showForm(c, "staff/looks", data, NewForm("person", data.Person, "from", data.From, "to", data.To))
}

// mostLookers bounds how many people there are to choose from. The pages of all lead to what they
// have seen, and those are found by name.
const mostLookers = 500

// lookers are the people and programs whose looks can be asked for, by name.
type lookers struct {
	People []Option
	// MorePeople says that there are more than MostPeople, who are listed.
	MorePeople bool
	MostPeople int
}

func (p *Pages) lookers(c *gin.Context) (lookers, error) {
	out := lookers{MostPeople: mostLookers}
	ctx := c.Request.Context()
	staff, err := p.services.Staff.ListStaff(ctx, "", mostLookers+1)
	if err != nil {
		return out, err
	}
	if out.MorePeople = len(staff) > mostLookers; out.MorePeople {
		staff = staff[:mostLookers]
	}
	for _, s := range staff {
		out.People = append(out.People, Option{Value: s.ID, Label: s.Name + " (" + s.Email + ")"})
	}
	programs, err := p.programs(ctx)
	out.People = append(out.People, programs...)
	slices.SortStableFunc(out.People, func(a, b Option) int { return strings.Compare(a.Label, b.Label) })
	return out, err
}

// programs are those with a key, also with one that is over.
func (p *Pages) programs(ctx context.Context) ([]Option, error) {
	if p.services.Keys == nil {
		return nil, nil
	}
	var options []Option
	for next := ""; ; {
		page, err := database.NewTimePage(database.MaxPageLimit, next)
		if err != nil {
			return nil, err
		}
		var keys []accounts.APIKey
		if keys, next, err = p.services.Keys.APIKeys(ctx, page); err != nil {
			return nil, err
		}
		for _, k := range keys {
			options = append(options, Option{Value: k.ID, Label: k.Name + " (…" + k.Hint + ")"})
		}
		if next == "" {
			return options, nil
		}
	}
}
