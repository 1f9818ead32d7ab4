// Package e2e drives the real binary over HTTP, as customers, partners and
// reviewers do, on the embedded default and on Postgres with MinIO.
package e2e

import (
	"sync"
	"testing"

	"regain/internal/regaintest"
	"regain/internal/testservers"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// binary builds the server under test, once.
var binary = sync.OnceValues(func() (string, error) { return regaintest.Build() })
