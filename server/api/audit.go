package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"regain/accounts"
	"regain/cases"
	"regain/server"
)

const (
	auditPath     = "/api/v1/audit"
	auditRunsPath = auditPath + "/runs"
	tagAudit      = "Audit"
)

// AuditRunView is a verification of the records of all cases.
type AuditRunView struct {
	ID         string     `json:"id"`
	State      string     `json:"state" enum:"running,done,stopped"`
	StartedBy  string     `json:"started_by" doc:"The id of a member of staff or of an API key."`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
	StoppedBy  string     `json:"stopped_by,omitempty"`
	Total      int64      `json:"total" doc:"How many cases there were at its beginning."`
	Cases      int64      `json:"cases" doc:"How many are verified."`
	Events     int64      `json:"events" doc:"How many events of theirs."`
	Findings   int64      `json:"findings" doc:"How many faults there are; none when all is sound."`
	Percent    int        `json:"percent" minimum:"0" maximum:"100"`
}

// FindingView is something in a record that should not be.
type FindingView struct {
	Number    int64  `json:"number,omitempty" doc:"In the run, from 1."`
	Case      string `json:"case,omitempty" doc:"Absent when it is in the record of staff."`
	Reference string `json:"reference,omitempty" doc:"The case's; absent when it was never filed."`
	Event     int64  `json:"event,omitempty" doc:"The number of the event, or of the line in the record of staff; absent when it concerns the whole."`
	Code      string `json:"code" example:"altered"`
	Detail    string `json:"detail" example:"the event's content does not match its hash"`
}

// CaseAuditView is what the verification of one case's record says.
type CaseAuditView struct {
	Case     string        `json:"case"`
	At       time.Time     `json:"at"`
	Sound    bool          `json:"sound"`
	Events   int           `json:"events" doc:"How many were verified."`
	Findings []FindingView `json:"findings"`
}

// AuditRunPath is embedded where the path names a verification.
type AuditRunPath struct {
	Run string `path:"run" maxLength:"64"`
}

type auditRunOut struct{ Body AuditRunView }

