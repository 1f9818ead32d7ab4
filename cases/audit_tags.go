package cases

import (
	"encoding/json"
	"slices"
	"time"
)

// verifySnooze wants a case to be put away when its events leave it so, until the time
// and by whom they tell: one that nobody put away would not come back by itself.
func (a *auditRows) verifySnooze(events []*Event) {
	var until *time.Time
	by := ""
	for _, e := range events {
		var facts struct {
			Until time.Time `json:"until"`
			Woke  bool      `json:"woke"`
		}
		if json.Unmarshal([]byte(e.Data), &facts) != nil {
			continue // which is reported elsewhere
		}
		switch {
		case Action(e.Type) == actSnooze:
			until, by = &facts.Until, e.ActorID
		case Action(e.Type) == actWake, facts.Woke:
			until, by = nil, ""
		}
	}
	c := a.Case
	if (until == nil) != (c.SnoozedUntil == nil) || until != nil && !until.Equal(*c.SnoozedUntil) {
		a.found("wrong_snooze", "the case is put away until another time than its events tell")
	}
	if c.SnoozedBy != by {
		a.found("wrong_snooze", "the case was put away by %q, its events tell of %q", c.SnoozedBy, by)
	}
}

// verifyTags wants a case to have the tags that its events gave it, and the lists of
// tagged cases to have it where it stands.
func (a *auditRows) verifyTags(events []*Event) {
	var given []string
	for _, e := range events {
		var facts struct{ Added, Removed []string }
		if Action(e.Type) != actTag || json.Unmarshal([]byte(e.Data), &facts) != nil {
			continue
		}
		given = append(without(given, facts.Removed), facts.Added...)
	}
	c := a.Case
	if !slices.Equal(slices.Sorted(slices.Values(given)), slices.Sorted(slices.Values(c.Tags.V))) {
		a.found("wrong_tags", "the case has other tags than its events gave it")
	}
	var listed []string
	for _, row := range a.tagged {
		listed = append(listed, row.TagID)
		if row.Lane != c.Lane || c.QueueAt == nil || !row.QueueAt.Equal(*c.QueueAt) {
			a.found("wrong_place", "the list of the tag %s has the case in lane %d, it stands in %d", row.TagID, row.Lane, c.Lane)
		}
	}
	// Those of tags that are being merged, or were, may be in both lists for a while.
	if len(without(a.tags.today(c.Tags.V), listed)) > 0 || len(without(listed, append(a.tags.lists(c.Tags.V), c.Tags.V...))) > 0 {
		a.found("wrong_tags", "the lists of tagged cases have the case under other tags than it has")
	}
}
