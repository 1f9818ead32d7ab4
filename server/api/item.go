package api

import (
	"time"

	"regain/cases"
	"regain/rules"
)

// ItemView is one thing to supply: one slot of a requirement ("transaction record, 2 of
// 3"), or something that a reviewer asked for beyond the policy.
type ItemView struct {
	ID          string        `json:"id"`
	Requirement string        `json:"requirement,omitempty" doc:"The requirement of the policy; absent when a reviewer asked for it." example:"transaction_record"`
	Slot        int           `json:"slot" doc:"From 1." example:"2"`
	Of          int           `json:"of" doc:"How many slots the requirement has." example:"3"`
	Each        string        `json:"each,omitempty" enum:"month" doc:"Each slot is for one period."`
	Last        bool          `json:"last,omitempty" doc:"They are the latest ones."`
	Consecutive bool          `json:"consecutive,omitempty" doc:"The periods follow each other without a hole."`
	Material    string        `json:"material,omitempty" doc:"The material's id; absent for a reviewer's free text." example:"transaction_record"`
	Kind        string        `json:"kind" enum:"document,statement,proof"`
	Origin      string        `json:"origin" enum:"policy,reviewer" doc:"Who asks for it."`
	Label       string        `json:"label" example:"Transaction record"`
	Guidance    string        `json:"guidance,omitempty"`
	Why         []ReasonView  `json:"why" doc:"Why it is asked."`
	From        []string      `json:"from" doc:"Who may supply it: customer, reseller, partner."`
	Optional    bool          `json:"optional,omitempty"`
	Document    *DocumentSpec `json:"document,omitempty" doc:"Which files are taken."`
	Fields      []FieldView   `json:"fields,omitempty" doc:"What a statement asks."`
	ReadOff     []ReadOffView `json:"read_off,omitempty" doc:"What its supplier reads off the document."`
	Proof       *ProofView    `json:"proof,omitempty" doc:"What to place where, for a proof."`
	Letter      string        `json:"letter,omitempty" format:"uri-reference" doc:"Where to download the letter to sign, filled in for this case."`

	Open              bool           `json:"open" doc:"It may be supplied or changed now."`
	Supply            string         `json:"supply" enum:"missing,provided,unavailable" doc:"unavailable: said, with a reason, to be out of reach."`
	UnavailableReason string         `json:"unavailable_reason,omitempty"`
	Statement         map[string]any `json:"statement,omitempty" doc:"What was stated, by field."`
	Documents         []DocumentView `json:"documents" doc:"Its files, earlier versions included, oldest first."`

	Review   string         `json:"review" enum:"pending,accepted,rejected,waived" doc:"What was decided about it. Customers see it once the case is back with them, or has ended."`
	Rejected *Rejection     `json:"rejected,omitempty" doc:"Why it was not accepted, and what to do."`
	Staff    *ItemStaffView `json:"staff,omitempty" doc:"For staff only."`
}

// ProofView is a proof by placing a token.
type ProofView struct {
	By    string `json:"by" enum:"dns_txt,http_file,email_reply,profile_text" doc:"How the token is placed."`
	Token string `json:"token" doc:"The text to place."`
}

// Rejection is why an item was not accepted.
type Rejection struct {
	ReasonCode string    `json:"reason_code" example:"unreadable"`
	Words      string    `json:"words" doc:"What to do."`
	DecidedAt  time.Time `json:"decided_at"`
}

// ItemStaffView is what only staff see of an item.
type ItemStaffView struct {
	Checks   []CheckView       `json:"checks" doc:"What is to be confirmed."`
	ReadOff  []ReadOffView     `json:"read_off" doc:"What a reviewer reads off the document."`
	Decision *ItemDecisionView `json:"decision,omitempty" doc:"The newest decision about it."`
}

// ItemDecisionView is what was decided about an item.
type ItemDecisionView struct {
	ID             string         `json:"id"`
	Round          int            `json:"round"`
	Document       string         `json:"document,omitempty" doc:"The document that was decided on."`
	Verdict        string         `json:"verdict" enum:"pending,accepted,rejected,waived" doc:"pending: an earlier decision was taken back."`
	ReasonCode     string         `json:"reason_code,omitempty"`
	WordsCustomer  string         `json:"words_customer,omitempty"`
	WordsStaff     string         `json:"words_staff,omitempty"`
	Checks         []string       `json:"checks" doc:"The checks that were confirmed."`
	FallbackReason string         `json:"fallback_reason,omitempty"`
	ReadOff        map[string]any `json:"read_off,omitempty"`
	Undoes         string         `json:"undoes,omitempty" doc:"The id of the decision that this one takes back."`
	By             string         `json:"by" doc:"The id of the member of staff."`
	DecidedAt      time.Time      `json:"decided_at"`
}

