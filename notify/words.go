package notify

import (
	"fmt"
	"strings"
	"time"
)

// wordFunctions are what templates may call, in the language of the template.
func wordFunctions(locale string) map[string]any {
	return map[string]any{
		"lines":  lines,
		"name":   name,
		"button": func(link, label string) map[string]string { return map[string]string{"Link": link, "Label": label} },
		"day":    func(s string) string { return sayDay(s, locale) },
		"moment": func(s string) string { return sayMoment(s, locale) },
	}
}

// lines splits a list that has one entry a line.
func lines(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		if line = oneLine(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// name shows a name that a stranger typed, in a message that goes to an address
// that the same stranger may have typed: short, on one line, and never a link
// that mail programs make clickable.
func name(s string) string {
	s = strings.ReplaceAll(oneLine(s), "://", " ")
	return clip(strings.NewReplacer("www.", "www ", "WWW.", "WWW ").Replace(s), maxNameRunes)
}

// sayDay writes the day of an RFC 3339 time or of a plain date; anything else is
// shown as it is.
func sayDay(s, locale string) string {
	at, ok := parseTime(s)
	if !ok {
		return s
	}
	return writeDay(at, locale)
}

// sayMoment writes day and time of day, in UTC; of a plain date the day alone.
func sayMoment(s, locale string) string {
	at, ok := parseTime(s)
	if !ok || len(s) == len(time.DateOnly) {
		return sayDay(s, locale)
	}
	return writeDay(at, locale) + writeDayTimeGap(locale) + at.Format("15:04") + " UTC"
}

func parseTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

func writeDay(at time.Time, locale string) string {
	switch locale {
	case "zh-Hans":
		return fmt.Sprintf("%d年%d月%d日", at.Year(), int(at.Month()), at.Day())
	case "pt-BR":
		return fmt.Sprintf("%d de %s de %d", at.Day(), portugueseMonths[at.Month()-1], at.Year())
	default:
		return at.Format("2 January 2006")
	}
}

func writeDayTimeGap(locale string) string {
	if locale == "en" {
		return ", "
	}
	if locale == "pt-BR" {
		return " às "
	}
	return " "
}

var portugueseMonths = [...]string{"janeiro", "fevereiro", "março", "abril", "maio", "junho",
	"julho", "agosto", "setembro", "outubro", "novembro", "dezembro"}
