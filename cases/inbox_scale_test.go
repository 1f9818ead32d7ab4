package cases_test

import (
	"regexp"
	"testing"

	"regain/cases"
	"regain/database"
)

// followedBy puts every case into the hands of followers and their inboxes: all are followed by
// Eva, who was told of each, and the last fifty by Ben, who was told of those.
func (w *world) followedBy(eva, ben cases.Actor) {
	w.t.Helper()
	for _, statement := range []string{
		"INSERT INTO followers (case_id, staff_id, since) SELECT c.id, '" + eva.ID + "', c.created_at FROM cases AS c WHERE c.lane > 0",
		"INSERT INTO followers (case_id, staff_id, since) SELECT c.id, '" + ben.ID + "', c.created_at FROM cases AS c WHERE c.lane IN (1, 2, 3) ORDER BY c.queue_at DESC LIMIT 50",
		"INSERT INTO notices (staff_id, id, case_id, why, type, actor_kind, actor_id, given_to, message_id, at) " +
			"SELECT f.staff_id, f.case_id || '.1', f.case_id, 'followed', 'write', 'customer', f.case_id, '', '', c.queue_at FROM followers AS f JOIN cases AS c ON c.id = f.case_id",
		"ANALYZE",
	} {
		w.lay(statement)
	}
}

// readsAllFollowers finds a plan that reads every follower, notice or case.
var readsAllFollowers = regexp.MustCompile(`Seq Scan on (followers|notices|cases)|SCAN [fnc](\n|$)`)

// followingIsQuick gives each case a follower who was told of it, and looks at the view of
// what one follows, the counts, an inbox, a case and a customer's message.
func followingIsQuick(t *testing.T, few, w *world, h *heard) {
	ben, eva := reviewer("ben"), reviewer("eva")
	talked := map[*world]*claimant{}
	for _, world := range []*world{few, w} {
		talked[world] = world.filed("with news", withCard(1))
		world.followedBy(eva, ben)
	}
	page, err := database.NewTimePage(25, "")
	must(t, err)
	for what, work := range map[string]func(w *world) error{
		"the view of followed cases": func(w *world) error {
			list, err := w.Queue(w.ctx, ben, cases.QueueQuery{View: cases.ViewFollowed, Limit: 26})
			if len(list) != 26 {
				t.Errorf("%d followed cases", len(list))
			}
			return err
		},
		"the counts": func(w *world) error {
			counts, err := w.QueueCounts(w.ctx, ben)
			if counts[cases.ViewFollowed] != 50 {
				t.Errorf("%d followed cases are counted", counts[cases.ViewFollowed])
			}
			return err
		},
		"the count of an inbox": func(w *world) error { _, err := w.Unread(w.ctx, eva); return err },
		"an inbox": func(w *world) error {
			list, _, err := w.Inbox(w.ctx, eva, cases.InboxQuery{Unread: true, Page: page})
			if len(list) != 25 {
				t.Errorf("%d entries", len(list))
			}
			return err
		},
		"a look at a case": func(w *world) error { _, err := w.LookOn(w.ctx, ben, talked[w].id); return err },
		"a customer's message": func(w *world) error {
			_, err := w.Write(w.ctx, talked[w].actor, talked[w].id, "Any news?")
			return err
		},
	} {
		small, large := fastest(few, w, slowCounts, func(w *world) {
			h.queries = nil
			must(t, work(w))
		})
		how := ""
		for _, query := range h.queries {
			if regexp.MustCompile(`^(SELECT|INSERT|UPDATE)`).MatchString(query) && regexp.MustCompile(`followers|notices|"cases"`).MatchString(query) {
				how += plan(t, w, query)
			}
		}
		t.Logf("%s: %s of many, %s of few", what, large, small)
		if slowCounts(small, large) || readsAllFollowers.MatchString(how) {
			t.Errorf("%s: %s of many, %s of few:\n%s", what, large, small, how)
		}
	}
}
