// Package demo fills an empty database with cases to look at: forty people who lost
// an account, with their documents, and the staff who work on them. Nobody of them
// exists, and the documents are drawn (see papers).
//
// Each case is told as it would have happened, step by step through the services that
// the server itself uses, under a clock that is set back. So every record is genuine,
// and audit verify finds nothing.
package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"regain/accounts"
	"regain/cases"
	"regain/database"
	"regain/notify"
	"regain/problem"
)

// Rooms are the services that the demo works with. All of them live in the Past.
type Rooms struct {
	DB       *database.DB
	Cases    *cases.Service
	Staff    *accounts.Service
	Outbox   *notify.Outbox
	Mailbox  *notify.Mailbox
	Webhooks *notify.Webhooks // that may lead to this machine
}

// Demo fills one database.
type Demo struct {
	Rooms
	past *Past
	// people are the actors of staff, by the part of their address before the @.
	people map[string]cases.Actor
}

// New makes the demo over rooms that live in the past.
func New(past *Past, rooms Rooms) *Demo {
	return &Demo{Rooms: rooms, past: past, people: map[string]cases.Actor{}}
}

// ErrForeign refuses a database with cases that are not the demo's.
var ErrForeign = errors.New("the demo fills an empty database, and this one has cases of its own: name another folder with --data")

// Missing are the stories that are not told yet; none when all of them are there. Error:
// ErrForeign.
func (d *Demo) Missing(ctx context.Context) ([]string, error) {
	var missing []string
	all := stories()
	for _, s := range all {
		_, err := d.Cases.Case(ctx, cases.SystemActor(), d.past.caseOf(s.name))
		if err != nil && !problem.Is(err, "case_not_found") {
			return nil, fmt.Errorf("look for the demo's cases: %w", err)
		}
		if err != nil {
			missing = append(missing, s.name)
		}
	}
	if len(missing) < len(all) {
		return missing, nil
	}
	empty, err := d.Cases.Empty(ctx)
	if err != nil {
		return nil, err
	}
	if !empty {
		return nil, ErrForeign
	}
	return missing, nil
}

// Case is the id of a story's case.
func (d *Demo) Case(story string) string { return d.past.caseOf(story) }

// Fill makes the staff and the partner organisation that are not there yet, and tells the missing stories. known is
// told who can sign in as soon as they can, progress after each case. At its end the past
// has come to the present.
func (d *Demo) Fill(ctx context.Context, missing []string, password string, known func([]Credential), progress func(done, of int)) error {
	made, err := d.hire(ctx, password)
	if err != nil {
		return err
	}
	if len(made) > 0 {
		known(slices.DeleteFunc(slices.Clone(made), func(c Credential) bool { return c.Email == "vera"+domain })) // who has left
	}
	if err := d.organise(ctx); err != nil {
		return err
	}
	if len(made) > 0 {
		if err := d.planAbsences(ctx); err != nil {
			return err
		}
	}
	heard, err := listen(ctx)
	if err != nil {
		return err
	}
	defer heard.close()
	hook, err := d.connect(ctx, heard)
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, name := range missing {
		wanted[name] = true
	}
	done := 0
	for _, s := range stories() {
		if !wanted[s.name] {
			continue
		}
		if err := d.tell(ctx, s); err != nil {
			return fmt.Errorf("the demo's case %q: %w", s.name, err)
		}
		done++
		progress(done, len(missing))
	}
	if err := d.deliverAll(ctx, hook, heard); err != nil {
		return err
	}
	d.past.enter("", d.past.now)
	return d.auditAll(ctx)
}

// day and hour are how stories count.
const (
	hour = time.Hour
	day  = 24 * time.Hour
)
