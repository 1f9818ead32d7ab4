package accounts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"regain/database"
	"regain/problem"
)

// as is the principal of a member of staff.
func as(s Staff) Principal {
	return Principal{Kind: StaffMember, ID: s.ID, Roles: s.Roles, Email: s.Email}
}

// TestAddPerson: an administrator adds somebody, whose password works once, to choose an
// own one with; the password stands nowhere but in the answer.
func TestAddPerson(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		admin := newStaff(t, b, "noor@example.com", Admin)
		bea, password, err := b.AddPerson(t.Context(), as(admin), NewStaff{Email: "Bea@Example.com", Name: "Bea", Roles: []Role{Reviewer}})
		ok(t, err)
		if bea.OneTimeUntil == nil || bea.OneTimeUntil.Sub(b.clock.Now().Truncate(time.Microsecond)) != 7*24*time.Hour || len(password) != 19 {
			t.Errorf("made %+v with %q", bea, password)
		}
		for _, table := range []string{"staff", "staff_changes", "outbox"} {
			if strings.Contains(dump(t, t.Context(), b.db, table), password) {
				t.Errorf("the password stands in %s", table)
			}
		}
		if letters := b.letters(t, "Bea@Example.com"); len(letters) != 1 || strings.Contains(letters[0].TextBody, password) || !strings.Contains(letters[0].TextBody, "added you") {
			t.Errorf("letters %+v", letters)
		}
		_, _, err = b.AddPerson(t.Context(), as(admin), NewStaff{Email: "bea@example.com", Name: "Eva", Roles: []Role{Lead}})
		refused(t, err, "email_taken")
		_, _, err = b.AddPerson(t.Context(), as(admin), NewStaff{})
		if got, want := pointers(err), []string{"/email invalid_email", "/name required", "/roles required"}; !slices.Equal(got, want) {
			t.Errorf("faults %v", got)
		}

		_, _, err = b.SignIn(t.Context(), "bea@example.com", "not the right words", "192.0.2.1")
		refused(t, err, "sign_in_failed")
		_, _, err = b.SignIn(t.Context(), "bea@example.com", password, "192.0.2.1")
		refused(t, err, "own_password_needed")
		_, _, err = b.ChoosePassword(t.Context(), "bea@example.com", "not the right words", goodPassword, "192.0.2.1")
		refused(t, err, "sign_in_failed")
		_, _, err = b.ChoosePassword(t.Context(), "bea@example.com", password, "short", "192.0.2.1")
		if got := pointers(err); !slices.Equal(got, []string{"/new_password too_short"}) {
			t.Errorf("got %v", got)
		}
		_, _, err = b.ChoosePassword(t.Context(), "bea@example.com", password, password, "192.0.2.1")
		if got := pointers(err); !slices.Equal(got, []string{"/new_password not_new"}) {
			t.Errorf("got %v", got)
		}
		token, who, err := b.ChoosePassword(t.Context(), "bea@example.com", password, goodPassword, "192.0.2.1")
		ok(t, err)
		if p, err := b.Authenticate(t.Context(), token); err != nil || p.ID != bea.ID || who.OneTimeUntil != nil {
			t.Errorf("session %+v %v", p, err)
		}
		_, _, err = b.ChoosePassword(t.Context(), "bea@example.com", password, "some other words here", "192.0.2.1")
		refused(t, err, "sign_in_failed")
		_, _, err = b.SignIn(t.Context(), "bea@example.com", goodPassword, "192.0.2.1")
		ok(t, err)

		// Whoever has an own password changes it in the same way, and is signed out elsewhere.
		_, _, err = b.ChoosePassword(t.Context(), "bea@example.com", goodPassword, "quite different words", "192.0.2.1")
		ok(t, err)
		_, err = b.Authenticate(t.Context(), token)
		refused(t, err, "unauthenticated")
	})
}

