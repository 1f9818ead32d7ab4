package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
)

// organisation makes an organisation with members.
func organisation(t *testing.T, b *bench, name string, members ...string) Organisation {
	t.Helper()
	o, err := b.CreateOrganisation(t.Context(), "lead-1", name)
	ok(t, err)
	for _, m := range members {
		_, err := b.AddMember(t.Context(), "lead-1", o.ID, m)
		ok(t, err)
	}
	o, err = b.OrganisationByID(t.Context(), o.ID)
	ok(t, err)
	return o
}

func TestOrganisations(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		nuvem := organisation(t, b, " Nuvem  Parceira Ltda. ", "Rui@Parceira.example", "bea@parceira.example")
		if got := nuvem.Addresses(); !slices.Equal(got, []string{"bea@parceira.example", "Rui@Parceira.example"}) {
			t.Errorf("addresses %v", got)
		}
		_, err := b.CreateOrganisation(t.Context(), "", "NUVEM parceira ltda.")
		refused(t, err, "name_taken")
		_, err = b.CreateOrganisation(t.Context(), "", " ")
		if got := pointers(err); !slices.Equal(got, []string{"/name required"}) {
			t.Errorf("got %v", got)
		}
		found, err := b.OrganisationNamed(t.Context(), "nuvem parceira LTDA.")
		ok(t, err)
		if found.ID != nuvem.ID {
			t.Errorf("found %+v", found)
		}
		organisation(t, b, "Andere GmbH")
		list, err := b.ListOrganisations(t.Context(), "", 1)
		ok(t, err)
		if len(list) != 1 || list[0].Name != "Andere GmbH" {
			t.Fatalf("the first page: %+v", list)
		}
		list, err = b.ListOrganisations(t.Context(), list[0].Name, 10)
		ok(t, err)
		if len(list) != 1 || list[0].ID != nuvem.ID {
			t.Errorf("the second page: %+v", list)
		}
		_, err = b.OrganisationByID(t.Context(), "none")
		refused(t, err, "organisation_not_found")
	})
}

// TestOneAddressOneOrganisation: what is asked of an address is one organisation's.
func TestOneAddressOneOrganisation(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		first := organisation(t, b, "First", "rui@first.example")
		second := organisation(t, b, "Second", "eva@shared.example")
		_, err := b.AddMember(t.Context(), "", second.ID, "RUI@first.EXAMPLE")
		refused(t, err, "member_taken")
		_, err = b.AddMember(t.Context(), "", "none", "a@b.example")
		refused(t, err, "organisation_not_found")
		_, err = b.AddMember(t.Context(), "", second.ID, "nobody")
		if got := pointers(err); !slices.Equal(got, []string{"/email invalid_email"}) {
			t.Errorf("got %v", got)
		}
		o, err := b.SetDomains(t.Context(), "admin-1", first.ID, []string{"@First.example", "first.example", "other.example"})
		ok(t, err)
		if !slices.Equal(o.Domains, []string{"first.example", "other.example"}) {
			t.Errorf("domains %v", o.Domains)
		}
		_, err = b.AddMember(t.Context(), "", second.ID, "zoe@first.example")
		refused(t, err, "domain_taken")
		_, err = b.SetDomains(t.Context(), "admin-1", second.ID, []string{"first.example"})
		refused(t, err, "domain_taken")
		_, err = b.SetDomains(t.Context(), "admin-1", first.ID, []string{"shared.example"})
		refused(t, err, "domain_taken")
		_, err = b.SetDomains(t.Context(), "admin-1", first.ID, []string{"gmail.com", "no domain", "a@b.example", "first.example"})
		if got := pointers(err); !slices.Equal(got, []string{"/domains/0 public_mail", "/domains/1 invalid_domain", "/domains/2 invalid_domain"}) {
			t.Errorf("got %v", got)
		}
		o, err = b.SetDomains(t.Context(), "admin-1", first.ID, nil)
		ok(t, err)
		if read, err := b.OrganisationByID(t.Context(), first.ID); err != nil || len(o.Domains)+len(read.Domains) != 0 {
			t.Errorf("left %v, %v, %v", o.Domains, read.Domains, err)
		}
	})
}

