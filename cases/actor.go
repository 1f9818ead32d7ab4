package cases

import (
	"slices"

	"regain/problem"
)

// ActorKind is who acts.
type ActorKind string

// The kinds of actors.
const (
	Customer ActorKind = "customer"
	Partner  ActorKind = "partner" // a reseller or partner who came by an invitation
	Staff    ActorKind = "staff"
	System   ActorKind = "system"
)

// The roles of staff that this room tells apart.
const (
	RoleReviewer = "reviewer"
	RoleLead     = "lead"
	RoleAuditor  = "auditor"
)

// Actor is who asks for something. The server makes it from the session.
type Actor struct {
	Kind ActorKind
	// ID is the case of a customer, the invitation of a partner, the staff member.
	ID string
	// Roles are set for staff, Email for staff and members of organisations.
	Roles []string
	Email string
	// Member is the member of an organisation who acts on the invitation that ID names;
	// empty for whoever came by its link. Every event says it.
	Member string
}

// SystemActor acts for the clock.
func SystemActor() Actor { return Actor{Kind: System, ID: "system"} }

// Has reports whether the actor is staff with one of the roles.
func (a Actor) Has(roles ...string) bool {
	return a.Kind == Staff && slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(a.Roles, r) })
}

// Reviews reports whether the actor may work on cases.
func (a Actor) Reviews() bool { return a.Has(RoleReviewer, RoleLead) }

// errNotFound is the one answer for a case that is absent and for one that is
// none of the caller's business.
func errNotFound() error {
	return problem.New(problem.NotFound, "case_not_found", "There is no such case, or it is not yours to see.")
}

// mayRead checks that the actor may see the case at all.
func (a Actor) mayRead(c *Case) error {
	switch {
	case a.Kind == System,
		a.Kind == Customer && a.ID == c.ID,
		a.Has(RoleReviewer, RoleLead, RoleAuditor) && c.FiledAt != nil:
		return nil
	}
	return errNotFound()
}
