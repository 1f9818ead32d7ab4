package rules_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"regain/rules"
)

// calendarOf compiles a policy with a calendar, given as YAML below its key.
func calendarOf(t *testing.T, lines ...string) *rules.Calendar {
	t.Helper()
	text := "policy: calendar\nedition: \"1\"\nlanguage: en\n"
	if len(lines) > 0 {
		text += "calendar:\n  " + strings.Join(lines, "\n  ") + "\n"
	}
	text += "facts:\n  lost:\n    ask: Is it lost?\n    type: bool\n" +
		"scenarios:\n  a: {title: A, when: lost, self_service: x}\n  b: {title: B, otherwise: true, self_service: x}\n"
	p, err := rules.Compile(rules.Bundle{Name: "calendar.yaml", Base: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return p.Calendar()
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

var (
	office   = []string{"time_zone: America/Sao_Paulo", "working_hours: 09:00-18:00", "holidays: {2026-12-25: Natal, 2026-12-24: Véspera}"}
	emirates = []string{"time_zone: Asia/Dubai", "working_days: [sunday, monday, tuesday, wednesday, thursday]"}
	berlin   = []string{"time_zone: Europe/Berlin"}
)

func TestBusinessDays(t *testing.T) {
	days := func(n int) rules.Duration { return rules.Duration{N: n, Unit: rules.BusinessDays} }
	for _, test := range []struct {
		name     string
		calendar []string
		from     string
		length   rules.Duration
		want     string
	}{
		{"over a weekend", nil, "2026-03-06T09:30:00Z", days(2), "2026-03-10T09:30:00Z"}, // a Friday
		{"from a weekend", nil, "2026-03-07T15:00:00Z", days(1), "2026-03-10T00:00:00Z"}, // the whole Monday
		{"many weeks", nil, "2026-03-02T09:00:00Z", days(20), "2026-03-30T09:00:00Z"},
		{"hours pass always", office, "2026-12-24T20:00:00Z", rules.Duration{N: 5, Unit: rules.Hours}, "2026-12-25T01:00:00Z"},
		{"days pass always", office, "2026-12-24T20:00:00Z", rules.Duration{N: 2, Unit: rules.Days}, "2026-12-26T20:00:00Z"},
		{"within a day's hours", office, "2026-12-21T13:00:00Z", days(1), "2026-12-22T13:00:00Z"}, // Monday 10:00 there
		{"over holidays and a weekend", office, "2026-12-23T13:00:00Z", days(2), "2026-12-29T13:00:00Z"},
		{"before work begins", office, "2026-12-21T03:00:00Z", days(1), "2026-12-21T21:00:00Z"},
		{"after work has ended", office, "2026-12-21T23:00:00Z", days(1), "2026-12-22T21:00:00Z"},
		{"another week", emirates, "2026-03-05T12:00:00Z", days(1), "2026-03-08T12:00:00Z"}, // Thursday, then Sunday
		{"the day begins elsewhere", emirates, "2026-03-04T21:00:00Z", days(1), "2026-03-07T21:00:00Z"},
		{"over the change of clocks", berlin, "2026-03-27T09:00:00Z", days(1), "2026-03-30T08:00:00Z"}, // ten o'clock both days
	} {
		c := calendarOf(t, test.calendar...)
		if got := c.After(moment(t, test.from), test.length); !got.Equal(moment(t, test.want)) {
			t.Errorf("%s: %s, want %s", test.name, got.UTC().Format(time.RFC3339), test.want)
		}
	}
}

// TestCalendarAgainstCounting counts working minutes one by one.
func TestCalendarAgainstCounting(t *testing.T) {
	for name, lines := range map[string][]string{"plain": nil, "office": office, "emirates": emirates, "berlin": berlin} {
		c := calendarOf(t, lines...)
		zone, err := time.LoadLocation(c.TimeZone())
		if err != nil {
			t.Fatal(err)
		}
		from, to, _ := c.WorkingHours()
		working := func(at time.Time) bool {
			local := at.In(zone)
			for _, h := range c.Holidays() {
				if local.Format(time.DateOnly) == h.Date {
					return false
				}
			}
			since := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
			for _, d := range c.WorkingDays() {
				if d == local.Weekday() {
					return since >= from && since < to
				}
			}
			return false
		}
		random := rand.New(rand.NewPCG(1, 2))
		begin := time.Date(2026, 12, 18, 0, 0, 0, 0, time.UTC) // no clocks change in these weeks
		for range 200 {
			now := begin.Add(time.Duration(random.IntN(14*24*60)) * time.Minute)
			due := now.Add(time.Duration(random.IntN(9*24*60)) * time.Minute)
			counted := time.Duration(0)
			for at := now; at.Before(due); at = at.Add(time.Minute) {
				if working(at) {
					counted += time.Minute
				}
			}
			if left := c.Left(now, due, rules.BusinessDays); left != counted {
				t.Fatalf("%s: %s to %s has %s, counted %s", name, now, due, left, counted)
			}
			if counted == 0 {
				continue
			}
			// Time that is put aside and taken up again, whenever, is the same amount.
			resumed := now.Add(time.Duration(random.IntN(9*24*60)) * time.Minute)
			end := c.Extend(resumed, counted, rules.BusinessDays)
			if again := c.Left(resumed, end, rules.BusinessDays); again != counted {
				t.Fatalf("%s: %s put aside, %s taken up at %s", name, counted, again, resumed)
			}
		}
	}
}

func TestCalendarSaysWhatItIs(t *testing.T) {
	c := calendarOf(t, append([]string{"working_days: [saturday, monday]"}, office...)...)
	from, to, hours := c.WorkingHours()
	got := fmt.Sprint(c.TimeZone(), " ", c.WorkingDays(), " ", from, to, " ", hours, " ", c.Holidays())
	if want := "America/Sao_Paulo [Monday Saturday] 9h0m0s 18h0m0s true [{2026-12-25 Natal} {2026-12-24 Véspera}]"; got != want {
		t.Errorf("got %s", got)
	}
	plain := calendarOf(t)
	_, _, hours = plain.WorkingHours()
	if got := fmt.Sprint(plain.TimeZone(), " ", plain.WorkingDays(), " ", hours, " ", len(plain.Holidays())); got != "UTC [Monday Tuesday Wednesday Thursday Friday] false 0" {
		t.Errorf("without a calendar: %s", got)
	}
	for at, want := range map[string]string{"2026-03-11T00:00:00Z": "2026-03-10", "2026-03-11T00:00:01Z": "2026-03-11"} {
		if got := plain.Day(moment(t, at)); got != want {
			t.Errorf("the day of %s is %s, want %s", at, got, want)
		}
	}
	if got := c.Day(moment(t, "2026-03-11T02:00:00Z")); got != "2026-03-10" {
		t.Errorf("in São Paulo it is %s", got)
	}
	if left := plain.Left(moment(t, "2026-03-09T10:00:00Z"), moment(t, "2026-03-06T10:00:00Z"), rules.BusinessDays); left > 0 {
		t.Errorf("what is late has %s left", left)
	}
}
