package cases_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regain/cases"
	"regain/database/databasetest"
	"regain/problem"
	"regain/rules"
)

// machine drives cases on two accounts by chance, and holds what happens against
// what must hold at all times.
type machine struct {
	*world
	rt       *rapid.T
	accounts []string
	all      []*claimant
}

// Whatever people and time do in whatever order, a refused call leaves no trace, a
// change is one step that the table allows, an account has one open case, and the
// record tells all of it.
func TestLifecycleMachine(t *testing.T) {
	must(t, flag.Set("rapid.checks", "15"))
	must(t, flag.Set("rapid.steps", "70"))
	w := newWorld(t, databasetest.SQLite(t))
	run := 0
	drive := func(rt *rapid.T) {
		run++
		m := &machine{world: w, rt: rt, accounts: []string{fmt.Sprintf("ana-%d", run), fmt.Sprintf("leo-%d", run)}}
		for range 3 {
			m.start()
		}
		actions := map[string]func(*rapid.T){"": func(*rapid.T) { m.oneOpenEach() }}
		for name, deed := range m.deeds() {
			actions[name] = func(rt *rapid.T) {
				m.rt = rt
				m.try(name, deed)
			}
		}
		actions["start"] = func(rt *rapid.T) {
			m.rt = rt
			if len(m.all) < 8 {
				m.start()
			}
		}
		actions["time"] = func(rt *rapid.T) {
			m.rt = rt
			m.time()
		}
		actions["refuse"] = func(rt *rapid.T) {
			m.rt = rt
			m.refused()
		}
		rt.Repeat(actions)
	}
	// Chance may leave something out at first.
	missed := []string{"all"}
	for round := 0; round < 5 && len(missed) > 0 && !t.Failed(); round++ {
		rapid.Check(t, drive)
		missed = neverHappened(t, w)
		t.Logf("never happened in %d runs: %v", run, missed)
	}
	w.wantSound()
	if len(missed) > 0 {
		t.Error("the machine does not get about")
	}
}

// neverHappened names the rows of the table that are the machine's to reach and that it
// has not reached.
func neverHappened(t *testing.T, w *world) []string {
	t.Helper()
	var types []string
	must(t, w.db.NewSelect().Model((*cases.Event)(nil)).Distinct().Column("type").Scan(w.ctx, &types))
	var missed []string
	for _, row := range cases.Table() {
		switch row.Action {
		case "approve_part", "invite", "revoke_invitation", "exchange_invitation", "renew_invitation", "view_document", "export_case":
			continue // not among the machine's deeds
		}
		if !slices.Contains(types, row.Action) {
			missed = append(missed, row.Action)
		}
	}
	return missed
}

func (m *machine) start() {
	account := rapid.SampledFrom(m.accounts).Draw(m.rt, "account")
	m.clock.move(3 * time.Minute) // codes are limited
	c := m.begin(account, withCard(rapid.IntRange(0, 3).Draw(m.rt, "months"))).prove()
	stage := rapid.IntRange(0, 3).Draw(m.rt, "stage")
	if stage > 0 {
		c.supplies().submit()
	}
	if stage > 1 && !c.read().Held {
		who := m.reviewer()
		c.claim(who)
		c.accepts(who)
	}
	m.all = append(m.all, c)
}

func (m *machine) time() {
	// Minutes keep a claim, days end it and more.
	pause := time.Duration(rapid.IntRange(1, 25).Draw(m.rt, "minutes")) * time.Minute
	if rapid.IntRange(0, 2).Draw(m.rt, "long") == 0 {
		pause = time.Duration(rapid.IntRange(1, 20*24).Draw(m.rt, "hours")) * time.Hour
	}
	m.clock.move(pause)
	if _, err := m.Tick(m.ctx); err != nil {
		m.rt.Fatalf("tick: %v", err)
	}
	for _, c := range m.all {
		got := c.read()
		if got.CustomerDue != nil && !m.clock.now().Before(*got.CustomerDue) || got.State == cases.InReview && !got.ClaimedNow(m.clock.now()) ||
			got.SnoozedUntil != nil && !m.clock.now().Before(*got.SnoozedUntil) {
			m.rt.Fatalf("time passed over a case: %+v", got)
		}
	}
}

