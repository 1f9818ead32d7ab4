package chaos

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// message is a row of the outbox.
type message struct {
	ID, MessageKey, Template, State, Reason string
	LeasedUntil, DoneAt                     *time.Time
	Attempts                                int
}

// tells maps the events that tell the customer something to the message's template.
func tells() map[string]string {
	return map[string]string{
		"submit": "case_submitted", "approve": "case_approved", "deny": "case_denied", "withdraw": "case_withdrawn",
		"appeal": "appeal_received", "request_materials": "more_requested", "expire": "case_expired", "remind": "item_reminder",
		"verify_contact": "case_started", "write": "message_received",
	}
}

// checkMessages wants one message for each event that tells somebody something, and
// none for what did not happen; and each to have come to an end.
func (e *evidence) checkMessages(ctx context.Context) {
	var rows []message
	var events []struct {
		CaseID, Type, ActorKind string
		Seq                     int64
	}
	if !e.query(ctx, 16, &rows, "SELECT id, message_key, template, state, reason, leased_until, done_at, attempts FROM outbox") ||
		!e.query(ctx, 16, &events, "SELECT case_id, seq, type, actor_kind FROM events ORDER BY case_id, seq") {
		return
	}
	queued := map[string]bool{}
	for _, m := range rows {
		queued[m.MessageKey] = true
		e.checkEnd(m)
	}
	due := map[string]bool{}
	reached := map[string]bool{}
	for _, ev := range events {
		template := tells()[ev.Type]
		switch {
		case ev.Type == "verify_contact" && reached[ev.CaseID], ev.Type == "write" && ev.ActorKind != "staff",
			ev.Type != "verify_contact" && !reached[ev.CaseID]:
			template = ""
		case ev.Type == "verify_contact":
			reached[ev.CaseID] = true
		}
		if template == "" {
			continue
		}
		key := fmt.Sprintf("%s/%d/%s/customer", ev.CaseID, ev.Seq, template)
		due[key] = true
		if !queued[key] {
			e.found(16, "no message %s", key)
		}
	}
	for _, m := range rows {
		if strings.HasSuffix(m.MessageKey, "/customer") && !due[m.MessageKey] {
			e.found(16, "the message %s is of no event", m.MessageKey)
		}
	}
}

// checkEnd wants a message to be sent, or given up with a reason.
func (e *evidence) checkEnd(m message) {
	switch {
	case m.State == "queued":
		e.found(17, "the message %s (%s) is still queued after %d attempts", m.ID, m.Template, m.Attempts)
	case m.LeasedUntil != nil || m.DoneAt == nil:
		e.found(17, "the message %s is %s, and leased or without an end", m.ID, m.State)
	case m.State == "dead" && m.Reason == "":
		e.found(17, "the message %s is dead for no reason", m.ID)
	}
}

// checkDeliveries wants every message that counts as sent to have arrived, and
// nothing to have arrived that no committed row stands for.
func (e *evidence) checkDeliveries(ctx context.Context) {
	var rows []message
	if !e.query(ctx, 18, &rows, "SELECT id, state FROM outbox") {
		return
	}
	arrived := map[string]string{}
	for _, d := range e.arrived {
		if to, again := arrived[d.ID]; again && to != d.To {
			e.found(18, "the message %s arrived at two addresses", d.ID)
		}
		arrived[d.ID] = d.To
	}
	for _, text := range e.odd {
		e.found(18, "%s", text)
	}
	known := map[string]bool{}
	for _, m := range rows {
		known[m.ID] = true
		if _, there := arrived[m.ID]; m.State == "sent" && !there {
			e.found(18, "the message %s counts as sent and never arrived", m.ID)
		}
	}
	for id := range arrived {
		if !known[id] {
			e.found(19, "a message %s arrived that is in no committed row", id)
		}
	}
}
