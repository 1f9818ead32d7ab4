package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
)

// Kind is what sort of visitor a session belongs to.
type Kind string

// The kinds.
const (
	Anonymous   Kind = "anonymous"
	Customer    Kind = "customer"
	Partner     Kind = "partner"
	StaffMember Kind = "staff"
	// Program is a program with an API key.
	Program Kind = "program"
	// OrganisationMember is a member of a reseller's or partner's organisation.
	OrganisationMember Kind = "organisation"
)

// operator is whoever has the command line: no session is of this kind.
const operator Kind = "operator"

// Operator is whoever has the command line.
func Operator() Principal { return Principal{Kind: operator} }

// Principal is who makes a request.
type Principal struct {
	Kind Kind
	// ID is a staff member's id, a customer's case id, a partner's invitation id, the id of
	// an organisation's member, or an API key's id.
	ID        string
	SessionID string
	// Roles are set for staff, and for programs by their scopes; Email for staff.
	Roles []Role
	Email string
	// Scopes are set for programs.
	Scopes []Scope
	// Expires is when the session ends at the latest.
	Expires time.Time
}

// Has reports whether the principal is staff with one of the roles.
func (p Principal) Has(roles ...Role) bool {
	return p.Kind == StaffMember && slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(p.Roles, r) })
}

// SessionRules say how long sessions last. Zero fields have the defaults.
type SessionRules struct {
	// Staff, Customer and Partner are the longest lives: 12 h, 2 h and 1 h.
	Staff, Customer, Partner time.Duration
	// StaffIdle ends a staff session without requests; 30 min.
	StaffIdle time.Duration
	// Organisation is the longest life of a member's session, and OrganisationIdle ends
	// one without requests: 8 h and 1 h.
	Organisation, OrganisationIdle time.Duration
}

func (r SessionRules) withDefaults() SessionRules {
	setDefault(&r.Staff, 12*time.Hour)
	setDefault(&r.Customer, 2*time.Hour)
	setDefault(&r.Partner, time.Hour)
	setDefault(&r.StaffIdle, 30*time.Minute)
	setDefault(&r.Organisation, 8*time.Hour)
	setDefault(&r.OrganisationIdle, time.Hour)
	return r
}

func setDefault[N int | time.Duration](value *N, otherwise N) {
	if *value <= 0 {
		*value = otherwise
	}
}

// life is the longest life and the idle limit (0: none) of a kind.
func (r SessionRules) life(kind Kind) (ttl, idle time.Duration, ok bool) {
	switch kind {
	case StaffMember:
		return r.Staff, r.StaffIdle, true
	case Customer:
		return r.Customer, 0, true
	case Partner:
		return r.Partner, 0, true
	case OrganisationMember:
		return r.Organisation, r.OrganisationIdle, true
	default:
		return 0, 0, false
	}
}

const (
	// tokenPrefix lets secret scanners and people recognise a token.
	tokenPrefix = "rgn_"
	tokenBytes  = 32
	// seenEvery is how exactly the last request of a session is known.
	seenEvery = time.Minute
)

// Sessions opens, checks and ends sessions. It is safe for concurrent use.
type Sessions struct {
	db      *database.DB
	options *Options
}

// sessionRow is a session; the token itself is never stored.
type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:sessions"`

	ID         string `bun:",pk"`
	TokenHash  string
	Kind       Kind
	Subject    string
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time
	Idle       int64 // microseconds
}

// OpenSession begins a session for a subject (see Principal.ID) and returns its
// token, which cannot be had again. A ttl of zero means the kind's longest life,
// and a longer one is shortened to that.
func (s *Sessions) OpenSession(ctx context.Context, kind Kind, subject string, ttl time.Duration) (string, error) {
	token, _, err := s.OpenSessionUntil(ctx, kind, subject, ttl)
	return token, err
}

// OpenSessionUntil is OpenSession that says when the session ends at the latest.
func (s *Sessions) OpenSessionUntil(ctx context.Context, kind Kind, subject string, ttl time.Duration) (token string, expires time.Time, err error) {
	longest, idle, ok := s.options.Sessions.life(kind)
	if !ok || subject == "" {
		return "", time.Time{}, fmt.Errorf("no session for a subject of kind %q", kind)
	}
	if ttl <= 0 || ttl > longest {
		ttl = longest
	}
	if token, err = newToken(s.options.Random, tokenPrefix); err != nil {
		return "", time.Time{}, err
	}
	now := s.options.now()
	row := sessionRow{
		ID: s.options.IDs(), TokenHash: hashToken(token), Kind: kind, Subject: subject,
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(ttl).Truncate(time.Microsecond), Idle: idle.Microseconds(),
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		return database.Add(ctx, s.db, tx, &row)
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("open a session: %w", err)
	}
	return token, row.ExpiresAt.UTC(), nil
}

