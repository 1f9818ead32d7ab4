package cases_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"regain/cases"
	"regain/database"
	"regain/database/databasetest"
	"regain/problem"
)

func (w *world) stats(p cases.Period) *cases.Stats {
	w.t.Helper()
	got, err := w.Stats(w.ctx, lead("lea"), p)
	must(w.t, err)
	return got
}

// TestStatsOfStories: what people did is what is counted, and the columns that it is
// counted from are what the events tell.
func TestStatsOfStories(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva := reviewer("ben"), reviewer("eva")
		approved := w.filed("approved", withCard(0))
		w.clock.move(2 * time.Hour)
		approved.claim(ben)
		w.clock.move(5 * time.Minute)
		approved.accepts(ben)
		w.clock.move(20 * time.Minute)
		_, err := w.Approve(w.ctx, ben, approved.id, 0, "")
		must(t, err)

		returned := w.filed("returned", withCard(0))
		w.clock.move(30 * time.Hour)
		returned.claim(eva)
		item := returned.item("card_front/1")
		_, err = w.Judge(w.ctx, eva, returned.id, item.ID, 0, cases.Judgement{ReasonCode: "unreadable", WordsCustomer: "Please photograph it anew."})
		must(t, err)
		_, err = w.RequestMaterials(w.ctx, eva, returned.id, 0, cases.RequestInput{Asks: []cases.Ask{{Item: item.ID}}, Words: "Once more, please."})
		must(t, err)
		returned.supplies().submit()
		returned.claim(ben)
		_, err = w.Deny(w.ctx, ben, returned.id, 0, cases.Denial{ReasonCode: "not_proven", WordsCustomer: "Not enough."})
		must(t, err)

		w.filed("waiting", withCard(0))
		w.begin("no contact", withCard(0))
		w.begin("no answers", cases.AnswersRaw{}).prove()
		w.begin("nothing supplied", withCard(0)).prove()
		w.begin("all supplied", withCard(0)).prove().supplies()
		w.clock.move(25 * time.Hour) // now they count as given up
		w.begin("fresh", withCard(0))

		got := w.stats(cases.LastDays(w.clock.now(), 7))
		want := cases.CaseFigures{
			Filed: 3, Approved: 1, Denied: 1, SentBack: 1,
			ToLook: cases.Times{N: 2, Median: 2 * time.Hour, P90: 30 * time.Hour}, ToDecision: cases.Times{N: 2, Median: 145 * time.Minute, P90: 30 * time.Hour},
		}
		if got.All != want {
			t.Errorf("all: %+v, want %+v", got.All, want)
		}
		if len(got.Scenarios) != 1 || got.Scenarios[0].Scenario != approved.read().Scenario || got.Scenarios[0].Filed != 3 {
			t.Errorf("scenarios: %+v", got.Scenarios)
		}
		reviewers := map[string]cases.ReviewerFigures{}
		for _, r := range got.Reviewers {
			reviewers[r.StaffID] = r
		}
		accepted := len(approved.items())
		if b, e := reviewers[ben.ID], reviewers[eva.ID]; b != (cases.ReviewerFigures{StaffID: ben.ID, Approvals: 1, Denials: 1, Accepted: accepted}) ||
			e != (cases.ReviewerFigures{StaffID: eva.ID, Rejected: 1}) || got.Reviewers[0].StaffID != ben.ID || len(reviewers) != 2 {
			t.Errorf("reviewers: %+v", got.Reviewers)
		}
		if fmt.Sprint(got.Dropouts) != "[{contact 1} {questions 1} {elsewhere 0} {documents 1} {more 0} {submission 1}]" {
			t.Errorf("dropouts: %v", got.Dropouts)
		}
		if fmt.Sprint(got.Open) != "[{submitted [0 1 0 0 0 0]} {in_review [0 0 0 0 0 0]} {materials_requested [0 0 0 0 0 0]}]" {
			t.Errorf("open: %v", got.Open)
		}
		if days := got.Days[len(got.Days)-3:]; days[0].Filed != 2 || days[0].Ended != 1 || days[0].Open != 1 || days[1].Filed != 1 || days[1].Ended != 1 || days[1].Open != 1 ||
			days[2].Filed != 0 || days[2].Open != 1 || got.Days[0].Open != 0 {
			t.Errorf("days: %+v", got.Days)
		}
		w.wantSound()
	})
}