// TestOneTimePasswordLapses: it is answered like a wrong one from then on.
func TestOneTimePasswordLapses(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		admin := newStaff(t, b, "noor@example.com", Admin)
		bea := newStaff(t, b, "bea@example.com", Reviewer)
		token, _, err := b.SignIn(t.Context(), "bea@example.com", goodPassword, "192.0.2.1")
		ok(t, err)
		password, err := b.ResetPassword(t.Context(), as(admin), bea.ID)
		ok(t, err)
		_, err = b.Authenticate(t.Context(), token)
		refused(t, err, "unauthenticated")
		_, _, err = b.SignIn(t.Context(), "bea@example.com", goodPassword, "192.0.2.1")
		refused(t, err, "sign_in_failed")
		if letters := b.letters(t, "bea@example.com"); len(letters) != 1 || !strings.Contains(letters[0].TextBody, "new password") {
			t.Errorf("letters %+v", letters)
		}
		b.clock.Advance(7*24*time.Hour - time.Second)
		_, _, err = b.SignIn(t.Context(), "bea@example.com", password, "192.0.2.1")
		refused(t, err, "own_password_needed")
		b.clock.Advance(time.Second)
		_, _, err = b.SignIn(t.Context(), "bea@example.com", password, "192.0.2.1")
		refused(t, err, "sign_in_failed")
		_, _, err = b.ChoosePassword(t.Context(), "bea@example.com", password, goodPassword, "192.0.2.1")
		refused(t, err, "sign_in_failed")
	})
}

// TestOneTimePasswordWorksOnce: of many who use one at the same moment, one comes in.
func TestOneTimePasswordWorksOnce(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		admin := newStaff(t, b, "noor@example.com", Admin)
		_, password, err := b.AddPerson(t.Context(), as(admin), NewStaff{Email: "bea@example.com", Name: "Bea", Roles: []Role{Reviewer}})
		ok(t, err)
		in := make(chan error, 4)
		var callers sync.WaitGroup
		for n := range cap(in) {
			callers.Go(func() {
				_, _, err := b.ChoosePassword(t.Context(), "bea@example.com", password, fmt.Sprintf("words of number %d", n), "192.0.2.1")
				in <- err
			})
		}
		callers.Wait()
		close(in)
		came := 0
		for err := range in {
			if err == nil {
				came++
			} else if !problem.Is(err, "sign_in_failed") {
				t.Error(err)
			}
		}
		if came != 1 {
			t.Errorf("%d came in", came)
		}
	})
}

// TestChangingPeople: roles, access and passwords are an administrator's to change, of
// others only, and the last administrator stays.
func TestChangingPeople(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		admin, other := newStaff(t, b, "noor@example.com", Admin), newStaff(t, b, "omar@example.com", Admin, Lead)
		bea := newStaff(t, b, "bea@example.com", Reviewer)
		token, _, err := b.SignIn(t.Context(), "bea@example.com", goodPassword, "192.0.2.1")
		ok(t, err)
		ok(t, b.SetRoles(t.Context(), as(admin), bea.ID, []Role{Lead, Auditor, Lead}))
		p, err := b.Authenticate(t.Context(), token)
		ok(t, err)
		if !slices.Equal(p.Roles, []Role{Auditor, Lead}) {
			t.Errorf("roles %v", p.Roles)
		}
		ok(t, b.DisableStaff(t.Context(), as(admin), bea.ID))
		_, err = b.Authenticate(t.Context(), token)
		refused(t, err, "unauthenticated")
		ok(t, b.DisableStaff(t.Context(), as(admin), bea.ID)) // it was the wish
		ok(t, b.EnableStaff(t.Context(), as(other), bea.ID))
		_, _, err = b.SignIn(t.Context(), "bea@example.com", goodPassword, "192.0.2.1")
		ok(t, err)

		program := Principal{Kind: Program, ID: "key_1", Roles: []Role{Admin}}
		for _, by := range []Principal{as(bea), {}, {Kind: Anonymous}, {Kind: Customer, ID: bea.ID}, program} {
			_, _, adding := b.AddPerson(t.Context(), by, NewStaff{Email: "x@example.com", Name: "X", Roles: []Role{Admin}})
			_, resetting := b.ResetPassword(t.Context(), by, other.ID)
			for _, err := range []error{adding, resetting, b.SetRoles(t.Context(), by, other.ID, []Role{Lead}), b.DisableStaff(t.Context(), by, other.ID), b.EnableStaff(t.Context(), by, other.ID)} {
				refused(t, err, "role_required")
			}
		}
		for _, err := range []error{b.SetRoles(t.Context(), as(admin), admin.ID, []Role{Admin, Lead}), b.DisableStaff(t.Context(), as(admin), admin.ID), b.EnableStaff(t.Context(), as(admin), admin.ID)} {
			refused(t, err, "own_account")
		}
		_, err = b.ResetPassword(t.Context(), as(admin), admin.ID)
		refused(t, err, "own_account")
		_, err = b.ResetPassword(t.Context(), as(admin), "none")
		refused(t, err, "not_found")
		refused(t, b.SetRoles(t.Context(), as(admin), "none", []Role{Lead}), "not_found")
		if got := pointers(b.SetRoles(t.Context(), as(admin), bea.ID, nil)); !slices.Equal(got, []string{"/roles required"}) {
			t.Errorf("got %v", got)
		}

		ok(t, b.SetRoles(t.Context(), as(admin), other.ID, []Role{Lead}))
		refused(t, b.SetRoles(t.Context(), Operator(), admin.ID, []Role{Lead}), "last_admin")
		refused(t, b.DisableStaff(t.Context(), Operator(), admin.ID), "last_admin")
		ok(t, b.SetRoles(t.Context(), Operator(), admin.ID, []Role{Admin, Lead}))
		refused(t, b.EnableStaff(t.Context(), as(other), bea.ID), "role_required") // who still thinks that they are one
	})
}

