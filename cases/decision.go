package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/problem"
)

// CaseDecision is one approval, or the denial, of a whole case.
type CaseDecision struct {
	bun.BaseModel `bun:"table:decisions,alias:cdec"`

	ID      string `bun:"id,pk"`
	CaseID  string `bun:"case_id"`
	Round   int    `bun:"round"`
	Verdict State  `bun:"verdict"` // approved or denied
	// Role is the roles, wanted by the policy, that an approval may count for.
	Role          string     `bun:"role"`
	ReasonCode    ReasonCode `bun:"reason_code"`
	WordsCustomer string     `bun:"words_customer"`
	WordsStaff    string     `bun:"words_staff"`
	StaffID       string     `bun:"staff_id"`
	DecidedAt     time.Time  `bun:"decided_at"`
	// Void approvals were overtaken by a change of what they approved.
	Void bool `bun:"void"`
}

// Approve records the reviewer's approval. When the policy wants more, the case
// goes back to the queue for somebody else; the last one approves it. Errors:
// invalid_fields naming what is neither accepted nor waived, already_approved,
// second_person_required, role_required, not_claimed.
func (s *Service) Approve(ctx context.Context, actor Actor, caseID string, version int64, wordsStaff string) (*Case, error) {
	wordsStaff = strings.TrimSpace(wordsStaff)
	if f := problem.CheckText("/words_staff", wordsStaff, 0, maxWords, problem.ManyLines); f != nil {
		return nil, problem.InvalidFields([]problem.Field{*f})
	}
	return s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		given, err := ch.approvals()
		if err != nil {
			return err
		}
		action := actApprove
		if len(given)+1 < ch.Case.ApprovalsNeeded {
			action = actApprovePart
		}
		if _, err := ch.permit(action); err != nil {
			return err
		}
		dec := &CaseDecision{
			ID: s.opt.IDs(), CaseID: caseID, Round: ch.Case.Round, Verdict: Approved,
			WordsStaff: wordsStaff, StaffID: actor.ID, DecidedAt: ch.now,
		}
		if dec.Role, err = ch.approvalRole(given); err != nil {
			return err
		}
		if err := ch.saveDecision(dec); err != nil {
			return err
		}
		if err := ch.do(action, Facts{"decision": dec.ID, "approval": len(given) + 1, "needed": ch.Case.ApprovalsNeeded}); err != nil {
			return err
		}
		ch.dropClaim()
		if action == actApprovePart {
			return nil
		}
		ch.tell("case_approved", nil)
		return ch.end()
	})
}

func (ch *change) saveDecision(dec *CaseDecision) error {
	if dec.Verdict == Approved {
		ch.Case.Approvals++
	}
	if _, err := ch.tx.NewInsert().Model(dec).Exec(ch.ctx); err != nil {
		return fmt.Errorf("write decision: %w", err)
	}
	return nil
}

// approvals are those of this round that still stand.
func (ch *change) approvals() ([]*CaseDecision, error) {
	out := []*CaseDecision{}
	err := ch.tx.NewSelect().Model(&out).Where("cdec.case_id = ?", ch.Case.ID).Where("cdec.round = ?", ch.Case.Round).
		Where("cdec.verdict = ?", Approved).Where("cdec.void = ?", false).Order("cdec.id").Scan(ch.ctx)
	if err != nil {
		return nil, fmt.Errorf("read approvals: %w", err)
	}
	return out, nil
}

// freshApprover wants each approval to be another person's.
func freshApprover(ch *change) error {
	given, err := ch.approvals()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(given, func(d *CaseDecision) bool { return d.StaffID == ch.actor.ID }) {
		return problem.New(problem.Conflict, "already_approved", "You approved this case already. The next approval is somebody else's.")
	}
	return nil
}

// approvalRole says which of the roles that the policy wants among the approvers
// this approval may count for, and refuses one that would leave a wanted role
// without an approval to come.
func (ch *change) approvalRole(given []*CaseDecision) (string, error) {
	d, err := ch.Decision()
	if err != nil {
		return "", err
	}
	wanted := d.Handling.DistinctRoles
	if len(wanted) == 0 {
		return "", nil
	}
	var mine []string
	for _, role := range wanted {
		if ch.actor.Has(role) {
			mine = append(mine, role)
		}
	}
	approvers := [][]string{mine}
	for _, dec := range given {
		approvers = append(approvers, strings.Split(dec.Role, " "))
	}
	toCome := ch.Case.ApprovalsNeeded - len(approvers)
	if len(wanted)-rolesCovered(wanted, approvers) > toCome {
		return "", problem.Newf(problem.Forbidden, "role_required", "The approvals of this case need the roles %s, each from another person.", strings.Join(wanted, ", "))
	}
	return strings.Join(mine, " "), nil
}

