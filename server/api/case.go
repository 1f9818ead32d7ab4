package api

import (
	"context"
	"net/http"

	"regain/accounts"
	"regain/cases"
	"regain/server"
)

// caseAPI holds what the routes of cases share.
type caseAPI struct {
	server   *server.Server
	cases    *cases.Service
	sessions Sessions
	staff    Staff

	organisations Organisations
}

// registerCases adds the routes of cases, for customers, partners and staff.
func registerCases(s *server.Server, services Services) {
	a := caseAPI{server: s, cases: services.Cases, sessions: services.Sessions, staff: services.Staff, organisations: services.Organisations}
	a.registerCase()
	a.registerContacts()
	a.registerResume()
	a.registerSupply()
	a.registerDocuments()
	a.registerLetters()
	a.registerInvitations()
	a.registerPartner()
	a.registerOwed()
	a.registerSubmission()
	a.registerMessages()
	a.registerQueue()
	a.registerSavedViews()
	a.registerAssignments()
	a.registerTags()
	a.registerSnooze()
	a.registerReplies()
	a.registerReview()
	a.registerPresence()
	a.registerFollowers()
	a.registerInbox()
	a.registerVerdicts()
	a.registerEvents()
	a.registerExport()
	a.registerReasonCodes()
	a.registerBlocks()
	a.registerSession()
}

// The tags that group the routes on the API page.
const (
	tagCase    = "Cases"
	tagContact = "Contacts and coming back"
	tagItems   = "Items and documents"
	tagPartner = "Invited partners"
	tagMember  = "Organisations that sign in"
	tagReview  = "Review"
	tagTalk    = "Messages and notes"
)

// Claim is what a customer says of the account and of how to be reached.
type Claim struct {
	Account    string   `json:"account" maxLength:"1000" example:"ana.lima" doc:"The account as you know it: its name, number, e-mail address or phone. 2 to 254 characters."`
	Enterprise string   `json:"enterprise,omitempty" maxLength:"1000" example:"Exemplo Ltda." doc:"The account's owner, as a letter should name it; at most 200 characters."`
	Lost       []string `json:"lost" maxItems:"10" example:"[\"phone\"]" doc:"What can no longer be reached: phone, email or both."`
	NewEmail   string   `json:"new_email,omitempty" maxLength:"1000" example:"ana@example.com" doc:"Needed when the e-mail address was lost."`
	NewPhone   string   `json:"new_phone,omitempty" maxLength:"1000" example:"+55 11 91234-5678" doc:"A mobile number with its country code. Needed when the phone was lost."`
}

type startIn struct {
	InLanguage
	Body struct {
		Claim
		Policy       string         `json:"policy,omitempty" maxLength:"100" example:"huawei-id" doc:"The policy's id; the default policy when absent."`
		CaseLocale   string         `json:"locale,omitempty" maxLength:"35" example:"pt-BR" doc:"The language of messages about the case; that of the answer when absent."`
		FirstAnswers map[string]any `json:"answers,omitempty" example:"{\"customer_type\":\"direct\"}" doc:"Answers that are known already, by the id of the question."`
	}
}

// CaseSession is a session with the case that it is for.
type CaseSession struct {
	Session SessionView `json:"session"`
	Case    CaseView    `json:"case"`
}

type startOut struct {
	Location  string      `header:"Location"`
	ETag      string      `header:"ETag"`
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      CaseSession
}

type caseIn struct {
	InLanguage
	CasePath
}

type caseOut struct {
	ETag string `header:"ETag" doc:"The case's version, for If-Match."`
	Body CaseView
}

type referenceIn struct {
	InLanguage
	Reference string `path:"reference" maxLength:"40" example:"7F3K-29QD-XM"`
}

