package measure

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		values []int
		q      float64
		want   int
	}{
		{nil, 0.5, 0},
		{[]int{7}, 0.99, 7},
		{[]int{3, 1, 2}, 0.5, 2},
		{[]int{5, 4, 3, 2, 1}, 0.99, 5},
	} {
		if got := Quantile(c.values, c.q); got != c.want {
			t.Errorf("quantile %v of %v is %d, want %d", c.q, c.values, got, c.want)
		}
	}
}

// Sides take turns in alternating order, and ratios are those of neighbouring turns.
func TestInterleave(t *testing.T) {
	var order string
	side := func(name string, rate float64) Side {
		return Side{Name: name, Run: func(time.Duration) (Sample, error) {
			order += name
			rate *= 2 // the machine becomes faster for both
			return Sample{Rate: rate, Latencies: []time.Duration{time.Duration(rate)}}, nil
		}}
	}
	results := Interleave(t, 3, time.Millisecond, side("a", 10), side("b", 40))
	if order != "abbaab" {
		t.Errorf("order %s", order)
	}
	if got := results[0].Against(results[1]); got != 0.25 {
		t.Errorf("ratio %v", got)
	}
	if results[0].Rate != 40 || results[0].P99 != 80 {
		t.Errorf("%+v", results[0])
	}
}

func TestLoad(t *testing.T) {
	s, err := Load(4, 20*time.Millisecond, func(context.Context, int) error {
		time.Sleep(time.Millisecond)
		return nil
	})
	if err != nil || len(s.Latencies) < 8 || s.Rate > 4000 {
		t.Errorf("%d operations, %.0f a second, %v", len(s.Latencies), s.Rate, err)
	}
	broken := errors.New("broken")
	if _, err := Load(2, time.Second, func(_ context.Context, n int) error {
		if n == 1 {
			return broken
		}
		return nil
	}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		36: "36 ns", 1500: "1.5 µs", 2_340_000: "2.34 ms", 1_500_000_000: "1.5 s",
	} {
		if got := short(d); got != want {
			t.Errorf("%d is %q, want %q", d, got, want)
		}
	}
}
