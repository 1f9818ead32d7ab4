package cases

import (
	"slices"

	"regain/problem"
)

// Action is something that an actor does to a case.
type Action string

// The actions. Each is one row of the table below.
const (
	actStart       Action = "start"             // open a draft; the first event of every case
	actAnswer      Action = "answer"            // change the answers or the particulars of a draft
	actCorrect     Action = "correct_answers"   // a reviewer corrects them
	actProve       Action = "verify_contact"    // prove a new contact
	actSupply      Action = "supply"            // attach, replace, remove, state, declare out of reach
	actInvite      Action = "invite"            // ask a reseller or partner
	actRevoke      Action = "revoke_invitation" // end an invitation
	actExchange    Action = "exchange_invitation"
	actRenew       Action = "renew_invitation"  // its link was used: send another
	actSubmit      Action = "submit"            // hand it in
	actRefuse      Action = "refuse"            // it was handed in, and not taken
	actClaim       Action = "claim"             // take it for review
	actRelease     Action = "release"           // give it back
	actAssign      Action = "assign"            // give it to a reviewer
	actJudge       Action = "decide_item"       // accept or reject one item
	actWaive       Action = "waive"             // a second person lets an item go
	actUndo        Action = "undo_decision"     // take a decision about an item back
	actRequest     Action = "request_materials" // send it back for more
	actApprovePart Action = "approve_part"      // one approval of several
	actApprove     Action = "approve"           // the last approval
	actDeny        Action = "deny"
	actAppeal      Action = "appeal"
	actWithdraw    Action = "withdraw"
	actExpire      Action = "expire"
	actRemind      Action = "remind"
	actLate        Action = "late"      // the review took longer than it should
	actOpenHeld    Action = "open_held" // a competing claim's turn has come
	actWrite       Action = "write"     // a message
	actNote        Action = "note"      // an internal note
	actTag         Action = "tag"       // give tags, and take them away
	actSnooze      Action = "snooze"    // put it away until a time
	actWake        Action = "wake"      // bring it back
	actView        Action = "view_document"
	actExport      Action = "export_case" // take it out of the program, whole
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

// transitions is the whole lifecycle. What is not in it does not happen. The one
// row without a state to come from is how a case begins.
func transitions() []transition {
	withCustomer := []State{Draft, MaterialsRequested}
	atReview := []State{Submitted, InReview}
	alive := []State{Draft, Submitted, InReview, MaterialsRequested}
	filed := []State{Submitted, InReview, MaterialsRequested, Approved, Denied, Withdrawn, Expired}
	holder := []guard{reviews, holdsClaim}
	decider := []guard{reviews, holdsClaim, notInvolved}
	approver := []guard{reviews, holdsClaim, notInvolved, freshApprover, everythingAnswered, everythingAccepted}
	return []transition{
		{actStart, nil, Draft, []ActorKind{Customer}, nil},
		{actAnswer, []State{Draft}, same, []ActorKind{Customer}, nil},
		{actProve, alive, same, []ActorKind{Customer}, nil},
		{actSupply, withCustomer, same, []ActorKind{Customer, Partner}, nil},
		{actInvite, withCustomer, same, []ActorKind{Customer}, []guard{reachable}},
		{actRevoke, alive, same, []ActorKind{Customer}, nil},
		{actExchange, alive, same, []ActorKind{Partner}, nil},
		{actRenew, withCustomer, same, []ActorKind{Partner}, nil},
		{actSubmit, withCustomer, Submitted, []ActorKind{Customer}, []guard{contactsProved, outcomeCollects, everythingSupplied}},
		{actRefuse, []State{Draft}, same, []ActorKind{Customer}, nil},
		{actClaim, atReview, InReview, []ActorKind{Staff}, []guard{reviews, notHeld, notInvolved, freeToClaim, actorHere}},
		{actAssign, atReview, InReview, []ActorKind{Staff}, []guard{reviews, notHeld, assigneeReviews, assigneeNotInvolved, mayAssign, assigneeHere}},
		{actRelease, []State{InReview}, Submitted, []ActorKind{Staff, System}, []guard{reviews, holdsClaimOrLead}},
		{actCorrect, []State{InReview}, same, []ActorKind{Staff}, holder},
		{actJudge, []State{InReview}, same, []ActorKind{Staff}, holder},
		{actWaive, atReview, same, []ActorKind{Staff}, []guard{reviews, notHeld, notInvolved, notHolder}},
		{actUndo, atReview, same, []ActorKind{Staff}, []guard{reviews, notHeld}},
		{actRequest, []State{InReview}, MaterialsRequested, []ActorKind{Staff}, holder},
		{actApprovePart, []State{InReview}, Submitted, []ActorKind{Staff}, approver},
		{actApprove, []State{InReview}, Approved, []ActorKind{Staff}, approver},
		{actDeny, []State{InReview}, Denied, []ActorKind{Staff}, decider},
		{actAppeal, []State{Denied}, Submitted, []ActorKind{Customer}, []guard{mayAppeal}},
		{actWithdraw, alive, Withdrawn, []ActorKind{Customer}, nil},
		{actExpire, withCustomer, Expired, []ActorKind{System}, []guard{overdue}},
		{actRemind, withCustomer, same, []ActorKind{System}, nil},
		{actLate, atReview, same, []ActorKind{System}, nil},
		{actOpenHeld, []State{Submitted}, same, []ActorKind{System}, nil},
		{actWrite, append(alive, Denied), same, []ActorKind{Customer, Staff}, []guard{reviews}},
		{actNote, filed, same, []ActorKind{Staff}, []guard{reviews}},
		{actTag, filed, same, []ActorKind{Staff}, []guard{reviews}},
		{actSnooze, atReview, same, []ActorKind{Staff}, []guard{reviews, notHeld, mayPutAway}},
		{actWake, atReview, same, []ActorKind{Staff, System}, []guard{reviews, putAway}},
		{actView, append([]State{Draft}, filed...), same, []ActorKind{Customer, Partner, Staff}, nil},
		{actExport, filed, same, []ActorKind{Staff}, nil},
	}
}

// permit finds the action's row and asks its guards, once in a change: the
// guards judge the case as it was before the action touched it.
func (ch *change) permit(action Action) (transition, error) {
	if ch.permitted.action == action {
		return ch.permitted, nil
	}
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
		ch.permitted = t
		return t, nil
	}
	return transition{}, problem.Newf(problem.Conflict, "unknown_action", "There is no such action (%s).", action)
}

// do performs the action: permission, the new state, its event. A permission is
// good for one performance.
func (ch *change) do(action Action, facts Facts) error {
	t, err := ch.permit(action)
	if err != nil {
		return err
	}
	ch.permitted = transition{}
	if t.to != same {
		ch.Case.State = t.to
	}
	if ch.wakes(action) {
		if facts == nil {
			facts = Facts{}
		}
		facts["woke"] = true
		ch.comeBack()
	}
	if ch.Case.FirstLookAt == nil && looks(action) {
		ch.Case.FirstLookAt = &ch.now
	}
	return ch.record(action, facts)
}