func (a caseAPI) registerCase() {
	server.JSON(a.server, server.Route{
		ID: "start-case", Method: post, Path: "/api/v1/cases", Roles: server.Everyone(), Effect: server.Changes,
		Limit: server.Limit{N: 60, Per: hour, By: server.ByAddress}, MaxBody: 64 << 10, Status: http.StatusCreated, Tag: tagCase,
		Summary: "Start a case",
		Description: "Opens a draft and a session for it. Nothing in the answer tells whether the account exists or has another case. " +
			"The session's token is needed for everything else; who loses it comes back with the reference and a code.",
	}, a.start)

	server.JSON(a.server, server.Route{
		ID: "show-case", Method: get, Path: casesPath + "{case}", Roles: caseReaders(), Effect: server.Reads, Tag: tagCase,
		Foresees: func(ctx context.Context, path func(string) string) context.Context {
			return a.cases.Foresee(ctx, path("case"))
		},
		Summary: "A case with its items", Description: "Customers see their own case; staff every case that was submitted.",
	}, func(ctx context.Context, in *caseIn) (*caseOut, error) { return a.show(ctx, in.Case, in.InLanguage) })

	server.JSON(a.server, server.Route{
		ID: "find-case", Method: get, Path: casesPath + "by-reference/{reference}", Roles: caseStaff(), Effect: server.Reads, Tag: tagReview,
		Summary: "The case with a reference", Description: "In upper or lower case, with or without dashes.",
	}, func(ctx context.Context, in *referenceIn) (*caseOut, error) {
		c, err := a.cases.ByReference(ctx, actorOf(ctx), in.Reference)
		if err != nil {
			return nil, err
		}
		return a.show(ctx, c.ID, in.InLanguage)
	})
	a.registerAnswers()
}

func (a caseAPI) start(ctx context.Context, in *startIn) (*startOut, error) {
	b := in.Body
	locale := b.CaseLocale
	if locale == "" {
		locale = in.wanted(ctx)
	}
	d, err := a.cases.StartWhole(ctx, cases.StartInput{
		Policy: b.Policy, Locale: locale, Particulars: b.particulars(), Answers: b.FirstAnswers,
	})
	if err != nil {
		return nil, err
	}
	session, cookie, err := a.openSession(ctx, accounts.Customer, d.Case.ID)
	if err != nil {
		return nil, err
	}
	shown := a.caseView(d, cases.Actor{Kind: cases.Customer, ID: d.Case.ID}, in.of(ctx, d.Case))
	return &startOut{
		Location: casesPath + d.Case.ID, ETag: server.ETag(d.Case.Version), SetCookie: cookie,
		Body: CaseSession{Session: session, Case: shown},
	}, nil
}

func (c Claim) particulars() cases.Particulars {
	return cases.Particulars{Account: c.Account, Enterprise: c.Enterprise, Lost: channelsOf(c.Lost), NewEmail: c.NewEmail, NewPhone: c.NewPhone}
}

func channelsOf(names []string) []cases.Channel {
	var out []cases.Channel
	for _, n := range names {
		out = append(out, cases.Channel(n))
	}
	return out
}

// show reads the case anew and shows it to the caller.
func (a caseAPI) show(ctx context.Context, id string, in InLanguage) (*caseOut, error) {
	return a.showAs(ctx, actorOf(ctx), id, in)
}

func (a caseAPI) showAs(ctx context.Context, reader cases.Actor, id string, in InLanguage) (*caseOut, error) {
	d, err := a.cases.Details(ctx, reader, id)
	if err != nil {
		return nil, err
	}
	view := a.caseView(d, reader, in.of(ctx, d.Case))
	if view.Staff != nil {
		if view.Staff.People, err = a.people(ctx, staffOf(d)); err != nil {
			return nil, err
		}
	}
	return &caseOut{ETag: server.ETag(d.Case.Version), Body: view}, nil
}

// shown shows the case after a change of it.
func (a caseAPI) shown(ctx context.Context, c *cases.Case, changed error, in InLanguage) (*caseOut, error) {
	if changed != nil {
		return nil, changed
	}
	return a.show(ctx, c.ID, in)
}
