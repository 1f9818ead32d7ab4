package cases_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"regain/cases"
)

func ofHolder() cases.AnswersRaw {
	return cases.AnswersRaw{"requester": "holder", "lost": []any{"phone"}, "residence": "BR", "months_idle": 4}
}

// registry is a directory with one account in it.
type registry struct {
	record map[string]any
	err    error
	asked  int
}

func (r *registry) Account(_ context.Context, policy, account string) (map[string]any, error) {
	r.asked++
	if policy != "mutua-acesso" || account != "savings-7" {
		return nil, r.err
	}
	return r.record, r.err
}

// dated supplies a document with its date of issue.
func (c *claimant) dated(item string, daysAgo int) error {
	_, err := c.upload(c.actor, c.id, c.item(item).ID, "proof.pdf", c.pdf(), map[string]any{
		"issued_on": c.clock.now().AddDate(0, 0, -daysAgo).Format(time.DateOnly)})
	return err
}

// Any two of four proofs, one of a preferred and another way, and what only staff
// and the directory know: the customer is asked for what is theirs, and the
// reviewer for the rest.
func TestGroups(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		directory := &registry{record: map[string]any{"born_on": "2026-02-23"}}
		w.options.Directory = directory
		w.restart(testPolicy(t, "mutua.yaml"))
		c := w.begin("savings-7", ofHolder()).prove()
		missing := func(names ...string) []string {
			var out []string
			for _, n := range names {
				out = append(out, "/items/"+c.item(n).ID+" missing")
			}
			return out
		}
		fours := []string{"utility_bill/1", "bank_statement/1", "tax_notice/1", "residence_certificate/1"}
		ways := []string{"video/1", "movements/1", "earlier_statement/1", "earlier_statement/2", "movements_in_brief/1"}
		_, err := w.Submit(w.ctx, c.actor, c.id, 0)
		wantFields(t, err, missing(slices.Concat([]string{"identity/1"}, fours, ways)...)...)

		must(t, c.fill(c.actor, c.details(), c.item("identity/1")))
		must(t, c.dated("utility_bill/1", 90))
		late := wantCode(t, c.dated("bank_statement/1", 91), "not_valid")
		wantSame(t, "where", late.Fields[0].Pointer+" "+late.Fields[0].Code, "/read_off/issued_on not_valid")
		wantCode(t, c.dated("bank_statement/1", -1), "not_valid")
		_, err = w.Submit(w.ctx, c.actor, c.id, 0)
		wantFields(t, err, missing(slices.Concat(fours[1:], ways)...)...)
		must(t, c.dated("tax_notice/1", 3))

		// The lower choice takes a reason against the higher one.
		must(t, c.fill(c.actor, c.details(), c.item("movements/1")))
		_, err = w.Submit(w.ctx, c.actor, c.id, 0)
		wantFields(t, err, missing("video/1")...)
		_, err = w.CannotProvide(w.ctx, c.actor, c.id, c.item("video/1").ID, "I have no camera.")
		must(t, err)
		c.submit()
		if directory.asked > 0 {
			t.Fatal("the directory is asked on behalf of reviewers only")
		}

		ben, eva := reviewer("ben"), lead("eva")
		c.claim(ben)
		identity := c.item("identity/1")
		j := c.good(identity)
		delete(j.ReadOff, "born_on")
		_, err = w.Judge(w.ctx, ben, c.id, identity.ID, 0, j)
		wantFields(t, err, "/read_off/born_on required")
		j = c.good(identity)
		j.ReadOff["expires_on"] = w.clock.now().AddDate(1, 0, 0).Format(time.DateOnly)
		j.ReadOff["born_on"] = "1980-01-01"
		_, err = w.Judge(w.ctx, ben, c.id, identity.ID, 0, j)
		wantCode(t, err, "not_valid")
		j.ReadOff["born_on"] = "2026-02-23"
		directory.err = errors.New("the directory is down")
		if _, err = w.Judge(w.ctx, ben, c.id, identity.ID, 0, j); !errors.Is(err, directory.err) {
			t.Fatalf("want the directory's error, got %v", err)
		}
		directory.err = nil
		_, err = w.Judge(w.ctx, ben, c.id, identity.ID, 0, j)
		must(t, err)

		// A spare one that is rejected does not block; one short of two does.
		_, err = w.Judge(w.ctx, ben, c.id, c.item("utility_bill/1").ID, 0, bad())
		must(t, err)
		c.accepts(ben)
		_, _, err = w.Correct(w.ctx, ben, c.id, 0, cases.AnswersRaw{"tier": "small", "second_look": false}, "As on record.")
		must(t, err)
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		var four []string
		for _, n := range []string{"utility_bill/1", "bank_statement/1", "residence_certificate/1"} {
			four = append(four, "/items/"+c.item(n).ID+" not_accepted")
		}
		wantFields(t, err, four...)
		_, err = w.RequestMaterials(w.ctx, ben, c.id, 0, cases.RequestInput{Words: "Another one, please.", Asks: []cases.Ask{{Item: c.item("bank_statement/1").ID}}})
		must(t, err)
		must(t, c.dated("bank_statement/1", 30))
		c.submit()
		c.claim(eva)
		c.accepts(eva)
		_, err = w.Approve(w.ctx, eva, c.id, 0, "")
		must(t, err)
		c.wantState(cases.Approved)
		w.wantSound()
	})
}

