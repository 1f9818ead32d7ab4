package api

import (
	"context"

	"regain/accounts"
	"regain/cases"
	"regain/problem"
	"regain/rules"
	"regain/server"
)

// DecisionView is what a policy says about answers.
type DecisionView struct {
	Policy       string            `json:"policy" doc:"The policy's id." example:"huawei-id"`
	PolicyHash   string            `json:"policy_hash" doc:"The version of the policy that decided."`
	Complete     bool              `json:"complete" doc:"True when nothing that still matters is unanswered."`
	Outcome      string            `json:"outcome,omitempty" enum:"collect,self_service,administrator,refuse,contact_support" doc:"Absent until it is certain."`
	Words        string            `json:"words,omitempty" doc:"What the customer is told when nothing is collected."`
	Scenario     *ScenarioRef      `json:"scenario,omitempty" doc:"Absent until it is certain."`
	Next         *FactView         `json:"next,omitempty" doc:"The next question to ask."`
	Open         []string          `json:"open" doc:"The unanswered questions that can still change the result, in asking order."`
	Ignored      []string          `json:"ignored" doc:"Answers that are not asked for under the others."`
	Requirements []RequirementView `json:"requirements" doc:"What must be supplied: all of it when complete, else only what is certain already."`
	Notes        []string          `json:"notes" doc:"What the customer should know."`
	Handling     HandlingView      `json:"handling"`
}

// ScenarioRef names a row of the policy's table with the columns before it.
type ScenarioRef struct {
	ID    string   `json:"id" example:"direct-authenticated"`
	Title string   `json:"title"`
	Path  []string `json:"path" doc:"The titles from the outermost group to this row."`
}

// HandlingView is how a case is worked, as far as it is certain.
type HandlingView struct {
	RequestMethod    string         `json:"request_method,omitempty"`
	ReviewWithin     *DurationView  `json:"review_within,omitempty"`
	CustomerHours    int            `json:"customer_hours,omitempty" doc:"How long the customer has to supply what is asked, in hours."`
	WaitingHours     int            `json:"waiting_hours,omitempty" doc:"How long passes between an approval and the hand-back, in hours."`
	Approvals        int            `json:"approvals,omitempty" doc:"How many different people must approve."`
	ApprovalRoles    []string       `json:"approval_roles,omitempty" doc:"The roles that must be among them."`
	Restore          []string       `json:"restore,omitempty" doc:"What the hand-back replaces."`
	RetentionInHours map[string]int `json:"retention_hours,omitempty" doc:"How long data is kept, by how the case ended."`
}

// DurationView is a length of time in words of a calendar.
type DurationView struct {
	N    int    `json:"n" example:"2"`
	Unit string `json:"unit" enum:"business days,days,hours"`
}

type decisionIn struct {
	server.Localized
	Body struct {
		Policy  string         `json:"policy,omitempty" maxLength:"100" doc:"The policy's id; the default policy when absent." example:"huawei-id"`
		Answers map[string]any `json:"answers" doc:"Answers by the id of the question, as the question's type says. Null is unanswered."`
	}
}

type decisionOut struct {
	Body DecisionView
}

func registerDecisions(s *server.Server, policies Policies) {
	server.JSON(s, server.Route{
		ID: "decide", Method: post, Path: "/api/v1/decisions",
		Roles: server.Everyone(), Effect: server.Reads, MaxBody: 64 << 10, Tag: "Decisions", Remembers: inForce(policies),
		Summary: "What must be supplied under these answers, and which question comes next",
		Description: "Nothing is kept. Begin with no answers, ask what next says, add the answer, and repeat until complete. " +
			"An unknown question, a value of the wrong type, and a combination that cannot happen are each refused with pointers.",
	}, func(ctx context.Context, in *decisionIn) (*decisionOut, error) {
		p, err := policies.Current(in.Body.Policy)
		if problem.Is(err, "policy_not_found") {
			return nil, problem.InvalidFields([]problem.Field{{Pointer: "/policy", Code: "unknown_policy", Message: "There is no policy with this id."}})
		}
		if err != nil {
			return nil, err
		}
		locale := server.Locale(ctx)
		decision, err := cases.Decide(p, in.Body.Answers, answerer(ctx), locale)
		if err != nil {
			return nil, err
		}
		if !namesText(p, in.Body.Answers) {
			server.Remember(ctx)
		}
		return &decisionOut{Body: wholeDecision(p, decision, locale)}, nil
	})
}

// namesText says that somebody's own words are among the answers.
func namesText(p *rules.Policy, answers map[string]any) bool {
	for id := range answers {
		if f := p.Fact(id); f == nil || f.Type == rules.FactText {
			return true
		}
	}
	return false
}

// answerer is as whom a caller answers questions: as a customer, but for staff.
func answerer(ctx context.Context) cases.ActorKind {
	switch server.Caller(ctx).Kind {
	case accounts.StaffMember, accounts.Program:
		return cases.Staff
	}
	return cases.Customer
}

// wholeDecision is the decision with all that it asks for.
func wholeDecision(p *rules.Policy, d rules.Decision, locale string) DecisionView {
	view := decisionView(p, d, locale)
	view.Requirements = requirementViews(d.Requirements, locale)
	return view
}

// decisionView is the decision without its requirements.
func decisionView(p *rules.Policy, d rules.Decision, locale string) DecisionView {
	view := DecisionView{
		Policy: p.ID(), PolicyHash: d.PolicyHash, Complete: d.Complete, Outcome: string(d.Outcome), Words: d.Words.In(locale),
		Open: customersFacts(p, d.Open), Ignored: customersFacts(p, d.Ignored),
		Notes:    append([]string{}, words(d.Notes, locale)...),
		Handling: handlingView(d.Handling),
	}
	if d.Scenario != nil {
		view.Scenario = &ScenarioRef{ID: d.Scenario.ID, Title: d.Scenario.Title.In(locale)}
		for _, step := range d.Scenario.Path() {
			view.Scenario.Path = append(view.Scenario.Path, step.Title.In(locale))
		}
	}
	if d.Next != nil {
		next := factView(d.Next, locale)
		view.Next = &next
	}
	return view
}

func customersFacts(p *rules.Policy, ids []string) []string {
	out := []string{}
	for _, id := range ids {
		if f := p.Fact(id); f != nil && f.OfCustomer() {
			out = append(out, id)
		}
	}
	return out
}

func handlingView(h rules.Handling) HandlingView {
	view := HandlingView{
		RequestMethod: h.RequestMethod, CustomerHours: int(h.CustomerDeadline.Hours()), WaitingHours: int(h.WaitingPeriod.Hours()),
		Approvals: h.Approvals, ApprovalRoles: h.DistinctRoles, Restore: h.Restore,
	}
	if !h.ReviewWithin.IsZero() {
		view.ReviewWithin = &DurationView{N: h.ReviewWithin.N, Unit: h.ReviewWithin.Unit}
	}
	for end, kept := range h.Retention {
		if view.RetentionInHours == nil {
			view.RetentionInHours = map[string]int{}
		}
		view.RetentionInHours[end] = int(kept.Hours())
	}
	return view
}