type auditRunsOut struct {
	Body struct {
		Runs   []AuditRunView `json:"runs" doc:"Newest first."`
		People People         `json:"people" doc:"The names of those who began or stopped them, by id."`
		Next   string         `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

type findingsIn struct {
	AuditRunPath
	After int64 `query:"after" minimum:"0" doc:"The number of the last finding of the page before."`
	Limit int   `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type findingsOut struct {
	Body struct {
		Findings []FindingView `json:"findings" doc:"In the order in which they were found; the first thousand of a run."`
		Next     string        `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

type caseAuditOut struct{ Body CaseAuditView }

// auditors are who verifies records, and reads who saw what.
func auditors() []server.Role { return []server.Role{server.Lead, server.Auditor} }

func registerAudit(s *server.Server, services Services) {
	a := caseAPI{server: s, cases: services.Cases, staff: services.Staff}
	a.registerAuditRuns()
	a.registerLooks()
	server.JSON(s, server.Route{
		ID: "verify-case", Method: get, Path: auditPath + "/cases/{case}", Roles: auditors(), Scope: accounts.ScopeExport, Effect: server.Reads, Tag: tagAudit, Limit: Verifications(),
		Summary:     "Verify the record of one case",
		Description: "What regain audit verify checks: the chain of its events is whole and unaltered, each step was allowed, each change has its event, the items are those that its policy asks for, and what is approved was settled.",
	}, func(ctx context.Context, in *struct{ CasePath }) (*caseAuditOut, error) {
		view, err := a.caseAudit(ctx, in.Case)
		return &caseAuditOut{Body: view}, err
	})
}

// AccountRecords verifies the record of staff and the organisations, for cases.Options.
func AccountRecords(people *accounts.Service) func(ctx context.Context) ([]cases.AuditFinding, error) {
	return func(ctx context.Context) ([]cases.AuditFinding, error) {
		findings := []cases.AuditFinding{}
		add := func(of string, wrong []accounts.RecordFinding) {
			for _, f := range wrong {
				findings = append(findings, cases.AuditFinding{Seq: f.Seq, Code: of + f.Code, Detail: f.Detail})
			}
		}
		_, wrong, err := people.VerifyStaffChanges(ctx)
		add("staff_", wrong)
		if err != nil {
			return findings, err
		}
		wrong, err = people.VerifyOrganisations(ctx)
		add("organisation_", wrong)
		return findings, err
	}
}

// Verifications is the limit on verifying single cases.
func Verifications() server.Limit { return server.Limit{N: 600, Per: hour, By: server.ByCaller} }

func (a caseAPI) registerAuditRuns() {
	route := func(id, method, path string, effect server.Effect, summary, description string) server.Route {
		return server.Route{ID: id, Method: method, Path: path, Roles: auditors(), Scope: accounts.ScopeExport, Effect: effect, Tag: tagAudit, Summary: summary, Description: description}
	}
	start := route("start-audit", post, auditRunsPath, server.Changes, "Verify the records of all cases, and that of staff",
		"In the background, a batch of cases at a time, one verification at once; it goes on where it was when a server ends meanwhile. Read the run for how far it is.")
	start.Status = http.StatusAccepted
	server.JSON(a.server, start, func(ctx context.Context, _ *struct{}) (*auditRunOut, error) {
		run, err := a.cases.StartAudit(ctx, actorOf(ctx))
		if err != nil {
			return nil, err
		}
		return &auditRunOut{Body: auditRunView(run)}, nil
	})
	server.JSON(a.server, route("list-audits", get, auditRunsPath, server.Reads, "The verifications of all records, with their results", ""), a.auditRuns)
	server.JSON(a.server, route("show-audit", get, auditRunsPath+"/{run}", server.Reads, "One verification, and how far it is", ""),
		func(ctx context.Context, in *AuditRunPath) (*auditRunOut, error) { return a.auditRun(ctx, in.Run) })
	server.JSON(a.server, route("stop-audit", post, auditRunsPath+"/{run}/stop", server.Changes, "Stop a verification", "What it found is kept. To verify the rest, begin anew."),
		func(ctx context.Context, in *AuditRunPath) (*auditRunOut, error) {
			if err := a.cases.StopAudit(ctx, actorOf(ctx), in.Run); err != nil {
				return nil, err
			}
			return a.auditRun(ctx, in.Run)
		})
	server.JSON(a.server, route("list-findings", get, auditRunsPath+"/{run}/findings", server.Reads, "What a verification found", ""), a.findings)
}

func (a caseAPI) auditRuns(ctx context.Context, in *PageQuery) (*auditRunsOut, error) {
	list, next, err := a.auditRunPage(ctx, *in)
	if err != nil {
		return nil, err
	}
	out := &auditRunsOut{}
	out.Body.Runs, out.Body.Next = list, in.next(auditRunsPath, next, nil)
	var by []string
	for _, r := range list {
		by = append(by, r.StartedBy, r.StoppedBy)
	}
	out.Body.People, err = a.people(ctx, by)
	return out, err
}

func (a caseAPI) auditRunPage(ctx context.Context, in PageQuery) ([]AuditRunView, string, error) {
	page, err := in.page()
	if err != nil {
		return nil, "", err
	}
	list, next, err := a.cases.AuditRuns(ctx, actorOf(ctx), page)
	views := make([]AuditRunView, 0, len(list))
	for _, r := range list {
		views = append(views, auditRunView(r))
	}
	return views, next, err
}

func (a caseAPI) auditRun(ctx context.Context, id string) (*auditRunOut, error) {
	run, err := a.cases.AuditRun(ctx, actorOf(ctx), id)
	if err != nil {
		return nil, err
	}
	return &auditRunOut{Body: auditRunView(run)}, nil
}

func (a caseAPI) findings(ctx context.Context, in *findingsIn) (*findingsOut, error) {
	list, err := a.cases.AuditFindings(ctx, actorOf(ctx), in.Run, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &findingsOut{}
	out.Body.Findings = keptFindingViews(list)
	if len(list) == in.Limit {
		out.Body.Next = nextPage(fmt.Sprintf("%s/%s/findings", auditRunsPath, in.Run), map[string]any{"after": list[len(list)-1].Number, "limit": in.Limit})
	}
	return out, nil
}

func keptFindingViews(list []*cases.KeptFinding) []FindingView {
	views := make([]FindingView, 0, len(list))
	for _, f := range list {
		views = append(views, findingView(f.Finding()))
		views[len(views)-1].Number, views[len(views)-1].Reference = f.Number, f.Reference
	}
	return views
}

func findingView(f cases.AuditFinding) FindingView {
	return FindingView{Case: f.CaseID, Event: f.Seq, Code: f.Code, Detail: f.Detail}
}

func auditRunView(r *cases.AuditRun) AuditRunView {
	return AuditRunView{
		ID: r.ID, State: string(r.State), StartedBy: r.StartedBy, StartedAt: r.StartedAt.UTC(), FinishedAt: utc(r.FinishedAt), StoppedBy: r.StoppedBy,
		Total: r.Total, Cases: r.Cases, Events: r.Events, Findings: r.Findings, Percent: r.Percent(),
	}
}

func (a caseAPI) caseAudit(ctx context.Context, id string) (CaseAuditView, error) {
	report, err := a.cases.VerifyCase(ctx, actorOf(ctx), id)
	if err != nil {
		return CaseAuditView{}, err
	}
	view := CaseAuditView{Case: id, At: a.cases.Now(), Sound: len(report.Findings) == 0, Events: report.Events, Findings: []FindingView{}}
	for _, f := range report.Findings {
		view.Findings = append(view.Findings, findingView(f))
	}
	return view, nil
}