// rolesCovered is how many of the wanted roles can be covered, each by another
// one of the approvers, given the roles that each of them has.
func rolesCovered(wanted []string, approvers [][]string) int {
	if len(wanted) == 0 {
		return 0
	}
	best := rolesCovered(wanted[1:], approvers)
	for n, roles := range approvers {
		if slices.Contains(roles, wanted[0]) {
			rest := slices.Concat(approvers[:n], approvers[n+1:])
			best = max(best, 1+rolesCovered(wanted[1:], rest))
		}
	}
	return best
}

// voidApprovals sets aside the approvals of this round, because what they
// approved has changed.
func (ch *change) voidApprovals() error {
	ch.Case.Approvals = 0
	_, err := ch.tx.NewUpdate().Model((*CaseDecision)(nil)).Set("void = ?", true).
		Where("case_id = ?", ch.Case.ID).Where("round = ?", ch.Case.Round).
		Where("verdict = ?", Approved).Where("void = ?", false).Exec(ch.ctx)
	if err != nil {
		return fmt.Errorf("void approvals: %w", err)
	}
	return nil
}

// Denial is why a case is denied. The words go to the customer; they never say
// which fact did not match.
type Denial struct {
	ReasonCode    ReasonCode
	WordsCustomer string
	WordsStaff    string
}

// Deny ends the case. The customer may appeal once. Errors: not_claimed,
// invalid_fields.
func (s *Service) Deny(ctx context.Context, actor Actor, caseID string, version int64, in Denial) (*Case, error) {
	in, bad := in.clean()
	if err := problem.InvalidFields(bad); err != nil {
		return nil, err
	}
	return s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		dec := &CaseDecision{
			ID: s.opt.IDs(), CaseID: caseID, Round: ch.Case.Round, Verdict: Denied, ReasonCode: in.ReasonCode,
			WordsCustomer: in.WordsCustomer, WordsStaff: in.WordsStaff, StaffID: actor.ID, DecidedAt: ch.now,
		}
		if err := ch.do(actDeny, Facts{"decision": dec.ID, "reason": dec.ReasonCode}); err != nil {
			return err
		}
		if err := ch.saveDecision(dec); err != nil {
			return err
		}
		ch.dropClaim()
		ch.setAppealUntil()
		ch.tell("case_denied", denialData(ch.Case, in))
		return ch.end()
	})
}

// clean trims the words and checks what does not depend on the case.
func (in Denial) clean() (Denial, []problem.Field) {
	j, bad := Judgement{ReasonCode: in.ReasonCode, WordsCustomer: in.WordsCustomer, WordsStaff: in.WordsStaff}.clean()
	return Denial{ReasonCode: in.ReasonCode, WordsCustomer: j.WordsCustomer, WordsStaff: j.WordsStaff}, bad
}

// setAppealUntil starts the time for the one appeal.
func (ch *change) setAppealUntil() {
	if ch.Case.Round == 1 {
		until := ch.now.Add(ch.s.opt.AppealWithin)
		ch.Case.AppealUntil = &until
	}
}

// denialData is what the letter about a denial says.
func denialData(c *Case, in Denial) map[string]string {
	data := map[string]string{"reason": in.WordsCustomer, "appeal_until": ""}
	if c.Round == 1 && c.AppealUntil != nil {
		data["appeal_until"] = c.AppealUntil.UTC().Format(time.RFC3339)
	}
	return data
}

// Appeal asks for one fresh look by other reviewers. Errors: appeal_used,
// appeal_too_late, wrong_state, invalid_fields.
func (s *Service) Appeal(ctx context.Context, actor Actor, caseID string, version int64, reason string) (*Case, error) {
	reason = strings.TrimSpace(reason)
	if f := problem.CheckText("/reason", reason, 10, maxWords, problem.ManyLines); f != nil {
		return nil, problem.InvalidFields([]problem.Field{*f})
	}
	return s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		if _, err := ch.permit(actAppeal); err != nil {
			return err
		}
		d, err := ch.Decision()
		if err != nil {
			return err
		}
		c := ch.Case
		c.Round++
		c.Approvals, c.Priority = 0, 0
		c.EndedAt, c.AppealUntil, c.ReviewLeft = nil, nil, 0
		if err := ch.startReviewClock(d); err != nil {
			return err
		}
		if err := ch.takeAccount(); err != nil {
			return err
		}
		if err := ch.reviewAfresh(); err != nil {
			return err
		}
		msg, err := ch.addMessage(Message, reason)
		if err != nil {
			return err
		}
		if err := ch.do(actAppeal, Facts{"message": msg.ID}); err != nil {
			return err
		}
		ch.tell("appeal_received", map[string]string{"review_by": ch.policy.Calendar().Day(*c.ReviewDue)})
		return nil
	})
}

