package server

import (
	"slices"

	"regain/accounts"
)

// Role is what a caller may be in the table of routes. A caller has one or more:
// a member of staff has each of the roles given to that person.
type Role string

// The roles. Whoever adds one adds it to Roles too, and no route lets it in
// before it is named there.
const (
	Anonymous    Role = "anonymous"
	Customer     Role = "customer"
	Partner      Role = "partner"
	Organisation Role = "organisation"
	Reviewer     Role = "reviewer"
	Lead         Role = "lead"
	Auditor      Role = "auditor"
	PolicyAuthor Role = "policy_author"
	Admin        Role = "admin"
)

// Roles are all roles, in the order of the documentation.
func Roles() []Role {
	return []Role{Anonymous, Customer, Partner, Organisation, Reviewer, Lead, Auditor, PolicyAuthor, Admin}
}

// Everyone is for what needs no session.
func Everyone() []Role { return Roles() }

// Staff is every role of a member of staff.
func Staff() []Role { return []Role{Reviewer, Lead, Auditor, PolicyAuthor, Admin} }

// rolesOf are the roles of a caller.
func rolesOf(p accounts.Principal) []Role {
	switch p.Kind {
	case accounts.Customer:
		return []Role{Customer}
	case accounts.Partner:
		return []Role{Partner}
	case accounts.OrganisationMember:
		return []Role{Organisation}
	case accounts.StaffMember:
		roles := make([]Role, len(p.Roles))
		for i, r := range p.Roles {
			roles[i] = Role(r)
		}
		return roles
	}
	return []Role{Anonymous}
}

func anyAllowed(allowed, has []Role) bool {
	return slices.ContainsFunc(has, func(r Role) bool { return slices.Contains(allowed, r) })
}
