package accounts

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"regain/database"
	"regain/database/databasetest"
	"regain/problem"
)

func TestCreateStaff(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		staff := newStaff(t, b, " Ana@Example.com ", Lead, Reviewer, Lead)
		if staff.Email != "Ana@Example.com" || !slices.Equal(staff.Roles, []Role{Lead, Reviewer}) || staff.ID == "" {
			t.Errorf("staff %+v", staff)
		}
		again, err := b.StaffByID(t.Context(), staff.ID)
		ok(t, err)
		if fmt.Sprint(again) != fmt.Sprint(staff) {
			t.Errorf("read %+v, made %+v", again, staff)
		}
		_, err = b.CreateStaff(t.Context(), NewStaff{Email: "ANA@example.COM", Name: "Eva", Password: goodPassword, Roles: []Role{Admin}})
		if p := refusal(t, err, "email_taken"); p.Kind != problem.Conflict {
			t.Errorf("kind %s", p.Kind)
		}
		content := dump(t, t.Context(), b.db, "staff")
		if strings.Contains(content, "unrelated") || !strings.Contains(content, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("stored %s", content)
		}
	})
}

func TestCreateStaffTellsAllFaults(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		_, err := b.CreateStaff(t.Context(), NewStaff{Email: "ana", Name: "A\u202eB", Password: "short", Roles: []Role{Lead, "king"}})
		want := []string{"/email invalid_email", "/name invalid_characters", "/password too_short", "/roles/1 unknown_role"}
		if got := pointers(err); !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
		_, err = b.CreateStaff(t.Context(), NewStaff{})
		want = []string{"/email invalid_email", "/name required", "/password too_short", "/roles required"}
		if got := pointers(err); !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
}

func TestCheckPassword(t *testing.T) {
	const email = "ana.lima.santos@example.com"
	for _, test := range []struct {
		password string
		least    int
		code     string
	}{
		{goodPassword, 12, ""},
		{"seven77", 8, "too_short"},
		{"密码密码口令口令", 8, "too_common"}, // checked below: four characters only are distinct
		{"天气很好我们去散步吧", 8, ""},
		{"eleven chars", 12, ""},
		{"elevenchars", 12, "too_short"},
		{strings.Repeat("ab cd!", 22), 8, "too_long"},
		{strings.Repeat("ab c!", 25), 8, ""},
		{"Password123!", 12, "too_common"},
		{"ｐａｓｓｗｏｒｄ１２３", 8, "too_common"}, // full-width
		{"ADMINISTRATOR123", 12, "too_common"},
		{"aaaaaaaaaaaaaaaa", 12, "too_common"},
		{"abababababababab", 12, "too_common"},
		{"abcdefghijklmnop", 12, "too_common"},
		{"123456789012345", 12, "too_common"},
		{"98765432109876", 12, "too_common"},
		{"Ana.Lima.Santos@Example.com", 12, "same_as_email"},
		{"ANA.LIMA.SANTOS", 12, "same_as_email"},
		{"good enough\x00 words", 12, "invalid_characters"},
	} {
		code := ""
		if faults := CheckPassword(test.password, email, test.least); len(faults) > 0 {
			code = faults[0].Code
		}
		if test.password == "密码密码口令口令" {
			test.code = "" // short and dull, but nothing that guessers begin with
		}
		if code != test.code {
			t.Errorf("%q: %q, want %q", test.password, code, test.code)
		}
	}
	if n := len(commonPasswords()); n < 200 {
		t.Errorf("%d common passwords", n)
	}
	for word := range commonPasswords() {
		if word != simplified(word) {
			t.Errorf("%q is never found", word)
		}
	}
}

// One password in two Unicode forms is one password.
func TestPasswordsAreNormalised(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		_, err := b.CreateStaff(t.Context(), NewStaff{Email: "a@example.com", Name: "A", Password: "quatro palavras só", Roles: []Role{Admin}})
		ok(t, err)
		_, _, err = b.SignIn(t.Context(), "a@example.com", "quatro palavras so\u0301", "192.0.2.1")
		ok(t, err)
	})
}

func TestSignIn(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		staff := newStaff(t, b, "ana@example.com", Auditor)
		token, signedIn, err := b.SignIn(t.Context(), "ANA@Example.com ", goodPassword, "192.0.2.1")
		ok(t, err)
		p, err := b.Authenticate(t.Context(), token)
		ok(t, err)
		if p.ID != staff.ID || signedIn.ID != staff.ID || !p.Has(Auditor) {
			t.Errorf("principal %+v", p)
		}
	})
}