// AppealedAt is when the case's customer appealed, nil if they did not. Error: case_not_found.
func (s *Service) AppealedAt(ctx context.Context, actor Actor, caseID string) (*time.Time, error) {
	if _, err := s.Case(ctx, actor, caseID); err != nil {
		return nil, err
	}
	var appeals []*Event
	err := s.db.From(ctx).NewSelect().Model(&appeals).Column("at").Where("e.case_id = ?", caseID).Where("e.type = ?", string(actAppeal)).Limit(1).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for an appeal: %w", err)
	}
	if len(appeals) == 0 {
		return nil, nil
	}
	return &appeals[0].At, nil
}

// reviewAfresh sets the items' reviews back, for eyes that have not seen them;
// what was decided before stays on record.
func (ch *change) reviewAfresh() error {
	_, err := ch.tx.NewUpdate().Model((*Item)(nil)).Set("review = ?", Pending).
		Where("case_id = ?", ch.Case.ID).Where("retired = ?", false).Exec(ch.ctx)
	if err != nil {
		return fmt.Errorf("set reviews back: %w", err)
	}
	return nil
}

// mayAppeal allows one appeal, in time.
func mayAppeal(ch *change) error {
	if ch.Case.Round > 1 {
		return problem.New(problem.Conflict, "appeal_used", "This case was decided on appeal. A second appeal is not possible.")
	}
	if ch.Case.AppealUntil == nil || ch.now.After(*ch.Case.AppealUntil) {
		return problem.New(problem.Conflict, "appeal_too_late", "The time for an appeal is over. You can start a new case.")
	}
	return nil
}

// Withdraw ends the case at its customer's wish.
func (s *Service) Withdraw(ctx context.Context, actor Actor, caseID string, version int64) (*Case, error) {
	return s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		if err := ch.do(actWithdraw, nil); err != nil {
			return err
		}
		ch.dropClaim()
		ch.tell("case_withdrawn", nil)
		return ch.end()
	})
}

// end does what every end of a case has in common: nothing is open or due any
// more, and the account is free for the claim that waited behind this one.
func (ch *change) end() error {
	c := ch.Case
	at := ch.now
	c.EndedAt, c.ReviewDue, c.CustomerDue = &at, nil, nil
	if err := ch.closeItems(); err != nil {
		return err
	}
	if err := ch.revokeInvitations(); err != nil {
		return err
	}
	wasOpen := c.Open
	c.Open, c.Held = false, false
	if !wasOpen {
		return nil
	}
	// The row must let go of the account before another can take it.
	if _, err := ch.tx.NewUpdate().Model((*Case)(nil)).Set("open = ?", false).Where("id = ?", c.ID).Exec(ch.ctx); err != nil {
		return fmt.Errorf("free account: %w", err)
	}
	return ch.openHeld()
}

// openHeld opens the oldest claim that waited behind this one. A claim that its
// customer is withdrawing at this moment is passed over for the next. It keeps the time by
// which its customer was told to expect a decision: only what the customer does stops that
// clock, and a new time would tell them that another claim had been in the way. So it may
// be late as soon as it opens, and stands at the front of the queue.
func (ch *change) openHeld() error {
	waiting := []string{}
	err := ch.tx.NewSelect().Model((*Case)(nil)).Column("id").Where("c.account_key = ?", ch.Case.AccountKey).
		Where("c.held = ?", true).Order("c.submitted_at", "c.id").Scan(ch.ctx, &waiting)
	if err != nil {
		return fmt.Errorf("look for a waiting claim: %w", err)
	}
	for _, id := range waiting {
		opened := false
		_, err := ch.s.change(ch.ctx, SystemActor(), target{id: id}, func(held *change) error {
			if !held.Case.Held || held.Case.State != Submitted {
				return nil
			}
			opened = true
			if err := held.takeAccount(); err != nil {
				return err
			}
			return held.do(actOpenHeld, Facts{"after": ch.Case.ID})
		})
		if err != nil || opened {
			return err
		}
	}
	return nil
}
