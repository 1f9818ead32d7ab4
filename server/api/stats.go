package api

import (
	"context"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/cases"
	"regain/problem"
	"regain/server"
)

const (
	statsPath = "/api/v1/stats"
	tagStats  = "Figures"
)

// DefaultDays is how many days figures are of where no period is named.
const DefaultDays = 30

// StatsView are the figures of a period.
type StatsView struct {
	From      string                `json:"from" format:"date" example:"2026-11-01" doc:"The first day, in UTC."`
	To        string                `json:"to" format:"date" example:"2026-11-30" doc:"The last day."`
	At        time.Time             `json:"at" doc:"When they were counted."`
	Open      []OpenView            `json:"open" doc:"The open cases as they are now, by state and by age since filing."`
	Days      []DayView             `json:"days" doc:"What came in and what ended, day by day."`
	All       CaseFiguresView       `json:"all" doc:"About the cases that were filed in the period."`
	Scenarios []ScenarioFiguresView `json:"scenarios" doc:"The same by scenario, largest first."`
	Reviewers []ReviewerFiguresView `json:"reviewers" doc:"What each did in the period, busiest first."`
	Dropouts  []DropoutView         `json:"dropouts" doc:"Drafts begun in the period that ended unfiled or rest for a day, by how far they came."`
	People    People                `json:"people" doc:"The names of the reviewers, by id."`
}

// OpenView are the open cases of one state.
type OpenView struct {
	State string         `json:"state" enum:"submitted,in_review,materials_requested"`
	Total int            `json:"total"`
	Ages  map[string]int `json:"ages" example:"{\"1d\":4,\"3d\":2,\"7d\":0,\"14d\":0,\"30d\":1,\"older\":0}" doc:"How many are younger than so many days, and not in the class before."`
}

// DayView is one day.
type DayView struct {
	Day   string `json:"day" format:"date"`
	Filed int    `json:"filed"`
	Ended int    `json:"ended"`
	Open  int    `json:"open" doc:"How many were open at its end."`
}

// CaseFiguresView are about the cases that were filed in a period.
type CaseFiguresView struct {
	Filed      int       `json:"filed"`
	Approved   int       `json:"approved"`
	Denied     int       `json:"denied"`
	SentBack   int       `json:"sent_back" doc:"How many went back to their customer for more at least once."`
	ToLook     TimesView `json:"to_look" doc:"From filing until a reviewer first took the case."`
	ToDecision TimesView `json:"to_decision" doc:"From filing until the decision."`
}

// ScenarioFiguresView is CaseFiguresView of one scenario.
type ScenarioFiguresView struct {
	Policy   string `json:"policy"`
	Scenario string `json:"scenario"`
	Title    string `json:"title,omitempty" doc:"In the language that was asked for; absent when the policy has it no more."`
	CaseFiguresView
}

// TimesView sums up a number of durations.
type TimesView struct {
	Count         int   `json:"count"`
	MedianSeconds int64 `json:"median_seconds"`
	P90Seconds    int64 `json:"p90_seconds" doc:"Nine of ten took no longer."`
}

// ReviewerFiguresView is what one member of staff, or one program, did.
type ReviewerFiguresView struct {
	ID            string `json:"id"`
	Approvals     int    `json:"approvals"`
	Denials       int    `json:"denials"`
	ItemsAccepted int    `json:"items_accepted"`
	ItemsRejected int    `json:"items_rejected"`
}

// DropoutView is how many gave up at a step.
type DropoutView struct {
	Step  string `json:"step" enum:"contact,questions,elsewhere,documents,more,submission" doc:"contact: none was proved. questions: the answers settle nothing yet. elsewhere: another way was the answer. documents: nothing was supplied. more: something is missing. submission: all was there."`
	Count int    `json:"count"`
}

// PeriodQuery is embedded where figures of a period are asked for.
type PeriodQuery struct {
	From string `query:"from" format:"date" maxLength:"10" example:"2026-11-01" doc:"The first day, in UTC; 29 days before the last when absent."`
	To   string `query:"to" format:"date" maxLength:"10" example:"2026-11-30" doc:"The last day; today when absent. At most 366 days in all."`
}

type statsIn struct {
	InLanguage
	PeriodQuery
}

type statsOut struct{ Body StatsView }

// ReadPeriod reads the first and the last day of a period; where both are empty it is
// the latest DefaultDays.
func ReadPeriod(from, to string, now time.Time) (cases.Period, error) {
	p := cases.LastDays(now, DefaultDays)
	var fields []problem.Field
	day := func(pointer, text string) time.Time {
		t, err := time.Parse(time.DateOnly, text)
		if err != nil {
			fields = append(fields, problem.Field{Pointer: pointer, Code: "invalid_date", Message: "Give a day such as 2026-11-30."})
		}
		return t
	}
	if to != "" {
		p.To = day("/to", to).AddDate(0, 0, 1)
		p.From = p.To.AddDate(0, 0, -DefaultDays)
	}
	if from != "" {
		p.From = day("/from", from)
	}
	return p, problem.InvalidFields(fields)
}

