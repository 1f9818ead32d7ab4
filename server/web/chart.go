package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Charts are drawn on the server as SVG, without styles of their own: what they look
// like is in the style sheet, in light and dark. Lengths across are percentages and
// heights are pixels, so that a chart fits any width and its words keep their size.
// Each is told in words, too: by a title, a description, and the table behind it.

// chart is what every chart has.
type chart struct {
	// ID is unique on the page; Title and Desc say in words what is seen.
	ID, Title, Desc string
	// Height is in pixels.
	Height int
}

// bars are a chart of lying bars, one below the other.
type bars struct {
	chart
	Rows []barRow
}

// barRow is one bar, with words above and a value beside.
type barRow struct {
	Label, Value string
	Parts        []barPart
	// Y is where the words stand, Bar where the bar begins, in pixels.
	Y, Bar int
}

// barPart is a piece of a bar: its class, and where it is, in percent.
type barPart struct {
	Class    string
	X, Width string
}

const (
	barStep   = 46 // pixels from one row to the next
	labelBase = 14
	barTop    = 22
	// mostLabel is how wide a label may be, in Latin letters: what a phone has room for.
	mostLabel = 34
)

// barsOf makes a chart: of each row the label, what is written beside it, and the
// lengths of its parts, whose classes are the same in all rows.
func barsOf(c chart, classes []string, rows []barValue) bars {
	most := 0.0
	for _, r := range rows {
		sum := 0.0
		for _, v := range r.parts {
			sum += v
		}
		most = math.Max(most, sum)
	}
	out := bars{chart: c}
	for i, r := range rows {
		row := barRow{Label: shorten(r.label, mostLabel), Value: r.value, Y: i*barStep + labelBase, Bar: i*barStep + barTop}
		x := 0.0
		for n, v := range r.parts {
			if v > 0 && most > 0 {
				width := v / most * 100
				row.Parts = append(row.Parts, barPart{Class: classes[n], X: percent(x), Width: percent(width)})
				x += width
			}
		}
		out.Rows = append(out.Rows, row)
	}
	out.Height = len(rows) * barStep
	return out
}

// barValue is what a row is made from.
type barValue struct {
	label, value string
	parts        []float64
}

func percent(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) + "%" }

// shorten cuts a text to a width in Latin letters; Chinese characters have two.
func shorten(s string, most int) string {
	width := 0
	for at, r := range s {
		w := 1
		if r >= 0x2e80 {
			w = 2
		}
		if width += w; width > most {
			return strings.TrimRight(s[:at], " ,.;–-") + "…"
		}
	}
	return s
}

// trend is a chart of days: two bars for each, and a line over all.
type trend struct {
	chart
	Bars  []trendBar
	Lines []gridLine
	// Line are the points of the line in a square of 100 by 100, from the upper left.
	Line string
	// Days are the words below.
	Days []trendDay
	// PlotTop, PlotHeight and DaysAt are pixels.
	PlotTop, PlotHeight, DaysAt int
}

// trendBar is a bar of a day: percentages of the plot's width and height.
type trendBar struct{ Class, X, Y, Width, Height string }

// gridLine is a line across with the number that it stands for.
type gridLine struct {
	Value   int
	Y, Text int // pixels
}

// trendDay is a day's words and where they stand; Anchor is SVG's text-anchor.
type trendDay struct{ Words, X, Anchor string }

const (
	plotTop    = 18
	plotHeight = 180
)

// trendPoint is what one day, or one week, is made from.
type trendPoint struct {
	up, down, line int
	words          string
}

func trendOf(c chart, points []trendPoint) trend {
	c.Height = plotTop + plotHeight + 26
	out := trend{chart: c, PlotTop: plotTop, PlotHeight: plotHeight, DaysAt: plotTop + plotHeight + 18}
	most := 0
	for _, p := range points {
		most = max(most, p.up, p.down, p.line)
	}
	top := roundUp(most)
	for _, value := range []int{top, top / 2, 0} {
		y := plotTop + plotHeight - int(float64(value)/float64(top)*plotHeight)
		out.Lines = append(out.Lines, gridLine{Value: value, Y: y, Text: y - 4})
	}
	step := 100 / float64(max(len(points), 1))
	high := func(v int) float64 { return float64(v) / float64(top) * 100 }
	var line []string
	for i, p := range points {
		x := float64(i) * step
		for n, v := range []int{p.up, p.down} {
			if v > 0 {
				out.Bars = append(out.Bars, trendBar{
					Class: []string{"k-in", "k-out"}[n], X: percent(x + step*(0.12+0.4*float64(n))), Width: percent(step * 0.36), Y: percent(100 - high(v)), Height: percent(high(v)),
				})
			}
		}
		line = append(line, fmt.Sprintf("%.2f,%.2f", x+step/2, 100-high(p.line)))
	}
	if len(line) == 1 { // a line of one day is as wide as the day
		line = []string{"0," + strings.Split(line[0], ",")[1], "100," + strings.Split(line[0], ",")[1]}
	}
	out.Line = strings.Join(line, " ")
	out.Days = trendDays(points)
	return out
}

// trendDays names the first, the last, and a day between.
func trendDays(points []trendPoint) []trendDay {
	n := len(points)
	if n == 0 {
		return nil
	}
	days := []trendDay{{points[0].words, "0%", "start"}}
	if n > 2 {
		days = append(days, trendDay{points[n/2].words, percent((float64(n/2) + 0.5) * 100 / float64(n)), "middle"})
	}
	if n > 1 {
		days = append(days, trendDay{points[n-1].words, "100%", "end"})
	}
	return days
}

// roundUp is the next number of the kind 2, 4, 10, 20, 40, 100 …, so that its half is
// whole.
func roundUp(n int) int {
	for scale := 1; ; scale *= 10 {
		for _, step := range []int{2, 4, 10} {
			if n <= step*scale {
				return step * scale
			}
		}
	}
}
