package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"regain/accounts"
	"regain/database"
	"regain/notify"
)

// keyCommands are about the API keys of programs.
type keyCommands struct {
	Add    keyAddCommand    `cmd:"" help:"Make an API key and print it, once."`
	List   keyListCommand   `cmd:"" help:"List the API keys, newest first, without their secrets."`
	Revoke keyRevokeCommand `cmd:"" help:"End an API key at once and for good."`
}

// keyAddCommand makes a key.
type keyAddCommand struct {
	dataFlags
	Name  string   `arg:"" help:"What events and lists call the program."`
	Scope []string `required:"" enum:"cases:read,documents:read,cases:review,export,policies,webhooks" help:"cases:read, documents:read, cases:review, export, policies or webhooks; may be given several times."`
	Days  int      `default:"365" help:"How many days it lasts, at most 730. Default: ${default}."`
}

// Run makes the key.
func (c *keyAddCommand) Run(ctx context.Context, t terminal) error {
	p, err := c.open(ctx, c.logger(t), notify.Letterhead{})
	if err != nil {
		return err
	}
	defer p.close()
	n := accounts.NewAPIKey{Name: c.Name, Days: c.Days}
	for _, s := range c.Scope {
		n.Scopes = append(n.Scopes, accounts.Scope(s))
	}
	key, token, err := p.accounts.CreateAPIKey(ctx, n)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(t.out, "Made %s (%s) with %s, until %s.\nKey: %s\n", key.Name, key.ID, joinScopes(key.Scopes), key.ExpiresAt.Format(time.DateOnly), token)
	return nil
}

// keyListCommand lists all keys.
type keyListCommand struct{ dataFlags }

// Run lists them.
func (c *keyListCommand) Run(ctx context.Context, t terminal) error {
	p, err := c.open(ctx, c.logger(t), notify.Letterhead{})
	if err != nil {
		return err
	}
	defer p.close()
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tNAME\tENDS IN\tSCOPES\tEXPIRES\tLAST USED")
	for next, first := "", true; first || next != ""; first = false {
		page, err := database.NewTimePage(database.MaxPageLimit, next)
		if err != nil {
			return err
		}
		var keys []accounts.APIKey
		if keys, next, err = p.accounts.APIKeys(ctx, page); err != nil {
			return err
		}
		for _, k := range keys {
			printKey(table, k)
		}
	}
	return table.Flush()
}

func printKey(w io.Writer, k accounts.APIKey) {
	expires, used := k.ExpiresAt.Format(time.DateOnly), "never"
	if k.RevokedAt != nil {
		expires = "revoked"
	}
	if k.LastUsedAt != nil {
		used = k.LastUsedAt.UTC().Format(time.DateOnly)
	}
	_, _ = fmt.Fprintf(w, "%s\t%s\t…%s\t%s\t%s\t%s\n", k.ID, k.Name, k.Hint, joinScopes(k.Scopes), expires, used)
}

func joinScopes(scopes []accounts.Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}

// keyRevokeCommand ends a key.
type keyRevokeCommand struct {
	dataFlags
	ID string `arg:"" help:"The key's id: key_…"`
}

// Run ends it.
func (c *keyRevokeCommand) Run(ctx context.Context, t terminal) error {
	p, err := c.open(ctx, c.logger(t), notify.Letterhead{})
	if err != nil {
		return err
	}
	defer p.close()
	if err := p.accounts.RevokeAPIKey(ctx, c.ID, ""); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(t.out, "Revoked %s.\n", c.ID)
	return nil
}
