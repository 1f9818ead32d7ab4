package cases

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
)

const (
	// mostSaved bounds the views that one person keeps.
	mostSaved = 50
	// searchLasts is how long a search without a name is kept: a working day.
	searchLasts = 12 * time.Hour
)

// SavedQuery is a part of the queue, without a place in it.
type SavedQuery struct {
	View   View        `json:"view"`
	Order  QueueOrder  `json:"order,omitempty"`
	Filter QueueFilter `json:"filter"`
}

// query asks for the part's beginning.
func (q SavedQuery) query() QueueQuery {
	return QueueQuery{View: q.View, Order: q.Order, Filter: q.Filter}
}

// SavedView is a part of the queue that somebody keeps.
type SavedView struct {
	bun.BaseModel `bun:"table:saved_views,alias:sv"`

	ID      string `bun:"id,pk"`
	StaffID string `bun:"staff_id"`
	// Name is empty for a search that is under way.
	Name string `bun:"name"`
	// Shared views are everybody's to read.
	Shared    bool                      `bun:"shared"`
	Query     database.JSON[SavedQuery] `bun:"query"`
	CreatedAt time.Time                 `bun:"created_at"`
	ExpiresAt *time.Time                `bun:"expires_at"`
}

// NewView is a view to keep.
type NewView struct {
	Name   string
	Shared bool
	Query  SavedQuery
}

// SaveView keeps a part of the queue under a name. Of the same name one is kept, the
// latest. Sharing takes a lead. Errors: role_required, invalid_fields, too_many_views.
func (s *Service) SaveView(ctx context.Context, actor Actor, in NewView) (*SavedView, error) {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return nil, errQueueRole()
	}
	in.Name = strings.TrimSpace(in.Name)
	var bad []problem.Field
	if f := problem.CheckText("/name", in.Name, 1, 60, problem.OneLine); f != nil {
		bad = append(bad, *f)
	}
	if err := in.Query.query().check(); err != nil {
		p, _ := problem.As(err)
		bad = append(bad, p.Fields...)
	}
	if err := problem.InvalidFields(bad); err != nil {
		return nil, err
	}
	if in.Shared && !actor.Has(RoleLead) {
		return nil, problem.New(problem.Forbidden, "role_required", "Views are shared by leads.")
	}
	v := &SavedView{ID: s.opt.IDs(), StaffID: actor.ID, Name: in.Name, Shared: in.Shared, CreatedAt: s.now()}
	v.Query.V = in.Query
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		if err := s.db.Alone(ctx, tx, "views/"+actor.ID); err != nil {
			return err
		}
		return v.keep(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

func (v *SavedView) keep(ctx context.Context, tx bun.IDB) error {
	if _, err := tx.NewDelete().Model(v).Where("staff_id = ?", v.StaffID).Where("name = ?", v.Name).Exec(ctx); err != nil {
		return fmt.Errorf("replace a view: %w", err)
	}
	n, err := tx.NewSelect().Model((*SavedView)(nil)).Where("sv.staff_id = ?", v.StaffID).Where("sv.name <> ''").Count(ctx)
	if err != nil {
		return fmt.Errorf("count views: %w", err)
	}
	if n >= mostSaved {
		return problem.Newf(problem.Conflict, "too_many_views", "You keep %d views already, which is as many as there can be. Remove one first.", mostSaved)
	}
	if _, err := tx.NewInsert().Model(v).Exec(ctx); err != nil {
		return fmt.Errorf("save a view: %w", err)
	}
	return nil
}

// SavedViews are the actor's own and the shared ones, by name.
func (s *Service) SavedViews(ctx context.Context, actor Actor) ([]*SavedView, error) {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return nil, errQueueRole()
	}
	out := []*SavedView{}
	err := s.db.From(ctx).NewSelect().Model(&out).Where("sv.name <> ''").
		WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("sv.staff_id = ?", actor.ID).WhereOr("sv.shared = ?", true)
		}).Order("sv.name", "sv.id").Limit(200).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read views: %w", err)
	}
	return out, nil
}

// errNoView is the one answer for a view that is not there, is over, or is another's.
func errNoView() error {
	return problem.New(problem.NotFound, "view_not_found", "There is no such view, or it is not yours, or your search is over.")
}

// SavedView is one of the actor's own or a shared one. Error: view_not_found.
func (s *Service) SavedView(ctx context.Context, actor Actor, id string) (*SavedView, error) {
	v := new(SavedView)
	err := s.db.From(ctx).NewSelect().Model(v).Where("sv.id = ?", id).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read a view: %w", err)
	}
	over := v.ExpiresAt != nil && !s.now().Before(*v.ExpiresAt)
	if err != nil || over || v.StaffID != actor.ID && !v.Shared {
		return nil, errNoView()
	}
	return v, nil
}

// RemoveView ends one of the actor's own views, or, as a lead, a shared one. Error:
// view_not_found.
func (s *Service) RemoveView(ctx context.Context, actor Actor, id string) error {
	v, err := s.SavedView(ctx, actor, id)
	if err != nil {
		return err
	}
	if v.StaffID != actor.ID && !actor.Has(RoleLead) {
		return errNoView()
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		if _, err := tx.NewDelete().Model(v).WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("remove a view: %w", err)
		}
		return nil
	})
}

// KeepSearch keeps a part of the queue without a name and gives its id, the same for
// the same search of the same person. Errors: role_required, invalid_fields.
func (s *Service) KeepSearch(ctx context.Context, actor Actor, q SavedQuery) (string, error) {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return "", errQueueRole()
	}
	if err := q.query().check(); err != nil {
		return "", err
	}
	raw, err := json.Marshal(q)
	if err != nil {
		return "", fmt.Errorf("encode a search: %w", err)
	}
	until := s.now().Add(searchLasts)
	v := &SavedView{ID: s.digest("search "+actor.ID, string(raw))[:32], StaffID: actor.ID, CreatedAt: s.now(), ExpiresAt: &until}
	v.Query.V = q
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.NewInsert().Model(v).On("CONFLICT (id) DO UPDATE").Set("expires_at = excluded.expires_at").Exec(ctx)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("keep a search: %w", err)
	}
	return v.ID, nil
}

// PurgeSearches removes searches that are over, and acts with several cases that can no
// longer be undone.
func (s *Service) PurgeSearches(ctx context.Context) error {
	if _, err := s.db.From(ctx).NewDelete().Model((*SavedView)(nil)).Where("expires_at <= ?", s.now()).Exec(ctx); err != nil {
		return fmt.Errorf("remove old searches: %w", err)
	}
	if _, err := s.db.From(ctx).NewDelete().Model((*BulkAct)(nil)).Where("created_at < ?", s.now().Add(-2*undoWithin)).Exec(ctx); err != nil {
		return fmt.Errorf("remove what was done with several cases: %w", err)
	}
	return nil
}