// TestNobodySendsAndReviews: an address is a member of staff's or an organisation's member's,
// never both, also of two who make it so at the same moment.
func TestNobodySendsAndReviews(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		bea := newStaff(t, b, "bea@example.com", Reviewer)
		o := organisation(t, b, "Nuvem", "rui@parceira.example")
		refused(t, fault(b.AddMember(t.Context(), "", o.ID, "Bea@Example.com")), "staff_address")
		ok(t, b.DisableStaff(t.Context(), Operator(), bea.ID))
		refused(t, fault(b.AddMember(t.Context(), "", o.ID, "bea@example.com")), "staff_address")
		rui := NewStaff{Email: "RUI@parceira.example", Name: "Rui", Password: goodPassword, Roles: []Role{Reviewer}}
		refused(t, fault(b.CreateStaff(t.Context(), rui)), "member_address")
		refused(t, second(b.AddPerson(t.Context(), Operator(), rui)), "member_address")
		// However an address is written, its mailbox is one person's; a domain's addresses are its organisation's.
		refused(t, fault(b.AddMember(t.Context(), "", o.ID, "Bea+partner@example.com")), "staff_address")
		noted := rui
		noted.Email = "rui+staff@parceira.example"
		refused(t, fault(b.CreateStaff(t.Context(), noted)), "member_address")
		refused(t, fault(b.SetDomains(t.Context(), "", o.ID, []string{"example.com"})), "staff_address")
		ok(t, fault(b.SetDomains(t.Context(), "", o.ID, []string{"nuvem.example"})))
		noted.Email = "ivo@nuvem.example"
		refused(t, fault(b.CreateStaff(t.Context(), noted)), "member_address")
		ok(t, b.RemoveMember(t.Context(), "lead-1", o.ID, o.Members[0].ID))
		ok(t, fault(b.CreateStaff(t.Context(), rui)))

		for n := range 10 {
			email := fmt.Sprintf("eva-%d@parceira.example", n)
			var member, staff error
			var at sync.WaitGroup
			at.Go(func() { member = fault(b.AddMember(t.Context(), "", o.ID, email)) })
			at.Go(func() {
				staff = second(b.AddPerson(t.Context(), Operator(), NewStaff{Email: email, Name: "Eva", Roles: []Role{Lead}}))
			})
			at.Wait()
			if (member == nil) == (staff == nil) {
				t.Fatalf("round %d: %v, %v", n, member, staff)
			}
		}
		if found, err := b.VerifyOrganisations(t.Context()); err != nil || len(found) != 0 {
			t.Errorf("of a sound one: %+v %v", found, err)
		}
		_, err := b.db.NewInsert().Model(&memberRow{ID: "m1", OrganisationID: o.ID, Email: "bea@example.com", EmailKey: "bea@example.com", AddedAt: b.clock.Now()}).Exec(t.Context())
		ok(t, err)
		if found, err := b.VerifyOrganisations(t.Context()); err != nil || len(found) != 1 || found[0].Code != "staff" {
			t.Errorf("found %+v %v", found, err)
		}
	})
}

// memberCode asks for a code and gives it.
func (b *bench) memberCode(t *testing.T, email string) string {
	t.Helper()
	ok(t, b.SendMemberCode(t.Context(), email, "pt-BR", "192.0.2.7"))
	return codeIn(t, b.letters(t, email)[0].TextBody)
}