// What no customer is asked, no customer answers; approval waits for it.
func TestFactsOfStaffAndAccount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("savings-7", ofHolder()).prove()
		for _, fact := range []string{"tier", "second_look"} {
			_, _, err := w.Revise(w.ctx, c.actor, c.id, 0, cases.Revision{Answers: cases.AnswersRaw{fact: "small"}})
			wantFields(t, err, "/answers/"+fact+" unknown_fact")
			_, err = w.Start(w.ctx, cases.StartInput{Answers: cases.AnswersRaw{fact: "small"}, Particulars: cases.Particulars{
				Account: "ana", Lost: []cases.Channel{cases.Email}, NewEmail: "new@mail.example"}})
			if p := wantCode(t, err, "invalid_fields"); p.Fields[0].Code != "unknown_fact" {
				t.Fatalf("%+v", p.Fields)
			}
		}
		c.supplies().submit()
		ben, eva := reviewer("ben"), reviewer("eva")
		c.claim(ben)
		identity := c.item("identity/1")
		j := c.good(identity)
		j.ReadOff["expires_on"] = "2030-01-01"
		_, err := w.Judge(w.ctx, ben, c.id, identity.ID, 0, j)
		wantCode(t, err, "validity_unknown") // there is no directory to know the birthday
		_, err = w.Waive(w.ctx, eva, c.id, identity.ID, 0, "Compared with the branch's file.")
		must(t, err)
		c.accepts(ben)
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		if p := wantCode(t, err, "invalid_fields"); p.Fields[0].Pointer != "/answers/tier" && p.Fields[0].Pointer != "/answers/second_look" {
			t.Fatalf("approval waits for what staff answer: %+v", p.Fields)
		}
		_, _, err = w.Correct(w.ctx, ben, c.id, 0, cases.AnswersRaw{"tier": "large"}, "As on record.")
		must(t, err)
		wantSame(t, "approvals", c.read().ApprovalsNeeded, 2)
		if got := c.item("identity/1").Review; got != cases.Waived {
			t.Fatalf("a correction that leaves the item as it was leaves its waiver: %s", got)
		}
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		must(t, err)
		c.wantState(cases.Submitted)
		w.wantSound()
	}, testPolicy(t, "mutua.yaml"))
}

