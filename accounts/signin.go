package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

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
func (s *Service) SignIn(ctx context.Context, email, password, ip string) (string, Staff, error) {
	_, key, valid := notify.ParseEmail(email)
	if !valid {
		key = "invalid" // no address has this key
	}
	if err := s.Take(ctx, s.signInLimits(key, ip)...); err != nil {
		return "", Staff{}, err
	}
	rows, err := s.findStaff(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("email_key = ?", key) })
	if err != nil {
		return "", Staff{}, err
	}
	var row staffRow
	if len(rows) > 0 && rows[0].DisabledAt == nil {
		row = rows[0]
	}
	right, err := s.passwords.matches(ctx, password, row.PasswordHash)
	if err != nil {
		return "", Staff{}, err
	}
	if !right {
		return "", Staff{}, problem.New(problem.Unauthenticated, "sign_in_failed", "The e-mail address or the password is not right.")
	}
	token, err := s.OpenSession(ctx, StaffMember, row.ID, 0)
	if err != nil {
		return "", Staff{}, err
	}
	return token, row.staff(), nil
}

func (s *Service) signInLimits(key, ip string) []Limit {
	rules, prefix := s.options.SignIn, IPPrefix(ip)
	return []Limit{
		{Name: "sign_in_email_ip", Key: key + "\x00" + prefix, N: rules.PerEmailAndIP, Per: 15 * time.Minute},
		{Name: "sign_in_email", Key: key, N: rules.PerEmail, Per: time.Hour},
		{Name: "sign_in_ip", Key: prefix, N: rules.PerIP, Per: 15 * time.Minute},
	}
}

// Purge deletes what is over: sessions, codes and windows of limits. Call it every
// few minutes, from any number of processes.
func (s *Service) Purge(ctx context.Context) error {
	now := s.options.now()
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
