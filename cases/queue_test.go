package cases_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"regain/cases"
)

// Each view holds what it says, in the order in which it is due, page by page.
func TestQueue(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva := reviewer("ben"), reviewer("eva")
		w.begin("draft", withCard(0))
		var waiting []*claimant
		for _, name := range []string{"a1", "b1", "c1", "d1", "e1"} {
			waiting = append(waiting, w.filed(name, withCard(0)))
			w.clock.move(time.Hour)
		}
		mine := w.filed("mine", withCard(0))
		mine.claim(ben)
		asked := w.filed("asked", withCard(0))
		asked.claim(ben)
		_, err := w.RequestMaterials(w.ctx, ben, asked.id, 0, cases.RequestInput{Words: "More.", Asks: []cases.Ask{{Text: "A letter"}}})
		must(t, err)
		half := w.filed("half", enterpriseWithCard("CN"))
		half.claim(ben)
		half.accepts(ben)
		_, err = w.Approve(w.ctx, ben, half.id, 0, "")
		must(t, err)
		appealed := w.filed("appealed", withCard(0))
		appealed.claim(ben)
		_, err = w.Deny(w.ctx, ben, appealed.id, 0, denial())
		must(t, err)
		_, err = w.Appeal(w.ctx, appealed.actor, appealed.id, 0, "You are mistaken.")
		must(t, err)
		ended := w.filed("ended", withCard(0))
		_, err = w.Withdraw(w.ctx, ended.actor, ended.id, 0)
		must(t, err)
		neverFiled := w.begin("never filed", withCard(0))
		_, err = w.Withdraw(w.ctx, neverFiled.actor, neverFiled.id, 0)
		must(t, err)

		w.wantQueue(ben, cases.ViewMine, mine)
		w.wantQueue(eva, cases.ViewMine)
		w.wantQueue(ben, cases.ViewWaiting, asked)
		w.wantQueue(eva, cases.ViewSecondApproval, half)
		w.wantQueue(eva, cases.ViewAppeals, appealed)
		w.wantQueue(eva, cases.ViewEnded, ended)
		w.wantQueue(eva, cases.ViewDueSoon)
		w.wantQueue(auditor("ada"), cases.ViewUnassigned, append(append([]*claimant{}, waiting...), half, appealed)...)
		w.clock.move(22 * time.Hour) // the first four are due within a day
		w.wantQueue(eva, cases.ViewDueSoon, waiting[:4]...)

		var got []string
		for page := (cases.QueueQuery{View: cases.ViewUnassigned, Limit: 2}); ; {
			list, err := w.Queue(w.ctx, eva, page)
			must(t, err)
			for _, c := range list {
				got = append(got, c.Account)
			}
			if len(list) < 2 {
				break
			}
			page.After = list[len(list)-1].Key()
		}
		wantSame(t, "page by page", strings.Join(got, " "), "a1 b1 c1 d1 e1 half appealed")
		page := cases.QueueQuery{View: cases.ViewUnassigned, Limit: 2, Before: waiting[3].read().Key()}
		list, err := w.Queue(w.ctx, eva, page)
		must(t, err)
		wantSame(t, "the page before the fourth", accountsOf(list), "b1 c1")
		list, err = w.Queue(w.ctx, eva, cases.QueueQuery{View: cases.ViewUnassigned, Order: cases.OrderLast, Limit: 3})
		must(t, err)
		wantSame(t, "due last first", accountsOf(list), "appealed half e1")
		list, err = w.Queue(w.ctx, eva, cases.QueueQuery{View: cases.ViewAll, Limit: 100})
		must(t, err)
		wantSame(t, "all", accountsOf(list), "a1 b1 c1 d1 e1 mine half appealed asked ended")
		counts, err := w.QueueCounts(w.ctx, ben)
		must(t, err)
		wantSame(t, "counts", fmt.Sprint(counts), "map[appeals:1 due_soon:4 followed:0 held:0 mine:1 overdue:0 second_approval:1 snoozed:0 unassigned:7 waiting:1]")
		_, err = w.QueueCounts(w.ctx, waiting[0].actor)
		wantCode(t, err, "role_required")
		_, err = w.Queue(w.ctx, eva, cases.QueueQuery{View: "mine "})
		wantFields(t, err, "/view not_a_choice")
		wantSame(t, "ahead of the third", waiting[2].details().Ahead, 2)
	})
}

func accountsOf(list []*cases.Case) string {
	names := make([]string, len(list))
	for n, c := range list {
		names[n] = c.Account
	}
	return strings.Join(names, " ")
}