// A fact of the account that decides all: the case can be filed, and the reviewer
// asks for what comes of it.
func TestScenarioOnlyStaffCanTell(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("example.org", cases.AnswersRaw{
			"purposes": []any{"second_factor"}, "email_works": false, "holder_type": "individual", "requester": "holder",
			"holder_country": "NL", "dns_access": "full",
		}).prove()
		if d := c.details(); d.Decision.Next != nil || d.Decision.Complete || len(d.Items) > 0 {
			t.Fatalf("only staff can tell more: next %+v, complete %v, %d items", d.Decision.Next, d.Decision.Complete, len(d.Items))
		}
		c.submit()
		ben := reviewer("ben")
		c.claim(ben)
		_, _, err := w.Correct(w.ctx, ben, c.id, 0, cases.AnswersRaw{"disputed": true}, "There is a dispute.")
		wantCode(t, err, "outcome_not_collect")
		_, diff, err := w.Correct(w.ctx, ben, c.id, 0, cases.AnswersRaw{"disputed": false, "risk": "usual"}, "No dispute.")
		must(t, err)
		wantSame(t, "added", len(diff.Added), 2)
		_, err = w.RequestMaterials(w.ctx, ben, c.id, 0, cases.RequestInput{Words: "Two things.", Asks: []cases.Ask{
			{Item: c.item("dns_token/1").ID}, {Item: c.item("identity_document/1").ID}}})
		must(t, err)
		_, err = w.Placed(w.ctx, c.actor, c.id, c.item("dns_token/1").ID, "example.org\x00")
		wantFields(t, err, "/where forbidden_character")
		c.supplies().submit()
		token := w.ProofToken(c.item("dns_token/1"))
		if token != w.ProofToken(c.item("dns_token/1")) || token == w.ProofToken(c.item("identity_document/1")) || len(token) < 40 {
			t.Fatalf("token %q", token)
		}
		c.claim(ben)
		c.accepts(ben)
		_, err = w.Approve(w.ctx, ben, c.id, 0, "")
		must(t, err)
		c.wantState(cases.Approved)
		w.wantSound()
	}, testPolicy(t, "domains.yaml"))
}

// Approvals by distinct roles: a lead counts as either, whoever comes first.
func TestDistinctRoles(t *testing.T) {
	onlyLead := staff("lea", cases.RoleLead)
	for _, test := range []struct {
		name          string
		first, second cases.Actor
		refused       bool
	}{
		{"reviewer, then lead", reviewer("ben"), onlyLead, false},
		{"lead, then reviewer", onlyLead, reviewer("ben"), false},
		{"both roles, then reviewer", lead("mia"), reviewer("ben"), false},
		{"both roles, then lead", lead("mia"), onlyLead, false},
		{"reviewer, then reviewer", reviewer("ben"), reviewer("eva"), true},
		{"lead, then lead", onlyLead, staff("leo", cases.RoleLead), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.options.Directory = &registry{record: map[string]any{"born_on": "2026-02-23"}}
				w.restart(testPolicy(t, "mutua.yaml"))
				answers := ofHolder()
				answers["requester"] = "guardian"
				c := w.begin("savings-7", answers).prove()
				must(t, c.dated("utility_bill/1", 3))
				must(t, c.dated("tax_notice/1", 3))
				for _, n := range []string{"holder_identity/1", "requester_identity/1", "guardianship/1"} {
					must(t, c.fill(c.actor, c.details(), c.item(n)))
				}
				c.submit()
				c.claim(test.first)
				identity := c.item("holder_identity/1")
				j := c.good(identity)
				j.ReadOff["expires_on"] = "2030-01-01"
				_, err := w.Judge(w.ctx, test.first, c.id, identity.ID, 0, j)
				must(t, err)
				c.accepts(test.first)
				_, err = w.Approve(w.ctx, test.first, c.id, 0, "")
				must(t, err)
				c.claim(test.second)
				_, err = w.Approve(w.ctx, test.second, c.id, 0, "")
				if test.refused {
					wantCode(t, err, "role_required")
					return
				}
				must(t, err)
				c.wantState(cases.Approved)
			})
		})
	}
}
