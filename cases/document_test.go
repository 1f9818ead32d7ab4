package cases_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"regain/cases"
	"regain/internal/testdocs"
	"regain/storage"
)

// A replaced document keeps its earlier version; a removed one is kept until it
// is purged; both can still be read.
func TestDocumentVersions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", withCard(0)).prove()
		i := c.item("card_front/1")
		contents := [][]byte{w.pdf(), testdocs.JPEG(7, 40, 30)}
		first, err := w.upload(c.actor, c.id, i.ID, "first.pdf", contents[0], nil)
		must(t, err)
		second, err := w.upload(c.actor, c.id, i.ID, "second.jpg", contents[1], nil)
		must(t, err)
		_, err = w.Clear(w.ctx, c.actor, c.id, i.ID)
		must(t, err)
		_, err = w.Clear(w.ctx, c.actor, c.id, i.ID)
		wantCode(t, err, "item_missing")
		if c.item("card_front/1").Supply != cases.Missing {
			t.Fatal("what was removed is missing")
		}
		third, err := w.upload(c.actor, c.id, i.ID, "third.pdf", w.pdf(), nil)
		must(t, err)
		d := c.details()
		var got []any
		for _, doc := range d.Documents {
			got = append(got, doc.ID, doc.Version, doc.State)
		}
		wantSame(t, "versions", got, []any{first.ID, 1, cases.Replaced, second.ID, 2, cases.Removed, third.ID, 3, cases.Current})
		for n, doc := range []*cases.Document{first, second} {
			opened, r, err := w.Open(w.ctx, c.actor, c.id, doc.ID)
			must(t, err)
			read, err := io.ReadAll(r)
			must(t, errors.Join(err, r.Close()))
			if !bytes.Equal(read, contents[n]) || opened.Size != int64(len(read)) {
				t.Fatalf("version %d reads otherwise", n+1)
			}
		}
		w.wantSound()
	})
}

// One file may serve several slots: stored once, known once, recorded in each.
func TestReuse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", withCard(3)).prove()
		doc, err := w.upload(c.actor, c.id, c.item("consumption_proof/1").ID, "year.pdf", w.pdf(), nil)
		must(t, err)
		for _, slot := range []string{"consumption_proof/2", "consumption_proof/3"} {
			again, err := w.Reuse(w.ctx, c.actor, c.id, c.item(slot).ID, doc.ID, nil)
			must(t, err)
			if again.ObjectKey != doc.ObjectKey || again.ID == doc.ID || c.item(slot).Supply != cases.Provided {
				t.Fatalf("%s: %+v", slot, again)
			}
		}
		_, err = w.Reuse(w.ctx, c.actor, c.id, c.item("card_front/1").ID, "nothing", nil)
		wantCode(t, err, "document_not_found")
		other := w.begin("other", withCard(1)).prove()
		_, err = w.Reuse(w.ctx, other.actor, other.id, other.item("card_front/1").ID, doc.ID, nil)
		wantCode(t, err, "document_not_found")
		objects, err := w.store.List(w.ctx, "", 10)
		must(t, err)
		wantSame(t, "objects", len(objects), 1)
		known, err := w.KnownObjects(w.ctx, []string{doc.ObjectKey, "cases/none"})
		must(t, err)
		wantSame(t, "known", known, map[string]bool{doc.ObjectKey: true})
		none, err := w.KnownObjects(w.ctx, nil)
		must(t, err)
		wantSame(t, "known of none", len(none), 0)
	})
}

// A file of a type that the slot does not take can't be reused there either.
func TestReuseKeepsTheLimits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", ofReseller()).prove()
		mail := testdocs.EML(3, "Partner <desk@partner.example>", "We agree", "We agree to the request.")
		doc, err := w.upload(c.actor, c.id, c.item("partner_consent/1").ID, "consent.eml", mail, nil)
		must(t, err)
		_, err = w.Reuse(w.ctx, c.actor, c.id, c.item("real_name_certificate/1").ID, doc.ID, nil)
		wantCode(t, err, "file_type_not_allowed")
	})
}

