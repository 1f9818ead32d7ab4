package accounts

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"regain/database"
	"regain/database/databasetest"
)

// testRandom is crypto/rand as a value.
type testRandom struct{}

func (testRandom) Read(p []byte) (int, error) { return rand.Read(p) }

const goodPassword = "four plain unrelated words"

func newStaff(t *testing.T, b *bench, email string, roles ...Role) Staff {
	t.Helper()
	if len(roles) == 0 {
		roles = []Role{Reviewer}
	}
	staff, err := b.CreateStaff(t.Context(), NewStaff{Email: email, Name: "Ana Lima", Password: goodPassword, Roles: roles})
	ok(t, err)
	return staff
}

func TestSessionOfEachKind(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		staff := newStaff(t, b, "Ana@Example.com", Reviewer, Lead)
		for _, test := range []struct {
			kind    Kind
			subject string
			life    time.Duration
		}{
			{Customer, "case-1", 2 * time.Hour}, {Partner, "invitation-1", time.Hour}, {StaffMember, staff.ID, 12 * time.Hour},
		} {
			token, err := b.OpenSession(t.Context(), test.kind, test.subject, 0)
			ok(t, err)
			if !strings.HasPrefix(token, "rgn_") || len(token) != len("rgn_")+43 {
				t.Errorf("token %q", token)
			}
			p, err := b.Authenticate(t.Context(), token)
			ok(t, err)
			if p.Kind != test.kind || p.ID != test.subject || p.SessionID == "" || p.Expires.Sub(b.clock.Now()) != test.life {
				t.Errorf("principal %+v", p)
			}
			if strings.Contains(dump(t, t.Context(), b.db, "sessions"), token[4:]) {
				t.Error("the token is stored")
			}
			if test.kind != StaffMember {
				if len(p.Roles) != 0 || p.Email != "" || p.Has(Reviewer) {
					t.Errorf("a %s with roles: %+v", test.kind, p)
				}
				continue
			}
			if !slices.Equal(p.Roles, []Role{Lead, Reviewer}) || p.Email != "Ana@Example.com" || !p.Has(Admin, Lead) || p.Has(Admin) {
				t.Errorf("principal %+v", p)
			}
		}
	})
}

func TestSessionsEndByThemselves(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		customer, err := b.OpenSession(t.Context(), Customer, "case-1", 0)
		ok(t, err)
		short, err := b.OpenSession(t.Context(), Partner, "invitation-1", 10*time.Minute)
		ok(t, err)
		long, err := b.OpenSession(t.Context(), Partner, "invitation-2", 100*time.Hour) // no longer than the longest
		ok(t, err)
		for _, test := range []struct {
			token string
			life  time.Duration
		}{{short, 10 * time.Minute}, {long, time.Hour}, {customer, 2 * time.Hour}} {
			b.clock.Advance(test.life - b.clock.Now().Sub(newBenchStart) - time.Microsecond)
			_, err := b.Authenticate(t.Context(), test.token)
			ok(t, err)
			b.clock.Advance(time.Microsecond)
			_, err = b.Authenticate(t.Context(), test.token)
			refused(t, err, "unauthenticated")
		}
	})
}

// newBenchStart is when a bench's clock begins.
var newBenchStart = time.Date(2026, 11, 22, 9, 0, 0, 123456000, time.UTC)

