package api

import (
	"context"

	"regain/cases"
	"regain/server"
)

// DifferenceView is how the items changed with the answers.
type DifferenceView struct {
	Added   []string `json:"added" doc:"The ids of items that are new, or asked for again."`
	Removed []string `json:"removed" doc:"The ids of items that are no longer asked for. What was supplied for them is kept, should the answers ask for it again."`
	Kept    []string `json:"kept" doc:"The ids of items that stay, with what was supplied for them."`
}

// ChangedCase is a case after its answers have changed.
type ChangedCase struct {
	CaseView
	Difference DifferenceView `json:"difference"`
}

type changedOut struct {
	ETag string `header:"ETag" doc:"The case's version, for If-Match."`
	Body ChangedCase
}

type reviseIn struct {
	InLanguage
	CasePath
	server.Conditional
	Body struct {
		Answers    map[string]any `json:"answers,omitempty" example:"{\"account_type\":\"individual\",\"card_added\":null}" doc:"Put over those given before; null takes an answer back."`
		Account    *string        `json:"account,omitempty" maxLength:"1000"`
		Enterprise *string        `json:"enterprise,omitempty" maxLength:"1000"`
		Lost       []string       `json:"lost,omitempty" maxItems:"10"`
		NewEmail   *string        `json:"new_email,omitempty" maxLength:"1000" doc:"A changed contact must be proved anew. Empty takes it away."`
		NewPhone   *string        `json:"new_phone,omitempty" maxLength:"1000" doc:"A changed contact must be proved anew. Empty takes it away."`
		CaseLocale string         `json:"locale,omitempty" maxLength:"35" doc:"The language of messages about the case."`
	}
}

type correctIn struct {
	InLanguage
	CasePath
	server.Conditional
	Body struct {
		Answers map[string]any `json:"answers" minProperties:"1" example:"{\"account_type\":\"enterprise\"}" doc:"Put over those given before; null takes an answer back."`
		Reason  string         `json:"reason" maxLength:"10000" doc:"Kept as an internal note. 3 to 2000 characters." example:"The certificate is that of an enterprise."`
	}
}

func (a caseAPI) registerAnswers() {
	server.JSON(a.server, server.Route{
		ID: "revise-case", Method: patch, Path: casesPath + "{case}", Roles: customers(), Effect: server.Changes, MaxBody: 64 << 10, Tag: tagCase,
		Summary: "Change the answers or the particulars of a draft",
		Description: "What is not named stays as it is. What is asked for is computed anew, and the answer says how it changed; " +
			"documents that still fit are kept. Answers that are no longer asked for are dropped.",
	}, a.revise)

	server.JSON(a.server, server.Route{
		ID: "correct-answers", Method: post, Path: casesPath + "{case}/corrections", Roles: reviewers(), Effect: server.Changes, MaxBody: 64 << 10, Tag: tagReview,
		Summary:     "Correct answers, with a reason",
		Description: "By the reviewer who holds the case. The requirements follow under the case's own policy; approvals given before are void.",
	}, func(ctx context.Context, in *correctIn) (*changedOut, error) {
		version, err := in.Version()
		if err != nil {
			return nil, err
		}
		_, diff, err := a.cases.Correct(ctx, actorOf(ctx), in.Case, version, in.Body.Answers, in.Body.Reason)
		return a.changed(ctx, in.Case, diff, err, in.InLanguage)
	})
}

func (a caseAPI) revise(ctx context.Context, in *reviseIn) (*changedOut, error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	particulars, err := a.revisedParticulars(ctx, in)
	if err != nil {
		return nil, err
	}
	_, diff, err := a.cases.Revise(ctx, actorOf(ctx), in.Case, version, cases.Revision{
		Particulars: particulars, Answers: in.Body.Answers, Locale: in.Body.CaseLocale,
	})
	return a.changed(ctx, in.Case, diff, err, in.InLanguage)
}

// revisedParticulars puts what was sent over what the case has; nil when nothing of it
// was sent. If-Match guards that the case has not changed in between.
func (a caseAPI) revisedParticulars(ctx context.Context, in *reviseIn) (*cases.Particulars, error) {
	b := in.Body
	if b.Account == nil && b.Enterprise == nil && b.Lost == nil && b.NewEmail == nil && b.NewPhone == nil {
		return nil, nil
	}
	c, err := a.cases.Case(ctx, actorOf(ctx), in.Case)
	if err != nil {
		return nil, err
	}
	p := &cases.Particulars{Account: c.Account, Enterprise: c.Enterprise, Lost: c.Lost.V, NewEmail: c.NewEmail, NewPhone: c.NewPhone}
	for _, change := range []struct {
		sent *string
		into *string
	}{{b.Account, &p.Account}, {b.Enterprise, &p.Enterprise}, {b.NewEmail, &p.NewEmail}, {b.NewPhone, &p.NewPhone}} {
		if change.sent != nil {
			*change.into = *change.sent
		}
	}
	if b.Lost != nil {
		p.Lost = channelsOf(b.Lost)
	}
	return p, nil
}

func (a caseAPI) changed(ctx context.Context, id string, diff cases.Difference, failed error, in InLanguage) (*changedOut, error) {
	if failed != nil {
		return nil, failed
	}
	shown, err := a.show(ctx, id, in)
	if err != nil {
		return nil, err
	}
	list := func(ids []string) []string { return append([]string{}, ids...) }
	return &changedOut{ETag: shown.ETag, Body: ChangedCase{
		CaseView:   shown.Body,
		Difference: DifferenceView{Added: list(diff.Added), Removed: list(diff.Removed), Kept: list(diff.Kept)},
	}}, nil
}
