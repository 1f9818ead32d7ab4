package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/problem"
)

// QueueFilter keeps some of a view's cases. Empty fields keep all.
type QueueFilter struct {
	Policy   string `json:"policy,omitempty"`   // the policy's id
	Scenario string `json:"scenario,omitempty"` // the scenario's id
	Locale   string `json:"locale,omitempty"`   // the customer's language
	Holder   string `json:"holder,omitempty"`   // the id of who holds it
	Raised   bool   `json:"raised,omitempty"`   // only those of raised priority
	// Tag is the id of a tag, also of one that was merged, or of several, with commas between:
	// a case has all of them. See TagIDs.
	Tag    string      `json:"tag,omitempty"`
	Within QueueWithin `json:"within,omitempty"`
	Age    QueueAge    `json:"age,omitempty"`
	// Text are words of the reference, the account, a contact, an organisation, a message
	// or a note; a case has all of them. Organisation are words of an organisation alone.
	Text         string `json:"text,omitempty"`
	Organisation string `json:"organisation,omitempty"`
}

// QueueWithin is by when a case is due, where cases are due.
type QueueWithin string

// QueueAge is how long ago a case was filed.
type QueueAge string

// QueueWithins are the choices, with how far ahead of now they reach.
func QueueWithins() []QueueWithin { return []QueueWithin{"late", "4h", "1d", "3d", "7d"} }

// QueueAges are the choices: filed within the time, or before it.
func QueueAges() []QueueAge { return []QueueAge{"1d", "7d", "30d", "over_7d", "over_30d"} }

func (w QueueWithin) ahead() time.Duration {
	return map[QueueWithin]time.Duration{"4h": 4 * time.Hour, "1d": day, "3d": 3 * day, "7d": 7 * day}[w]
}

const day = 24 * time.Hour

// since is the time that an age reaches back, and whether it means what is older.
func (a QueueAge) since() (back time.Duration, older bool) {
	switch a {
	case "1d":
		return day, false
	case "7d":
		return 7 * day, false
	case "30d":
		return 30 * day, false
	case "over_7d":
		return 7 * day, true
	}
	return 30 * day, true
}

// dated says whether the cases of a view are all due at some time.
func (v View) dated() bool { return v != ViewEnded && v != ViewAll }

// MostFilterTags is how many tags one list is filtered by at most.
const MostFilterTags = 5

// TagIDs are the ids in a filter's Tag, each once; of too many, no more than it takes to see that.
func TagIDs(joined string) []string {
	var ids []string
	for id := range strings.SplitSeq(joined, ",") {
		if len(ids) > MostFilterTags {
			break
		}
		if id = strings.TrimSpace(id); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (f QueueFilter) check(view View) []problem.Field {
	var bad []problem.Field
	if len(TagIDs(f.Tag)) > MostFilterTags {
		bad = append(bad, problem.Field{Pointer: "/tag", Code: "wrong_number", Message: fmt.Sprintf("Name at most %d tags.", MostFilterTags)})
	}
	if f.Within != "" && (!slices.Contains(QueueWithins(), f.Within) || !view.dated()) {
		bad = append(bad, problem.Field{Pointer: "/within", Code: "not_a_choice", Message: "Use late, 4h, 1d, 3d or 7d, in a view of cases that are due."})
	}
	if f.Age != "" && !slices.Contains(QueueAges(), f.Age) {
		bad = append(bad, problem.Field{Pointer: "/age", Code: "not_a_choice", Message: "Use 1d, 7d, 30d, over_7d or over_30d."})
	}
	return append(bad, f.checkTexts()...)
}

// filter adds the conditions of the query's filter.
func (s *Service) filter(ctx context.Context, q *bun.SelectQuery, place placeColumns, in QueueQuery) (*bun.SelectQuery, error) {
	f, now := in.Filter, s.now()
	for _, equal := range []struct{ column, value string }{{"policy", f.Policy}, {"scenario", f.Scenario}, {"locale", f.Locale}} {
		if equal.value != "" {
			q = q.Where("c."+equal.column+" = ?", equal.value)
		}
	}
	if f.Holder != "" {
		q = q.Where("c.claimed_by = ?", f.Holder).Where("c.claimed_by <> ''")
	}
	if f.Raised {
		q = q.Where("c.priority > 0")
	}
	if f.Within != "" {
		q = q.Where(place.at+" <= ?", now.Add(f.Within.ahead()))
	}
	if f.Age != "" {
		comparison := ">="
		back, older := f.Age.since()
		if older {
			comparison = "<"
		}
		q = q.Where("c.filed_at "+comparison+" ?", now.Add(-back))
	}
	return s.search(ctx, q, f)
}