func TestStaffSessionsEndWhenIdle(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		token, err := b.OpenSession(t.Context(), StaffMember, newStaff(t, b, "ana@example.com").ID, 0)
		ok(t, err)
		for range 23 { // busy for 11.5 hours
			b.clock.Advance(30*time.Minute - time.Second)
			_, err := b.Authenticate(t.Context(), token)
			ok(t, err)
		}
		b.clock.Advance(30 * time.Minute)
		_, err = b.Authenticate(t.Context(), token)
		refused(t, err, "unauthenticated")
		token, err = b.OpenSession(t.Context(), StaffMember, newStaff(t, b, "eva@example.com").ID, 0)
		ok(t, err)
		for b.clock.Now(); ; b.clock.Advance(20 * time.Minute) { // at the latest after 12 hours, however busy
			if _, err := b.Authenticate(t.Context(), token); err != nil {
				break
			}
		}
		var row sessionRow
		ok(t, b.db.NewSelect().Model(&row).Where("token_hash = ?", hashToken(token)).Scan(t.Context()))
		if lived := b.clock.Now().Sub(row.CreatedAt); lived != 12*time.Hour {
			t.Errorf("lived %v", lived)
		}
	})
}

func TestLastSeenIsWrittenOnceAMinute(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		token, err := b.OpenSession(t.Context(), StaffMember, newStaff(t, b, "ana@example.com").ID, 0)
		ok(t, err)
		seen := func() time.Duration {
			var row sessionRow
			ok(t, b.db.NewSelect().Model(&row).Scan(t.Context()))
			return row.LastSeenAt.Sub(newBenchStart)
		}
		for _, test := range []struct{ advance, want time.Duration }{
			{30 * time.Second, 0}, {29 * time.Second, 0}, {time.Second, time.Minute}, {59 * time.Second, time.Minute}, {time.Second, 2 * time.Minute},
		} {
			b.clock.Advance(test.advance)
			_, err := b.Authenticate(t.Context(), token)
			ok(t, err)
			if got := seen(); got != test.want {
				t.Errorf("last seen after %v, want %v", got, test.want)
			}
		}
	})
}

func TestEndingSessions(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		open := func(subject string) string {
			token, err := b.OpenSession(t.Context(), Customer, subject, 0)
			ok(t, err)
			return token
		}
		first, second, other := open("case-1"), open("case-1"), open("case-2")
		p, err := b.Authenticate(t.Context(), first)
		ok(t, err)
		for range 2 { // twice is no error
			ok(t, b.EndSession(t.Context(), p.SessionID))
		}
		_, err = b.Authenticate(t.Context(), first)
		refused(t, err, "unauthenticated")
		_, err = b.Authenticate(t.Context(), second)
		ok(t, err)
		ok(t, b.EndSessionsOf(t.Context(), Partner, "case-1")) // another kind
		_, err = b.Authenticate(t.Context(), second)
		ok(t, err)
		ok(t, b.EndSessionsOf(t.Context(), Customer, "case-1"))
		_, err = b.Authenticate(t.Context(), second)
		refused(t, err, "unauthenticated")
		_, err = b.Authenticate(t.Context(), other)
		ok(t, err)
	})
}

func TestStrangeTokens(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		token, err := b.OpenSession(t.Context(), Customer, "case-1", 0)
		ok(t, err)
		for _, strange := range []string{"", "rgn_", token[4:], token + "x", strings.ToLower(token), token[:len(token)-1], "rgn_" + strings.Repeat("A", 43),
			"rgn_" + strings.Repeat("'", 43), strings.Repeat("x", 1<<20), "rgn_\x00" + token[5:]} {
			_, err := b.Authenticate(t.Context(), strange)
			refused(t, err, "unauthenticated")
		}
		for _, kind := range []Kind{Anonymous, "", "root"} {
			if _, err := b.OpenSession(t.Context(), kind, "x", 0); err == nil {
				t.Errorf("a session of kind %q", kind)
			}
		}
		if _, err := b.OpenSession(t.Context(), Customer, "", 0); err == nil {
			t.Error("a session of nobody")
		}
	})
}

func TestSessionRulesAreConfigurable(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, func(o *Options) { o.Sessions.Partner = 5 * time.Hour })
		token, err := b.OpenSession(t.Context(), Partner, "invitation-1", 0)
		ok(t, err)
		b.clock.Advance(4 * time.Hour)
		_, err = b.Authenticate(t.Context(), token)
		ok(t, err)
	})
}
