package cases

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"regain/notify"
)

// What webhooks are told of, apart from changes of state that have no name of their
// own here: those are "case." and the state.
func hookTypes() map[Action]string {
	return map[Action]string{
		actSubmit:      "case.submitted",
		actClaim:       "case.claimed",
		actRelease:     "case.released",
		actRequest:     "case.materials_requested",
		actApprovePart: "case.approval_given",
		actApprove:     "case.approved",
		actDeny:        "case.denied",
		actAppeal:      "case.appealed",
		actWithdraw:    "case.withdrawn",
		actExpire:      "case.expired",
		actLate:        "case.late",
		actTag:         "case.tagged",
		actSnooze:      "case.snoozed",
		actWake:        "case.woken",
		actSupply:      "item.supplied",
		actJudge:       "item.decided",
		actWaive:       "item.waived",
		actWrite:       "message.written",
	}
}

// WebhookTypes lists all types of events that webhooks can be told of, sorted.
func WebhookTypes() []string {
	types := slices.Collect(maps.Values(hookTypes()))
	for _, t := range transitions() {
		if _, named := hookTypes()[t.action]; !named && t.to != same && t.to != Draft {
			types = append(types, "case."+string(t.to))
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(types)))
}

// hookType is what the event is to webhooks; empty when they are not told of it.
func hookType(e *Event, before State) string {
	if t, ok := hookTypes()[Action(e.Type)]; ok {
		return t
	}
	if e.State != before {
		return "case." + string(e.State)
	}
	return ""
}

// hookData is what a receiver reads of an event: ids and codes. Whoever may see more
// asks the API for it.
type hookData struct {
	Case          string    `json:"case"`
	Event         int64     `json:"event"` // its number in the case, to put them in order
	Action        string    `json:"action"`
	State         State     `json:"state"`
	PreviousState State     `json:"previous_state"`
	Round         int       `json:"round"`
	By            ActorKind `json:"by"`
	Item          string    `json:"item,omitempty"`
	Document      string    `json:"document,omitempty"`
	Decision      string    `json:"decision,omitempty"`
	Verdict       string    `json:"verdict,omitempty"`
	Reason        string    `json:"reason,omitempty"`
	Message       string    `json:"message,omitempty"`
	// Woke says that the event brought a case back that was put away.
	Woke bool `json:"-"`
}

// publish tells webhooks of the change's events, once the case was filed: before that
// it is nobody's but its customer's. Whatever brings a case back that was put away is told
// of as that, too.
func (ch *change) publish() error {
	if ch.s.opt.Webhooks == nil || ch.Case.FiledAt == nil {
		return nil
	}
	before := ch.was
	for _, e := range ch.events {
		data := hookDataOf(e, before)
		id := fmt.Sprintf("evt_%s_%d", e.CaseID, e.Seq)
		if err := ch.publishAs(id, hookType(e, before), e, data); err != nil {
			return err
		}
		if data.Woke {
			if err := ch.publishAs(id+"_woken", hookTypes()[actWake], e, data); err != nil {
				return err
			}
		}
		before = e.State
	}
	return nil
}

// publishAs tells webhooks of an event as one of their types; not at all when it is none.
func (ch *change) publishAs(id, hookType string, e *Event, data hookData) error {
	if hookType == "" {
		return nil
	}
	return ch.s.opt.Webhooks.Publish(ch.ctx, ch.tx, notify.Happening{ID: id, Type: hookType, CaseID: e.CaseID, At: e.At, Data: data})
}

func hookDataOf(e *Event, before State) hookData {
	var facts map[string]any
	_ = json.Unmarshal([]byte(e.Data), &facts) // written by this change
	text := func(name string) string {
		s, _ := facts[name].(string)
		return s
	}
	woke, _ := facts["woke"].(bool)
	return hookData{
		Case: e.CaseID, Event: e.Seq, Action: e.Type, State: e.State, PreviousState: before, Round: e.Round, By: e.ActorKind,
		Item: text("item"), Document: text("document"), Decision: text("decision"), Verdict: text("verdict"), Reason: text("reason"), Message: text("message"),
		Woke: woke,
	}
}
