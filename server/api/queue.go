package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"regain/cases"
	"regain/problem"
	"regain/server"
)

// QueueEntry is a case in a list.
type QueueEntry struct {
	ID              string     `json:"id"`
	Reference       string     `json:"reference" example:"7F3K-29QD-XM"`
	State           string     `json:"state" enum:"submitted,in_review,materials_requested,approved,denied,withdrawn,expired"`
	Scenario        string     `json:"scenario,omitempty" example:"direct-authenticated"`
	Account         string     `json:"account"`
	Round           int        `json:"round"`
	ApprovalsNeeded int        `json:"approvals_needed"`
	Held            bool       `json:"held,omitempty" doc:"It waits for another case on the account to end."`
	Claim           *ClaimView `json:"claim,omitempty"`
	FiledAt         *time.Time `json:"filed_at,omitempty"`
	SubmittedAt     *time.Time `json:"submitted_at,omitempty"`
	ReviewBy        *time.Time `json:"review_by,omitempty"`
	SupplyBy        *time.Time `json:"supply_by,omitempty"`
	EndedAt         *time.Time `json:"ended_at,omitempty"`
}

type queueIn struct {
	View   string `query:"view" enum:"mine,unassigned,due_soon,waiting,second_approval,appeals,held,ended,all" default:"unassigned" doc:"mine: claimed by the caller. unassigned: waiting for a reviewer. due_soon: due within a day, or late. waiting: with the customer. second_approval: waiting for another approval. held: waiting for another case on the account."`
	Cursor string `query:"cursor" maxLength:"300" doc:"Where the page before ended; it is in next."`
	Limit  int    `query:"limit" minimum:"1" maximum:"50" default:"25"`
}

type queueOut struct {
	Body struct {
		Cases  []QueueEntry `json:"cases" doc:"Those due first come first."`
		People People       `json:"people" doc:"The names of those who hold them, by id."`
		Next   string       `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

func (a caseAPI) registerQueue() {
	server.JSON(a.server, server.Route{
		ID: "list-queue", Method: get, Path: "/api/v1/queue", Roles: caseStaff(), Effect: server.Reads, Tag: tagReview,
		Summary: "The cases of a view, a page at a time",
	}, func(ctx context.Context, in *queueIn) (*queueOut, error) {
		view := cases.View(in.View)
		after, err := readCursor(in.Cursor, view)
		if err != nil {
			return nil, err
		}
		// One more than shown tells whether there is a next page.
		list, err := a.cases.Queue(ctx, actorOf(ctx), cases.QueueQuery{View: view, After: after, Limit: in.Limit + 1})
		if err != nil {
			return nil, err
		}
		out := &queueOut{}
		out.Body.Cases = []QueueEntry{}
		var holders []string
		for n, c := range list {
			if n == in.Limit {
				cursor := writeCursor(view, view.Key(list[n-1]))
				out.Body.Next = nextPage("/api/v1/queue", map[string]any{"view": in.View, "limit": in.Limit, "cursor": cursor})
				break
			}
			out.Body.Cases = append(out.Body.Cases, queueEntry(c))
			holders = append(holders, c.ClaimedBy)
		}
		out.Body.People, err = a.people(ctx, holders)
		return out, err
	})
}

func queueEntry(c *cases.Case) QueueEntry {
	return QueueEntry{
		ID: c.ID, Reference: c.Reference, State: string(c.State), Scenario: c.Scenario, Account: c.Account, Round: c.Round,
		ApprovalsNeeded: c.ApprovalsNeeded, Held: c.Held, Claim: claimView(c), FiledAt: utc(c.FiledAt), SubmittedAt: utc(c.SubmittedAt),
		ReviewBy: utc(c.ReviewDue), SupplyBy: utc(c.CustomerDue), EndedAt: utc(c.EndedAt),
	}
}

// queueCursor is what a cursor holds: a place, and the view that it is a place in.
type queueCursor struct {
	View cases.View     `json:"v"`
	Key  cases.QueueKey `json:"k"`
}

func writeCursor(view cases.View, key cases.QueueKey) string {
	b, err := json.Marshal(queueCursor{View: view, Key: cases.QueueKey{At: key.At.UTC(), ID: key.ID}})
	if err != nil {
		return "" // a time and two strings: cannot happen
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func readCursor(cursor string, view cases.View) (cases.QueueKey, error) {
	if cursor == "" {
		return cases.QueueKey{}, nil
	}
	var c queueCursor
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	// An id of ours is printable; anything else never reaches the database.
	if err != nil || c.View != view || problem.CheckText("", c.Key.ID, 1, 64, problem.OneLine) != nil {
		return cases.QueueKey{}, problem.New(problem.Malformed, "cursor_unknown", "This cursor is not one of this view. Begin without one.")
	}
	return c.Key, nil
}

// nextPage is the address of a list's next page.
func nextPage(path string, query map[string]any) string {
	q := url.Values{}
	for name, v := range query {
		q.Set(name, fmt.Sprint(v))
	}
	return path + "?" + q.Encode()
}
