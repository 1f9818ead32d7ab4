package cases_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"regain/cases"
	"regain/problem"
)

func allStates() []cases.State {
	return []cases.State{cases.Expired, cases.Draft, cases.Submitted, cases.InReview, cases.MaterialsRequested, cases.Approved, cases.Denied, cases.Withdrawn}
}

// bench is a case in a state, with everybody who can have to do with it.
type bench struct {
	*claimant
	state      cases.State
	partner    cases.Actor
	invitation string // not exchanged
	token      string
	document   string // the partner's
	used       string // the address that the partner's link went to
}

// benchIn brings a case of a reseller's customer into a state.
func (w *world) benchIn(state cases.State, answers cases.AnswersRaw) *bench {
	w.t.Helper()
	w.seed++
	suffix := fmt.Sprintf("%s-%d", state, w.seed)
	b := &bench{claimant: w.begin("account-"+suffix, answers).prove(), state: state}
	used, unused := "used-"+suffix+"@partner.example", "unused-"+suffix+"@partner.example"
	b.invite("reseller", used)
	b.invitation = b.invite("reseller", unused).ID
	b.partner = b.exchange(used)
	must(w.t, b.fill(b.partner, b.details(), b.item("partner_consent/1")))
	b.used = used
	b.document = b.details().Current(b.item("partner_consent/1")).ID
	b.supplies()
	b.bring(state)
	b.token = w.token(unused)
	b.wantState(state)
	return b
}

func (b *bench) bring(state cases.State) {
	b.t.Helper()
	ben := reviewer("ben")
	var err error
	if state == cases.Draft {
		return
	}
	b.submit()
	if state == cases.Submitted {
		return
	}
	if state == cases.Withdrawn {
		_, err = b.Withdraw(b.ctx, b.actor, b.id, 0)
		must(b.t, err)
		return
	}
	b.claim(ben)
	b.accepts(ben)
	switch state {
	case cases.Approved:
		_, err = b.Approve(b.ctx, ben, b.id, 0, "")
	case cases.Denied:
		_, err = b.Deny(b.ctx, ben, b.id, 0, denial())
	case cases.MaterialsRequested, cases.Expired:
		_, err = b.RequestMaterials(b.ctx, ben, b.id, 0, cases.RequestInput{Words: "Again.", Asks: []cases.Ask{
			{Item: b.item("partner_consent/1").ID}, {Item: b.item("real_name_certificate/1").ID}}})
	}
	must(b.t, err)
	if state == cases.Expired {
		b.clock.move(14 * day)
		_, err := b.Tick(b.ctx) // other benches may be late by now
		must(b.t, err)
	}
}

// renewed asks for another link with the partner's, once that is used, and tells by the
// case's record whether there was one: the answer does not.
func (b *bench) renewed() error {
	token := b.world.token(b.used)
	if _, err := b.ExchangeInvitation(b.ctx, token); err != nil && !problem.Is(err, "invitation_invalid") {
		return err
	}
	before := b.readIn(b.t).EventSeq
	if err := b.RenewInvitation(b.ctx, token); err != nil {
		return err
	}
	if b.readIn(b.t).EventSeq == before {
		return problem.New(problem.NotFound, "invitation_invalid", "nothing was sent")
	}
	return nil
}

func denial() cases.Denial {
	return cases.Denial{ReasonCode: "not_proven", WordsCustomer: "This does not prove enough."}
}

