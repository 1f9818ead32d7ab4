package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"regain/internal/regaintest"
	"regain/internal/testservers"
)

// embedded starts the server on SQLite and local disk.
func embedded(t *testing.T) *regaintest.Process { return start(t) }

// production starts it on a Postgres that syncs, and on MinIO.
func production(t *testing.T) (*regaintest.Process, string) {
	t.Helper()
	database := testservers.PostgresOnDisk(t)
	store := testservers.MinIO(t)
	return start(t, "REGAIN_DATABASE_URL="+database, "REGAIN_STORAGE_URL="+store.URL("bench"),
		"REGAIN_SECRET=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), database
}

// start runs the server until the test ends.
func start(t *testing.T, env ...string) *regaintest.Process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := regaintest.NewProcess(t, path, t.TempDir())
	p.Output.Path = filepath.Join(t.TempDir(), "log")
	// Calls come as through a proxy, so that limits by address count each client for itself.
	p.Env = append(env, "REGAIN_DEV=true", "REGAIN_TRUSTED_PROXIES=127.0.0.0/8")
	p.MustStart(t)
	t.Cleanup(func() { p.Stop(t) })
	return p
}

// memory is how many bytes the process has in memory.
func memory(p *regaintest.Process) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.PID()))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(b)
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// idleMemory is what the process takes when it has nothing to do: once it has given back
// what starting took.
func idleMemory(t *testing.T, p *regaintest.Process) int64 {
	t.Helper()
	time.Sleep(2 * time.Second)
	m, err := memory(p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