// The very file that was rejected is not taken again for the same item, also
// after other files in between.
func TestRejectedFileIsNotTakenAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", withCard(0)).prove()
		front := c.item("card_front/1")
		content := w.pdf()
		_, err := w.upload(c.actor, c.id, front.ID, "a.pdf", content, nil)
		must(t, err)
		c.supplies().submit()
		ben := reviewer("ben")
		for range 2 {
			c.claim(ben)
			_, err = w.Judge(w.ctx, ben, c.id, front.ID, 0, bad())
			must(t, err)
			_, err = w.RequestMaterials(w.ctx, ben, c.id, 0, cases.RequestInput{Words: "Again.", Asks: []cases.Ask{{Item: front.ID}}})
			must(t, err)
			before := w.objects()
			_, err = w.upload(c.actor, c.id, front.ID, "renamed.pdf", content, nil)
			wantCode(t, err, "same_file_rejected")
			if after := w.objects(); after != before {
				t.Errorf("a refused file is still stored: %d objects, %d before", after, before)
			}
			c.supplies().submit()
		}
		w.wantSound()
	})
}

// objects counts what is stored.
func (w *world) objects() int {
	w.t.Helper()
	list, err := w.store.List(w.ctx, "", 1000)
	must(w.t, err)
	return len(list)
}

// Files are refused before their bytes are stored.
func TestRefusedUploads(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", unpaid()).prove()
		i := c.item("contact_details/1")
		_, err := w.upload(c.actor, c.id, i.ID, "a.pdf", w.pdf(), nil)
		wantCode(t, err, "not_a_document")
		_, err = w.Placed(w.ctx, c.actor, c.id, i.ID, "here.example")
		wantCode(t, err, "not_a_proof")
		c = w.begin("ana-2019", withCard(0)).prove()
		front := c.item("card_front/1")
		_, err = w.State(w.ctx, c.actor, c.id, front.ID, map[string]any{})
		wantCode(t, err, "not_a_statement")
		for _, test := range []struct {
			name, file, code string
			content          []byte
		}{
			{"another type", "mail.eml", "file_type_not_allowed", testdocs.EML(1, "a <a@b.example>", "x", "y")},
			{"a program named pdf", "invoice.pdf", "file_content_mismatch", testdocs.ELF(1)},
			{"too large", "a.pdf", "file_too_large", append(w.pdf(), make([]byte, 10<<20)...)},
			{"empty", "a.pdf", "file_empty", nil},
		} {
			_, err := w.upload(c.actor, c.id, front.ID, test.file, test.content, nil)
			if err == nil {
				t.Fatalf("%s was taken", test.name)
			}
			wantCode(t, err, test.code)
		}
		unread := bytes.NewReader(w.pdf())
		_, err = w.Receive(w.ctx, c.actor, c.id, front.ID, cases.Incoming{Name: "a.pdf", Size: 10<<20 + 1, Content: unread})
		wantCode(t, err, "file_too_large")
		wantSame(t, "bytes left of a file that was announced as too large", int64(unread.Len()), unread.Size())
		objects, err := w.store.List(w.ctx, "", 10)
		must(t, err)
		wantSame(t, "objects", len(objects), 0)
		wantSame(t, "spool", w.spool.Used(), 0)
	})
}

func TestTooManyDocuments(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.options.MaxDocuments = 2
		w.restart(defaultPolicy(t))
		c := w.begin("ana-2019", withCard(0)).prove()
		front := c.item("card_front/1")
		for range 2 {
			_, err := w.upload(c.actor, c.id, front.ID, "a.pdf", w.pdf(), nil)
			must(t, err)
		}
		_, err := w.upload(c.actor, c.id, front.ID, "a.pdf", w.pdf(), nil)
		wantCode(t, err, "too_many_documents")
	})
}