// deeds are how each action of the table is done through the room's door.
func deeds() map[string]func(b *bench, who cases.Actor) error {
	return map[string]func(b *bench, who cases.Actor) error{
		"answer": func(b *bench, who cases.Actor) error {
			_, _, err := b.Revise(b.ctx, who, b.id, 0, cases.Revision{Answers: cases.AnswersRaw{"account_type": "enterprise"}})
			return err
		},
		"verify_contact": func(b *bench, who cases.Actor) error {
			if err := b.SendContactCode(b.ctx, who, b.id, cases.Email, "192.0.2.7"); err != nil {
				return err
			}
			_, err := b.VerifyContact(b.ctx, who, b.id, cases.Email, b.code(b.email))
			return err
		},
		"supply": func(b *bench, who cases.Actor) error {
			_, err := b.upload(who, b.id, b.item("partner_consent/1").ID, "a.pdf", b.pdf(), nil)
			return err
		},
		"invite": func(b *bench, who cases.Actor) error {
			_, err := b.Invite(b.ctx, who, b.id, cases.InviteInput{Supplier: "reseller", Organisation: "Another", Email: "another@partner.example"})
			return err
		},
		"revoke_invitation": func(b *bench, who cases.Actor) error { return b.Revoke(b.ctx, who, b.id, b.invitation) },
		"exchange_invitation": func(b *bench, who cases.Actor) error {
			if who.Kind != cases.Partner {
				return problem.New(problem.Forbidden, "not_allowed", "only whoever has the link")
			}
			_, err := b.ExchangeInvitation(b.ctx, b.token)
			return err
		},
		"renew_invitation": func(b *bench, who cases.Actor) error {
			if who.Kind != cases.Partner {
				return problem.New(problem.Forbidden, "not_allowed", "only whoever has the link")
			}
			return b.renewed()
		},
		"submit":  func(b *bench, who cases.Actor) error { _, err := b.Submit(b.ctx, who, b.id, 0); return err },
		"claim":   func(b *bench, who cases.Actor) error { _, err := b.Claim(b.ctx, who, b.id, 0); return err },
		"assign":  func(b *bench, who cases.Actor) error { _, err := b.Assign(b.ctx, who, b.id, 0, who); return err },
		"release": func(b *bench, who cases.Actor) error { _, err := b.Release(b.ctx, who, b.id, 0); return err },
		"correct_answers": func(b *bench, who cases.Actor) error {
			_, _, err := b.Correct(b.ctx, who, b.id, 0, cases.AnswersRaw{"real_name_authenticated": true}, "It was.")
			return err
		},
		"decide_item": func(b *bench, who cases.Actor) error {
			_, err := b.Judge(b.ctx, who, b.id, b.item("real_name_certificate/1").ID, 0, bad())
			return err
		},
		"waive": func(b *bench, who cases.Actor) error {
			item := b.item("real_name_certificate/1").ID
			if b.state == cases.InReview {
				if _, err := b.Judge(b.ctx, reviewer("ben"), b.id, item, 0, bad()); err != nil {
					return err
				}
			}
			if who.ID == reviewer("ben").ID {
				who = reviewer("eva") // not whoever holds the case
			}
			_, err := b.Waive(b.ctx, who, b.id, item, 0, "We know them.")
			return err
		},
		"undo_decision": func(b *bench, who cases.Actor) error {
			item := b.item("real_name_certificate/1").ID
			if b.state == cases.Submitted { // what was decided while nobody holds the case
				if _, err := b.Waive(b.ctx, who, b.id, item, 0, "We know them."); err != nil {
					return err
				}
			}
			_, err := b.Undo(b.ctx, who, b.id, item, 0)
			return err
		},
		"request_materials": func(b *bench, who cases.Actor) error {
			_, err := b.RequestMaterials(b.ctx, who, b.id, 0, cases.RequestInput{Words: "More.", Asks: []cases.Ask{{Text: "A letter"}}})
			return err
		},
		"approve_part": func(b *bench, who cases.Actor) error { _, err := b.Approve(b.ctx, who, b.id, 0, ""); return err },
		"approve":      func(b *bench, who cases.Actor) error { _, err := b.Approve(b.ctx, who, b.id, 0, ""); return err },
		"deny":         func(b *bench, who cases.Actor) error { _, err := b.Deny(b.ctx, who, b.id, 0, denial()); return err },
		"appeal": func(b *bench, who cases.Actor) error {
			_, err := b.Appeal(b.ctx, who, b.id, 0, "The name is my maiden name.")
			return err
		},
		"withdraw": func(b *bench, who cases.Actor) error { _, err := b.Withdraw(b.ctx, who, b.id, 0); return err },
		"write":    func(b *bench, who cases.Actor) error { _, err := b.Write(b.ctx, who, b.id, "Hello."); return err },
		"note":     func(b *bench, who cases.Actor) error { _, err := b.WriteNote(b.ctx, who, b.id, "Hm."); return err },
		"tag": func(b *bench, who cases.Actor) error {
			_, err := b.Tag(b.ctx, who, b.id, cases.Tagging{Add: []string{"urgent"}})
			return err
		},
		"snooze": func(b *bench, who cases.Actor) error {
			_, err := b.Snooze(b.ctx, who, b.id, 0, cases.SnoozeInput{Preset: cases.SnoozeAWeek})
			return err
		},
		"wake": func(b *bench, who cases.Actor) error {
			if who.Reviews() {
				if _, err := b.Snooze(b.ctx, who, b.id, 0, cases.SnoozeInput{Preset: cases.SnoozeAWeek}); err != nil {
					return err
				}
			}
			_, err := b.Wake(b.ctx, who, b.id, 0)
			return err
		},
		"export_case": func(b *bench, who cases.Actor) error { _, err := b.Export(b.ctx, who, b.id); return err },
		"view_document": func(b *bench, who cases.Actor) error {
			_, r, err := b.Open(b.ctx, who, b.id, b.document)
			if err == nil {
				err = r.Close()
			}
			return err
		},
	}
}

