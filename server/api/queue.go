package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"regain/cases"
	"regain/problem"
	"regain/server"
)

// QueueEntry is a case in a list.
type QueueEntry struct {
	ID              string      `json:"id"`
	Reference       string      `json:"reference" example:"7F3K-29QD-XM"`
	State           string      `json:"state" enum:"submitted,in_review,materials_requested,approved,denied,withdrawn,expired"`
	Scenario        string      `json:"scenario,omitempty" example:"direct-authenticated"`
	Title           string      `json:"title,omitempty" doc:"The scenario's, in the language that was asked for." example:"Direct customer, authenticated"`
	Locale          string      `json:"locale" doc:"The customer's language."`
	Account         string      `json:"account"`
	Round           int         `json:"round"`
	ApprovalsNeeded int         `json:"approvals_needed"`
	Priority        int         `json:"priority" doc:"1 when the review of this round took longer than it should, else 0."`
	Held            bool        `json:"held,omitempty" doc:"It waits for another case on the account to end."`
	Tags            []TagView   `json:"tags" doc:"By name."`
	Snooze          *SnoozeView `json:"snooze,omitempty" doc:"It was put away until a time."`
	Claim           *ClaimView  `json:"claim,omitempty"`
	FiledAt         *time.Time  `json:"filed_at,omitempty"`
	SubmittedAt     *time.Time  `json:"submitted_at,omitempty"`
	ReviewBy        *time.Time  `json:"review_by,omitempty"`
	SupplyBy        *time.Time  `json:"supply_by,omitempty"`
	EndedAt         *time.Time  `json:"ended_at,omitempty"`
}

// QueueParameters are embedded where a part of the queue is asked for, in the query or
// in a body.
type QueueParameters struct {
	Order    string `query:"order" json:"order,omitempty" enum:"first,last" doc:"Due first or due last; in the view ended, ended first or last. Without it: due first, ended last."`
	Policy   string `query:"policy" json:"policy,omitempty" maxLength:"100" doc:"Only cases under this policy."`
	Scenario string `query:"scenario" json:"scenario,omitempty" maxLength:"100" doc:"Only cases of this scenario."`
	Language string `query:"language" json:"language,omitempty" maxLength:"35" example:"pt-BR" doc:"Only cases of customers who speak it."`
	Holder   string `query:"holder" json:"holder,omitempty" maxLength:"64" doc:"Only cases that this member of staff holds."`
	Raised   bool   `query:"raised" json:"raised,omitempty" doc:"Only cases of raised priority: their review took longer than it should."`
	Tagged   string `query:"tag" json:"tag,omitempty" maxLength:"330" doc:"Only cases with this tag, by its id; of several, 5 at most and with commas between, only cases with all of them."`
	Within   string `query:"within" json:"within,omitempty" enum:"late,4h,1d,3d,7d" doc:"Only cases that are due by then; in views of cases that are due."`
	Age      string `query:"age" json:"age,omitempty" enum:"1d,7d,30d,over_7d,over_30d" doc:"Only cases that were filed within the time, or before it."`
}

func (in QueueParameters) query(view string) cases.QueueQuery {
	return cases.QueueQuery{View: cases.View(view), Order: cases.QueueOrder(in.Order), Filter: cases.QueueFilter{
		Policy: in.Policy, Scenario: in.Scenario, Locale: in.Language, Holder: in.Holder, Raised: in.Raised, Tag: in.Tagged, Within: cases.QueueWithin(in.Within), Age: cases.QueueAge(in.Age),
	}}
}

type queueIn struct {
	server.Localized
	View string `query:"view" enum:"mine,unassigned,due_soon,overdue,second_approval,appeals,followed,snoozed,waiting,held,ended,all" default:"unassigned" doc:"mine: claimed by the caller. unassigned: waiting for a reviewer. due_soon: due within a day, or late. overdue: late. waiting: with the customer. second_approval: waiting for another approval. snoozed: put away until a time; those are neither in mine nor in unassigned. held: waiting for another case on the account. followed: under way, and followed by the caller."`
	QueueParameters
	AcceptLanguage string `header:"Accept-Language" example:"pt-BR" doc:"The language of the titles, when locale does not say it."`
	Cursor         string `query:"cursor" maxLength:"300" doc:"Where the page before ended, or the page after began; it is in next and previous."`
	Limit          int    `query:"limit" minimum:"1" maximum:"50" default:"25"`
}

