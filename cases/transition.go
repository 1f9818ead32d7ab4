package cases

import (
	"slices"

	"regain/problem"
)

// Action is something that an actor does to a case.
type Action string

// The actions. Each is one row (or two) of the table below.
const (
	actAnswer      Action = "answer"            // change the answers or the particulars of a draft
	actCorrect     Action = "correct_answers"   // a reviewer corrects them
	actProve       Action = "verify_contact"    // prove a new contact
	actSupply      Action = "supply"            // attach, replace, remove, state, declare out of reach
	actInvite      Action = "invite"            // ask a reseller or partner
	actSubmit      Action = "submit"            // hand it in
	actClaim       Action = "claim"             // take it for review
	actRelease     Action = "release"           // give it back
	actJudge       Action = "decide_item"       // accept or reject one item
	actWaive       Action = "waive"             // a second person lets an item go
	actRequest     Action = "request_materials" // send it back for more
	actApprovePart Action = "approve_part"      // one approval of several
	actApprove     Action = "approve"           // the last approval
	actDeny        Action = "deny"
	actAppeal      Action = "appeal"
	actWithdraw    Action = "withdraw"
	actExpire      Action = "expire"
	actRemind      Action = "remind"
	actOpenHeld    Action = "open_held" // a competing claim's turn has come
	actWrite       Action = "write"     // a message
	actNote        Action = "note"      // an internal note
	actView        Action = "view_document"
)

// same says that a transition leaves the state as it is.
const same State = ""

// transition is one row: in one of these states, these actors may do this, if
// every guard agrees, and it leads there.
type transition struct {
	action Action
	from   []State
	to     State
	by     []ActorKind
	guards []guard
}

// guard refuses a transition with a problem, or agrees with nil.
type guard func(*change) error

// transitions is the whole lifecycle. What is not in it does not happen.
func transitions() []transition {
	withCustomer := []State{Draft, MaterialsRequested}
	atReview := []State{Submitted, InReview}
	alive := []State{Draft, Submitted, InReview, MaterialsRequested}
	filed := []State{Submitted, InReview, MaterialsRequested, Approved, Denied, Withdrawn, Expired}
	return []transition{
		{actAnswer, []State{Draft}, same, []ActorKind{Customer}, nil},
		{actProve, []State{Draft, Submitted, InReview, MaterialsRequested}, same, []ActorKind{Customer}, nil},
		{actSupply, withCustomer, same, []ActorKind{Customer, Partner}, nil},
		{actInvite, withCustomer, same, []ActorKind{Customer}, nil},
		{actSubmit, withCustomer, Submitted, []ActorKind{Customer}, []guard{contactsProved, outcomeCollects, everythingSupplied}},
		{actClaim, atReview, InReview, []ActorKind{Staff}, []guard{reviews, notHeld, notInvolved, freeToClaim}},
		{actRelease, []State{InReview}, Submitted, []ActorKind{Staff, System}, []guard{holdsClaimOrLead}},
		{actCorrect, []State{InReview}, same, []ActorKind{Staff}, []guard{holdsClaim}},
		{actJudge, []State{InReview}, same, []ActorKind{Staff}, []guard{holdsClaim}},
		{actWaive, atReview, same, []ActorKind{Staff}, []guard{reviews, notInvolved, notHolder}},
		{actRequest, []State{InReview}, MaterialsRequested, []ActorKind{Staff}, []guard{holdsClaim}},
		{actApprovePart, []State{InReview}, Submitted, []ActorKind{Staff}, []guard{holdsClaim, notInvolved, everythingAccepted, freshApprover}},
		{actApprove, []State{InReview}, Approved, []ActorKind{Staff}, []guard{holdsClaim, notInvolved, everythingAccepted, freshApprover}},
		{actDeny, []State{InReview}, Denied, []ActorKind{Staff}, []guard{holdsClaim, notInvolved}},
		{actAppeal, []State{Denied}, Submitted, []ActorKind{Customer}, []guard{mayAppeal}},
		{actWithdraw, alive, Withdrawn, []ActorKind{Customer}, nil},
		{actExpire, withCustomer, Expired, []ActorKind{System}, []guard{overdue}},
		{actRemind, withCustomer, same, []ActorKind{System}, nil},
		{actOpenHeld, []State{Submitted}, same, []ActorKind{System}, nil},
		{actWrite, []State{Draft, Submitted, InReview, MaterialsRequested, Denied}, same, []ActorKind{Customer, Staff}, nil},
		{actNote, filed, same, []ActorKind{Staff}, []guard{reviews}},
		{actView, append([]State{Draft}, filed...), same, []ActorKind{Customer, Partner, Staff}, nil},
	}
}

// permit finds the action's row and asks its guards.
func (ch *change) permit(action Action) (transition, error) {
	for _, t := range transitions() {
		if t.action != action {
			continue
		}
		if !slices.Contains(t.by, ch.actor.Kind) {
			return t, problem.Newf(problem.Forbidden, "not_allowed", "This is not for you to do (%s).", action)
		}
		if !slices.Contains(t.from, ch.Case.State) {
			return t, problem.Newf(problem.Conflict, "wrong_state", "This can't be done while the case is %q.", ch.Case.State)
		}
		for _, g := range t.guards {
			if err := g(ch); err != nil {
				return t, err
			}
		}
		return t, nil
	}
	return transition{}, problem.Newf(problem.Conflict, "unknown_action", "There is no such action (%s).", action)
}

// do performs the action: permission, the new state, its event.
func (ch *change) do(action Action, facts Facts) error {
	t, err := ch.permit(action)
	if err != nil {
		return err
	}
	if t.to != same {
		ch.Case.State = t.to
	}
	return ch.record(string(action), facts)
}
