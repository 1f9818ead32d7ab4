package web

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"regain/cases"
	"regain/problem"
)

// Tags of a case, and putting it away until a time, on its page.

// MayTag says that the reader can give tags and take them away.
func (d *reviewPage) MayTag() bool { return d.reader.Reviews() }

// MaySnooze says that the reader can put the case away.
func (d *reviewPage) MaySnooze() bool {
	taken := d.details.Case.ClaimedNow(d.now) && d.details.Case.ClaimedBy != d.reader.ID
	return d.reader.Reviews() && d.AtReview() && !d.Held() && (!taken || d.reader.Has(cases.RoleLead))
}

// MayWake says that the reader can bring the case back.
func (d *reviewPage) MayWake() bool { return d.reader.Reviews() && d.Staff.Snooze != nil }

// SnoozedBy is the name of who put the case away.
func (d *reviewPage) SnoozedBy() string { return d.name(d.details.Case.SnoozedBy) }

// SnoozeChoices are the times to choose from.
func (d *reviewPage) SnoozeChoices() []cases.SnoozeChoice {
	return cases.SnoozeChoices(d.details.Case, d.details.Policy, d.now)
}

// Tomorrow is the first day that can be chosen, LastDay the last one.
func (d *reviewPage) Tomorrow() string { return d.now.AddDate(0, 0, 1).Format(time.DateOnly) }

// LastDay is described at Tomorrow.
func (d *reviewPage) LastDay() string { return d.now.AddDate(0, 0, 89).Format(time.DateOnly) }

// readTagNames reads what the tags are called that events name, and those that there are
// to choose from.
func (p *Pages) readTagNames(ctx context.Context, data *reviewPage, events []*cases.Event) error {
	var ids []string
	for _, e := range events {
		ids = append(ids, taggedIn(e)...)
	}
	var err error
	if data.tagNames, err = p.services.Cases.TagsByID(ctx, data.reader, ids); err != nil || !data.MayTag() {
		return err
	}
	all, err := p.services.Cases.Tags(ctx, data.reader, false)
	for _, t := range all {
		if !slices.ContainsFunc(data.details.Tags, func(has *cases.Tag) bool { return has.ID == t.ID }) {
			data.TagNames = append(data.TagNames, t.Name)
		}
	}
	return err
}

// taggedIn are the ids of the tags that an event names.
func taggedIn(e *cases.Event) []string {
	if e.Type != "tag" {
		return nil
	}
	var facts struct{ Added, Removed []string }
	if json.Unmarshal([]byte(e.Data), &facts) != nil {
		return nil
	}
	return append(facts.Added, facts.Removed...)
}

// tags are the names, as they are today, of the tags that the entry tells of.
func (e timelineEntry) tags() string {
	var names []string
	for _, id := range taggedIn(e.event) {
		if t := e.page.tagNames[id]; t != nil && !slices.Contains(names, t.Name) {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// until is the day until which the entry says that the case was put away.
func (e timelineEntry) until(locale string) string {
	at, err := time.Parse(time.RFC3339, e.fact("until"))
	if err != nil {
		return ""
	}
	return writeDay(at, locale)
}

func runTag(ctx context.Context, p *Pages, r actRequest) error {
	_, err := p.services.Cases.Tag(ctx, r.actor, r.caseID, cases.Tagging{Add: cases.SplitTags(r.get("name")), Remove: r.all("remove")})
	return err
}

func runSnooze(ctx context.Context, p *Pages, r actRequest) error {
	in := cases.SnoozeInput{Note: r.get("note")}
	switch when := r.get("when"); when {
	case "":
		return problem.InvalidFields([]problem.Field{{Pointer: "/when", Code: "not_a_choice", Message: "Choose until when."}})
	case "day":
		if in.Day = r.get("day"); in.Day == "" {
			return problem.InvalidFields([]problem.Field{{Pointer: "/day", Code: "required", Message: "This is needed."}})
		}
	default:
		in.Preset = cases.SnoozePreset(when)
	}
	_, err := p.services.Cases.Snooze(ctx, r.actor, r.caseID, r.version, in)
	return err
}

func runWake(ctx context.Context, p *Pages, r actRequest) error {
	_, err := p.services.Cases.Wake(ctx, r.actor, r.caseID, r.version)
	return err
}
