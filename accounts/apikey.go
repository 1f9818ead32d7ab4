package accounts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
)

// Scope is what an API key may do. Which routes it opens is in the table of routes.
type Scope string

// The scopes.
const (
	// ScopeRead reads cases: their state, items, messages, notes and events.
	ScopeRead Scope = "cases:read"
	// ScopeDocuments reads what was uploaded, such as identity documents.
	ScopeDocuments Scope = "documents:read"
	// ScopeReview works on cases as a reviewer does, but for the decisions that are
	// people's alone.
	ScopeReview Scope = "cases:review"
	// ScopeExport reads figures and verifies records.
	ScopeExport Scope = "export"
	// ScopePolicies reads and changes policies.
	ScopePolicies Scope = "policies"
	// ScopeWebhooks manages webhooks and sends events again.
	ScopeWebhooks Scope = "webhooks"
)

// Scopes lists all scopes.
func Scopes() []Scope {
	return []Scope{ScopeRead, ScopeDocuments, ScopeReview, ScopeExport, ScopePolicies, ScopeWebhooks}
}

// roles are those that rooms below the routes judge a program by. Which of their
// routes it may call at all is the scope's matter.
func (s Scope) roles() []Role {
	switch s {
	case ScopeRead, ScopeDocuments, ScopeExport:
		return []Role{Auditor}
	case ScopeReview:
		return []Role{Auditor, Reviewer}
	case ScopePolicies:
		return []Role{PolicyAuthor}
	}
	return nil
}

// How long keys last, in days.
const (
	DefaultKeyDays = 365
	MaxKeyDays     = 730
)

const (
	keyPrefix = "rgk_"
	// keyIDPrefix marks the ids of programs among those of staff.
	keyIDPrefix = "key_"
	hintLength  = 4
)

// IsAPIKey reports whether a token has the form of an API key's.
func IsAPIKey(token string) bool { return strings.HasPrefix(token, keyPrefix) }

// APIKey is a key by which a program calls, without the token that is its secret.
type APIKey struct {
	ID   string
	Name string
	// Hint is the end of the token, to know it by.
	Hint   string
	Scopes []Scope
	// CreatedBy is a staff member's id; empty when it was made on the command line.
	CreatedBy string
	CreatedAt time.Time
	ExpiresAt time.Time
	// LastUsedAt is exact to a minute; nil when it was never used.
	LastUsedAt *time.Time
	RevokedAt  *time.Time
	RevokedBy  string
}

// Active reports whether the key opens anything at the time.
func (k APIKey) Active(now time.Time) bool { return k.RevokedAt == nil && now.Before(k.ExpiresAt) }

// NewAPIKey describes a key to make.
type NewAPIKey struct {
	Name   string
	Scopes []Scope
	// Days is how long it lasts; 0 is DefaultKeyDays.
	Days int
	// By is the admin who makes it; empty on the command line.
	By string
}

// apiKeyRow is a key in the database.
type apiKeyRow struct {
	bun.BaseModel `bun:"table:api_keys,alias:api_keys"`

	ID         string `bun:",pk"`
	Name       string
	TokenHash  string
	Hint       string
	Scopes     database.JSON[[]Scope]
	CreatedBy  string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	LastUsedAt *time.Time
	RevokedAt  *time.Time
	RevokedBy  string
}

func (r apiKeyRow) key() APIKey {
	return APIKey{
		ID: r.ID, Name: r.Name, Hint: r.Hint, Scopes: r.Scopes.V, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt.UTC(),
		ExpiresAt: r.ExpiresAt.UTC(), LastUsedAt: r.LastUsedAt, RevokedAt: r.RevokedAt, RevokedBy: r.RevokedBy,
	}
}

// CreateAPIKey makes a key and returns it with its token, which cannot be had again.
// Bad input is invalid_fields with pointers "/name", "/scopes", "/days".
func (s *Service) CreateAPIKey(ctx context.Context, n NewAPIKey) (APIKey, string, error) {
	name, fields := checkName(n.Name)
	fields = append(fields, checkScopes(n.Scopes)...)
	if n.Days == 0 {
		n.Days = DefaultKeyDays
	}
	if n.Days < 1 || n.Days > MaxKeyDays {
		fields = append(fields, problem.Field{Pointer: "/days", Code: "out_of_range", Message: fmt.Sprintf("Give 1 to %d days.", MaxKeyDays)})
	}
	if err := problem.InvalidFields(fields); err != nil {
		return APIKey{}, "", err
	}
	token, err := newToken(s.options.Random, keyPrefix)
	if err != nil {
		return APIKey{}, "", err
	}
	now := s.options.now()
	row := apiKeyRow{
		ID: keyIDPrefix + s.options.IDs(), Name: name, TokenHash: hashToken(token), Hint: token[len(token)-hintLength:],
		Scopes: database.NewJSON(sortedScopes(n.Scopes)), CreatedBy: n.By, CreatedAt: now, ExpiresAt: now.AddDate(0, 0, n.Days),
	}
	err = s.recorded(ctx, n.By, func(ctx context.Context, tx bun.IDB) (Act, error) {
		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		return Act{Kind: KeyMade, Subject: row.ID, Is: scopeNames(row.Scopes.V)}, err
	})
	if err != nil {
		return APIKey{}, "", fmt.Errorf("create an API key: %w", err)
	}
	s.options.Logger.InfoContext(ctx, "API key made", "key", row.ID, "by", n.By)
	return row.key(), token, nil
}

