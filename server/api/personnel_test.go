package api_test

import (
	"testing"

	"regain/accounts"
	"regain/cases"
)

// TestOneWordForWhoLeft: the two rooms, which do not know each other, say it alike.
func TestOneWordForWhoLeft(t *testing.T) {
	if accounts.AwayLeft != cases.LeftForGood {
		t.Errorf("accounts says %q, cases %q", accounts.AwayLeft, cases.LeftForGood)
	}
}
