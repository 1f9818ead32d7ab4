// Package testservers starts the real servers that tests talk to: each once for
// a test process, on the loopback interface, with a scratch directory, and
// stopped when the tests are done. What is not installed makes a test skip with
// the reason, or fail where CI=true.
package testservers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// started remembers how to stop what the process has started, newest last.
var started struct {
	sync.Mutex
	stops []func()
}

// Main runs the tests of a package and then stops every server that they
// started. A package that uses testservers has
//
//	func TestMain(m *testing.M) { testservers.Main(m) }
func Main(m *testing.M) {
	code := m.Run()
	stopAll()
	os.Exit(code)
}

// stopAtEnd has stop called after the tests, in reverse order of starting.
func stopAtEnd(stop func()) {
	started.Lock()
	defer started.Unlock()
	started.stops = append(started.stops, stop)
}

func stopAll() {
	started.Lock()
	stops := started.stops
	started.stops = nil
	started.Unlock()
	for i := len(stops) - 1; i >= 0; i-- {
		stops[i]()
	}
}

// unavailable ends the test: skipped with the reason on a developer's machine,
// failed where CI=true, because there a skipped test would go unnoticed.
func unavailable(t testing.TB, format string, args ...any) {
	t.Helper()
	reason := fmt.Sprintf(format, args...)
	if os.Getenv("CI") == "true" {
		t.Fatalf("needed in CI: %s", reason)
	}
	t.Skip(reason)
}

// findTool looks for a server's binary in $REGAIN_TOOLS, in .tools/bin of the
// repository, then in PATH. It returns "" when there is none.
func findTool(name string) string {
	if dir := os.Getenv("REGAIN_TOOLS"); dir != "" {
		if path := filepath.Join(dir, name); isExecutable(path) {
			return path
		}
	}
	if root := repositoryRoot(); root != "" {
		if path := filepath.Join(root, ".tools", "bin", name); isExecutable(path) {
			return path
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return ""
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// repositoryRoot is the nearest directory at or above the working directory
// that holds go.mod; tests run in their package's directory.
func repositoryRoot() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}
