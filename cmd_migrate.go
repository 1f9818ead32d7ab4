package main

import (
	"context"
	"fmt"
	"runtime/debug"
)

// migrateCommand brings the tables up to date.
type migrateCommand struct{ dataFlags }

// Run migrates.
func (c *migrateCommand) Run(ctx context.Context, t terminal) error {
	db, err := c.openDatabase(ctx, c.logger(t))
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(t.out, "The tables are up to date.")
	return db.Close()
}

// versionCommand says which version this is.
type versionCommand struct{}

// Run prints the version that the Go tool recorded.
func (versionCommand) Run(t terminal) error {
	version, revision := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = " " + s.Value
			}
		}
		version += revision + " " + info.GoVersion
	}
	_, err := fmt.Fprintln(t.out, "regain", version)
	return err
}
