package accounts

import (
	"strings"
	"testing"
	"time"
)

// TestLeadsHearOfLateReviews once in an hour, in the language of the policy, and only
// those who lead.
func TestLeadsHearOfLateReviews(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		mia := newStaff(t, b, "mia@provider.example", Lead)
		newStaff(t, b, "ben@provider.example", Reviewer)
		gone := newStaff(t, b, "gil@provider.example", Lead)
		ok(t, b.DisableStaff(t.Context(), Operator(), gone.ID))
		late := func(reference string) {
			at := b.clock.Now()
			ok(t, b.TellLeadsOfLate(t.Context(), b.db.From(t.Context()), reference, at, at, "pt-BR", "https://recover.example/staff/queue?view=overdue"))
		}
		late("AAAA-AAAA-AA")
		b.clock.Advance(10 * time.Minute)
		late("BBBB-BBBB-BB")
		b.clock.Advance(time.Hour)
		late("CCCC-CCCC-CC")
		got := b.letters(t, mia.Email)
		if len(got) != 2 || !strings.Contains(got[1].TextBody, "AAAA-AAAA-AA") || !strings.Contains(got[0].TextBody, "CCCC-CCCC-CC") ||
			!strings.Contains(got[0].TextBody, "https://recover.example/staff/queue?view=overdue") || !strings.Contains(got[0].Subject, "atrasada") {
			t.Errorf("the lead got %+v", got)
		}
		for _, email := range []string{"ben@provider.example", gone.Email} {
			if got := b.letters(t, email); len(got) != 0 {
				t.Errorf("%s got %+v", email, got)
			}
		}
	})
}
