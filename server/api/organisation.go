package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"regain/accounts"
	"regain/cases"
	"regain/problem"
	"regain/server"
)

// Organisations are resellers and partners whose members sign in.
type Organisations interface {
	CreateOrganisation(ctx context.Context, by, name string) (accounts.Organisation, error)
	OrganisationByID(ctx context.Context, id string) (accounts.Organisation, error)
	// SearchOrganisations are by name, after the one with the name; WithMembers reads their
	// members and domains.
	SearchOrganisations(ctx context.Context, text, after string, limit int) ([]accounts.Organisation, error)
	WithMembers(ctx context.Context, list []accounts.Organisation) error
	AddMember(ctx context.Context, by, organisationID, email string) (accounts.Member, error)
	RemoveMember(ctx context.Context, by, organisationID, memberID string) error
	SetDomains(ctx context.Context, by, organisationID string, domains []string) (accounts.Organisation, error)

	SendMemberCode(ctx context.Context, email, locale, ip string) error
	SignInMember(ctx context.Context, email, code, ip string) (token string, m accounts.Member, err error)
	// Membership is who a member's session stands for.
	Membership(ctx context.Context, memberID string) (accounts.Member, accounts.Organisation, error)
	// MemberEmails are addresses by id.
	MemberEmails(ctx context.Context, ids []string) (map[string]string, error)

	Authenticate(ctx context.Context, token string) (accounts.Principal, error)
}

// organisationPath begins the addresses for members.
const organisationPath = "/api/v1/organisation/"

// OrganisationView is an organisation as staff see it.
type OrganisationView struct {
	ID        string       `json:"id"`
	Name      string       `json:"name" example:"Nuvem Parceira Ltda."`
	CreatedAt time.Time    `json:"created_at"`
	Members   []MemberView `json:"members" doc:"Those of today, by address."`
	Domains   []string     `json:"domains" example:"[\"parceira.example\"]" doc:"Mail domains of which every address is the organisation's."`
	Open      int          `json:"open" doc:"How many invitations to its addresses stand."`
}

// MemberView is a member of an organisation.
type MemberView struct {
	ID      string    `json:"id"`
	Email   string    `json:"email" example:"contato@parceira.example"`
	AddedAt time.Time `json:"added_at"`
}

// OrganisationRef is an organisation in a list.
type OrganisationRef struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
	Members   int       `json:"members" doc:"How many members it has."`
	Open      int       `json:"open" doc:"How many invitations to its addresses stand: letters that it may still have to send."`
}

// MembershipView is what a member sees of the membership.
type MembershipView struct {
	Email        string    `json:"email" doc:"The member's address."`
	Organisation string    `json:"organisation" example:"Nuvem Parceira Ltda."`
	Members      []string  `json:"members" doc:"The addresses of all members."`
	Domains      []string  `json:"domains" doc:"Mail domains of which every address is the organisation's."`
	Expires      time.Time `json:"expires" doc:"When the session ends at the latest."`
}

func organisationView(o accounts.Organisation) OrganisationView {
	view := OrganisationView{ID: o.ID, Name: o.Name, CreatedAt: o.CreatedAt, Members: []MemberView{}, Domains: append([]string{}, o.Domains...)}
	for _, m := range o.Members {
		view.Members = append(view.Members, memberView(m))
	}
	return view
}

func memberView(m accounts.Member) MemberView {
	return MemberView{ID: m.ID, Email: m.Email, AddedAt: m.AddedAt}
}

// OrganisationPath is embedded where the path names an organisation.
type OrganisationPath struct {
	Organisation string `path:"organisation" maxLength:"64" doc:"The organisation's id."`
}

type memberPathIn struct {
	OrganisationPath
	Member string `path:"member" maxLength:"64" doc:"The member's id."`
}

type createOrganisationIn struct {
	Body struct {
		Name string `json:"name" maxLength:"1000" example:"Nuvem Parceira Ltda." doc:"1 to 120 characters; no two organisations have the same."`
	}
}