// Every action in every state by everybody: done where the table says so, refused
// without a trace where it does not.
func TestEveryTransition(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		enterprise := merged(ofReseller(), cases.AnswersRaw{"account_type": "enterprise", "enterprise_country": "CN"})
		var one, two []*bench
		for _, state := range allStates() {
			one = append(one, w.benchIn(state, ofReseller()))
			if state != cases.Approved && state != cases.Expired {
				two = append(two, w.benchIn(state, enterprise))
			}
		}
		w.clock.move(2 * time.Minute) // so that codes may be sent again
		do := deeds()
		done := 0
		for _, row := range cases.Table() {
			deed, known := do[row.Action]
			if slices.Contains([]string{"start", "expire", "remind", "late", "refuse", "open_held"}, row.Action) {
				continue // begins a case, or time brings it (below), or a block does (see TestRefusedFiling)
			}
			if !known {
				t.Fatalf("the test knows no deed for %s", row.Action)
			}
			benches := one
			if row.Action == "approve_part" {
				benches = two
			}
			for _, b := range benches {
				for _, who := range []cases.Actor{b.actor, b.partner, reviewer("ben"), auditor("ada")} {
					t.Run(fmt.Sprintf("%s/%s/%s", row.Action, b.state, who.ID), func(t *testing.T) {
						b.undone(t, func(b *bench) { b.try(t, row, who, deed) })
					})
					done++
				}
			}
		}
		if done < 600 {
			t.Fatalf("only %d combinations were tried", done)
		}
		w.wantSound()
	})
}

// undone runs in a transaction that is rolled back.
func (b *bench) undone(t *testing.T, try func(*bench)) {
	t.Helper()
	back := errors.New("back")
	err := b.db.InTx(b.ctx, func(ctx context.Context, _ bun.IDB) error {
		w, c, inner := *b.world, *b.claimant, *b
		w.ctx, w.t = ctx, t
		c.world, inner.claimant = &w, &c
		try(&inner)
		return back
	})
	if !errors.Is(err, back) {
		t.Fatal(err)
	}
}

