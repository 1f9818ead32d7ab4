package api

import (
	"time"

	"regain/cases"
	"regain/rules"
)

// CaseView is a case as its reader may see it: a customer the whole claim, staff also
// what is under Staff. A claim that waits for another one on the same account looks to
// its customer like any submitted case.
type CaseView struct {
	ID        string    `json:"id" example:"0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2"`
	Reference string    `json:"reference" example:"7F3K-29QD-XM" doc:"What people quote. It is no secret."`
	State     string    `json:"state" enum:"draft,submitted,in_review,materials_requested,approved,denied,withdrawn,expired"`
	Locale    string    `json:"locale" example:"en" doc:"The language of the messages to the customer."`
	Policy    PolicyRef `json:"policy" doc:"The policy that the case was filed under, and is finished under."`

	Account    string         `json:"account" example:"ana.lima" doc:"The account as the customer knows it."`
	Enterprise string         `json:"enterprise,omitempty" doc:"The account's owner, as letters name it."`
	Lost       []string       `json:"lost" example:"[\"phone\"]" doc:"What can no longer be reached."`
	Contacts   []ContactView  `json:"contacts" doc:"The new contacts."`
	Answers    map[string]any `json:"answers" doc:"The answers by question."`

	Decision DecisionView `json:"decision" doc:"What the policy makes of the answers. Its requirements show how the items belong together; the items say the rest."`
	Items    []ItemView   `json:"items" doc:"What is to be supplied: one entry for each slot, in the policy's order."`

	Round       int        `json:"round" doc:"1, and 2 after an appeal."`
	CreatedAt   time.Time  `json:"created_at"`
	FiledAt     *time.Time `json:"filed_at,omitempty" doc:"The first submission."`
	SubmittedAt *time.Time `json:"submitted_at,omitempty" doc:"The latest submission."`
	ReviewBy    *time.Time `json:"review_by,omitempty" doc:"When a reviewer should be done. Absent while the customer acts."`
	SupplyBy    *time.Time `json:"supply_by,omitempty" doc:"When a case that waits for its customer expires."`
	Ahead       *int       `json:"ahead,omitempty" doc:"How many cases are due before this one, while it waits; 200 stands for that many or more."`
	EndedAt     *time.Time `json:"ended_at,omitempty"`
	Denial      *Denial    `json:"denial,omitempty" doc:"Why the case was denied."`
	AppealUntil *time.Time `json:"appeal_until,omitempty" doc:"An appeal is possible until then."`

	Staff *CaseStaffView `json:"staff,omitempty" doc:"For staff only."`
}

// PolicyRef names a version of a policy.
type PolicyRef struct {
	ID      string `json:"id" example:"huawei-id"`
	Edition string `json:"edition" example:"2026-01-23"`
	Hash    string `json:"hash" doc:"The content hash."`
}

// ContactView is a new contact.
type ContactView struct {
	Channel  string `json:"channel" enum:"email,phone"`
	Address  string `json:"address" example:"+5511987654321"`
	Verified bool   `json:"verified" doc:"It was proved with a code."`
	Needed   bool   `json:"needed" doc:"It replaces what was lost, and must be proved before the case can be submitted."`
}

// Denial is what a customer is told.
type Denial struct {
	ReasonCode string    `json:"reason_code" example:"not_proven"`
	Words      string    `json:"words"`
	DecidedAt  time.Time `json:"decided_at"`
}

// CaseStaffView is what only staff see of a case.
type CaseStaffView struct {
	Held            bool            `json:"held" doc:"Another case on the account is under way; this one opens when that one has ended."`
	Claim           *ClaimView      `json:"claim,omitempty" doc:"Who works on the case."`
	ApprovalsNeeded int             `json:"approvals_needed"`
	Verdicts        []VerdictView   `json:"verdicts" doc:"Approvals and denials of all rounds, oldest first."`
	Documents       []DocumentView  `json:"documents" doc:"Every file of the case, also those of items that are no longer asked for."`
	Invitations     []InvitationRef `json:"invitations"`
	Priority        int             `json:"priority" doc:"1 when the review of this round took longer than it should, else 0."`
	Tags            []TagView       `json:"tags" doc:"By name."`
	Snooze          *SnoozeView     `json:"snooze,omitempty" doc:"It was put away until a time."`
	Signals         []SignalView    `json:"signals" doc:"What the case has in common with others, and what of it is blocked. It proves nothing."`
	People          People          `json:"people" doc:"The names of the members of staff by id: who holds the case or put it away, and who decided something in it."`
	UpdatedAt       time.Time       `json:"updated_at"`
	Events          int64           `json:"events" doc:"How many events the case has."`
}

// ClaimView is who holds a case.
type ClaimView struct {
	By      string     `json:"by" doc:"The id of the member of staff."`
	Expires *time.Time `json:"expires,omitempty" doc:"When it ends without a further act."`
}

// VerdictView is an approval or a denial.
type VerdictView struct {
	ID            string    `json:"id"`
	Round         int       `json:"round"`
	Verdict       string    `json:"verdict" enum:"approved,denied"`
	Role          string    `json:"role,omitempty" doc:"The role that an approval counts for."`
	ReasonCode    string    `json:"reason_code,omitempty"`
	WordsCustomer string    `json:"words_customer,omitempty"`
	WordsStaff    string    `json:"words_staff,omitempty"`
	By            string    `json:"by" doc:"The id of the member of staff."`
	DecidedAt     time.Time `json:"decided_at"`
	Void          bool      `json:"void,omitempty" doc:"What was approved has changed since."`
}