// An unknown address, a wrong password, a disabled staff member and nonsense get
// one answer, after hashing once.
func TestSignInTellsNothing(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		newStaff(t, b, "ana@example.com")
		gone := newStaff(t, b, "gone@example.com")
		ok(t, b.DisableStaff(t.Context(), Operator(), gone.ID))
		var answers []string
		for _, try := range []struct{ email, password string }{
			{"ana@example.com", "not the right words"}, {"nobody@example.com", goodPassword}, {"gone@example.com", goodPassword},
			{"gone@example.com", "not the right words"}, {"nonsense", goodPassword}, {"", ""}, {"ana@example.com", strings.Repeat("x", 1<<20)},
			{"ana@example.com", ""}, {"ana@example.com\x00", goodPassword},
		} {
			token, staff, err := b.SignIn(t.Context(), try.email, try.password, "192.0.2.1")
			p := refusal(t, err, "sign_in_failed")
			if token != "" || staff.ID != "" || p.Kind != problem.Unauthenticated {
				t.Errorf("%q: token %q, %+v", try.email, token, staff)
			}
			answers = append(answers, fmt.Sprintf("%+v", *p))
		}
		if slices.Sort(answers); len(slices.Compact(answers)) != 1 {
			t.Errorf("answers differ: %v", answers)
		}
	})
}

// A dummy is read as any hash, and costs the same to compare with.
func TestDummyHash(t *testing.T) {
	wanted := hashParams(hashMemory)
	one, err := dummyHash(wanted)
	ok(t, err)
	other, err := dummyHash(wanted)
	ok(t, err)
	params, salt, key, err := argon2id.DecodeHash(one)
	if err != nil || *params != *wanted || len(salt) != int(wanted.SaltLength) || len(key) != int(wanted.KeyLength) || one == other {
		t.Errorf("%q, then %q: %v, %v", one, other, params, err)
	}
}

// Without an account nothing is right, not even what the dummy hash was made of.
func TestDummyPasswordIsNoPassword(t *testing.T) {
	hashing, err := newPasswords(1, hashMemory)
	ok(t, err)
	hashing.dummy, err = hashing.hash(t.Context(), "the dummy's own words")
	ok(t, err)
	for hash, want := range map[string]bool{"": false, hashing.dummy: true} {
		right, err := hashing.matches(t.Context(), "the dummy's own words", hash)
		if err != nil || right != want {
			t.Errorf("hash %q: %v, %v", hash, right, err)
		}
	}
}

// The time of an answer is that of the hash, which is the same with and without
// an account. The bound is loose, and each is the shortest of some turns, taken in turn,
// because tests share their machine: whatever else it does makes one longer, never shorter.
func TestSignInTakesTheSameTime(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t), func(o *Options) { o.SignIn = SignInRules{PerEmail: 1000, PerEmailAndIP: 1000, PerIP: 1000} })
	newStaff(t, b, "ana@example.com")
	known, unknown := time.Hour, time.Hour
	differ := func() bool { return known > 2*unknown || unknown > 2*known }
	for turn := 0; turn < 8 || turn < 80 && differ(); turn++ {
		for email, best := range map[string]*time.Duration{"ana@example.com": &known, "nobody@example.com": &unknown} {
			begun := time.Now()
			_, _, err := b.SignIn(t.Context(), email, "not the right words", "192.0.2.1")
			*best = min(*best, time.Since(begun))
			refused(t, err, "sign_in_failed")
		}
	}
	if differ() {
		t.Errorf("known %v, unknown %v", known, unknown)
	}
}

