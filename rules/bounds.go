package rules

import (
	"fmt"
	"strings"

	"golang.org/x/text/language"
)

// isCountry says whether code is an ISO 3166-1 alpha-2 code of a country or region
// that people live in.
func isCountry(code string) bool {
	if len(code) != 2 || code != strings.ToUpper(code) {
		return false
	}
	r, err := language.ParseRegion(code)
	return err == nil && r.IsCountry() && r.String() == code
}

// bounds are the least and the greatest value of an integer or date.
func bounds(f *Fact) (low, high int64) {
	low, high = -maxNumber, maxNumber
	if f.Type == FactDate {
		low, high = minDay, maxDay
		if d, ok := parseDate(f.MinDate); ok {
			low = d
		}
		if d, ok := parseDate(f.MaxDate); ok {
			high = d
		}
		return low, high
	}
	if f.Min != nil {
		low = *f.Min
	}
	if f.Max != nil {
		high = *f.Max
	}
	return low, high
}

// maxNumber bounds numbers in policies and answers: beyond it JSON loses digits.
const maxNumber = 1<<53 - 1

// The days of 0001-01-01 and 9999-12-31.
const (
	minDay = -719162
	maxDay = 2932896
)

func showNumber(f *Fact, v int64) string {
	if f.Type == FactDate {
		return formatDate(v)
	}
	return fmt.Sprint(v)
}
