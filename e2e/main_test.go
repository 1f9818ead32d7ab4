// Package e2e drives the real binary over HTTP, as customers, partners and
// reviewers do, on the embedded default and on Postgres with MinIO.
package e2e

import (
	"fmt"
	"os"
	"testing"

	"regain/internal/testservers"
)

// binary is the server under test, built by TestMain.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "regain-e2e-")
	if err == nil {
		binary, err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	testservers.AtEnd(func() { _ = os.RemoveAll(dir) })
	testservers.Main(m)
}
