package cases

import (
	"fmt"
	"slices"

	"regain/notify"
	"regain/problem"
)

// mostMentioned is how many people one note may mention.
const mostMentioned = 20

// mention keeps whom a note is for, each once and its author left out. Error:
// invalid_fields for somebody who may not see cases.
func (ch *change) mention(who []Actor) error {
	if len(who) > mostMentioned {
		return problem.InvalidFields([]problem.Field{{Pointer: "/mentions", Code: "too_many", Message: fmt.Sprintf("Mention %d people at most.", mostMentioned)}})
	}
	for n, a := range who {
		if !a.Has(RoleReviewer, RoleLead, RoleAuditor) {
			return problem.InvalidFields([]problem.Field{{Pointer: fmt.Sprintf("/mentions/%d", n), Code: "may_not_see", Message: "This person may not see cases."}})
		}
		known := slices.ContainsFunc(ch.mentioned, func(b Actor) bool { return b.ID == a.ID })
		if a.ID != ch.actor.ID && !known {
			ch.mentioned = append(ch.mentioned, a)
		}
	}
	return nil
}

// mentionedIDs are the ids of whom the note is for, as the note and its event hold them.
func (ch *change) mentionedIDs() []string {
	ids := make([]string, 0, len(ch.mentioned))
	for _, a := range ch.mentioned {
		ids = append(ids, a.ID)
	}
	slices.Sort(ids)
	return ids
}

// tellMentioned puts the note into the inboxes of those it is for, and does for each what
// they have chosen: a mail, and following the case from now on.
func (ch *change) tellMentioned(n Notice, e *Event) error {
	if len(ch.mentioned) == 0 {
		return nil
	}
	var notices []*Notice
	for _, a := range ch.mentioned {
		told := n
		told.StaffID, told.Why = a.ID, WhyMentioned
		notices = append(notices, &told)
	}
	if err := ch.addNotices(notices...); err != nil {
		return err
	}
	choices, err := choicesOf(ch.ctx, ch.tx, ch.mentionedIDs())
	if err != nil {
		return err
	}
	p, err := ch.Policy()
	if err != nil {
		return err
	}
	for _, a := range ch.mentioned {
		if choices[a.ID].Mail && a.Email != "" {
			ch.send(notify.Message{
				Key: fmt.Sprintf("%s/%d/mentioned/%s", e.CaseID, e.Seq, a.ID), Channel: notify.Email, To: a.Email, Locale: p.Language(), Template: "mentioned",
				Data: map[string]string{"reference": ch.Case.Reference, "link": ch.s.opt.PublicURL + "/staff/cases/" + ch.Case.ID},
			})
		}
	}
	for _, id := range ch.mentionedIDs() {
		if !choices[id].Follow {
			continue
		}
		room, err := ch.s.roomToFollow(ch.ctx, ch.tx, id, ch.Case.ID)
		if err != nil {
			return err
		}
		if room {
			if err := ch.s.follow(ch.ctx, ch.tx, ch.Case.ID, id); err != nil {
				return err
			}
		}
	}
	return nil
}
