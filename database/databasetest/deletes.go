package databasetest

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"regain/database"
)

// Deletes notes the most rows that one statement has removed.
type Deletes struct{ Most int64 }

// WatchDeletes watches what is removed from db from now on.
func WatchDeletes(db *database.DB) *Deletes {
	d := &Deletes{}
	db.DB = db.WithQueryHook(d)
	return d
}

// BeforeQuery implements bun.QueryHook.
func (d *Deletes) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

// AfterQuery implements bun.QueryHook.
func (d *Deletes) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	if !strings.HasPrefix(e.Query, "DELETE") || e.Result == nil {
		return
	}
	if n, err := e.Result.RowsAffected(); err == nil {
		d.Most = max(d.Most, n)
	}
}
