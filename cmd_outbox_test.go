package main

import (
	"path/filepath"
	"strings"
	"testing"

	"regain/database"
)

// TestOutboxCommands: what was given up is listed without whom it was for, and sent again.
func TestOutboxCommands(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	if status, written := command(t, "", "organisation", "add", "Nuvem", "--member", "rui@parceira.example", "--data", data); status != 0 {
		t.Fatal(written)
	}
	db, err := database.Open(t.Context(), database.Config{URL: "sqlite:" + filepath.Join(data, "regain.db")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "UPDATE outbox SET state = 'dead', reason = 'attempts_exhausted', last_code = 'no_connection', attempts = 12, done_at = created_at")
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	status, written := command(t, "", "outbox", "given-up", "--data", data)
	if status != 0 || !strings.Contains(written, "member_added") || !strings.Contains(written, "no_connection") || strings.Contains(written, "rui") {
		t.Errorf("%d: %s", status, written)
	}
	for _, says := range []string{"sent again: 1.", "sent again: 0."} {
		if status, written := command(t, "", "outbox", "revive", "--data", data); status != 0 || !strings.Contains(written, says) {
			t.Errorf("%d: %s", status, written)
		}
	}
}