// refused: a draft on a blocked account is not taken, which is on record and changes
// nothing else; it may be handed in once the block is lifted.
func (m *machine) refused() {
	c := m.pick("refuse")
	before := c.read()
	if before.State != cases.Draft {
		return
	}
	block, err := m.Block(m.ctx, lead("mia"), cases.BlockInput{
		Kind: cases.BlockAccount, Value: before.Account, Reason: "It was sold.", Refuse: true, Expires: m.clock.now().Add(time.Hour),
	})
	must(m.t, err)
	_, err = m.Submit(m.ctx, c.actor, c.id, 0)
	must(m.t, m.Lift(m.ctx, lead("mia"), block.ID))
	after := c.read()
	if after.State != cases.Draft || after.Version != before.Version {
		m.rt.Fatalf("a blocked case was taken: %+v", after)
	}
	if recorded := after.EventSeq - before.EventSeq; recorded != 0 && (recorded != 1 || !problem.Is(err, "filing_refused")) {
		m.rt.Fatalf("%v left %d events", err, recorded)
	}
}

func (m *machine) reviewer() cases.Actor {
	return reviewer(rapid.SampledFrom([]string{"ben", "eva", "tom"}).Draw(m.rt, "reviewer"))
}

func (m *machine) item(c *claimant) *cases.Item {
	items := c.details().Items
	if len(items) == 0 {
		return &cases.Item{ID: "none"}
	}
	return rapid.SampledFrom(items).Draw(m.rt, "item")
}

func (m *machine) answers() cases.AnswersRaw {
	return rapid.SampledFrom([]cases.AnswersRaw{
		{"months_of_use": 0}, {"months_of_use": 2}, {"months_of_use": 3}, {"months_of_use": nil},
		{"real_name_authenticated": true}, {"real_name_authenticated": false}, {"card_added": true}, {"card_added": false, "paid": false},
		{"phone_registered": false}, {"customer_type": "partner", "enterprise_country": "BR"}, {"customer_type": "direct"}, {"colour": "red"},
	}).Draw(m.rt, "answers")
}

type deed func(c *claimant) error

