package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"text/tabwriter"
	"time"

	"regain/cases"
	"regain/demo"
	"regain/notify"
	"regain/rules"
	"regain/storage"
)

// demoFlags are about serve --demo.
type demoFlags struct {
	Demo         bool   `env:"REGAIN_DEMO" help:"Fill an empty database with forty made-up cases and the staff who work on them, and serve three policies. Their passwords are printed once. Does nothing when they are there already."`
	DemoPassword string `env:"REGAIN_DEMO_PASSWORD" placeholder:"PASSWORD" help:"Password of all of the demo's staff. Default: one for each, made up."`
}

// otherPolicies are those that the demo has beside the default one.
//
//go:embed rules/testdata/domains.yaml rules/testdata/domains.*.yaml rules/testdata/mutua.yaml rules/testdata/mutua.*.yaml
var otherPolicies embed.FS

// loadPolicies reads the demo's policies, or those that are named.
func (c *serveCommand) loadPolicies() ([]*rules.Policy, error) {
	if !c.Demo {
		return loadPolicies(c.Policies)
	}
	if len(c.Policies) > 0 {
		return nil, errors.New("--demo has policies of its own: leave out --policy")
	}
	others, err := fs.Sub(otherPolicies, "rules/testdata")
	if err != nil {
		return nil, err
	}
	var loaded []*rules.Policy
	for _, from := range []struct {
		files fs.FS
		name  string
	}{{defaultPolicy, "rules.yaml"}, {others, "domains.yaml"}, {others, "mutua.yaml"}} {
		policy, err := loadPolicy(from.files, from.name)
		if err != nil {
			return nil, err
		}
		loaded = append(loaded, policy)
	}
	return loaded, nil
}

// fillDemo tells the demo's cases, if they are not there yet.
func (c *serveCommand) fillDemo(ctx context.Context, t terminal, p *parts, policies *cases.Policies, store storage.Store, spool *storage.Spool, letterhead notify.Letterhead) error {
	secret, err := p.secrets.For("demo")
	if err != nil {
		return err
	}
	past := demo.NewPast(time.Now(), secret[:])
	then, err := p.in(era{clock: past.Now, ids: past.ID, random: past}, letterhead)
	if err != nil {
		return err
	}
	if err := then.openWebhooks(letterhead.SiteURL, true); err != nil { // the demo hears itself
		return err
	}
	service, err := then.openCases(policies, store, spool, letterhead.SiteURL)
	if err != nil {
		return err
	}
	mailbox := notify.NewMailbox(p.db, notify.MailboxOptions{Clock: past.Now, IDs: past.ID})
	d := demo.New(past, demo.Rooms{DB: p.db, Cases: service, Staff: then.accounts, Outbox: then.outbox, Mailbox: mailbox, Webhooks: then.webhooks})
	missing, err := d.Missing(ctx)
	if err != nil || len(missing) == 0 {
		return err
	}
	progress := func(done, of int) {
		switch {
		case done == of:
			_, _ = fmt.Fprintf(t.out, "\rdemo: %d cases        \n", done)
		case t.outTTY:
			_, _ = fmt.Fprintf(t.out, "\rdemo: %d of %d cases", done, of)
		}
	}
	return d.Fill(ctx, missing, c.DemoPassword, func(known []demo.Credential) { introduce(t, known) }, progress)
}

// introduce prints who can sign in, once: nothing keeps a password that was made up.
func introduce(t terminal, known []demo.Credential) {
	_, _ = fmt.Fprint(t.out, "The demo's staff, who sign in at /staff/sign-in. The passwords are shown this once:\n\n")
	table := tabwriter.NewWriter(t.out, 0, 0, 3, ' ', 0)
	for _, k := range known {
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", k.Email, k.Password, k.Name, strings.ReplaceAll(strings.Join(k.Roles, ", "), "_", " "))
	}
	_ = table.Flush()
	_, _ = fmt.Fprintf(t.out, "\n%s signs in at /organisation as %s, with codes that the mailbox shows.\n\n", demo.Organisation(), demo.Partner())
}