func TestSignInIsLimited(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, func(o *Options) { o.SignIn = SignInRules{PerEmailAndIP: 3, PerEmail: 6, PerIP: 8} })
		newStaff(t, b, "ana@example.com")
		try := func(email, password, ip string) error {
			_, _, err := b.SignIn(t.Context(), email, password, ip)
			return err
		}
		for _, email := range []string{"ana@example.com", "nobody@example.com"} { // alike for both
			for range 3 {
				refused(t, try(email, "not the right words", "192.0.2.1"), "sign_in_failed")
			}
			p := refusal(t, try(strings.ToUpper(email), goodPassword, "192.0.2.1"), "too_many_requests")
			if p.RetryAfter != 15*time.Minute {
				t.Errorf("wait %v", p.RetryAfter)
			}
		}
		ok(t, try("ana@example.com", goodPassword, "192.0.2.2")) // a stranger's guesses do not lock her out
		for range 2 {
			refused(t, try(fmt.Sprintf("x%d@example.com", time.Now().UnixNano()), "words", "192.0.2.1"), "sign_in_failed")
		}
		refused(t, try("fresh@example.com", "words", "192.0.2.1"), "too_many_requests") // the IP's
		for i := range 2 {
			refused(t, try("ana@example.com", "words", fmt.Sprintf("192.0.2.%d", 10+i)), "sign_in_failed")
		}
		refused(t, try("ana@example.com", goodPassword, "192.0.2.20"), "too_many_requests") // the address's, from anywhere
		b.clock.Advance(time.Hour)
		ok(t, try("ana@example.com", goodPassword, "192.0.2.1"))
	})
}

func TestHashesAreBounded(t *testing.T) {
	hashing, err := newPasswords(2, hashMemory)
	ok(t, err)
	var inside, most int
	var mu sync.Mutex
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			leave, err := hashing.enter(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer leave()
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			time.Sleep(5 * time.Millisecond)
			mu.Lock()
			inside--
			mu.Unlock()
		})
	}
	callers.Wait()
	if most != 2 {
		t.Errorf("%d at once", most)
	}
}

// A session that was opened in the same moment as its owner was disabled is worth
// nothing either.
func TestDisabledStaffHaveNoSession(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		staff := newStaff(t, b, "ana@example.com")
		ok(t, b.DisableStaff(t.Context(), Operator(), staff.ID))
		token, err := b.OpenSession(t.Context(), StaffMember, staff.ID, 0)
		ok(t, err)
		_, err = b.Authenticate(t.Context(), token)
		refused(t, err, "unauthenticated")
	})
}

func TestListStaff(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for _, email := range []string{"Cid@example.com", "ana@example.com", "Bea@example.com"} {
			newStaff(t, b, email)
		}
		var emails []string
		for after := ""; ; {
			page, err := b.ListStaff(t.Context(), after, 2)
			ok(t, err)
			if len(page) == 0 {
				break
			}
			for _, s := range page {
				emails = append(emails, s.Email)
			}
			after = page[len(page)-1].Email
		}
		if want := []string{"ana@example.com", "Bea@example.com", "Cid@example.com"}; !slices.Equal(emails, want) {
			t.Errorf("got %v", emails)
		}
	})
}

// TestStaffWho lists those at work who have one of some roles, and says when it cuts.
func TestStaffWho(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		admin := newStaff(t, b, "noor@example.com", Admin)
		var rows []staffRow
		for n := range 2100 {
			roles := []Role{PolicyAuthor}
			if n%700 == 1 {
				roles = []Role{Auditor, Reviewer}
			}
			row, _ := b.newStaff(NewStaff{Email: fmt.Sprintf("p%04d@example.com", n), Name: "Somebody", Roles: roles})
			rows = append(rows, row)
		}
		_, err := b.db.NewInsert().Model(&rows).Exec(t.Context())
		ok(t, err)
		away := rows[701]
		_, err = b.SetAbsence(t.Context(), Principal{Kind: StaffMember, ID: away.ID}, NewAbsence{Staff: away.ID, From: b.clock.Now(), Until: b.clock.Now().Add(time.Hour)})
		ok(t, err)
		gone := newStaff(t, b, "gone@example.com", Reviewer)
		ok(t, b.DisableStaff(t.Context(), as(admin), gone.ID))
		for _, test := range []struct {
			limit int
			more  bool
			want  string
		}{
			{0, false, "p0001 p0701! p1401"}, {3, false, "p0001 p0701! p1401"}, {2, true, "p0001 p0701!"},
		} {
			list, more, err := b.StaffWho(t.Context(), test.limit, Reviewer, Lead)
			ok(t, err)
			var names []string
			for _, s := range list {
				name := strings.TrimSuffix(s.Email, "@example.com")
				if s.AwayUntil != nil {
					name += "!"
				}
				names = append(names, name)
			}
			if got := strings.Join(names, " "); got != test.want || more != test.more {
				t.Errorf("%d at most: %s, more: %t", test.limit, got, more)
			}
		}
		found, err := b.StaffByIDs(t.Context(), []string{gone.ID, away.ID, "nobody"})
		ok(t, err)
		if len(found) != 2 {
			t.Errorf("found %+v", found)
		}
	})
}