func (m *machine) deeds() map[string]deed {
	return map[string]deed{
		"answer": func(c *claimant) error {
			_, _, err := m.Revise(m.ctx, c.actor, c.id, 0, cases.Revision{Answers: m.answers()})
			return err
		},
		"supply": func(c *claimant) error {
			i := m.item(c)
			if i.ID == "none" {
				return problem.New(problem.NotFound, "item_not_found", "")
			}
			return c.fill(c.actor, c.details(), i)
		},
		"supply all": func(c *claimant) error {
			d := c.details()
			for _, i := range d.Items {
				if i.Open && !i.Optional && i.Supply == cases.Missing && i.Kind == rules.Document {
					return c.fill(c.actor, d, i)
				}
			}
			return problem.New(problem.Conflict, "wrong_state", "nothing to supply")
		},
		"clear": func(c *claimant) error { _, err := m.Clear(m.ctx, c.actor, c.id, m.item(c).ID); return err },
		"cannot": func(c *claimant) error {
			_, err := m.CannotProvide(m.ctx, c.actor, c.id, m.item(c).ID, "It is lost.")
			return err
		},
		"submit":   func(c *claimant) error { _, err := m.Submit(m.ctx, c.actor, c.id, 0); return err },
		"withdraw": m.rarely(func(c *claimant) error { _, err := m.Withdraw(m.ctx, c.actor, c.id, 0); return err }),
		"appeal": func(c *claimant) error {
			_, err := m.Appeal(m.ctx, c.actor, c.id, 0, "You are mistaken about me.")
			return err
		},
		"write":   func(c *claimant) error { _, err := m.Write(m.ctx, m.reviewer(), c.id, "Hello."); return err },
		"note":    func(c *claimant) error { _, err := m.WriteNote(m.ctx, m.reviewer(), c.id, "Hm."); return err },
		"claim":   func(c *claimant) error { _, err := m.Claim(m.ctx, m.reviewer(), c.id, 0); return err },
		"assign":  func(c *claimant) error { _, err := m.Assign(m.ctx, m.reviewer(), c.id, 0, m.reviewer()); return err },
		"release": func(c *claimant) error { _, err := m.Release(m.ctx, m.reviewer(), c.id, 0); return err },
		"correct": func(c *claimant) error {
			_, _, err := m.Correct(m.ctx, m.holder(c), c.id, 0, m.answers(), "As the bills show.")
			return err
		},
		"reject": func(c *claimant) error {
			_, err := m.Judge(m.ctx, m.holder(c), c.id, m.item(c).ID, 0, bad())
			return err
		},
		"accept": func(c *claimant) error {
			for _, i := range c.details().Items {
				if i.Supply == cases.Provided && i.Review == cases.Pending {
					_, err := m.Judge(m.ctx, m.holder(c), c.id, i.ID, 0, c.good(i))
					return err
				}
			}
			return problem.New(problem.Conflict, "wrong_state", "nothing to accept")
		},
		"waive": func(c *claimant) error {
			_, err := m.Waive(m.ctx, m.reviewer(), c.id, m.item(c).ID, 0, "We know them.")
			return err
		},
		"undo": func(c *claimant) error {
			_, err := m.Undo(m.ctx, m.holder(c), c.id, m.item(c).ID, 0)
			return err
		},
		"tag": func(c *claimant) error {
			has, err := m.TagsOf(m.ctx, c.read())
			must(m.t, err)
			in := cases.Tagging{Add: []string{rapid.SampledFrom([]string{"urgent", "vip", "fraud?", "heirs", "", "#"}).Draw(m.rt, "tag")}}
			if tags := has[c.id]; len(tags) > 0 && rapid.Bool().Draw(m.rt, "take away") {
				in = cases.Tagging{Remove: []string{rapid.SampledFrom(tags).Draw(m.rt, "tag").ID}}
			}
			before := c.read().EventSeq
			if _, err := m.Tag(m.ctx, m.reviewer(), c.id, in); err != nil {
				return err
			}
			if c.read().EventSeq == before {
				return problem.New(problem.Conflict, "tagged_already", "it had the tag")
			}
			return nil
		},
		"snooze": func(c *claimant) error {
			_, err := m.Snooze(m.ctx, m.holder(c), c.id, 0, cases.SnoozeInput{Preset: rapid.SampledFrom(cases.SnoozePresets()).Draw(m.rt, "until")})
			return err
		},
		"wake": func(c *claimant) error { _, err := m.Wake(m.ctx, m.reviewer(), c.id, 0); return err },
		"request": m.rarely(func(c *claimant) error {
			ask := rapid.SampledFrom([]cases.Ask{{Item: m.item(c).ID}, {Material: "card_front"}, {Text: "A letter"}}).Draw(m.rt, "ask")
			_, err := m.RequestMaterials(m.ctx, m.holder(c), c.id, 0, cases.RequestInput{Words: "More.", Asks: []cases.Ask{ask}})
			return err
		}),
		"approve": func(c *claimant) error { _, err := m.Approve(m.ctx, m.holder(c), c.id, 0, ""); return err },
		"deny":    m.rarely(func(c *claimant) error { _, err := m.Deny(m.ctx, m.holder(c), c.id, 0, denial()); return err }),
	}
}

// holder is whoever holds the case, or anybody.
func (m *machine) holder(c *claimant) cases.Actor {
	if id := c.read().ClaimedBy; id != "" {
		return cases.Actor{Kind: cases.Staff, ID: id, Roles: []string{cases.RoleReviewer}}
	}
	return m.reviewer()
}

