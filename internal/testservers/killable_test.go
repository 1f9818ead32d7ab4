package testservers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Servers that were killed and started again are gone when their test ends, with their
// folders: neither the one that lives then nor what it writes is forgotten.
func TestKilledServersLeaveNothing(t *testing.T) {
	parent, err := os.MkdirTemp("", "regain-killed-")
	if err == nil {
		err = os.Chmod(parent, 0o777|os.ModeSticky) // the server may be another user's
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(parent) })
	t.Run("killed", func(t *testing.T) {
		postgres, _ := KillablePostgres(t, parent)
		minio, _ := KillableMinIO(t, parent)
		for range 2 {
			for _, server := range []*Killable{postgres, minio} {
				server.Kill()
				server.Start()
			}
		}
	})
	left, err := os.ReadDir(parent)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		if at, err := os.Readlink(link); err == nil && strings.HasPrefix(at, parent) {
			t.Errorf("somebody is still in %s", at)
		}
	}
}