func (b *bench) try(t *testing.T, row cases.Row, who cases.Actor, deed func(*bench, cases.Actor) error) {
	t.Helper()
	before := b.readIn(t)
	err := deed(b, who)
	after := b.readIn(t)
	if b.allowed(row, who) {
		must(t, err)
		want := row.To
		if want == "" {
			want = b.state
		}
		if after.State != want {
			t.Fatalf("led to %s, want %s", after.State, want)
		}
		return
	}
	p, isProblem := problem.As(err)
	refusals := []string{"wrong_state", "not_allowed", "case_not_found", "role_required", "invitation_invalid"}
	if !isProblem || !slices.Contains(refusals, p.Code) {
		t.Fatalf("want a refusal, got %v", err)
	}
	if row.Action == "waive" && b.state == cases.InReview {
		return // the rejection before it is a change
	}
	if after.State != before.State || after.Version != before.Version || after.EventSeq != before.EventSeq {
		t.Fatalf("refused, and changed from %+v to %+v", before, after)
	}
}

// allowed is what the table says, and who is admitted to the case at all.
func (b *bench) allowed(row cases.Row, who cases.Actor) bool {
	switch {
	case who.Kind == cases.Partner && b.state.Ended():
		return false // the end of a case ends its invitations
	case who.Kind == cases.Staff && b.state == cases.Draft:
		return false // a draft is its customer's own
	case who.ID == auditor("ada").ID && row.Action != "view_document" && row.Action != "export_case":
		return false // auditors look
	}
	return slices.Contains(row.From, b.state) && slices.Contains(row.By, who.Kind)
}

func (b *bench) readIn(t testing.TB) *cases.Case {
	t.Helper()
	c, err := b.Case(b.ctx, cases.SystemActor(), b.id)
	must(t, err)
	return c
}

// What time brings, it brings in the states that the table names.
func TestTimeChangesOnlyWhatItMay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		want := map[cases.State]cases.State{}
		for _, s := range allStates() {
			want[s] = s
		}
		want[cases.Draft], want[cases.MaterialsRequested], want[cases.InReview] = cases.Expired, cases.Expired, cases.Submitted
		var benches []*bench
		for _, state := range allStates() {
			benches = append(benches, w.benchIn(state, ofReseller()))
		}
		w.clock.move(15 * day)
		w.tick(5) // and two of them are late
		w.tick(0)
		for _, b := range benches {
			if got := b.read().State; got != want[b.state] {
				t.Errorf("%s became %s, want %s", b.state, got, want[b.state])
			}
		}
		w.wantSound()
	})
}

// Strangers learn nothing: another customer, an uninvited partner, staff without a
// part in cases.
func TestStrangersAreToldNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		do := deeds()
		b := w.benchIn(cases.InReview, ofReseller())
		other := w.benchIn(cases.Draft, ofReseller())
		for action, deed := range do {
			for _, who := range []cases.Actor{other.actor, other.partner, staff("adi", "admin"), {}, {Kind: cases.Partner, ID: "nobody"}} {
				if action == "exchange_invitation" || action == "renew_invitation" || action == "waive" {
					continue
				}
				err := deed(b, who)
				wantCode(t, err, "case_not_found")
			}
		}
		for _, who := range []cases.Actor{other.actor, other.partner, staff("adi", "admin")} {
			_, err := w.Details(w.ctx, who, b.id)
			wantCode(t, err, "case_not_found")
			_, err = w.Messages(w.ctx, who, b.id, cases.MessageQuery{Kind: cases.Message, Limit: 1})
			wantCode(t, err, "case_not_found")
			_, err = w.Queue(w.ctx, who, cases.QueueQuery{})
			wantCode(t, err, "role_required")
			_, err = w.Events(w.ctx, who, b.id, 0, 10)
			wantCode(t, err, "role_required")
		}
		_, err := w.Details(w.ctx, b.actor, "nothing")
		wantCode(t, err, "case_not_found")
		_, err = w.Details(w.ctx, reviewer("ben"), other.id)
		wantCode(t, err, "case_not_found")
		w.wantQueue(reviewer("ben"), cases.ViewAll, b.claimant)
	})
}
