package cases

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
	"regain/rules"
)

// storedPolicy is a policy as it was when it was loaded, with its translations.
type storedPolicy struct {
	bun.BaseModel `bun:"table:policies,alias:p"`

	Hash     string                      `bun:"hash,pk"`
	Policy   string                      `bun:"policy"`
	Edition  string                      `bun:"edition"`
	Bundle   database.JSON[rules.Bundle] `bun:"bundle"`
	StoredAt time.Time                   `bun:"stored_at"`
}

// Policies keeps every policy that was ever loaded, by content hash, so that a
// case is finished under the rules that it was filed under.
type Policies struct {
	db    *database.DB
	clock func() time.Time

	mu      sync.RWMutex
	current map[string]*rules.Policy // by policy id
	order   []string                 // ids in the order of registration
	byHash  map[string]*rules.Policy
}

// NewPolicies makes an empty collection over the database.
func NewPolicies(db *database.DB, clock func() time.Time) *Policies {
	return &Policies{db: db, clock: clock, current: map[string]*rules.Policy{}, byHash: map[string]*rules.Policy{}}
}

// Register stores the policy if its content is new, and makes it the one that
// new cases with its id are filed under. Stored first, usable after: a case
// never refers to a policy that a restart can't find.
func (ps *Policies) Register(ctx context.Context, p *rules.Policy) error {
	row := &storedPolicy{
		Hash: p.Hash(), Policy: p.ID(), Edition: p.Edition(),
		Bundle: database.JSON[rules.Bundle]{V: p.Bundle()}, StoredAt: ps.clock().UTC().Truncate(time.Microsecond),
	}
	if _, err := ps.db.NewInsert().Model(row).On("CONFLICT (hash) DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("store policy %s: %w", p.ID(), err)
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if _, known := ps.current[p.ID()]; !known {
		ps.order = append(ps.order, p.ID())
	}
	ps.current[p.ID()] = p
	ps.byHash[p.Hash()] = p
	return nil
}

// Current returns the policy with the id that new cases are filed under; the
// first one registered when id is empty. Error: policy_not_found.
func (ps *Policies) Current(id string) (*rules.Policy, error) {
	ps.mu.RLock()
	defer ps.mu.RUnlock()
	if id == "" && len(ps.order) > 0 {
		id = ps.order[0]
	}
	if p, ok := ps.current[id]; ok {
		return p, nil
	}
	return nil, problem.Newf(problem.NotFound, "policy_not_found", "There is no policy with this id.")
}

// All returns the current policies in the order of their registration.
func (ps *Policies) All() []*rules.Policy {
	ps.mu.RLock()
	defer ps.mu.RUnlock()
	out := make([]*rules.Policy, len(ps.order))
	for i, id := range ps.order {
		out[i] = ps.current[id]
	}
	return out
}

// Pinned returns the policy with the content hash, from memory or, once after a
// restart, from the database.
func (ps *Policies) Pinned(ctx context.Context, hash string) (*rules.Policy, error) {
	ps.mu.RLock()
	p, ok := ps.byHash[hash]
	ps.mu.RUnlock()
	if ok {
		return p, nil
	}
	row := new(storedPolicy)
	err := ps.db.From(ctx).NewSelect().Model(row).Where("p.hash = ?", hash).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("policy %.12s is not in the database", hash)
	}
	if err != nil {
		return nil, fmt.Errorf("read policy %.12s: %w", hash, err)
	}
	p, err = rules.Compile(row.Bundle.V)
	if err != nil {
		return nil, fmt.Errorf("compile stored policy %.12s: %w", hash, err)
	}
	if p.Hash() != hash {
		return nil, fmt.Errorf("stored policy %.12s has the content hash %.12s", hash, p.Hash())
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.byHash[hash] = p
	return p, nil
}
