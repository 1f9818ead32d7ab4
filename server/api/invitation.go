package api

import (
	"context"
	"net/http"
	"time"

	"regain/cases"
	"regain/server"
)

// InvitationRef is an invitation as the customer and staff see it: never its token.
type InvitationRef struct {
	ID           string     `json:"id"`
	Supplier     string     `json:"supplier" enum:"reseller,partner"`
	Organisation string     `json:"organisation" example:"Nuvem Parceira Ltda."`
	Email        string     `json:"email" example:"contato@parceira.example"`
	ExpiresAt    time.Time  `json:"expires_at" doc:"When the newest link, and what was opened with it, ends."`
	OpenedAt     *time.Time `json:"opened_at,omitempty" doc:"When the newest link was used."`
	RevokedAt    *time.Time `json:"revoked_at,omitempty"`
	Links        int        `json:"links" doc:"How many links were sent."`
	CreatedAt    time.Time  `json:"created_at"`
}

func invitationRef(inv *cases.Invitation) InvitationRef {
	return InvitationRef{
		ID: inv.ID, Supplier: inv.Supplier, Organisation: inv.Organisation, Email: inv.Email, ExpiresAt: inv.ExpiresAt.UTC(),
		OpenedAt: utc(inv.ExchangedAt), RevokedAt: utc(inv.RevokedAt), Links: inv.Sent, CreatedAt: inv.CreatedAt.UTC(),
	}
}

type inviteIn struct {
	CasePath
	Body struct {
		Supplier     string `json:"supplier" enum:"reseller,partner" doc:"Whose items it is for."`
		Organisation string `json:"organisation" maxLength:"1000" example:"Nuvem Parceira Ltda." doc:"2 to 200 characters."`
		Email        string `json:"email" maxLength:"1000" example:"contato@parceira.example" doc:"Where the link goes."`
	}
}

type invitationOut struct {
	Body InvitationRef
}

type invitationsOut struct {
	Body struct {
		Invitations []InvitationRef `json:"invitations"`
	}
}

type revokeIn struct {
	CasePath
	Invitation string `path:"invitation" maxLength:"64"`
}

func (a caseAPI) registerInvitations() {
	const path = casesPath + "{case}/invitations"

	server.JSON(a.server, server.Route{
		ID: "invite", Method: post, Path: path, Roles: customers(), Effect: server.Changes,
		Limit: server.Limit{N: 20, Per: hour, By: server.ByCaller}, Status: http.StatusCreated, Tag: tagPartner,
		Summary: "Invite a reseller or partner to supply what they owe",
		Description: "One link covers every item that they may supply, and is sent again when one of them is rejected. " +
			"Inviting the same address again ends the link before.",
	}, func(ctx context.Context, in *inviteIn) (*invitationOut, error) {
		inv, err := a.cases.Invite(ctx, actorOf(ctx), in.Case, cases.InviteInput{
			Supplier: in.Body.Supplier, Organisation: in.Body.Organisation, Email: in.Body.Email,
		})
		if err != nil {
			return nil, err
		}
		return &invitationOut{Body: invitationRef(inv)}, nil
	})

	server.JSON(a.server, server.Route{
		ID: "list-invitations", Method: get, Path: path, Roles: caseReaders(), Effect: server.Reads, Tag: tagPartner,
		Summary: "The invitations of a case", Description: "A case has five at most.",
	}, func(ctx context.Context, in *caseIn) (*invitationsOut, error) {
		d, err := a.cases.Details(ctx, actorOf(ctx), in.Case)
		if err != nil {
			return nil, err
		}
		out := &invitationsOut{}
		out.Body.Invitations = []InvitationRef{}
		for _, inv := range d.Invitations {
			out.Body.Invitations = append(out.Body.Invitations, invitationRef(inv))
		}
		return out, nil
	})

	server.JSON(a.server, server.Route{
		ID: "revoke-invitation", Method: remove, Path: path + "/{invitation}", Roles: customers(), Effect: server.Changes, Tag: tagPartner,
		Summary: "End an invitation", Description: "Its link and what was opened with it stop working at once. What was supplied stays.",
	}, func(ctx context.Context, in *revokeIn) (*struct{}, error) {
		return &struct{}{}, a.cases.Revoke(ctx, actorOf(ctx), in.Case, in.Invitation)
	})
}
