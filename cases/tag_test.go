package cases_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"regain/cases"
	"regain/database"
)

// tag gives and takes tags; without says which to take, by name.
func (c *claimant) tag(who cases.Actor, names ...string) error {
	_, err := c.Tag(c.ctx, who, c.id, cases.Tagging{Add: names})
	return err
}

// tags are the names of the case's tags as they are called today.
func (c *claimant) tags() string {
	c.t.Helper()
	of, err := c.TagsOf(c.ctx, c.read())
	must(c.t, err)
	names := []string{}
	for _, t := range of[c.id] {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}

func (w *world) tagNamed(name string) *cases.Tag {
	w.t.Helper()
	list, err := w.Tags(w.ctx, reviewer("ben"), true)
	must(w.t, err)
	for _, t := range list {
		if t.Name == name {
			return t
		}
	}
	w.t.Fatalf("there is no tag %q", name)
	return nil
}

// wantTagged compares the cases of a tag, in the order of the queue.
func (w *world) wantTagged(view cases.View, id string, want ...string) {
	w.t.Helper()
	list, err := w.Queue(w.ctx, reviewer("ben"), cases.QueueQuery{View: view, Filter: cases.QueueFilter{Tag: id}, Limit: 50})
	must(w.t, err)
	wantSame(w.t, "tagged "+id+" in "+string(view), accountsOf(list), strings.Join(want, " "))
}

// Tags are made on use, in one form however they are typed, by those who review; each
// change is an event that names ids alone and asks nobody to read the case again.
func TestTags(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva := reviewer("ben"), reviewer("eva")
		c := w.filed("ana-2019", withCard(0))
		version := c.read().Version
		must(t, c.tag(ben, "  VIP ", "Ｆｒａｕｄ   desk", "vip"))
		wantSame(t, "tags", c.tags(), "fraud desk, vip")
		must(t, c.tag(eva, "Vip")) // has it: no change
		vip := w.tagNamed("vip")
		_, err := w.Tag(w.ctx, eva, c.id, cases.Tagging{Add: []string{"herança"}, Remove: []string{vip.ID, "no such"}})
		must(t, err)
		wantSame(t, "tags", c.tags(), "fraud desk, herança")
		wantSame(t, "the version", c.read().Version, version)
		rows := c.eventRows()
		last := rows[len(rows)-1]
		wantSame(t, "the event", last.Data, fmt.Sprintf(`{"added":[%q],"removed":[%q]}`, w.tagNamed("herança").ID, vip.ID))
		wantSame(t, "events of tags", strings.Count(strings.Join(c.events(), " "), "tag"), 2)

		wantCode(t, c.tag(auditor("ada"), "x1"), "role_required")
		wantCode(t, c.tag(c.actor, "x1"), "not_allowed")
		_, err = w.Tag(w.ctx, ben, c.id, cases.Tagging{})
		wantFields(t, err, "/add required")
		wantFields(t, c.tag(ben, " ", "?!", strings.Repeat("é", 41), "a<b", "- -", "\u202ea"), "/add/0 required", "/add/1 not_a_tag", "/add/2 too_long", "/add/3 not_a_tag", "/add/4 not_a_tag", "/add/5 forbidden_character")
		var many []string
		for n := range 18 {
			many = append(many, fmt.Sprintf("tag %d", n))
		}
		must(t, c.tag(ben, many...))
		wantCode(t, c.tag(ben, "one more"), "tags_full")
		draft := w.begin("draft", withCard(0))
		wantCode(t, draft.tag(ben, "vip"), "case_not_found")
		w.wantSound()
	})
}

