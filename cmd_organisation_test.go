package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestOrganisationCommands(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, step := range []struct {
		args   []string
		status int
		says   []string
	}{
		{[]string{"add", "Nuvem Parceira Ltda.", "--member", "rui@parceira.example", "--domain", "parceira.example"}, 0, []string{"Added the organisation", "Added rui@", "parceira.example"}},
		{[]string{"add", "nuvem parceira ltda."}, 1, []string{"with this name already"}},
		{[]string{"member", "add", "Nuvem Parceira Ltda.", "bea@parceira.example"}, 0, []string{"Added bea@parceira.example to Nuvem"}},
		{[]string{"member", "add", "Nuvem Parceira Ltda.", "bea"}, 1, []string{"/email: Give one e-mail address"}},
		{[]string{"member", "add", "Nobody", "bea@other.example"}, 1, []string{"no such organisation"}},
		{[]string{"member", "remove", "Nuvem Parceira Ltda.", "RUI@parceira.example"}, 0, []string{"Removed rui@parceira.example"}},
		{[]string{"member", "remove", "Nuvem Parceira Ltda.", "rui@parceira.example"}, 1, []string{"no such member"}},
		{[]string{"domains", "Nuvem Parceira Ltda.", "gmail.com"}, 1, []string{"/domains/0: Anybody"}},
		{[]string{"list"}, 0, []string{"Nuvem Parceira Ltda.\n  members  bea@parceira.example\n  domains  parceira.example\n"}},
		{[]string{"domains", "Nuvem Parceira Ltda."}, 0, []string{"are now: \n"}},
	} {
		status, written := command(t, "", append(append([]string{"organisation"}, step.args...), "--data", data)...)
		if status != step.status {
			t.Errorf("%v: status %d, want %d: %s", step.args, status, step.status, written)
		}
		for _, words := range step.says {
			if !strings.Contains(written, words) {
				t.Errorf("%v does not say %q: %s", step.args, words, written)
			}
		}
	}
}