// When the rows are not written, the object is an orphan, which the sweep
// removes; what rows name stays.
func TestOrphanIsSwept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", withCard(0)).prove()
		front := c.item("card_front/1")
		kept, err := w.upload(c.actor, c.id, front.ID, "a.pdf", w.pdf(), nil)
		must(t, err)
		lost := errors.New("the connection was lost")
		err = w.db.InTx(w.ctx, func(ctx context.Context, _ bun.IDB) error {
			up, err := w.Receive(ctx, c.actor, c.id, front.ID, cases.Incoming{Name: "b.pdf", Content: bytes.NewReader(w.pdf())})
			must(t, err)
			defer up.Discard()
			_, err = w.Attach(ctx, c.actor, c.id, front.ID, up, nil)
			must(t, err)
			return lost
		})
		if !errors.Is(err, lost) {
			t.Fatal(err)
		}
		if doc := c.details().Current(c.item("card_front/1")); doc.ID != kept.ID {
			t.Fatalf("the rows were undone: %+v", doc)
		}
		result, err := storage.Sweep(w.ctx, w.store, w.KnownObjects, time.Hour, time.Now().Add(2*time.Hour))
		must(t, err)
		wantSame(t, "seen and removed", []int{result.Seen, result.Removed}, []int{2, 1})
		_, r, err := w.Open(w.ctx, c.actor, c.id, kept.ID)
		must(t, err)
		must(t, r.Close())
		w.wantSound()
	})
}

// Bytes that can't be stored change nothing; bytes that are gone are no crash.
func TestStoreAway(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("ana-2019", withCard(0)).prove()
		front := c.item("card_front/1")
		doc, err := w.upload(c.actor, c.id, front.ID, "a.pdf", w.pdf(), nil)
		must(t, err)
		must(t, w.store.Delete(w.ctx, doc.ObjectKey))
		_, _, err = w.Open(w.ctx, c.actor, c.id, doc.ID)
		wantCode(t, err, "store_unavailable")

		version := c.read().Version
		dir := t.TempDir()
		broken, err := storage.OpenDisk(dir)
		must(t, err)
		must(t, os.RemoveAll(dir))
		w.store = broken
		w.restart(defaultPolicy(t))
		_, err = w.upload(c.actor, c.id, front.ID, "a.pdf", w.pdf(), nil)
		if p := wantCode(t, err, "store_unavailable"); p.RetryAfter == 0 {
			t.Fatal("no word on when to try again")
		}

		// The folder for uploads under way is gone, too.
		dir = t.TempDir()
		w.spool, err = storage.NewSpool(dir, 64<<20, storage.WithClock(w.clock.now))
		must(t, err)
		must(t, os.RemoveAll(dir))
		w.restart(defaultPolicy(t))
		_, err = w.upload(c.actor, c.id, front.ID, "a.pdf", w.pdf(), nil)
		if p := wantCode(t, err, "store_unavailable"); p.RetryAfter == 0 {
			t.Fatal("no word on when to try again")
		}
		wantSame(t, "version", c.read().Version, version)
	})
}

// Each look at a document is recorded; auditors look too, and do nothing else.
func TestViewsAreRecorded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana-2019", withCard(0))
		doc := c.details().Current(c.item("card_front/1"))
		version := c.read().Version
		ana := auditor("ada")
		for _, who := range []cases.Actor{c.actor, reviewer("ben"), ana} {
			_, r, err := w.Open(w.ctx, who, c.id, doc.ID)
			must(t, err)
			must(t, r.Close())
		}
		if rows := c.eventRows(); rows[len(rows)-1].ActorID != ana.ID || !strings.Contains(rows[len(rows)-1].Data, doc.SHA256) {
			t.Fatalf("the last look: %+v", rows[len(rows)-1])
		}
		wantSame(t, "version", c.read().Version, version)
		_, err := w.Claim(w.ctx, ana, c.id, 0)
		wantCode(t, err, "role_required")
		_, err = w.Write(w.ctx, ana, c.id, "Hello")
		wantCode(t, err, "role_required")
		_, err = w.WriteNote(w.ctx, ana, c.id, "Hello")
		wantCode(t, err, "role_required")
		_, _, err = w.Open(w.ctx, staff("paul", "policy_author"), c.id, doc.ID)
		wantCode(t, err, "case_not_found")
		w.wantSound()
	})
}
