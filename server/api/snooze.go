package api

import (
	"context"
	"time"

	"regain/cases"
	"regain/server"
)

// SnoozeView says until when a case was put away.
type SnoozeView struct {
	Until     time.Time `json:"until"`
	By        string    `json:"by" doc:"The id of who put it away."`
	BeyondDue bool      `json:"beyond_due" doc:"It is late by then: the review clock runs on."`
}

func snoozeView(c *cases.Case) *SnoozeView {
	if c.SnoozedUntil == nil {
		return nil
	}
	return &SnoozeView{Until: c.SnoozedUntil.UTC(), By: c.SnoozedBy, BeyondDue: c.SnoozedBeyondDue()}
}

type snoozeIn struct {
	InLanguage
	CasePath
	server.Conditional
	Body struct {
		Preset string     `json:"preset,omitempty" enum:"next_business_day,next_week,in_a_week" doc:"By the calendar of the case's policy: the hour at which work begins on the next working day, on the first one of next week, or on the first one after seven days."`
		Day    string     `json:"day,omitempty" maxLength:"100" example:"2026-12-01" doc:"The hour at which work begins on this day."`
		Until  *time.Time `json:"until,omitempty" doc:"Exactly one of the three is given; within 90 days."`
		Note   string     `json:"note,omitempty" maxLength:"10000" doc:"An internal note, at most 2000 characters."`
	}
}

type wakeIn struct {
	InLanguage
	CasePath
	server.Conditional
}

func (a caseAPI) registerSnooze() {
	route := func(id, method, summary, description string) server.Route {
		return server.Route{ID: id, Method: method, Path: casesPath + "{case}/snooze", Roles: reviewers(), Effect: server.Changes, MaxBody: 64 << 10, Tag: tagReview, Summary: summary, Description: description}
	}
	server.JSON(a.server, route("snooze", "PUT", "Put a case away until a time",
		"It leaves its holder's list and that of what waits for the view snoozed, and is not given out as the next case. It comes back at the time, as soon as its customer does something, or when somebody wakes or takes it. "+
			"The review clock runs on. One that somebody holds is put away by its holder or a lead, and stays theirs."), a.snooze)
	server.JSON(a.server, route("wake", remove, "Bring a case back that was put away", ""),
		func(ctx context.Context, in *wakeIn) (*caseOut, error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			c, err := a.cases.Wake(ctx, actorOf(ctx), in.Case, version)
			return a.shown(ctx, c, err, in.InLanguage)
		})
}

func (a caseAPI) snooze(ctx context.Context, in *snoozeIn) (*caseOut, error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	input := cases.SnoozeInput{Preset: cases.SnoozePreset(in.Body.Preset), Day: in.Body.Day, Note: in.Body.Note}
	if in.Body.Until != nil {
		input.Until = *in.Body.Until
	}
	c, err := a.cases.Snooze(ctx, actorOf(ctx), in.Case, version, input)
	return a.shown(ctx, c, err, in.InLanguage)
}
