package database

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun/driver/pgdriver"
)

func openPostgres(_ context.Context, config Config) (*DB, error) {
	connector := pgdriver.NewConnector(pgdriver.WithDSN(config.URL), pgdriver.WithConnParams(map[string]any{"TimeZone": "UTC"}))
	pool := sql.OpenDB(connector)
	limitPool(pool, config.MaxOpen, defaultPostgresOpen)
	return newDB(pool, Postgres, config), nil
}