// searchIn has what people search for in its body: it names persons, and addresses are
// kept in logs, histories and proxies that are not ours to erase.
type searchIn struct {
	server.Localized
	AcceptLanguage string `header:"Accept-Language" example:"pt-BR" doc:"The language of the titles, when locale does not say it."`
	Body           struct {
		View         string `json:"view,omitempty" enum:"mine,unassigned,due_soon,overdue,second_approval,appeals,followed,snoozed,waiting,held,ended,all" default:"all"`
		Text         string `json:"text,omitempty" maxLength:"1000" example:"ana@example.com" doc:"Words of the reference, the account, a contact, an organisation, a message or a note. A case has all of them, or words that begin with them. At most 200 characters."`
		Organisation string `json:"organisation,omitempty" maxLength:"1000" example:"Nuvem Parceira" doc:"Words of an organisation's name alone: the account's owner, or who was invited."`
		QueueParameters
		Cursor string `json:"cursor,omitempty" maxLength:"300" doc:"From next or previous."`
		Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"50" default:"25"`
	}
}

type searchOut struct {
	Body struct {
		Cases    []QueueEntry `json:"cases"`
		People   People       `json:"people" doc:"The names of those who hold them or put them away, by id."`
		Next     string       `json:"next,omitempty" doc:"The cursor of the next page; absent at the end."`
		Previous string       `json:"previous,omitempty" doc:"The cursor of the page before; absent at the beginning."`
	}
}

type queueOut struct {
	Body struct {
		Cases    []QueueEntry `json:"cases" doc:"Those due first come first."`
		People   People       `json:"people" doc:"The names of those who hold them or put them away, by id."`
		Next     string       `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
		Previous string       `json:"previous,omitempty" format:"uri-reference" doc:"The page before; absent at the beginning."`
	}
}

type queueCountsOut struct {
	Body struct {
		Counts map[cases.View]int `json:"counts" doc:"How many cases are in each view of work to be done, 1000 at most." example:"{\"mine\":2,\"unassigned\":17}"`
	}
}

func (a caseAPI) registerQueue() {
	server.JSON(a.server, server.Route{
		ID: "list-queue", Method: get, Path: queuePath, Roles: caseStaff(), Effect: server.Reads, Tag: tagReview,
		Summary: "The cases of a view, a page at a time",
	}, a.listQueue)

	server.JSON(a.server, server.Route{
		ID: "search-cases", Method: post, Path: queuePath + "/search", Roles: caseStaff(), Effect: server.Reads, MaxBody: 16 << 10, Tag: tagReview,
		Summary:     "Find cases by reference, account, contact, organisation or text",
		Description: "A search is a body, because addresses must not hold what is known of people.",
	}, a.searchCases)

	server.JSON(a.server, server.Route{
		ID: "count-queue", Method: get, Path: queuePath + "/counts", Roles: caseStaff(), Effect: server.Reads, Tag: tagReview,
		Summary: "How many cases are in each view",
	}, func(ctx context.Context, _ *struct{}) (*queueCountsOut, error) {
		counts, err := a.cases.QueueCounts(ctx, actorOf(ctx))
		out := &queueCountsOut{}
		out.Body.Counts = counts
		return out, err
	})

	server.JSON(a.server, server.Route{
		ID: "claim-next", Method: post, Path: queuePath + "/next", Roles: reviewers(), Effect: server.Changes, MaxBody: 4 << 10, Tag: tagReview,
		Summary:     "Take the waiting case that is due first",
		Description: "Cases that somebody else was faster to take, or in which the caller has a part, are passed over.",
	}, func(ctx context.Context, in *InLanguage) (*caseOut, error) {
		c, err := a.cases.ClaimNext(ctx, actorOf(ctx))
		return a.shown(ctx, c, err, *in)
	})
}

const queuePath = "/api/v1/queue"

