// Package measure times things against each other in one run. Sides take turns,
// round by round, so that whatever else the machine does falls on all of them alike;
// what is reported is the median of the rounds, and ratios of rounds that were neighbours.
package measure

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Variable holds how many seconds a whole run of `make bench` may take.
const Variable = "BENCH_SECONDS"

// slots is into how many turns a whole run is divided, with room for setting up.
const slots = 240

// Turn is how long one turn of one side lasts. Without the variable the test is skipped:
// measuring is not testing.
func Turn(t testing.TB) time.Duration {
	t.Helper()
	value := os.Getenv(Variable)
	if value == "" {
		t.Skip("this measures: run `make bench`, or set " + Variable)
	}
	seconds, err := strconv.Atoi(value)
	if err != nil || seconds < 1 {
		t.Fatalf("%s=%q is no number of seconds", Variable, value)
	}
	return max(200*time.Millisecond, time.Duration(seconds)*time.Second/slots)
}

// Sample is what one turn gave.
type Sample struct {
	// Rate is operations a second.
	Rate float64
	// Latencies are those of single operations; may be a part of them.
	Latencies []time.Duration
}

// Side is one of those that take turns.
type Side struct {
	Name string
	Run  func(turn time.Duration) (Sample, error)
}

// Result is what all turns of a side gave.
type Result struct {
	Name        string
	Rate        float64 // median of the turns
	Median, P99 time.Duration
	rates       []float64
}

// Interleave runs the sides in turns, as many rounds as asked, each round in another order.
func Interleave(t testing.TB, rounds int, turn time.Duration, sides ...Side) []Result {
	t.Helper()
	results := make([]Result, len(sides))
	latencies := make([][]time.Duration, len(sides))
	for round := range rounds {
		for n := range sides {
			if round%2 == 1 {
				n = len(sides) - 1 - n
			}
			s, err := sides[n].Run(turn)
			if err != nil {
				t.Fatalf("%s: %v", sides[n].Name, err)
			}
			results[n].rates = append(results[n].rates, s.Rate)
			latencies[n] = append(latencies[n], s.Latencies...)
		}
	}
	for n := range sides {
		r := &results[n]
		r.Name, r.Rate = sides[n].Name, Quantile(r.rates, 0.5)
		r.Median, r.P99 = Quantile(latencies[n], 0.5), Quantile(latencies[n], 0.99)
	}
	return results
}

// Against is the rate of this side over that of the other: the median of the rounds' ratios.
func (r Result) Against(other Result) float64 {
	ratios := make([]float64, min(len(r.rates), len(other.rates)))
	for n := range ratios {
		ratios[n] = r.rates[n] / other.rates[n]
	}
	return Quantile(ratios, 0.5)
}

// Quantile is the value below which the share q of all values lies; zero of none.
func Quantile[T cmp.Ordered](values []T, q float64) T {
	if len(values) == 0 {
		var zero T
		return zero
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// most bounds the latencies kept of one worker's turn.
const most = 1 << 17

// Load keeps the clients busy for a turn: each does one operation after the other.
func Load(clients int, turn time.Duration, do func(ctx context.Context, client int) error) (Sample, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	taken := make([][]time.Duration, clients)
	counts := make([]int, clients)
	failures := make([]error, clients)
	var group sync.WaitGroup
	started := time.Now()
	for client := range clients {
		group.Go(func() {
			for time.Since(started) < turn && ctx.Err() == nil {
				begun := time.Now()
				if failures[client] = do(ctx, client); failures[client] != nil {
					cancel()
					return
				}
				counts[client]++
				if len(taken[client]) < most {
					taken[client] = append(taken[client], time.Since(begun))
				}
			}
		})
	}
	group.Wait()
	took := time.Since(started)
	for _, err := range failures {
		if err != nil {
			return Sample{}, err
		}
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	return Sample{Rate: float64(total) / took.Seconds(), Latencies: slices.Concat(taken...)}, nil
}

// Calls times something that takes too little to be timed singly: it is called a
// hundred times between two looks at the clock. Its rate is that of the median, because
// what else the machine does in between takes a thousand times longer.
func Calls(do func()) func(turn time.Duration) (Sample, error) {
	const batch = 100
	return func(turn time.Duration) (Sample, error) {
		var s Sample
		started := time.Now()
		for time.Since(started) < turn {
			begun := time.Now()
			for range batch {
				do()
			}
			if len(s.Latencies) < most {
				s.Latencies = append(s.Latencies, time.Since(begun)/batch)
			}
		}
		s.Rate = float64(time.Second) / float64(max(1, Quantile(s.Latencies, 0.5)))
		return s, nil
	}
}

// Heading begins the table that Print adds rows to.
func Heading() {
	fmt.Println("| work | rate /s | median | p99 | against | its rate /s | its median | its p99 | ratio | aim |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|")
}

// Print writes a row of the table: what was measured, against what, and the aim in words.
func Print(work string, ours, other Result, aim string) {
	fmt.Printf("| %s | %s | %s | %s | %s | %s | %s | %s | **%.2f** | %s |\n", work,
		rate(ours.Rate), short(ours.Median), short(ours.P99),
		other.Name, rate(other.Rate), short(other.Median), short(other.P99), ours.Against(other), aim)
}

// PrintAlone writes a row that is measured against nothing.
func PrintAlone(work string, ours Result, aim string) {
	fmt.Printf("| %s | %s | %s | %s | – | | | | | %s |\n", work, rate(ours.Rate), short(ours.Median), short(ours.P99), aim)
}

// Note writes a line under the table's rows, for what is no rate.
func Note(format string, args ...any) {
	fmt.Printf("| "+format+" | | | | | | | | | |\n", args...)
}

func rate(r float64) string {
	if r < 100 {
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.0f", r)
}

// short writes a duration with three digits.
func short(d time.Duration) string {
	switch {
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < time.Millisecond:
		return fmt.Sprintf("%.3g µs", float64(d)/float64(time.Microsecond))
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}