// TestStatsLeaveOutWhatWasTakenBack: a decision that its reviewer took back counts for
// nobody, and neither does the one that restored what stood before.
func TestStatsLeaveOutWhatWasTakenBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben := reviewer("ben")
		c := w.filed("taken back", withCard(1))
		c.claim(ben)
		front, holder := c.item("card_front/1"), c.item("card_holder_certificate/1")
		judge := func(i *cases.Item, in cases.Judgement) {
			t.Helper()
			_, err := w.Judge(w.ctx, ben, c.id, i.ID, 0, in)
			must(t, err)
		}
		undo := func(i *cases.Item) {
			t.Helper()
			_, err := w.Undo(w.ctx, ben, c.id, i.ID, 0)
			must(t, err)
		}
		want := func(accepted, rejected int) {
			t.Helper()
			var got, wanted []cases.ReviewerFigures
			got = w.stats(cases.LastDays(w.clock.now(), 1)).Reviewers
			if accepted+rejected > 0 {
				wanted = []cases.ReviewerFigures{{StaffID: ben.ID, Accepted: accepted, Rejected: rejected}}
			}
			wantSame(t, "reviewers", got, wanted)
		}
		judge(front, bad())
		want(0, 1)
		undo(front)
		want(0, 0)
		judge(front, bad())
		judge(front, c.good(front))
		want(1, 1)
		undo(front) // the rejection before it stands again, and counts once
		want(0, 1)
		judge(holder, c.good(holder))
		want(1, 1)
		w.wantSound()
	})
}

func TestStatsAreForLeads(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	week := cases.LastDays(w.clock.now(), 7)
	for _, who := range []cases.Actor{reviewer("ben"), {Kind: cases.Customer, ID: "c"}, {Kind: cases.Partner, ID: "i"}} {
		if _, err := w.Stats(w.ctx, who, week); !problem.Is(err, "role_required") {
			t.Errorf("%+v: %v", who, err)
		}
	}
	if _, err := w.Stats(w.ctx, auditor("ada"), week); err != nil {
		t.Error(err)
	}
	day := week.From
	for want, p := range map[string]cases.Period{
		"/to too_early":      {From: day, To: day},
		"/to too_late":       {From: day, To: day.AddDate(0, 0, cases.MostDays+1)},
		"/from invalid_date": {From: day.Add(time.Hour), To: day.AddDate(0, 0, 1)},
	} {
		_, err := w.Stats(w.ctx, lead("lea"), p)
		if found, ok := problem.As(err); !ok || len(found.Fields) != 1 || found.Fields[0].Pointer+" "+found.Fields[0].Code != want {
			t.Errorf("%v: %v, want %s", p, err, want)
		}
	}
}

// scattered fills the table with cases by chance.
func scattered(t *testing.T, w *world, n int) []*cases.Case {
	t.Helper()
	one := w.filed("the copied one", withCard(0)).read()
	r := rand.New(rand.NewPCG(3, 4))
	now := w.clock.now()
	var all []*cases.Case
	for i := range n {
		c := *one
		c.ID, c.Reference, c.AccountKey, c.Open = fmt.Sprintf("s-%d", i), fmt.Sprintf("S-%d", i), fmt.Sprintf("s-%d", i), false
		c.Scenario = []string{"one", "two", "three"}[r.IntN(3)]
		c.State = []cases.State{cases.Submitted, cases.InReview, cases.MaterialsRequested, cases.Approved, cases.Denied, cases.Withdrawn, cases.Expired}[r.IntN(7)]
		filed := now.Add(-time.Duration(r.IntN(40*24*3600)) * time.Second)
		c.FiledAt, c.SentBack, c.Held = &filed, r.IntN(3), c.State == cases.Submitted && r.IntN(5) == 0
		after := func() *time.Time {
			at := filed.Add(time.Duration(r.Int64N(int64(now.Sub(filed)) + 1))).Truncate(time.Microsecond)
			return &at
		}
		c.FirstLookAt, c.EndedAt = nil, nil
		if c.State != cases.Submitted || r.IntN(2) == 0 {
			c.FirstLookAt = after()
		}
		if c.State.Ended() {
			c.EndedAt = after()
		}
		c.Place()
		all = append(all, &c)
	}
	_, err := w.db.NewInsert().Model(&all).Exec(w.ctx)
	must(t, err)
	return append(all, one)
}

