package cases_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"regain/cases"
	"regain/problem"
)

func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// Codes are good once, for ten minutes, for one contact.
func TestContactCodes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", withCard(0))
		send := func() error { return w.SendContactCode(w.ctx, c.actor, c.id, cases.Email, "192.0.2.9") }
		verify := func(code string) error {
			_, err := w.VerifyContact(w.ctx, c.actor, c.id, cases.Email, code)
			return err
		}
		wantCode(t, verify("123456"), "code_expired") // none was sent
		wantCode(t, w.SendContactCode(w.ctx, c.actor, c.id, cases.Phone, "192.0.2.9"), "contact_missing")
		wantCode(t, w.SendContactCode(w.ctx, c.actor, c.id, "fax", "192.0.2.9"), "contact_missing")
		wantCode(t, w.SendContactCode(w.ctx, reviewer("ben"), c.id, cases.Email, "192.0.2.9"), "case_not_found")

		must(t, send())
		first := w.code(c.email)
		wantCode(t, send(), "too_many_requests")
		wantCode(t, verify(wrong(first)), "code_wrong")
		w.clock.move(time.Minute)
		must(t, send())
		second := w.code(c.email)
		if first != second {
			wantCode(t, verify(first), "code_wrong") // a new code voids the old
		}
		w.clock.move(10 * time.Minute)
		wantCode(t, verify(second), "code_expired")
		must(t, send())
		third := w.code(c.email)
		must(t, verify(third))
		wantCode(t, verify(third), "code_expired") // used
		w.wantLetters(c.email, "case_started")
		w.wantWords(c.email, "case_started", c.ref)

		w.clock.move(time.Minute)
		must(t, send())
		code := w.code(c.email)
		for range 5 {
			wantCode(t, verify(wrong(code)), "code_wrong")
		}
		wantCode(t, verify(code), "code_expired") // tried too often
		w.wantSound()
	})
}

// A changed contact is to be proved anew, and its predecessor's code is void.
func TestContactChanged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", withCard(0)).prove()
		if c.read().EmailAt == nil {
			t.Fatal("not proved")
		}
		w.clock.move(time.Minute)
		must(t, w.SendContactCode(w.ctx, c.actor, c.id, cases.Email, "192.0.2.9"))
		old := w.code(c.email)
		particulars := cases.Particulars{Account: "ana-2019", Lost: []cases.Channel{cases.Email, cases.Phone}, NewEmail: c.email, NewPhone: "+5511987654321"}
		revise := func() {
			_, _, err := w.Revise(w.ctx, c.actor, c.id, 0, cases.Revision{Particulars: &particulars})
			must(t, err)
		}
		revise()
		if c.read().EmailAt == nil {
			t.Fatal("the same address stays proved")
		}
		particulars.NewEmail = "other@mail.example"
		revise()
		if got := c.read(); got.EmailAt != nil {
			t.Fatal("another address is not proved")
		}
		_, err := w.VerifyContact(w.ctx, c.actor, c.id, cases.Email, old)
		wantCode(t, err, "code_expired")
		c.supplies()
		_, err = w.Submit(w.ctx, c.actor, c.id, 0)
		wantFields(t, err, "/new_email not_verified", "/new_phone not_verified")
		for channel, to := range map[cases.Channel]string{cases.Email: "other@mail.example", cases.Phone: "+5511987654321"} {
			must(t, w.SendContactCode(w.ctx, c.actor, c.id, channel, "192.0.2.9"))
			_, err = w.VerifyContact(w.ctx, c.actor, c.id, channel, w.code(to))
			must(t, err)
		}
		c.submit()
		w.wantSound()
	})
}

// Whoever lost the e-mail is written to by text message.
func TestReachedByPhone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in, err := w.Start(w.ctx, cases.StartInput{Answers: withCard(0), Particulars: cases.Particulars{
			Account: "ana", Lost: []cases.Channel{cases.Phone}, NewPhone: "+8613812345678"}})
		must(t, err)
		c := &claimant{world: w, id: in.ID, actor: cases.Actor{Kind: cases.Customer, ID: in.ID}, email: "+8613812345678"}
		must(t, w.SendContactCode(w.ctx, c.actor, c.id, cases.Phone, "192.0.2.9"))
		_, err = w.VerifyContact(w.ctx, c.actor, c.id, cases.Phone, w.code(c.email))
		must(t, err)
		c.supplies().submit()
		w.wantLetters(c.email, "case_started", "case_submitted")
	})
}

