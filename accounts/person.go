package accounts

import (
	"context"
	"encoding/base32"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"regain/database"
	"regain/notify"
	"regain/problem"
)

// What administrators do with members of staff. Nobody does it to themselves, and there
// is always an administrator who can sign in.

// oneTimeLife is how long a password works that its owner has to replace by an own one.
const oneTimeLife = 7 * 24 * time.Hour

func errRole() error {
	return problem.New(problem.Forbidden, "role_required", "This takes another role than you have.")
}

func errOwnAccount() error {
	return problem.New(problem.Conflict, "own_account", "Nobody changes their own roles, access or one-time password. Ask another administrator.")
}

func errLastAdmin() error {
	return problem.New(problem.Conflict, "last_admin", "This is the last administrator who can sign in. Make another one first.")
}

// mayManage is checked again once the record is locked.
func (p Principal) mayManage() error {
	if p.Kind == operator || p.Has(Admin) {
		return nil
	}
	return errRole()
}

// PersonState says whether somebody is at work.
type PersonState string

// The states of people.
const (
	PersonActive   PersonState = "active" // can sign in
	PersonAway     PersonState = "away"   // can sign in, and is away now
	PersonDisabled PersonState = "disabled"
)

// PeopleQuery asks for a page of members of staff, by e-mail address.
type PeopleQuery struct {
	// State, Role and Text keep those who have them; empty for everybody. Text is looked
	// for in names and addresses.
	State PersonState
	Role  Role
	Text  string
	Page  database.Page
}

// readsPeople says who sees members of staff as they are kept.
func (p Principal) readsPeople() bool { return p.Kind == operator || p.Has(Admin, Auditor, Lead) }

// peopleBatch is how many rows are looked at at a time: there are hundreds of members
// of staff, perhaps some thousands.
const peopleBatch = database.MaxPageLimit

// People lists members of staff, and gives the cursor of the next page, "" at the end.
// Error: role_required.
func (s *Service) People(ctx context.Context, by Principal, in PeopleQuery) ([]Staff, string, error) {
	if !by.readsPeople() {
		return nil, "", errRole()
	}
	key := func(r staffRow) (any, string) { return r.EmailKey, r.ID }
	away, err := s.awayNow(ctx, nil)
	if err != nil {
		return nil, "", err
	}
	var found []staffRow
	batch := in.Page
	batch.Limit = peopleBatch
	for {
		rows, err := s.findStaff(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return batch.Ascending(q, "staff.email_key", "staff.id") })
		if err != nil {
			return nil, "", err
		}
		rows, next, err := database.Next(batch, rows, key)
		if err != nil {
			return nil, "", err
		}
		for _, r := range rows {
			if in.keeps(r, away) {
				found = append(found, r)
			}
		}
		if next == "" || len(found) > in.Page.Limit {
			break
		}
		if batch, err = database.NewPage(peopleBatch, next); err != nil {
			return nil, "", err
		}
	}
	if len(found) > in.Page.Limit {
		found = found[:in.Page.Limit+1] // one more than is shown tells that there is a next page
	}
	found, next, err := database.Next(in.Page, found, key)
	if err != nil {
		return nil, "", err
	}
	people := make([]Staff, len(found))
	for n, r := range found {
		people[n] = r.staff()
		people[n].AwayUntil = away[r.ID]
	}
	return people, next, nil
}

// keeps says whether a row is what was asked for. Roles are in JSON and names in every
// script, which the two databases compare differently: so it is done here.
func (q PeopleQuery) keeps(r staffRow, away map[string]*time.Time) bool {
	switch disabled := r.DisabledAt != nil; {
	case q.State == PersonActive && disabled,
		q.State == PersonDisabled && !disabled,
		q.State == PersonAway && (disabled || away[r.ID] == nil):
		return false
	}
	if q.Role != "" && !slices.Contains(r.Roles.V, q.Role) {
		return false
	}
	wanted := folded(q.Text)
	return wanted == "" || strings.Contains(folded(r.Name), wanted) || strings.Contains(folded(r.Email), wanted)
}

func folded(s string) string {
	return cases.Fold().String(norm.NFKC.String(strings.Join(strings.Fields(s), " ")))
}