func checkScopes(scopes []Scope) []problem.Field {
	if len(scopes) == 0 {
		return []problem.Field{{Pointer: "/scopes", Code: "required", Message: "Give at least one scope."}}
	}
	var fields []problem.Field
	for i, scope := range scopes {
		if !slices.Contains(Scopes(), scope) {
			fields = append(fields, problem.Field{Pointer: fmt.Sprintf("/scopes/%d", i), Code: "not_a_choice", Message: "There is no such scope."})
		}
	}
	return fields
}

// sortedScopes has each scope once, in the order of Scopes.
func sortedScopes(scopes []Scope) []Scope {
	return slices.DeleteFunc(Scopes(), func(s Scope) bool { return !slices.Contains(scopes, s) })
}

func scopeNames(scopes []Scope) []string {
	names := make([]string, len(scopes))
	for n, scope := range scopes {
		names[n] = string(scope)
	}
	return names
}

// APIKeys lists all keys, newest first, with those that are over.
func (s *Service) APIKeys(ctx context.Context, page database.Page) ([]APIKey, string, error) {
	var rows []apiKeyRow
	if err := page.Descending(s.db.From(ctx).NewSelect().Model(&rows), "created_at", "id").Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list API keys: %w", err)
	}
	rows, next, err := database.Next(page, rows, func(r apiKeyRow) (any, string) { return r.CreatedAt, r.ID })
	keys := make([]APIKey, len(rows))
	for i, r := range rows {
		keys[i] = r.key()
	}
	return keys, next, err
}

// RevokeAPIKey ends a key for good, at once. Ending what is over already is no
// error. By is the admin who does it. Error: api_key_not_found.
func (s *Service) RevokeAPIKey(ctx context.Context, id, by string) error {
	err := s.recorded(ctx, by, func(ctx context.Context, tx bun.IDB) (Act, error) {
		var rows []apiKeyRow
		if err := tx.NewSelect().Model(&rows).Column("id", "revoked_at").Where("id = ?", id).Scan(ctx); err != nil {
			return Act{}, err
		}
		if len(rows) == 0 {
			return Act{}, problem.New(problem.NotFound, "api_key_not_found", "There is no such API key.")
		}
		if rows[0].RevokedAt != nil {
			return Act{}, nil
		}
		_, err := tx.NewUpdate().Model((*apiKeyRow)(nil)).Set("revoked_by = ?", by).Set("revoked_at = ?", s.options.now()).Where("id = ?", id).Exec(ctx)
		return Act{Kind: KeyRevoked, Subject: id}, err
	})
	if err != nil {
		return fmt.Errorf("revoke an API key: %w", err)
	}
	s.options.Logger.InfoContext(ctx, "API key revoked", "key", id, "by", by)
	return nil
}

// authenticateKey says which program's token it is, in one query.
func (s *Sessions) authenticateKey(ctx context.Context, token string) (Principal, error) {
	var rows []apiKeyRow
	err := s.db.From(ctx).NewSelect().Model(&rows).Where("token_hash = ?", hashToken(token)).Scan(ctx)
	if err != nil {
		return Principal{}, fmt.Errorf("look an API key up: %w", err)
	}
	now := s.options.now()
	if len(rows) == 0 || !rows[0].key().Active(now) {
		return Principal{}, errUnauthenticated()
	}
	key := rows[0].key()
	s.usedKey(ctx, key, now)
	p := Principal{Kind: Program, ID: key.ID, Scopes: key.Scopes, Expires: key.ExpiresAt}
	for _, scope := range key.Scopes {
		p.Roles = append(p.Roles, scope.roles()...)
	}
	p.Roles = sortedRoles(p.Roles)
	return p, nil
}

// usedKey remembers the call, at most once a minute. A failure is no reason to
// refuse it.
func (s *Sessions) usedKey(ctx context.Context, key APIKey, now time.Time) {
	if key.LastUsedAt != nil && now.Sub(*key.LastUsedAt) < seenEvery {
		return
	}
	_, err := s.db.From(ctx).NewUpdate().Model((*apiKeyRow)(nil)).Set("last_used_at = ?", now).
		Where("id = ?", key.ID).Where("last_used_at IS NULL OR last_used_at < ?", now).Exec(ctx)
	if err != nil {
		s.options.Logger.WarnContext(ctx, "API key: last use not recorded", "key", key.ID, "error", err)
	}
}

// keyNames adds the names of programs among the ids.
func (s *Service) keyNames(ctx context.Context, ids []string, names map[string]string) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !strings.HasPrefix(id, keyIDPrefix) })
	if len(ids) == 0 {
		return nil
	}
	var rows []apiKeyRow
	err := s.db.From(ctx).NewSelect().Model(&rows).Column("id", "name").Where("id IN (?)", bun.List(ids)).Scan(ctx)
	if err != nil {
		return fmt.Errorf("find the names of API keys: %w", err)
	}
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	return nil
}

// endedKeys adds the programs with the ids whose keys open nothing any more.
func (s *Service) endedKeys(ctx context.Context, ids []string, away map[string]string) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !strings.HasPrefix(id, keyIDPrefix) })
	if len(ids) == 0 {
		return nil
	}
	var rows []apiKeyRow
	err := s.db.From(ctx).NewSelect().Model(&rows).Column("id").Where("id IN (?)", bun.List(ids)).
		Where("(revoked_at IS NOT NULL OR expires_at <= ?)", s.options.now()).Scan(ctx)
	if err != nil {
		return fmt.Errorf("look which API keys are over: %w", err)
	}
	for _, r := range rows {
		away[r.ID] = AwayLeft
	}
	return nil
}
