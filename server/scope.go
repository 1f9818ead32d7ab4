package server

import (
	"slices"

	"regain/accounts"
	"regain/problem"
)

// PeopleOnly is the scope of routes that no API key opens.
const PeopleOnly accounts.Scope = "people only"

// CallsPerMinute is how often one API key may call, whatever it calls.
const CallsPerMinute = 600

// defaultScope is the scope of a route that names none: what reviewers read and do is
// open to programs that read or review. What is open to every member of staff is about
// that person's own session, and pages are for people.
func defaultScope(r *Route) accounts.Scope {
	switch {
	case r.page, r.operational, slices.Contains(r.Roles, Anonymous), slices.Contains(r.Roles, Admin):
	case slices.Contains(r.Roles, Reviewer) && r.Effect == Reads:
		return accounts.ScopeRead
	case slices.Contains(r.Roles, Reviewer):
		return accounts.ScopeReview
	case slices.Contains(r.Roles, PolicyAuthor):
		return accounts.ScopePolicies
	}
	return PeopleOnly
}

// authoriseProgram lets a program in where everyone is, and where its key has the scope.
func authoriseProgram(req *request) error {
	scope := req.route.Scope
	switch {
	case slices.Contains(req.route.Roles, Anonymous), slices.Contains(req.caller.Scopes, scope):
		return nil
	case scope == PeopleOnly:
		return problem.New(problem.Forbidden, "people_only", "Programs may not do this: it takes a person who is signed in.")
	}
	return problem.Newf(problem.Forbidden, "scope_required", "This takes an API key with the scope %s.", scope)
}
