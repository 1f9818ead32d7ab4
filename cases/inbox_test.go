package cases_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"regain/cases"
	"regain/database"
	"regain/database/databasetest"
)

// told are what somebody was told of, the newest first, as "why event by".
func (w *world) told(who cases.Actor) []string {
	w.t.Helper()
	page, err := database.NewTimePage(100, "")
	must(w.t, err)
	list, _, err := w.Inbox(w.ctx, who, cases.InboxQuery{Page: page})
	must(w.t, err)
	out := []string{}
	for _, e := range list {
		if e.StaffID != who.ID || e.Case == nil || e.Case.ID != e.CaseID {
			w.t.Errorf("an entry of %s: %+v", who.ID, e)
		}
		out = append(out, fmt.Sprintf("%s %s %s", e.Why, e.Type, strings.TrimPrefix(e.ActorID, "staff-")))
	}
	return out
}

func (w *world) unread(who cases.Actor, want int) {
	w.t.Helper()
	n, err := w.Unread(w.ctx, who)
	must(w.t, err)
	if n != want {
		w.t.Errorf("%s has %d unread, want %d", who.ID, n, want)
	}
}

// A note that mentions somebody comes into their inbox and, as they have chosen, is told
// of in a mail that holds nothing of it, and makes them follow the case. The event has
// their ids alone.
func TestMentions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(1))
		ben, eva, ada, mia := reviewer("ben"), reviewer("eva"), auditor("ada"), lead("mia")
		must(t, w.ChooseInbox(w.ctx, ada, cases.InboxChoices{}))
		note, err := w.WriteNote(w.ctx, ben, c.id, "Odd stamp, @Eva and @Ada", eva, ada, eva, ben)
		must(t, err)
		wantSame(t, "mentions", note.Mentions.V, []string{ada.ID, eva.ID})
		rows := c.eventRows()
		wantSame(t, "the event", rows[len(rows)-1].Data, fmt.Sprintf(`{"mentions":["%s","%s"],"message":"%s"}`, ada.ID, eva.ID, note.ID))
		wantSame(t, "of Eva", w.told(eva), []string{"mentioned note ben"})
		wantSame(t, "of Ada", w.told(ada), []string{"mentioned note ben"})
		wantSame(t, "of Ben", w.told(ben), []string{})
		wantSame(t, "of Mia", w.told(mia), []string{})

		w.wantLetters(eva.Email, "mentioned")
		w.wantWords(eva.Email, "mentioned", c.ref, "https://recover.example/staff/cases/"+c.id)
		w.wantLetters(ada.Email)
		for _, l := range w.letters(eva.Email) {
			for _, secret := range []string{"Odd", "stamp", "ana-2019", c.email} {
				if strings.Contains(l.TextBody+l.Subject+l.HTMLBody, secret) {
					t.Errorf("the mail holds %q: %s", secret, l.TextBody)
				}
			}
		}
		followers, err := w.Followers(w.ctx, mia, c.id)
		must(t, err)
		wantSame(t, "followers", followers, []string{eva.ID})

		// It is read by looking at the case.
		w.unread(eva, 1)
		seen, err := w.LookOn(w.ctx, eva, c.id)
		must(t, err)
		if seen.Unread != 0 {
			t.Errorf("%d unread after a look", seen.Unread)
		}
		w.unread(eva, 0)
		w.unread(ada, 1)

		before := len(c.eventRows())
		_, err = w.WriteNote(w.ctx, ben, c.id, "For a stranger", cases.Actor{Kind: cases.Staff, ID: "staff-pol", Roles: []string{"policy_author"}})
		wantFields(t, err, "/mentions/0 may_not_see")
		_, err = w.WriteNote(w.ctx, ben, c.id, "For a customer", c.actor)
		wantFields(t, err, "/mentions/0 may_not_see")
		_, err = w.WriteNote(w.ctx, ben, c.id, "For all", slices.Repeat([]cases.Actor{eva}, 21)...)
		wantFields(t, err, "/mentions too_many")
		if after := len(c.eventRows()); after != before {
			t.Errorf("refused notes left %d events", after-before)
		}

		// A note that mentions others than its event says was changed.
		w.wantSound()
		_, err = w.db.NewUpdate().Model((*cases.CaseMessage)(nil)).Set("mentions = ?", `["staff-mia"]`).Where("id = ?", note.ID).Exec(w.ctx)
		must(t, err)
		report, err := w.VerifyAudit(w.ctx)
		must(t, err)
		if len(report.Findings) != 1 || report.Findings[0].Code != "altered_row" {
			t.Errorf("findings: %v", report.Findings)
		}
	})
}

