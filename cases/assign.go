package cases

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"regain/problem"
)

// Assign gives a case to a reviewer: one that waits to oneself, one's own to another,
// and, as a lead, any to anybody. It lasts Options.AssignTTL, and is prolonged by work
// on the case as a claim is. Errors: already_claimed, not_holder, involved,
// assignee_involved, not_a_reviewer, held, wrong_state, away, assignee_away.
func (s *Service) Assign(ctx context.Context, actor Actor, caseID string, version int64, to Actor) (*Case, error) {
	return s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		return ch.assign(to, nil)
	})
}

// HandOver is Assign with a note for whoever gets the case; empty for none. The case stays
// where it is when the note is refused. Errors: those of Assign, and invalid_fields of
// "/note".
func (s *Service) HandOver(ctx context.Context, actor Actor, caseID string, version int64, to Actor, note string) (*Case, error) {
	note = strings.TrimSpace(note)
	if f := problem.CheckText("/note", note, 0, maxMessage, problem.ManyLines); f != nil {
		return nil, problem.InvalidFields([]problem.Field{*f})
	}
	return s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		if err := ch.assign(to, nil); err != nil || note == "" {
			return err
		}
		_, err := ch.say(Note, note, []Actor{to})
		return err
	})
}

// assign gives the case to somebody; why names what is undone by it.
func (ch *change) assign(to Actor, why Facts) error {
	ch.assignee = &to
	facts := Facts{"to": to.ID}
	if holder := ch.Case.ClaimedBy; holder != "" {
		facts["from"] = holder
	}
	for k, v := range why {
		facts[k] = v
	}
	if err := ch.do(actAssign, facts); err != nil {
		return err
	}
	ch.Case.ClaimedBy = to.ID
	until := ch.now.Add(ch.s.opt.AssignTTL)
	ch.Case.ClaimExpires = &until
	return nil
}

// mayAssign says who may give a case to whom.
func mayAssign(ch *change) error {
	switch c := ch.Case; {
	case ch.actor.Has(RoleLead), ch.undoes:
		return nil
	case c.ClaimedNow(ch.now) && c.ClaimedBy == ch.actor.ID:
		return nil // hands it over
	case ch.assignee.ID == ch.actor.ID:
		return freeToClaim(ch)
	}
	return errNotHolder()
}

func errNotHolder() error {
	return problem.New(problem.Forbidden, "not_holder", "Only its holder or a lead may do this with a case.")
}

// assigneeReviews refuses to give a case to somebody who could not decide it.
func assigneeReviews(ch *change) error {
	if ch.undoes || ch.assignee.Reviews() {
		return nil
	}
	return problem.New(problem.Conflict, "not_a_reviewer", "Cases are given to reviewers and leads alone.")
}

// assigneeNotInvolved keeps the case from people with a part in the claim.
func assigneeNotInvolved(ch *change) error {
	if ch.undoes {
		return nil // they had it before
	}
	if ch.assignee.ID == ch.actor.ID {
		return notInvolved(ch)
	}
	part, err := ch.partIn(*ch.assignee)
	if err != nil || !part {
		return err
	}
	return problem.New(problem.Conflict, "assignee_involved", "That person has a part in this claim, or decided on it before. Somebody else has to review it.")
}

// partIn says whether somebody has a part in the claim: a reviewer whose own mailbox
// is that of the new contact, the account or somebody invited, however it is written, and,
// on appeal, everybody who worked on the case before. That nobody reviews what is asked of
// an organisation of their own, the accounts see to: its addresses are no reviewer's. A
// mail domain alone is no part, since reviewers share theirs, and whoever files a case
// could keep all of them out by whom they invite.
func (ch *change) partIn(who Actor) (bool, error) {
	invited := []string{}
	err := ch.tx.NewSelect().Model((*Invitation)(nil)).Column("email").Where("inv.case_id = ?", ch.Case.ID).Scan(ch.ctx, &invited)
	if err != nil {
		return false, fmt.Errorf("read invitations: %w", err)
	}
	if who.Email != "" && sameMailbox(who.Email, append(invited, ch.Case.NewEmail, ch.Case.Account)...) {
		return true, nil
	}
	if ch.Case.Round == 1 {
		return false, nil
	}
	n, err := ch.tx.NewSelect().Model((*Event)(nil)).
		Where("e.case_id = ?", ch.Case.ID).Where("e.round < ?", ch.Case.Round).
		Where("e.actor_kind = ?", Staff).Where("e.actor_id = ?", who.ID).
		Where("e.type NOT IN (?)", bun.List(noWork())).Count(ch.ctx)
	if err != nil {
		return false, fmt.Errorf("look for earlier work: %w", err)
	}
	return n > 0, nil
}

// noWork are the actions of staff that judge nothing of a case.
func noWork() []string {
	return []string{string(actView), string(actExport), string(actNote), string(actAssign), string(actTag), string(actSnooze), string(actWake)}
}
