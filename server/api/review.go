package api

import (
	"context"

	"regain/cases"
	"regain/server"
)

type judgeIn struct {
	InLanguage
	ItemPath
	server.Conditional
	Body struct {
		Verdict        string         `json:"verdict" enum:"accepted,rejected"`
		ReasonCode     string         `json:"reason_code,omitempty" maxLength:"100" example:"unreadable" doc:"Needed to reject: one of the reason codes."`
		WordsCustomer  string         `json:"words_customer,omitempty" maxLength:"10000" doc:"Needed to reject: what to do, in the customer's language. 3 to 2000 characters."`
		WordsStaff     string         `json:"words_staff,omitempty" maxLength:"10000" doc:"For staff alone; at most 2000 characters."`
		Checks         []string       `json:"checks,omitempty" maxItems:"100" doc:"The checks that are fulfilled. To accept, all that the item asks for."`
		FallbackReason string         `json:"fallback_reason,omitempty" maxLength:"10000" doc:"Needed where only a lower preference of the checks is met: why that is good enough."`
		ReadOff        map[string]any `json:"read_off,omitempty" doc:"What the reviewer read off the document."`
	}
}

type undoIn struct {
	InLanguage
	ItemPath
	server.Conditional
}

type waiveIn struct {
	InLanguage
	ItemPath
	server.Conditional
	Body reasonBody
}

type requestIn struct {
	InLanguage
	CasePath
	server.Conditional
	Body struct {
		Asks  []AskView `json:"asks" minItems:"1" maxItems:"20"`
		Words string    `json:"words" maxLength:"10000" doc:"What to do, in the customer's language; 3 to 2000 characters."`
	}
}

// AskView is one thing to ask for: exactly one of the three is given.
type AskView struct {
	Item     string `json:"item,omitempty" maxLength:"64" doc:"The id of an item to supply anew."`
	Material string `json:"material,omitempty" maxLength:"100" doc:"A document of the policy's catalogue, by id."`
	Text     string `json:"text,omitempty" maxLength:"1000" doc:"Anything else, in the customer's language; at most 200 characters."`
}

func (a caseAPI) registerReview() {
	route := func(id, method, path, summary, description string) server.Route {
		return server.Route{
			ID: id, Method: method, Path: casesPath + "{case}/" + path, Roles: reviewers(), Effect: server.Changes, MaxBody: 256 << 10,
			Tag: tagReview, Summary: summary, Description: description,
		}
	}

	server.JSON(a.server, route("claim", post, "claim", "Take a case for review",
		"For half an hour from the holder's latest act; claiming again prolongs it. Whoever has a part in the claim, or decided on it before an appeal, can't."),
		func(ctx context.Context, in *caseIn) (*caseOut, error) {
			c, err := a.cases.Claim(ctx, actorOf(ctx), in.Case, 0)
			return a.shown(ctx, c, err, in.InLanguage)
		})

	server.JSON(a.server, route("release", remove, "claim", "Give a case back to the queue", "A lead may release another's."),
		func(ctx context.Context, in *caseIn) (*caseOut, error) {
			c, err := a.cases.Release(ctx, actorOf(ctx), in.Case, 0)
			return a.shown(ctx, c, err, in.InLanguage)
		})

	server.JSON(a.server, route("decide-item", post, "items/{item}/decision", "Accept or reject an item",
		"By the reviewer who holds the case. Earlier decisions stay on record."), a.judge)

	waive := route("waive-item", post, "items/{item}/waiver", "Let an item go",
		"Recorded with a reason by a second person, who neither holds the case nor will approve it.")
	waive.Scope = server.PeopleOnly
	server.JSON(a.server, waive,
		func(ctx context.Context, in *waiveIn) (*caseOut, error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			c, err := a.cases.Waive(ctx, actorOf(ctx), in.Case, in.Item, version, in.Body.Reason)
			return a.shown(ctx, c, err, in.InLanguage)
		})

	server.JSON(a.server, route("undo-decision", post, "items/{item}/undo", "Take your newest decision about an item back",
		"Until the case is handed in anew, and as long as nothing came of it. The item stands as before; taking back is a decision of its own, and earlier ones stay on record."),
		func(ctx context.Context, in *undoIn) (*caseOut, error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			c, err := a.cases.Undo(ctx, actorOf(ctx), in.Case, in.Item, version)
			return a.shown(ctx, c, err, in.InLanguage)
		})

	server.JSON(a.server, route("request-materials", post, "requests", "Send the case back for more",
		"Opens only what it names. The review clock stops until the customer submits again."), a.request)
}

func (a caseAPI) judge(ctx context.Context, in *judgeIn) (*caseOut, error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	b := in.Body
	c, err := a.cases.Judge(ctx, actorOf(ctx), in.Case, in.Item, version, cases.Judgement{
		Accept: b.Verdict == string(cases.Accepted), ReasonCode: cases.ReasonCode(b.ReasonCode), WordsCustomer: b.WordsCustomer,
		WordsStaff: b.WordsStaff, Checks: b.Checks, FallbackReason: b.FallbackReason, ReadOff: b.ReadOff,
	})
	return a.shown(ctx, c, err, in.InLanguage)
}

func (a caseAPI) request(ctx context.Context, in *requestIn) (*caseOut, error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	asks := []cases.Ask{}
	for _, ask := range in.Body.Asks {
		asks = append(asks, cases.Ask(ask))
	}
	c, err := a.cases.RequestMaterials(ctx, actorOf(ctx), in.Case, version, cases.RequestInput{Asks: asks, Words: in.Body.Words})
	return a.shown(ctx, c, err, in.InLanguage)
}