func TestMemberSignsIn(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		nuvem := organisation(t, b, "Nuvem", "rui@parceira.example")
		code := b.memberCode(t, "rui@parceira.example")
		letters := b.letters(t, "rui@parceira.example")
		if len(letters) != 2 || letters[0].Subject != "Seu código de acesso" || letters[1].Subject != "You can sign in for Nuvem" {
			t.Errorf("the letters are %+v", letters)
		}
		refused(t, second(b.SignInMember(t.Context(), "eva@parceira.example", code, "")), "code_expired")
		refused(t, second(b.SignInMember(t.Context(), "rui@parceira.example", wrong(code), "")), "code_wrong")
		token, m, err := b.SignInMember(t.Context(), "Rui@Parceira.example", code, "192.0.2.7")
		ok(t, err)
		p, err := b.Authenticate(t.Context(), token)
		ok(t, err)
		if p.Kind != OrganisationMember || p.ID != m.ID || len(p.Roles) != 0 {
			t.Errorf("principal %+v of %+v", p, m)
		}
		_, o, err := b.Membership(t.Context(), p.ID)
		ok(t, err)
		if o.ID != nuvem.ID {
			t.Errorf("member of %+v", o)
		}
		refused(t, second(b.SignInMember(t.Context(), "rui@parceira.example", code, "")), "code_expired")
		b.clock.Advance(time.Hour)
		refused(t, fault(b.Authenticate(t.Context(), token)), "unauthenticated") // idle
	})
}

func second[A, B any](_ A, _ B, err error) error { return err }
func fault[A any](_ A, err error) error          { return err }

func TestRemovedMember(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		nuvem := organisation(t, b, "Nuvem", "rui@parceira.example")
		other := organisation(t, b, "Another")
		token, m, err := b.SignInMember(t.Context(), "rui@parceira.example", b.memberCode(t, "rui@parceira.example"), "")
		ok(t, err)
		refused(t, b.RemoveMember(t.Context(), "lead-1", other.ID, m.ID), "member_not_found")
		ok(t, b.RemoveMember(t.Context(), "lead-1", nuvem.ID, m.ID))
		refused(t, b.RemoveMember(t.Context(), "lead-1", nuvem.ID, m.ID), "member_not_found")
		refused(t, fault(b.Authenticate(t.Context(), token)), "unauthenticated")
		refused(t, second(b.Membership(t.Context(), m.ID)), "unauthenticated")
		before := len(b.letters(t, "rui@parceira.example"))
		b.clock.Advance(time.Hour)
		ok(t, b.SendMemberCode(t.Context(), "rui@parceira.example", "en", "192.0.2.7"))
		if got := len(b.letters(t, "rui@parceira.example")); got != before {
			t.Errorf("a removed member got %d letters more", got-before)
		}
		names, err := b.MemberEmails(t.Context(), []string{m.ID, "none"})
		ok(t, err)
		if len(names) != 1 || names[m.ID] != "rui@parceira.example" {
			t.Errorf("names %v", names)
		}
		again, err := b.AddMember(t.Context(), "", other.ID, "rui@parceira.example")
		ok(t, err)
		if again.ID == m.ID {
			t.Error("the membership came back to life")
		}
	})
}

// TestMemberSignInTellsNothing: whatever is done with an address that is nobody's is
// answered as if it were a member's, and no letter leaves.
func TestMemberSignInTellsNothing(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		organisation(t, b, "Nuvem", "rui@parceira.example")
		var answers [2][]string
		for n, email := range []string{"rui@parceira.example", "eva@parceira.example"} {
			told := func(err error) {
				text := "fine"
				if p, is := problem.As(err); is {
					text = p.Code + " " + p.Detail + " " + p.RetryAfter.String()
				} else if err != nil {
					t.Fatal(err)
				}
				answers[n] = append(answers[n], text)
			}
			told(second(b.SignInMember(t.Context(), email, "000000", "192.0.2.9")))
			told(b.SendMemberCode(t.Context(), email, "en", "192.0.2.9"))
			told(b.SendMemberCode(t.Context(), email, "en", "192.0.2.9")) // too early
			guess := "000000"
			if n == 0 {
				guess = wrong(codeIn(t, b.letters(t, email)[0].TextBody))
			}
			for range 6 {
				told(second(b.SignInMember(t.Context(), email, guess, "192.0.2.9")))
			}
		}
		if !slices.Equal(answers[0], answers[1]) {
			t.Errorf("a member is told\n%s\nanother\n%s", strings.Join(answers[0], "\n"), strings.Join(answers[1], "\n"))
		}
		if got := b.letters(t, "eva@parceira.example"); len(got) != 0 {
			t.Errorf("letters to nobody: %+v", got)
		}
	})
}