// caseView shows a case to its customer or to staff.
func (a caseAPI) caseView(d *cases.Details, reader cases.Actor, locale string) CaseView {
	c := d.Case
	staff := reader.Kind == cases.Staff
	view := CaseView{
		ID: c.ID, Reference: c.Reference, State: string(c.State), Locale: c.Locale,
		Policy:  PolicyRef{ID: d.Policy.ID(), Edition: d.Policy.Edition(), Hash: d.Policy.Hash()},
		Account: c.Account, Enterprise: c.Enterprise, Lost: []string{}, Contacts: contactViews(c),
		Answers: answersFor(d.Policy, c.Answers.V, staff), Decision: caseDecision(d, staff, locale), Items: make([]ItemView, 0, len(d.Items)),
		Round: c.Round, CreatedAt: c.CreatedAt.UTC(), FiledAt: utc(c.FiledAt), SubmittedAt: utc(c.SubmittedAt),
		ReviewBy: utc(c.ReviewDue), SupplyBy: utc(c.CustomerDue), EndedAt: utc(c.EndedAt), AppealUntil: utc(c.AppealUntil),
		Denial: denialOf(d),
	}
	for _, l := range c.Lost.V {
		view.Lost = append(view.Lost, string(l))
	}
	for _, i := range d.Items {
		view.Items = append(view.Items, a.itemView(d, i, reader, locale))
	}
	if d.Ahead >= 0 {
		view.Ahead = &d.Ahead
	}
	if staff {
		view.Staff = a.staffView(d)
	}
	return view
}

func contactViews(c *cases.Case) []ContactView {
	views := []ContactView{}
	for _, channel := range []cases.Channel{cases.Email, cases.Phone} {
		address, verified := c.Contact(channel)
		if address == "" {
			continue
		}
		view := ContactView{Channel: string(channel), Address: address, Verified: verified}
		for _, lost := range c.Lost.V {
			view.Needed = view.Needed || lost == channel
		}
		views = append(views, view)
	}
	return views
}

// answersFor leaves out what the customer was never asked.
func answersFor(p *rules.Policy, answers cases.AnswersRaw, staff bool) map[string]any {
	out := map[string]any{}
	for id, v := range answers {
		if f := p.Fact(id); staff || f != nil && f.OfCustomer() {
			out[id] = v
		}
	}
	return out
}

// caseDecision is the decision with the requirements' outline only: each item of the
// case says itself what is asked and why.
func caseDecision(d *cases.Details, staff bool, locale string) DecisionView {
	view := decisionView(d.Policy, d.Decision, locale)
	view.Requirements = outline(d.Decision.Requirements, locale)
	if !staff { // how many people decide is nothing that a claimant should plan with
		view.Handling.Approvals, view.Handling.ApprovalRoles = 0, nil
	}
	return view
}

func outline(requirements []rules.Requirement, locale string) []RequirementView {
	views := make([]RequirementView, 0, len(requirements))
	for n := range requirements {
		r := &requirements[n]
		view := RequirementView{
			ID: r.ID, Kind: string(r.Kind), Label: r.Label.In(locale), Guidance: r.Guidance.In(locale),
			Count: r.Count, UpTo: r.UpTo, Optional: r.Optional, AtLeast: r.AtLeast,
		}
		if len(r.Children) > 0 {
			view.Children = outline(r.Children, locale)
		}
		views = append(views, view)
	}
	return views
}

// denialOf is the denial that stands.
func denialOf(d *cases.Details) *Denial {
	if d.Case.State != cases.Denied {
		return nil
	}
	for n := len(d.Decisions) - 1; n >= 0; n-- {
		if v := d.Decisions[n]; v.Verdict == cases.Denied {
			return &Denial{ReasonCode: string(v.ReasonCode), Words: v.WordsCustomer, DecidedAt: v.DecidedAt.UTC()}
		}
	}
	return nil
}

func (a caseAPI) staffView(d *cases.Details) *CaseStaffView {
	c := d.Case
	view := &CaseStaffView{
		Held: c.Held, Claim: claimView(c), ApprovalsNeeded: c.ApprovalsNeeded, Verdicts: []VerdictView{},
		Documents: []DocumentView{}, Invitations: []InvitationRef{}, Priority: c.Priority, Tags: tagViews(d.Tags), Snooze: snoozeView(c), Signals: signalViews(d), UpdatedAt: c.UpdatedAt.UTC(), Events: c.EventSeq,
	}
	for _, v := range d.Decisions {
		view.Verdicts = append(view.Verdicts, VerdictView{
			ID: v.ID, Round: v.Round, Verdict: string(v.Verdict), Role: v.Role, ReasonCode: string(v.ReasonCode),
			WordsCustomer: v.WordsCustomer, WordsStaff: v.WordsStaff, By: v.StaffID, DecidedAt: v.DecidedAt.UTC(), Void: v.Void,
		})
	}
	for _, doc := range d.Documents {
		view.Documents = append(view.Documents, documentView(doc, casesPath+c.ID+"/documents/"))
	}
	for _, inv := range d.Invitations {
		view.Invitations = append(view.Invitations, invitationRef(inv))
	}
	return view
}

func claimView(c *cases.Case) *ClaimView {
	if c.ClaimedBy == "" {
		return nil
	}
	return &ClaimView{By: c.ClaimedBy, Expires: utc(c.ClaimExpires)}
}

// utc is the time in UTC, whatever zone the database's driver gives it in.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return new(t.UTC())
}
