package api

import (
	"context"
	"time"

	"regain/accounts"
	"regain/cases"
	"regain/problem"
	"regain/server"
)

// Personnel is what the API and the pages do with members of staff: the change of the
// person, and what it means for the cases that the person holds.
type Personnel struct {
	Staff    Staff
	cases    *cases.Service
	policies Policies
}

// NewPersonnel is over the rooms; service may be nil where there are no cases.
func NewPersonnel(staff Staff, service *cases.Service, policies Policies) Personnel {
	return Personnel{Staff: staff, cases: service, policies: policies}
}

// giveBack returns the cases of somebody who may hold none any more to the queue.
func (p Personnel) giveBack(ctx context.Context, id string, err error) (int, error) {
	if err != nil || p.cases == nil {
		return 0, err
	}
	return p.cases.GiveBackOf(ctx, id)
}

// Disable keeps somebody from signing in, and returns how many cases went back to the
// queue. Errors: those of accounts.
func (p Personnel) Disable(ctx context.Context, id string) (int, error) {
	return p.giveBack(ctx, id, p.Staff.DisableStaff(ctx, server.Caller(ctx), id))
}

// SetRoles replaces somebody's roles, and returns how many cases went back to the queue
// because that person reviews no more. Errors: those of accounts.
func (p Personnel) SetRoles(ctx context.Context, id string, roles []string) (int, error) {
	return p.giveBack(ctx, id, p.Staff.SetRoles(ctx, server.Caller(ctx), id, rolesNamed(roles)))
}

func rolesNamed(names []string) []accounts.Role {
	roles := make([]accounts.Role, len(names))
	for n, name := range names {
		roles[n] = accounts.Role(name)
	}
	return roles
}

// AbsenceInput says when somebody is away: whole days, the first and the last, in the
// time zone of the default policy's calendar.
type AbsenceInput struct{ From, Until, Reason string }

// SetAbsence says that somebody is away. Where that begins at once, it returns how many
// cases went back to the queue. Errors: those of accounts, and invalid_date for days.
func (p Personnel) SetAbsence(ctx context.Context, id string, in AbsenceInput) (accounts.Absence, int, error) {
	zone, err := p.Zone()
	if err != nil {
		return accounts.Absence{}, 0, err
	}
	from, bad := dayIn(zone, "/from", in.From)
	last, bad2 := dayIn(zone, "/until", in.Until)
	if err := problem.InvalidFields(append(bad, bad2...)); err != nil {
		return accounts.Absence{}, 0, err
	}
	a, err := p.Staff.SetAbsence(ctx, server.Caller(ctx), accounts.NewAbsence{Staff: id, From: from, Until: last.AddDate(0, 0, 1), Reason: in.Reason})
	given, err := p.giveBack(ctx, id, err)
	return a, given, err
}

func dayIn(zone *time.Location, pointer, text string) (time.Time, []problem.Field) {
	day, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil || day.Year() < 2000 || day.Year() > 9000 {
		return time.Time{}, []problem.Field{{Pointer: pointer, Code: "invalid_date", Message: "Give a day such as 2026-11-30."}}
	}
	return day, nil
}

// Zone is the time zone in which the days of absences lie.
func (p Personnel) Zone() (*time.Location, error) {
	policy, err := p.policies.Current("")
	if err != nil {
		return nil, err
	}
	return time.LoadLocation(policy.Calendar().TimeZone())
}

// Held is how many cases somebody holds.
func (p Personnel) Held(ctx context.Context, id string) (int, error) {
	if p.cases == nil {
		return 0, nil
	}
	return p.cases.HeldCount(ctx, id)
}
