package storage_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"regain/internal/testservers"
)

// putOnceEnv tells the test binary to be the process that TestDiskSyncs watches.
const putOnceEnv = "REGAIN_TEST_DISK_PUT_ONCE"

// TestDiskSyncs watches the system calls of one Put. A killed process cannot
// show durability, because the kernel still has what was written; the order of
// the calls can: bytes before the name, the name before success, new folders
// likewise.
func TestDiskSyncs(t *testing.T) {
	if dir := os.Getenv(putOnceEnv); dir != "" {
		store := openDisk(t, dir)
		putBytes(t, store, "cases/one/document", []byte("content"))
		putBytes(t, store, "cases/one/second", []byte("content"))
		return
	}
	calls := watchPut(t)
	for _, want := range [][]string{
		// In this order, with anything between.
		{
			`mkdirat\(.*"cases"`, `fsync\(.*/objects>\)`, `mkdirat\(.*"one"`, `fsync\(.*/objects/cases>\)`,
			`linkat\(.*"document"`, `fsync\(.*/objects/cases/one>\)`, `linkat\(.*"second"`, `fsync\(.*/objects/cases/one>\)`,
		},
		{`fsync\(.*/incoming/[A-Z2-7]+>\)`, `linkat\(.*"document"`, `fsync\(.*/incoming/[A-Z2-7]+>\)`, `linkat\(.*"second"`},
	} {
		rest := calls
		for _, pattern := range want {
			at := regexp.MustCompile(`(?m)^.*` + pattern + `.* = 0$`).FindStringIndex(rest)
			if at == nil {
				t.Fatalf("no %s where it should be, in:\n%s", pattern, calls)
			}
			rest = rest[at[1]:]
		}
	}
}

func watchPut(t *testing.T) string {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		testservers.Unavailable(t, "strace is not installed (scripts/packages installs it)")
	}
	dir := t.TempDir()
	log := filepath.Join(dir, "calls")
	cmd := exec.CommandContext(t.Context(), strace, "-f", "-y", "-qq", "-e", "trace=fsync,linkat,mkdirat", "-o", log,
		os.Args[0], "-test.run=^TestDiskSyncs$")
	cmd.Env = append(os.Environ(), putOnceEnv+"="+filepath.Join(dir, "store"))
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "ptrace") {
		testservers.Unavailable(t, "this machine allows no tracing: %s", out)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	calls, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return whole(string(calls))
}

// whole puts the two halves of interrupted calls together, where they ended.
func whole(calls string) string {
	var lines []string
	begun := map[string]string{} // by thread
	for line := range strings.Lines(calls) {
		thread, _, _ := strings.Cut(line, " ")
		if start, ok := strings.CutSuffix(line, " <unfinished ...>\n"); ok {
			begun[thread] = start
			continue
		}
		if _, end, ok := strings.Cut(line, " resumed>"); ok {
			line = begun[thread] + end
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}