// TestAdminsWhoDisableEachOther: one of the two comes too late.
func TestAdminsWhoDisableEachOther(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		one, two := newStaff(t, b, "one@example.com", Admin), newStaff(t, b, "two@example.com", Admin)
		var errs [2]error
		var callers sync.WaitGroup
		callers.Go(func() { errs[0] = b.DisableStaff(t.Context(), as(one), two.ID) })
		callers.Go(func() { errs[1] = b.SetRoles(t.Context(), as(two), one.ID, []Role{Lead}) })
		callers.Wait()
		admins, err := b.staffWith(t.Context(), Admin)
		ok(t, err)
		if len(admins) != 1 || (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("admins %+v, %v", admins, errs)
		}
	})
}

// TestPeople: the list goes by address a page at a time, and keeps those who are asked
// for, in every script.
func TestPeople(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		admin := newStaff(t, b, "noor@example.com", Admin)
		for n := range 260 { // more than one batch, hardly any of them wanted
			row, _ := b.newStaff(NewStaff{Email: fmt.Sprintf("p%03d@example.com", n), Name: "Somebody", Roles: []Role{PolicyAuthor}})
			row.PasswordHash = "x"
			ok(t, b.insertStaff(t.Context(), Operator(), &row))
		}
		row, _ := b.newStaff(NewStaff{Email: "zoe@example.com", Name: "Élodie 李文欣", Roles: []Role{Lead}})
		row.PasswordHash = "x"
		ok(t, b.insertStaff(t.Context(), Operator(), &row))
		gone := newStaff(t, b, "gone@example.com", Reviewer)
		ok(t, b.DisableStaff(t.Context(), as(admin), gone.ID))
		_, err := b.SetAbsence(t.Context(), as(admin), NewAbsence{Staff: admin.ID, From: b.clock.Now(), Until: b.clock.Now().Add(time.Hour)})
		ok(t, err)

		list := func(q PeopleQuery, limit int) string {
			t.Helper()
			var emails []string
			for after := ""; ; {
				q.Page, err = database.NewPage(limit, after)
				ok(t, err)
				people, next, err := b.People(t.Context(), as(admin), q)
				ok(t, err)
				if len(people) > limit {
					t.Fatalf("%d on a page of %d", len(people), limit)
				}
				for _, p := range people {
					emails = append(emails, strings.TrimSuffix(p.Email, "@example.com"))
				}
				if next == "" {
					return strings.Join(emails, " ")
				}
				after = next
			}
		}
		for _, test := range []struct {
			query PeopleQuery
			want  string
		}{
			{PeopleQuery{Text: "élODIE"}, "zoe"}, {PeopleQuery{Text: "文欣"}, "zoe"}, {PeopleQuery{Text: "ZOE@"}, "zoe"}, {PeopleQuery{Text: "%"}, ""},
			{PeopleQuery{Role: Lead}, "zoe"}, {PeopleQuery{State: PersonDisabled}, "gone"}, {PeopleQuery{State: PersonAway}, "noor"},
			{PeopleQuery{State: PersonActive, Role: Reviewer}, ""}, {PeopleQuery{Role: Admin}, "noor"},
		} {
			for _, limit := range []int{1, 50} {
				if got := list(test.query, limit); got != test.want {
					t.Errorf("%+v: %q, want %q", test.query, got, test.want)
				}
			}
		}
		for _, limit := range []int{7, 200} {
			if got := strings.Fields(list(PeopleQuery{}, limit)); len(got) != 263 || !slices.IsSorted(got) {
				t.Errorf("all: %d", len(got))
			}
		}
		_, _, err = b.People(t.Context(), Principal{Kind: StaffMember, ID: "x", Roles: []Role{Reviewer}}, PeopleQuery{})
		refused(t, err, "role_required")
		reviewer := Principal{Kind: StaffMember, ID: gone.ID, Roles: []Role{Reviewer}}
		_, err = b.Person(t.Context(), reviewer, admin.ID)
		refused(t, err, "not_found")
		if p, err := b.Person(t.Context(), reviewer, gone.ID); err != nil || !p.Disabled {
			t.Errorf("own: %+v %v", p, err)
		}
		if p, err := b.Person(t.Context(), as(admin), admin.ID); err != nil || p.AwayUntil == nil {
			t.Errorf("away: %+v %v", p, err)
		}
	})
}

