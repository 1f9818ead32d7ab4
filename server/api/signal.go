package api

import (
	"time"

	"regain/cases"
)

// SignalView is something that reviewers should know about a case.
type SignalView struct {
	Kind     string      `json:"kind" enum:"same_account,same_email,same_phone,same_file,blocked" doc:"same_…: another case has it, too. blocked: a lead blocked it."`
	Document string      `json:"document,omitempty" doc:"The id of the case's file that is concerned."`
	Case     *SeenCase   `json:"case,omitempty" doc:"The other case; of each kind, and each file, the ten newest."`
	Block    *BlockBrief `json:"block,omitempty"`
}

// SeenCase is another case in a signal.
type SeenCase struct {
	ID          string    `json:"id"`
	Reference   string    `json:"reference" example:"7F3K-29QD-XM"`
	State       string    `json:"state" enum:"submitted,in_review,materials_requested,approved,denied,withdrawn,expired"`
	FiledAt     time.Time `json:"filed_at"`
	SameAccount bool      `json:"same_account" doc:"It is about the same account."`
}

// BlockBrief is a block in a signal.
type BlockBrief struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind" enum:"account,contact,file"`
	Hint      string    `json:"hint" example:"a…@mail.example" doc:"Enough of what is blocked to know it by."`
	Reason    string    `json:"reason"`
	Refuse    bool      `json:"refuse" doc:"New cases with it are not taken."`
	ExpiresAt time.Time `json:"expires_at"`
}

func signalViews(d *cases.Details) []SignalView {
	views := []SignalView{}
	for _, s := range d.Signals {
		view := SignalView{Kind: string(s.Kind)}
		if s.Document != nil {
			view.Document = s.Document.ID
		}
		if o := s.Other; o != nil {
			view.Case = &SeenCase{ID: o.ID, Reference: o.Reference, State: string(o.State), FiledAt: o.FiledAt, SameAccount: o.SameAccount}
		}
		if s.Block != nil {
			view.Block = new(blockBrief(s.Block))
		}
		views = append(views, view)
	}
	return views
}

func blockBrief(b *cases.Block) BlockBrief {
	return BlockBrief{ID: b.ID, Kind: string(b.Kind), Hint: b.Hint, Reason: b.Reason, Refuse: b.Refuse, ExpiresAt: b.ExpiresAt.UTC()}
}