// The cases of a tag are found in the order of the queue, page by page, wherever they
// move, in any view and with any filter.
func TestQueueOfATag(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben := reviewer("ben")
		var all []*claimant
		for _, name := range []string{"a1", "b1", "c1", "d1"} {
			all = append(all, w.filed(name, withCard(0)))
			w.clock.move(time.Hour)
		}
		for _, n := range []int{3, 0, 1} {
			must(t, all[n].tag(ben, "vip"))
		}
		vip := w.tagNamed("vip").ID
		w.wantTagged(cases.ViewUnassigned, vip, "a1", "b1", "d1")
		w.wantTagged(cases.ViewAll, "another")
		var got []string
		for page := (cases.QueueQuery{View: cases.ViewAll, Filter: cases.QueueFilter{Tag: vip}, Limit: 2}); ; {
			list, err := w.Queue(w.ctx, ben, page)
			must(t, err)
			for _, c := range list {
				got = append(got, c.Account)
			}
			if len(list) < 2 {
				break
			}
			page.After = list[len(list)-1].Key()
		}
		wantSame(t, "page by page", strings.Join(got, " "), "a1 b1 d1")
		list, err := w.Queue(w.ctx, ben, cases.QueueQuery{View: cases.ViewAll, Filter: cases.QueueFilter{Tag: vip}, Before: all[3].read().Key(), Limit: 1})
		must(t, err)
		wantSame(t, "the page before", accountsOf(list), "b1")
		list, err = w.Queue(w.ctx, ben, cases.QueueQuery{View: cases.ViewAll, Filter: cases.QueueFilter{Tag: vip, Text: "d1"}, Limit: 5})
		must(t, err)
		wantSame(t, "with words", accountsOf(list), "d1")

		// Of several tags a case has all, in whichever order and however often they are named.
		must(t, all[0].tag(ben, "heirs"))
		must(t, all[2].tag(ben, "heirs"))
		must(t, all[3].tag(ben, "heirs"))
		heirs := w.tagNamed("heirs").ID
		w.wantTagged(cases.ViewUnassigned, vip+","+heirs, "a1", "d1")
		w.wantTagged(cases.ViewAll, heirs+", "+vip+","+heirs, "a1", "d1")
		w.wantTagged(cases.ViewAll, vip+",another")
		_, err = w.Queue(w.ctx, ben, cases.QueueQuery{View: cases.ViewAll, Filter: cases.QueueFilter{Tag: "1,2,3,4,5,6"}, Limit: 5})
		wantFields(t, err, "/tag wrong_number")

		all[0].claim(ben)
		_, err = w.RequestMaterials(w.ctx, ben, all[0].id, 0, cases.RequestInput{Words: "More.", Asks: []cases.Ask{{Text: "A letter"}}})
		must(t, err)
		all[1].claim(ben)
		_, err = w.Deny(w.ctx, ben, all[1].id, 0, denial())
		must(t, err)
		w.wantTagged(cases.ViewUnassigned, vip, "d1")
		w.wantTagged(cases.ViewWaiting, vip, "a1")
		w.wantTagged(cases.ViewEnded, vip, "b1")
		w.wantTagged(cases.ViewAll, vip, "d1", "a1", "b1")
		_, err = w.Appeal(w.ctx, all[1].actor, all[1].id, 0, "You are mistaken.")
		must(t, err)
		w.wantTagged(cases.ViewAppeals, vip, "b1")
		w.wantSound()
	})
}

// A lead renames, merges and retires tags: cases follow, their records stay.
func TestTagsOfLeads(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, boss := reviewer("ben"), lead("boss")
		one, two := w.filed("one", withCard(0)), w.filed("two", withCard(0))
		must(t, one.tag(ben, "vip", "vips"))
		must(t, two.tag(ben, "vips"))
		vip, vips := w.tagNamed("vip"), w.tagNamed("vips")
		before := two.read().EventHead

		_, err := w.RenameTag(w.ctx, ben, vip.ID, "x1")
		wantCode(t, err, "role_required")
		_, err = w.RenameTag(w.ctx, boss, vip.ID, "Vips")
		wantCode(t, err, "tag_exists")
		_, err = w.RenameTag(w.ctx, boss, vip.ID, "!")
		wantFields(t, err, "/name not_a_tag")
		_, err = w.RenameTag(w.ctx, boss, "no such", "x1")
		wantCode(t, err, "tag_not_found")
		_, err = w.RenameTag(w.ctx, boss, vip.ID, "Important")
		must(t, err)
		wantSame(t, "renamed", one.tags(), "important, vips")

		_, err = w.MergeTags(w.ctx, ben, vips.ID, vip.ID)
		wantCode(t, err, "role_required")
		_, err = w.MergeTags(w.ctx, boss, vips.ID, vips.ID)
		wantFields(t, err, "/into not_a_choice")
		_, err = w.MergeTags(w.ctx, boss, vips.ID, "no such")
		wantFields(t, err, "/into not_a_choice")
		_, err = w.MergeTags(w.ctx, boss, vips.ID, vip.ID)
		must(t, err)
		wantSame(t, "merged, once", one.tags(), "important")
		wantSame(t, "merged", two.tags(), "important")
		wantSame(t, "the record", two.read().EventHead, before)
		w.wantTagged(cases.ViewAll, vip.ID, "one", "two")
		w.wantTagged(cases.ViewAll, vips.ID, "one", "two") // as a saved view has it
		_, err = w.MergeTags(w.ctx, boss, vips.ID, vip.ID)
		wantCode(t, err, "tag_not_found")
		must(t, two.tag(ben, "VIPS")) // the old name leads there: no change
		wantSame(t, "the record", two.read().EventHead, before)
		_, err = w.Tag(w.ctx, ben, one.id, cases.Tagging{Remove: []string{vip.ID}})
		must(t, err)
		wantSame(t, "both are gone", one.tags(), "")
		w.wantTagged(cases.ViewAll, vip.ID, "two")

		_, err = w.RetireTag(w.ctx, ben, vip.ID, true)
		wantCode(t, err, "role_required")
		_, err = w.RetireTag(w.ctx, boss, vip.ID, true)
		must(t, err)
		wantFields(t, one.tag(ben, "important"), "/add/0 tag_retired")
		wantSame(t, "it stays where it is", two.tags(), "important")
		live, err := w.Tags(w.ctx, ben, false)
		must(t, err)
		wantSame(t, "offered", len(live), 0)
		list, err := w.ListTags(w.ctx, auditor("ada"), database.Page{Limit: 10})
		must(t, err)
		wantSame(t, "listed", fmt.Sprint(len(list.Tags), list.Cases[vip.ID], list.Next == ""), "1 1 true")
		_, err = w.RetireTag(w.ctx, boss, vip.ID, false)
		must(t, err)
		must(t, one.tag(ben, "important"))
		_, err = w.ListTags(w.ctx, one.actor, database.Page{Limit: 10})
		wantCode(t, err, "role_required")
		w.wantSound()
	})
}

