package cases

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"regain/problem"
	"regain/rules"
)

// MostDays bounds the period of figures.
const MostDays = 366

// dropoutAfter is how long a draft rests until it counts as given up.
const dropoutAfter = 24 * time.Hour

// Period is whole days in UTC: From is the beginning of the first, To the end of the
// last.
type Period struct{ From, To time.Time }

// LastDays is the period that ends with today.
func LastDays(now time.Time, n int) Period {
	to := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	return Period{From: to.AddDate(0, 0, -n), To: to}
}

// Days is how many there are.
func (p Period) Days() int { return int(p.To.Sub(p.From) / (24 * time.Hour)) }

func (p Period) check() error {
	day := func(t time.Time) bool { return t.Equal(t.UTC().Truncate(24 * time.Hour)) }
	fault := func(pointer, code, message string) error {
		return problem.InvalidFields([]problem.Field{{Pointer: pointer, Code: code, Message: message}})
	}
	switch {
	case !day(p.From) || !day(p.To) || p.From.Year() < 2000 || p.To.Year() > 2200:
		return fault("/from", "invalid_date", "Give days of the years 2000 to 2200.")
	case !p.From.Before(p.To):
		return fault("/to", "too_early", "The last day can't be before the first.")
	case p.Days() > MostDays:
		return fault("/to", "too_late", fmt.Sprintf("Choose at most %d days.", MostDays))
	}
	return nil
}

// Stats are the figures of a period.
type Stats struct {
	Period Period
	// At is when they were counted.
	At time.Time
	// Open are the open cases as they are at At, by state and age.
	Open []OpenCases
	// Days are what came in and what ended, day by day.
	Days []DayFigures
	// All are the cases filed in the period, Scenarios the same by scenario, largest
	// first.
	All       CaseFigures
	Scenarios []CaseFigures
	// Reviewers are what each did in the period, busiest first.
	Reviewers []ReviewerFigures
	// Dropouts are the drafts begun in the period that were given up, by the step at
	// which they stand, in the order of the steps.
	Dropouts []Dropout
}

// Ages are the upper bounds of the classes of age of open cases; what is older is in
// one more class.
func Ages() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{day, 3 * day, 7 * day, 14 * day, 30 * day}
}

// OpenCases are the open cases of one state.
type OpenCases struct {
	State State
	// ByAge are counts by class of age since filing, see Ages.
	ByAge []int
}

// Total is how many there are.
func (o OpenCases) Total() int {
	n := 0
	for _, count := range o.ByAge {
		n += count
	}
	return n
}

// DayFigures are one day.
type DayFigures struct {
	Day time.Time
	// Filed and Ended are how many were filed and have ended on it, Open how many were
	// open at its end. A case that was denied and appealed counts as open since its filing.
	Filed, Ended, Open int
}

// CaseFigures are about the cases that were filed in a period.
type CaseFigures struct {
	// Policy and Scenario are ids; empty for all.
	Policy, Scenario string
	Filed            int
	// Approved and Denied are decided; SentBack went back to the customer at least once.
	Approved, Denied, SentBack int
	// ToLook and ToDecision are times since filing, of those that got so far.
	ToLook, ToDecision Times
}

// Decided is how many have a decision.
func (f CaseFigures) Decided() int { return f.Approved + f.Denied }

// Times sum up a number of durations.
type Times struct {
	N int
	// Median and P90 are nearest ranks: half, and nine of ten, took no longer.
	Median, P90 time.Duration
}

// ReviewerFigures are what one member of staff, or one program, did. A decision about an
// item that was taken back does not count, and neither does taking it back: they left the
// item as it was.
type ReviewerFigures struct {
	StaffID string
	// Approvals and Denials are of whole cases, Accepted and Rejected of items.
	Approvals, Denials, Accepted, Rejected int
}

func (f ReviewerFigures) work() int { return f.Approvals + f.Denials + f.Accepted + f.Rejected }

// Step is how far a draft came.
type Step string

// The steps, in their order.
const (
	StepContact    Step = "contact"    // no contact was proved
	StepQuestions  Step = "questions"  // the answers settle nothing yet
	StepElsewhere  Step = "elsewhere"  // the answer was another way than this one
	StepDocuments  Step = "documents"  // nothing was supplied
	StepMore       Step = "more"       // something is missing
	StepSubmission Step = "submission" // all was there, and it was not handed in
)

