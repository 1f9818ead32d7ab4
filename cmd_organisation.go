package main

import (
	"context"
	"fmt"
	"strings"

	"regain/accounts"
	"regain/notify"
)

// organisationCommands are about organisations of resellers and partners.
type organisationCommands struct {
	Add     organisationAddCommand     `cmd:"" help:"Add an organisation, whose members then sign in with their address and a code."`
	List    organisationListCommand    `cmd:"" help:"List the organisations."`
	Member  organisationMemberCommands `cmd:"" help:"Members of an organisation."`
	Domains organisationDomainsCommand `cmd:"" help:"Set the mail domains of an organisation: what is asked of any address there is the organisation's to see."`
}

// organisationMemberCommands let people in and out.
type organisationMemberCommands struct {
	Add    organisationMemberAddCommand    `cmd:"" help:"Add a member."`
	Remove organisationMemberRemoveCommand `cmd:"" help:"Remove a member, and end that member's sessions."`
}

// organisationAddCommand makes an organisation.
type organisationAddCommand struct {
	dataFlags
	Name   string   `arg:"" help:"The organisation's name."`
	Member []string `placeholder:"EMAIL" help:"Address of a member; may be given several times."`
	Domain []string `placeholder:"DOMAIN" help:"Mail domain that you made sure is the organisation's alone; may be given several times."`
}

// Run adds the organisation with its members and domains. What was done before a
// fault stays, and the message says what it was.
func (c *organisationAddCommand) Run(ctx context.Context, t terminal) error {
	p, err := c.open(ctx, c.logger(t), notify.Letterhead{})
	if err != nil {
		return err
	}
	defer p.close()
	o, err := p.accounts.CreateOrganisation(ctx, "", c.Name)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(t.out, "Added the organisation %s.\n", o.Name)
	for _, email := range c.Member {
		m, err := p.accounts.AddMember(ctx, "", o.ID, email)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(t.out, "Added %s.\n", m.Email)
	}
	if len(c.Domain) == 0 {
		return nil
	}
	o, err = p.accounts.SetDomains(ctx, "", o.ID, c.Domain)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(t.out, "Its mail domains are %s.\n", strings.Join(o.Domains, ", "))
	return nil
}

// organisationListCommand lists organisations.
type organisationListCommand struct{ dataFlags }

// Run lists each with its members and domains.
func (c *organisationListCommand) Run(ctx context.Context, t terminal) error {
	p, err := c.open(ctx, c.logger(t), notify.Letterhead{})
	if err != nil {
		return err
	}
	defer p.close()
	for after := ""; ; {
		list, err := p.accounts.ListOrganisations(ctx, after, 100)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, o := range list {
			if o, err = p.accounts.OrganisationByID(ctx, o.ID); err != nil {
				return err
			}
			_, _ = fmt.Fprintf(t.out, "%s\n  members  %s\n  domains  %s\n", o.Name, strings.Join(o.Addresses(), ", "), strings.Join(o.Domains, ", "))
		}
		after = list[len(list)-1].Name
	}
}

// organisationMemberAddCommand adds a member.
type organisationMemberAddCommand struct {
	dataFlags
	Organisation string `arg:"" help:"The organisation's name."`
	Email        string `arg:"" help:"The member's e-mail address, to which codes go."`
}

// Run adds the member.
func (c *organisationMemberAddCommand) Run(ctx context.Context, t terminal) error {
	return c.withOrganisation(ctx, t, c.Organisation, func(p *parts, o accounts.Organisation) error {
		m, err := p.accounts.AddMember(ctx, "", o.ID, c.Email)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(t.out, "Added %s to %s.\n", m.Email, o.Name)
		return nil
	})
}

// organisationMemberRemoveCommand removes a member.
type organisationMemberRemoveCommand struct {
	dataFlags
	Organisation string `arg:"" help:"The organisation's name."`
	Email        string `arg:"" help:"The member's e-mail address."`
}

// Run removes the member.
func (c *organisationMemberRemoveCommand) Run(ctx context.Context, t terminal) error {
	return c.withOrganisation(ctx, t, c.Organisation, func(p *parts, o accounts.Organisation) error {
		m := o.Member(c.Email)
		if err := p.accounts.RemoveMember(ctx, "", o.ID, m.ID); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(t.out, "Removed %s from %s.\n", m.Email, o.Name)
		return nil
	})
}

// organisationDomainsCommand sets mail domains.
type organisationDomainsCommand struct {
	dataFlags
	Organisation string   `arg:"" help:"The organisation's name."`
	Domain       []string `arg:"" optional:"" help:"All of its mail domains; none takes them all away. Make sure that each is the organisation's alone."`
}

// Run sets the domains.
func (c *organisationDomainsCommand) Run(ctx context.Context, t terminal) error {
	return c.withOrganisation(ctx, t, c.Organisation, func(p *parts, o accounts.Organisation) error {
		o, err := p.accounts.SetDomains(ctx, "", o.ID, c.Domain)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(t.out, "The mail domains of %s are now: %s\n", o.Name, strings.Join(o.Domains, ", "))
		return nil
	})
}

// withOrganisation opens the rooms and finds the organisation by its name.
func (f dataFlags) withOrganisation(ctx context.Context, t terminal, name string, do func(*parts, accounts.Organisation) error) error {
	p, err := f.open(ctx, f.logger(t), notify.Letterhead{})
	if err != nil {
		return err
	}
	defer p.close()
	o, err := p.accounts.OrganisationNamed(ctx, name)
	if err != nil {
		return err
	}
	return do(p, o)
}
