package rules

import (
	"time"
	_ "time/tzdata" // a policy means the same on every machine, also where no zones are installed
)

// Calendar says when reviewers work: by it, business days are counted.
type Calendar struct {
	zone *time.Location
	week [7]bool // by time.Weekday
	// from and to are the working hours, as time since the day's beginning.
	from, to time.Duration
	holidays []Holiday
	closed   map[int64]bool // days since 1970 of holidays
}

// Holiday is a day without work.
type Holiday struct {
	Date string `json:"date"` // YYYY-MM-DD
	Name string `json:"name"` // in the policy's language
}

const wholeDay = 24 * time.Hour

// plainCalendar is that of a policy which brings none: Monday to Friday, in UTC.
func plainCalendar() *Calendar {
	c := &Calendar{zone: time.UTC, to: wholeDay}
	for d := time.Monday; d <= time.Friday; d++ {
		c.week[d] = true
	}
	return c
}

// TimeZone is the name of the zone in which the days lie.
func (c *Calendar) TimeZone() string { return c.zone.String() }

// WorkingDays are the days of a week with work, Monday first.
func (c *Calendar) WorkingDays() []time.Weekday {
	var days []time.Weekday
	for n := range 7 {
		if d := time.Weekday((n + 1) % 7); c.week[d] {
			days = append(days, d)
		}
	}
	return days
}

// WorkingHours are the times of day between which there is work; ok is false where
// days count whole.
func (c *Calendar) WorkingHours() (from, to time.Duration, ok bool) {
	return c.from, c.to, c.to-c.from != wholeDay
}

// Holidays are the days without work, in the file's order.
func (c *Calendar) Holidays() []Holiday { return c.holidays }

// After is the moment at which a length of time that begins at from is over. Hours and
// days pass always; business days are working time, of which one has as much as a
// working day.
func (c *Calendar) After(from time.Time, d Duration) time.Time {
	switch d.Unit {
	case Hours:
		return from.Add(time.Duration(d.N) * time.Hour)
	case Days:
		return from.AddDate(0, 0, d.N)
	}
	return c.Extend(from, time.Duration(d.N)*(c.to-c.from), BusinessDays)
}

// Left is how much of the time up to due remains at now, in time that counts for the
// unit; zero or less when none does.
func (c *Calendar) Left(now, due time.Time, unit string) time.Duration {
	if unit != BusinessDays || due.Before(now) {
		return due.Sub(now)
	}
	left := time.Duration(0)
	at, end := c.civil(now), c.civil(due)
	for day := at.Truncate(wholeDay); day.Before(end); day = day.Add(wholeDay) {
		if c.works(day) {
			opens, closes := later(day.Add(c.from), at), earlier(day.Add(c.to), end)
			left += max(0, closes.Sub(opens))
		}
	}
	return left
}

// Extend is when an amount of time, of which the unit says what counts, is over.
func (c *Calendar) Extend(now time.Time, left time.Duration, unit string) time.Time {
	if unit != BusinessDays || left <= 0 {
		return now.Add(left)
	}
	at := c.civil(now)
	for day := at.Truncate(wholeDay); ; day = day.Add(wholeDay) {
		if !c.works(day) {
			continue
		}
		opens := later(day.Add(c.from), at)
		if open := day.Add(c.to).Sub(opens); left <= open {
			return c.moment(opens.Add(left))
		} else if open > 0 {
			left -= open
		}
	}
}

// morning is when a day begins for people where no hours are given.
const morning = 8 * time.Hour

// Opening is when work begins on the first working day that is at least so many days
// after that of a moment.
func (c *Calendar) Opening(from time.Time, days int) time.Time {
	day := c.civil(from).Truncate(wholeDay).AddDate(0, 0, days)
	for !c.works(day) {
		day = day.AddDate(0, 0, 1)
	}
	return c.Morning(day)
}

// NextWeek is when work begins in the week after that of a moment; weeks begin on Monday.
func (c *Calendar) NextWeek(from time.Time) time.Time {
	sinceMonday := (int(c.civil(from).Weekday()) + 6) % 7
	return c.Opening(from, 7-sinceMonday)
}

// Morning is when work begins on a day, or would if there were any.
func (c *Calendar) Morning(day time.Time) time.Time {
	opens := c.from
	if _, _, given := c.WorkingHours(); !given {
		opens = morning
	}
	return c.moment(time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC).Add(opens))
}

// Day is the day, in the calendar's zone, by whose end a moment has come: midnight is
// the end of the day before.
func (c *Calendar) Day(at time.Time) string {
	return c.civil(at).Add(-time.Nanosecond).Format(time.DateOnly)
}

// works reports whether a civil day is one with work.
func (c *Calendar) works(day time.Time) bool {
	return c.week[day.Weekday()] && !c.closed[day.Unix()/secondsOfDay]
}

// civil is what clocks in the zone show, written as if it were UTC: there every day has
// 24 hours, so that a day on which clocks are changed counts like any other.
func (c *Calendar) civil(at time.Time) time.Time {
	local := at.In(c.zone)
	return time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC)
}

// moment is the opposite of civil. An hour that clocks skip is the one after it.
func (c *Calendar) moment(civil time.Time) time.Time {
	return time.Date(civil.Year(), civil.Month(), civil.Day(), civil.Hour(), civil.Minute(), civil.Second(), civil.Nanosecond(), c.zone).UTC()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
