package api

import (
	"cmp"
	"context"
	"time"

	"regain/accounts"
	"regain/cases"
	"regain/problem"
	"regain/server"
)

// AskedInvitation is what an organisation and the staff who keep it see alike of an
// invitation of its own.
type AskedInvitation struct {
	ID        string     `json:"id" doc:"The invitation's id."`
	Supplier  string     `json:"supplier" enum:"reseller,partner" doc:"As what the organisation was invited."`
	Email     string     `json:"email" doc:"The address that the invitation went to."`
	State     string     `json:"state" enum:"owed,sent,accepted,rejected,expired,revoked" doc:"owed: something is still to be sent. rejected: something was not accepted, and can be sent anew. revoked: it was taken back, or nothing is asked any more."`
	Asked     []string   `json:"asked" doc:"What is owed, by name."`
	InvitedAt time.Time  `json:"invited_at"`
	ExpiresAt time.Time  `json:"expires_at" doc:"When the invitation ends."`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

func askedInvitation(e *cases.OwedEntry) AskedInvitation {
	inv := e.Invitation
	return AskedInvitation{
		ID: inv.ID, Supplier: inv.Supplier, Email: inv.Email, State: string(e.State), Asked: append([]string{}, e.Asked...),
		InvitedAt: inv.CreatedAt.UTC(), ExpiresAt: inv.ExpiresAt.UTC(), RevokedAt: utc(inv.RevokedAt),
	}
}

// OwedEntry is an invitation in an organisation's list.
type OwedEntry struct {
	AskedInvitation
	Reference string     `json:"reference" example:"7F3K-29QD-XM"`
	Customer  string     `json:"customer" example:"Exemplo Ltda." doc:"Who asks: the account's owner, else the account."`
	Account   string     `json:"account" example:"ana.lima" doc:"The account that the letter is about."`
	SupplyBy  *time.Time `json:"supply_by,omitempty" doc:"When the case expires if nothing is done."`
}

// OwedMoment is one line of an invitation's history.
type OwedMoment struct {
	At    time.Time `json:"at"`
	Deed  string    `json:"deed" enum:"asked,opened,sent,removed,accepted,rejected,ended" doc:"asked: a link was sent. opened: the link was used. ended: it was taken back, or its time was over."`
	By    string    `json:"by,omitempty" doc:"The address of the member who did it; absent for whoever came by the link."`
	Item  string    `json:"item,omitempty" doc:"The name of what it was about."`
	File  string    `json:"file,omitempty"`
	Words string    `json:"words,omitempty" doc:"Why it was not accepted."`
}

// OwedInvitation is one invitation of an organisation.
type OwedInvitation struct {
	Entry OwedEntry `json:"entry"`
	// Owed is absent when the invitation is over.
	Owed    *OwedView    `json:"owed,omitempty" doc:"What is asked, with the files that were supplied; absent when the invitation is over."`
	History []OwedMoment `json:"history" doc:"Oldest first."`
}

// Owing is what members of organisations and invited partners share: both act as the
// partner that an invitation invited.
type Owing struct {
	Cases         *cases.Service
	Organisations Organisations
}

func (a caseAPI) owing() Owing { return Owing{Cases: a.cases, Organisations: a.organisations} }

// Member is the caller as cases knows a member, with the organisation.
func (o Owing) Member(ctx context.Context) (cases.Member, accounts.Organisation, error) {
	m, organisation, err := o.Organisations.Membership(ctx, server.Caller(ctx).ID)
	if err != nil {
		return cases.Member{}, accounts.Organisation{}, err
	}
	return cases.Member{ID: m.ID, Email: m.Email, Addresses: organisation.Addresses(), Domains: organisation.Domains}, organisation, nil
}

// Invited finds the case that the caller was invited to, and the context in which the
// caller acts as the partner who was: an invited partner by the session's own
// invitation, a member by the one that is named.
func (o Owing) Invited(ctx context.Context, invitation string) (context.Context, string, error) {
	if server.Caller(ctx).Kind != accounts.OrganisationMember {
		caseID, err := o.Cases.InvitedTo(ctx, actorOf(ctx))
		return ctx, caseID, err
	}
	m, _, err := o.Member(ctx)
	if err != nil {
		return ctx, "", err
	}
	actor, caseID, err := o.Cases.ActFor(ctx, m, invitation)
	if err != nil {
		return ctx, "", err
	}
	return context.WithValue(ctx, actorKey{}, actor), caseID, nil
}

// List is a page of what the caller's organisation owes, and the cursor of the next.
func (o Owing) List(ctx context.Context, over bool, in PageQuery, locale string) ([]OwedEntry, string, error) {
	page, err := in.page()
	if err != nil {
		return nil, "", err
	}
	m, _, err := o.Member(ctx)
	if err != nil {
		return nil, "", err
	}
	entries, next, err := o.Cases.OwedBy(ctx, m, cases.OwedQuery{Ended: over, Page: page, Locale: locale})
	return invitationViews(entries, owedEntry), next, err
}

// invitationViews are invitations as their reader sees them.
func invitationViews[V any](entries []*cases.OwedEntry, view func(*cases.OwedEntry) V) []V {
	views := make([]V, 0, len(entries))
	for _, e := range entries {
		views = append(views, view(e))
	}
	return views
}

func owedEntry(e *cases.OwedEntry) OwedEntry {
	view := OwedEntry{
		AskedInvitation: askedInvitation(e), Reference: e.Case.Reference, Customer: cmp.Or(e.Case.Enterprise, e.Case.Account), Account: e.Case.Account,
	}
	if e.Invitation.RevokedAt == nil {
		view.SupplyBy = utc(e.Case.CustomerDue)
	}
	return view
}

// Show is one invitation of the caller's organisation. base begins the addresses of its
// files.
func (o Owing) Show(ctx context.Context, invitation, base, locale string) (*OwedInvitation, error) {
	m, _, err := o.Member(ctx)
	if err != nil {
		return nil, err
	}
	entry, err := o.Cases.OwedEntry(ctx, m, invitation, locale)
	if err != nil {
		return nil, err
	}
	history, err := o.Cases.OwedHistory(ctx, entry, locale)
	if err != nil {
		return nil, err
	}
	view := &OwedInvitation{Entry: owedEntry(entry)}
	if view.History, err = o.history(ctx, history); err != nil {
		return nil, err
	}
	actor, _, err := o.Cases.ActFor(ctx, m, invitation)
	if problem.Is(err, "invitation_ended") {
		return view, nil
	}
	if err != nil {
		return nil, err
	}
	owed, err := o.Cases.Owed(ctx, actor)
	if err != nil {
		return nil, err
	}
	view.Owed = new(caseAPI{cases: o.Cases}.owedView(owed, base, locale))
	return view, nil
}

// history names the members who did something.
func (o Owing) history(ctx context.Context, moments []cases.OwedMoment) ([]OwedMoment, error) {
	var ids []string
	for _, m := range moments {
		if m.Member != "" {
			ids = append(ids, m.Member)
		}
	}
	emails, err := o.Organisations.MemberEmails(ctx, ids)
	if err != nil {
		return nil, err
	}
	views := make([]OwedMoment, 0, len(moments))
	for _, m := range moments {
		views = append(views, OwedMoment{At: m.At.UTC(), Deed: string(m.Deed), By: emails[m.Member], Item: m.Item, File: m.File, Words: m.Words})
	}
	return views, nil
}

// InvitationQuery is embedded in the input of a list of an organisation's invitations.
type InvitationQuery struct {
	server.Localized
	PageQuery
	Over bool `query:"over" doc:"The invitations that are over, the newest first, instead of those that stand, the first to end first."`
}

// askedOut is a page of them, as V.
type askedOut[V any] struct {
	Body struct {
		Invitations []V    `json:"invitations"`
		Next        string `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

func invitationsPage[V any](list []V, path, next string, in InvitationQuery, err error) (*askedOut[V], error) {
	if err != nil {
		return nil, err
	}
	out := &askedOut[V]{}
	out.Body.Invitations = list
	out.Body.Next = in.next(path, next, map[string]any{"over": in.Over, "locale": in.Locale})
	return out, nil
}

// OwedPath is embedded where the path names an invitation of the caller's organisation.
type OwedPath struct {
	server.Localized
	Invitation string `path:"invitation" maxLength:"64"`
}

type owedInvitationItemIn struct {
	OwedPath
	Item string `path:"item" maxLength:"64"`
}

type owedInvitationOut struct {
	Body OwedInvitation
}

func (a caseAPI) registerOwed() {
	const path = organisationPath + "invitations"

	server.JSON(a.server, server.Route{
		ID: "list-owed", Method: get, Path: path, Roles: members(), Effect: server.Reads, Tag: tagMember,
		Summary: "What is asked of the organisation, a page at a time",
		Description: "An invitation is the organisation's when it went to a member's address, or into a mail domain of which an administrator made sure " +
			"that it is the organisation's. The name that a customer typed counts for nothing.",
	}, func(ctx context.Context, in *InvitationQuery) (*askedOut[OwedEntry], error) {
		list, next, err := a.owing().List(ctx, in.Over, in.PageQuery, server.Locale(ctx))
		return invitationsPage(list, path, next, *in, err)
	})

	server.JSON(a.server, server.Route{
		ID: "show-owed", Method: get, Path: path + "/{invitation}", Roles: members(), Effect: server.Reads, Tag: tagMember,
		Summary: "One invitation: what is asked, what was sent, and what happened",
	}, func(ctx context.Context, in *OwedPath) (*owedInvitationOut, error) {
		return a.showOwed(ctx, in.Invitation)
	})

	a.registerOwedFiles("organisation-", path+"/{invitation}/", tagMember, members())

	server.JSON(a.server, server.Route{
		ID: "organisation-clear-item", Method: remove, Path: path + "/{invitation}/items/{item}/supply", Roles: members(), Effect: server.Changes, Tag: tagMember,
		Summary: "Remove what was supplied for an item",
	}, func(ctx context.Context, in *owedInvitationItemIn) (*owedInvitationOut, error) {
		acting, caseID, err := a.owing().Invited(ctx, in.Invitation)
		if err != nil {
			return nil, err
		}
		if _, err := a.cases.Clear(ctx, actorOf(acting), caseID, in.Item); err != nil {
			return nil, err
		}
		return a.showOwed(ctx, in.Invitation)
	})
}

func (a caseAPI) showOwed(ctx context.Context, invitation string) (*owedInvitationOut, error) {
	view, err := a.owing().Show(ctx, invitation, owedPath(invitation), server.Locale(ctx))
	if err != nil {
		return nil, err
	}
	return &owedInvitationOut{Body: *view}, nil
}
