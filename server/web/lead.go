package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/server"
	"regain/server/api"
)

// The lead's page: figures of a period, drawn and as tables, and to take along.

const (
	leadPath = "/staff/lead"
	// weeksFrom is how many days a trend may have until it is drawn by weeks.
	weeksFrom = 93
)

func (p *Pages) registerLead() {
	if p.services.Cases == nil || p.services.Staff == nil {
		return
	}
	readers := []server.Role{server.Lead, server.Auditor}
	limit := server.Limit{N: 600, Per: hour, By: server.ByCaller}
	p.server.Page(server.Route{ID: "lead-page", Method: http.MethodGet, Path: leadPath, Roles: readers, Effect: server.Reads, Limit: limit}, p.showLead)
	p.server.Page(server.Route{ID: "lead-export-page", Method: http.MethodGet, Path: leadPath + "/{table}", Roles: readers, Effect: server.Reads, Limit: limit}, func(c *gin.Context) error {
		return p.figures().Export(c, strings.TrimSuffix(c.Param("table"), ".csv"), c.Query("from"), c.Query("to"))
	})
}

func (p *Pages) figures() api.Figures {
	return api.NewFigures(p.services.Cases, p.services.Staff, p.services.Policies)
}

// leadPage is what the page shows.
type leadPage struct {
	api.StatsView
	// Days is the period's number of days where it is one of the usual ones; 0 otherwise.
	Days int
	// Weekly says that Trend and Steps go by weeks.
	Weekly bool
	Steps  []trendStep

	Backlog                 trend
	OpenByAge, ToDecide, Up bars
	// OpenNow is how many cases are open, Decided how many of the period are decided.
	OpenNow, Decided int
	// Dropped is how many drafts were given up.
	Dropped int
	// Away are those who are away now, the first to be back first, MoreAway how many more
	// there are than these.
	Away     []awayNow
	MoreAway int
}

// awayNow is somebody who is away.
type awayNow struct {
	ID, Name string
	Until    time.Time
}

// away are those who are away now.
func (p *Pages) away(c *gin.Context) ([]awayNow, int, error) {
	ctx := c.Request.Context()
	list, more, err := p.services.Staff.AwayNow(ctx, server.Caller(ctx))
	if err != nil || len(list) == 0 {
		return nil, 0, err
	}
	ids := make([]string, len(list))
	for n, a := range list {
		ids[n] = a.Staff
	}
	names, err := p.services.Staff.StaffNames(ctx, ids)
	away := make([]awayNow, len(list))
	for n, a := range list {
		away[n] = awayNow{ID: a.Staff, Name: names[a.Staff], Until: a.Until}
	}
	return away, more, err
}

// trendStep is a day or a week of the trend.
type trendStep struct {
	First              time.Time
	Filed, Ended, Open int
}

// usualPeriods are offered by one click.
func usualPeriods() []int { return []int{7, 30, 90, 365} }

// Periods are the usual ones.
func (l leadPage) Periods() []int { return usualPeriods() }

// ageClass is a class of age, and the class of its colour.
type ageClass struct{ Name, Class string }

// Ages are the classes of age.
func (l leadPage) Ages() []ageClass {
	colours := []string{"k-age-0", "k-age-1", "k-age-2", "k-age-3", "k-age-4", "k-age-5"}
	var classes []ageClass
	for i := range len(cases.Ages()) + 1 {
		classes = append(classes, ageClass{api.AgeClass(i), colours[i%len(colours)]})
	}
	return classes
}

// CSV is the address of a table to take along.
func (l leadPage) CSV(table string) string {
	return leadPath + "/" + table + ".csv?" + url.Values{"from": {l.From}, "to": {l.To}}.Encode()
}

// FirstDay and LastDay are the ends of the period.
func (l leadPage) FirstDay() time.Time { return dayOf(l.From) }

// LastDay is described at FirstDay.
func (l leadPage) LastDay() time.Time { return dayOf(l.To) }

