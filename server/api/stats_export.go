package api

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/storage"
)

// Tables are those that can be exported.
func Tables() []string {
	return []string{"open", "days", "scenarios", "reviewers", "dropouts", "cases"}
}

func describeExport(op *huma.Operation) {
	for _, p := range op.Parameters {
		if p.Name == "table" {
			p.Schema.Enum = []any{}
			for _, t := range Tables() {
				p.Schema.Enum = append(p.Schema.Enum, t)
			}
		}
	}
	describePeriod(op)
	describeSheet(op)
}

func describeSheet(op *huma.Operation) {
	op.Responses["200"] = &huma.Response{Description: "The table", Content: map[string]*huma.MediaType{"text/csv": {}}}
}

// Export answers with a table. What goes wrong once the answer has begun ends it.
func (a Figures) Export(c *gin.Context, table, from, to string) error {
	ctx := c.Request.Context()
	period, err := ReadPeriod(from, to, a.api.cases.Now())
	if err != nil {
		return err
	}
	if table == "cases" {
		return a.exportCases(c, period)
	}
	write := map[string]func(io.Writer, StatsView) error{
		"open": writeOpen, "days": writeDays, "scenarios": writeScenarios, "reviewers": writeReviewers, "dropouts": writeDropouts,
	}[table]
	if write == nil {
		return problem.New(problem.NotFound, "table_not_found", "There is no such table.")
	}
	stats, err := a.api.cases.Stats(ctx, actorOf(ctx), period)
	if err != nil {
		return err
	}
	view, err := a.view(ctx, stats)
	if err != nil {
		return err
	}
	beginDownload(c, table, period)
	return write(c.Writer, view)
}

func beginDownload(c *gin.Context, table string, p cases.Period) {
	beginSheet(c, fmt.Sprintf("regain-%s-%s-%s.csv", table, p.From.Format(time.DateOnly), p.To.AddDate(0, 0, -1).Format(time.DateOnly)))
}

// beginSheet begins to answer with a file of the name.
func beginSheet(c *gin.Context, name string) {
	maps.Copy(c.Writer.Header(), storage.DownloadHeader(name, "csv"))
	c.Writer.Header().Set("Content-Type", "text/csv; charset=utf-8")
	c.Status(http.StatusOK)
}

// exportCases writes a line for each case as they are read.
func (a Figures) exportCases(c *gin.Context, period cases.Period) error {
	var out *sheet
	begin := func() (err error) {
		if out == nil {
			beginDownload(c, "cases", period)
			out, err = newSheet(c.Writer, "reference", "id", "policy", "scenario", "state", "account", "round", "filed_at", "first_look_at", "ended_at", "sent_back", "approvals_needed")
		}
		return err
	}
	err := a.api.cases.ExportCases(c.Request.Context(), actorOf(c.Request.Context()), period, func(page []*cases.Case) error {
		if err := begin(); err != nil {
			return err
		}
		for _, k := range page {
			err := out.row(k.Reference, k.ID, k.Policy, k.Scenario, string(k.State), k.Account, strconv.Itoa(k.Round), moment(k.FiledAt), moment(k.FirstLookAt), moment(k.EndedAt),
				strconv.Itoa(k.SentBack), strconv.Itoa(k.ApprovalsNeeded))
			if err != nil {
				return err
			}
		}
		return out.end()
	})
	return err
}

func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func writeOpen(w io.Writer, v StatsView) error {
	columns := []string{"state", "total"}
	for i := range len(cases.Ages()) + 1 {
		columns = append(columns, AgeClass(i))
	}
	return writeSheet(w, columns, v.Open, func(o OpenView) []string {
		cells := []string{o.State, strconv.Itoa(o.Total)}
		for i := range len(cases.Ages()) + 1 {
			cells = append(cells, strconv.Itoa(o.Ages[AgeClass(i)]))
		}
		return cells
	})
}

func writeDays(w io.Writer, v StatsView) error {
	return writeSheet(w, []string{"day", "filed", "ended", "open"}, v.Days, func(d DayView) []string {
		return []string{d.Day, strconv.Itoa(d.Filed), strconv.Itoa(d.Ended), strconv.Itoa(d.Open)}
	})
}

func writeScenarios(w io.Writer, v StatsView) error {
	columns := []string{"policy", "scenario", "title", "filed", "approved", "denied", "sent_back", "to_look_median_s", "to_look_p90_s", "to_decision_median_s", "to_decision_p90_s"}
	all := append([]ScenarioFiguresView{{CaseFiguresView: v.All}}, v.Scenarios...)
	return writeSheet(w, columns, all, func(s ScenarioFiguresView) []string {
		return []string{
			s.Policy, s.Scenario, s.Title, strconv.Itoa(s.Filed), strconv.Itoa(s.Approved), strconv.Itoa(s.Denied), strconv.Itoa(s.SentBack),
			seconds(s.ToLook.Count, s.ToLook.MedianSeconds), seconds(s.ToLook.Count, s.ToLook.P90Seconds),
			seconds(s.ToDecision.Count, s.ToDecision.MedianSeconds), seconds(s.ToDecision.Count, s.ToDecision.P90Seconds),
		}
	})
}

// seconds is empty where there was nothing to measure.
func seconds(n int, s int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(s, 10)
}

func writeReviewers(w io.Writer, v StatsView) error {
	return writeSheet(w, []string{"id", "name", "approvals", "denials", "items_accepted", "items_rejected"}, v.Reviewers, func(r ReviewerFiguresView) []string {
		return []string{r.ID, v.People[r.ID], strconv.Itoa(r.Approvals), strconv.Itoa(r.Denials), strconv.Itoa(r.ItemsAccepted), strconv.Itoa(r.ItemsRejected)}
	})
}

func writeDropouts(w io.Writer, v StatsView) error {
	return writeSheet(w, []string{"step", "count"}, v.Dropouts, func(d DropoutView) []string { return []string{d.Step, strconv.Itoa(d.Count)} })
}

func writeSheet[T any](w io.Writer, columns []string, rows []T, cells func(T) []string) error {
	out, err := newSheet(w, columns...)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := out.row(cells(r)...); err != nil {
			return err
		}
	}
	return out.end()
}
