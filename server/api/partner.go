package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/cases"
	"regain/server"
)

// OwedView is all that an invited reseller or partner sees of a case: what they owe.
type OwedView struct {
	Reference    string     `json:"reference" example:"7F3K-29QD-XM"`
	Account      string     `json:"account" example:"ana.lima" doc:"The account that the letter is about."`
	Supplier     string     `json:"supplier" enum:"reseller,partner" doc:"As what they were invited."`
	Organisation string     `json:"organisation"`
	ExpiresAt    time.Time  `json:"expires_at" doc:"When the invitation ends."`
	SupplyBy     *time.Time `json:"supply_by,omitempty" doc:"When the case expires if nothing is done."`
	Items        []ItemView `json:"items" doc:"What they owe, with the files that they supplied."`
}

type tokenIn struct {
	InLanguage
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"200" doc:"What stands after # in the link."`
	}
}

type partnerSessionOut struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Session    SessionView `json:"session"`
		Invitation OwedView    `json:"invitation"`
	}
}

type owedIn struct {
	InLanguage
}

type owedItemIn struct {
	InLanguage
	Item string `path:"item" maxLength:"64"`
}

type owedOut struct {
	Body OwedView
}

func (a caseAPI) registerPartner() {
	server.JSON(a.server, server.Route{
		ID: "open-invitation", Method: post, Path: "/api/v1/invitations/session", Roles: server.Everyone(), Effect: server.Changes,
		Limit: server.Limit{N: 60, Per: hour, By: server.ByAddress}, MaxBody: 4 << 10, Status: http.StatusCreated, Tag: tagPartner,
		Summary: "Exchange an invitation's token for a session",
		Description: "Once. Nothing but this call consumes the token, so that mail scanners which follow links do no harm. " +
			"Unknown, used, replaced and revoked tokens are answered alike.",
	}, a.openInvitation)

	server.JSON(a.server, server.Route{
		ID: "renew-invitation", Method: post, Path: "/api/v1/invitations/link", Roles: server.Everyone(), Effect: server.Changes,
		Limit: server.Limit{N: 30, Per: hour, By: server.ByAddress}, MaxBody: 4 << 10, Status: http.StatusAccepted, Tag: tagPartner,
		Summary: "Ask for another link of an invitation",
		Description: "With the token of a link that was used: another link is mailed to the address that it went to, while the invitation stands. " +
			"The answer is the same whatever the token is.",
	}, func(ctx context.Context, in *tokenIn) (*accepted, error) {
		return nil, a.cases.RenewInvitation(ctx, in.Body.Token)
	})

	server.JSON(a.server, server.Route{
		ID: "show-invitation", Method: get, Path: "/api/v1/invitation", Roles: partners(), Effect: server.Reads, Tag: tagPartner,
		Summary: "What the invited partner owes",
	}, func(ctx context.Context, in *owedIn) (*owedOut, error) {
		return a.owed(ctx, actorOf(ctx), in.InLanguage)
	})

	server.JSON(a.server, server.Route{
		ID: "partner-clear-item", Method: remove, Path: invitationPath + "items/{item}/supply", Roles: partners(), Effect: server.Changes, Tag: tagPartner,
		Summary: "Remove what was supplied for an item",
	}, func(ctx context.Context, in *owedItemIn) (*owedOut, error) {
		actor := actorOf(ctx)
		caseID, err := a.cases.InvitedTo(ctx, actor)
		if err != nil {
			return nil, err
		}
		if _, err := a.cases.Clear(ctx, actor, caseID, in.Item); err != nil {
			return nil, err
		}
		return a.owed(ctx, actor, in.InLanguage)
	})

	a.registerOwedFiles("partner-", invitationPath, tagPartner, partners())
}

// registerOwedFiles adds the files of what is owed, under the path of an invitation.
func (a caseAPI) registerOwedFiles(id, path, tag string, roles []server.Role) {
	a.server.Raw(server.Route{
		ID: id + "upload", Method: post, Path: path + "items/{item}/documents", Roles: roles, Effect: server.Changes,
		Limit: uploads(), MaxBody: maxUpload, Upload: true, Status: http.StatusCreated, Tag: tag,
		Summary: "Supply a document that is owed", Description: uploadDescription, Describe: a.describeUpload,
	}, a.asPartner(func(c *gin.Context, caseID string) error {
		return a.upload(c, slot{caseID: caseID, itemID: c.Param("item"), base: owedPath(c.Param("invitation")) + "documents/"})
	}))

	a.server.Raw(server.Route{
		ID: id + "letter", Method: get, Path: path + "items/{item}/letter", Roles: roles, Effect: server.Reads, Tag: tag,
		Summary: "The letter to sign, filled in for the case", Describe: describeLetter,
	}, a.asPartner(func(c *gin.Context, caseID string) error { return a.letter(c, caseID, c.Param("item")) }))

	a.server.Raw(server.Route{
		ID: id + "download", Method: get, Path: path + "documents/{document}", Roles: roles, Effect: server.Reads, Limit: downloads(), Tag: tag,
		Summary: "A document that was supplied by the invitation", Describe: describeDownload,
	}, a.asPartner(func(c *gin.Context, caseID string) error { return a.download(c, caseID, c.Param("document")) }))
}

// owedPath begins the addresses of what is owed by an invitation: that of the session,
// or the one with the id, for members of organisations.
func owedPath(invitation string) string {
	if invitation == "" {
		return invitationPath
	}
	return organisationPath + "invitations/" + invitation + "/"
}

// asPartner finds the case that the caller was invited to; its id is never shown.
func (a caseAPI) asPartner(handle func(c *gin.Context, caseID string) error) func(c *gin.Context) error {
	return func(c *gin.Context) error {
		ctx, caseID, err := a.owing().Invited(c.Request.Context(), c.Param("invitation"))
		if err != nil {
			return err
		}
		c.Request = c.Request.WithContext(ctx)
		return handle(c, caseID)
	}
}

func (a caseAPI) openInvitation(ctx context.Context, in *tokenIn) (*partnerSessionOut, error) {
	inv, err := a.cases.ExchangeInvitation(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	session, cookie, err := a.openSession(ctx, accounts.Partner, inv.ID)
	if err != nil {
		return nil, err
	}
	owed, err := a.owed(ctx, cases.Actor{Kind: cases.Partner, ID: inv.ID}, in.InLanguage)
	if err != nil {
		return nil, err
	}
	out := &partnerSessionOut{SetCookie: cookie}
	out.Body.Session, out.Body.Invitation = session, owed.Body
	return out, nil
}

func (a caseAPI) owed(ctx context.Context, actor cases.Actor, in InLanguage) (*owedOut, error) {
	o, err := a.cases.Owed(ctx, actor)
	if err != nil {
		return nil, err
	}
	return &owedOut{Body: a.owedView(o, invitationPath, in.of(ctx, o.Case))}, nil
}

// owedView shows what is owed; base begins the addresses of its files.
func (a caseAPI) owedView(o *cases.Owed, base, locale string) OwedView {
	view := OwedView{
		Reference: o.Case.Reference, Account: o.Case.Account, Supplier: o.Invitation.Supplier, Organisation: o.Invitation.Organisation,
		ExpiresAt: o.Invitation.ExpiresAt.UTC(), SupplyBy: utc(o.Case.CustomerDue), Items: []ItemView{},
	}
	for _, i := range o.Items {
		view.Items = append(view.Items, a.owedItem(o, i, base, locale))
	}
	return view
}

// owedItem shows what is asked and how it stands, without the customer's answers that
// made it so, what the customer stated, or who rejected it.
func (a caseAPI) owedItem(o *cases.Owed, i *cases.Item, base, locale string) ItemView {
	view := a.askedView(o.Policy, o.Requirement(i), i, base, locale)
	view.Why, view.Supply = []ReasonView{}, string(i.Supply)
	for _, doc := range o.Documents {
		if doc.ItemID == i.ID {
			view.Documents = append(view.Documents, documentView(doc, base+"documents/"))
		}
	}
	if o.Case.ReviewShown() {
		view.Review, view.Rejected = string(i.Review), rejection(i, o.Decided[i.ID])
	}
	return view
}