// Person is one member of staff, for whoever keeps them and for that person. Errors:
// not_found, which is also the answer to those who may not look.
func (s *Service) Person(ctx context.Context, by Principal, id string) (Staff, error) {
	if !by.readsPeople() && (by.Kind != StaffMember || by.ID != id) {
		return Staff{}, errNoStaff()
	}
	person, err := s.StaffByID(ctx, id)
	if err != nil {
		return Staff{}, err
	}
	away, err := s.awayNow(ctx, []string{id})
	person.AwayUntil = away[id]
	return person, err
}

// AddPerson adds a member of staff and makes a password that works once, which cannot be
// had again. The person is written to. Errors: role_required, invalid_fields with the
// pointers "/email", "/name" and "/roles", email_taken, member_address.
func (s *Service) AddPerson(ctx context.Context, by Principal, n NewStaff) (Staff, string, error) {
	if err := by.mayManage(); err != nil {
		return Staff{}, "", err
	}
	row, fields := s.newStaff(n)
	if err := problem.InvalidFields(fields); err != nil {
		return Staff{}, "", err
	}
	password, err := s.giveOneTime(ctx, &row)
	if err != nil {
		return Staff{}, "", err
	}
	err = s.insertStaff(ctx, by, &row, func(ctx context.Context, tx bun.IDB) error {
		if err := s.stillManages(ctx, by); err != nil {
			return err
		}
		return s.tellOfPassword(ctx, tx, row, "yes")
	})
	if err != nil {
		return Staff{}, "", err
	}
	return row.staff(), password, nil
}

// giveOneTime gives the row a password that works once.
func (s *Service) giveOneTime(ctx context.Context, row *staffRow) (string, error) {
	raw := make([]byte, 10)
	if _, err := io.ReadFull(s.options.Random, raw); err != nil {
		return "", fmt.Errorf("make up a password: %w", err)
	}
	letters := strings.ToLower(base32.StdEncoding.EncodeToString(raw)) // 80 bits, to be typed once
	password := strings.Join([]string{letters[:4], letters[4:8], letters[8:12], letters[12:]}, "-")
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return "", err
	}
	until := s.options.now().Add(oneTimeLife)
	row.PasswordHash, row.OneTimeUntil = hash, &until
	return password, nil
}

// tellOfPassword writes to somebody whose password was made by an administrator; never
// what it is.
func (s *Service) tellOfPassword(ctx context.Context, tx bun.IDB, row staffRow, added string) error {
	return s.options.Outbox.Enqueue(ctx, tx, notify.Message{
		Key: fmt.Sprintf("staff_password/%s/%d", row.ID, row.OneTimeUntil.UnixMicro()), Channel: notify.Email, To: row.Email,
		Template: "staff_password", Data: map[string]string{"added": added, "until": row.OneTimeUntil.Format(time.RFC3339)},
	})
}

// ResetPassword replaces somebody's password by one that works once, which cannot be had
// again, and ends their sessions. Errors: role_required, not_found, own_account.
func (s *Service) ResetPassword(ctx context.Context, by Principal, id string) (string, error) {
	if err := by.mayManage(); err != nil { // before the hash, which costs
		return "", err
	}
	var made staffRow
	password, err := s.giveOneTime(ctx, &made)
	if err != nil {
		return "", err
	}
	err = s.changeStaff(ctx, by, id, func(ctx context.Context, tx bun.IDB, row *staffRow) (ChangeKind, changeData, error) {
		row.PasswordHash, row.OneTimeUntil = made.PasswordHash, made.OneTimeUntil
		if err := s.EndSessionsOf(ctx, StaffMember, id); err != nil {
			return "", changeData{}, err
		}
		return ChangePassword, changeData{}, s.tellOfPassword(ctx, tx, *row, "")
	})
	return password, err
}

// SetRoles replaces somebody's roles; it counts from their next request on. Errors:
// role_required, not_found, own_account, last_admin, invalid_fields.
func (s *Service) SetRoles(ctx context.Context, by Principal, id string, roles []Role) error {
	if err := problem.InvalidFields(checkRoles(roles)); err != nil {
		return err
	}
	after := sortedRoles(roles)
	return s.changeStaff(ctx, by, id, func(ctx context.Context, _ bun.IDB, row *staffRow) (ChangeKind, changeData, error) {
		before := row.Roles.V
		if slices.Equal(before, after) {
			return "", changeData{}, nil
		}
		if !slices.Contains(after, Admin) {
			if err := s.wantOtherAdmin(ctx, row); err != nil {
				return "", changeData{}, err
			}
		}
		row.Roles = database.NewJSON(after)
		return ChangeRoles, changeData{Before: before, After: after}, nil
	})
}