// Steps are all, in their order.
func Steps() []Step {
	return []Step{StepContact, StepQuestions, StepElsewhere, StepDocuments, StepMore, StepSubmission}
}

// Dropout is how many gave up at a step.
type Dropout struct {
	Step Step
	N    int
}

// Stats counts a period. For leads and auditors. Errors: role_required,
// invalid_fields with pointers "/from" and "/to".
func (s *Service) Stats(ctx context.Context, actor Actor, p Period) (*Stats, error) {
	if !actor.Has(RoleLead, RoleAuditor) {
		return nil, errFiguresRole()
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	out := &Stats{Period: p, At: s.now()}
	filed := []*filedCase{}
	err := s.db.From(ctx).NewSelect().Model(&filed).Where("c.filed_at IS NOT NULL").
		Where("c.filed_at >= ?", p.From).Where("c.filed_at < ?", p.To).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the cases of a period: %w", err)
	}
	out.All, out.Scenarios = figuresOf(filed)
	for _, count := range []func(context.Context, *Stats, []*filedCase) error{s.countOpen, s.countDays, s.countReviewers, s.countDropouts} {
		if err := count(ctx, out, filed); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// filedCase is what figures are counted from.
type filedCase struct {
	bun.BaseModel `bun:"table:cases,alias:c"`

	Policy      string     `bun:"policy"`
	Scenario    string     `bun:"scenario"`
	State       State      `bun:"state"`
	FiledAt     time.Time  `bun:"filed_at"`
	FirstLookAt *time.Time `bun:"first_look_at"`
	EndedAt     *time.Time `bun:"ended_at"`
	SentBack    int        `bun:"sent_back"`
}

// decided says how a case was decided; empty while it is not.
func (c *filedCase) decided() State {
	switch c.State {
	case Draft, Submitted, InReview, MaterialsRequested, Withdrawn, Expired:
		return ""
	case Denied:
		return Denied
	}
	return Approved
}

// figuresOf sums the cases up, together and by scenario.
func figuresOf(filed []*filedCase) (CaseFigures, []CaseFigures) {
	type scenario struct{ policy, id string }
	by := map[scenario][]*filedCase{}
	for _, c := range filed {
		of := scenario{c.Policy, c.Scenario}
		by[of] = append(by[of], c)
	}
	var scenarios []CaseFigures
	for of, some := range by {
		f := figures(some)
		f.Policy, f.Scenario = of.policy, of.id
		scenarios = append(scenarios, f)
	}
	slices.SortFunc(scenarios, func(a, b CaseFigures) int {
		return cmp.Or(cmp.Compare(b.Filed, a.Filed), cmp.Compare(a.Policy, b.Policy), cmp.Compare(a.Scenario, b.Scenario))
	})
	return figures(filed), scenarios
}

func figures(filed []*filedCase) CaseFigures {
	f := CaseFigures{Filed: len(filed)}
	var looks, decisions []time.Duration
	for _, c := range filed {
		if c.SentBack > 0 {
			f.SentBack++
		}
		if c.FirstLookAt != nil {
			looks = append(looks, c.FirstLookAt.Sub(c.FiledAt))
		}
		verdict := c.decided()
		if verdict == "" {
			continue
		}
		if verdict == Approved {
			f.Approved++
		} else {
			f.Denied++
		}
		if c.EndedAt != nil {
			decisions = append(decisions, c.EndedAt.Sub(c.FiledAt))
		}
	}
	f.ToLook, f.ToDecision = timesOf(looks), timesOf(decisions)
	return f
}

func timesOf(durations []time.Duration) Times {
	if len(durations) == 0 {
		return Times{}
	}
	slices.Sort(durations)
	rank := func(of10 int) time.Duration { return durations[(len(durations)*of10+9)/10-1] }
	return Times{N: len(durations), Median: rank(5), P90: rank(9)}
}

// looks says that whoever does this has begun to review the case. A look at a document
// is quiet and may come from an auditor, and giving a case to somebody is no look at it.
func looks(action Action) bool {
	return slices.Contains([]Action{actClaim, actCorrect, actJudge, actRequest, actApprovePart, actApprove, actDeny}, action)
}

// countOpen counts by state and age.
func (s *Service) countOpen(ctx context.Context, out *Stats, _ []*filedCase) error {
	q := s.db.From(ctx).NewSelect().Model((*filedCase)(nil)).Column("state").
		Where("c.lane IN (?, ?, ?)", laneReview, laneCustomer, laneHeld).Group("c.state")
	ages := Ages()
	for i := range len(ages) + 1 {
		later, earlier := out.At, time.Time{}
		if i > 0 {
			later = out.At.Add(-ages[i-1])
		}
		if i < len(ages) {
			earlier = out.At.Add(-ages[i])
		}
		// Filed later than now by a clock that is ahead: as young as can be.
		if i == 0 {
			q = q.ColumnExpr("SUM(CASE WHEN c.filed_at > ? THEN 1 ELSE 0 END) AS age0", earlier)
			continue
		}
		q = q.ColumnExpr("SUM(CASE WHEN c.filed_at > ? AND c.filed_at <= ? THEN 1 ELSE 0 END) AS age?", earlier, later, i)
	}
	var rows []struct {
		State                              State
		Age0, Age1, Age2, Age3, Age4, Age5 int
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return fmt.Errorf("count open cases: %w", err)
	}
	for _, state := range []State{Submitted, InReview, MaterialsRequested} {
		open := OpenCases{State: state, ByAge: make([]int, len(ages)+1)}
		for _, r := range rows {
			if r.State == state {
				open.ByAge = []int{r.Age0, r.Age1, r.Age2, r.Age3, r.Age4, r.Age5}
			}
		}
		out.Open = append(out.Open, open)
	}
	return nil
}

// countDays counts forth what came and went, and back from today how many were open.
func (s *Service) countDays(ctx context.Context, out *Stats, filed []*filedCase) error {
	p := out.Period
	days := make([]DayFigures, p.Days())
	for i := range days {
		days[i].Day = p.From.AddDate(0, 0, i)
	}
	on := func(at time.Time) *DayFigures { return &days[int(at.Sub(p.From)/(24*time.Hour))] }
	for _, c := range filed {
		on(c.FiledAt).Filed++
	}
	ended := []time.Time{}
	err := s.db.From(ctx).NewSelect().Model((*filedCase)(nil)).Column("queue_at").Where("c.lane = ?", laneEnded).
		Where("c.queue_at >= ?", p.From).Where("c.queue_at < ?", p.To).Scan(ctx, &ended)
	if err != nil {
		return fmt.Errorf("read what ended in a period: %w", err)
	}
	for _, at := range ended {
		on(at).Ended++
	}
	open := 0
	for _, o := range out.Open {
		open += o.Total()
	}
	since, err := s.countSince(ctx, p.To)
	if err != nil {
		return err
	}
	open -= since
	for i := len(days) - 1; i >= 0; i-- {
		days[i].Open = max(open, 0)
		open += days[i].Ended - days[i].Filed
	}
	out.Days = days
	return nil
}

// countSince is by how many the open cases have become more since a moment.
func (s *Service) countSince(ctx context.Context, at time.Time) (int, error) {
	filed, err := s.db.From(ctx).NewSelect().Model((*filedCase)(nil)).Where("c.filed_at IS NOT NULL").Where("c.filed_at >= ?", at).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count what was filed since: %w", err)
	}
	ended, err := s.db.From(ctx).NewSelect().Model((*filedCase)(nil)).Where("c.lane = ?", laneEnded).Where("c.queue_at >= ?", at).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count what ended since: %w", err)
	}
	return int(filed - ended), nil
}