func (a caseAPI) listQueue(ctx context.Context, in *queueIn) (*queueOut, error) {
	page, err := a.queuePage(ctx, in.query(in.View), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &queueOut{}
	out.Body.Cases, out.Body.Next, out.Body.Previous = page.Entries, in.page(page.Next), in.page(page.Previous)
	out.Body.People, err = a.people(ctx, page.Holders())
	return out, err
}

func (a caseAPI) searchCases(ctx context.Context, in *searchIn) (*searchOut, error) {
	b := in.Body
	query := b.query(b.View)
	query.Filter.Text, query.Filter.Organisation = b.Text, b.Organisation
	page, err := a.queuePage(ctx, query, b.Cursor, b.Limit)
	if err != nil {
		return nil, err
	}
	out := &searchOut{}
	out.Body.Cases, out.Body.Next, out.Body.Previous = page.Entries, page.Next, page.Previous
	out.Body.People, err = a.people(ctx, page.Holders())
	return out, err
}

// page is the address of another page of the same view; empty without a cursor.
func (in *queueIn) page(cursor string) string {
	if cursor == "" {
		return ""
	}
	return nextPage(queuePath, map[string]any{
		"view": in.View, "limit": in.Limit, "cursor": cursor, "order": in.Order, "tag": in.Tagged, "policy": in.Policy, "scenario": in.Scenario,
		"language": in.Language, "holder": in.Holder, "raised": in.Raised, "within": in.Within, "age": in.Age, "locale": in.Locale,
	})
}

// QueuePage is a page of a view, and the cursors of those beside it.
type QueuePage struct {
	Entries        []QueueEntry
	Next, Previous string
}

// Holders are the ids of those who hold the cases, or put them away.
func (p QueuePage) Holders() []string {
	var ids []string
	for _, e := range p.Entries {
		if e.Claim != nil {
			ids = append(ids, e.Claim.By)
		}
		if e.Snooze != nil {
			ids = append(ids, e.Snooze.By)
		}
	}
	return ids
}

func (a caseAPI) queuePage(ctx context.Context, query cases.QueueQuery, cursor string, limit int) (QueuePage, error) {
	place, err := readCursor(cursor, query.View)
	if err != nil {
		return QueuePage{}, err
	}
	query.After = place.Key
	if place.Back {
		query.After, query.Before = cases.QueueKey{}, place.Key
	}
	query.Limit = limit + 1 // one more than shown tells whether there is a page beyond
	list, err := a.cases.Queue(ctx, actorOf(ctx), query)
	if err != nil {
		return QueuePage{}, err
	}
	beyond := len(list) > limit
	if beyond && place.Back {
		list = list[1:]
	}
	list = list[:min(len(list), limit)]
	page := QueuePage{Entries: make([]QueueEntry, 0, len(list))}
	tags, err := a.cases.TagsOf(ctx, list...)
	if err != nil {
		return QueuePage{}, err
	}
	for _, c := range list {
		entry := a.queueEntry(ctx, c)
		entry.Tags = tagViews(tags[c.ID])
		page.Entries = append(page.Entries, entry)
	}
	if n := len(list); n > 0 {
		if beyond || place.Back {
			page.Next = queueCursor{View: query.View, Key: list[n-1].Key()}.write()
		}
		if beyond && place.Back || cursor != "" && !place.Back {
			page.Previous = queueCursor{View: query.View, Key: list[0].Key(), Back: true}.write()
		}
	}
	return page, nil
}

// queueEntry has no title where the case's policy can't be read: that stops the case,
// and no list.
func (a caseAPI) queueEntry(ctx context.Context, c *cases.Case) QueueEntry {
	title := ""
	if policy, err := a.cases.PolicyOf(ctx, c); err == nil {
		if s := policy.Scenario(c.Scenario); s != nil {
			title = s.Title.In(server.Locale(ctx))
		}
	}
	return QueueEntry{
		ID: c.ID, Reference: c.Reference, State: string(c.State), Scenario: c.Scenario, Title: title, Locale: c.Locale, Account: c.Account, Round: c.Round,
		ApprovalsNeeded: c.ApprovalsNeeded, Priority: c.Priority, Held: c.Held, Snooze: snoozeView(c), Claim: claimView(c), FiledAt: utc(c.FiledAt), SubmittedAt: utc(c.SubmittedAt),
		ReviewBy: utc(c.ReviewDue), SupplyBy: utc(c.CustomerDue), EndedAt: utc(c.EndedAt),
	}
}

// queueCursor is what a cursor holds: a place, and the view that it is a place in.
type queueCursor struct {
	View cases.View     `json:"v"`
	Key  cases.QueueKey `json:"k"`
	// Back is for the page before the place.
	Back bool `json:"b,omitempty"`
}

func (c queueCursor) write() string {
	c.Key.At = c.Key.At.UTC()
	b, err := json.Marshal(c)
	if err != nil {
		return "" // a time and two strings: cannot happen
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func readCursor(cursor string, view cases.View) (queueCursor, error) {
	if cursor == "" {
		return queueCursor{}, nil
	}
	var c queueCursor
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	// An id of ours is printable, and a year positive; anything else never reaches the database.
	if err != nil || c.View != view || c.Key.At.UTC().Year() < 1 || problem.CheckText("", c.Key.ID, 1, 64, problem.OneLine) != nil {
		return queueCursor{}, errCursor()
	}
	return c, nil
}
