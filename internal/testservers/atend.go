package testservers

import "testing"

// AtEnd has stop called when Main has run the tests, in reverse order of starting.
func AtEnd(stop func()) { stopAtEnd(stop) }

// Unavailable ends a test for which something is not installed: skipped with the
// reason on a developer's machine, failed where CI=true.
func Unavailable(t testing.TB, format string, args ...any) {
	t.Helper()
	unavailable(t, format, args...)
}

// FindTool looks for a program in $REGAIN_TOOLS, in .tools/bin of the repository, then
// in PATH; "" when there is none.
func FindTool(name string) string { return findTool(name) }

// RepositoryRoot is the nearest folder at or above the working folder that holds go.mod.
func RepositoryRoot() string { return repositoryRoot() }
