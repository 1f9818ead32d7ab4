package cases_test

import (
	"bytes"
	"context"
	"testing"

	"regain/cases"
	"regain/database"
)

// What was foreseen before a file arrived counts only while nothing has happened to the
// case since: the rest of two uploads at once is as if they came one after the other.
func TestForeseenSupply(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.options.MaxDocuments = 3
		w.restart(defaultPolicy(t))
		c := w.begin("ana-2019", withCard(0)).prove()
		front, content := c.item("card_front/1"), w.pdf()
		foreseen := func() context.Context {
			ctx := w.ForeseeSupply(w.ctx, c.id)
			var found []*cases.Case
			must(t, w.db.ReadTogether(ctx, w.db.From(ctx), database.ListOf(&found, "FALSE"))) // as the session is read
			return ctx
		}
		supply := func(ctx context.Context, between func()) (*cases.Document, error) {
			up, err := w.Receive(ctx, c.actor, c.id, front.ID, cases.Incoming{Name: "a.pdf", Content: bytes.NewReader(content)})
			must(t, err)
			defer up.Discard()
			between()
			return w.Attach(ctx, c.actor, c.id, front.ID, up, nil)
		}
		ctx := foreseen()
		for n, between := range []func(){
			func() {}, // what was foreseen holds
			func() {
				_, err := w.upload(c.actor, c.id, front.ID, "b.pdf", w.pdf(), nil)
				must(t, err)
			},
		} {
			doc, err := supply(ctx, between)
			must(t, err)
			if want := 1 + 2*n; doc.Version != want {
				t.Errorf("version %d, want %d", doc.Version, want)
			}
			ctx = foreseen()
		}
		_, err := supply(foreseen(), func() {})
		wantCode(t, err, "too_many_documents")
		w.wantSound()
	})
}