// casesPath and invitationPath begin the addresses of what belongs to a case, for
// its readers and for an invited partner.
const (
	casesPath      = "/api/v1/cases/"
	invitationPath = "/api/v1/invitation/"
)

// itemView shows an item to a customer or to staff.
func (a caseAPI) itemView(d *cases.Details, i *cases.Item, reader cases.Actor, locale string) ItemView {
	base := casesPath + d.Case.ID + "/"
	view := a.askedView(d.Policy, d.Requirement(i), i, base, locale)
	view.Supply, view.UnavailableReason, view.Statement = string(i.Supply), i.UnavailableReason, i.Statement.V
	for _, doc := range d.Documents {
		if doc.ItemID == i.ID {
			view.Documents = append(view.Documents, documentView(doc, base+"documents/"))
		}
	}
	decided := d.ItemDecided[i.ID]
	if reader.Kind == cases.Staff {
		view.Review, view.Rejected = string(i.Review), rejection(i, decided)
		view.Staff = itemStaffView(d.Requirement(i), decided, locale)
	} else if d.Case.ReviewShown() {
		view.Review, view.Rejected = string(i.Review), rejection(i, decided)
	}
	return view
}

// askedView is what is asked, without what was supplied or decided.
func (a caseAPI) askedView(p *rules.Policy, r *rules.Requirement, i *cases.Item, base, locale string) ItemView {
	view := ItemView{
		ID: i.ID, Slot: i.Slot, Of: 1, Material: i.Material, Kind: string(i.Kind), Origin: string(i.Origin), Label: i.Label,
		Why: []ReasonView{}, From: i.Suppliers.V, Optional: i.Optional, Open: i.Open, Documents: []DocumentView{},
		Supply: string(cases.Missing), Review: string(cases.Pending),
	}
	if m := p.Material(i.Material); m != nil {
		a.addMaterial(&view, m, i, base, locale)
	}
	if r != nil {
		addRequirement(&view, r, locale)
	}
	return view
}

func (a caseAPI) addMaterial(view *ItemView, m *rules.Material, i *cases.Item, base, locale string) {
	view.Label, view.Guidance = m.Label.In(locale), m.Guidance.In(locale)
	view.Document = documentSpec(m.Document, locale)
	if m.Template != "" {
		view.Letter = base + "items/" + i.ID + "/letter"
	}
	if m.Proof != nil {
		view.Proof = &ProofView{By: m.Proof.By, Token: a.cases.ProofToken(i)}
	}
}

func addRequirement(view *ItemView, r *rules.Requirement, locale string) {
	view.Requirement, view.Of = r.ID, r.Slots()
	view.Each, view.Last, view.Consecutive = r.Each, r.Last, r.Consecutive
	view.Fields, view.ReadOff = fieldViews(r, locale), readOffViews(r, rules.BySupplier, locale)
	if label := r.Label.In(locale); label != "" {
		view.Label = label
	}
	if guidance := r.Guidance.In(locale); guidance != "" {
		view.Guidance = guidance
	}
	if view.Document != nil && r.Example != "" {
		view.Document.Example = r.Example
	}
	view.Why = append(view.Why, reasonViews(r, locale)...)
}

// rejection is why the item stands rejected.
func rejection(i *cases.Item, decided *cases.ItemDecision) *Rejection {
	if i.Review != cases.Rejected || decided == nil || decided.Verdict != cases.Rejected {
		return nil
	}
	return &Rejection{ReasonCode: string(decided.ReasonCode), Words: decided.WordsCustomer, DecidedAt: decided.DecidedAt.UTC()}
}

func itemStaffView(r *rules.Requirement, decided *cases.ItemDecision, locale string) *ItemStaffView {
	view := &ItemStaffView{Checks: []CheckView{}, ReadOff: []ReadOffView{}}
	if r != nil {
		view.Checks = append(view.Checks, checkViews(r.Checks, locale)...)
		view.ReadOff = append(view.ReadOff, readOffViews(r, "", locale)...)
	}
	if decided != nil {
		view.Decision = &ItemDecisionView{
			ID: decided.ID, Round: decided.Round, Document: decided.DocumentID, Verdict: string(decided.Verdict),
			ReasonCode: string(decided.ReasonCode), WordsCustomer: decided.WordsCustomer, WordsStaff: decided.WordsStaff,
			Checks: append([]string{}, decided.Checks.V...), FallbackReason: decided.FallbackReason,
			ReadOff: decided.ReadOff.V, Undoes: decided.Undoes, By: decided.StaffID, DecidedAt: decided.DecidedAt.UTC(),
		}
	}
	return view
}