// There are so many tags and no more.
func TestTooManyTags(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var all []*cases.Tag
		for n := range cases.MostTags {
			all = append(all, &cases.Tag{ID: fmt.Sprintf("t-%d", n), Name: fmt.Sprintf("n %d", n), CreatedAt: w.clock.now()})
		}
		_, err := w.db.NewInsert().Model(&all).Exec(w.ctx)
		must(t, err)
		c := w.filed("ana-2019", withCard(0))
		wantCode(t, c.tag(reviewer("ben"), "one more"), "too_many_tags")
		must(t, c.tag(reviewer("ben"), "n 7"))
		_, err = w.RetireTag(w.ctx, lead("boss"), "t-8", true)
		must(t, err)
		must(t, c.tag(reviewer("ben"), "one more"))
		_, err = w.RetireTag(w.ctx, lead("boss"), "t-8", false)
		wantCode(t, err, "too_many_tags")
		w.wantSound()
	})
}

// Several cases are tagged at one go; undoing takes away what came, gives back what
// went, and leaves alone what somebody else has changed since.
func TestTagMany(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva := reviewer("ben"), reviewer("eva")
		has, free, gone := w.filed("has", withCard(0)), w.filed("free", withCard(0)), w.begin("gone", withCard(0))
		must(t, has.tag(eva, "vip"))
		act, err := w.TagMany(w.ctx, ben, []string{free.id, has.id, gone.id, free.id}, cases.Tagging{Add: []string{"vip"}})
		must(t, err)
		wantSame(t, "outcome", fmt.Sprint(len(act.Changed()), len(act.Unchanged()), " ", act.Refused()[0].Refused), "1 1 case_not_found")
		_, err = w.UndoTags(w.ctx, eva, act.ID)
		wantCode(t, err, "bulk_act_not_found")
		undone, err := w.UndoTags(w.ctx, ben, act.ID)
		must(t, err)
		wantSame(t, "undone", len(undone.Changed()), 1)
		wantSame(t, "hers stays", has.tags(), "vip")
		wantSame(t, "his is gone", free.tags(), "")
		_, err = w.UndoTags(w.ctx, ben, act.ID)
		wantCode(t, err, "already_undone")

		must(t, free.tag(ben, "vip"))
		act, err = w.TagMany(w.ctx, ben, []string{free.id, has.id}, cases.Tagging{Remove: []string{w.tagNamed("vip").ID}})
		must(t, err)
		must(t, free.tag(eva, "vip", "urgent"))
		_, err = w.RetireTag(w.ctx, lead("boss"), w.tagNamed("vip").ID, true)
		must(t, err)
		undone, err = w.UndoTags(w.ctx, ben, act.ID)
		must(t, err)
		wantSame(t, "given back", fmt.Sprint(len(undone.Changed()), len(undone.Unchanged())), "1 1")
		wantSame(t, "has", has.tags(), "vip")
		wantSame(t, "free", free.tags(), "urgent, vip")

		act, err = w.TagMany(w.ctx, ben, []string{free.id}, cases.Tagging{Add: []string{"late"}})
		must(t, err)
		w.clock.move(61 * time.Minute)
		_, err = w.UndoTags(w.ctx, ben, act.ID)
		wantCode(t, err, "undo_too_late")
		must(t, w.PurgeSearches(w.ctx))
		_, err = w.TagMany(w.ctx, ben, nil, cases.Tagging{Add: []string{"late"}})
		wantFields(t, err, "/cases wrong_number")
		_, err = w.TagMany(w.ctx, auditor("ada"), []string{free.id}, cases.Tagging{Add: []string{"late"}})
		wantCode(t, err, "role_required")
		w.wantSound()
	})
}

