package e2e

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"regain/internal/regaintest"
)

// TestReadme runs the README's walk exactly as it is written, in one shell.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```bash\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(blocks) < 7 {
		t.Fatalf("the README has only %d blocks to run", len(blocks))
	}
	script := "set -euo pipefail\n"
	for _, b := range blocks {
		script += b[1] + "\n"
	}
	w := embedded(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir = ".."
	cmd.Env = append(regaintest.CleanEnvironment(), "REGAIN="+w.URL, "REGAIN_DATA="+w.Dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`"next":{"id":"real_name_authenticated"`, "reference ", "email proved: 200", "phone proved: 200", "\nsubmitted\n", "\nin_review\n",
		"card_front: 200", "\napproved\n", "findings: 0",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output lacks %q", want)
		}
	}
	if n := strings.Count(string(out), "uploaded: 201"); n != 2 {
		t.Errorf("%d uploads, want 2", n)
	}
	if t.Failed() {
		t.Logf("output:\n%s", out)
	}
}
