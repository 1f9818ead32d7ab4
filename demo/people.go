package demo

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"

	"regain/accounts"
	"regain/cases"
	"regain/problem"
)

// Credential is what somebody signs in with.
type Credential struct {
	Name, Email, Password string
	Roles                 []string
}

// domain is the staff's; nothing that is sent to it arrives anywhere.
const domain = "@staff.example"

// member is a member of staff: the part of the address before the @, and who it is.
type member struct {
	id, name string
	roles    []accounts.Role
}

// staff is at least one person of each role, and reviewers enough for a case that is
// approved by two after an appeal from two others.
func staff() []member {
	return []member{
		{"rei", "Rei Tanaka", []accounts.Role{accounts.Reviewer}},
		{"ana", "Ana Beatriz Souza", []accounts.Role{accounts.Reviewer}},
		{"li", "Li Wenxin", []accounts.Role{accounts.Reviewer}},
		{"omar", "Omar Haddad", []accounts.Role{accounts.Reviewer}},
		{"mara", "Mara Lindqvist", []accounts.Role{accounts.Lead, accounts.Reviewer}},
		{"idris", "Idris Bello", []accounts.Role{accounts.Auditor}},
		{"petra", "Petra Novak", []accounts.Role{accounts.PolicyAuthor}},
		{"noor", "Noor Aziz", []accounts.Role{accounts.Admin}},
		{onLeave, "Tomás Rivera", []accounts.Role{accounts.Reviewer}},
		{"vera", "Vera Kowalska", []accounts.Role{accounts.Reviewer, accounts.PolicyAuthor}},
	}
}

// onLeave is a reviewer who is away just now. Vera has left.
const onLeave = "tomas"

// planAbsences lets one reviewer be away, another be away soon, and one have left.
func (d *Demo) planAbsences(ctx context.Context) error {
	now := d.past.now.Add(-2 * day)
	d.past.enter("", now)
	lead := accounts.Principal{Kind: accounts.StaffMember, ID: d.people["mara"].ID, Roles: []accounts.Role{accounts.Lead}}
	for _, a := range []accounts.NewAbsence{
		{Staff: d.people[onLeave].ID, From: now, Until: now.Add(9 * day), Reason: "on leave"},
		{Staff: d.people["ana"].ID, From: now.Add(20 * day), Until: now.Add(25 * day), Reason: "training"},
	} {
		if _, err := d.Staff.SetAbsence(ctx, lead, a); err != nil {
			return fmt.Errorf("plan an absence: %w", err)
		}
	}
	admin := accounts.Principal{Kind: accounts.StaffMember, ID: d.people["noor"].ID, Roles: []accounts.Role{accounts.Admin}}
	if err := d.Staff.SetRoles(ctx, admin, d.people["vera"].ID, []accounts.Role{accounts.Reviewer}); err != nil {
		return fmt.Errorf("change roles: %w", err)
	}
	if err := d.Staff.DisableStaff(ctx, admin, d.people["vera"].ID); err != nil {
		return fmt.Errorf("let somebody leave: %w", err)
	}
	return nil
}

// Addresses are those of one person of each role, to try.
func Addresses() []string {
	var out []string
	shown := map[accounts.Role]bool{}
	for _, m := range staff() {
		if !shown[m.roles[0]] {
			out = append(out, m.id+domain)
		}
		shown[m.roles[0]] = true
	}
	return out
}

// hire makes the members of staff who are not there yet, and returns what they sign in
// with.
func (d *Demo) hire(ctx context.Context, password string) ([]Credential, error) {
	d.past.enter("", d.past.now.Add(-120*day))
	there, err := d.Staff.ListStaff(ctx, "", 1000)
	if err != nil {
		return nil, err
	}
	known := map[string]accounts.Staff{}
	for _, s := range there {
		known[s.Email] = s
	}
	var made []Credential
	for _, m := range staff() {
		s, ok := known[m.id+domain]
		if !ok {
			c := Credential{Name: m.name, Email: m.id + domain, Password: password}
			if c.Password == "" {
				c.Password = newPassword()
			}
			if s, err = d.Staff.CreateStaff(ctx, accounts.NewStaff{Email: c.Email, Name: c.Name, Password: c.Password, Roles: m.roles}); err != nil {
				return nil, fmt.Errorf("make %s: %w", m.name, err)
			}
			c.Roles = roleNames(s.Roles)
			made = append(made, c)
		}
		d.people[m.id] = cases.Actor{Kind: cases.Staff, ID: s.ID, Roles: roleNames(s.Roles), Email: s.Email}
	}
	return made, nil
}

// partners are the members of the reseller, who sign in with a code that is mailed to
// them.
func partners() []string {
	return []string{"ops@parceira.example", "letters@parceira.example", "desk@parceira.example"}
}

// Organisation is the name of the partner organisation, Partner the address of one of
// its members.
func Organisation() string { return reseller.Name }

// Partner is described at Organisation.
func Partner() string { return partners()[0] }

// organise makes the reseller's organisation and another, unless they are there.
func (d *Demo) organise(ctx context.Context) error {
	_, err := d.Staff.OrganisationNamed(ctx, reseller.Name)
	if err == nil || !problem.Is(err, "organisation_not_found") {
		return err
	}
	o, err := d.Staff.CreateOrganisation(ctx, d.people["noor"].ID, reseller.Name)
	if err != nil {
		return fmt.Errorf("make the organisation: %w", err)
	}
	if err := d.join(ctx, o.ID, partners()...); err != nil {
		return err
	}
	other, err := d.Staff.CreateOrganisation(ctx, d.people["noor"].ID, "Aurora Digital S.A.")
	if err != nil {
		return fmt.Errorf("make another organisation: %w", err)
	}
	if _, err := d.Staff.SetDomains(ctx, d.people["noor"].ID, other.ID, []string{"aurora.example"}); err != nil {
		return fmt.Errorf("set the organisation's domain: %w", err)
	}
	return d.join(ctx, other.ID, "contracts@aurora.example")
}

func (d *Demo) join(ctx context.Context, organisation string, emails ...string) error {
	for _, email := range emails {
		if _, err := d.Staff.AddMember(ctx, d.people["noor"].ID, organisation, email); err != nil {
			return fmt.Errorf("make a member of the organisation: %w", err)
		}
	}
	return nil
}

func roleNames(roles []accounts.Role) []string {
	names := make([]string, len(roles))
	for n, r := range roles {
		names[n] = string(r)
	}
	return names
}

// newPassword is 80 bits in four groups that can be typed.
func newPassword() string {
	raw := make([]byte, 10)
	_, _ = rand.Read(raw) // never fails
	s := strings.ToLower(base32.StdEncoding.EncodeToString(raw))
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
}
