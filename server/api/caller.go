package api

import (
	"context"

	"regain/accounts"
	"regain/cases"
	"regain/server"
)

// actorKey is where the context holds an actor who is not simply the caller.
type actorKey struct{}

// actorOf is the caller as cases knows one: for a member of an organisation, the partner
// whom the invitation of the call invited (see Owing.Invited).
func actorOf(ctx context.Context) cases.Actor {
	if actor, ok := ctx.Value(actorKey{}).(cases.Actor); ok {
		return actor
	}
	p := server.Caller(ctx)
	actor := cases.Actor{ID: p.ID, Email: p.Email}
	switch p.Kind {
	case accounts.Customer:
		actor.Kind = cases.Customer
	case accounts.Partner:
		actor.Kind = cases.Partner
	case accounts.StaffMember, accounts.Program: // a program acts as staff does, in its own name
		actor.Kind = cases.Staff
	}
	for _, r := range p.Roles {
		actor.Roles = append(actor.Roles, string(r))
	}
	return actor
}

// Who works on cases, and who reads them.
func reviewers() []server.Role { return []server.Role{server.Reviewer, server.Lead} }
func caseStaff() []server.Role { return append(reviewers(), server.Auditor) }
func customers() []server.Role { return []server.Role{server.Customer} }
func partners() []server.Role  { return []server.Role{server.Partner} }
func members() []server.Role   { return []server.Role{server.Organisation} }

// caseReaders see a case: its customer, and staff.
func caseReaders() []server.Role { return append(caseStaff(), server.Customer) }

// InLanguage is embedded in the input of a route that shows texts of a case. A caller
// who asks for no language reads in that of the case.
type InLanguage struct {
	server.Localized
	AcceptLanguage string `header:"Accept-Language" example:"pt-BR" doc:"The language of the texts, when locale does not say it; without either it is the case's own."`
}

func (l InLanguage) of(ctx context.Context, c *cases.Case) string {
	if l.Locale == "" && l.AcceptLanguage == "" {
		return c.Locale
	}
	return server.Locale(ctx)
}

// wanted is the language that the caller asks for; empty if none.
func (l InLanguage) wanted(ctx context.Context) string {
	if l.Locale == "" && l.AcceptLanguage == "" {
		return ""
	}
	return server.Locale(ctx)
}

// CasePath is embedded where the path names a case.
type CasePath struct {
	Case string `path:"case" maxLength:"64" example:"0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2" doc:"The case's id."`
}

// ItemPath is embedded where the path names an item of a case.
type ItemPath struct {
	CasePath
	Item string `path:"item" maxLength:"64" example:"0190c1f5-11aa-7b60-8d0e-5d3a1c9a8f10" doc:"The item's id."`
}