// Who follows a case is told of what others do with it, and never of what they do
// themselves; nobody else is.
func TestFollow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva, mia := reviewer("ben"), reviewer("eva"), lead("mia")
		c, other := w.filed("ana-2019", withCard(1)), w.filed("leo-2020", withCard(1))
		for _, who := range []cases.Actor{ben, eva, eva} {
			must(t, w.Follow(w.ctx, who, c.id))
		}
		w.clock.move(time.Minute)
		_, err := w.Write(w.ctx, c.actor, c.id, "Is there any news?")
		must(t, err)
		_, err = w.Write(w.ctx, other.actor, other.id, "And here?")
		must(t, err)
		wantSame(t, "of Ben", w.told(ben), []string{"followed write " + c.id})
		wantSame(t, "of Eva", w.told(eva), []string{"followed write " + c.id})

		w.clock.move(time.Minute)
		_, err = w.Assign(w.ctx, mia, c.id, 0, ben)
		must(t, err)
		wantSame(t, "of Ben", w.told(ben)[0], "given assign mia")
		wantSame(t, "of Eva", w.told(eva)[0], "followed assign mia")
		wantSame(t, "of Mia", w.told(mia), []string{})

		w.clock.move(time.Minute)
		_, err = w.Write(w.ctx, ben, c.id, "We are at it.") // to the customer, which tells nobody else
		must(t, err)
		_, err = w.WriteNote(w.ctx, ben, c.id, "Looks fine.")
		must(t, err)
		w.clock.move(time.Minute)
		_, err = w.RequestMaterials(w.ctx, ben, c.id, 0, cases.RequestInput{Words: "More.", Asks: []cases.Ask{{Text: "A letter"}}})
		must(t, err)
		wantSame(t, "of Ben", len(w.told(ben)), 2)
		wantSame(t, "of Eva", w.told(eva)[:2], []string{"followed request_materials ben", "followed note ben"})

		w.clock.move(time.Minute)
		c.supplies().submit()
		wantSame(t, "of Ben", w.told(ben)[0], "followed submit "+c.id)
		must(t, w.Unfollow(w.ctx, ben, c.id))
		must(t, w.Unfollow(w.ctx, ben, c.id))
		w.clock.move(time.Minute)
		c.claim(eva)
		_, err = w.Deny(w.ctx, eva, c.id, 0, cases.Denial{ReasonCode: "not_proven", WordsCustomer: "No."})
		must(t, err)
		wantSame(t, "of Ben, who no longer follows", w.told(ben)[0], "followed submit "+c.id)
		wantSame(t, "of Eva, who did it", w.told(eva)[0], "followed submit "+c.id)
		w.wantSound()
	})
}

// Who follows a case that was put away is told when its time has come, and not when a
// colleague brings it back.
func TestFollowersHearOfWhatComesBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva := reviewer("ben"), reviewer("eva")
		c := w.filed("ana-2019", withCard(1))
		must(t, w.Follow(w.ctx, ben, c.id))
		must(t, c.snooze(eva, inAWeek()))
		_, err := w.Wake(w.ctx, eva, c.id, 0)
		must(t, err)
		wantSame(t, "brought back", w.told(ben), []string{})
		must(t, c.snooze(eva, cases.SnoozeInput{Preset: cases.SnoozeNextDay}))
		w.clock.move(day)
		_, err = w.Tick(w.ctx)
		must(t, err)
		if told := w.told(ben); !slices.Contains(told, "followed wake system") {
			t.Errorf("told: %v", told)
		}
	})
}

