package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"regain/database"
	"regain/notify"
)

// outboxCommands are about messages on their way out.
type outboxCommands struct {
	GivenUp outboxGivenUpCommand `cmd:"" help:"List the messages that were given up, the latest first: what they were and why, never to whom."`
	Revive  outboxReviveCommand  `cmd:"" help:"Send again what ran out of attempts, such as when the mail server was away for long. What was refused for good, or is older than a week, stays as it is."`
}

// outboxGivenUpCommand lists messages that were given up.
type outboxGivenUpCommand struct{ dataFlags }

// Run lists them.
func (c *outboxGivenUpCommand) Run(ctx context.Context, t terminal) error {
	p, err := c.open(ctx, c.logger(t), notify.Letterhead{})
	if err != nil {
		return err
	}
	defer p.close()
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "GIVEN UP\tCHANNEL\tMESSAGE\tATTEMPTS\tREASON\tLAST ANSWER\tCAN BE REVIVED")
	for next, first := "", true; first || next != ""; first = false {
		page, err := database.NewTimePage(database.MaxPageLimit, next)
		if err != nil {
			return err
		}
		var list []notify.GivenUp
		if list, next, err = p.outbox.GivenUp(ctx, page); err != nil {
			return err
		}
		for _, m := range list {
			can := "no"
			if m.Revivable {
				can = "yes"
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", m.At.Format(time.DateTime), m.Channel, m.Template, m.Attempts, m.Reason, m.LastCode, can)
		}
	}
	return table.Flush()
}

// outboxReviveCommand queues messages again.
type outboxReviveCommand struct{ dataFlags }

// Run queues them; a server sends them.
func (c *outboxReviveCommand) Run(ctx context.Context, t terminal) error {
	p, err := c.open(ctx, c.logger(t), notify.Letterhead{})
	if err != nil {
		return err
	}
	defer p.close()
	n, err := p.outbox.Revive(ctx)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(t.out, "Messages to be sent again: %d. A server that runs sends them.\n", n)
	return nil
}
