package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// delivered is a row of the deliveries of webhooks.
type delivered struct {
	WebhookID, MessageID, Type, CaseID, Body, State, LastCode string
	Attempts, LastStatus                                      int
	LeasedUntil, DoneAt                                       *time.Time
}

func (d delivered) String() string {
	return fmt.Sprintf("the delivery of %s (%s) to %s", d.MessageID, d.Type, d.WebhookID)
}

// happened is an event of a case, with the state before it.
type happened struct {
	CaseID, Type, State, ActorKind string
	Seq                            int64
	Round                          int
	At                             time.Time
	before                         string
}

// hookTypeOf is what webhooks are told of an event, by a table of this checker's own;
// "" when they are not.
func hookTypeOf(h happened) string {
	named := map[string]string{
		"submit": "case.submitted", "claim": "case.claimed", "release": "case.released", "request_materials": "case.materials_requested",
		"approve_part": "case.approval_given", "approve": "case.approved", "deny": "case.denied", "appeal": "case.appealed", "withdraw": "case.withdrawn",
		"expire": "case.expired", "late": "case.late", "supply": "item.supplied", "decide_item": "item.decided", "waive": "item.waived", "write": "message.written",
	}
	if kind, ok := named[h.Type]; ok {
		return kind
	}
	if h.State != h.before {
		return "case." + h.State
	}
	return ""
}

// told reads the events that webhooks are told of, by the id of their message: those of
// cases that were filed.
func (e *evidence) told(ctx context.Context) (map[string]happened, bool) {
	var events []happened
	if !e.query(ctx, 16, &events, "SELECT case_id, seq, type, state, round, actor_kind, at FROM events ORDER BY case_id, seq") {
		return nil, false
	}
	told := map[string]happened{}
	before, filed := "", false
	for n, ev := range events {
		if n == 0 || events[n-1].CaseID != ev.CaseID {
			before, filed = "", false
		}
		filed = filed || ev.Type == "submit"
		ev.before, before = before, ev.State
		if filed && hookTypeOf(ev) != "" {
			told[fmt.Sprintf("evt_%s_%d", ev.CaseID, ev.Seq)] = ev
		}
	}
	return told, true
}

// checkHooks wants one delivery for each event to each webhook that is told of its type,
// none for others, each with an end; what counts as delivered to have arrived, signed
// and as it was written; and nothing to have arrived that is of no committed row.
func (e *evidence) checkHooks(ctx context.Context) {
	var rows []delivered
	told, ok := e.told(ctx)
	if !ok || !e.query(ctx, 16, &rows, "SELECT webhook_id, message_id, type, case_id, body, state, last_code, attempts, last_status, leased_until, done_at FROM webhook_deliveries") {
		return
	}
	there := map[string]delivered{}
	for _, d := range rows {
		if at := d.WebhookID + "/" + d.MessageID; there[at].MessageID != "" {
			e.found(16, "%s is there twice", d)
		} else {
			there[at] = d
		}
		e.checkDue(d, told)
		e.checkDeliveryEnd(d)
	}
	for id, ev := range told {
		for _, h := range e.hooks {
			if _, written := there[h.ID+"/"+id]; h.told(hookTypeOf(ev)) && !written {
				e.found(16, "%s of case %s (event %d) was not written for the webhook %s", hookTypeOf(ev), ev.CaseID, ev.Seq, h.ID)
			}
		}
	}
	e.checkPosts(there)
}

// checkDue wants a delivery to be of an event that its webhook is told of, and to say
// what the event says.
func (e *evidence) checkDue(d delivered, told map[string]happened) {
	ev, ok := told[d.MessageID]
	if !ok {
		e.found(16, "%s is of no event", d)
		return
	}
	wanted := false
	for _, h := range e.hooks {
		wanted = wanted || h.ID == d.WebhookID && h.told(d.Type)
	}
	if !wanted {
		e.found(16, "%s, which is not told of it", d)
	}
	var said struct {
		Type      string
		Timestamp time.Time
		Data      struct {
			Case, Action, State, By string
			PreviousState           string `json:"previous_state"`
			Event                   int64
			Round                   int
		}
	}
	if err := json.Unmarshal([]byte(d.Body), &said); err != nil {
		e.found(16, "%s can't be read: %v", d, err)
		return
	}
	of := happened{CaseID: said.Data.Case, Type: said.Data.Action, State: said.Data.State, ActorKind: said.Data.By, Seq: said.Data.Event, Round: said.Data.Round,
		At: ev.At, before: said.Data.PreviousState}
	if of != ev || !said.Timestamp.Equal(ev.At) || said.Type != hookTypeOf(ev) || d.Type != said.Type || d.CaseID != ev.CaseID {
		e.found(16, "%s says otherwise than its event: %s", d, d.Body)
	}
}

// checkDeliveryEnd wants a delivery to be taken, or given up with a reason.
func (e *evidence) checkDeliveryEnd(d delivered) {
	switch {
	case d.State == "queued":
		e.found(17, "%s is still queued after %d attempts: %s", d, d.Attempts, d.LastCode)
	case d.LeasedUntil != nil || d.DoneAt == nil:
		e.found(17, "%s is %s, and leased or without an end", d, d.State)
	case d.State == "failed" && d.LastCode == "":
		e.found(17, "%s was given up for no reason", d)
	case d.State == "delivered" && (d.LastStatus < 200 || d.LastStatus > 299 || d.LastCode != ""):
		e.found(17, "%s counts as delivered and was answered %d %s", d, d.LastStatus, d.LastCode)
	}
}

// checkPosts holds the deliveries against what has arrived.
func (e *evidence) checkPosts(there map[string]delivered) {
	for _, text := range e.oddPosts {
		e.found(18, "%s", text)
	}
	bodies, taken := map[string]string{}, map[string]bool{}
	for _, p := range e.posts {
		if body, again := bodies[p.ID]; again && body != p.Body {
			e.found(18, "the message %s arrived with two bodies", p.ID)
		}
		bodies[p.ID] = p.Body
		at := p.Hook + "/" + p.ID
		taken[at] = taken[at] || p.Taken
		switch d, written := there[at]; {
		case !written:
			e.found(19, "the message %s arrived at the webhook %s and is in no committed row", p.ID, p.Hook)
		case d.Body != p.Body:
			e.found(18, "%s arrived otherwise than it was written: %s", d, p.Body)
		}
	}
	for at, d := range there {
		if d.State == "delivered" && !taken[at] {
			e.found(18, "%s counts as delivered, and no receiver took it", d)
		}
	}
}