// What is undone takes back that somebody was told of it, unless they have read it.
func TestUndoneAssignmentIsNotTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, mia := reviewer("ben"), lead("mia")
		c := w.filed("ana-2019", withCard(1))
		a, err := w.AssignMany(w.ctx, mia, []string{c.id}, ben)
		must(t, err)
		wantSame(t, "given", w.told(ben), []string{"given assign mia"})
		_, err = w.UndoAssignment(w.ctx, mia, a.ID)
		must(t, err)
		wantSame(t, "undone", w.told(ben), []string{})
	})
}

// The view of followed cases is the reader's own, and has what is under way alone.
func TestFollowedView(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva, ada := reviewer("ben"), reviewer("eva"), auditor("ada")
		first, second, third := w.filed("ana-2019", withCard(1)), w.filed("leo-2020", withCard(1)), w.filed("rui-2021", withCard(1))
		draft := w.begin("kim-2022", withCard(1))
		w.wantQueue(ben, cases.ViewFollowed)
		for _, c := range []*claimant{third, first} {
			must(t, w.Follow(w.ctx, ben, c.id))
		}
		must(t, w.Follow(w.ctx, ada, second.id))
		w.wantQueue(ben, cases.ViewFollowed, first, third)
		w.wantQueue(ada, cases.ViewFollowed, second)
		w.wantQueue(eva, cases.ViewFollowed)
		counts, err := w.QueueCounts(w.ctx, ben)
		must(t, err)
		wantSame(t, "count", counts[cases.ViewFollowed], 2)
		_, err = w.Withdraw(w.ctx, first.actor, first.id, 0)
		must(t, err)
		w.wantQueue(ben, cases.ViewFollowed, third)
		wantSame(t, "told of the end", w.told(ben), []string{"followed withdraw " + first.id})

		wantCode(t, w.Follow(w.ctx, ben, draft.id), "case_not_found")
		wantCode(t, w.Follow(w.ctx, ben, "nothing"), "case_not_found")
		wantCode(t, w.Follow(w.ctx, first.actor, first.id), "role_required")
		wantCode(t, w.Unfollow(w.ctx, first.actor, first.id), "role_required")
		_, err = w.Followers(w.ctx, first.actor, first.id)
		wantCode(t, err, "role_required")
	})
}

// Nobody follows more than can be looked up at once; cases that have ended make room.
func TestFollowHasAnEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben := reviewer("ben")
		crowd(t, w, 2*cases.MostFollowed)
		followed := func(which string, limit int) (rows []*cases.Follower) {
			t.Helper()
			ids := []string{}
			must(t, w.db.NewSelect().Table("cases").Column("id").Where(which).Where("id NOT IN (SELECT case_id FROM followers)").OrderExpr("id").Limit(int64(limit)).Scan(w.ctx, &ids))
			for _, id := range ids {
				rows = append(rows, &cases.Follower{CaseID: id, StaffID: ben.ID, Since: w.clock.now()})
			}
			return rows
		}
		rows := append(followed("lane = 1", 250), followed("lane = 4", 250)...)
		_, err := w.db.NewInsert().Model(&rows).Exec(w.ctx)
		must(t, err)
		wantSame(t, "followed", len(rows), cases.MostFollowed)
		c := w.filed("ana-2019", withCard(1))
		must(t, w.Follow(w.ctx, ben, c.id)) // 250 that ended made room
		more := followed("lane IN (1, 2, 3) AND id LIKE 'c-%'", 249)
		_, err = w.db.NewInsert().Model(&more).Exec(w.ctx)
		must(t, err)
		must(t, w.Follow(w.ctx, ben, c.id)) // does already
		other := w.filed("leo-2020", withCard(1))
		wantCode(t, w.Follow(w.ctx, ben, other.id), "too_many_followed")
		_, err = w.WriteNote(w.ctx, reviewer("eva"), other.id, "See this", ben) // is told, and does not follow
		must(t, err)
		wantSame(t, "told", w.told(ben), []string{"mentioned note eva"})
	})
}

