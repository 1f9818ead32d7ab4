package databasetest

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"regain/database"
)

// Deletes notes the most rows that one statement has removed, and changed.
type Deletes struct{ Most, MostUpdated int64 }

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
	most := &d.Most
	switch {
	case e.Result == nil:
		return
	case strings.HasPrefix(e.Query, "UPDATE"):
		most = &d.MostUpdated
	case !strings.HasPrefix(e.Query, "DELETE"):
		return
	}
	if n, err := e.Result.RowsAffected(); err == nil {
		*most = max(*most, n)
	}
}