// naive counts in another way: each figure by itself, from all cases.
type naive struct {
	all []*cases.Case
	p   cases.Period
}

func (n naive) in(at *time.Time) bool {
	return at != nil && !at.Before(n.p.From) && at.Before(n.p.To)
}

func (n naive) count(keep func(c *cases.Case) bool) int {
	total := 0
	for _, c := range n.all {
		if keep(c) {
			total++
		}
	}
	return total
}

// times is the shortest duration that so many tenths do not exceed.
func (n naive) times(tenths int, of func(c *cases.Case) *time.Time) time.Duration {
	var all []time.Duration
	for _, c := range n.all {
		if at := of(c); n.in(c.FiledAt) && at != nil {
			all = append(all, at.Sub(*c.FiledAt))
		}
	}
	slices.Sort(all)
	for i, d := range all {
		if (i+1)*10 >= tenths*len(all) {
			return d
		}
	}
	return 0
}

// TestStatsByChance compares the figures of periods by chance with a naive count.
func TestStatsByChance(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		all := scattered(t, w, 700)
		r := rand.New(rand.NewPCG(5, 6))
		today := cases.LastDays(w.clock.now(), 1)
		for range 12 {
			to := today.To.AddDate(0, 0, -r.IntN(20))
			p := cases.Period{From: to.AddDate(0, 0, -1-r.IntN(25)), To: to}
			got, n := w.stats(p), naive{all, p}
			verdict := func(c *cases.Case) *time.Time {
				if c.State == cases.Approved || c.State == cases.Denied {
					return c.EndedAt
				}
				return nil
			}
			look := func(c *cases.Case) *time.Time { return c.FirstLookAt }
			want := cases.CaseFigures{
				Filed:    n.count(func(c *cases.Case) bool { return n.in(c.FiledAt) }),
				Approved: n.count(func(c *cases.Case) bool { return n.in(c.FiledAt) && c.State == cases.Approved }),
				Denied:   n.count(func(c *cases.Case) bool { return n.in(c.FiledAt) && c.State == cases.Denied }),
				SentBack: n.count(func(c *cases.Case) bool { return n.in(c.FiledAt) && c.SentBack > 0 }),
				ToLook:   cases.Times{N: n.count(func(c *cases.Case) bool { return n.in(c.FiledAt) && look(c) != nil }), Median: n.times(5, look), P90: n.times(9, look)},
				ToDecision: cases.Times{
					N: n.count(func(c *cases.Case) bool { return n.in(c.FiledAt) && verdict(c) != nil }), Median: n.times(5, verdict), P90: n.times(9, verdict),
				},
			}
			if got.All != want {
				t.Errorf("%v: %+v, want %+v", p, got.All, want)
			}
			sum := 0
			for _, s := range got.Scenarios {
				sum += s.Filed
				if s.Filed != n.count(func(c *cases.Case) bool { return n.in(c.FiledAt) && c.Scenario == s.Scenario }) {
					t.Errorf("%v: %+v", p, s)
				}
			}
			if sum != want.Filed || !slices.IsSortedFunc(got.Scenarios, func(a, b cases.CaseFigures) int { return cmp.Compare(b.Filed, a.Filed) }) {
				t.Errorf("%v: %+v", p, got.Scenarios)
			}
			wantDays(t, got, n)
			wantOpen(t, got, all)
		}
	})
}

func wantDays(t *testing.T, got *cases.Stats, n naive) {
	t.Helper()
	if len(got.Days) != n.p.Days() {
		t.Errorf("%d days of %d", len(got.Days), n.p.Days())
	}
	for _, d := range got.Days {
		day := naive{n.all, cases.Period{From: d.Day, To: d.Day.AddDate(0, 0, 1)}}
		want := cases.DayFigures{
			Day:   d.Day,
			Filed: day.count(func(c *cases.Case) bool { return day.in(c.FiledAt) }),
			Ended: day.count(func(c *cases.Case) bool { return day.in(c.EndedAt) }),
			Open: day.count(func(c *cases.Case) bool {
				return c.FiledAt.Before(day.p.To) && (c.EndedAt == nil || !c.EndedAt.Before(day.p.To))
			}),
		}
		if d != want {
			t.Errorf("%s: %+v, want %+v", d.Day.Format(time.DateOnly), d, want)
		}
	}
}