// pause has whoever is about to run a statement with a prefix wait.
type pause struct {
	before string
	wait   func()
}

func (p *pause) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	if strings.HasPrefix(e.Query, p.before) {
		p.wait()
	}
	return ctx
}
func (p *pause) AfterQuery(context.Context, *bun.QueryEvent) {}

// TestOneAddressOneOrganisationAtOnce: of two who give one address to two organisations at the
// same moment, by a member and by a domain, the one who comes second is refused, though each
// looked before the other was done.
func TestOneAddressOneOrganisationAtOnce(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		first, second := organisation(t, b, "First"), organisation(t, b, "Second")
		for _, test := range []struct {
			before, domain string
			one, other     func(domain string) error
		}{
			{`INSERT INTO "organisation_members"`, "one.example",
				func(domain string) error { return fault(b.AddMember(t.Context(), "", second.ID, "rui@"+domain)) },
				func(domain string) error { return fault(b.SetDomains(t.Context(), "", first.ID, []string{domain})) }},
			{`INSERT INTO "organisation_domains"`, "two.example",
				func(domain string) error { return fault(b.SetDomains(t.Context(), "", first.ID, []string{domain})) },
				func(domain string) error { return fault(b.AddMember(t.Context(), "", second.ID, "rui@"+domain)) }},
		} {
			looked, done := make(chan struct{}), make(chan error, 1)
			plain := b.db.DB
			b.db.DB = plain.WithQueryHook(&pause{before: test.before, wait: sync.OnceFunc(func() {
				close(looked)
				select {
				case err := <-done: // it was let through
					done <- err
				case <-time.After(300 * time.Millisecond): // it waits
				}
			})})
			go func() {
				<-looked
				done <- test.other(test.domain)
			}()
			ok(t, test.one(test.domain))
			refused(t, <-done, "domain_taken")
			b.db.DB = plain
		}
	})
}

// TestDoubledAddressesAreFound: of a database in which an address came to be two
// organisations' the verification says so, by ids alone.
func TestDoubledAddressesAreFound(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		first, second := organisation(t, b, "First"), organisation(t, b, "Second", "rui@shared.example", "eva@second.example")
		_, err := b.SetDomains(t.Context(), "", second.ID, []string{"second.example"})
		ok(t, err)
		found, err := b.VerifyOrganisations(t.Context())
		if err != nil || len(found) != 0 {
			t.Errorf("of a sound one: %+v %v", found, err)
		}
		_, err = b.db.NewInsert().Model(&domainRow{Domain: "shared.example", OrganisationID: first.ID, VerifiedAt: b.clock.Now()}).Exec(t.Context())
		ok(t, err)
		found, err = b.VerifyOrganisations(t.Context())
		ok(t, err)
		if len(found) != 1 || found[0].Code != "doubled" || !strings.Contains(found[0].Detail, second.Members[1].ID) || strings.Contains(found[0].Detail, "shared") {
			t.Errorf("found %+v", found)
		}
	})
}

// TestDomainsSetTwiceAtOnce: two who set an organisation's domains at the same moment leave
// what one of them said, and neither is told that they are another's.
func TestDomainsSetTwiceAtOnce(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for n := range 20 {
			o := organisation(t, b, fmt.Sprint("First ", n))
			sets := [][]string{{fmt.Sprintf("a%d.example", n), fmt.Sprintf("b%d.example", n)}, {fmt.Sprintf("b%d.example", n), fmt.Sprintf("c%d.example", n)}}
			errs := make([]error, len(sets))
			var at sync.WaitGroup
			for i, domains := range sets {
				at.Go(func() { _, errs[i] = b.SetDomains(t.Context(), "", o.ID, domains) })
			}
			at.Wait()
			ok(t, errors.Join(errs...))
			read, err := b.OrganisationByID(t.Context(), o.ID)
			ok(t, err)
			if !slices.Equal(read.Domains, sets[0]) && !slices.Equal(read.Domains, sets[1]) {
				t.Fatalf("round %d: left %v", n, read.Domains)
			}
		}
	})
}

