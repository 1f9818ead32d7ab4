// Package api is the JSON API under /api/v1: one file for each noun, which holds the
// noun's routes, what they take and what they show. The services below decide; here
// is only what concerns HTTP.
package api

import (
	"context"
	"net/http"

	"regain/accounts"
	"regain/cases"
	"regain/database"
	"regain/notify"
	"regain/rules"
	"regain/server"
)

// Services are what the routes call.
type Services struct {
	Policies Policies
	Staff    Staff
	// Keys are those of programs; without them their routes do not exist.
	Keys Keys
	// Organisations are those of resellers and partners whose members sign in.
	Organisations Organisations
	// Webhooks are told of what happens; without them their routes do not exist.
	Webhooks *notify.Webhooks
	// Cases and Sessions serve everything about cases.
	Cases    *cases.Service
	Sessions Sessions
	// Mailbox is set in development only; without it its routes do not exist.
	Mailbox Mailbox
}

// Policies are those that new cases may be filed under.
type Policies interface {
	// All are the policies in the order to show them.
	All() []*rules.Policy
	// Current finds one by its id; "" is the default one. Error: policy_not_found.
	Current(id string) (*rules.Policy, error)
}

// Staff is how members of staff come in and go.
type Staff interface {
	SignIn(ctx context.Context, email, password, ip string) (token string, staff accounts.Staff, err error)
	// ChoosePassword is SignIn with a password that its owner chooses for the future.
	ChoosePassword(ctx context.Context, email, password, chosen, ip string) (token string, staff accounts.Staff, err error)
	StaffRecords
	// StaffNames are names by id.
	StaffNames(ctx context.Context, ids []string) (map[string]string, error)
	// ListStaff are some of them by e-mail address, after the one that is given.
	ListStaff(ctx context.Context, after string, limit int) ([]accounts.Staff, error)
	StaffByID(ctx context.Context, id string) (accounts.Staff, error)
	StaffByIDs(ctx context.Context, ids []string) ([]accounts.Staff, error)
	// StaffWho are those at work with one of the roles, by e-mail address, up to limit of
	// them; all where that is 0.
	StaffWho(ctx context.Context, limit int, roles ...accounts.Role) (list []accounts.Staff, more bool, err error)
	Authenticate(ctx context.Context, token string) (accounts.Principal, error)
	EndSession(ctx context.Context, sessionID string) error
}

// StaffRecords are the members of staff as administrators keep them.
type StaffRecords interface {
	People(ctx context.Context, by accounts.Principal, in accounts.PeopleQuery) (people []accounts.Staff, next string, err error)
	Person(ctx context.Context, by accounts.Principal, id string) (accounts.Staff, error)
	AddPerson(ctx context.Context, by accounts.Principal, n accounts.NewStaff) (person accounts.Staff, password string, err error)
	SetRoles(ctx context.Context, by accounts.Principal, id string, roles []accounts.Role) error
	DisableStaff(ctx context.Context, by accounts.Principal, id string) error
	EnableStaff(ctx context.Context, by accounts.Principal, id string) error
	ResetPassword(ctx context.Context, by accounts.Principal, id string) (password string, err error)
	StaffChanges(ctx context.Context, by accounts.Principal, staffID string, page database.Page) (changes []accounts.StaffChange, next string, err error)

	// OrganisationNames and MemberEmails are what lines of that record mean, by id.
	OrganisationNames(ctx context.Context, ids []string) (map[string]string, error)
	MemberEmails(ctx context.Context, ids []string) (map[string]string, error)

	SetAbsence(ctx context.Context, by accounts.Principal, n accounts.NewAbsence) (accounts.Absence, error)
	EndAbsence(ctx context.Context, by accounts.Principal, staffID, id string) error
	Absences(ctx context.Context, by accounts.Principal, staffID string) ([]accounts.Absence, error)
	AwayNow(ctx context.Context, by accounts.Principal) (list []accounts.Absence, more int, err error)
}

// Mailbox shows what was sent, in development.
type Mailbox interface {
	List(ctx context.Context, q notify.LetterQuery) ([]notify.Letter, error)
	Get(ctx context.Context, id string) (notify.Letter, error)
}

// Register adds every route of the API to s.
func Register(s *server.Server, services Services) {
	registerPolicies(s, services.Policies)
	registerDecisions(s, services.Policies)
	registerStaffSession(s, services.Staff)
	registerPeople(s, NewPersonnel(services.Staff, services.Cases, services.Policies))
	if services.Keys != nil {
		registerAPIKeys(s, services)
	}
	registerOrganisations(s, services.Organisations, services.Cases)
	if services.Webhooks != nil {
		registerWebhooks(s, services)
	}
	if services.Cases != nil {
		registerCases(s, services)
		registerStats(s, services)
		registerAudit(s, services)
	}
	if services.Mailbox != nil {
		registerMailbox(s, services.Mailbox)
	}
}

const (
	get    = http.MethodGet
	post   = http.MethodPost
	remove = http.MethodDelete
)