// TestRecordOfStaff: every change has its line, admins and auditors read them, and what
// is altered, taken out or cut off afterwards is found.
func TestRecordOfStaff(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		admin := newStaff(t, b, "noor@example.com", Admin)
		bea, _, err := b.AddPerson(t.Context(), as(admin), NewStaff{Email: "bea@example.com", Name: "Bea", Roles: []Role{Reviewer}})
		ok(t, err)
		b.clock.Advance(time.Minute)
		ok(t, b.SetRoles(t.Context(), as(admin), bea.ID, []Role{Lead}))
		ok(t, b.SetRoles(t.Context(), as(admin), bea.ID, []Role{Lead})) // no change
		b.clock.Advance(time.Minute)
		password, err := b.ResetPassword(t.Context(), as(admin), bea.ID)
		ok(t, err)
		b.clock.Advance(time.Minute)
		_, _, err = b.ChoosePassword(t.Context(), "bea@example.com", password, goodPassword, "192.0.2.1")
		ok(t, err)
		b.clock.Advance(time.Minute)
		a, err := b.SetAbsence(t.Context(), as(bea), NewAbsence{Staff: bea.ID, From: b.clock.Now(), Until: b.clock.Now().Add(48 * time.Hour), Reason: "a secret cure"})
		ok(t, err)
		b.clock.Advance(time.Minute)
		ok(t, b.EndAbsence(t.Context(), as(bea), bea.ID, a.ID))
		b.clock.Advance(time.Minute)
		ok(t, b.DisableStaff(t.Context(), as(admin), bea.ID))
		b.clock.Advance(time.Minute)
		ok(t, b.EnableStaff(t.Context(), Operator(), bea.ID))

		var told []string
		for after := ""; ; {
			page, err := database.NewTimePage(3, after)
			ok(t, err)
			changes, next, err := b.StaffChanges(t.Context(), Principal{Kind: StaffMember, ID: "i", Roles: []Role{Auditor}}, bea.ID, page)
			ok(t, err)
			for _, c := range changes {
				who := map[string]string{admin.ID: "admin", bea.ID: "bea", "": "operator"}[c.By]
				told = append(told, fmt.Sprintf("%s %s %v%v%v", c.Kind, who, c.Before, c.After, c.From != nil))
			}
			if after = next; next == "" {
				break
			}
		}
		want := []string{
			"enabled operator [][]false", "disabled admin [][]false", "back bea [][]false", "away bea [][]true", "password_chosen bea [][]false",
			"password_reset admin [][]false", "roles admin [reviewer][lead]false", "added admin [][reviewer]false",
		}
		if !slices.Equal(told, want) {
			t.Errorf("told %q", told)
		}
		content := dump(t, t.Context(), b.db, "staff_changes")
		for _, secret := range []string{"cure", "bea@", "Bea", password} {
			if strings.Contains(content, secret) {
				t.Errorf("the record holds %q", secret)
			}
		}
		for _, by := range []Principal{as(bea), {Kind: StaffMember, Roles: []Role{Lead}}, {}, {Kind: Program, Roles: []Role{Auditor}}} {
			_, _, err := b.StaffChanges(t.Context(), by, "", database.Page{Limit: 1})
			refused(t, err, "role_required")
		}
		if lines, findings, err := b.VerifyStaffChanges(t.Context()); err != nil || lines != 9 || len(findings) > 0 {
			t.Fatalf("%d lines, %v, %v", lines, findings, err)
		}
		for harm, code := range map[string]string{
			`UPDATE staff_changes SET by_id = 'somebody' WHERE seq = 4`:                           "altered",
			`UPDATE staff_changes SET data = '{"after":["admin"]}' WHERE seq = 3`:                 "altered",
			`DELETE FROM staff_changes WHERE seq = 5`:                                             "missing",
			`DELETE FROM staff_changes WHERE seq = 9`:                                             "cut",
			`UPDATE staff_changes SET seq = CASE seq WHEN 6 THEN 1007 ELSE seq END WHERE seq = 6`: "missing",
		} {
			tx, err := b.db.BeginTx(t.Context(), nil)
			ok(t, err)
			_, err = tx.ExecContext(t.Context(), harm)
			ok(t, err)
			ok(t, tx.Commit())
			_, findings, err := b.VerifyStaffChanges(t.Context())
			ok(t, err)
			if !slices.ContainsFunc(findings, func(f RecordFinding) bool { return f.Code == code }) {
				t.Errorf("%s: %v", harm, findings)
			}
		}
	})
}

