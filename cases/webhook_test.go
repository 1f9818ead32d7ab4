package cases_test

import (
	"slices"
	"testing"

	"regain/cases"
	"regain/database"
	"regain/notify"
)

// TestWebhooksAreToldOfWaking: webhooks are told that a case is back, whatever brings it back, and
// once; what leaves it put away is not told as that.
func TestWebhooksAreToldOfWaking(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		hooks, err := notify.NewWebhooks(w.db, notify.WebhooksOptions{Clock: w.clock.now, IDs: w.ids.next, Types: cases.WebhookTypes()})
		must(t, err)
		w.options.Webhooks = hooks
		w.restart(defaultPolicy(t))
		e, _, err := hooks.CreateEndpoint(w.ctx, notify.EndpointInput{URL: "https://hooks.example.com/", Types: []string{"case.woken", "message.written"}}, "admin-1")
		must(t, err)
		told := func(c *claimant) (types, ids []string) {
			list, _, err := hooks.Deliveries(w.ctx, e.ID, notify.DeliveryQuery{Page: database.Page{Limit: 50}})
			must(t, err)
			for _, d := range list {
				if d.CaseID == c.id {
					types, ids = append(types, d.Type), append(ids, d.MessageID)
				}
			}
			slices.Sort(types)
			return types, ids
		}
		ben := reviewer("ben")
		written, claimed, woken, alone := w.filed("written", withCard(0)), w.filed("claimed", withCard(0)), w.filed("woken", withCard(0)), w.filed("alone", withCard(0))
		for _, c := range []*claimant{written, claimed, woken} {
			must(t, c.snooze(ben, inAWeek()))
		}
		_, err = w.Write(w.ctx, ben, written.id, "We wait.")
		must(t, err)
		_, err = w.Write(w.ctx, written.actor, written.id, "Here it is.")
		must(t, err)
		claimed.claim(ben)
		_, err = w.Wake(w.ctx, ben, woken.id, 0)
		must(t, err)
		alone.claim(ben)
		_, err = w.Write(w.ctx, alone.actor, alone.id, "Hello?")
		must(t, err)
		for _, want := range []struct {
			c     *claimant
			types []string
		}{
			{written, []string{"case.woken", "message.written", "message.written"}},
			{claimed, []string{"case.woken"}},
			{woken, []string{"case.woken"}},
			{alone, []string{"message.written"}},
		} {
			types, ids := told(want.c)
			slices.Sort(ids)
			if !slices.Equal(types, want.types) || len(slices.Compact(ids)) != len(want.types) {
				t.Errorf("%s: told of %v as %v, want %v", want.c.read().Account, types, ids, want.types)
			}
		}
		w.wantSound()
	})
}
