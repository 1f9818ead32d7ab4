package api

import (
	"context"
	"net/http"

	"regain/cases"
	"regain/server"
)

const viewsPath = queuePath + "/views"

// SavedViewView is a part of the queue under a name.
type SavedViewView struct {
	ID           string `json:"id"`
	Name         string `json:"name" example:"Chinese companies"`
	Shared       bool   `json:"shared" doc:"Everybody reads it."`
	Mine         bool   `json:"mine"`
	View         string `json:"view"`
	Text         string `json:"text,omitempty"`
	Organisation string `json:"organisation,omitempty"`
	QueueParameters
}

type savedViewsOut struct {
	Body struct {
		Views []SavedViewView `json:"views" doc:"The caller's own and the shared ones, by name."`
	}
}

type saveViewIn struct {
	Body struct {
		Name         string `json:"name" maxLength:"1000" example:"Chinese companies" doc:"1 to 60 characters. One that the caller has already is replaced."`
		Shared       bool   `json:"shared,omitempty" doc:"For everybody; leads only."`
		View         string `json:"view" enum:"mine,unassigned,due_soon,overdue,second_approval,appeals,followed,snoozed,waiting,held,ended,all"`
		Text         string `json:"text,omitempty" maxLength:"1000" doc:"As in a search."`
		Organisation string `json:"organisation,omitempty" maxLength:"1000" doc:"As in a search."`
		QueueParameters
	}
}

type saveViewOut struct {
	Body SavedViewView
}

type savedViewIn struct {
	View string `path:"view" maxLength:"64"`
}

func (a caseAPI) registerSavedViews() {
	server.JSON(a.server, server.Route{
		ID: "list-saved-views", Method: get, Path: viewsPath, Roles: caseStaff(), Effect: server.Reads, Tag: tagReview,
		Summary: "Views of the queue that were saved",
	}, func(ctx context.Context, _ *struct{}) (*savedViewsOut, error) {
		list, err := a.cases.SavedViews(ctx, actorOf(ctx))
		out := &savedViewsOut{}
		out.Body.Views = []SavedViewView{}
		for _, v := range list {
			out.Body.Views = append(out.Body.Views, savedViewView(ctx, v))
		}
		return out, err
	})

	server.JSON(a.server, server.Route{
		ID: "save-view", Method: post, Path: viewsPath, Roles: caseStaff(), Effect: server.Changes, Status: http.StatusCreated, MaxBody: 16 << 10, Tag: tagReview,
		Summary: "Save a view of the queue under a name",
	}, func(ctx context.Context, in *saveViewIn) (*saveViewOut, error) {
		b := in.Body
		q := b.query(b.View)
		q.Filter.Text, q.Filter.Organisation = b.Text, b.Organisation
		saved, err := a.cases.SaveView(ctx, actorOf(ctx), cases.NewView{
			Name: b.Name, Shared: b.Shared, Query: cases.SavedQuery{View: q.View, Order: q.Order, Filter: q.Filter},
		})
		if err != nil {
			return nil, err
		}
		return &saveViewOut{Body: savedViewView(ctx, saved)}, nil
	})

	server.JSON(a.server, server.Route{
		ID: "remove-view", Method: remove, Path: viewsPath + "/{view}", Roles: caseStaff(), Effect: server.Changes, Tag: tagReview,
		Summary: "Remove a saved view", Description: "One's own; a lead removes shared ones, too.",
	}, func(ctx context.Context, in *savedViewIn) (*struct{}, error) {
		return &struct{}{}, a.cases.RemoveView(ctx, actorOf(ctx), in.View)
	})
}

func savedViewView(ctx context.Context, v *cases.SavedView) SavedViewView {
	q := v.Query.V
	return SavedViewView{
		ID: v.ID, Name: v.Name, Shared: v.Shared, Mine: v.StaffID == actorOf(ctx).ID, View: string(q.View), Text: q.Filter.Text, Organisation: q.Filter.Organisation,
		QueueParameters: QueueParameters{
			Order: string(q.Order), Policy: q.Filter.Policy, Scenario: q.Filter.Scenario, Language: q.Filter.Locale, Holder: q.Filter.Holder, Raised: q.Filter.Raised, Tagged: q.Filter.Tag,
			Within: string(q.Filter.Within), Age: string(q.Filter.Age),
		},
	}
}