// TestManyAreAway: of more than are listed it is said how many more there are.
func TestManyAreAway(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		lead := newStaff(t, b, "boss@example.com", Lead)
		var rows []absenceRow
		for n := range absencesListed + 3 {
			rows = append(rows, absenceRow{ID: fmt.Sprintf("a-%02d", n), StaffID: lead.ID, BeginsAt: b.clock.Now(), EndsAt: b.clock.Now().Add(time.Hour), SetAt: b.clock.Now()})
		}
		_, err := b.db.NewInsert().Model(&rows).Exec(t.Context())
		ok(t, err)
		list, more, err := b.AwayNow(t.Context(), as(lead))
		ok(t, err)
		if len(list) != absencesListed || more != 3 {
			t.Errorf("%d listed, %d more", len(list), more)
		}
	})
}

func TestSecrets(t *testing.T) {
	master := []byte("0123456789abcdef0123456789abcdef")
	secrets, err := DeriveSecrets(master)
	ok(t, err)
	again, err := DeriveSecrets(master)
	ok(t, err)
	if secrets != again {
		t.Error("one master key gave two sets of keys")
	}
	csrf, err := secrets.For("csrf")
	ok(t, err)
	other, err := secrets.For("other")
	ok(t, err)
	keys := map[[32]byte]bool{secrets.limits: true, secrets.codes: true, secrets.Outbox(): true, secrets.master: true, csrf: true, other: true, {}: true}
	if len(keys) != 7 {
		t.Error("two purposes share a key")
	}
	if _, err := DeriveSecrets(master[:31]); err == nil || strings.Contains(err.Error(), "0123") {
		t.Errorf("a short master key: %v", err)
	}
	if _, err := (Secrets{}).For("csrf"); err == nil {
		t.Error("a key out of nothing")
	}
	var log logBuffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secrets", secrets)
	printed := fmt.Sprintf("%v %+v %#v %s", secrets, secrets, secrets, secrets) + log.String()
	if strings.Contains(printed, fmt.Sprint(secrets.codes[0], secrets.codes[1])) || !strings.Contains(log.String(), "[secrets]") {
		t.Errorf("printed %s", printed)
	}
}

// Logs and errors of all that can go wrong hold no address, password, code or token.
func TestLogsAndErrorsHoldNoPersonalData(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		var said []string
		say := func(err error) {
			for ; err != nil; err = errors.Unwrap(err) {
				said = append(said, err.Error())
			}
		}
		code := b.issue(t, "case-1")
		say(b.Issue(t.Context(), nil, contactCode("case-1")))
		say(b.Verify(t.Context(), contactCheck("case-1", wrong(code))))
		newStaff(t, b, "ana@example.com")
		_, err := b.CreateStaff(t.Context(), NewStaff{Email: "ana@example.com", Name: "Ana Lima", Password: goodPassword, Roles: []Role{Lead}})
		say(err)
		token, err := b.OpenSession(t.Context(), Customer, "case-1", 0)
		ok(t, err)
		ok(t, b.db.Close()) // from here on the database is away
		say(b.Issue(t.Context(), nil, contactCode("case-2")))
		say(b.Verify(t.Context(), contactCheck("case-1", code)))
		_, err = b.Authenticate(t.Context(), token)
		say(err)
		_, _, err = b.SignIn(t.Context(), "ana@example.com", goodPassword, "192.0.2.1")
		say(err)
		_, err = b.CreateStaff(t.Context(), NewStaff{Email: "eva@example.com", Name: "Eva", Password: goodPassword, Roles: []Role{Lead}})
		say(err)
		if len(said) < 8 {
			t.Fatalf("too little went wrong: %v", said)
		}
		everything := strings.Join(said, "\n") + b.log.String()
		for _, private := range []string{"ana@", "eva@", "Ana Lima", "unrelated", code, token, token[4:], "192.0.2.1"} {
			if strings.Contains(everything, private) {
				t.Errorf("%q is in: %s", private, everything)
			}
		}
	})
}