// keptDecisions leaves out the decisions about items that were taken back, and those that
// took them back.
func keptDecisions(q *bun.SelectQuery) *bun.SelectQuery {
	return q.Where("idec.undoes = ''").
		Where("NOT EXISTS (SELECT 1 FROM item_decisions AS undo WHERE undo.undoes = idec.id AND undo.undoes <> '')")
}

func everyDecision(q *bun.SelectQuery) *bun.SelectQuery { return q }

// countReviewers counts decisions by who made them.
func (s *Service) countReviewers(ctx context.Context, out *Stats, _ []*filedCase) error {
	by := map[string]*ReviewerFigures{}
	for _, of := range []struct {
		model any
		kept  func(q *bun.SelectQuery) *bun.SelectQuery
		add   func(f *ReviewerFigures, verdict string, n int)
	}{
		{(*CaseDecision)(nil), everyDecision, func(f *ReviewerFigures, verdict string, n int) {
			if verdict == string(Approved) {
				f.Approvals += n
			} else {
				f.Denials += n
			}
		}},
		{(*ItemDecision)(nil), keptDecisions, func(f *ReviewerFigures, verdict string, n int) {
			switch verdict {
			case string(Accepted):
				f.Accepted += n
			case string(Rejected):
				f.Rejected += n
			}
		}},
	} {
		var rows []struct {
			StaffID, Verdict string
			N                int
		}
		q := s.db.From(ctx).NewSelect().Model(of.model).Column("staff_id", "verdict").ColumnExpr("count(*) AS n").
			Where("decided_at >= ?", out.Period.From).Where("decided_at < ?", out.Period.To).Group("staff_id", "verdict")
		err := of.kept(q).Scan(ctx, &rows)
		if err != nil {
			return fmt.Errorf("count decisions: %w", err)
		}
		for _, r := range rows {
			if by[r.StaffID] == nil {
				by[r.StaffID] = &ReviewerFigures{StaffID: r.StaffID}
			}
			of.add(by[r.StaffID], r.Verdict, r.N)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(by)) {
		out.Reviewers = append(out.Reviewers, *by[id])
	}
	slices.SortStableFunc(out.Reviewers, func(a, b ReviewerFigures) int { return cmp.Compare(b.work(), a.work()) })
	return nil
}

// countDropouts counts drafts that were given up by how far they came.
func (s *Service) countDropouts(ctx context.Context, out *Stats, _ []*filedCase) error {
	var rows []Dropout
	supplied := "(SELECT 1 FROM items i WHERE i.case_id = c.id AND i.retired = FALSE AND i.supply <> 'missing')"
	missing := "(SELECT 1 FROM items i WHERE i.case_id = c.id AND i.retired = FALSE AND i.optional = FALSE AND i.supply = 'missing')"
	err := s.db.From(ctx).NewSelect().Model((*filedCase)(nil)).
		ColumnExpr("CASE WHEN c.new_email_verified IS NULL AND c.new_phone_verified IS NULL THEN ? WHEN c.outcome = '' THEN ? WHEN c.outcome <> ? THEN ? "+
			"WHEN NOT EXISTS "+supplied+" THEN ? WHEN EXISTS "+missing+" THEN ? ELSE ? END AS step",
			StepContact, StepQuestions, rules.Collect, StepElsewhere, StepDocuments, StepMore, StepSubmission).
		ColumnExpr("count(*) AS n").Where("c.filed_at IS NULL").
		Where("c.created_at >= ?", out.Period.From).Where("c.created_at < ?", out.Period.To).
		Where("c.state IN (?, ?) OR c.updated_at <= ?", Expired, Withdrawn, out.At.Add(-dropoutAfter)).
		GroupExpr("step").Scan(ctx, &rows)
	if err != nil {
		return fmt.Errorf("count drafts: %w", err)
	}
	for _, step := range Steps() {
		d := Dropout{Step: step}
		for _, r := range rows {
			if r.Step == step {
				d.N = r.N
			}
		}
		out.Dropouts = append(out.Dropouts, d)
	}
	return nil
}

// exportPage is how many cases an export reads at a time.
const exportPage = 1000

// ExportCases gives every case that was filed in the period, oldest first, a page at a
// time. For leads and auditors. Errors: as those of Stats, and what each returns.
func (s *Service) ExportCases(ctx context.Context, actor Actor, p Period, each func([]*Case) error) error {
	if !actor.Has(RoleLead, RoleAuditor) {
		return errFiguresRole()
	}
	if err := p.check(); err != nil {
		return err
	}
	from, after := p.From, ""
	for {
		page := []*Case{}
		err := s.db.From(ctx).NewSelect().Model(&page).Where("c.filed_at IS NOT NULL").Where("c.filed_at >= ?", from).Where("c.filed_at < ?", p.To).
			Where("(c.filed_at, c.id) > (?, ?)", from, after).Order("c.filed_at", "c.id").Limit(exportPage).Scan(ctx)
		if err != nil {
			return fmt.Errorf("read the cases of a period: %w", err)
		}
		if err := each(page); err != nil {
			return err
		}
		if len(page) < exportPage {
			return nil
		}
		from, after = *page[len(page)-1].FiledAt, page[len(page)-1].ID
	}
}

func errFiguresRole() error {
	return problem.New(problem.Forbidden, "role_required", "Figures are for leads and auditors.")
}
