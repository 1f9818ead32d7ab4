package cases

import (
	"context"

	"regain/problem"
)

// Claim takes a case for review. It lasts Options.ClaimTTL from whatever the
// holder did last on the case; claiming again prolongs it, too. Errors: already_claimed, involved,
// wrong_state, away.
func (s *Service) Claim(ctx context.Context, actor Actor, caseID string, version int64) (*Case, error) {
	return s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		if err := ch.do(actClaim, nil); err != nil {
			return err
		}
		ch.Case.ClaimedBy = actor.ID
		ch.prolong()
		return nil
	})
}

// prolong gives the holder another full term, where they have not a longer one.
func (ch *change) prolong() {
	until := ch.now.Add(ch.s.opt.ClaimTTL)
	if has := ch.Case.ClaimExpires; has == nil || has.Before(until) {
		ch.Case.ClaimExpires = &until
	}
}

// dropClaim takes the case from its holder.
func (ch *change) dropClaim() { ch.Case.ClaimedBy, ch.Case.ClaimExpires = "", nil }

// Release gives a claimed case back to the queue. A lead may release another's.
// Errors: not_claimed, wrong_state.
func (s *Service) Release(ctx context.Context, actor Actor, caseID string, version int64) (*Case, error) {
	return s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		return ch.giveBack(nil)
	})
}

// reviews guards what takes the role of a reviewer, where staff does it.
func reviews(ch *change) error {
	if ch.actor.Kind != Staff || ch.actor.Reviews() {
		return nil
	}
	return problem.New(problem.Forbidden, "role_required", "This takes the role of a reviewer or a lead.")
}

// notHeld keeps a competing claim out of review until its turn.
func notHeld(ch *change) error {
	if ch.Case.Held {
		return problem.New(problem.Conflict, "held", "Another case on this account is under way. This one opens when that one has ended.")
	}
	return nil
}

// holdsClaim guards what only the case's holder may do.
func holdsClaim(ch *change) error {
	if ch.Case.ClaimedBy != ch.actor.ID || !ch.Case.ClaimedNow(ch.now) {
		return problem.New(problem.Conflict, "not_claimed", "You don't hold this case (any more). Claim it first.")
	}
	return nil
}

// holdsClaimOrLead guards a release.
func holdsClaimOrLead(ch *change) error {
	if ch.actor.Kind == System || ch.undoes || ch.Case.ClaimedBy == ch.actor.ID || ch.actor.Has(RoleLead) {
		return nil
	}
	return errNotHolder()
}

// notHolder wants a second person: not the one who holds the case.
func notHolder(ch *change) error {
	if ch.Case.ClaimedBy == ch.actor.ID && ch.Case.ClaimedNow(ch.now) {
		return problem.New(problem.Conflict, "second_person_required", "You hold this case. A waiver is recorded by somebody else.")
	}
	return nil
}

// freeToClaim refuses a case that somebody else holds.
func freeToClaim(ch *change) error {
	if ch.Case.ClaimedNow(ch.now) && ch.Case.ClaimedBy != ch.actor.ID {
		return problem.New(problem.Conflict, "already_claimed", "Somebody else holds this case.").
			After(ch.Case.ClaimExpires.Sub(ch.now))
	}
	return nil
}

// notInvolved keeps out whoever has a part in the claim: a reviewer whose own
// address is the new contact or an invited one, and, on appeal, everybody who
// worked on the case before.
func notInvolved(ch *change) error {
	part, err := ch.partIn(ch.actor)
	if err != nil || !part {
		return err
	}
	return problem.New(problem.Forbidden, "involved", "You have a part in this claim, or decided on it before. Somebody else has to review it.")
}
