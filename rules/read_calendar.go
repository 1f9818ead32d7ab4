package rules

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// weekdays are the words for days, Sunday first, as time.Weekday counts.
var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// readCalendar reads the calendar; what it does not say is as in plainCalendar.
func (r *reader) readCalendar(top *mapping) *Calendar {
	c := plainCalendar()
	n := top.get("calendar")
	if n == nil {
		return c
	}
	m := r.doc.mapping(n, "calendar")
	if m == nil {
		return c
	}
	if n := m.get("time_zone"); n != nil {
		r.readZone(n, c)
	}
	if n := m.get("working_days"); n != nil {
		r.readWeek(n, c)
	}
	if n := m.get("working_hours"); n != nil {
		r.readHours(n, c)
	}
	if n := m.get("holidays"); n != nil {
		r.readHolidays(n, c)
	}
	m.finish()
	return c
}

func (r *reader) readZone(n *yaml.Node, c *Calendar) {
	name := r.doc.str(n, "time_zone")
	if name == "" {
		return
	}
	// "Local" would be another zone on each machine.
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		r.doc.fault(n, "unknown_value", "use a name of the IANA database, such as America/Sao_Paulo", "there is no time zone %q", name)
		return
	}
	c.zone = zone
}

func (r *reader) readWeek(n *yaml.Node, c *Calendar) {
	c.week = [7]bool{}
	for _, item := range r.doc.items(n, "working_days") {
		word := r.doc.word(item, "working_days", weekdays)
		for d, name := range weekdays {
			if name != word {
				continue
			}
			if c.week[d] {
				r.doc.fault(item, "duplicate_key", "", "%s stands here a second time", word)
			}
			c.week[d] = true
		}
	}
}

var workingHours = regexp.MustCompile(`^([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})$`)

func (r *reader) readHours(n *yaml.Node, c *Calendar) {
	s := r.doc.str(n, "working_hours")
	if s == "" {
		return
	}
	m := workingHours.FindStringSubmatch(s)
	if m == nil {
		r.doc.fault(n, "bad_quantity", "write them like 09:00-18:00", "working_hours cannot be %q", s)
		return
	}
	from, to := timeOfDay(m[1], m[2]), timeOfDay(m[3], m[4])
	if from < 0 || to < 0 || from >= to {
		r.doc.fault(n, "out_of_range", "use times from 00:00 to 24:00, the earlier one first", "working_hours cannot be %q", s)
		return
	}
	c.from, c.to = from, to
}

// timeOfDay is the time since midnight; negative for what no clock shows.
func timeOfDay(hour, minute string) time.Duration {
	h, _ := strconv.Atoi(hour) // two digits
	m, _ := strconv.Atoi(minute)
	if m > 59 || h > 24 || h == 24 && m > 0 {
		return -1
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
}

func (r *reader) readHolidays(n *yaml.Node, c *Calendar) {
	m := r.doc.mapping(n, "calendar/holidays")
	if m == nil {
		return
	}
	c.closed = map[int64]bool{}
	m.each(func(key, value *yaml.Node, path string) {
		name := strings.TrimSpace(r.doc.str(value, lastStep(path)))
		day, ok := parseDate(key.Value)
		if !ok {
			r.doc.fault(key, "wrong_type", "write days like 2026-12-25", "%q is no day", key.Value)
			return
		}
		if name == "" && value.Kind == yaml.ScalarNode {
			r.doc.fault(value, "empty", "say what the day is called", "the holiday %s has no name", key.Value)
		}
		c.closed[day] = true
		c.holidays = append(c.holidays, Holiday{Date: key.Value, Name: name})
	})
}
