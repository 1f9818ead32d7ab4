package cases_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"regain/cases"
)

// Each violation planted in the record is found, and those after it too.
func TestPlantedViolationsAreFound(t *testing.T) {
	update := func(w *world, query string, args ...any) {
		_, err := w.db.NewRaw(query, args...).Exec(w.ctx)
		must(w.t, err)
	}
	// resealed rewrites an event and everything after it, with good hashes and head.
	resealed := func(c *claimant, change func(seq int, e *cases.Event)) {
		head := ""
		for n, e := range c.eventRows() {
			change(n+1, e)
			e.Seal(head)
			head = e.Hash
			_, err := c.db.NewUpdate().Model(e).WherePK().Exec(c.ctx)
			must(c.t, err)
		}
		update(c.world, "UPDATE cases SET event_head = ? WHERE id = ?", head, c.id)
	}
	for _, test := range []struct {
		name  string
		plant func(c *claimant)
		want  []string // "seq code"; other findings may stand beside them
	}{
		{"altered data", func(c *claimant) {
			update(c.world, "UPDATE events SET data = '{}' WHERE case_id = ? AND seq = 3", c.id)
		}, []string{"3 altered"}},
		{"altered actor", func(c *claimant) {
			update(c.world, "UPDATE events SET actor_id = 'somebody' WHERE case_id = ? AND seq = 3", c.id)
		}, []string{"3 altered"}},
		{"altered time", func(c *claimant) {
			update(c.world, "UPDATE events SET at = ? WHERE case_id = ? AND seq = 3", c.clock.now().Add(1000), c.id)
		}, []string{"3 altered"}},
		{"altered and sealed again", func(c *claimant) {
			e := c.eventRows()[2]
			e.ActorID = "somebody"
			e.Seal(e.Prev)
			_, err := c.db.NewUpdate().Model(e).WherePK().Exec(c.ctx)
			must(c.t, err)
		}, []string{"4 broken_link"}},
		{"deleted", func(c *claimant) {
			update(c.world, "DELETE FROM events WHERE case_id = ? AND seq = 3", c.id)
		}, []string{"4 gap", "4 broken_link"}},
		{"first deleted", func(c *claimant) {
			update(c.world, "DELETE FROM events WHERE case_id = ? AND seq = 1", c.id)
		}, []string{"2 gap", "2 broken_link", "2 illegal_transition"}},
		{"all deleted", func(c *claimant) {
			update(c.world, "DELETE FROM events WHERE case_id = ?", c.id)
		}, []string{"0 truncated", "0 wrong_head", "0 wrong_state"}},
		{"reordered", func(c *claimant) {
			for _, step := range [][2]int{{3, 99}, {4, 3}, {99, 4}} {
				update(c.world, "UPDATE events SET seq = ? WHERE case_id = ? AND seq = ?", step[1], c.id, step[0])
			}
		}, []string{"3 altered", "3 broken_link", "4 altered", "4 broken_link"}},
		{"tail cut off", func(c *claimant) {
			update(c.world, "DELETE FROM events WHERE case_id = ? AND seq >= ?", c.id, len(c.eventRows()))
		}, []string{"0 truncated", "0 wrong_head", "0 wrong_state"}},
		{"tail cut off, and head and count forged", func(c *claimant) {
			rows := c.eventRows()
			update(c.world, "DELETE FROM events WHERE case_id = ? AND seq = ?", c.id, len(rows))
			update(c.world, "UPDATE cases SET event_seq = ?, event_head = ? WHERE id = ?", len(rows)-1, rows[len(rows)-2].Hash, c.id)
		}, []string{"0 wrong_state"}},
		{"forged head", func(c *claimant) {
			update(c.world, "UPDATE cases SET event_head = ? WHERE id = ?", strings.Repeat("0", 64), c.id)
		}, []string{"0 wrong_head"}},
		{"state changed without an event", func(c *claimant) {
			update(c.world, "UPDATE cases SET state = ? WHERE id = ?", cases.Denied, c.id)
		}, []string{"0 wrong_state"}},
		{"a decision that takes back what was never decided", func(c *claimant) {
			update(c.world, "UPDATE item_decisions SET undoes = ? WHERE case_id = ?", "no decision", c.id)
		}, []string{"0 undoes_nothing"}},
		{"round changed without an event", func(c *claimant) {
			update(c.world, "UPDATE cases SET round = 2 WHERE id = ?", c.id)
		}, []string{"0 wrong_round"}},
		{"another holder", func(c *claimant) {
			update(c.world, "UPDATE cases SET claimed_by = ?, claim_expires = ? WHERE id = ?", reviewer("eva").ID, c.clock.now(), c.id)
		}, []string{"0 wrong_holder"}},
		{"put away by nobody", func(c *claimant) {
			update(c.world, "UPDATE cases SET snoozed_until = ? WHERE id = ?", c.clock.now(), c.id)
		}, []string{"0 wrong_snooze"}},
		{"put away until no time", func(c *claimant) {
			update(c.world, "UPDATE cases SET snoozed_by = ? WHERE id = ?", reviewer("eva").ID, c.id)
		}, []string{"0 wrong_snooze"}},
		{"a whole chain forged, with a step that the lifecycle does not know", func(c *claimant) {
			resealed(c, func(_ int, e *cases.Event) {
				if e.Type == "claim" {
					e.Type = "teleport"
				}
			})
		}, []string{"5 illegal_transition"}},
		{"a whole chain forged, with the wrong actor", func(c *claimant) {
			resealed(c, func(_ int, e *cases.Event) {
				if e.Type == "approve" {
					e.ActorKind = cases.Customer
				}
			})
		}, []string{"7 illegal_transition"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				var planted []*claimant
				for _, name := range []string{"first", "sound", "last"} {
					c := w.filed(name, unpaid())
					c.claim(reviewer("ben"))
					c.accepts(reviewer("ben"))
					_, err := w.Approve(w.ctx, reviewer("ben"), c.id, 0, "")
					must(t, err)
					if name != "sound" {
						planted = append(planted, c)
					}
				}
				wantSame(t, "events", planted[0].events(), []string{
					"start", "verify_contact", "supply", "submit", "claim", "decide_item", "approve"})
				w.wantSound()
				for _, c := range planted {
					test.plant(c)
				}
				report, err := w.VerifyAudit(w.ctx)
				must(t, err)
				wantSame(t, "cases", report.Cases, 3)
				for _, c := range planted {
					for _, want := range test.want {
						found := slices.ContainsFunc(report.Findings, func(f cases.AuditFinding) bool {
							return f.CaseID == c.id && fmt.Sprintf("%d %s", f.Seq, f.Code) == want
						})
						if !found {
							t.Errorf("%s is not found; found are %+v", want, report.Findings)
						}
					}
				}
				for _, f := range report.Findings {
					if f.CaseID != planted[0].id && f.CaseID != planted[1].id {
						t.Errorf("the sound case has a finding: %+v", f)
					}
				}
			})
		})
	}
}

