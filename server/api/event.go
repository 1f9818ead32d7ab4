package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"regain/cases"
	"regain/server"
)

// EventView is one link of a case's chain: what happened, by whom, when. It holds ids,
// codes and digests, never personal data or free text.
type EventView struct {
	Seq       int64          `json:"seq" doc:"From 1, without a gap."`
	Type      string         `json:"type" example:"submit"`
	State     string         `json:"state" doc:"The case's state after it."`
	Round     int            `json:"round"`
	ActorKind string         `json:"actor_kind" enum:"customer,partner,staff,system"`
	ActorID   string         `json:"actor_id"`
	At        time.Time      `json:"at"`
	Data      map[string]any `json:"data"`
	Prev      string         `json:"prev" doc:"The hash of the event before; empty for the first."`
	Hash      string         `json:"hash" doc:"SHA-256 over all of the event and prev."`
}

type eventsIn struct {
	CasePath
	After int64 `query:"after" minimum:"0" doc:"The seq of the last event of the page before."`
	Limit int   `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type eventsOut struct {
	Body struct {
		Events []EventView `json:"events" doc:"Oldest first."`
		People People      `json:"people" doc:"The names of the members of staff among the actors, by id."`
		Next   string      `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

func (a caseAPI) registerEvents() {
	server.JSON(a.server, server.Route{
		ID: "list-events", Method: get, Path: casesPath + "{case}/events", Roles: caseStaff(), Effect: server.Reads, Tag: tagReview,
		Summary: "What happened to a case", Description: "Append-only, and chained by hashes, so that a change of the past shows.",
	}, func(ctx context.Context, in *eventsIn) (*eventsOut, error) {
		list, err := a.cases.Events(ctx, actorOf(ctx), in.Case, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &eventsOut{}
		out.Body.Events = []EventView{}
		var staff []string
		for _, e := range list {
			if e.ActorKind == cases.Staff {
				staff = append(staff, e.ActorID)
			}
			view, err := eventView(e)
			if err != nil {
				return nil, err
			}
			out.Body.Events = append(out.Body.Events, view)
		}
		if len(list) == in.Limit {
			out.Body.Next = nextPage(casesPath+in.Case+"/events", map[string]any{"after": list[len(list)-1].Seq, "limit": in.Limit})
		}
		out.Body.People, err = a.people(ctx, staff)
		return out, err
	})
}

func eventView(e *cases.Event) (EventView, error) {
	view := EventView{
		Seq: e.Seq, Type: e.Type, State: string(e.State), Round: e.Round, ActorKind: string(e.ActorKind), ActorID: e.ActorID,
		At: e.At.UTC(), Data: map[string]any{}, Prev: e.Prev, Hash: e.Hash,
	}
	if err := json.Unmarshal([]byte(e.Data), &view.Data); err != nil {
		return EventView{}, fmt.Errorf("read the data of event %d of case %s: %w", e.Seq, e.CaseID, err)
	}
	return view, nil
}