func newToken(random io.Reader, prefix string) (string, error) {
	raw := make([]byte, tokenBytes)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	return prefix + base64.RawURLEncoding.EncodeToString(raw), nil
}

// hashToken needs no salt and no slowness: a token has 256 random bits.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// wellFormed spares the database what cannot be a token.
func wellFormed(token, prefix string) bool {
	encoded, ok := strings.CutPrefix(token, prefix)
	if !ok || len(encoded) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return false
	}
	_, err := base64.RawURLEncoding.DecodeString(encoded)
	return err == nil
}

// sessionView is a session with what is needed of its staff member.
type sessionView struct {
	sessionRow `bun:",extend"`

	StaffEmail    *string
	StaffRoles    database.JSON[[]Role]
	StaffDisabled *time.Time
}

// sessionByToken is what every call with a session begins with.
const sessionByToken = "(SELECT sessions.id, sessions.token_hash, sessions.kind, sessions.subject, sessions.created_at, " +
	"sessions.last_seen_at, sessions.expires_at, sessions.idle, " +
	"staff.email AS staff_email, staff.roles AS staff_roles, staff.disabled_at AS staff_disabled " +
	"FROM sessions LEFT JOIN staff ON sessions.kind = 'staff' AND staff.id = sessions.subject WHERE sessions.token_hash = ?)"

// Authenticate says whose token it is, in one query. A token that is unknown,
// ended, expired, idle for too long or of a disabled staff member is the problem
// unauthenticated, with nothing to tell these apart; so is that of an API key which
// is over.
func (s *Sessions) Authenticate(ctx context.Context, token string) (Principal, error) {
	if wellFormed(token, keyPrefix) {
		return s.authenticateKey(ctx, token)
	}
	if !wellFormed(token, tokenPrefix) {
		return Principal{}, errUnauthenticated()
	}
	var found []*sessionView
	err := s.db.ReadTogether(ctx, s.db.From(ctx), database.ListOf(&found, "TRUE", hashToken(token)).From(sessionByToken))
	if err != nil {
		return Principal{}, fmt.Errorf("look a session up: %w", err)
	}
	now := s.options.now()
	if len(found) == 0 || !found[0].liveAt(now) {
		return Principal{}, errUnauthenticated()
	}
	view := found[0]
	s.seen(ctx, view.sessionRow, now)
	p := Principal{Kind: view.Kind, ID: view.Subject, SessionID: view.ID, Expires: view.ExpiresAt.UTC()}
	if view.Kind == StaffMember {
		p.Roles, p.Email = view.StaffRoles.V, *view.StaffEmail
	}
	return p, nil
}

func errUnauthenticated() error {
	return problem.New(problem.Unauthenticated, "unauthenticated", "Please sign in, or enter again.")
}

func (v sessionView) liveAt(now time.Time) bool {
	idle := time.Duration(v.Idle) * time.Microsecond
	switch {
	case !now.Before(v.ExpiresAt) || v.Kind == Handover:
		return false
	case idle > 0 && !now.Before(v.LastSeenAt.Add(idle)):
		return false
	case v.Kind == StaffMember:
		return v.StaffEmail != nil && v.StaffDisabled == nil
	}
	return true
}

// seen remembers the request, at most once a minute. A failure is no reason to
// turn the visitor away.
func (s *Sessions) seen(ctx context.Context, row sessionRow, now time.Time) {
	if row.Idle == 0 || now.Sub(row.LastSeenAt) < seenEvery {
		return
	}
	_, err := s.db.From(ctx).NewUpdate().Model((*sessionRow)(nil)).Set("last_seen_at = ?", now).
		Where("id = ?", row.ID).Where("last_seen_at < ?", now).Exec(ctx)
	if err != nil {
		s.options.Logger.WarnContext(ctx, "session: last request not recorded", "session", row.ID, "error", err)
	}
}

// EndSession ends one session, by the id in its Principal. Ending what is over
// already is no error.
func (s *Sessions) EndSession(ctx context.Context, sessionID string) error {
	return s.end(ctx, func(q *bun.DeleteQuery) *bun.DeleteQuery { return q.Where("id = ?", sessionID) })
}

// EndSessionsOf ends every session of a subject.
func (s *Sessions) EndSessionsOf(ctx context.Context, kind Kind, subject string) error {
	return s.end(ctx, func(q *bun.DeleteQuery) *bun.DeleteQuery {
		return q.Where("kind = ?", kind).Where("subject = ?", subject)
	})
}

func (s *Sessions) end(ctx context.Context, which func(*bun.DeleteQuery) *bun.DeleteQuery) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		_, err := which(tx.NewDelete().Model((*sessionRow)(nil))).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}
