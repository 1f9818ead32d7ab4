package api

import (
	"context"
	"net/http"
	"time"

	"regain/accounts"
	"regain/server"
)

// AbsenceView is a time in which somebody is away.
type AbsenceView struct {
	ID       string    `json:"id"`
	From     string    `json:"from" format:"date" doc:"The first day, in the time zone of the default policy's calendar."`
	Until    string    `json:"until" format:"date" doc:"The last day."`
	BeginsAt time.Time `json:"begins_at"`
	EndsAt   time.Time `json:"ends_at"`
	Reason   string    `json:"reason,omitempty" doc:"A few words for colleagues."`
	SetBy    string    `json:"set_by" doc:"The id of whoever set it."`
	Now      bool      `json:"now" doc:"Whether the person is away by it now."`
}

type absenceIn struct {
	PersonPath
	Body struct {
		From   string `json:"from" maxLength:"40" example:"2026-12-21" doc:"The first day; today begins at once."`
		Until  string `json:"until" maxLength:"40" example:"2026-12-31" doc:"The last day."`
		Reason string `json:"reason,omitempty" maxLength:"1000" doc:"Up to 120 characters; colleagues see it."`
	}
}

type absenceOut struct {
	Body struct {
		Absence   AbsenceView `json:"absence"`
		GivenBack int         `json:"given_back" doc:"How many cases went back to the queue because it began at once."`
	}
}

type endAbsenceIn struct {
	PersonPath
	Absence string `path:"absence" maxLength:"64" doc:"The absence's id."`
}

func registerAbsences(s *server.Server, p Personnel) {
	const path, tag = peoplePath + "/{person}/absences", "People"
	server.JSON(s, server.Route{
		ID: "set-absence", Method: post, Path: path, Roles: server.Staff(), Scope: server.PeopleOnly, Effect: server.Changes, Status: http.StatusCreated, MaxBody: 8 << 10, Tag: tag,
		Limit:   server.Limit{N: 120, Per: hour, By: server.ByCaller},
		Summary: "Say when somebody is away",
		Description: "Everybody for themselves, and leads for all. Meanwhile nobody can give the person cases, nor does the person take any; " +
			"when it begins, the cases that the person holds go back to the queue.",
	}, func(ctx context.Context, in *absenceIn) (*absenceOut, error) {
		a, given, err := p.SetAbsence(ctx, in.id(ctx), AbsenceInput{From: in.Body.From, Until: in.Body.Until, Reason: in.Body.Reason})
		if err != nil {
			return nil, err
		}
		out := &absenceOut{}
		out.Body.GivenBack = given
		out.Body.Absence, err = p.absenceView(a)
		return out, err
	})
	server.JSON(s, server.Route{
		ID: "end-absence", Method: remove, Path: path + "/{absence}", Roles: server.Staff(), Scope: server.PeopleOnly, Effect: server.Changes, Tag: tag,
		Summary: "End an absence now, or cancel one that has not begun",
	}, func(ctx context.Context, in *endAbsenceIn) (*struct{}, error) {
		return &struct{}{}, p.Staff.EndAbsence(ctx, server.Caller(ctx), in.id(ctx), in.Absence)
	})
}

func (p Personnel) absenceView(a accounts.Absence) (AbsenceView, error) {
	zone, err := p.Zone()
	if err != nil {
		return AbsenceView{}, err
	}
	return AbsenceView{
		ID: a.ID, From: a.From.In(zone).Format(time.DateOnly), Until: a.Until.Add(-time.Microsecond).In(zone).Format(time.DateOnly),
		BeginsAt: a.From, EndsAt: a.Until, Reason: a.Reason, SetBy: a.SetBy, Now: a.Now,
	}, nil
}

// Absences are those of one person that are not over.
func (p Personnel) Absences(ctx context.Context, id string) ([]AbsenceView, error) {
	list, err := p.Staff.Absences(ctx, server.Caller(ctx), id)
	if err != nil {
		return nil, err
	}
	views := make([]AbsenceView, 0, len(list))
	for _, a := range list {
		view, err := p.absenceView(a)
		if err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return views, nil
}