// An inbox is read a page at a time, entry by entry and as a whole up to what was seen;
// it is nobody else's, and its entries end.
func TestInbox(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva := reviewer("ben"), reviewer("eva")
		c := w.filed("ana-2019", withCard(1))
		must(t, w.Follow(w.ctx, ben, c.id))
		for n := range 7 {
			if n%3 == 0 {
				w.clock.move(time.Second)
			}
			_, err := w.Write(w.ctx, c.actor, c.id, fmt.Sprintf("Message %d", n))
			must(t, err)
		}
		var said []string
		for cursor := ""; ; {
			page, err := database.NewTimePage(3, cursor)
			must(t, err)
			list, next, err := w.Inbox(w.ctx, ben, cases.InboxQuery{Unread: true, Page: page})
			must(t, err)
			for _, e := range list {
				said = append(said, e.Message.Body[8:])
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		wantSame(t, "said", slices.Sorted(slices.Values(said)), []string{"0", "1", "2", "3", "4", "5", "6"})
		w.unread(ben, 7)

		page, err := database.NewTimePage(10, "")
		must(t, err)
		list, _, err := w.Inbox(w.ctx, ben, cases.InboxQuery{Page: page})
		must(t, err)
		must(t, w.ReadNotice(w.ctx, ben, list[0].ID))
		must(t, w.ReadNotice(w.ctx, ben, list[0].ID))
		w.unread(ben, 6)
		wantCode(t, w.ReadNotice(w.ctx, eva, list[1].ID), "notice_not_found")
		must(t, w.ReadNotices(w.ctx, eva, w.clock.now()))
		w.unread(ben, 6)
		must(t, w.ReadNotices(w.ctx, ben, list[6].At)) // the first three, written in one second
		w.unread(ben, 3)
		again, _, err := w.Inbox(w.ctx, ben, cases.InboxQuery{Unread: true, Page: page})
		must(t, err)
		wantSame(t, "unread", len(again), 3)

		for _, who := range []cases.Actor{c.actor, {Kind: cases.Staff, ID: "staff-pol", Roles: []string{"policy_author"}}, {}} {
			_, _, err := w.Inbox(w.ctx, who, cases.InboxQuery{Page: page})
			wantCode(t, err, "role_required")
			wantCode(t, w.ReadNotice(w.ctx, who, list[1].ID), "role_required")
			wantCode(t, w.ReadNotices(w.ctx, who, w.clock.now()), "role_required")
			wantCode(t, w.ChooseInbox(w.ctx, who, cases.InboxChoices{}), "role_required")
			_, err = w.InboxChoices(w.ctx, who)
			wantCode(t, err, "role_required")
			w.unread(who, 0)
		}
		choices, err := w.InboxChoices(w.ctx, ben)
		must(t, err)
		if !choices.Mail || !choices.Follow {
			t.Errorf("who has chosen nothing: %+v", choices)
		}
		for _, want := range []cases.InboxChoices{{Mail: true}, {Follow: true}} {
			must(t, w.ChooseInbox(w.ctx, ben, want))
			choices, err := w.InboxChoices(w.ctx, ben)
			must(t, err)
			if choices.Mail != want.Mail || choices.Follow != want.Follow || choices.StaffID != ben.ID {
				t.Errorf("chosen: %+v, want %+v", choices, want)
			}
		}

		w.clock.move(89 * day)
		must(t, w.PurgeNotices(w.ctx))
		wantSame(t, "kept", len(w.told(ben)) > 0, true)
		w.clock.move(2 * day)
		must(t, w.PurgeNotices(w.ctx))
		wantSame(t, "ended", w.told(ben), []string{})
	})
}

// However many old notices there are, no statement removes so many that it takes too long.
func TestManyOldNoticesGo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(0))
		var rows []*cases.Notice
		for n := range 12000 {
			rows = append(rows, &cases.Notice{StaffID: fmt.Sprint("staff-", n%7), ID: fmt.Sprint(c.id, ".", n), CaseID: c.id, At: w.clock.now().Add(time.Duration(n/11999) * time.Hour)})
		}
		_, err := w.db.NewInsert().Model(&rows).Exec(w.ctx)
		must(t, err)
		w.clock.move(90*24*time.Hour + time.Microsecond)
		removed := databasetest.WatchDeletes(w.db)
		must(t, w.PurgeNotices(w.ctx))
		left, err := w.db.NewSelect().Model((*cases.Notice)(nil)).Count(w.ctx)
		must(t, err)
		if left != 1 || removed.Most == 0 || removed.Most > 5000 {
			t.Errorf("%d are left, %d went at once", left, removed.Most)
		}
	})
}
