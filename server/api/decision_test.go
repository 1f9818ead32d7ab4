package api_test

import (
	"bytes"
	"testing"

	"regain/database/databasetest"
	"regain/rules"
	"regain/server/servertest"
)

// wordy is a policy that asks for somebody's own words.
const wordy = `policy: wordy
edition: "1"
language: en

facts:
  lost:
    ask: What was lost?
    type: text
  sure:
    ask: Are you sure?
    type: bool

materials:
  card:
    label: Card
    document:
      types: [pdf]
      max_size: 1 MiB

scenarios:
  sure:
    title: Sure
    when: sure
    collect: [card]
  unsure:
    title: Not sure
    when: not sure
    refuse: Come back when you are.
`

// Decisions are remembered for everybody alike; what somebody wrote in their own words
// is not kept. Only remembered answers come as gzip, and so depend on what is accepted.
func TestOwnWordsAreNotRemembered(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	policy, err := rules.Compile(rules.Bundle{Name: "wordy.yaml", Base: []byte(wordy)})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Policies.Register(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	remembers := func(answers object) bool {
		var last servertest.Answer
		for n := range 2 {
			a := h.Call(t, "", "POST", "/api/v1/decisions", object{"policy": "wordy", "answers": answers})
			if a.Status != 200 || n > 0 && !bytes.Equal(a.Body, last.Body) {
				t.Fatalf("%v: %d %s, before %s", answers, a.Status, a.Body, last.Body)
			}
			last = a
		}
		return last.Header.Get("Vary") == "Accept-Encoding"
	}
	if !remembers(object{"sure": true}) || !remembers(object{}) {
		t.Error("what anybody may answer is decided anew each time")
	}
	if remembers(object{"sure": true, "lost": "Ana's telephone"}) || remembers(object{"lost": "Ana's telephone"}) {
		t.Error("somebody's own words are kept in memory")
	}
	// Another policy in force, and what it decided is decided anew.
	var before, after object
	h.Call(t, "", "POST", "/api/v1/decisions", object{"policy": "wordy", "answers": object{"sure": false}}).Into(t, &before)
	policy, err = rules.Compile(rules.Bundle{Name: "wordy.yaml", Base: bytes.Replace([]byte(wordy), []byte("when you are"), []byte("later"), 1)})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Policies.Register(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	h.Call(t, "", "POST", "/api/v1/decisions", object{"policy": "wordy", "answers": object{"sure": false}}).Into(t, &after)
	if before["words"] != "Come back when you are." || after["words"] != "Come back later." {
		t.Errorf("before %v, after %v", before["words"], after["words"])
	}
}