func dayOf(text string) time.Time {
	t, _ := time.Parse(time.DateOnly, text) // written by the API's own view
	return t
}

func (p *Pages) showLead(c *gin.Context) error {
	from, to, days := c.Query("from"), c.Query("to"), 0
	if n, err := strconv.Atoi(c.Query("days")); err == nil && slices.Contains(usualPeriods(), n) {
		period := cases.LastDays(p.services.Cases.Now(), n)
		from, to = period.From.Format(time.DateOnly), period.To.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	f := NewForm("from", from, "to", to)
	stats, err := p.figures().Of(c.Request.Context(), from, to)
	if err != nil { // what is wrong stands beside the fields, over the figures of the usual period
		usual, usualErr := p.figures().Of(c.Request.Context(), "", "")
		if usualErr != nil {
			return err
		}
		v := p.view(c, nil, f)
		data, usualErr := p.leadPage(v, usual)
		if usualErr != nil {
			return usualErr
		}
		if data.Away, data.MoreAway, usualErr = p.away(c); usualErr != nil {
			return usualErr
		}
		v.Data = data
		return p.refuseView(c, "lead/figures", v, err)
	}
	v := p.view(c, nil, NewForm("from", stats.From, "to", stats.To))
	data, err := p.leadPage(v, stats)
	if err != nil {
		return err
	}
	for _, n := range usualPeriods() {
		if cases.LastDays(p.services.Cases.Now(), n).From.Equal(data.FirstDay()) && len(stats.Days) == n {
			days = n
		}
	}
	data.Days = days
	if data.Away, data.MoreAway, err = p.away(c); err != nil {
		return err
	}
	v.Data = data
	return p.render(c, http.StatusOK, "lead/figures", v)
}

func (p *Pages) leadPage(v *View, s api.StatsView) (*leadPage, error) {
	data := &leadPage{StatsView: s, Decided: s.All.Approved + s.All.Denied}
	for _, o := range s.Open {
		data.OpenNow += o.Total
	}
	for _, d := range s.Dropouts {
		data.Dropped += d.Count
	}
	data.Steps, data.Weekly = stepsOf(s.Days)
	w := &wordy{View: v}
	data.Backlog = data.drawBacklog(w)
	data.OpenByAge = data.drawOpen(w)
	data.ToDecide = data.drawTimes(w)
	data.Up = data.drawDropouts(w)
	return data, w.err
}

// stepsOf are the days, or weeks where there are many; the last week may be short.
func stepsOf(days []api.DayView) (steps []trendStep, weekly bool) {
	each := 1
	if len(days) > weeksFrom {
		each = 7
	}
	for i, d := range days {
		if i%each == 0 {
			steps = append(steps, trendStep{First: dayOf(d.Day)})
		}
		last := &steps[len(steps)-1]
		last.Filed += d.Filed
		last.Ended += d.Ended
		last.Open = d.Open
	}
	return steps, each > 1
}

// wordy speaks the reader's language and keeps the first error.
type wordy struct {
	*View
	err error
}

func (w *wordy) say(key string, args ...any) string {
	s, err := w.T(key, args...)
	if w.err == nil {
		w.err = err
	}
	return s
}

func (l *leadPage) drawBacklog(w *wordy) trend {
	var points []trendPoint
	most := trendStep{}
	for _, s := range l.Steps {
		points = append(points, trendPoint{up: s.Filed, down: s.Ended, line: s.Open, words: writeShortDay(s.First, w.Locale)})
		if s.Open >= most.Open {
			most = s
		}
	}
	c := chart{ID: "backlog", Title: w.say("lead.backlog.title")}
	if n := len(l.Steps); n > 0 {
		c.Desc = w.say("lead.backlog.desc", "first", l.Steps[0].Open, "last", l.Steps[n-1].Open, "most", most.Open, "day", w.Day(most.First))
	}
	return trendOf(c, points)
}

func (l *leadPage) drawOpen(w *wordy) bars {
	var classes []string
	for _, age := range l.Ages() {
		classes = append(classes, age.Class)
	}
	var rows []barValue
	old := 0
	for _, o := range l.Open {
		row := barValue{label: w.say("staff.state." + o.State), value: w.Number(o.Total)}
		for _, age := range l.Ages() {
			row.parts = append(row.parts, float64(o.Ages[age.Name]))
		}
		old += o.Ages["older"]
		rows = append(rows, row)
	}
	return barsOf(chart{ID: "open", Title: w.say("lead.open.title"), Desc: w.say("lead.open.desc", "open", l.OpenNow, "old", old)}, classes, rows)
}

// mostBars is how many situations are drawn; the table has all.
const mostBars = 12

func (l *leadPage) drawTimes(w *wordy) bars {
	var rows []barValue
	for _, s := range l.Scenarios {
		t := s.ToDecision
		if t.Count == 0 || len(rows) == mostBars {
			continue
		}
		rows = append(rows, barValue{
			label: w.scenarioName(s), value: w.Took(t.MedianSeconds) + " – " + w.Took(t.P90Seconds),
			parts: []float64{float64(t.MedianSeconds), float64(t.P90Seconds - t.MedianSeconds)},
		})
	}
	t := l.All.ToDecision
	desc := w.say("lead.times.none")
	if t.Count > 0 {
		desc = w.say("lead.times.desc", "median", w.Took(t.MedianSeconds), "p90", w.Took(t.P90Seconds))
	}
	return barsOf(chart{ID: "times", Title: w.say("lead.times.title"), Desc: desc}, []string{"k-median", "k-p90"}, rows)
}

// scenarioName is empty in the figures of cases whose scenario waits for an answer that a
// reviewer gives.
func (w *wordy) scenarioName(s api.ScenarioFiguresView) string {
	if s.Title != "" {
		return s.Title
	}
	if s.Scenario != "" {
		return s.Scenario
	}
	return w.say("review.no_scenario")
}

func (l *leadPage) drawDropouts(w *wordy) bars {
	var rows []barValue
	most := api.DropoutView{}
	for _, d := range l.Dropouts {
		rows = append(rows, barValue{label: w.say("lead.step." + d.Step), value: w.Number(d.Count), parts: []float64{float64(d.Count)}})
		if d.Count > most.Count {
			most = d
		}
	}
	desc := w.say("lead.dropouts.none")
	if most.Count > 0 {
		desc = w.say("lead.dropouts.desc", "n", l.Dropped, "step", w.say("lead.step."+most.Step), "most", most.Count)
	}
	return barsOf(chart{ID: "dropouts", Title: w.say("lead.dropouts.title"), Desc: desc}, []string{"k-drop"}, rows)
}

// Took writes how long something took, as exactly as people ask: 12 min, 3 h 20 min,
// 2 d 4 h.
func (v *View) Took(seconds int64) string {
	minutes := int((seconds + 30) / 60)
	var s string
	var err error
	switch {
	case seconds > 0 && minutes == 0:
		s, err = v.T("lead.took.moment")
	case minutes < 60:
		s, err = v.T("lead.took.minutes", "m", minutes)
	case minutes < 10*60 && minutes%60 != 0:
		s, err = v.T("lead.took.hours_minutes", "h", minutes/60, "m", minutes%60)
	case minutes < 48*60:
		s, err = v.T("lead.took.hours", "h", (minutes+30)/60)
	case minutes < 10*24*60:
		s, err = v.T("lead.took.days_hours", "d", minutes/(24*60), "h", minutes/60%24)
	default:
		s, err = v.T("lead.took.days", "d", (minutes+12*60)/(24*60))
	}
	if err != nil {
		return strconv.FormatInt(seconds, 10) + " s"
	}
	return s
}

// Rate writes a share in whole percent; a dash when it is one of nothing.
func (v *View) Rate(n, of int) string {
	if of == 0 {
		return "–"
	}
	return strconv.Itoa((n*100+of/2)/of) + "%"
}

// Short writes a day without its year.
func (v *View) Short(at time.Time) string { return writeShortDay(at, v.Locale) }