// Tags that are made, given, merged and moved at the same moments leave every list as
// the cases are.
func TestTagsTogether(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var all []*claimant
		var ids []string
		for n := range 4 {
			c := w.filed(fmt.Sprintf("account-%d", n), withCard(0))
			all, ids = append(all, c), append(ids, c.id)
		}
		must(t, all[0].tag(reviewer("ben"), "old", "new"))
		old, now := w.tagNamed("old").ID, w.tagNamed("new").ID
		var wg sync.WaitGroup
		fault := func(err error) {
			if err != nil {
				t.Error(err)
			}
		}
		for n, c := range all {
			wg.Go(func() {
				_, err := w.TagMany(w.ctx, reviewer(fmt.Sprintf("r%d", n)), ids, cases.Tagging{Add: []string{"old", "fresh", fmt.Sprintf("own %d", n)}})
				fault(err)
			})
			wg.Go(func() {
				_, err := w.Claim(w.ctx, reviewer("ben"), c.id, 0)
				fault(err)
				_, err = w.RequestMaterials(w.ctx, reviewer("ben"), c.id, 0, cases.RequestInput{Words: "More.", Asks: []cases.Ask{{Text: "A letter"}}})
				fault(err)
			})
		}
		wg.Go(func() {
			_, err := w.MergeTags(w.ctx, lead("boss"), old, now)
			fault(err)
		})
		wg.Wait()
		for n, c := range all {
			wantSame(t, fmt.Sprintf("tags of %d", n), c.tags(), "fresh, new, own 0, own 1, own 2, own 3")
		}
		w.wantTagged(cases.ViewWaiting, now, "account-0", "account-1", "account-2", "account-3")
		w.wantSound()
	})
}

// A merge after several cases were tagged does not make the undoing take more than came: what
// somebody else gave stays, though it means the same by now.
func TestUndoTagsAfterMerge(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben, eva := reviewer("ben"), reviewer("eva")
		c, other := w.filed("ana-2019", withCard(0)), w.filed("rui-2020", withCard(0))
		act, err := w.TagMany(w.ctx, ben, []string{c.id, other.id}, cases.Tagging{Add: []string{"fraud"}})
		must(t, err)
		must(t, c.tag(eva, "fraud desk"))
		desk := w.tagNamed("fraud desk").ID
		_, err = w.MergeTags(w.ctx, lead("boss"), w.tagNamed("fraud").ID, desk)
		must(t, err)
		_, err = w.UndoTags(w.ctx, ben, act.ID)
		must(t, err)
		wantSame(t, "hers stays", c.tags(), "fraud desk")
		wantSame(t, "his is gone", other.tags(), "")
		w.wantTagged(cases.ViewAll, desk, "ana-2019")
		w.wantSound()
	})
}

// Two who use the same new tags, in another order each, do not wait for each other.
func TestNewTagsTogether(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one, two := w.filed("ana-2019", withCard(0)), w.filed("rui-2020", withCard(0))
		for n := range 3 {
			var first, last []string
			for k := range 12 {
				name := fmt.Sprintf("n%d k%d", n, k)
				first, last = append(first, name), append([]string{name}, last...)
			}
			var at sync.WaitGroup
			var errs [2]error
			at.Go(func() { errs[0] = one.tag(reviewer("ben"), first...) })
			at.Go(func() { errs[1] = two.tag(reviewer("eva"), last...) })
			at.Wait()
			must(t, errors.Join(errs[:]...))
			for _, c := range []*claimant{one, two} {
				_, err := w.Tag(w.ctx, reviewer("ben"), c.id, cases.Tagging{Remove: c.read().Tags.V})
				must(t, err)
			}
		}
		w.wantSound()
	})
}

func TestSplitTags(t *testing.T) {
	wantSame(t, "names", strings.Join(cases.SplitTags(" vip, fraud desk;;\n继承、急 ，, "), "|"), "vip|fraud desk|继承|急")
}

// TestFarTooManyTags: a filter by far too many tags is refused by looking at few of them.
func TestFarTooManyTags(t *testing.T) {
	var many strings.Builder
	for n := range 200_000 {
		fmt.Fprintf(&many, "%d,", n)
	}
	if ids := cases.TagIDs(many.String()); len(ids) != cases.MostFilterTags+1 {
		t.Errorf("%d ids were taken", len(ids))
	}
}
