package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/text/unicode/norm"

	"regain/notify"
	"regain/problem"
)

// SignInRules say how often passwords may be tried. Zero fields have the defaults.
// Successful attempts count too, so that the counts tell nothing.
type SignInRules struct {
	// PerEmailAndIP bounds attempts for one address from one IP prefix in 15
	// minutes; 10.
	PerEmailAndIP int
	// PerEmail bounds attempts for one address from anywhere in an hour; 100. It is
	// wide, so that a stranger cannot easily lock a staff member out.
	PerEmail int
	// PerIP bounds attempts from one IP prefix in 15 minutes; 50.
	PerIP int
}

func (r SignInRules) withDefaults() SignInRules {
	setDefault(&r.PerEmailAndIP, 10)
	setDefault(&r.PerEmail, 100)
	setDefault(&r.PerIP, 50)
	return r
}

// SignIn checks a staff member's password and opens a session. An unknown
// address, a wrong password and a disabled staff member get the same answer,
// sign_in_failed, for the same work. It does not tell whether limits were used up
// by the address's owner or by others (too_many_requests).
//
// The right password of somebody who has to choose an own one first is
// own_password_needed: see ChoosePassword.
func (s *Service) SignIn(ctx context.Context, email, password, ip string) (string, Staff, error) {
	row, err := s.checkPassword(ctx, email, password, ip)
	if err != nil {
		return "", Staff{}, err
	}
	if row.OneTimeUntil != nil {
		return "", Staff{}, problem.New(problem.Conflict, "own_password_needed", "This password works once. Choose your own password with it.")
	}
	token, err := s.openIfStill(ctx, row)
	if err != nil {
		return "", Staff{}, err
	}
	return token, row.staff(), nil
}

// openIfStill opens a session if the password that was checked still is the person's, who
// still may sign in: hashing takes a while, and whoever replaced the password meanwhile has
// ended all sessions but this one.
func (s *Service) openIfStill(ctx context.Context, checked staffRow) (token string, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		found := []string{}
		still := tx.NewSelect().Model((*staffRow)(nil)).Column("id").
			Where("id = ?", checked.ID).Where("password_hash = ?", checked.PasswordHash).Where("disabled_at IS NULL")
		if err := s.db.ForShare(still).Scan(ctx, &found); err != nil {
			return fmt.Errorf("look at the password again: %w", err)
		}
		if len(found) == 0 {
			return errSignIn()
		}
		token, err = s.OpenSession(ctx, StaffMember, checked.ID, 0)
		return err
	})
	return token, err
}

// ChoosePassword replaces a staff member's password, which may be one that works once, by
// one that its owner chose, ends their sessions and opens a new one. Errors: those of
// SignIn but own_password_needed, and invalid_fields with the pointer "/new_password".
func (s *Service) ChoosePassword(ctx context.Context, email, password, chosen, ip string) (string, Staff, error) {
	row, err := s.checkPassword(ctx, email, password, ip)
	if err != nil {
		return "", Staff{}, err
	}
	fields := CheckPassword(chosen, row.Email, MinStaffPassword)
	if len(fields) == 0 && norm.NFKC.String(chosen) == norm.NFKC.String(password) {
		fields = []problem.Field{{Code: "not_new", Message: "Use another one than until now."}}
	}
	for i := range fields {
		fields[i].Pointer = "/new_password"
	}
	if err := problem.InvalidFields(fields); err != nil {
		return "", Staff{}, err
	}
	hash, err := s.passwords.hash(ctx, chosen)
	if err != nil {
		return "", Staff{}, err
	}
	token := ""
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		record, err := s.lockRecord(ctx, tx, row.ID)
		if err != nil {
			return err
		}
		// Of two who use one password at once, one comes too late.
		done, err := tx.NewUpdate().Model((*staffRow)(nil)).Set("password_hash = ?", hash).Set("one_time_until = NULL").Set("updated_at = ?", s.options.now()).
			Where("id = ?", row.ID).Where("password_hash = ?", row.PasswordHash).Where("disabled_at IS NULL").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errSignIn())
		}
		if err := s.EndSessionsOf(ctx, StaffMember, row.ID); err != nil {
			return err
		}
		if token, err = s.OpenSession(ctx, StaffMember, row.ID, 0); err != nil {
			return err
		}
		return record.add(ctx, row.ID, ChangeOwnPassword, changeData{})
	})
	if err != nil {
		return "", Staff{}, fmt.Errorf("choose a password: %w", err)
	}
	row.OneTimeUntil = nil
	return token, row.staff(), nil
}

// checkPassword finds whose address and password these are.
func (s *Service) checkPassword(ctx context.Context, email, password, ip string) (staffRow, error) {
	_, key, valid := notify.ParseEmail(email)
	if !valid {
		key = "invalid" // no address has this key
	}
	if err := s.Take(ctx, s.signInLimits(key, ip)...); err != nil {
		return staffRow{}, err
	}
	rows, err := s.findStaff(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("email_key = ?", key) })
	if err != nil {
		return staffRow{}, err
	}
	var row staffRow
	if len(rows) > 0 && rows[0].DisabledAt == nil && !rows[0].lapsed(s.options.now()) {
		row = rows[0]
	}
	right, err := s.passwords.matches(ctx, password, row.PasswordHash)
	if err != nil {
		return staffRow{}, err
	}
	if !right {
		return staffRow{}, errSignIn()
	}
	return row, nil
}

// lapsed says that the password works once and that its time is over.
func (r staffRow) lapsed(now time.Time) bool {
	return r.OneTimeUntil != nil && !now.Before(*r.OneTimeUntil)
}

func errSignIn() error {
	return problem.New(problem.Unauthenticated, "sign_in_failed", "The e-mail address or the password is not right.")
}

func (s *Service) signInLimits(key, ip string) []Limit {
	rules, prefix := s.options.SignIn, IPPrefix(ip)
	return []Limit{
		{Name: "sign_in_email_ip", Key: key + "\x00" + prefix, N: rules.PerEmailAndIP, Per: 15 * time.Minute},
		{Name: "sign_in_email", Key: key, N: rules.PerEmail, Per: time.Hour},
		{Name: "sign_in_ip", Key: prefix, N: rules.PerIP, Per: 15 * time.Minute},
	}
}

// Purge deletes what is over: sessions, codes, windows of limits and absences of long
// ago. Call it every few minutes, from any number of processes.
func (s *Service) Purge(ctx context.Context) error {
	now := s.options.now()
	if err := s.forgetAbsences(ctx); err != nil {
		return err
	}
	for _, old := range []struct {
		model any
		where string
	}{
		{(*sessionRow)(nil), "expires_at <= ?"},
		{(*codeRow)(nil), "expires_at <= ?"},
		{(*limitRow)(nil), "ends_at <= ?"},
	} {
		if _, err := s.db.From(ctx).NewDelete().Model(old.model).Where(old.where, now).Exec(ctx); err != nil {
			return fmt.Errorf("purge sessions, codes and limits: %w", err)
		}
	}
	return nil
}