// The reference and a code bring the customer back, from any device; typed as
// people type.
func TestResume(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", withCard(0)) // the contact is not proved yet
		typed := " " + strings.ToLower(strings.ReplaceAll(c.ref, "-", " "))
		must(t, w.SendResumeCode(w.ctx, typed, cases.Email, "192.0.2.9"))
		code := w.code(c.email)
		_, err := w.Resume(w.ctx, typed, cases.Email, wrong(code))
		wantCode(t, err, "code_wrong")
		got, err := w.Resume(w.ctx, c.ref, cases.Email, code)
		must(t, err)
		if got.ID != c.id || got.EmailAt == nil {
			t.Fatalf("whoever reads the code has proved the contact: %+v", got)
		}
		_, err = w.Resume(w.ctx, c.ref, cases.Email, code)
		wantCode(t, err, "code_expired")
		// The code of one purpose is no good for the other.
		w.clock.move(time.Minute)
		must(t, w.SendContactCode(w.ctx, c.actor, c.id, cases.Email, "192.0.2.9"))
		_, err = w.Resume(w.ctx, c.ref, cases.Email, w.code(c.email))
		wantCode(t, err, "code_expired")

		_, err = w.Withdraw(w.ctx, c.actor, c.id, 0)
		must(t, err)
		w.clock.move(time.Minute)
		must(t, w.SendResumeCode(w.ctx, c.ref, cases.Email, "192.0.2.9"))
		_, err = w.Resume(w.ctx, c.ref, cases.Email, w.code(c.email))
		must(t, err) // an ended case can be read
		wantCode(t, w.SendContactCode(w.ctx, c.actor, c.id, cases.Email, "192.0.2.9"), "wrong_state")
		w.wantSound()
	})
}

// A reference that does not exist is answered as one that does, step by step:
// the same words, limits and refusals, and rows written.
func TestResumeOfUnknownReference(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		known := w.begin("ana-2019", withCard(0)).prove()
		w.clock.move(2 * time.Hour)
		walk := func(reference string) []string {
			var said []string
			say := func(err error) {
				p, _ := problem.As(err)
				switch {
				case err == nil:
					said = append(said, "fine")
				case p == nil:
					t.Fatal(err)
				default:
					said = append(said, fmt.Sprint(p.Code, p.Kind, p.Detail, p.RetryAfter))
				}
			}
			before := w.rows()
			_, err := w.Resume(w.ctx, reference, cases.Email, "abcdef")
			say(err)
			say(w.SendResumeCode(w.ctx, reference, cases.Email, "192.0.2.9"))
			say(w.SendResumeCode(w.ctx, reference, cases.Email, "192.0.2.9"))
			say(w.SendResumeCode(w.ctx, reference, cases.Phone, "192.0.2.9"))
			for range 6 {
				_, err := w.Resume(w.ctx, reference, cases.Email, "abcdef")
				say(err)
			}
			w.deliver()
			w.clock.move(10 * time.Minute)
			_, err = w.Resume(w.ctx, reference, cases.Email, "abcdef")
			say(err)
			after := w.rows()
			for n := range after {
				said = append(said, fmt.Sprint(after[n]-before[n], " rows"))
			}
			return said
		}
		unknown := walk("ZZZZ-ZZZZ-ZZ")
		wantSame(t, "answers", walk(known.ref), unknown)
		if !slices.Contains(unknown, "fine") || len(w.letters("")) != 3 { // prove, started, resume
			t.Fatalf("answers %q, letters %d", unknown, len(w.letters("")))
		}
	})
}

// rows counts what asking for codes writes, but for windows of limits, which are shared.
func (w *world) rows() []int {
	w.t.Helper()
	var out []int
	for _, table := range []string{"codes", "outbox"} {
		n, err := w.db.NewSelect().Table(table).Count(w.ctx)
		must(w.t, err)
		out = append(out, int(n))
	}
	return out
}

func TestNormalizeReference(t *testing.T) {
	for typed, want := range map[string]string{
		"7F3K-29QD-XM":             "7F3K-29QD-XM",
		" 7f3k 29qd xm\n":          "7F3K-29QD-XM",
		"７Ｆ３Ｋ－２９ＱＤ－ＸＭ":             "7F3K-29QD-XM",
		"7F3K\x0029QD\u202eXM":     "7F3K-29QD-XM",
		"":                         "",
		"'; drop table":            "DRPT-ABE",
		strings.Repeat("7F3K", 99): "",
	} {
		if got := cases.NormalizeReference(typed); got != want {
			t.Errorf("%q: got %q, want %q", typed, got, want)
		}
	}
}
