package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"regain/accounts"
	"regain/notify"
)

// userCommands are about members of staff.
type userCommands struct {
	Password userPasswordCommand `cmd:"" help:"Make a member of staff a password that works once and print it, such as for an administrator who lost theirs. The old one works no more."`
	Add      userAddCommand      `cmd:"" help:"Add a member of staff. The password is asked for, or read from standard input: never an argument."`
}

// userAddCommand makes a member of staff.
type userAddCommand struct {
	dataFlags
	Email    string   `arg:"" help:"E-mail address, which is the name to sign in with."`
	Name     string   `required:"" help:"The person's name."`
	Role     []string `required:"" enum:"reviewer,lead,auditor,policy_author,admin" help:"reviewer, lead, auditor, policy_author or admin; may be given several times."`
	Generate bool     `help:"Make up a password and print it, once."`
}

// Run adds the member of staff.
func (c *userAddCommand) Run(ctx context.Context, t terminal) error {
	p, err := c.open(ctx, c.logger(t), notify.Letterhead{})
	if err != nil {
		return err
	}
	defer p.close()
	password, err := c.password(ctx, t)
	if err != nil {
		return err
	}
	roles := make([]accounts.Role, len(c.Role))
	for i, r := range c.Role {
		roles[i] = accounts.Role(r)
	}
	staff, err := p.accounts.CreateStaff(ctx, accounts.NewStaff{Email: c.Email, Name: c.Name, Password: password, Roles: roles})
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(t.out, "Added %s <%s> as %s.\n", staff.Name, staff.Email, strings.Join(c.Role, ", "))
	if c.Generate {
		_, _ = fmt.Fprintf(t.out, "Password: %s\n", password)
	}
	return nil
}

// userPasswordCommand makes a password that works once.
type userPasswordCommand struct {
	dataFlags
	Email string `arg:"" help:"E-mail address of the member of staff."`
}

// Run makes it and prints it.
func (c *userPasswordCommand) Run(ctx context.Context, t terminal) error {
	p, err := c.open(ctx, c.logger(t), notify.Letterhead{})
	if err != nil {
		return err
	}
	defer p.close()
	staff, err := p.accounts.StaffByEmail(ctx, c.Email)
	if err != nil {
		return err
	}
	password, err := p.accounts.ResetPassword(ctx, accounts.Operator(), staff.ID)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(t.out, "Password: %s\nIt works once, for a week: %s chooses an own one with it at the sign-in.\n", password, staff.Name)
	return nil
}

func (c *userAddCommand) password(ctx context.Context, t terminal) (string, error) {
	if c.Generate {
		raw := make([]byte, 15)
		if _, err := rand.Read(raw); err != nil {
			return "", fmt.Errorf("make up a password: %w", err)
		}
		return strings.ToLower(base32.StdEncoding.EncodeToString(raw)), nil // 120 bits in 24 letters and digits
	}
	lines := bufio.NewReader(t.in)
	if !t.isTTY {
		return readLine(lines)
	}
	defer hideTyping(ctx)()
	_, _ = fmt.Fprint(t.err, "Password: ")
	first, err := readLine(lines)
	if err != nil {
		return "", err
	}
	_, _ = fmt.Fprint(t.err, "\nThe same again: ")
	second, err := readLine(lines)
	_, _ = fmt.Fprintln(t.err)
	if err == nil && first != second {
		err = errors.New("the two passwords differ")
	}
	return first, err
}

func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		if err == nil {
			err = errors.New("it is empty")
		}
		return "", fmt.Errorf("no password on standard input: %w", err)
	}
	return line, nil
}

// hideTyping turns the terminal's echo off, where there is stty, and returns what
// turns it on again.
func hideTyping(ctx context.Context) func() {
	ctx = context.WithoutCancel(ctx) // the echo comes back after an interrupt, too
	echo := func(setting string) error {
		stty := exec.CommandContext(ctx, "stty", setting)
		stty.Stdin = os.Stdin
		return stty.Run()
	}
	if echo("-echo") != nil {
		return func() {}
	}
	return func() { _ = echo("echo") }
}
