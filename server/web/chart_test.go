package web

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

func TestBars(t *testing.T) {
	b := barsOf(chart{ID: "x"}, []string{"k-1", "k-2"}, []barValue{
		{"one", "6", []float64{2, 4}}, {"none", "0", []float64{0, 0}}, {"half", "3", []float64{0, 3}},
	})
	got := fmt.Sprintf("%v %v %v", b.Rows[0].Parts, b.Rows[1].Parts, b.Rows[2].Parts)
	if want := "[{k-1 0.00% 33.33%} {k-2 33.33% 66.67%}] [] [{k-2 0.00% 50.00%}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if b.Height != 3*barStep || b.Rows[2].Bar+20 > b.Height {
		t.Errorf("height %d, last bar at %d", b.Height, b.Rows[2].Bar)
	}
	if none := barsOf(chart{}, []string{"k"}, []barValue{{"a", "0", []float64{0}}}); len(none.Rows[0].Parts) != 0 {
		t.Errorf("%+v", none)
	}
}

// TestTrend: bars and line stay inside the plot, and the day's numbers are their heights.
func TestTrend(t *testing.T) {
	for _, n := range []int{1, 2, 30, 92} {
		var points []trendPoint
		for i := range n {
			points = append(points, trendPoint{up: i % 7, down: i % 3, line: 2 * i, words: strconv.Itoa(i)})
		}
		tr := trendOf(chart{}, points)
		top := tr.Lines[0].Value
		if top < 2*(n-1) || top > 10*max(2*(n-1), 6) || top%2 != 0 {
			t.Errorf("%d points: the top is %d", n, top)
		}
		for _, bar := range tr.Bars {
			x, y, w, h := numberOf(t, bar.X), numberOf(t, bar.Y), numberOf(t, bar.Width), numberOf(t, bar.Height)
			if x < 0 || y < 0 || x+w > 100.01 || y+h < 99.98 || y+h > 100.02 {
				t.Errorf("%d points: the bar %+v", n, bar)
			}
		}
		line := strings.Fields(tr.Line)
		if len(line) != max(n, 2) {
			t.Errorf("%d points: the line has %d", n, len(line))
		}
		if n > 2 {
			_, y, _ := strings.Cut(line[n-1], ",")
			if want := 100 - 100*float64(2*(n-1))/float64(top); numberOf(t, y)-want > 0.01 || want-numberOf(t, y) > 0.01 {
				t.Errorf("%d points: the last is at %s, want %.2f", n, y, want)
			}
		}
		if want := min(n, 3); len(tr.Days) != want {
			t.Errorf("%d points: days %v", n, tr.Days)
		}
	}
	if empty := trendOf(chart{}, nil); empty.Line != "" || len(empty.Bars) != 0 || empty.Lines[0].Value != 2 {
		t.Errorf("%+v", empty)
	}
}

func numberOf(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestRoundUp(t *testing.T) {
	for n, want := range map[int]int{0: 2, 1: 2, 2: 2, 3: 4, 5: 10, 11: 20, 21: 40, 41: 100, 999: 1000, 1001: 2000} {
		if got := roundUp(n); got != want {
			t.Errorf("%d: %d, want %d", n, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	for s, want := range map[string]string{"abc": "abc", "abcdef": "abcde…", "abcd, ef": "abcd…", "北辰科技": "北辰…"} {
		if got := shorten(s, 5); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
	}
}
