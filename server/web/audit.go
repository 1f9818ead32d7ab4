package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

// The auditor's pages: verify the records of all cases, or of one, and see who opened
// which document.

const (
	auditPath     = "/staff/audit"
	auditRunsPath = auditPath + "/runs"
	auditCasePath = auditPath + "/cases"
	looksPath     = auditPath + "/looks"
	// auditShown is how many runs, findings and looks a page shows.
	auditShown = 25
)

func (p *Pages) registerAudit() {
	if p.services.Cases == nil || p.services.Staff == nil {
		return
	}
	readers := []server.Role{server.Lead, server.Auditor}
	p.getAs("audit-page", auditPath, readers, p.showAudit)
	p.post("start-audit-page", auditRunsPath, readers, server.Changes, p.startAudit)
	p.getAs("audit-run-page", auditRunsPath+"/{run}", readers, p.showAuditRun)
	p.post("stop-audit-page", auditRunsPath+"/{run}/stop", readers, server.Changes, p.stopAudit)
	p.post("find-audit-page", auditPath+"/find", readers, server.Reads, p.findAudit)
	p.registerLooks(readers)
}

// auditPage is where verifications begin and what came of them.
type auditPage struct {
	// Newest is the run that was begun last; nil before the first.
	Newest *auditRunRow
	Runs   []auditRunRow
	// Next is the address of the next page; empty at the end.
	Next string
	// Those to choose from, to see what they opened.
	lookers
}

// auditRunRow is a run with the names of those who began and stopped it.
type auditRunRow struct {
	api.AuditRunView
	By, Ended string
}

// Path is where its page is.
func (r auditRunRow) Path() string { return auditRunsPath + "/" + url.PathEscape(r.ID) }

// Over says that it does not go on.
func (r auditRunRow) Over() bool { return r.State != string(cases.AuditRunning) }

// auditRunPage is a run with what it found.
type auditRunPage struct {
	auditRunRow
	List []api.FindingView
	// Kept is how many findings are kept at most.
	Kept int64
	Next string
}

// Running says that a run goes on: one at a time does, and no other is begun after it.
func (a *auditPage) Running() bool { return a.Newest != nil && !a.Newest.Over() }

// Progress is the run whose progress a page shows, also when it is over, so that a page
// that looks for news is told of its end.
func (a *auditPage) Progress() *auditRunRow { return a.Newest }

// Progress is described at auditPage's.
func (r *auditRunPage) Progress() *auditRunRow { return &r.auditRunRow }

// Int is a count as plural forms are chosen by.
func (v *View) Int(n int64) int { return int(n) }

// FindingWords says what kind of fault a finding is.
func (v *View) FindingWords(code string) (string, error) {
	return v.T("audit.kind." + findingKind(code))
}

// findingKind puts the codes of findings into kinds that a person tells apart.
func findingKind(code string) string {
	kinds := map[string][]string{
		"chain":    {"gap", "broken_link", "altered", "truncated", "wrong_head"},
		"step":     {"illegal_transition", "wrong_round", "wrong_state"},
		"missing":  {"row_without_event", "event_without_row", "told_twice", "altered_row"},
		"items":    {"item_not_asked", "item_differs", "item_missing", "wrong_outcome", "answers_refused", "policy_unreadable"},
		"decision": {"review_without_decision", "accepted_nothing", "accepted_another", "approved_unsettled", "approvals_missing", "undoes_nothing", "wrong_approvals"},
		"account":  {"account_open_twice", "wrong_turn"},
		"unread":   {"case_unreadable", "unreadable"},
		"staff":    {"staff_missing", "staff_altered", "staff_cut"},
	}
	for kind, codes := range kinds {
		if slices.Contains(codes, code) {
			return kind
		}
	}
	return "row"
}

func (p *Pages) showAudit(c *gin.Context) error {
	data, err := p.auditPage(c, c.Query("cursor"))
	if err != nil {
		return err
	}
	return p.show(c, "staff/audit", data)
}