// A case that changes while it is verified is not reported.
func TestVerifyWhileCasesChange(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(0))
		stop := make(chan struct{})
		changed := make(chan error, 1)
		go func() {
			for {
				select {
				case <-stop:
					changed <- nil
					return
				default:
					if _, err := w.WriteNote(w.ctx, reviewer("ben"), c.id, "Another note."); err != nil {
						changed <- err
						return
					}
				}
			}
		}()
		for range 20 {
			w.wantSound()
		}
		close(stop)
		must(t, <-changed)
	})
}

// Nothing that a person said, is called, or can be reached by is in an event, or in
// the key of a message: both outlive the person's data.
func TestEventsHoldNoPersonalData(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secrets := []string{}
		secret := func(s string) string {
			secrets = append(secrets, s)
			return s
		}
		in := cases.Particulars{
			Account: secret("Secret-Account-77"), Enterprise: secret("Secret Enterprise"), Lost: []cases.Channel{cases.Email, cases.Phone},
			NewEmail: secret("secret-new@mail.example"), NewPhone: secret("+5511912345678"),
		}
		started, err := w.Start(w.ctx, cases.StartInput{Answers: ofReseller(), Particulars: in})
		must(t, err)
		c := &claimant{world: w, id: started.ID, actor: cases.Actor{Kind: cases.Customer, ID: started.ID}, email: in.NewEmail}
		secret(started.Reference)
		c.prove()
		must(t, w.SendContactCode(w.ctx, c.actor, c.id, cases.Phone, secret("198.51.100.77")))
		phoneCode := w.code(in.NewPhone)
		_, err = w.VerifyContact(w.ctx, c.actor, c.id, cases.Phone, phoneCode)
		must(t, err)
		c.revise(cases.AnswersRaw{"real_name_authenticated": false, "service_enabled": true})
		statement := map[string]any{
			"phone": secret("+5511987654321"), "email": secret("secret-old@mail.example"), "name": secret("Secret Name"),
			"address": map[string]any{"line": secret("Secret Street 5"), "city": secret("Secretville"), "region": "PE", "postal_code": secret("50123-999"), "country": "BR"},
		}
		_, err = w.State(w.ctx, c.actor, c.id, c.item("contact_details/1").ID, statement)
		must(t, err)
		_, err = w.Invite(w.ctx, c.actor, c.id, cases.InviteInput{Supplier: "reseller", Organisation: secret("Secret Partner"), Email: secret("secret@partner.example")})
		must(t, err)
		secret(w.token("secret@partner.example"))
		partner := c.exchange("secret@partner.example")
		_, err = w.upload(partner, c.id, c.item("partner_consent/1").ID, secret("secret-consent.pdf"), w.pdf(), nil)
		must(t, err)
		_, err = w.CannotProvide(w.ctx, c.actor, c.id, c.item("authorization_letter/1").ID, secret("Secret reason of mine."))
		must(t, err)
		c.supplies().submit()

		ben, eva := reviewer("ben"), reviewer("eva")
		c.claim(ben)
		consent := c.item("partner_consent/1")
		_, err = w.Judge(w.ctx, ben, c.id, consent.ID, 0, cases.Judgement{ReasonCode: "other", WordsCustomer: secret("Secret words one."), WordsStaff: secret("Secret words two.")})
		must(t, err)
		// A reason for what is accepted is no free text that slips into the record.
		_, err = w.Judge(w.ctx, ben, c.id, consent.ID, 0, cases.Judgement{Accept: true, ReasonCode: cases.ReasonCode(secret("Secret code")), Checks: []string{"legible", "consent_from_partner"}})
		must(t, err)
		_, err = w.RequestMaterials(w.ctx, ben, c.id, 0, cases.RequestInput{Words: secret("Secret words three."), Asks: []cases.Ask{{Text: secret("Secret thing")}}})
		must(t, err)
		_, err = w.Write(w.ctx, c.actor, c.id, secret("Secret message."))
		must(t, err)
		_, err = w.WriteNote(w.ctx, ben, c.id, secret("Secret note."))
		must(t, err)
		c.supplies().submit()
		c.claim(ben)
		_, _, err = w.Correct(w.ctx, ben, c.id, 0, cases.AnswersRaw{"service_enabled": false}, secret("Secret correction."))
		must(t, err)
		_, err = w.Waive(w.ctx, eva, c.id, c.item("authorization_letter/1").ID, 0, secret("Secret waiver."))
		must(t, err)
		c.accepts(ben)
		_, err = w.Deny(w.ctx, ben, c.id, 0, cases.Denial{ReasonCode: "other", WordsCustomer: secret("Secret denial."), WordsStaff: secret("Secret thought.")})
		must(t, err)
		_, err = w.Appeal(w.ctx, c.actor, c.id, 0, secret("Secret appeal, with reasons."))
		must(t, err)
		c.claim(reviewer("tom"))
		_, err = w.Withdraw(w.ctx, c.actor, c.id, 0)
		must(t, err)

		for _, table := range []string{"events", "outbox"} {
			wantNowhere(t, w, table, secrets)
		}
		w.wantSound()
	})
}

// wantNowhere scans every column of every row.
func wantNowhere(t *testing.T, w *world, table string, secrets []string) {
	t.Helper()
	rows := rowsOf(t, w, table)
	if len(rows) < 10 {
		t.Fatalf("%s holds only %d rows", table, len(rows))
	}
	for _, text := range rows {
		for _, s := range secrets {
			if strings.Contains(text, strings.ToLower(s)) {
				t.Errorf("%s: %q stands in %s", table, s, text)
			}
		}
	}
}

// rowsOf reads a table as text: one entry a row, lower case, every column with its name.
func rowsOf(t *testing.T, w *world, table string) []string {
	t.Helper()
	rows, err := w.db.QueryContext(w.ctx, "SELECT * FROM "+table)
	must(t, err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	must(t, err)
	var out []string
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for n := range values {
			into[n] = &values[n]
		}
		must(t, rows.Scan(into...))
		text := ""
		for n, c := range columns {
			text += c + " " + strings.ToLower(values[n].String) + "\n"
		}
		out = append(out, text)
	}
	must(t, rows.Err())
	return out
}