// rarely keeps what ends a turn from ending all of them soon.
func (m *machine) rarely(d deed) deed {
	return func(c *claimant) error {
		if rapid.IntRange(0, 2).Draw(m.rt, "chance") > 0 {
			return problem.New(problem.Conflict, "wrong_state", "not now")
		}
		return d(c)
	}
}

// pick prefers a case in which the deed may succeed, so that the machine gets
// somewhere, and takes any other now and then.
func (m *machine) pick(name string) *claimant {
	fitting := m.all
	if rapid.IntRange(0, 4).Draw(m.rt, "fitting") > 0 {
		var some []*claimant
		for _, c := range m.all {
			for _, state := range statesFor(name) {
				if c.read().State == state {
					some = append(some, c)
				}
			}
		}
		if len(some) > 0 {
			fitting = some
		}
	}
	return rapid.SampledFrom(fitting).Draw(m.rt, "case")
}

func statesFor(deed string) []cases.State {
	switch deed {
	case "answer", "refuse":
		return []cases.State{cases.Draft}
	case "supply", "supply all", "clear", "cannot", "submit":
		return []cases.State{cases.Draft, cases.MaterialsRequested}
	case "claim":
		return []cases.State{cases.Submitted}
	case "appeal":
		return []cases.State{cases.Denied}
	case "waive", "snooze", "wake":
		return []cases.State{cases.Submitted, cases.InReview}
	case "reject", "accept", "undo", "correct", "approve", "deny", "request":
		return []cases.State{cases.InReview}
	}
	return nil
}

// try does something to one case and looks at what it left.
func (m *machine) try(name string, d deed) {
	c := m.pick(name)
	before := c.read()
	err := d(c)
	after := c.read()
	if err != nil {
		if _, isProblem := problem.As(err); !isProblem {
			m.rt.Fatalf("%s: %v", name, err)
		}
		if after.Version != before.Version || after.EventSeq != before.EventSeq || after.State != before.State || after.EventHead != before.EventHead {
			m.rt.Fatalf("%s was refused (%v) and left a trace:\n%+v\n%+v", name, err, before, after)
		}
		return
	}
	quiet := name == "write" || name == "note" || name == "tag"
	if steps := after.Version - before.Version; quiet && steps != 0 || !quiet && steps != 1 {
		m.rt.Fatalf("%s moved the version by %d", name, steps)
	}
	if after.EventSeq != before.EventSeq+1 {
		m.rt.Fatalf("%s left %d events", name, after.EventSeq-before.EventSeq)
	}
}

// oneOpenEach holds the accounts against their cases: one open at most, nobody
// waiting for nobody, and what is approved has all that was asked.
func (m *machine) oneOpenEach() {
	open, held := map[string]int{}, map[string]int{}
	for _, c := range m.all {
		got := c.read()
		if got.Open {
			open[got.AccountKey]++
		}
		if got.Held {
			held[got.AccountKey]++
		}
		if got.State == cases.Approved {
			m.approvedHasAll(c)
		}
		if got.SnoozedUntil != nil && got.State != cases.Submitted && got.State != cases.InReview {
			m.rt.Fatalf("a case is put away that nobody is to review: %+v", got)
		}
	}
	for account, n := range held {
		if open[account] == 0 {
			m.rt.Fatalf("%d claims wait on account %s, and none is open", n, account)
		}
	}
	for account, n := range open {
		if n > 1 {
			m.rt.Fatalf("%d cases are open on account %s", n, account)
		}
	}
}

func (m *machine) approvedHasAll(c *claimant) {
	d := c.details()
	met, unmet := rules.Met(d.Decision.Requirements, func(r rules.Requirement) int {
		n := 0
		for _, i := range d.Items {
			if i.Requirement == r.ID && (i.Review == cases.Waived || i.Review == cases.Accepted && (i.Kind != rules.Document || d.Current(i) != nil)) {
				n++
			}
		}
		return n
	})
	if !met {
		m.rt.Fatalf("approved without %+v", unmet)
	}
}
