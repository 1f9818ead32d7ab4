package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// months are written out in English and Portuguese; Chinese numbers them.
var months = map[string][12]string{
	"en":    {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	"pt-BR": {"janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"},
}

// writeDay writes a day as people of the language do: 6 December 2026,
// 6 de dezembro de 2026, 2026年12月6日.
func writeDay(at time.Time, locale string) string {
	switch locale {
	case "zh-Hans":
		return fmt.Sprintf("%d年%d月%d日", at.Year(), at.Month(), at.Day())
	case "pt-BR":
		return fmt.Sprintf("%d de %s de %d", at.Day(), months[locale][at.Month()-1], at.Year())
	}
	return fmt.Sprintf("%d %s %d", at.Day(), months["en"][at.Month()-1], at.Year())
}

// writeList writes what stands side by side, as people of the language divide it.
func writeList(words []string, locale string) string {
	if locale == "zh-Hans" {
		return strings.Join(words, "、")
	}
	return strings.Join(words, ", ")
}

// writeMoment writes a day with its time of day, in UTC: the server does not know
// where its reader is. A script writes it anew in the reader's own time.
func writeMoment(at time.Time, locale string) string {
	gap := ", "
	if locale == "zh-Hans" {
		gap = " "
	}
	at = at.UTC()
	return writeDay(at, locale) + gap + at.Format("15:04") + " UTC"
}

// writeSize writes a number of bytes as people read it: 2.1 MB, 2,1 MB.
func (l *localeWords) writeSize(bytes int64) string {
	switch {
	case bytes < 1000:
		return strconv.FormatInt(bytes, 10) + " B"
	case bytes < 1_000_000:
		return l.printer.Sprintf("%d", (bytes+500)/1000) + " kB"
	}
	mega := float64(bytes) / 1_000_000
	if mega >= 10 || mega == float64(int64(mega)) {
		return l.printer.Sprintf("%.0f", mega) + " MB"
	}
	return l.printer.Sprintf("%.1f", mega) + " MB"
}

// writeLimit writes a limit on sizes, which is given in whole binary megabytes but
// said as people know it, so that what the page promises is never more than what is taken.
func (l *localeWords) writeLimit(bytes int64) string {
	return l.printer.Sprintf("%d", bytes>>20) + " MB"
}

// writeShortDay writes a day where the year is plain: 6 Dec, 6 dez., 12月6日.
func writeShortDay(at time.Time, locale string) string {
	switch locale {
	case "zh-Hans":
		return fmt.Sprintf("%d月%d日", at.Month(), at.Day())
	case "pt-BR":
		return fmt.Sprintf("%d %s.", at.Day(), string([]rune(months[locale][at.Month()-1])[:3]))
	}
	return fmt.Sprintf("%d %.3s", at.Day(), months["en"][at.Month()-1])
}
