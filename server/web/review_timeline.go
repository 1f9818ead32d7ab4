package web

import (
	"encoding/json"
	"html/template"
	"slices"
	"strings"
	"time"

	"regain/cases"
)

// timelineEntry is something that happened, to be said by View.EventWords.
type timelineEntry struct {
	Type string
	// Tone is ok, bad, in (from outside) or empty.
	Tone string
	// At is when it happened, the last time where it happened Times times in a row.
	At    time.Time
	Times int

	event *cases.Event
	facts map[string]any
	page  *reviewPage
}

// timeline makes entries of events.
func (d *reviewPage) timeline(events []*cases.Event) []timelineEntry {
	var out []timelineEntry
	for _, e := range events {
		entry := timelineEntry{Type: e.Type, At: e.At, Times: 1, event: e, page: d}
		if err := json.Unmarshal([]byte(e.Data), &entry.facts); err != nil {
			entry.facts = nil // what can't be read is said without its details; the audit reports it
		}
		entry.Tone = entry.tone()
		out = append(out, entry)
	}
	return out
}

// folded makes one entry of what one person did several times in a row, where nothing is told of
// it but that: changing the answers, which each answer does by itself.
func folded(entries []timelineEntry) []timelineEntry {
	var out []timelineEntry
	for _, e := range entries {
		if n := len(out) - 1; n >= 0 && out[n].repeats(e) {
			out[n].Times++
			if e.At.After(out[n].At) {
				out[n].At = e.At
			}
			continue
		}
		out = append(out, e)
	}
	return out
}

func (e timelineEntry) repeats(other timelineEntry) bool {
	return e.Type == "answer" && other.Type == e.Type && e.event.ActorKind == other.event.ActorKind && e.event.ActorID == other.event.ActorID
}

func (e timelineEntry) fact(name string) string {
	s, _ := e.facts[name].(string)
	return s
}

func (e timelineEntry) tone() string {
	switch {
	case e.Type == "deny", e.Type == "expire", e.Type == "withdraw", e.Type == "decide_item" && e.fact("verdict") == string(cases.Rejected):
		return "bad"
	case e.Type == "approve", e.Type == "approve_part", e.Type == "waive", e.Type == "decide_item" && e.fact("verdict") == string(cases.Accepted):
		return "ok"
	case e.Type == "undo_decision":
		return ""
	case e.event.ActorKind == cases.Customer, e.event.ActorKind == cases.Partner:
		return "in"
	}
	return ""
}

// key is the words for the entry: some actions are said in more than one way.
func (e timelineEntry) key() string {
	switch e.Type {
	case "answer":
		if e.Times > 1 {
			return "answer_times"
		}
	case "decide_item":
		if e.fact("verdict") == string(cases.Accepted) {
			return "accept"
		}
		return "reject"
	case "supply":
		switch {
		case e.fact("supply") != string(cases.Provided):
			return "supply_" + e.fact("supply")
		case e.fact("document") == "":
			return "supply_statement"
		}
	case "release":
		switch {
		case e.facts["expired"] == true:
			return "release_expired"
		case e.fact("away") != "":
			return "release_" + e.fact("away")
		}
	case "submit":
		if e.facts["first"] != true {
			return "submit_again"
		}
	case "tag":
		switch {
		case e.facts["removed"] == nil:
			return "tag_add"
		case e.facts["added"] == nil:
			return "tag_remove"
		}
	case "wake":
		switch {
		case e.fact("away") != "":
			return "wake_left"
		case e.event.ActorKind == cases.System:
			return "wake_time"
		}
	case "approve_part":
		return "approve_part"
	}
	return e.Type
}

// EventWords says what happened.
func (v *View) EventWords(e timelineEntry) (template.HTML, error) {
	w := writer{view: v}
	key := "review.event." + e.key()
	if !v.pages.words.has(key) { // something that this page was not told about
		key = "review.event.something"
	}
	args := []any{"who", v.Strong(e.page.who(&w, e.event)), "item", e.items(), "what", e.Type, "tags", v.Strong(e.tags()), "until", e.until(v.Locale), "n", e.Times}
	args = append(args, "reason", w.reason(e.fact("reason")), "to", v.Strong(e.page.nameOr(&w, e.fact("to"))))
	if w.err != nil {
		return "", w.err
	}
	return v.H(key, args...)
}

// reason is a reason code in words; empty when there is none.
func (w *writer) reason(code string) string {
	switch code {
	case "":
		return ""
	case "other": // a key that means the plural form in the files of words
		code = "another"
	}
	return w.say("review.reason." + code)
}

// Reason is a reason code in words.
func (v *View) Reason(code string) (string, error) {
	w := writer{view: v}
	return w.reason(code), w.err
}

// who is the one who acted.
func (d *reviewPage) who(w *writer, e *cases.Event) string {
	switch e.ActorKind {
	case cases.Staff:
		return d.nameOr(w, e.ActorID)
	case cases.Partner:
		for _, inv := range d.details.Invitations {
			if inv.ID == e.ActorID {
				return inv.Organisation
			}
		}
		return w.say("review.who.partner")
	case cases.Customer:
		return w.say("review.who.customer")
	}
	return w.say("review.who.system")
}

// nameOr is the name of a member of staff, or what stands for one.
func (d *reviewPage) nameOr(w *writer, id string) string {
	if name := d.name(id); name != "" {
		return name
	}
	return w.say("review.who.staff")
}

// assignedTo is the id of whom an event gave the case to; empty for other events.
func assignedTo(e *cases.Event) string {
	if e.Type != "assign" {
		return ""
	}
	var facts struct {
		To string `json:"to"`
	}
	if json.Unmarshal([]byte(e.Data), &facts) != nil {
		return ""
	}
	return facts.To
}

// items names what the event is about, each name once.
func (e timelineEntry) items() string {
	ids := []string{}
	for _, name := range []string{"item", "items"} {
		ids = append(ids, formValues(e.facts[name])...)
	}
	var names []string
	for _, id := range ids {
		if card := e.page.card(id); card != nil && !slices.Contains(names, card.Label) {
			names = append(names, card.Label)
		}
	}
	if len(names) == 0 {
		return "–"
	}
	return strings.Join(names, ", ")
}

// reviewMessage is a message or a note.
type reviewMessage struct {
	Who  string
	Body string
	At   time.Time
	// Note is for staff alone; FromCustomer came from outside.
	Note, FromCustomer bool
	// For are the names of those whom a note is for.
	For []string
}

// talk is the conversation with the notes in between, oldest first.
func (d *reviewPage) talk(list []*cases.CaseMessage) []reviewMessage {
	slices.SortFunc(list, func(a, b *cases.CaseMessage) int { return strings.Compare(a.ID, b.ID) })
	var out []reviewMessage
	for _, m := range list {
		shown := reviewMessage{
			Who: d.name(m.ActorID), Body: m.Body, At: m.CreatedAt, Note: m.Kind == cases.Note, FromCustomer: m.ActorKind == cases.Customer,
		}
		for _, id := range m.Mentions.V {
			if name := d.name(id); name != "" {
				shown.For = append(shown.For, name)
			}
		}
		out = append(out, shown)
	}
	return out
}