func wantOpen(t *testing.T, got *cases.Stats, all []*cases.Case) {
	t.Helper()
	for _, o := range got.Open {
		want := make([]int, len(cases.Ages())+1)
		for _, c := range all {
			if c.State != o.State {
				continue
			}
			age, class := got.At.Sub(*c.FiledAt), 0
			for class < len(cases.Ages()) && age >= cases.Ages()[class] {
				class++
			}
			want[class]++
		}
		if !slices.Equal(o.ByAge, want) {
			t.Errorf("%s: %v, want %v", o.State, o.ByAge, want)
		}
	}
}

// history fills the table with n cases, one filed every quarter of an hour back from
// now, of which the older ones have ended.
func history(t *testing.T, w *world, n int) {
	t.Helper()
	one := w.filed("the copied one", withCard(0))
	ago := func(expression string) string {
		if w.db.Dialect() == database.SQLite {
			return "strftime('%Y-%m-%d %H:%M:%S+00:00', '" + w.clock.now().Format(time.DateTime) + "', (-" + expression + ") || ' minutes')"
		}
		return "TIMESTAMPTZ '" + w.clock.now().Format(time.RFC3339) + "' - (" + expression + ") * interval '1 minute'"
	}
	values := map[string]string{
		"id": "'h-' || i", "reference": "'H-' || i", "account_key": "'h-' || i", "open": "FALSE", "filed_at": ago("15 * i"), "created_at": ago("15 * i"),
		"first_look_at": "CASE WHEN i > 20 THEN " + ago("15 * i - 60") + " END", "sent_back": "i % 3",
		"state": "CASE WHEN i > 200 THEN 'approved' ELSE 'submitted' END", "lane": "CASE WHEN i > 200 THEN 4 ELSE 1 END",
		"ended_at": "CASE WHEN i > 200 THEN " + ago("15 * i - 300") + " END", "queue_at": ago("15 * i - 300"),
	}
	var columns, selected []string
	for _, f := range w.db.Table(reflect.TypeFor[cases.Case]()).Fields {
		columns = append(columns, f.Name)
		selected = append(selected, cmp.Or(values[f.Name], "c."+f.Name))
	}
	indexed := unindexed(t, w, "cases")
	insertMany(t, w, n, "INSERT INTO cases ("+strings.Join(columns, ", ")+") SELECT "+strings.Join(selected, ", ")+" FROM n, cases AS c WHERE c.id = ?", one.id)
	indexed()
	w.lay("ANALYZE")
}

// readsAllCases finds a plan that reads the whole table.
var readsAllCases = regexp.MustCompile(`(?i)Seq Scan on cases|^SCAN c$`)

// slowStats says that the figures of a month take longer among many cases.
func slowStats(small, large time.Duration) bool { return large > 3*small+5*time.Millisecond }

// TestStatsOfManyAreQuick: the figures of a month cost what the month holds, whether
// there are a hundred thousand cases or only those of the month.
func TestStatsOfManyAreQuick(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		few := newWorld(t, databasetest.SQLite(t))
		if db.Dialect() == database.Postgres {
			few = newWorld(t, databasetest.Postgres(t))
		}
		w := newWorld(t, db)
		history(t, few, 3000) // a month of them
		history(t, w, many)
		month := cases.LastDays(w.clock.now(), 30)
		if a, b := few.stats(month), w.stats(month); a.All.Filed < 2800 || a.All.Filed != b.All.Filed || a.All.ToLook != b.All.ToLook {
			t.Fatalf("not the same month: %+v, %+v", a.All, b.All)
		}
		h := &heard{}
		w.db.DB = w.db.WithQueryHook(h)
		small, large := fastest(few, w, slowStats, func(w *world) {
			h.queries = nil
			w.stats(month)
		})
		t.Logf("a month among %d cases: %s, alone: %s", many, large, small)
		if slowStats(small, large) {
			t.Errorf("%s among many, %s alone", large, small)
		}
		for _, q := range h.queries {
			if how := plan(t, w, q); readsAllCases.MatchString(how) {
				t.Errorf("%s\n%s", q, how)
			}
		}
		if len(h.queries) < 8 {
			t.Errorf("only %d statements were looked at", len(h.queries))
		}
	})
}
