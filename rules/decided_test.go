package rules

import (
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
)

// What is remembered is what would be decided again, also where more answers come than
// are kept, from many goroutines at once.
func TestDecidedAgain(t *testing.T) {
	for _, file := range []string{"../rules.yaml", "testdata/mutua.yaml"} {
		p := load(t, file)
		o := newOracle(t, p)
		random := rand.New(rand.NewPCG(5, 6))
		var all []Answers
		for range 3 * mostDecided {
			raw := o.random(random)
			for id := range raw {
				if random.IntN(4) == 0 {
					delete(raw, id)
				}
			}
			if a, bad := p.ParseAnswers(raw); len(bad) == 0 {
				all = append(all, a)
			}
		}
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() {
				for _, a := range all {
					first, again, anew := p.Decide(a), p.Decide(a), p.decide(a)
					if !reflect.DeepEqual(first, anew) || !reflect.DeepEqual(again, anew) {
						t.Errorf("%s: %v: decided otherwise the second time", file, a.values)
						return
					}
				}
			})
		}
		group.Wait()
		if n := len(p.decided.known); n > mostDecided || n < 20 {
			t.Errorf("%s: %d decisions are kept", file, n)
		}
	}
}

// Answers that differ in anything have keys that differ.
func TestAnswersKey(t *testing.T) {
	p := load(t, "../rules.yaml")
	seen := map[string]bool{}
	for _, raw := range []map[string]any{
		{}, {"customer_type": "direct"}, {"customer_type": "reseller"}, {"real_name_authenticated": true}, {"real_name_authenticated": false},
		{"months_of_use": 3}, {"months_of_use": 4}, {"months_of_use": 40},
	} {
		a, bad := p.ParseAnswers(raw)
		if len(bad) > 0 {
			t.Fatal(bad)
		}
		key, keeps := p.appendKey(nil, a)
		if !keeps || seen[string(key)] {
			t.Errorf("%v: kept %v, key %q was there", raw, keeps, key)
		}
		seen[string(key)] = true
	}
}