type addMemberIn struct {
	OrganisationPath
	Body struct {
		Email string `json:"email" maxLength:"1000" example:"contato@parceira.example" doc:"Where the codes to sign in go."`
	}
}

type domainsIn struct {
	OrganisationPath
	Body struct {
		Domains []string `json:"domains" maxItems:"100" example:"[\"parceira.example\"]" doc:"All of the organisation's mail domains."`
	}
}

type organisationsIn struct {
	TextPageQuery
	Text string `query:"text" maxLength:"200" doc:"Only those with it in their name."`
}

type organisationOwedIn struct {
	OrganisationPath
	InvitationQuery
}

type organisationOut struct {
	Body OrganisationView
}

type organisationsOut struct {
	Body struct {
		Organisations []OrganisationRef `json:"organisations" doc:"By name."`
		Next          string            `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

type memberOut struct {
	Body MemberView
}

// Who keeps organisations; domains are for administrators, since each opens what is
// asked of every address in it.
func keepers() []server.Role { return []server.Role{server.Lead, server.Admin} }
func admins() []server.Role  { return []server.Role{server.Admin} }

func registerOrganisations(s *server.Server, organisations Organisations, service *cases.Service) {
	registerMemberSession(s, organisations)
	owing := Owing{Cases: service, Organisations: organisations}
	const path, tag = "/api/v1/organisations", "Organisations"

	server.JSON(s, server.Route{
		ID: "create-organisation", Method: post, Path: path, Roles: keepers(), Effect: server.Changes, Status: http.StatusCreated, Tag: tag,
		Summary: "Add an organisation of a reseller or partner",
	}, func(ctx context.Context, in *createOrganisationIn) (*organisationOut, error) {
		o, err := organisations.CreateOrganisation(ctx, server.Caller(ctx).ID, in.Body.Name)
		if err != nil {
			return nil, err
		}
		return &organisationOut{Body: organisationView(o)}, nil
	})

	server.JSON(s, server.Route{
		ID: "list-organisations", Method: get, Path: path, Roles: keepers(), Effect: server.Reads, Tag: tag,
		Summary: "The organisations, a page at a time",
	}, func(ctx context.Context, in *organisationsIn) (*organisationsOut, error) {
		list, next, err := owing.Organised(ctx, in.Text, in.TextPageQuery)
		if err != nil {
			return nil, err
		}
		out := &organisationsOut{}
		out.Body.Organisations, out.Body.Next = list, in.next(path, next, map[string]any{"text": in.Text})
		return out, nil
	})

	server.JSON(s, server.Route{
		ID: "show-organisation", Method: get, Path: path + "/{organisation}", Roles: keepers(), Effect: server.Reads, Tag: tag,
		Summary: "An organisation with its members",
	}, func(ctx context.Context, in *OrganisationPath) (*organisationOut, error) {
		view, err := owing.Organisation(ctx, in.Organisation)
		if err != nil {
			return nil, err
		}
		return &organisationOut{Body: view}, nil
	})

	if service != nil {
		server.JSON(s, server.Route{
			ID: "list-organisation-owed", Method: get, Path: path + "/{organisation}/invitations", Roles: []server.Role{server.Lead}, Effect: server.Reads, Tag: tag,
			Summary: "What is asked of an organisation, a page at a time", Description: "Of cases that were not handed in, nothing is shown.",
		}, func(ctx context.Context, in *organisationOwedIn) (*askedOut[AskedView], error) {
			list, next, err := owing.ListOf(ctx, in.Organisation, in.Over, in.PageQuery, server.Locale(ctx))
			return invitationsPage(list, path+"/"+url.PathEscape(in.Organisation)+"/invitations", next, in.InvitationQuery, err)
		})
	}

	server.JSON(s, server.Route{
		ID: "add-member", Method: post, Path: path + "/{organisation}/members", Roles: keepers(), Effect: server.Changes, Status: http.StatusCreated, Tag: tag,
		Summary: "Add a member", Description: "From now on the owner of the address can sign in with a code, and sees what is asked of any address of the organisation.",
	}, func(ctx context.Context, in *addMemberIn) (*memberOut, error) {
		m, err := organisations.AddMember(ctx, server.Caller(ctx).ID, in.Organisation, in.Body.Email)
		if err != nil {
			return nil, err
		}
		return &memberOut{Body: memberView(m)}, nil
	})

	server.JSON(s, server.Route{
		ID: "remove-member", Method: remove, Path: path + "/{organisation}/members/{member}", Roles: keepers(), Effect: server.Changes, Tag: tag,
		Summary: "Remove a member", Description: "Ends the member's sessions at once. What the member supplied stays.",
	}, func(ctx context.Context, in *memberPathIn) (*struct{}, error) {
		return &struct{}{}, organisations.RemoveMember(ctx, server.Caller(ctx).ID, in.Organisation, in.Member)
	})

	server.JSON(s, server.Route{
		ID: "set-domains", Method: http.MethodPut, Path: path + "/{organisation}/domains", Roles: admins(), Effect: server.Changes, Tag: tag,
		Summary: "Set the mail domains of an organisation",
		Description: "Whatever is asked of an address in one of them is the organisation's to see. Make sure first that the domain is its own; " +
			"domains in which anybody gets an address are refused.",
	}, func(ctx context.Context, in *domainsIn) (*organisationOut, error) {
		o, err := organisations.SetDomains(ctx, server.Caller(ctx).ID, in.Organisation, in.Body.Domains)
		if err != nil {
			return nil, err
		}
		return &organisationOut{Body: organisationView(o)}, nil
	})
}

// Organised is a page of the organisations with the text in their names, by name, and the
// cursor of the next: a name. Errors: invalid_fields with the pointer "/text",
// cursor_unknown.
func (o Owing) Organised(ctx context.Context, text string, in TextPageQuery) ([]OrganisationRef, string, error) {
	if bad := problem.CheckText("/text", text, 0, 200, problem.OneLine); bad != nil {
		return nil, "", problem.InvalidFields([]problem.Field{*bad})
	}
	if problem.CheckText("", in.Cursor, 0, 1000, problem.OneLine) != nil {
		return nil, "", errCursor()
	}
	list, err := o.Organisations.SearchOrganisations(ctx, text, in.Cursor, in.Limit+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(list) > in.Limit { // one more than shown tells that there is a next page
		list = list[:in.Limit]
		next = list[in.Limit-1].Name
	}
	if err := o.Organisations.WithMembers(ctx, list); err != nil {
		return nil, "", err
	}
	open, err := o.open(ctx, list)
	if err != nil {
		return nil, "", err
	}
	refs := make([]OrganisationRef, 0, len(list))
	for n, one := range list {
		refs = append(refs, OrganisationRef{ID: one.ID, Name: one.Name, CreatedAt: one.CreatedAt, Members: len(one.Members), Open: open[n]})
	}
	return refs, next, nil
}

// Organisation is one with its members, and how much is asked of it.
func (o Owing) Organisation(ctx context.Context, id string) (OrganisationView, error) {
	found, err := o.Organisations.OrganisationByID(ctx, id)
	if err != nil {
		return OrganisationView{}, err
	}
	view := organisationView(found)
	open, err := o.open(ctx, []accounts.Organisation{found})
	if err == nil {
		view.Open = open[0]
	}
	return view, err
}

// open is how many invitations to the addresses of each organisation stand.
func (o Owing) open(ctx context.Context, list []accounts.Organisation) ([]int, error) {
	if o.Cases == nil {
		return make([]int, len(list)), nil
	}
	asked := make([]cases.Member, len(list))
	for n, one := range list {
		asked[n] = cases.Member{Addresses: one.Addresses(), Domains: one.Domains}
	}
	return o.Cases.OpenInvitations(ctx, asked)
}

// AskedView is an invitation of an organisation as leads see it: of its case no more than
// they may see there, which is nothing until it was handed in.
type AskedView struct {
	AskedInvitation
	Case      string `json:"case,omitempty" doc:"The case's id; absent until it was handed in."`
	Reference string `json:"reference,omitempty" example:"7F3K-29QD-XM" doc:"Absent until the case was handed in."`
}

func askedView(e *cases.OwedEntry) AskedView {
	view := AskedView{AskedInvitation: askedInvitation(e)}
	if e.Case.FiledAt != nil {
		view.Case, view.Reference = e.Case.ID, e.Case.Reference
	}
	return view
}

// ListOf is List for a lead who looks at one organisation.
func (o Owing) ListOf(ctx context.Context, organisation string, over bool, in PageQuery, locale string) ([]AskedView, string, error) {
	page, err := in.page()
	if err != nil {
		return nil, "", err
	}
	found, err := o.Organisations.OrganisationByID(ctx, organisation)
	if err != nil {
		return nil, "", err
	}
	m := cases.Member{Addresses: found.Addresses(), Domains: found.Domains}
	entries, next, err := o.Cases.OwedOf(ctx, actorOf(ctx), m, cases.OwedQuery{Ended: over, Page: page, Locale: locale})
	return invitationViews(entries, askedView), next, err
}

type memberCodeIn struct {
	server.Localized
	Body struct {
		Email string `json:"email" maxLength:"1000" example:"contato@parceira.example"`
	}
}

type memberSignInIn struct {
	Body struct {
		Email string `json:"email" maxLength:"1000" example:"contato@parceira.example"`
		CodeBody
	}
}

type memberSessionOut struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      SessionView
}

type membershipOut struct {
	Body MembershipView
}

func registerMemberSession(s *server.Server, organisations Organisations) {
	server.JSON(s, server.Route{
		ID: "send-member-code", Method: post, Path: organisationPath + "code", Roles: server.Everyone(), Effect: server.Changes,
		Limit: server.Limit{N: 30, Per: hour, By: server.ByAddress}, MaxBody: 4 << 10, Status: http.StatusAccepted, Tag: tagMember,
		Summary: "Ask for a code to sign in for an organisation", Description: "The answer is the same, and takes as long, whether the address is a member's or not.",
	}, func(ctx context.Context, in *memberCodeIn) (*accepted, error) {
		return nil, organisations.SendMemberCode(ctx, in.Body.Email, server.Locale(ctx), server.Address(ctx))
	})

	server.JSON(s, server.Route{
		ID: "open-member-session", Method: post, Path: organisationPath + "session", Roles: server.Everyone(), Effect: server.Changes,
		Limit: server.Limit{N: 60, Per: 10 * time.Minute, By: server.ByAddress}, MaxBody: 4 << 10, Status: http.StatusCreated, Tag: tagMember,
		Summary: "Sign in for an organisation with a code",
	}, func(ctx context.Context, in *memberSignInIn) (*memberSessionOut, error) {
		token, _, err := organisations.SignInMember(ctx, in.Body.Email, in.Body.Code, server.Address(ctx))
		if err != nil {
			return nil, err
		}
		principal, err := organisations.Authenticate(ctx, token)
		if err != nil {
			return nil, err
		}
		return &memberSessionOut{SetCookie: s.SessionCookie(token, time.Until(principal.Expires)), Body: SessionView{Token: token, Expires: principal.Expires}}, nil
	})

	server.JSON(s, server.Route{
		ID: "show-membership", Method: get, Path: "/api/v1/organisation", Roles: members(), Effect: server.Reads, Tag: tagMember,
		Summary: "Who is signed in, and for which organisation",
	}, func(ctx context.Context, _ *struct{}) (*membershipOut, error) {
		caller := server.Caller(ctx)
		m, o, err := organisations.Membership(ctx, caller.ID)
		if err != nil {
			return nil, err
		}
		return &membershipOut{Body: MembershipView{
			Email: m.Email, Organisation: o.Name, Members: o.Addresses(), Domains: append([]string{}, o.Domains...), Expires: caller.Expires,
		}}, nil
	})
}
