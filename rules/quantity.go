package rules

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

var quantity = regexp.MustCompile(`^([0-9]{1,6}) ([A-Za-z ]+)$`)

// split reads "<number> <unit>".
func (d *document) split(n *yaml.Node, what, example string, units []string) (int, string, bool) {
	s := d.str(n, what)
	if s == "" {
		return 0, "", false
	}
	m := quantity.FindStringSubmatch(s)
	if m == nil {
		d.fault(n, "bad_quantity", "write it like "+example, "%s cannot be %q", what, s)
		return 0, "", false
	}
	number, _ := strconv.Atoi(m[1])
	unit := m[2]
	if number == 1 && !slices.Contains(units, unit) {
		unit += "s"
	}
	if !slices.Contains(units, unit) {
		d.fault(n, "bad_quantity", oneOf(unit, units), "%s has no unit %q", what, m[2])
		return 0, "", false
	}
	return number, unit, true
}

// size reads a number of bytes, such as "10 MiB".
func (d *document) size(n *yaml.Node, what string) int64 {
	factors := map[string]int64{"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
	number, unit, ok := d.split(n, what, "10 MiB", []string{"B", "KiB", "MiB", "GiB"})
	if !ok {
		return 0
	}
	bytes := int64(number) * factors[unit]
	if bytes == 0 || bytes > 5<<30 {
		d.fault(n, "out_of_range", "", "%s is %s, allowed are 1 B to 5 GiB", what, n.Value)
	}
	return bytes
}

// length reads a length of time in hours or days, such as "72 hours".
func (d *document) length(n *yaml.Node, what string) time.Duration {
	number, unit, ok := d.split(n, what, "14 days", []string{Days, Hours, "minutes"})
	if !ok {
		return 0
	}
	switch unit {
	case Days:
		return time.Duration(number) * 24 * time.Hour
	case Hours:
		return time.Duration(number) * time.Hour
	}
	return time.Duration(number) * time.Minute
}

// duration reads a length of time that may be in business days.
func (d *document) duration(n *yaml.Node, what string) Duration {
	number, unit, ok := d.split(n, what, "2 business days", []string{BusinessDays, Days, Hours})
	if !ok {
		return Duration{}
	}
	return Duration{N: number, Unit: unit}
}

// parseDate reads YYYY-MM-DD as a number of days since 1970.
func parseDate(s string) (days int64, ok bool) {
	if len(s) != len(time.DateOnly) || strings.TrimSpace(s) != s {
		return 0, false
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return 0, false
	}
	return t.Unix() / secondsOfDay, true
}

const secondsOfDay = 24 * 60 * 60

// formatDate is the opposite of parseDate.
func formatDate(days int64) string {
	return time.Unix(days*secondsOfDay, 0).UTC().Format(time.DateOnly)
}
