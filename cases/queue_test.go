package cases_test

import (
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
			page.After = cases.ViewUnassigned.Key(list[len(list)-1])
		}
		wantSame(t, "page by page", strings.Join(got, " "), "a1 b1 c1 d1 e1 half appealed")
		_, err = w.Queue(w.ctx, eva, cases.QueueQuery{View: "mine "})
		wantFields(t, err, "/view not_a_choice")
		wantSame(t, "ahead of the third", waiting[2].details().Ahead, 2)
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
