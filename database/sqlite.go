package database

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// openSQLite opens, or makes, the file that the URL names.
func openSQLite(config Config) (*DB, error) {
	path, err := sqlitePath(config.URL)
	if err != nil {
		return nil, err
	}
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	if config.LockTimeout < 0 {
		config.LockTimeout = endless
	}
	log := &walFile{path: path + "-wal"}
	disk := newWALSync(log.sync)
	connector, err := newSQLiteConnector(sqliteDSN(path, config.LockTimeout), config.LockTimeout, disk)
	if err != nil {
		return nil, fmt.Errorf("open the SQLite database: %w", err)
	}
	pool := sql.OpenDB(connector)
	limitPool(pool, config.MaxOpen, defaultSQLiteOpen)
	db := newDB(pool, SQLite, config)
	db.close, db.sound = log.close, disk.sound
	return db, nil
}

// sqlitePath is the absolute path in "sqlite:path" or "sqlite:///path".
func sqlitePath(rawURL string) (string, error) {
	path := strings.TrimPrefix(rawURL, "sqlite:")
	if strings.HasPrefix(path, "//") {
		path = strings.TrimPrefix(path, "//")
		if !strings.HasPrefix(path, "/") {
			return "", errors.New("database URL: a SQLite database has no host: write sqlite:/path or sqlite:///path")
		}
	}
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return "", errors.New("database URL: a SQLite database needs a file")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("path of the SQLite database: %w", err)
	}
	return absolute, nil
}

// createPrivate makes the file with nobody but the owner reading it, as it
// holds personal data; SQLite gives its journals the same mode.
func createPrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("directory of the SQLite database: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("create the SQLite database: %w", err)
	}
	return file.Close()
}

// sqliteDSN carries every setting, so that each connection of the pool has them.
// The driver applies busy_timeout first: the others may meet a lock.
func sqliteDSN(path string, lockTimeout time.Duration) string {
	query := url.Values{}
	query.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", lockTimeout.Milliseconds()))
	query.Add("_pragma", "journal_mode(WAL)")
	query.Add("_pragma", "synchronous(NORMAL)") // walSync sees to the rest
	query.Add("_pragma", "foreign_keys(ON)")
	query.Set("_txlock", "immediate") // a deferred transaction fails when it comes to write
	query.Set("_timezone", "UTC")
	query.Set("_dqs", "0") // "name" that names nothing is an error and not a text, as on Postgres
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}

// endless is how long SQLite waits where no time-out is wanted; the context
// still ends the wait.
const endless = 24 * time.Hour

// limitPool caps the pool and keeps its connections, which are dear to make.
func limitPool(pool *sql.DB, most, otherwise int) {
	if most <= 0 {
		most = otherwise
	}
	pool.SetMaxOpenConns(most)
	pool.SetMaxIdleConns(most)
	pool.SetConnMaxIdleTime(10 * time.Minute)
}