// TestOrganisationsAreHeldAgainstTheirRecord: whoever gave an organisation a domain, or let
// a member in or back in, past the record is found; those of before it are not. Nothing of
// the record names a person.
func TestOrganisationsAreHeldAgainstTheirRecord(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		old := organisationRow{ID: "old", Name: "Old", NameKey: "old", CreatedAt: b.clock.Now()}
		_, err := b.db.NewInsert().Model(&old).Exec(t.Context())
		ok(t, err)
		early := domainRow{Domain: "old.example", OrganisationID: "old", VerifiedAt: b.clock.Now()}
		_, err = b.db.NewInsert().Model(&early).Exec(t.Context())
		ok(t, err)
		nuvem := organisation(t, b, "Nuvem", "rui@parceira.example", "bea@parceira.example")
		_, err = b.SetDomains(t.Context(), "admin-1", nuvem.ID, []string{"parceira.example"})
		ok(t, err)
		gone := nuvem.Member("rui@parceira.example").ID
		ok(t, b.RemoveMember(t.Context(), "lead-1", nuvem.ID, gone))
		page, err := database.NewTimePage(10, "")
		ok(t, err)
		lines, _, err := b.StaffChanges(t.Context(), Principal{Kind: StaffMember, Roles: []Role{Auditor}}, "", page)
		ok(t, err)
		if removed := lines[0]; removed.Kind != MemberRemoved || removed.By != "lead-1" || removed.Subject != nuvem.ID || removed.Other != gone || removed.Staff != "" {
			t.Errorf("the last line: %+v", removed)
		}
		if content := dump(t, t.Context(), b.db, "staff_changes"); strings.Contains(content, "rui@") || strings.Contains(content, "Nuvem") {
			t.Errorf("the record names somebody: %s", content)
		}
		if _, findings, err := b.VerifyStaffChanges(t.Context()); err != nil || len(findings) > 0 {
			t.Fatalf("%+v %v", findings, err)
		}
		for _, harm := range []string{
			"INSERT INTO organisation_domains (domain, organisation_id, verified_at, verified_by) SELECT 'mine.example', id, created_at, '' FROM organisations WHERE id = '" + nuvem.ID + "'",
			"UPDATE organisation_members SET removed_at = NULL WHERE id = '" + gone + "'",
		} {
			_, err := b.db.ExecContext(t.Context(), harm)
			ok(t, err)
		}
		var codes []string
		_, findings, err := b.VerifyStaffChanges(t.Context())
		ok(t, err)
		for _, f := range findings {
			codes = append(codes, f.Code)
		}
		if !slices.Equal(codes, []string{"domains_differ", "membership_differs"}) {
			t.Errorf("found %+v", findings)
		}
	})
}

// TestOrganisationsAndStaffAtOnce: those who keep organisations and those who keep staff
// wait for each other in one order.
func TestOrganisationsAndStaffAtOnce(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		admin := newStaff(t, b, "noor@example.com", Admin)
		nuvem := organisation(t, b, "Nuvem")
		var at sync.WaitGroup
		for n := range 8 {
			at.Go(func() {
				_, _, err := b.AddPerson(t.Context(), as(admin), NewStaff{Email: fmt.Sprintf("p%d@example.com", n), Name: "P", Roles: []Role{Reviewer}})
				m, err2 := b.AddMember(t.Context(), admin.ID, nuvem.ID, fmt.Sprintf("m%d@parceira.example", n))
				_, err3 := b.SetDomains(t.Context(), admin.ID, nuvem.ID, []string{fmt.Sprintf("d%d.example", n)})
				if err := errors.Join(err, err2, err3, b.RemoveMember(t.Context(), admin.ID, nuvem.ID, m.ID)); err != nil {
					t.Error(err)
				}
			})
		}
		at.Wait()
		if _, findings, err := b.VerifyStaffChanges(t.Context()); err != nil || len(findings) > 0 {
			t.Errorf("%+v %v", findings, err)
		}
	})
}