func (p *Pages) auditPage(c *gin.Context, cursor string) (*auditPage, error) {
	ctx := c.Request.Context()
	list, next, err := p.views.AuditRuns(ctx, api.PageQuery{Cursor: cursor, Limit: auditShown})
	if err != nil {
		return nil, err
	}
	rows, err := p.auditRows(c, list)
	if err != nil {
		return nil, err
	}
	data := &auditPage{Runs: rows}
	if data.Newest, err = p.newestAudit(c, rows, cursor); err != nil {
		return nil, err
	}
	data.Next = pageAfter(auditPath, next)
	data.lookers, err = p.lookers(c)
	return data, err
}

// newestAudit is the first of the first page of runs.
func (p *Pages) newestAudit(c *gin.Context, rows []auditRunRow, cursor string) (*auditRunRow, error) {
	if cursor != "" {
		list, _, err := p.views.AuditRuns(c.Request.Context(), api.PageQuery{Limit: 1})
		if err != nil {
			return nil, err
		}
		if rows, err = p.auditRows(c, list); err != nil {
			return nil, err
		}
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return &rows[0], nil
}

func (p *Pages) auditRows(c *gin.Context, list []api.AuditRunView) ([]auditRunRow, error) {
	var by []string
	for _, r := range list {
		by = append(by, r.StartedBy, r.StoppedBy)
	}
	names, err := p.services.Staff.StaffNames(c.Request.Context(), by)
	var rows []auditRunRow
	for _, r := range list {
		rows = append(rows, auditRunRow{AuditRunView: r, By: names[r.StartedBy], Ended: names[r.StoppedBy]})
	}
	return rows, err
}

func (p *Pages) startAudit(c *gin.Context) error {
	ctx := c.Request.Context()
	_, err := p.services.Cases.StartAudit(ctx, api.ActorOf(ctx))
	if err != nil && !problem.Is(err, "audit_running") { // somebody was faster: that was the wish
		return err
	}
	return p.seeOther(c, auditPath)
}

func (p *Pages) stopAudit(c *gin.Context) error {
	ctx := c.Request.Context()
	err := p.services.Cases.StopAudit(ctx, api.ActorOf(ctx), c.Param("run"))
	if err != nil && !problem.Is(err, "audit_over") {
		return err
	}
	return p.seeOther(c, auditRunsPath+"/"+url.PathEscape(c.Param("run")))
}

func (p *Pages) showAuditRun(c *gin.Context) error {
	ctx := c.Request.Context()
	after, _ := strconv.ParseInt(c.Query("after"), 10, 64) // from the beginning, otherwise
	run, findings, err := p.views.AuditRun(ctx, c.Param("run"), max(after, 0), auditShown)
	if err != nil {
		return err
	}
	rows, err := p.auditRows(c, []api.AuditRunView{run})
	if err != nil {
		return err
	}
	data := &auditRunPage{auditRunRow: rows[0], List: findings, Kept: cases.MostFindings}
	if len(findings) == auditShown {
		data.Next = data.Path() + "?after=" + strconv.FormatInt(findings[len(findings)-1].Number, 10)
	}
	return p.show(c, "staff/audit_run", data)
}

// findAudit leads to the record of a case by its reference.
func (p *Pages) findAudit(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	found, err := p.services.Cases.ByReference(ctx, api.ActorOf(ctx), f.Get("reference"))
	if err == nil {
		return p.seeOther(c, auditCasePath+"/"+found.ID)
	}
	if !problem.Is(err, "case_not_found") {
		return err
	}
	data, err := p.auditPage(c, "")
	if err != nil {
		return err
	}
	v := p.view(c, data, f)
	v.Here = auditPath
	message, err := v.T("audit.no_case")
	if err != nil {
		return err
	}
	f.Errors = append(f.Errors, FieldError{Name: "reference", Code: "case_not_found", Message: message})
	return p.render(c, http.StatusUnprocessableEntity, "staff/audit", v)
}