// What is filtered is what was asked for, in any view, and what is no choice is said.
func TestQueueFilter(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva := reviewer("ben"), reviewer("eva")
		old := w.filed("old", withCard(0))
		w.clock.move(20 * 24 * time.Hour)
		w.filed("company", unpaid())
		held := w.filed("held", withCard(0))
		held.claim(ben)
		gone := w.filed("gone", unpaid())
		_, err := w.Withdraw(w.ctx, gone.actor, gone.id, 0)
		must(t, err)
		scenario := old.read().Scenario
		for _, want := range []struct {
			view   cases.View
			filter cases.QueueFilter
			list   string
		}{
			{cases.ViewUnassigned, cases.QueueFilter{}, "old company"},
			{cases.ViewUnassigned, cases.QueueFilter{Scenario: scenario}, "old"},
			{cases.ViewAll, cases.QueueFilter{Scenario: scenario}, "old held"},
			{cases.ViewAll, cases.QueueFilter{Policy: held.read().Policy}, "old company held gone"},
			{cases.ViewAll, cases.QueueFilter{Policy: "another"}, ""},
			{cases.ViewAll, cases.QueueFilter{Locale: "pt-BR"}, ""},
			{cases.ViewAll, cases.QueueFilter{Locale: "en"}, "old company held gone"},
			{cases.ViewDueSoon, cases.QueueFilter{Holder: "staff-ben"}, ""},
			{cases.ViewAll, cases.QueueFilter{Holder: "staff-ben"}, "held"},
			{cases.ViewUnassigned, cases.QueueFilter{Within: "late"}, "old"},
			{cases.ViewUnassigned, cases.QueueFilter{Within: "7d"}, "old company"},
			{cases.ViewUnassigned, cases.QueueFilter{Age: "over_7d"}, "old"},
			{cases.ViewEnded, cases.QueueFilter{Age: "1d"}, "gone"},
			{cases.ViewEnded, cases.QueueFilter{Age: "over_30d"}, ""},
		} {
			list, err := w.Queue(w.ctx, eva, cases.QueueQuery{View: want.view, Filter: want.filter, Limit: 50})
			must(t, err)
			wantSame(t, fmt.Sprintf("%s %+v", want.view, want.filter), accountsOf(list), want.list)
		}
		_, err = w.Queue(w.ctx, eva, cases.QueueQuery{View: cases.ViewEnded, Order: "up", Filter: cases.QueueFilter{Within: "1d", Age: "2d"}})
		wantFields(t, err, "/order not_a_choice", "/within not_a_choice", "/age not_a_choice")
		w.wantSound()
	})
}

// The next case is the one due first that nobody has and that is not one's own.
func TestClaimNext(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva := reviewer("ben"), reviewer("eva")
		own := w.filed("eva@provider.example", withCard(0))
		w.clock.move(time.Hour)
		next := w.filed("next", withCard(0))
		got, err := w.ClaimNext(w.ctx, eva)
		must(t, err)
		wantSame(t, "the next case", got.Account, "next")
		_, err = w.ClaimNext(w.ctx, eva)
		wantCode(t, err, "queue_empty")
		got, err = w.ClaimNext(w.ctx, ben)
		must(t, err)
		wantSame(t, "the next case of another", got.ID, own.id)
		next.wantState(cases.InReview)
		_, err = w.ClaimNext(w.ctx, auditor("ada"))
		wantCode(t, err, "role_required")
		w.wantSound()
	})
}

// Reviewers who ask for the next case at one moment each get another.
func TestClaimNextTogether(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const people = 6
		for n := range people {
			w.filed(fmt.Sprintf("account-%d", n), withCard(0))
		}
		claimed := make(chan string, people)
		for n := range people {
			go func() {
				c, err := w.ClaimNext(w.ctx, reviewer(fmt.Sprintf("r%d", n)))
				if err != nil {
					claimed <- err.Error()
					return
				}
				claimed <- c.ID
			}()
		}
		seen := map[string]bool{}
		for range people {
			seen[<-claimed] = true
		}
		wantSame(t, "different cases", len(seen), people)
		counts, err := w.QueueCounts(w.ctx, reviewer("r0"))
		must(t, err)
		wantSame(t, "still waiting", counts[cases.ViewUnassigned], 0)
		w.wantSound()
	})
}

// The letter names the case, the account and the enterprise, in the asked language,
// and nothing that somebody typed becomes markup.
func TestLetter(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		started, err := w.Start(w.ctx, cases.StartInput{Answers: enterpriseWithCard("CN"), Particulars: cases.Particulars{
			Account: "<script>alert(1)</script>", Enterprise: "示例 & Co", Lost: []cases.Channel{cases.Email}, NewEmail: "new@mail.example"}})
		must(t, err)
		c := &claimant{world: w, id: started.ID, actor: cases.Actor{Kind: cases.Customer, ID: started.ID}}
		letter, err := w.Letter(w.ctx, c.actor, c.id, c.item("authorization_letter/1").ID, "zh-Hans")
		must(t, err)
		html := string(letter.HTML)
		for _, want := range []string{started.Reference, "授权书", "示例 &amp; Co", "&lt;script&gt;", "new@mail.example"} {
			if !strings.Contains(html, want) {
				t.Errorf("the letter does not hold %q", want)
			}
		}
		if strings.Contains(html, "<script") {
			t.Error("the letter runs what somebody typed")
		}
		_, err = w.Letter(w.ctx, c.actor, c.id, c.item("card_front/1").ID, "")
		wantCode(t, err, "no_template")
		_, err = w.Letter(w.ctx, c.actor, c.id, "nothing", "")
		wantCode(t, err, "item_not_found")
	})
}

// A stored policy that is gone, or is not the one that it says it is, stops its
// cases and no others.
func TestStoredPolicyAltered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", withCard(0))
		hash := c.read().PolicyHash
		_, err := w.db.NewRaw("UPDATE policies SET bundle = (SELECT bundle FROM policies WHERE hash <> ?) WHERE hash = ?", hash, hash).Exec(w.ctx)
		must(t, err)
		w.restart() // nothing in memory
		if _, err := w.Details(w.ctx, c.actor, c.id); err == nil {
			t.Fatal("a case goes on under another policy than its own")
		}
		w.restart(testPolicy(t, "mutua.yaml"))
		w.begin("savings-7", ofHolder())
		if _, err := w.policies.Pinned(w.ctx, "nothing"); err == nil {
			t.Fatal("a policy out of nowhere")
		}
	}, defaultPolicy(t), testPolicy(t, "domains.yaml"))
}