func registerStats(s *server.Server, services Services) {
	a := NewFigures(services.Cases, services.Staff, services.Policies)
	roles := []server.Role{server.Lead, server.Auditor}
	server.JSON(s, server.Route{
		ID: "show-stats", Method: get, Path: statsPath, Roles: roles, Scope: accounts.ScopeExport, Effect: server.Reads, Tag: tagStats,
		Limit:   server.Limit{N: 600, Per: hour, By: server.ByCaller},
		Summary: "Figures of a period: open cases, times, rework, where customers give up",
	}, func(ctx context.Context, in *statsIn) (*statsOut, error) {
		view, err := a.Of(ctx, in.From, in.To)
		return &statsOut{Body: view}, err
	})
	s.Raw(server.Route{
		ID: "export-stats", Method: get, Path: statsPath + "/{table}", Roles: roles, Scope: accounts.ScopeExport, Effect: server.Reads, Tag: tagStats,
		Limit:       server.Limit{N: 120, Per: hour, By: server.ByCaller},
		Summary:     "One table of the figures as CSV, or the cases themselves",
		Description: "UTF-8 with a byte order mark, and no cell that a spreadsheet takes for a formula. The table cases has a line for each case filed in the period.",
		Describe:    describeExport,
	}, func(c *gin.Context) error {
		return a.Export(c, c.Param("table"), c.Query("from"), c.Query("to"))
	})
}

// Figures show figures to programs and pages alike.
type Figures struct {
	api      caseAPI
	policies Policies
}

// NewFigures makes figures of the service's cases.
func NewFigures(service *cases.Service, staff Staff, policies Policies) Figures {
	return Figures{api: caseAPI{cases: service, staff: staff}, policies: policies}
}

// Of are the figures of a period; see ReadPeriod.
func (a Figures) Of(ctx context.Context, from, to string) (StatsView, error) {
	period, err := ReadPeriod(from, to, a.api.cases.Now())
	if err != nil {
		return StatsView{}, err
	}
	stats, err := a.api.cases.Stats(ctx, actorOf(ctx), period)
	if err != nil {
		return StatsView{}, err
	}
	return a.view(ctx, stats)
}

func (a Figures) view(ctx context.Context, s *cases.Stats) (StatsView, error) {
	v := StatsView{
		From: s.Period.From.Format(time.DateOnly), To: s.Period.To.AddDate(0, 0, -1).Format(time.DateOnly), At: s.At, All: figuresView(s.All),
		Open: []OpenView{}, Days: []DayView{}, Scenarios: []ScenarioFiguresView{}, Reviewers: []ReviewerFiguresView{}, Dropouts: []DropoutView{},
	}
	for _, o := range s.Open {
		open := OpenView{State: string(o.State), Total: o.Total(), Ages: map[string]int{}}
		for i, n := range o.ByAge {
			open.Ages[AgeClass(i)] = n
		}
		v.Open = append(v.Open, open)
	}
	for _, d := range s.Days {
		v.Days = append(v.Days, DayView{Day: d.Day.Format(time.DateOnly), Filed: d.Filed, Ended: d.Ended, Open: d.Open})
	}
	for _, f := range s.Scenarios {
		v.Scenarios = append(v.Scenarios, ScenarioFiguresView{Policy: f.Policy, Scenario: f.Scenario, Title: a.title(ctx, f.Policy, f.Scenario), CaseFiguresView: figuresView(f)})
	}
	var ids []string
	for _, r := range s.Reviewers {
		v.Reviewers = append(v.Reviewers, ReviewerFiguresView{ID: r.StaffID, Approvals: r.Approvals, Denials: r.Denials, ItemsAccepted: r.Accepted, ItemsRejected: r.Rejected})
		ids = append(ids, r.StaffID)
	}
	for _, d := range s.Dropouts {
		v.Dropouts = append(v.Dropouts, DropoutView{Step: string(d.Step), Count: d.N})
	}
	var err error
	v.People, err = a.api.people(ctx, ids)
	return v, err
}

// title is the scenario's in the policy as it is now.
func (a Figures) title(ctx context.Context, policy, scenario string) string {
	p, err := a.policies.Current(policy)
	if err != nil || p.Scenario(scenario) == nil {
		return ""
	}
	return p.Scenario(scenario).Title.In(server.Locale(ctx))
}

// AgeClass is the name of a class of age: the days that it is younger than.
func AgeClass(i int) string {
	if ages := cases.Ages(); i < len(ages) {
		return fmt.Sprintf("%dd", int(ages[i].Hours())/24)
	}
	return "older"
}

func figuresView(f cases.CaseFigures) CaseFiguresView {
	return CaseFiguresView{Filed: f.Filed, Approved: f.Approved, Denied: f.Denied, SentBack: f.SentBack, ToLook: timesView(f.ToLook), ToDecision: timesView(f.ToDecision)}
}

func timesView(t cases.Times) TimesView {
	return TimesView{Count: t.N, MedianSeconds: int64(t.Median.Seconds()), P90Seconds: int64(t.P90.Seconds())}
}