// TestNoSessionOutlivesAReset: whoever signs in with the old password at the moment at which
// an administrator replaces it is not in when that is done.
func TestNoSessionOutlivesAReset(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		admin, bea := newStaff(t, b, "noor@example.com", Admin), newStaff(t, b, "bea@example.com", Reviewer)
		var tokens [8]string
		var errs [8]error
		var at sync.WaitGroup
		for n := range tokens {
			at.Go(func() {
				tokens[n], _, errs[n] = b.SignIn(t.Context(), "bea@example.com", goodPassword, fmt.Sprintf("192.0.2.%d", n))
			})
		}
		_, err := b.ResetPassword(t.Context(), as(admin), bea.ID)
		ok(t, err)
		at.Wait()
		for n, token := range tokens {
			if errs[n] != nil {
				refused(t, errs[n], "sign_in_failed")
				continue
			}
			_, err := b.Authenticate(t.Context(), token)
			refused(t, err, "unauthenticated")
		}
	})
}

// TestStaffAreHeldAgainstTheirRecord: whoever was given roles, let in, added or removed past
// the record is found; those who were there before it, and changes at this moment, are not.
func TestStaffAreHeldAgainstTheirRecord(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		before := staffRow{ID: "before", Email: "old@example.com", EmailKey: "old@example.com", Name: "Old", Roles: database.NewJSON([]Role{Lead}),
			CreatedAt: b.clock.Now().Add(-time.Hour), UpdatedAt: b.clock.Now()}
		_, err := b.db.NewInsert().Model(&before).Exec(t.Context())
		ok(t, err)
		admin, bea, eva := newStaff(t, b, "noor@example.com", Admin), newStaff(t, b, "bea@example.com", Reviewer), newStaff(t, b, "eva@example.com", Reviewer)
		ok(t, b.SetRoles(t.Context(), as(admin), before.ID, []Role{Auditor}))
		ok(t, b.DisableStaff(t.Context(), as(admin), bea.ID))
		sound := func() {
			t.Helper()
			if _, findings, err := b.VerifyStaffChanges(t.Context()); err != nil || len(findings) > 0 {
				t.Errorf("%+v %v", findings, err)
			}
		}
		sound()
		var at sync.WaitGroup
		at.Go(func() {
			for range 20 {
				if err := errors.Join(b.SetRoles(t.Context(), as(admin), eva.ID, []Role{Lead}), b.SetRoles(t.Context(), as(admin), eva.ID, []Role{Reviewer})); err != nil {
					t.Error(err)
				}
			}
		})
		for range 20 {
			sound()
		}
		at.Wait()
		b.clock.Advance(time.Minute)
		intruder := before
		intruder.ID, intruder.EmailKey, intruder.CreatedAt = "intruder", "intruder@example.com", b.clock.Now()
		_, err = b.db.NewInsert().Model(&intruder).Exec(t.Context())
		ok(t, err)
		for _, harm := range []string{
			`UPDATE staff SET roles = '["admin"]' WHERE id = 'before'`,
			"UPDATE staff SET disabled_at = NULL WHERE id = '" + bea.ID + "'",
			"DELETE FROM staff WHERE id = '" + eva.ID + "'",
		} {
			_, err := b.db.ExecContext(t.Context(), harm)
			ok(t, err)
		}
		_, findings, err := b.VerifyStaffChanges(t.Context())
		ok(t, err)
		var got []string
		for _, f := range findings {
			got = append(got, f.Code)
		}
		slices.Sort(got)
		if want := []string{"access_differs", "gone", "roles_differ", "unrecorded"}; !slices.Equal(got, want) {
			t.Errorf("found %+v", findings)
		}
	})
}