// DisableStaff keeps somebody from signing in and ends their sessions. Errors:
// role_required, not_found, own_account, last_admin.
func (s *Service) DisableStaff(ctx context.Context, by Principal, id string) error {
	return s.changeStaff(ctx, by, id, func(ctx context.Context, _ bun.IDB, row *staffRow) (ChangeKind, changeData, error) {
		if row.DisabledAt != nil {
			return "", changeData{}, nil
		}
		if err := s.wantOtherAdmin(ctx, row); err != nil {
			return "", changeData{}, err
		}
		now := s.options.now()
		row.DisabledAt = &now
		return ChangeDisabled, changeData{}, s.EndSessionsOf(ctx, StaffMember, id)
	})
}

// EnableStaff undoes DisableStaff. Errors: role_required, not_found, own_account.
func (s *Service) EnableStaff(ctx context.Context, by Principal, id string) error {
	return s.changeStaff(ctx, by, id, func(_ context.Context, _ bun.IDB, row *staffRow) (ChangeKind, changeData, error) {
		if row.DisabledAt == nil {
			return "", changeData{}, nil
		}
		row.DisabledAt = nil
		return ChangeEnabled, changeData{}, nil
	})
}

// wantOtherAdmin refuses to take away the last administrator who can sign in.
func (s *Service) wantOtherAdmin(ctx context.Context, row *staffRow) error {
	if row.DisabledAt != nil || !slices.Contains(row.Roles.V, Admin) {
		return nil
	}
	admins, err := s.staffWith(ctx, Admin)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(admins, func(a Staff) bool { return a.ID != row.ID }) {
		return errLastAdmin()
	}
	return nil
}

// stillManages looks again whether an administrator is one, with the record locked: of
// two who disable each other, one is too late.
func (s *Service) stillManages(ctx context.Context, by Principal) error {
	if by.Kind == operator {
		return nil
	}
	admins, err := s.staffWith(ctx, Admin)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(admins, func(a Staff) bool { return a.ID == by.ID }) {
		return errRole()
	}
	return nil
}

// changeStaff changes one member of staff, and writes what the change says that it was
// into the record; nothing when it says nothing.
func (s *Service) changeStaff(ctx context.Context, by Principal, id string, change func(context.Context, bun.IDB, *staffRow) (ChangeKind, changeData, error)) error {
	if err := by.mayManage(); err != nil {
		return err
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		record, err := s.lockRecord(ctx, tx, by.ID)
		if err != nil {
			return err
		}
		if err := s.stillManages(ctx, by); err != nil {
			return err
		}
		// Locked, so that whoever signs in at this moment has done so before their sessions end.
		rows, err := s.findStaff(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return s.db.ForUpdate(q.Where("id = ?", id)) })
		switch {
		case err != nil:
			return err
		case len(rows) == 0:
			return errNoStaff()
		case by.Kind == StaffMember && by.ID == id:
			return errOwnAccount()
		}
		row := &rows[0]
		kind, data, err := change(ctx, tx, row)
		if err != nil || kind == "" {
			return err
		}
		row.UpdatedAt = s.options.now()
		if _, err := tx.NewUpdate().Model(row).WherePK().Exec(ctx); err != nil {
			return err
		}
		return record.add(ctx, id, kind, data)
	})
	if err != nil {
		return fmt.Errorf("change a staff member: %w", err)
	}
	return nil
}

// StaffByEmail finds a member of staff by the address. Error: not_found.
func (s *Service) StaffByEmail(ctx context.Context, email string) (Staff, error) {
	_, key, valid := notify.ParseEmail(email)
	if !valid {
		return Staff{}, errNoStaff()
	}
	rows, err := s.findStaff(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("email_key = ?", key) })
	if err != nil {
		return Staff{}, err
	}
	if len(rows) == 0 {
		return Staff{}, errNoStaff()
	}
	return rows[0].staff(), nil
}
